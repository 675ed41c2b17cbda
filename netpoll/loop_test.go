package netpoll_test

import (
	"bytes"
	"net/netip"
	"testing"
	"unsafe"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk/invariant"
)

// funcs is a handler made of functions; what is nil does nothing.
type funcs struct {
	receive  func(c *netpoll.Conn, in []byte) int
	ended    func(c *netpoll.Conn, reset bool)
	expired  func(c *netpoll.Conn)
	returned func(c *netpoll.Conn)
	draining func(c *netpoll.Conn)
	closed   func(c *netpoll.Conn)
}

func (f *funcs) Receive(c *netpoll.Conn, in []byte) int {
	if f.receive == nil {
		return len(in)
	}
	return f.receive(c, in)
}

func (f *funcs) Ended(c *netpoll.Conn, reset bool) {
	if f.ended != nil {
		f.ended(c, reset)
	}
}
func (f *funcs) Expired(c *netpoll.Conn)  { call(f.expired, c) }
func (f *funcs) Returned(c *netpoll.Conn) { call(f.returned, c) }
func (f *funcs) Draining(c *netpoll.Conn) { call(f.draining, c) }
func (f *funcs) Closed(c *netpoll.Conn)   { call(f.closed, c) }

func call(f func(*netpoll.Conn), c *netpoll.Conn) {
	if f != nil {
		f(c)
	}
}

// calmWorld is a world without chance whose connections have the handler h.
func calmWorld(t *testing.T, o netpoll.LoopOptions, h netpoll.Handler) *world {
	t.Helper()
	return newWorld(t, 0, sim.NewCalm(), o, func(*world, *netpoll.Conn) netpoll.Handler { return h })
}

// turns turns n times, and lets units run as far as they can after each.
func (w *world) turnsOf(n int) {
	w.t.Helper()
	for range n {
		if err := w.loop.Turn(0); err != nil {
			w.t.Fatal(err)
		}
		for w.net.Scheduler().Step() {
		}
	}
}

func TestConnIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(netpoll.Conn{}); n > 160 {
		t.Errorf("a Conn has %d octets; want 160 at most", n)
	}
}

func TestDeadlinesAreExact(t *testing.T) {
	const ms = 1_000_000
	for name, c := range map[string]struct {
		set  []int64 // ms from the beginning; set in one call, one after the other
		want int64   // ms; 0: never
	}{
		"near":                      {[]int64{3}, 3},
		"many ticks":                {[]int64{45_678}, 45_678},
		"beyond the wheel":          {[]int64{500_000}, 500_000},
		"moved away":                {[]int64{10, 90_000}, 90_000},
		"moved closer":              {[]int64{90_000, 10}, 10},
		"moved closer in its tick":  {[]int64{90, 10}, 10},
		"moved closer and away":     {[]int64{90_000, 10, 20_000}, 20_000},
		"removed":                   {[]int64{10, 0}, 0},
		"set, removed and set anew": {[]int64{10, 0, 300}, 300},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int64
			var begin int64
			w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(_ *world, conn *netpoll.Conn) netpoll.Handler {
				begin = conn.Now()
				for _, d := range c.set {
					if d != 0 {
						d = begin + d*ms
					}
					conn.SetDeadline(d)
				}
				return &funcs{expired: func(c *netpoll.Conn) { got = append(got, (c.Now()-begin)/ms, (c.Now()-begin)%ms) }}
			})
			w.dial(nil)
			for range 30 {
				if err := w.loop.Turn(w.net.Now() + 100_000*ms); err != nil {
					t.Fatal(err)
				}
			}
			if c.want == 0 && len(got) > 0 || c.want != 0 && (len(got) != 2 || got[0] != c.want || got[1] != 0) {
				t.Errorf("expired at %v (ms, ns); want %d ms, once", got, c.want)
			}
		})
	}
}

