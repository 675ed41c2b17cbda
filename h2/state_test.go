package h2

import (
	"fmt"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// TestTransitions walks every cell of the table and prints it as documentation.
func TestTransitions(t *testing.T) {
	var doc strings.Builder
	doc.WriteString("The states of a stream, and what each event does there. One that is not listed\n" +
		"cannot happen: the engine never asks for it.\n")
	for s := range streamStates {
		fmt.Fprintf(&doc, "\n%s\n", s)
		for e := range streamEvents {
			switch cell := transitions[s][e]; cell.does {
			case doesGo:
				fmt.Fprintf(&doc, "  %-20s -> %s\n", e, cell.to)
			case doesIgnore:
				fmt.Fprintf(&doc, "  %-20s is ignored\n", e)
			case doesFault:
				r := cell.r.Refusal()
				fmt.Fprintf(&doc, "  %-20s is an error of the %s: %s (%s)\n", e, r.Scope, r.Code, cell.r.Slug())
				if r.Author != AuthorPeer {
					t.Errorf("%s in %s is the fault of %s", e, s, r.Author)
				}
			case doesNever:
				if cell != (transition{}) {
					t.Errorf("%s in %s does nothing and says something", e, s)
				}
				if invariant.Enabled && !panics(func() { s.on(e) }) {
					t.Errorf("%s in %s is not noticed", e, s)
				}
			}
		}
	}
	golden(t, "testdata/states.txt", doc.String())
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// TestCells brings a stream into each state, makes each frame arrive, and
// compares what happens with the table.
func TestCells(t *testing.T) {
	frames := [...]func(c *client, stream uint32){
		recvHeaders:    func(c *client, s uint32) { c.frame(frameHeaders, flagEndHeaders, s, request(c, s)) },
		recvHeadersEnd: func(c *client, s uint32) { c.frame(frameHeaders, flagEndHeaders|flagEndStream, s, request(c, s)) },
		recvData:       func(c *client, s uint32) { c.frame(frameData, 0, s, []byte("a")) },
		recvDataEnd:    func(c *client, s uint32) { c.frame(frameData, flagEndStream, s, []byte("a")) },
		recvReset:      func(c *client, s uint32) { c.frame(frameReset, 0, s, []byte{0, 0, 0, 8}) },
		recvUpdate:     func(c *client, s uint32) { c.frame(frameWindowUpdate, 0, s, []byte{0, 0, 0, 1}) },
	}
	for s := range streamStates {
		for e, send := range frames {
			for _, ended := range []bool{false, true} { // whether the function has ended
				c, cl, x := inState(t, s)
				if ended && x != nil {
					if s == streamOpen || s == streamHalfRemote || s == streamHalfLocal {
						continue // End would change the state
					}
					c.End(x)
					x = nil
				}
				send(cl, 1)
				cell := transitions[s][e]
				ev, _ := next(c, cl.take())
				name := fmt.Sprintf("%s in %s, ended %t", streamEvent(e), s, ended)
				switch cell.does {
				case doesGo:
					if y := c.streams.find(1); y == nil || y.state != cell.to {
						t.Errorf("%s: %s, %+v", name, ev, y)
					}
				case doesIgnore:
					if ev != EventNone && ev != EventEnd || len(c.control) > 0 {
						t.Errorf("%s: %s, %q", name, ev, c.control)
					}
				case doesFault:
					want, r := EventGone, cell.r.Refusal()
					if r.Scope == ScopeStream {
						if want = EventRejected; x != nil && s != streamReset {
							want = EventReset
						}
					}
					if got := c.Refusal(); ev != want || got.Reason != cell.r {
						t.Errorf("%s: %s, %v; want %s", name, ev, got, want)
					}
				case doesNever:
					t.Errorf("%s can happen", name)
				}
			}
		}
	}
}

func request(c *client, stream uint32) []byte {
	if stream == 0 || c.sent {
		return c.block("a", "b")
	}
	return c.block(":method", "GET", ":scheme", "http", ":path", "/")
}

// next returns the first event that says something of what octets do.
func next(c *Conn, in []byte) (Event, *Exchange) {
	for {
		ev, x, n := c.Next(new(Exchange), in, 1)
		if in = in[n:]; ev != EventContent && ev != EventHead {
			return ev, x
		}
	}
}

// inState returns a connection with a stream in a state.
func inState(t *testing.T, s streamState) (*Conn, *client, *Exchange) {
	t.Helper()
	cl := newClient()
	c := new(Conn)
	c.Open(&defaults, 1)
	if ev, _ := next(c, cl.take()); ev != EventNone {
		t.Fatal(ev)
	}
	c.AppendOutput(nil)
	if s == streamIdle {
		return c, cl, nil
	}
	flags := uint8(flagEndHeaders)
	if s == streamHalfRemote || s == streamClosed {
		flags |= flagEndStream
	}
	cl.frame(frameHeaders, flags, 1, request(cl, 1))
	cl.sent = true
	x := new(Exchange)
	for in := cl.take(); len(in) > 0; {
		_, _, n := c.Next(x, in, 1)
		in = in[n:]
	}
	if ev, _ := next(c, nil); s == streamClosed && ev != EventEnd {
		t.Fatal(ev)
	}
	switch s {
	case streamHalfLocal, streamClosed:
		x.AppendResponse(nil, []byte(date))
	case streamReset:
		if ev, _ := next(c, cl.frame(frameReset, 0, 1, []byte{0, 0, 0, 8}).take()); ev != EventReset {
			t.Fatal(ev)
		}
	case streamAborted:
		x.Abort(CodeCancel)
	case streamIdle, streamOpen, streamHalfRemote, streamStates:
	}
	c.AppendOutput(nil)
	if x.state != s {
		t.Fatalf("%s; want %s", x.state, s)
	}
	return c, cl, x
}
