package netpoll_test

import (
	"slices"
	"testing"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
)

// lendOnce is a handler that lends at its first input, of which it takes take
// octets, and logs what it sees afterwards.
func lendOnce(log *[]string, take int, lend func(c *netpoll.Conn)) netpoll.Handler {
	lent := false
	return &funcs{
		receive: func(c *netpoll.Conn, in []byte) int {
			if lent {
				*log = append(*log, string(in))
				return len(in)
			}
			lent = true
			lend(c)
			return take
		},
		ended: func(c *netpoll.Conn, _ bool) {
			if c.Lent() {
				*log = append(*log, "early")
				return
			}
			*log = append(*log, "end")
		},
		returned: func(*netpoll.Conn) { *log = append(*log, "returned") },
	}
}

// TestLoans are loans with everything in its order: units run where the test
// lets them, and nothing is left to chance.
func TestLoans(t *testing.T) {
	type unit = func(w *world, c *netpoll.Conn)
	giveBack := func(rest string, tell bool) unit {
		return func(_ *world, c *netpoll.Conn) { c.GiveBack([]byte(rest), tell) }
	}
	for name, c := range map[string]struct {
		take   int
		during func(w *world, p *sim.Peer) // happens while the unit has it
		unit   unit                        // runs then
		at     bool                        // the unit runs within Receive
		want   []string
	}{
		"nothing to do":                {4, nil, giveBack("", false), false, nil},
		"asks to be told":              {4, nil, giveBack("", true), false, []string{"returned"}},
		"input was left":               {1, nil, giveBack("", false), false, []string{"bcd"}},
		"input was left, quick unit":   {1, nil, giveBack("", false), true, []string{"bcd"}},
		"rest":                         {4, nil, giveBack("xy", false), false, []string{"xy"}},
		"rest comes first":             {2, nil, giveBack("xy", true), false, []string{"returned", "xycd"}},
		"rest comes first, quick unit": {2, nil, giveBack("xy", true), true, []string{"returned", "xycd"}},
		"input came": {
			4, func(_ *world, p *sim.Peer) { p.Send([]byte("more")) },
			giveBack("", false), false,
			[]string{"more"},
		},
		"input came and rest": {
			4, func(_ *world, p *sim.Peer) { p.Send([]byte("more")) },
			giveBack("xy", false), false,
			[]string{"xymore"},
		},
		"the unit read a part": {
			4, func(_ *world, p *sim.Peer) { p.Send([]byte("more")) },
			func(_ *world, c *netpoll.Conn) {
				_, _ = c.ReadLent(make([]byte, 2))
				c.GiveBack(nil, false)
			}, false,
			[]string{"re"},
		},
		"the end came": {
			4, func(_ *world, p *sim.Peer) { p.Send([]byte("more")); p.CloseWrite() },
			giveBack("", false), false,
			[]string{"early", "more", "end"},
		},
		"the unit read all but the end": {
			4, func(_ *world, p *sim.Peer) { p.Send([]byte("more")); p.CloseWrite() },
			func(_ *world, c *netpoll.Conn) {
				_, _ = c.ReadLent(make([]byte, 20))
				c.GiveBack(nil, false)
			}, false,
			[]string{"early", "end"},
		},
		"reset": {
			4, func(_ *world, p *sim.Peer) { p.Reset() },
			giveBack("", true), false,
			[]string{"early", "returned"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log []string
			var conn *netpoll.Conn
			w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(w *world, _ *netpoll.Conn) netpoll.Handler {
				return lendOnce(&log, c.take, func(lent *netpoll.Conn) {
					lent.Lend(w.net.Scheduler().Waiter())
					if c.at {
						c.unit(w, lent)
						return
					}
					conn = lent
				})
			})
			p := w.dial([]byte("abcd"))
			w.turnsOf(3)
			if c.during != nil {
				c.during(w, p)
				w.turnsOf(3)
			}
			if !c.at {
				w.net.Scheduler().Go(func() { c.unit(w, conn) })
			}
			for range 5 {
				for w.net.Scheduler().Step() {
				}
				w.turnsOf(1)
			}
			if !slices.Equal(log, c.want) {
				t.Errorf("the handler saw %q; want %q", log, c.want)
			}
		})
	}
}

// TestEndSeenBeforeTheLoan checks that the unit's handler is told of an end that
// the kernel reported together with the input that led to the loan.
func TestEndSeenBeforeTheLoan(t *testing.T) {
	var log []string
	var conn *netpoll.Conn
	w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(w *world, _ *netpoll.Conn) netpoll.Handler {
		return lendOnce(&log, 4, func(c *netpoll.Conn) {
			c.Lend(w.net.Scheduler().Waiter())
			conn = c
		})
	})
	w.dial([]byte("abcd")).CloseWrite()
	w.turnsOf(3)
	if want := []string{"early"}; !slices.Equal(log, want) {
		t.Fatalf("the handler saw %q during the loan; want %q", log, want)
	}
	conn.GiveBack(nil, false)
	w.turnsOf(3)
	if want := []string{"early", "end"}; !slices.Equal(log, want) {
		t.Errorf("the handler saw %q; want %q", log, want)
	}
}