// TestDeadlinesOverSchedules checks that every one of many connections is
// called when its deadline has passed, not before, and not later than the
// kernel lets it.
func TestDeadlinesOverSchedules(t *testing.T) {
	for seed := range seeds(t) / 10 {
		net := sim.New(seed, sim.Faults{ClockSteps: int(seed % 3 * 50)})
		late := int64(0)
		fired := 0
		w := newWorld(t, seed, net, netpoll.LoopOptions{}, func(w *world, c *netpoll.Conn) netpoll.Handler {
			want := int64(0)
			move := func(c *netpoll.Conn) {
				want = c.Now() + w.rand.Int64N(1<<(10+w.rand.IntN(30)))
				c.SetDeadline(want)
			}
			for range 1 + w.rand.IntN(3) {
				move(c)
			}
			left := 3
			return &funcs{
				receive: func(c *netpoll.Conn, in []byte) int { move(c); return len(in) },
				expired: func(c *netpoll.Conn) {
					if c.Now() < want {
						t.Fatalf("seed %d: called %d ns before its deadline", seed, want-c.Now())
					}
					late = max(late, c.Now()-want)
					fired++
					if left--; left == 0 {
						c.Abort()
						return
					}
					move(c)
				},
			}
		})
		for range 1 + w.rand.IntN(200) {
			w.dial(text(w.rand, w.rand.IntN(50)))
		}
		w.finish(w.gone)
		w.check()
		if seed%3 == 0 && late > 6_000_000 {
			t.Fatalf("seed %d: a deadline was %d ns late", seed, late)
		}
		if fired != 3*len(w.peers) {
			t.Fatalf("seed %d: %d deadlines; want %d", seed, fired, 3*len(w.peers))
		}
	}
}

// TestSlowReaderIsPaused checks that a peer that sends and does not read costs
// a bounded amount of memory, and gets everything when it reads.
func TestSlowReaderIsPaused(t *testing.T) {
	var conn *netpoll.Conn
	most := 0
	w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(_ *world, c *netpoll.Conn) netpoll.Handler {
		conn = c
		return &funcs{receive: func(c *netpoll.Conn, in []byte) int {
			n := min(len(in), 1000)
			if n < len(in) {
				c.Again()
			}
			c.SetOut(append(c.Out(), in[:n]...))
			most = max(most, c.Unsent())
			return n
		}}
	})
	data := text(w.rand, 5<<20)
	p := w.dial(data)
	p.StopReading()
	w.turnsOf(3000)
	if got := conn.Unsent(); got < 64<<10 || most > 64<<10+1000 {
		t.Errorf("%d octets wait, %d at most; want a little over 65,536", got, most)
	}
	for range 200 {
		p.StartReading()
		w.turnsOf(50)
	}
	if !bytes.Equal(p.Received(), data) {
		t.Errorf("%d octets came back; want %d", len(p.Received()), len(data))
	}
}

// TestEnoughIsKept checks that a handler that does a part of the work in each
// turn is not given all that its peer can send meanwhile: it gets every octet,
// and is offered little more than one read at a time.
func TestEnoughIsKept(t *testing.T) {
	var got []byte
	most := 0
	w := calmWorld(t, netpoll.LoopOptions{}, &funcs{receive: func(c *netpoll.Conn, in []byte) int {
		n := min(len(in), 1000)
		if n < len(in) {
			c.Again()
		}
		most = max(most, len(in))
		got = append(got, in[:n]...)
		return n
	}})
	data := text(w.rand, 1<<20)
	w.dial(data)
	w.turnsOf(2000)
	if !bytes.Equal(got, data) {
		t.Errorf("the handler got %d octets; want %d", len(got), len(data))
	}
	if most > 80<<10 {
		t.Errorf("the handler was offered %d octets at once; want one read of 65,536 and a quarter at most", most)
	}
}

