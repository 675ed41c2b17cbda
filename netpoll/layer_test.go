package netpoll_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
)

// A veil is a layer of records: a type, two octets of length, and as many of
// content, each of them changed.
type veil struct {
	partial []byte
	fault   bool // a record was malformed: the next thing said is why
	ended   bool
}

const (
	veilData  = 'd'
	veilEnd   = 'e'
	veilAlert = 'a'
	veilMax   = 700 // octets in a record
)

func veiled(dst []byte, kind byte, p []byte) []byte {
	dst = append(dst, kind, byte(len(p)>>8), byte(len(p)))
	for _, b := range p {
		dst = append(dst, b^0x5a)
	}
	return dst
}

var errVeil = errors.New("no record")

func (v *veil) Open(dst, in []byte) ([]byte, error) {
	v.partial = append(v.partial, in...)
	for len(v.partial) >= 3 {
		n := int(v.partial[1])<<8 | int(v.partial[2])
		if n > veilMax || v.partial[0] != veilData && v.partial[0] != veilEnd {
			v.fault = true
			return dst, errVeil
		}
		if len(v.partial) < 3+n {
			break
		}
		if v.partial[0] == veilEnd {
			return dst, io.EOF
		}
		for _, b := range v.partial[3 : 3+n] {
			dst = append(dst, b^0x5a)
		}
		v.partial = v.partial[3+n:]
	}
	return dst, nil
}

func (v *veil) Seal(dst, p []byte) []byte {
	if v.ended {
		panic("Seal after SealEnd")
	}
	if v.fault {
		v.fault = false
		return veiled(dst, veilAlert, nil)
	}
	for len(p) > 0 {
		n := min(len(p), veilMax)
		dst = veiled(dst, veilData, p[:n])
		p = p[n:]
	}
	return dst
}

func (v *veil) SealEnd(dst []byte) []byte {
	if v.ended {
		panic("SealEnd, twice")
	}
	v.ended = true
	return veiled(dst, veilEnd, nil)
}

// veilOf returns what a peer sends that says data: a greeting in clear text, and
// records of any size.
func veilOf(r *rand.Rand, data []byte) []byte {
	out := []byte(greeting)
	for len(data) > 0 {
		n := min(len(data), r.IntN(veilMax+1))
		out = veiled(out, veilData, data[:n])
		data = data[n:]
	}
	return out
}

// unveil returns what a peer got: the octets, and whether their end was among
// it.
func unveil(got []byte) (data []byte, ended bool, err error) {
	for len(got) >= 3 {
		n := int(got[1])<<8 | int(got[2])
		if len(got) < 3+n {
			break
		}
		if ended {
			return data, ended, fmt.Errorf("%d octets behind the end", len(got))
		}
		if got[0] == veilAlert {
			return data, ended, errors.New("an alert")
		}
		ended = got[0] == veilEnd
		for _, b := range got[3 : 3+n] {
			data = append(data, b^0x5a)
		}
		got = got[3+n:]
	}
	return data, ended, nil
}

const greeting = "hello"

// A greeter waits for a greeting, and gives the connection a layer and its next
// handler.
type greeter struct {
	netpoll.Handler // what ends the connection while it waits
	w               *world
	next            netpoll.Handler
}

func (g *greeter) Receive(c *netpoll.Conn, in []byte) int {
	if len(in) < len(greeting) {
		return 0
	}
	c.Become(&once{Handler: g.next, w: g.w}, &veil{})
	return len(greeting)
}

// TestSimLayers is TestSimMoodyHandlers through a layer, which nobody notices.
func TestSimLayers(t *testing.T) {
	for seed := range seeds(t) {
		r := rand.New(rand.NewPCG(seed, 6))
		faults := sim.Faults{}
		if seed%2 == 1 {
			faults = sim.Faults{Resets: 4, ClockSteps: 200}
		}
		options := netpoll.LoopOptions{HighWater: 1 + r.IntN(2000), RequestBuffer: len(greeting) + r.IntN(3000), DrainTimeout: 1e18}
		w := newWorld(t, seed, sim.New(seed, faults), options, func(w *world, c *netpoll.Conn) netpoll.Handler {
			next := &moody{w: w, c: c, waiter: w.net.Scheduler().Waiter(), lends: seed%4 > 1}
			return &greeter{Handler: &echo{}, w: w, next: next}
		})
		var sent [][]byte
		for range 1 + r.IntN(5) {
			data := text(r, r.IntN(5000))
			sent = append(sent, data)
			p := w.dial(veilOf(r, data))
			p.SetWindow(1 + r.IntN(1000))
			if r.IntN(4) == 0 {
				p.Send(veiled(nil, veilEnd, nil))
			}
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
			p.CloseWrite()
		}
		w.finish(w.gone)
		for i, p := range w.peers {
			got, ended, err := unveil(p.Received())
			if err != nil {
				t.Fatalf("seed %d: peer %d got %v", seed, i, err)
			}
			if !bytes.HasPrefix(sent[i], got) {
				t.Fatalf("seed %d: peer %d got %d octets that are no prefix of what it sent", seed, i, len(got))
			} else if faults == (sim.Faults{}) && (len(got) != len(sent[i]) || !ended || p.Broken()) {
				t.Fatalf("seed %d: peer %d got %d octets of %d, their end: %t, reset: %t", seed, i, len(got), len(sent[i]), ended, p.Broken())
			}
		}
		w.check()
	}
}

