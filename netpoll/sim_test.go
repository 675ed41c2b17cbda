package netpoll_test

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
)

// echo sends back what it receives and closes when its peer has ended.
type echo struct {
	closed *int // counts Closed, if not nil
}

func (e *echo) Receive(c *netpoll.Conn, in []byte) int {
	c.SetOut(append(c.Out(), in...))
	return len(in)
}
func (e *echo) Ended(c *netpoll.Conn, reset bool) { c.Close() }
func (e *echo) Expired(c *netpoll.Conn)           { c.Close() }
func (e *echo) Returned(*netpoll.Conn)            {}
func (e *echo) Draining(c *netpoll.Conn)          { c.Close() }
func (e *echo) Closed(*netpoll.Conn) {
	if e.closed != nil {
		*e.closed++
	}
}

// seeds is the number of schedules that a simulation test runs.
func seeds(t *testing.T) uint64 {
	t.Helper()
	if testing.Short() {
		return 200
	}
	return 2000
}

// A world is a simulated network with one loop.
type world struct {
	t     *testing.T
	seed  uint64
	rand  *rand.Rand
	net   *sim.Network
	loop  *netpoll.Loop
	fd    int
	addr  netip.AddrPort
	peers []*sim.Peer
	turns int
	// Calls that were made, over all connections.
	opened, closed int
}