// TestManyGoOnInTurn checks that connections that have more to do than a turn
// allows share the time in turn, and that it is little between two turns, in
// which others are served.
func TestManyGoOnInTurn(t *testing.T) {
	const peers, work = 50, 30_000 // ns
	var order []*netpoll.Conn
	var w *world
	w = newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(*world, *netpoll.Conn) netpoll.Handler {
		return &funcs{receive: func(c *netpoll.Conn, in []byte) int {
			w.net.Advance(work)
			order = append(order, c)
			c.Again()
			return min(len(in), 1)
		}}
	})
	for range peers {
		w.dial(text(w.rand, 1000))
	}
	w.turnsOf(5) // all are accepted and have begun
	order = order[:0]
	for len(order) < 10*peers {
		had, began := len(order), w.net.Now()
		w.turnsOf(1)
		if n := len(order) - had; n == 0 || n > 4 {
			t.Fatalf("a turn went on with %d connections, for %d ns; want 4 at most", n, w.net.Now()-began)
		}
	}
	for i := peers; i < len(order); i++ {
		if order[i] != order[i-peers] {
			t.Fatalf("connection %d of %d goes on out of turn", i, len(order))
		}
	}
}

// TestReceiveFollowsTheDraining checks that a handler that left input because
// of what is unsent is called when that has drained, and not before.
func TestReceiveFollowsTheDraining(t *testing.T) {
	var calls []string
	var conn *netpoll.Conn
	w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{HighWater: 1000, LowWater: 100}, func(_ *world, c *netpoll.Conn) netpoll.Handler {
		conn = c
		return &funcs{receive: func(c *netpoll.Conn, in []byte) int {
			calls = append(calls, string(in))
			c.SetOut(append(c.Out(), make([]byte, 2000)...))
			return 1
		}}
	})
	p := w.dial(nil)
	p.SetWindow(500)
	p.StopReading()
	p.Send([]byte("abc"))
	w.turnsOf(5)
	if len(calls) != 1 || conn.Unsent() != 1500 {
		t.Fatalf("Receive got %q with %d octets unsent; want one call and 1500", calls, conn.Unsent())
	}
	p.SetWindow(1850)
	p.StartReading()
	p.StopReading()
	w.turnsOf(5)
	if len(calls) != 2 || calls[1] != "bc" {
		t.Errorf("Receive got %q; want a second call with what was left", calls)
	}
}

// TestInputIsBounded checks that a handler that takes nothing is not given
// more than RequestBuffer, and gets the rest when it takes.
func TestInputIsBounded(t *testing.T) {
	takes := false
	var conn *netpoll.Conn
	var got []byte
	most := 0
	w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{RequestBuffer: 5000}, func(_ *world, c *netpoll.Conn) netpoll.Handler {
		conn = c
		return &funcs{receive: func(_ *netpoll.Conn, in []byte) int {
			most = max(most, len(in))
			if !takes {
				return 0
			}
			got = append(got, in...)
			return len(in)
		}}
	})
	data := text(w.rand, 60_000)
	w.dial(data)
	w.turnsOf(100)
	if most != 5000 {
		t.Errorf("the handler was offered %d octets; want 5000", most)
	}
	takes = true
	conn.Again()
	w.turnsOf(100)
	if !bytes.Equal(got, data) {
		t.Errorf("the handler took %d octets; want %d", len(got), len(data))
	}
}

// TestCloseLetsThePeerFinish checks that a peer that is still sending gets the
// answer and no reset.
func TestCloseLetsThePeerFinish(t *testing.T) {
	answer := bytes.Repeat([]byte("no "), 30_000)
	for seed := range seeds(t) {
		w := newWorld(t, seed, sim.New(seed, sim.Faults{}), netpoll.LoopOptions{DrainTimeout: 1e18}, func(_ *world, c *netpoll.Conn) netpoll.Handler {
			return &funcs{receive: func(c *netpoll.Conn, in []byte) int {
				c.SetOut(append(c.Out(), answer...))
				c.Close()
				return 0
			}}
		})
		p := w.dial(text(w.rand, 1+w.rand.IntN(100_000)))
		p.SetWindow(30_000)
		w.finish(p.Ended)
		p.Send([]byte("more"))
		p.CloseWrite()
		w.finish(w.gone)
		if p.Broken() || !bytes.Equal(p.Received(), answer) {
			t.Fatalf("seed %d: the peer got %d octets of %d, reset: %t", seed, len(p.Received()), len(answer), p.Broken())
		}
		w.check()
	}
}