// TestUnitReadsUpToTheEnd checks that an end is not lost that was seen before a
// loan whose unit read what came before it: no edge will tell of it again.
func TestUnitReadsUpToTheEnd(t *testing.T) {
	var log []string
	w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{RequestBuffer: 4}, func(w *world, _ *netpoll.Conn) netpoll.Handler {
		return lendOnce(&log, 4, func(c *netpoll.Conn) {
			c.Lend(w.net.Scheduler().Waiter())
			w.net.Scheduler().Go(func() {
				_, _ = c.ReadLent(make([]byte, 20))
				c.GiveBack(nil, false)
			})
		})
	})
	p := w.dial([]byte("abcdef"))
	p.CloseWrite()
	w.turnsOf(5)
	if want := []string{"early", "end"}; !slices.Equal(log, want) {
		t.Errorf("the handler saw %q; want %q", log, want)
	}
}

// TestUnitParks checks that a unit that waits for input waits, and does not ask
// the kernel again and again: it would never return.
func TestUnitParks(t *testing.T) {
	var got []byte
	w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(w *world, _ *netpoll.Conn) netpoll.Handler {
		return &funcs{receive: func(c *netpoll.Conn, in []byte) int {
			c.Lend(w.net.Scheduler().Waiter())
			w.net.Scheduler().Go(func() {
				buf := make([]byte, 4)
				for len(got) < 12 {
					n, err := c.ReadLent(buf)
					if err != nil {
						t.Error(err)
						break
					}
					got = append(got, buf[:n]...)
				}
				c.GiveBack(nil, true)
			})
			return len(in)
		}}
	})
	p := w.dial([]byte("x"))
	for _, s := range []string{"a", "bcde", "fghijk", "l"} {
		w.turnsOf(2)
		p.Send([]byte(s))
	}
	w.turnsOf(2)
	if string(got) != "abcdefghijkl" {
		t.Errorf("the unit got %q", got)
	}
}

// TestDeadlinesAndLoans checks the deadlines that stand when a loan ends.
func TestDeadlinesAndLoans(t *testing.T) {
	const s = int64(1e9)
	for name, c := range map[string]struct {
		before, takes, unit int64 // seconds: the deadline, the loan's length, the unit's deadline from its end; -1: none
		want                int64 // seconds from the end of the loan
	}{
		"closer":                       {60, 1, 2, 2},
		"farther":                      {60, 1, 90, 90},
		"the first":                    {0, 1, 3, 3},
		"passed during the loan":       {2, 10, -1, 0},
		"passed, and a later one":      {2, 10, 5, 5},
		"passed, and removed":          {2, 10, 0, -1},
		"to come":                      {60, 10, -1, 50},
		"beyond the wheel and a loan":  {500, 300, -1, 200},
		"passed long ago, a later one": {2, 5000, 400, 400},
	} {
		t.Run(name, func(t *testing.T) {
			var conn *netpoll.Conn
			var set, end int64
			got := int64(-1)
			w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(w *world, _ *netpoll.Conn) netpoll.Handler {
				return &funcs{
					receive: func(lent *netpoll.Conn, in []byte) int {
						if set = lent.Now(); c.before > 0 {
							lent.SetDeadline(set + c.before*s)
						}
						lent.Lend(w.net.Scheduler().Waiter())
						conn = lent
						return len(in)
					},
					expired: func(c *netpoll.Conn) { got = c.Now() - end },
				}
			})
			w.dial([]byte("x"))
			w.turnsOf(3)
			for w.net.Now() < set+c.takes*s {
				if err := w.loop.Turn(set + c.takes*s); err != nil {
					t.Fatal(err)
				}
			}
			end = w.net.Now()
			switch {
			case c.unit > 0:
				conn.SetDeadline(end + c.unit*s)
			case c.unit == 0:
				conn.SetDeadline(0)
			}
			conn.GiveBack(nil, false)
			for got < 0 && w.net.Now() < end+1000*s {
				if err := w.loop.Turn(end + 1000*s); err != nil {
					t.Fatal(err)
				}
			}
			// A message takes a turn, and a turn 1 µs.
			if want := c.want * s; c.want < 0 && got >= 0 || c.want >= 0 && (got < want || got > want+5000) {
				t.Errorf("expired %d ns after the loan; want %d s", got, c.want)
			}
		})
	}
}

// TestEndReadBeforeTheLoan checks that the end is told, during the loan and after
// it, when it was read in the same moment in which the connection was lent.
func TestEndReadBeforeTheLoan(t *testing.T) {
	var log []string
	var conn *netpoll.Conn
	calls := 0
	w := calmWorld(t, netpoll.LoopOptions{}, &funcs{
		receive: func(c *netpoll.Conn, in []byte) int {
			if calls++; calls == 2 {
				c.Lend(sim.NewCalm().Scheduler().Waiter())
				conn = c
				return len(in)
			}
			c.Again()
			return len(in)
		},
		ended: func(c *netpoll.Conn, _ bool) {
			if c.Lent() {
				log = append(log, "early")
				return
			}
			log = append(log, "end")
		},
	})
	p := w.dial(nil)
	w.turnsOf(2)
	p.Send([]byte("ab"))
	w.turnsOf(1)
	p.CloseWrite()
	w.turnsOf(2)
	if conn == nil {
		t.Fatal("not lent")
	}
	conn.GiveBack(nil, false)
	w.turnsOf(3)
	if want := []string{"early", "end"}; !slices.Equal(log, want) {
		t.Errorf("the handler saw %q; want %q", log, want)
	}
}
