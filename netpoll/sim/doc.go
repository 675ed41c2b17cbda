// Package sim is a network made of memory, with its own clock: kernels for
// loops, and peers that a test plays. One seed decides everything that a real
// network leaves to chance (New); without one nothing is left to chance
// (NewCalm).
//
//	net := sim.New(seed, sim.Faults{})
//	k, _ := net.Kernel()
//	fd, addr, _ := net.Listen(addr, netpoll.ListenOptions{})
//	… netpoll.NewLoop(k, …).Serve(fd, accept) …
//	peer, _ := net.Dial(addr)
//	peer.Send(request)
//	for !peer.Ended() { loop.Turn(-1) }
//	… peer.Received() …
//
// A kernel here keeps the promises of netpoll.Kernel and not more: readiness is
// edge-triggered, reported late and in any order; reads and writes are short;
// connections fail while they wait. Time passes only in Wait: when nothing is
// ready, it jumps to the moment that the loop waits for.
//
// Goroutines that connections are lent to run on a Scheduler, one at a time
// and in an order that the seed decides. Everything is guarded by one lock, so
// real goroutines may use a network as well; then the order is theirs.
//
// Read network.go first.
package sim