// TestCloseEnds checks that Close gives up on a peer that neither reads nor
// ends, after DrainTimeout.
func TestCloseEnds(t *testing.T) {
	for name, size := range map[string]int{"all is sent": 10, "the peer does not read": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			w := calmWorld(t, netpoll.LoopOptions{DrainTimeout: 7e9}, &funcs{receive: func(c *netpoll.Conn, in []byte) int {
				c.SetOut(append(c.Out(), make([]byte, size)...))
				c.Close()
				return len(in)
			}})
			p := w.dial([]byte("x"))
			p.StopReading()
			w.turnsOf(5)
			begin := w.net.Now()
			if p.Closed() {
				t.Fatal("closed at once")
			}
			w.finish(p.Closed)
			if d := w.net.Now() - begin; d < 6.9e9 || d > 7e9 {
				t.Errorf("closed after %d ns; want 7 s", d)
			}
			w.check()
		})
	}
}

func TestPausesWithoutDescriptors(t *testing.T) {
	w := calmWorld(t, netpoll.LoopOptions{}, &echo{})
	w.net.SetLimit(3)
	for range 4 {
		w.dial([]byte("hello"))
	}
	begin := w.net.Now()
	for range 3 {
		if err := w.loop.Turn(-1); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.loop.Conns(); n != 2 {
		t.Fatalf("%d connections are open; want 2", n)
	}
	if d := w.net.Now() - begin; d < 100_000_000 {
		t.Errorf("the loop tried again after %d ns; want 100 ms", d)
	}
	w.peers[0].CloseWrite()
	w.turnsOf(4)
	if n := w.loop.Conns(); n != 2 || string(w.peers[2].Received()) != "hello" {
		t.Errorf("%d connections are open; want 2, as one closed", n)
	}
	w.net.SetLimit(0)
	w.net.Advance(100_000_000)
	w.turnsOf(4)
	if n := w.loop.Conns(); n != 3 {
		t.Errorf("%d connections are open; want 3, as time has passed", n)
	}
}

// TestLateReportsReachNobody checks that what is reported of a connection that
// is gone does not reach one that has its slot and its descriptor.
func TestLateReportsReachNobody(t *testing.T) {
	for seed := range seeds(t) {
		w := newWorld(t, seed, sim.New(seed, sim.Faults{}), netpoll.LoopOptions{}, func(*world, *netpoll.Conn) netpoll.Handler {
			return &funcs{
				receive: func(c *netpoll.Conn, in []byte) int { c.Abort(); return len(in) },
				ended:   func(*netpoll.Conn, bool) { t.Fatalf("seed %d: Ended although no peer did", seed) },
			}
		})
		for range 10 {
			w.dial([]byte("x"))
			w.finish(w.gone)
		}
		w.check()
	}
}

func TestDrain(t *testing.T) {
	for seed := range seeds(t) / 4 {
		w := newWorld(t, seed, sim.New(seed, sim.Faults{}), netpoll.LoopOptions{}, func(w *world, c *netpoll.Conn) netpoll.Handler {
			return &funcs{
				receive: func(c *netpoll.Conn, in []byte) int {
					if len(in) == 0 {
						return 0
					}
					data := append([]byte(nil), in...)
					if !c.Flush() {
						return 0
					}
					c.Lend(w.net.Scheduler().Waiter())
					w.net.Scheduler().Go(func() {
						_ = c.WriteLent(data)
						c.GiveBack(nil, false)
					})
					return len(in)
				},
				draining: func(c *netpoll.Conn) { c.Close() },
			}
		})
		for range 1 + w.rand.IntN(8) {
			w.dial(text(w.rand, w.rand.IntN(50)))
		}
		for range w.rand.IntN(30) {
			w.turn()
		}
		w.loop.Drain()
		w.finish(func() bool { return w.loop.Conns() == 0 && w.net.Scheduler().Len() == 0 })
		w.check()
	}
}

// TestAbortAll checks that it ends blocked units, and that their connections
// are closed when they are back.
func TestAbortAll(t *testing.T) {
	for seed := range seeds(t) / 4 {
		var errs []error
		reset := 0
		w := newWorld(t, seed, sim.New(seed, sim.Faults{}), netpoll.LoopOptions{}, func(w *world, c *netpoll.Conn) netpoll.Handler {
			return &funcs{
				receive: func(c *netpoll.Conn, in []byte) int {
					c.Lend(w.net.Scheduler().Waiter())
					w.net.Scheduler().Go(func() {
						_, err := c.ReadLent(make([]byte, 10))
						if w.rand.IntN(2) == 0 {
							err = c.WriteLent(make([]byte, 1<<20))
						}
						errs = append(errs, err)
						c.GiveBack(nil, w.rand.IntN(2) == 0)
					})
					return len(in)
				},
				ended: func(c *netpoll.Conn, r bool) {
					if !r || !c.Lent() {
						t.Fatalf("seed %d: Ended(%t), lent: %t", seed, r, c.Lent())
					}
					reset++
				},
			}
		})
		for range 5 {
			w.dial([]byte("x")).StopReading()
		}
		w.finish(func() bool { return w.net.Scheduler().Len() == 5 })
		for range w.rand.IntN(30) {
			w.turn()
		}
		w.loop.AbortAll()
		w.finish(func() bool { return w.loop.Conns() == 0 && w.net.Scheduler().Len() == 0 })
		if reset != 5 {
			t.Fatalf("seed %d: %d connections were told; want 5", seed, reset)
		}
		for _, err := range errs {
			if err != netpoll.ErrReset {
				t.Fatalf("seed %d: a unit got %v; want %v", seed, err, netpoll.ErrReset)
			}
		}
		w.check()
	}
}

// TestEndWhileLent checks that the end of the peer is told during the loan, and
// once more after it, when its last octets have been received.
func TestEndWhileLent(t *testing.T) {
	for seed := range seeds(t) {
		var log []string
		var p *sim.Peer
		w := newWorld(t, seed, sim.New(seed, sim.Faults{}), netpoll.LoopOptions{}, func(w *world, c *netpoll.Conn) netpoll.Handler {
			waiter := w.net.Scheduler().Waiter()
			lent := false
			return &funcs{
				receive: func(c *netpoll.Conn, in []byte) int {
					if lent {
						log = append(log, string(in))
						return len(in)
					}
					lent = true
					c.Lend(waiter)
					w.net.Scheduler().Go(func() {
						for len(log) == 0 {
							waiter.Wait()
						}
						c.GiveBack(nil, w.rand.IntN(2) == 0)
					})
					p.Send([]byte("last"))
					p.CloseWrite()
					return 1
				},
				ended: func(c *netpoll.Conn, reset bool) {
					if c.Lent() {
						log = append(log, "early")
						waiter.Wake()
						return
					}
					log = append(log, "end")
					c.Close()
				},
			}
		})
		p = w.dial([]byte("x"))
		w.finish(w.gone)
		got := bytes.Join(bytesOf(log), nil)
		if string(got) != "earlylastend" {
			t.Fatalf("seed %d: the handler saw %q", seed, log)
		}
		w.check()
	}
}

func bytesOf(log []string) [][]byte {
	var b [][]byte
	for _, s := range log {
		b = append(b, []byte(s))
	}
	return b
}

// TestTurnsDoNotAllocate checks the path of a request: a report, a read, a
// handler, a write, and a loan.
func TestTurnsDoNotAllocate(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the race detector and its mode allocate for their own sake")
	}
	for name, lend := range map[string]bool{"on the loop": false, "lent": true} {
		t.Run(name, func(t *testing.T) {
			var conn *netpoll.Conn
			buf := make([]byte, 0, 100)
			w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(_ *world, c *netpoll.Conn) netpoll.Handler {
				wait := sim.NewCalm().Scheduler().Waiter()
				return &funcs{receive: func(c *netpoll.Conn, in []byte) int {
					c.SetDeadline(c.Now() + 130e9)
					if lend {
						conn, buf = c, append(buf[:0], in...)
						c.Lend(wait)
					} else {
						c.SetOut(append(c.Out(), in...))
					}
					return len(in)
				}}
			})
			p := w.dial([]byte("hello"))
			request := []byte("hello again")
			once := func() {
				p.Send(request)
				if err := w.loop.Turn(0); err != nil {
					t.Fatal(err)
				}
				if conn != nil {
					if err := conn.WriteLent(buf); err != nil {
						t.Fatal(err)
					}
					conn.GiveBack(nil, false)
					conn = nil
				}
				p.Forget()
			}
			for range 100 {
				once()
			}
			if n := testing.AllocsPerRun(1000, once); n != 0 {
				t.Errorf("%v allocations for a request; want 0", n)
			}
		})
	}
}

