package netpoll_test

import (
	"bytes"
	"testing"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
)

// paced are options with round numbers: 1,000 octets a second after 5 s.
func paced() netpoll.LoopOptions {
	return netpoll.LoopOptions{SendRate: 1000, SendGrace: 5e9, SendStall: 60e9, DrainTimeout: 1000e9}
}

// A stuck world has one connection with more output than its peer takes.
type stuck struct {
	*world
	peer  *sim.Peer
	begin int64 // when the output began to wait
	slow  bool  // Slow, when it was closed
	reset bool  // Ended said that the connection failed
	err   error // of the unit
}

// newStuck returns a world in which 100,000 octets wait, of which the peer's
// window takes 10,000: in the queue of the loop, of a connection that is being
// closed, or in a unit that writes.
func newStuck(t *testing.T, o netpoll.LoopOptions, kind string) *stuck {
	t.Helper()
	s := &stuck{}
	answer := make([]byte, 100_000)
	s.world = newWorld(t, 0, sim.NewCalm(), o, func(w *world, _ *netpoll.Conn) netpoll.Handler {
		return &funcs{
			receive: func(c *netpoll.Conn, in []byte) int {
				if len(in) == 0 {
					return 0
				}
				s.begin = c.Now()
				if kind != "lent" {
					c.SetOut(append(c.Out(), answer...))
					if kind == "closing" {
						c.Close()
					}
					return len(in)
				}
				c.Lend(w.net.Scheduler().Waiter())
				w.net.Scheduler().Go(func() {
					s.begin = w.net.Now()
					s.err = c.WriteLent(answer)
					c.GiveBack(nil, true)
				})
				return len(in)
			},
			ended:  func(_ *netpoll.Conn, reset bool) { s.reset = reset },
			closed: func(c *netpoll.Conn) { s.slow = c.Slow() },
		}
	})
	s.peer = s.dial(nil)
	s.peer.SetWindow(10_000)
	s.peer.StopReading()
	s.turnsOf(3)
	s.peer.Send([]byte("x"))
	s.turnsOf(3)
	return s
}

// at lets time pass until d nanoseconds after the begin, and no further.
func (s *stuck) at(d int64) {
	s.t.Helper()
	for range 1000 {
		if s.net.Now() >= s.begin+d {
			break
		}
		if err := s.loop.Turn(s.begin + d); err != nil {
			s.t.Fatal(err)
		}
		for s.net.Scheduler().Step() {
		}
	}
	if now := s.net.Now() - s.begin; now != d {
		s.t.Fatalf("it is %d; want %d", now, d)
	}
	s.net.Scheduler().Step() // a unit that was woken; the rest takes turns without time
	for range 5 {
		s.turnAt(s.begin + d)
	}
}

// turnAt turns, and the time stays what it is.
func (s *stuck) turnAt(now int64) {
	s.t.Helper()
	if err := s.loop.Turn(now); err != nil {
		s.t.Fatal(err)
	}
	for s.net.Scheduler().Step() {
	}
}

// take makes the peer read n octets.
func (s *stuck) take(n int) {
	s.peer.Take(n)
}

var kinds = []string{"queued", "closing", "lent"}

// TestSlowReaderIsCutOff checks the end of patience with a peer that takes
// nothing, takes just enough, and takes an octet less.
func TestSlowReaderIsCutOff(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			s := newStuck(t, paced(), kind)
			s.at(5e9 - 1)
			if s.peer.Closed() {
				t.Fatal("aborted before the grace is over")
			}
			s.at(5e9)
			if !s.peer.Closed() || !s.slow {
				t.Fatalf("after the grace: closed %v, slow %v", s.peer.Closed(), s.slow)
			}
			if kind == "lent" && (s.err != netpoll.ErrSlow || !s.reset) {
				t.Errorf("the unit got %v, Ended(reset) was called: %v", s.err, s.reset)
			}
			s.check()
		})
		t.Run(kind+" at the border", func(t *testing.T) {
			s := newStuck(t, paced(), kind)
			s.take(2000) // 2 s
			s.at(7e9 - 1)
			s.take(500) // half a second
			s.at(7.5e9 - 1)
			if s.peer.Closed() {
				t.Fatal("aborted although the peer took 1,000 octets a second after the grace")
			}
			s.at(7.5e9)
			if !s.peer.Closed() || !s.slow {
				t.Fatal("a peer that took 2,500 octets is not aborted after 7.5 s")
			}
			s.check()
		})
	}
}

