package http2_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/invariant"
)

// A volley is many requests on one connection, ready to be sent.
type volley struct {
	frames []byte
	heads  []int // where each begins
	next   uint32
}

// newVolley returns n requests, whose fields the dynamic table holds once they
// were sent.
func newVolley(c *client, n int, path string) *volley {
	fields := []string{":method", "GET", ":scheme", "http", ":authority", "example.com", ":path", path, "user-agent", "a browser of some kind", "accept", "*/*"}
	v := &volley{next: c.next}
	block := bytes.Clone(c.fields(fields...))
	c.primes(block)
	block = bytes.Clone(c.fields(fields...))
	for range n {
		v.heads = append(v.heads, len(v.frames))
		v.frames = append(v.frames, byte(len(block)>>16), byte(len(block)>>8), byte(len(block)), 1, 5, 0, 0, 0, 0)
		v.frames = append(v.frames, block...)
	}
	return v
}

// primes sends a field block as a request, so that the server's table has it.
func (c *client) primes(block []byte) {
	out := []byte{byte(len(block) >> 16), byte(len(block) >> 8), byte(len(block)), 1, 5, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(out[5:], c.next)
	c.streams[c.next] = &end{}
	c.next += 2
	c.out.Write(append(out, block...))
}

// send sends the requests on new streams.
func (v *volley) send(c *client) {
	for _, at := range v.heads {
		binary.BigEndian.PutUint32(v.frames[at+5:], v.next)
		v.next += 2
	}
	c.peer.Send(v.frames)
}

// TestAllocations: in the steady state an exchange allocates nothing, on the loop,
// ready-made or off it, one at a time or 100 at once.
func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the race detector and the checks allocate; the plain build counts")
	}
	for _, path := range []string{"/loop", "/ready", "/pool"} {
		for _, n := range []int{1, 100} {
			w := newWorld(t, sim.NewCalm(), sdk.Config{})
			w.quiet = true
			c := w.connect(1 << 20)
			c.grant(0, 1<<30)
			v := newVolley(c, n, path)
			c.flush()
			w.turns(3)
			v.next = c.next
			once := func() {
				v.send(c)
				for range 3 {
					for w.Network.Scheduler().Step() {
					}
					if err := w.Loop.Turn(0); err != nil {
						t.Fatal(err)
					}
				}
				c.peer.Forget()
			}
			for range 20 { // exchanges, buffers and tables grow
				once()
			}
			before := w.ended
			got := testing.AllocsPerRun(100, once)
			if w.ended-before != 101*n {
				t.Fatalf("%s, %d at once: %d exchanges ended; want %d", path, n, w.ended-before, 101*n)
			}
			// A unit of the simulation allocates: it is a coroutine.
			if path == "/pool" {
				got -= coroutine(t) * float64(n)
			}
			if got > 0 {
				t.Errorf("%s, %d at once: %v allocations", path, n, got)
			}
			w.gone()
		}
	}
}

// nothing is a unit that does nothing.
type nothing struct{}

// RunUnit implements sdk.Unit.
func (*nothing) RunUnit() {}

// coroutine returns what a unit of the simulation allocates.
func coroutine(t *testing.T) float64 {
	t.Helper()
	network := sim.NewCalm()
	var u sdk.Unit = new(nothing)
	return testing.AllocsPerRun(100, func() {
		network.Scheduler().Go(u.RunUnit)
		network.Scheduler().Step()
	})
}

// TestIdleMemory: a connection that waits for a request costs at most 4 KiB, with
// what the simulation needs for it.
func TestIdleMemory(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the race detector and the checks allocate; the plain build counts")
	}
	const conns = 1000
	w := newWorld(t, sim.NewCalm(), sdk.Config{})
	w.quiet = true
	clients := make([]*client, conns)
	var before int64
	for i := range clients {
		if i == conns/2 {
			before = heap()
		}
		c := w.connect(65535)
		c.request("GET", "/loop", true, "user-agent", "a browser of some kind", "accept", "*/*", "accept-language", "de,en")
		c.flush()
		w.turns(2)
		c.read()
		if !c.streams[1].done {
			t.Fatal("it is not answered")
		}
		c.flush()
		w.turns(2)
		c.peer.Forget()
		// Of the client nothing is left but its connection.
		clients[i] = &client{peer: c.peer}
	}
	each := (heap() - before) / (conns / 2)
	if each > 4096 {
		t.Errorf("an idle connection costs %d octets", each)
	}
	w.gone()
	_ = clients
}