// TestLongQueueGoesOn checks that output of more blocks than a turn sends goes
// on in the next turns, with an open connection and a closing one.
func TestLongQueueGoesOn(t *testing.T) {
	answer := make([]byte, 4<<20)
	for name, closes := range map[string]bool{"open": false, "closing": true} {
		t.Run(name, func(t *testing.T) {
			w := calmWorld(t, netpoll.LoopOptions{DrainTimeout: 1e15}, &funcs{receive: func(c *netpoll.Conn, in []byte) int {
				if len(in) > 0 {
					c.SetOut(append(c.Out(), answer...))
					if closes {
						c.Close()
					}
				}
				return len(in)
			}})
			p := w.dial([]byte("x"))
			p.StopReading()
			w.turnsOf(3)
			p.StartReading()
			w.turnsOf(20)
			if len(p.Received()) != len(answer) {
				t.Errorf("the peer got %d octets; want %d", len(p.Received()), len(answer))
			}
		})
	}
}

// TestCloseWaitsForASlowReader checks that progress extends the time that a
// closing connection has.
func TestCloseWaitsForASlowReader(t *testing.T) {
	w := calmWorld(t, netpoll.LoopOptions{DrainTimeout: 5e9}, &funcs{receive: func(c *netpoll.Conn, in []byte) int {
		c.SetOut(append(c.Out(), make([]byte, 1<<20)...))
		c.Close()
		return len(in)
	}})
	p := w.dial([]byte("x"))
	for range 20 {
		p.StopReading()
		w.turnsOf(4)
		w.net.Advance(4e9)
		p.StartReading()
		p.StopReading()
		w.turnsOf(2)
	}
	if n := len(p.Received()); n != 1<<20 {
		t.Errorf("the peer got %d octets; want %d", n, 1<<20)
	}
}

