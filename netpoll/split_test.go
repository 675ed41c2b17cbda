package netpoll_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
)

// A duplex is a handler that lends its connection to a unit of two goroutines,
// one that reads all there is and one that sends, and closes it after them.
type duplex struct {
	w    *world
	c    *netpoll.Conn
	send []byte
	ends bool // who sends ends the stream behind what it sent

	lent     bool
	left     int // goroutines that are at work
	got      []byte
	sent     bool
	readErr  error
	writeErr error
}

func (d *duplex) Receive(c *netpoll.Conn, in []byte) int {
	if d.lent || !c.Flush() {
		return len(in)
	}
	d.c, d.lent, d.left = c, true, 2
	d.got = append(d.got, in...)
	scheduler := d.w.net.Scheduler()
	c.Lend(scheduler.Waiter())
	scheduler.Go(func() {
		c.SplitLent(scheduler.Waiter())
		scheduler.Go(d.reads)
		scheduler.Go(d.writes)
	})
	return len(in)
}

func (d *duplex) reads() {
	for {
		buf := make([]byte, 1+d.w.rand.IntN(500))
		n, err := d.c.ReadLent(buf)
		d.got = append(d.got, buf[:n]...)
		if d.readErr = err; err != nil || n == 0 {
			break
		}
	}
	d.leave()
}

func (d *duplex) writes() {
	left := d.send
	for len(left) > 0 && d.writeErr == nil {
		n := 1 + d.w.rand.IntN(len(left))
		d.writeErr = d.c.WriteLent(left[:n])
		left = left[n:]
	}
	if d.writeErr == nil && d.ends {
		d.writeErr = d.c.CloseWriteLent()
	}
	d.sent = d.writeErr == nil
	d.leave()
}

// leave gives the connection back when both have left.
func (d *duplex) leave() {
	if d.left--; d.left == 0 {
		d.c.GiveBack(nil, true)
	}
}

func (d *duplex) Ended(*netpoll.Conn, bool) {}
func (d *duplex) Expired(*netpoll.Conn)     {}
func (d *duplex) Returned(c *netpoll.Conn)  { c.Close() }
func (d *duplex) Draining(*netpoll.Conn)    {}
func (d *duplex) Closed(*netpoll.Conn)      {}

// A duplexWorld is a world of some connections that are duplexes.
type duplexWorld struct {
	*world
	all  []*duplex // in the order in which they were accepted
	sent [][]byte  // what the peers send
}

func duplexes(t *testing.T, seed uint64, faults sim.Faults) *duplexWorld {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 5))
	options := netpoll.LoopOptions{RequestBuffer: 1 + r.IntN(3000), DrainTimeout: 1e18}
	w := &duplexWorld{}
	w.world = newWorld(t, seed, sim.New(seed, faults), options, func(world *world, _ *netpoll.Conn) netpoll.Handler {
		d := &duplex{w: world, send: text(r, r.IntN(5000)), ends: r.IntN(2) == 0}
		w.all = append(w.all, d)
		return d
	})
	for range 1 + r.IntN(4) {
		data := text(r, 1+r.IntN(5000))
		w.sent = append(w.sent, data)
		p := w.dial(data)
		p.SetWindow(1 + r.IntN(1000))
		if r.IntN(3) == 0 {
			p.StopReading()
		}
	}
	return w
}

// inOrder fails unless peers and duplexes, which need not be in the same order,
// have got the beginning of what the others sent, or all of it.
func (w *duplexWorld) inOrder(whole bool) {
	w.t.Helper()
	fits := func(got, sent []byte) bool {
		return bytes.HasPrefix(sent, got) && (!whole || len(got) == len(sent))
	}
	for _, d := range w.all {
		if !slices.ContainsFunc(w.sent, func(s []byte) bool { return fits(d.got, s) }) {
			w.t.Fatalf("seed %d: a unit got %d octets that no peer sent", w.seed, len(d.got))
		}
	}
	for _, p := range w.peers {
		got := p.Received()
		if (whole || len(got) > 0) && !slices.ContainsFunc(w.all, func(d *duplex) bool { return fits(got, d.send) }) {
			w.t.Fatalf("seed %d: a peer got %d octets that no unit sent", w.seed, len(got))
		}
	}
}