// TestSimLayerOfTwo lets two goroutines use a connection with a layer.
func TestSimLayerOfTwo(t *testing.T) {
	for seed := range seeds(t) {
		r := rand.New(rand.NewPCG(seed, 7))
		var all []*duplex
		w := newWorld(t, seed, sim.New(seed, sim.Faults{}), netpoll.LoopOptions{DrainTimeout: 1e18}, func(w *world, _ *netpoll.Conn) netpoll.Handler {
			d := &duplex{w: w, send: text(r, 1+r.IntN(5000)), ends: r.IntN(2) == 0}
			all = append(all, d)
			return &greeter{Handler: &echo{}, w: w, next: d}
		})
		data := text(r, 1+r.IntN(5000))
		p := w.dial(veilOf(r, data))
		p.SetWindow(1 + r.IntN(1000))
		for range r.IntN(60) {
			w.turn()
		}
		if r.IntN(2) == 0 {
			p.Send(veiled(nil, veilEnd, nil)) // the peer's end of the TCP stream comes last
			w.finish(func() bool { return len(all) == 1 && all[0].left == 0 && all[0].lent })
		}
		p.CloseWrite()
		w.finish(w.gone)
		d := all[0]
		if got, ended, err := unveil(p.Received()); err != nil || !bytes.Equal(got, d.send) || !ended || !bytes.Equal(d.got, data) || d.readErr != nil || d.writeErr != nil {
			t.Fatalf("seed %d: the peer got %d octets of %d, their end: %t; the unit %d of %d; errors %v, %v",
				seed, len(got), len(d.send), ended, len(d.got), len(data), d.readErr, d.writeErr)
		}
		w.check()
	}
}

// TestLayerFails checks that a peer which breaks the rules of a layer is told
// why and then gone, whoever has the connection.
func TestLayerFails(t *testing.T) {
	for name, lends := range map[string]bool{"on the loop": false, "in a unit": true} {
		t.Run(name, func(t *testing.T) {
			var reset bool
			var errRead error
			w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(w *world, _ *netpoll.Conn) netpoll.Handler {
				scheduler := w.net.Scheduler()
				f := &funcs{ended: func(_ *netpoll.Conn, r bool) { reset = r }}
				f.receive = func(c *netpoll.Conn, in []byte) int {
					if lends && c.Flush() {
						c.Lend(scheduler.Waiter())
						scheduler.Go(func() {
							_, errRead = c.ReadLent(make([]byte, 10))
							c.GiveBack(nil, false)
						})
					}
					return len(in)
				}
				return &greeter{Handler: &echo{}, w: w, next: f}
			})
			p := w.dial([]byte(greeting))
			w.turnsOf(3)
			p.Send([]byte("no record of any kind"))
			w.turnsOf(5)
			if !reset || lends != errors.Is(errRead, netpoll.ErrReset) {
				t.Errorf("told of a reset: %t; the unit's error: %v", reset, errRead)
			}
			if w.loop.Conns() != 0 {
				t.Error("the connection is open still")
			}
			if want := veiled(nil, veilAlert, nil); !lends && !bytes.Equal(p.Received(), want) {
				t.Errorf("the peer got %q; want %q", p.Received(), want)
			}
			w.check()
		})
	}
}

// TestBecome checks that a handler can hand its connection to another one,
// together with what it left.
func TestBecome(t *testing.T) {
	var got []byte
	w := newWorld(t, 0, sim.NewCalm(), netpoll.LoopOptions{}, func(w *world, _ *netpoll.Conn) netpoll.Handler {
		next := &funcs{receive: func(_ *netpoll.Conn, in []byte) int {
			got = append(got, in...)
			return len(in)
		}}
		return &funcs{receive: func(c *netpoll.Conn, _ []byte) int {
			c.SetOut(append(c.Out(), "first,"...))
			c.Become(&once{Handler: next, w: w}, nil)
			c.SetOut(append(c.Out(), "second"...))
			return 2
		}}
	})
	p := w.dial([]byte("abcdef"))
	w.turnsOf(3)
	if string(got) != "cdef" || string(p.Received()) != "first,second" {
		t.Errorf("the second handler got %q, the peer %q; want cdef and first,second", got, p.Received())
	}
}