// letter is mail that is a function.
type letter func(l *netpoll.Loop)

func (f letter) Deliver(l *netpoll.Loop) { f(l) }

// TestMailWritesToConnections checks output that no handler's call wrote, on
// several connections in one delivery.
func TestMailWritesToConnections(t *testing.T) {
	var conns []*netpoll.Conn
	w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(_ *world, c *netpoll.Conn) netpoll.Handler {
		conns = append(conns, c)
		return &funcs{}
	})
	for range 3 {
		w.dial(nil)
	}
	w.turnsOf(2)
	w.loop.Post(letter(func(*netpoll.Loop) {
		for round := range byte(2) {
			for i, c := range conns {
				c.SetOut(append(c.Out(), 'a'+byte(i), '0'+round))
			}
		}
	}))
	w.turnsOf(2)
	for i, want := range []string{"a0a1", "b0b1", "c0c1"} {
		if got := string(w.peers[i].Received()); got != want {
			t.Errorf("peer %d got %q; want %q", i, got, want)
		}
	}
}

// BenchmarkTurn measures a request on the calm network: what the loop itself
// costs, and a little of the simulation.
func BenchmarkTurn(b *testing.B) {
	net := sim.NewCalm()
	k, err := net.Kernel()
	if err != nil {
		b.Fatal(err)
	}
	fd, addr, err := net.Listen(netip.MustParseAddrPort("127.0.0.1:0"), netpoll.ListenOptions{})
	if err != nil {
		b.Fatal(err)
	}
	l := netpoll.NewLoop(k, netpoll.LoopOptions{})
	if err = l.Serve(fd, func(*netpoll.Conn) netpoll.Handler { return &echo{} }); err != nil {
		b.Fatal(err)
	}
	p, err := net.Dial(addr)
	if err != nil {
		b.Fatal(err)
	}
	request := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		p.Send(request)
		if err := l.Turn(0); err != nil {
			b.Fatal(err)
		}
		p.Forget()
	}
}