func newWorld(t *testing.T, seed uint64, net *sim.Network, o netpoll.LoopOptions, accept func(w *world, c *netpoll.Conn) netpoll.Handler) *world {
	t.Helper()
	w := &world{t: t, seed: seed, net: net, rand: rand.New(rand.NewPCG(seed, 3))}
	k, err := net.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	w.fd, w.addr, err = net.Listen(netip.MustParseAddrPort("127.0.0.1:0"), netpoll.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.loop = netpoll.NewLoop(k, o)
	err = w.loop.Serve(w.fd, func(c *netpoll.Conn) netpoll.Handler {
		h := accept(w, c)
		if h == nil {
			return nil
		}
		w.opened++
		return &once{Handler: h, w: w}
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// once checks the order of the calls that a handler gets.
type once struct {
	netpoll.Handler
	w     *world
	gone  bool
	reset bool
}

func (o *once) fatal(why string) {
	o.w.t.Helper()
	o.w.t.Fatalf("seed %d, turn %d: %s", o.w.seed, o.w.turns, why)
}

func (o *once) Receive(c *netpoll.Conn, in []byte) int {
	if o.gone || o.reset || c.Lent() {
		o.fatal("Receive on a connection that is gone, failed or lent")
	}
	return o.Handler.Receive(c, in)
}

func (o *once) Ended(c *netpoll.Conn, reset bool) {
	if o.gone || o.reset {
		o.fatal("Ended on a connection that is gone or failed")
	}
	o.reset = reset
	o.Handler.Ended(c, reset)
}

func (o *once) Expired(c *netpoll.Conn) {
	if o.gone || o.reset || c.Lent() {
		o.fatal("Expired on a connection that is gone, failed or lent")
	}
	o.Handler.Expired(c)
}

func (o *once) Returned(c *netpoll.Conn) {
	if o.gone || c.Lent() {
		o.fatal("Returned on a connection that is gone or lent")
	}
	o.Handler.Returned(c)
}

func (o *once) Draining(c *netpoll.Conn) {
	if o.gone || o.reset {
		o.fatal("Draining on a connection that is gone or failed")
	}
	o.Handler.Draining(c)
}

func (o *once) Closed(c *netpoll.Conn) {
	if o.gone || c.Lent() {
		o.fatal("Closed on a connection that is gone or lent")
	}
	o.gone = true
	o.w.closed++
	o.Handler.Closed(c)
}

// dial makes a peer that sends data.
func (w *world) dial(data []byte) *sim.Peer {
	w.t.Helper()
	p, err := w.net.Dial(w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	p.Send(data)
	w.peers = append(w.peers, p)
	return p
}

// turn turns once and lets units run a bit.
func (w *world) turn() {
	w.t.Helper()
	w.turnUntil(-1)
}

// turnUntil is turn, and waits until the time until at the longest.
func (w *world) turnUntil(until int64) {
	w.t.Helper()
	w.turns++
	if err := w.loop.Turn(until); err != nil {
		w.t.Fatalf("seed %d: %v", w.seed, err)
	}
	for range w.rand.IntN(4) {
		w.net.Scheduler().Step()
	}
}

// finish turns until done, and fails when that takes suspiciously long.
func (w *world) finish(done func() bool) {
	w.t.Helper()
	for range 20_000 {
		if done() {
			return
		}
		w.turn()
	}
	w.t.Fatalf("seed %d: %d connections still open: an edge was lost", w.seed, w.loop.Conns())
}

// gone reports whether every peer was accepted and released.
func (w *world) gone() bool {
	for _, p := range w.peers {
		if !p.Closed() && !p.Broken() {
			return false
		}
	}
	return w.loop.Conns() == 0
}

// check fails when something was leaked.
func (w *world) check() {
	w.t.Helper()
	if w.opened != w.closed {
		w.t.Fatalf("seed %d: %d handlers were made, and %d closed", w.seed, w.opened, w.closed)
	}
	if n := w.net.Open(); n != 1 {
		w.t.Fatalf("seed %d: %d descriptors are open; want the listener's", w.seed, n)
	}
	if n := w.net.Scheduler().Len(); n != 0 {
		w.t.Fatalf("seed %d: %d units still run", w.seed, n)
	}
}

// text returns n octets that differ by position.
func text(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('!' + r.IntN(90))
	}
	return b
}

func TestSimEchoes(t *testing.T) {
	for seed := range seeds(t) {
		w := newWorld(t, seed, sim.New(seed, sim.Faults{}), netpoll.LoopOptions{}, func(*world, *netpoll.Conn) netpoll.Handler { return &echo{} })
		var sent [][]byte
		for range 1 + seed%5 {
			data := text(w.rand, 1+w.rand.IntN(3000))
			sent = append(sent, data)
			w.dial(data).CloseWrite()
		}
		w.finish(w.gone)
		for i, p := range w.peers {
			if !bytes.Equal(p.Received(), sent[i]) {
				t.Fatalf("seed %d: peer %d got %d octets; want its own %d", seed, i, len(p.Received()), len(sent[i]))
			}
			if p.Broken() {
				t.Fatalf("seed %d: peer %d was reset", seed, i)
			}
		}
		if n := w.net.Stalls(); n > 0 {
			t.Fatalf("seed %d: %d turns without progress", seed, n)
		}
		w.check()
	}
}

// moody echoes as well, but takes the input in pieces, over several turns, on the
// loop or in units that read and write themselves.
type moody struct {
	w      *world
	c      *netpoll.Conn
	waiter netpoll.Waiter
	out    []byte // what a unit is to send
	ended  bool
	lends  bool
	reads  bool // the unit may read: nothing that came before is left in the loop
}

func (m *moody) Receive(c *netpoll.Conn, in []byte) (n int) {
	r := m.w.rand
	if len(in) > 0 {
		n = 1 + r.IntN(len(in))
	}
	if n > 0 && m.lends && r.IntN(2) == 0 {
		if !c.Flush() {
			c.AgainWhenSent()
			return 0
		}
		m.out = append(m.out[:0], in[:n]...)
		if r.IntN(2) == 0 {
			c.SetDeadline(c.Now() + 1 + r.Int64N(1e6))
		}
		m.reads = n == len(in)
		if m.ended {
			c.Again() // nothing else calls Receive to close
		}
		c.Lend(m.waiter)
		m.w.net.Scheduler().Go(m.run)
		return n
	}
	c.SetOut(append(c.Out(), in[:n]...))
	switch {
	case n < len(in):
		c.Again()
	case m.ended:
		c.Close()
	}
	return n
}

// run is the unit.
func (m *moody) run() {
	r, c := m.w.rand, m.c
	err := c.WriteLent(m.out)
	var rest []byte
	for err == nil && m.reads && r.IntN(3) > 0 {
		buf := make([]byte, 1+r.IntN(500))
		var n int
		if n, err = c.ReadLent(buf); err != nil || n == 0 {
			break
		}
		k := r.IntN(n + 1)
		rest = buf[k:n]
		if err = c.WriteLent(buf[:k]); len(rest) > 0 {
			break
		}
	}
	if r.IntN(2) == 0 {
		c.SetDeadline(m.w.loop.Clock() + r.Int64N(1e6))
	}
	c.GiveBack(rest, r.IntN(3) == 0)
}

func (m *moody) Ended(c *netpoll.Conn, reset bool) {
	if c.Lent() || reset {
		return
	}
	m.ended = true
	c.Again()
}
func (m *moody) Expired(c *netpoll.Conn)  { c.SetDeadline(c.Now() + 1e9) }
func (m *moody) Returned(c *netpoll.Conn) {}
func (m *moody) Draining(c *netpoll.Conn) {}
func (m *moody) Closed(c *netpoll.Conn)   {}

// simMoody runs one schedule with everything in it and returns the trace.
func simMoody(t *testing.T, seed uint64) uint64 {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 4))
	faults := sim.Faults{}
	if seed%2 == 1 {
		faults = sim.Faults{Resets: 4, Exhaustion: 6, ClockSteps: 200, AcceptFailures: 8}
	}
	options := netpoll.LoopOptions{HighWater: 1 + r.IntN(2000), RequestBuffer: 1 + r.IntN(3000), DrainTimeout: 1e18}
	w := newWorld(t, seed, sim.New(seed, faults), options, func(w *world, c *netpoll.Conn) netpoll.Handler {
		return &moody{w: w, c: c, waiter: w.net.Scheduler().Waiter(), lends: seed%4 > 1}
	})
	var sent [][]byte
	for range 1 + r.IntN(5) {
		data := text(r, r.IntN(5000))
		sent = append(sent, data)
		p := w.dial(data)
		p.SetWindow(1 + r.IntN(1000))
		if r.IntN(4) == 0 {
			p.CloseWrite()
		}
	}
	for range r.IntN(60) {
		w.turn()
	}
	for _, p := range w.peers {
		switch r.IntN(6) {
		case 0:
			if seed%2 == 1 {
				p.Reset()
			}
		case 1:
			p.StopReading()
		}
	}
	for range r.IntN(60) {
		w.turn()
	}
	for _, p := range w.peers {
		p.StartReading()
	}
	if faults == (sim.Faults{}) {
		// No end comes to the rescue of an edge that was lost.
		w.finish(func() bool {
			for i, p := range w.peers {
				if len(p.Received()) < len(sent[i]) {
					return false
				}
			}
			return true
		})
	}
	for _, p := range w.peers {
		p.CloseWrite()
	}
	w.finish(w.gone)
	for i, p := range w.peers {
		if got := p.Received(); !bytes.HasPrefix(sent[i], got) {
			t.Fatalf("seed %d: peer %d got %d octets that are no prefix of what it sent", seed, i, len(got))
		} else if faults == (sim.Faults{}) && (len(got) != len(sent[i]) || p.Broken()) {
			t.Fatalf("seed %d: peer %d got %d octets of %d, reset: %t", seed, i, len(got), len(sent[i]), p.Broken())
		}
	}
	w.check()
	return w.net.Trace()
}

func TestSimMoodyHandlers(t *testing.T) {
	for seed := range 2 * seeds(t) {
		simMoody(t, seed)
	}
}

func TestSimRepeats(t *testing.T) {
	traces := map[uint64]uint64{}
	for seed := range seeds(t) / 10 {
		trace := simMoody(t, seed)
		if again := simMoody(t, seed); again != trace {
			t.Fatalf("seed %d: two runs differ: %x and %x", seed, trace, again)
		}
		if other, ok := traces[trace]; ok {
			t.Fatalf("seeds %d and %d have the same run", seed, other)
		}
		traces[trace] = seed
	}
}