// TestSimSplit lets two goroutines have a connection, and checks that octets
// flow both ways at their own pace, whatever the schedule.
func TestSimSplit(t *testing.T) {
	for seed := range seeds(t) {
		w := duplexes(t, seed, sim.Faults{})
		for range w.rand.IntN(100) {
			w.turn()
		}
		// What is sent arrives also while the peer reads nothing.
		w.finish(func() bool {
			read := 0
			for _, d := range w.all {
				read += len(d.got)
			}
			return read == len(slices.Concat(w.sent...))
		})
		for _, p := range w.peers {
			p.StartReading()
		}
		// No end comes to the rescue of an edge that was lost.
		w.finish(func() bool {
			return !slices.ContainsFunc(w.all, func(d *duplex) bool { return !d.sent })
		})
		for _, p := range w.peers {
			p.CloseWrite()
		}
		w.finish(w.gone)
		w.inOrder(true)
		for _, d := range w.all {
			if d.readErr != nil || d.writeErr != nil {
				t.Fatalf("seed %d: reading ended with %v, writing with %v", seed, d.readErr, d.writeErr)
			}
		}
		w.check()
	}
}

// TestSimSplitStops stops two goroutines at any moment, or lets their
// connection fail.
func TestSimSplitStops(t *testing.T) {
	for seed := range seeds(t) {
		faults := sim.Faults{}
		if seed%4 == 0 {
			faults.Resets = 2
		}
		w := duplexes(t, seed, faults)
		for range w.rand.IntN(150) {
			w.turn()
		}
		var stopped []*duplex
		for _, d := range w.all {
			switch {
			case !d.lent || d.left < 2:
			case seed%4 < 2:
				d.c.StopLent()
				stopped = append(stopped, d)
			case seed%4 == 2:
				d.c.AbortLent()
			}
		}
		// No end comes to the rescue of a goroutine that waits on.
		w.finish(func() bool {
			return !slices.ContainsFunc(stopped, func(d *duplex) bool { return d.left > 0 })
		})
		if seed%4 == 3 {
			w.loop.AbortAll()
		}
		if len(w.all) == len(w.peers) {
			w.loop.Drain()
		}
		for _, p := range w.peers {
			p.CloseWrite()
			p.StartReading()
		}
		w.finish(w.gone)
		w.inOrder(false)
		for _, d := range w.all {
			for _, err := range []error{d.readErr, d.writeErr} {
				if err != nil && err != netpoll.ErrReset && (err != netpoll.ErrStopped || seed%4 > 1) {
					t.Fatalf("seed %d: a goroutine got %v", seed, err)
				}
			}
		}
		if seed%4 == 1 && slices.ContainsFunc(w.peers, (*sim.Peer).Broken) {
			t.Fatalf("seed %d: a connection whose loan was stopped did not end in order", seed)
		}
		w.check()
	}
}

// split lends a connection whose peer has sent "abcd" to a unit of two
// goroutines, and lets each of them run as far as it can.
func split(t *testing.T, reads, writes func(w *world, c *netpoll.Conn) error) (w *world, p *sim.Peer, errs *[2]error) {
	t.Helper()
	errs = &[2]error{errWaits, errWaits}
	w = newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(w *world, _ *netpoll.Conn) netpoll.Handler {
		return &funcs{
			receive: func(c *netpoll.Conn, in []byte) int {
				scheduler := w.net.Scheduler()
				c.Lend(scheduler.Waiter())
				c.SplitLent(scheduler.Waiter())
				for i, f := range []func(*world, *netpoll.Conn) error{reads, writes} {
					scheduler.Go(func() {
						if errs[i] = f(w, c); errs[1-i] != errWaits {
							c.GiveBack(nil, true)
						}
					})
				}
				return len(in)
			},
			returned: func(c *netpoll.Conn) { c.Close() },
		}
	})
	p = w.dial([]byte("abcd"))
	p.StopReading()
	w.turnsOf(5)
	return w, p, errs
}

// errWaits stands for a goroutine that has not left.
var errWaits = errors.New("it waits")

func read(_ *world, c *netpoll.Conn) error {
	_, err := c.ReadLent(make([]byte, 10))
	return err
}

func writeMuch(_ *world, c *netpoll.Conn) error { return c.WriteLent(make([]byte, 1<<20)) }