// TestClosingDoesNotSpin checks that a connection that is being closed waits
// for its peer's end, whatever its handler asked for before.
func TestClosingDoesNotSpin(t *testing.T) {
	w := calmWorld(t, netpoll.LoopOptions{DrainTimeout: 1e9}, &funcs{receive: func(c *netpoll.Conn, in []byte) int {
		c.Again()
		c.AgainWhenSent()
		c.Close()
		return 0
	}})
	w.dial([]byte("x"))
	w.turnsOf(5)
	if w.loop.Conns() != 1 {
		t.Fatal("the connection does not read on")
	}
	if err := w.loop.Turn(-1); err != nil {
		t.Fatal(err)
	}
	if w.loop.Conns() != 0 {
		t.Error("the loop does not wait: a turn ends before DrainTimeout has passed")
	}
}

// TestClosingAPausedConnection checks that a connection which is closed while
// its output is over the high-water mark ends when its peer does.
func TestClosingAPausedConnection(t *testing.T) {
	w := calmWorld(t, netpoll.LoopOptions{HighWater: 100}, &funcs{
		receive: func(c *netpoll.Conn, in []byte) int {
			c.SetOut(append(c.Out(), make([]byte, 1000)...))
			return len(in)
		},
		draining: func(c *netpoll.Conn) { c.Close() },
	})
	p := w.dial(nil)
	p.SetWindow(50)
	p.StopReading()
	p.Send([]byte("x"))
	w.turnsOf(5)
	p.Send([]byte("y"))
	w.turnsOf(5)
	w.loop.Drain()
	p.StartReading()
	p.SetWindow(2000)
	p.CloseWrite()
	w.turnsOf(10)
	if n := len(p.Received()); n != 1000 || w.loop.Conns() != 0 || p.Broken() {
		t.Errorf("%d octets arrived, %d connections are open, reset %v", n, w.loop.Conns(), p.Broken())
	}
}

// TestKept checks that a handler can look at the input that it left, when it is
// not called with it.
func TestKept(t *testing.T) {
	var kept []string
	conn := (*netpoll.Conn)(nil)
	w := calmWorld(t, netpoll.LoopOptions{}, &funcs{
		receive: func(c *netpoll.Conn, in []byte) int {
			conn = c
			c.SetDeadline(c.Now() + 1)
			if len(in) > 3 {
				return len(in)
			}
			return 1
		},
		expired: func(c *netpoll.Conn) { kept = append(kept, string(c.Kept())) },
	})
	p := w.dial(nil)
	for _, send := range []string{"abc", "def"} {
		p.Send([]byte(send))
		w.turnsOf(3)
		w.net.Advance(2)
		w.turnsOf(3)
	}
	if conn == nil || len(kept) != 2 || kept[0] != "bc" || kept[1] != "" {
		t.Errorf("kept %q", kept)
	}
}

// TestHold checks that nothing is read of a peer that is held back, and all of
// it afterwards.
func TestHold(t *testing.T) {
	var got []byte
	var conn *netpoll.Conn
	h := &funcs{receive: func(c *netpoll.Conn, in []byte) int {
		got = append(got, in...)
		if conn = c; len(got) == 1 {
			c.Hold()
		}
		return len(in)
	}}
	w := calmWorld(t, netpoll.LoopOptions{}, h)
	p := w.dial([]byte("a"))
	w.turnsOf(3)
	p.Send([]byte("bc"))
	w.turnsOf(3)
	if string(got) != "a" {
		t.Errorf("got %q while held", got)
	}
	conn.Again()
	w.turnsOf(3)
	p.Send([]byte("d"))
	w.turnsOf(3)
	if string(got) != "abcd" {
		t.Errorf("got %q afterwards; want all", got)
	}
}