// TestSlowReaderIsServed checks that a peer that is just fast enough gets
// everything, however long that takes.
func TestSlowReaderIsServed(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			s := newStuck(t, paced(), kind)
			for i := range int64(91) {
				s.at(i * 1e9)
				s.take(1000)
			}
			s.at(200e9)
			if n := len(s.peer.Received()); n != 100_000 || s.peer.Broken() {
				t.Errorf("the peer got %d octets, reset %v", n, s.peer.Broken())
			}
		})
	}
}

// TestSlowReaderEarnsSoMuch checks that octets taken early do not count for
// ever.
func TestSlowReaderEarnsSoMuch(t *testing.T) {
	for _, kind := range kinds {
		s := newStuck(t, paced(), kind)
		for range 8 {
			s.take(10_000) // in all 80 s, of which 60 count when the grace is over
			s.turnAt(s.begin)
		}
		s.at(65e9 - 1)
		if s.peer.Closed() {
			t.Errorf("%s: aborted too early", kind)
		}
		s.at(65e9)
		if !s.peer.Closed() {
			t.Errorf("%s: not aborted", kind)
		}
	}
}

// TestSendStall checks the limit without a rate.
func TestSendStall(t *testing.T) {
	for _, kind := range kinds {
		s := newStuck(t, netpoll.LoopOptions{SendStall: 60e9, DrainTimeout: 1000e9}, kind)
		s.at(59e9)
		s.take(1)
		s.at(120e9 - 1)
		if s.peer.Closed() {
			t.Errorf("%s: aborted too early", kind)
		}
		s.at(120e9)
		if !s.peer.Closed() || !s.slow {
			t.Errorf("%s: not aborted", kind)
		}
	}
}

// TestNoSendLimit checks that nothing is aborted without the options, but for a
// connection that is being closed, whose peer has DrainTimeout for each part.
func TestNoSendLimit(t *testing.T) {
	for _, kind := range kinds {
		s := newStuck(t, netpoll.LoopOptions{DrainTimeout: 1000e9}, kind)
		s.at(900e9)
		s.take(1)
		s.at(1899e9)
		if s.peer.Closed() {
			t.Errorf("%s: aborted", kind)
		}
	}
}

// TestDeadlineStandsStill checks that the time in which nothing is read from
// the peer, because it takes no output, does not count for the deadline.
func TestDeadlineStandsStill(t *testing.T) {
	expired := int64(0)
	w := calmWorld(t, netpoll.LoopOptions{}, &funcs{
		receive: func(c *netpoll.Conn, in []byte) int {
			if len(in) > 0 {
				c.SetDeadline(c.Now() + 10e9)
				c.SetOut(append(c.Out(), make([]byte, 100_000)...))
			}
			return len(in)
		},
		expired: func(c *netpoll.Conn) { expired = c.Now() },
	})
	p := w.dial(nil)
	p.SetWindow(1000)
	p.StopReading()
	w.turnsOf(3)
	p.Send([]byte("x"))
	w.turnsOf(3)
	w.net.Advance(100e9)
	w.turnsOf(3)
	if expired != 0 {
		t.Fatal("expired while output is over the high-water mark")
	}
	p.SetWindow(1e6)
	p.StartReading()
	w.turnsOf(3)
	resumed := w.net.Now()
	for range 20 {
		if err := w.loop.Turn(w.net.Now() + 1e9); err != nil {
			t.Fatal(err)
		}
	}
	if d := expired - resumed; expired == 0 || d > 10e9 || d < 10e9-1e6 {
		t.Errorf("expired %d ns after it went on; want a little less than 10 s", d)
	}
}