// TestSplitWakes checks who wakes the goroutines of a unit, one event each.
func TestSplitWakes(t *testing.T) {
	var conn *netpoll.Conn
	keep := func(w *world, c *netpoll.Conn) error { conn = c; return read(w, c) }
	for name, c := range map[string]struct {
		event func(w *world, p *sim.Peer)
		turns int      // of the loop
		want  [2]error // of who reads and who writes
	}{
		"nothing": {func(*world, *sim.Peer) {}, 5, [2]error{errWaits, errWaits}},
		"input": {
			func(_ *world, p *sim.Peer) { p.CloseWrite() }, 5,
			[2]error{nil, errWaits},
		},
		"room": {
			func(_ *world, p *sim.Peer) { p.SetWindow(2 << 20); p.StartReading() }, 5,
			[2]error{errWaits, nil},
		},
		"a stop, without the loop": {
			func(*world, *sim.Peer) { conn.StopLent() }, 0,
			[2]error{netpoll.ErrStopped, netpoll.ErrStopped},
		},
		"an abort": {
			func(w *world, _ *sim.Peer) { w.loop.AbortAll() }, 0,
			[2]error{netpoll.ErrReset, netpoll.ErrReset},
		},
		"a reset": {
			func(_ *world, p *sim.Peer) { p.Reset() }, 5,
			[2]error{netpoll.ErrReset, netpoll.ErrReset},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p, errs := split(t, keep, writeMuch)
			if *errs != [2]error{errWaits, errWaits} {
				t.Fatalf("they do not wait: %v", *errs)
			}
			c.event(w, p)
			for range 10 {
				w.net.Scheduler().Step()
			}
			w.turnsOf(c.turns)
			if *errs != c.want {
				t.Errorf("got %v; want %v", *errs, c.want)
			}
		})
	}
}

// TestSplitWakesTheOther checks that who finds the connection dead wakes the
// other, whether the loop is told or not.
func TestSplitWakesTheOther(t *testing.T) {
	type half = func(w *world, c *netpoll.Conn) error
	for name, c := range map[string]struct{ dies, waits half }{
		"reading": {read, writeMuch},
		"writing": {writeMuch, read},
		"ending":  {func(_ *world, c *netpoll.Conn) error { return c.CloseWriteLent() }, read},
	} {
		t.Run(name, func(t *testing.T) {
			var again netpoll.Waiter
			later := func(w *world, conn *netpoll.Conn) error {
				again = w.net.Scheduler().Waiter()
				again.Wait()
				return c.dies(w, conn)
			}
			halves := [2]half{c.waits, later}
			if name == "reading" {
				halves = [2]half{later, c.waits}
			}
			w, p, errs := split(t, halves[0], halves[1])
			p.Reset()
			again.Wake()
			for w.net.Scheduler().Step() {
			}
			if want := [2]error{netpoll.ErrReset, netpoll.ErrReset}; *errs != want {
				t.Errorf("got %v; want %v", *errs, want)
			}
		})
	}
}

// TestCloseWriteLent checks that reading goes on behind it.
func TestCloseWriteLent(t *testing.T) {
	w, p, errs := split(t, read, func(_ *world, c *netpoll.Conn) error { return c.CloseWriteLent() })
	if !p.Ended() || *errs != [2]error{errWaits, nil} {
		t.Fatalf("the stream has ended: %v; got %v", p.Ended(), *errs)
	}
	p.Send([]byte("more"))
	w.turnsOf(3)
	if errs[0] != nil {
		t.Errorf("reading ends with %v", errs[0])
	}
	if w.loop.Conns() != 1 {
		t.Error("the connection is closed although its peer has not ended")
	}
	p.CloseWrite()
	w.turnsOf(3)
	w.check()
}

// TestDrainingWhileLent checks that a lent connection is told at once, and once
// more when it is back.
func TestDrainingWhileLent(t *testing.T) {
	var log []bool
	var conn *netpoll.Conn
	w := calmWorld(t, netpoll.LoopOptions{}, &funcs{
		receive: func(c *netpoll.Conn, in []byte) int {
			c.Lend(sim.NewCalm().Scheduler().Waiter())
			conn = c
			return len(in)
		},
		draining: func(c *netpoll.Conn) { log = append(log, c.Lent()) },
	})
	w.dial([]byte("x"))
	w.turnsOf(3)
	w.loop.Drain()
	if !slices.Equal(log, []bool{true}) {
		t.Fatalf("told while it is lent: %v", log)
	}
	conn.GiveBack(nil, false)
	w.turnsOf(3)
	if !slices.Equal(log, []bool{true, false}) {
		t.Errorf("told: %v; want during the loan and after it", log)
	}
}