// TestReadLentUntil checks that a unit's waiting for input ends at its time, near
// and far, and that the connection can be used afterwards.
func TestReadLentUntil(t *testing.T) {
	for _, wait := range []int64{1, 3e9, 500e9} {
		var ended int64
		var errs []error
		var got []byte
		s := &stuck{}
		s.world = newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(w *world, c *netpoll.Conn) netpoll.Handler {
			c.SetDeadline(c.Now() + 130e9)
			return &funcs{receive: func(c *netpoll.Conn, in []byte) int {
				c.Lend(w.net.Scheduler().Waiter())
				w.net.Scheduler().Go(func() {
					s.begin = w.net.Now()
					buf := make([]byte, 10)
					_, err := c.ReadLentUntil(buf, s.begin+wait)
					ended = w.net.Now()
					errs = append(errs, err, c.WriteLent([]byte("late")))
					n, err := c.ReadLentUntil(buf, 0)
					got = append(got, buf[:n]...)
					errs = append(errs, err)
					c.SetDeadline(w.net.Now() + 20e9)
					c.GiveBack(nil, false)
				})
				return len(in)
			}, expired: func(c *netpoll.Conn) { c.Close() }}
		})
		p := s.dial([]byte("x"))
		s.turnsOf(3)
		s.at(wait - 1)
		if ended != 0 {
			t.Fatalf("%d ns: the waiting has ended too early", wait)
		}
		s.at(wait)
		if ended != s.begin+wait {
			t.Errorf("%d ns: the waiting ended after %d ns", wait, ended-s.begin)
		}
		s.turnsOf(3)
		p.Send([]byte("more"))
		s.turnsOf(3)
		if len(errs) != 3 || errs[0] != netpoll.ErrSlow || errs[1] != nil || errs[2] != nil || string(got) != "more" || string(p.Received()) != "late" {
			t.Errorf("%d ns: the unit got %q, %v, the peer %q", wait, got, errs, p.Received())
		}
		p.CloseWrite()
		s.net.Advance(20e9)
		s.turnsOf(5)
		if !p.Closed() {
			t.Errorf("%d ns: the deadline that the unit set is forgotten", wait)
		}
	}
}

// TestPaceOverSchedules lets peers that read, pause and never read meet queues
// and units: who reads gets everything, and who does not is cut off.
func TestPaceOverSchedules(t *testing.T) {
	for seed := range seeds(t) {
		o := netpoll.LoopOptions{SendRate: 100, SendGrace: 2e9, SendStall: 9e9, DrainTimeout: 1e18}
		slow := 0
		w := newWorld(t, seed, sim.New(seed, sim.Faults{}), o, func(w *world, c *netpoll.Conn) netpoll.Handler {
			waiter := w.net.Scheduler().Waiter()
			ended := false
			return &funcs{
				receive: func(c *netpoll.Conn, in []byte) int {
					if ended && len(in) == 0 {
						c.Close()
						return 0
					}
					if ended {
						c.Again()
					}
					data := bytes.Repeat(in, 40)
					if w.rand.IntN(2) == 0 {
						c.SetOut(append(c.Out(), data...))
						return len(in)
					}
					if !c.Flush() {
						c.AgainWhenSent()
						return 0
					}
					c.Lend(waiter)
					w.net.Scheduler().Go(func() {
						if w.rand.IntN(2) == 0 {
							one := make([]byte, 1)
							n, _ := c.ReadLentUntil(one, w.loop.Clock()+w.rand.Int64N(3e9))
							data = append(data, bytes.Repeat(one[:n], 40)...)
						}
						err := c.WriteLent(data)
						if err != nil && err != netpoll.ErrSlow {
							t.Fatalf("seed %d: a unit got %v", seed, err)
						}
						c.GiveBack(nil, w.rand.IntN(2) == 0)
					})
					return len(in)
				},
				ended: func(c *netpoll.Conn, reset bool) {
					if !c.Lent() {
						ended = true
						c.Again()
					}
				},
				closed: func(c *netpoll.Conn) {
					if c.Slow() {
						slow++
					}
				},
			}
		})
		silent := 0
		for range 1 + w.rand.IntN(6) {
			p := w.dial(text(w.rand, 100+w.rand.IntN(200)))
			p.SetWindow(20 + w.rand.IntN(3000))
			if w.rand.IntN(2) == 0 {
				p.StopReading()
				silent++
			}
			p.CloseWrite()
		}
		for range 20_000 {
			if w.gone() {
				break
			}
			until := int64(-1)
			if w.net.Scheduler().Ready() {
				until = w.net.Now() // peers are not to blame for units that do not run
			}
			w.turnUntil(until)
		}
		if slow != silent {
			t.Fatalf("seed %d: %d peers were too slow; want the %d that do not read", seed, slow, silent)
		}
		w.check()
	}
}
