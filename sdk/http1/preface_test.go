package http1_test

import (
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// both is an app that offers HTTP/1.1, and something that answers to the
// preface of HTTP/2.
type both struct{ *app }

func (b both) Install(s *sdk.Setup) {
	s.Offer(parrot{}) // the order has no meaning
	b.app.Install(s)
}

// A parrot is a protocol that repeats what it is sent, and closes with the
// peer.
type parrot struct{}

func (parrot) Name() string { return "h2" }

func (parrot) Attach(h *sdk.Host, e sdk.Entry) func(c *netpoll.Conn) netpoll.Handler {
	if !e.Admitted || e.Preface != nil || e.Secure {
		panic("not how connections come to HTTP/2 on a port without TLS")
	}
	return func(*netpoll.Conn) netpoll.Handler { return repeating{h} }
}

type repeating struct{ host *sdk.Host }

func (repeating) Receive(c *netpoll.Conn, in []byte) int {
	c.SetOut(append(c.Out(), in...))
	return len(in)
}
func (repeating) Ended(c *netpoll.Conn, _ bool) { c.Close() }
func (repeating) Expired(c *netpoll.Conn)       { c.Close() }
func (repeating) Returned(*netpoll.Conn)        {}
func (repeating) Draining(c *netpoll.Conn)      { c.Close() }
func (r repeating) Closed(c *netpoll.Conn)      { r.host.Release(c.RemoteAddr()) }

// TestPreface checks that the first octets decide between HTTP/1.1 and HTTP/2,
// wherever the network cuts them.
func TestPreface(t *testing.T) {
	const request = "GET /loop HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, tt := range []struct{ send, want string }{
		{preface + "and more", preface + "and more"},
		{request, "on the loop"},
		{"P" + request, "501 "},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\rx", "505 "},
		{"PRINT /loop HTTP/1.1\r\nHost: x\r\n\r\n", "501 "},
		{request + preface, "505 "},
	} {
		for cut := range len(tt.send) {
			w := newWorldWith(t, both{newApp()}, sdk.Config{Limits: sdk.Limits{Connections: 1}})
			p := w.dial(tt.send[:cut])
			w.turns()
			p.Send([]byte(tt.send[cut:]))
			if got := w.got(p); !strings.Contains(got, tt.want) {
				t.Fatalf("%q, cut at %d: got %q; want %q", tt.send, cut, got, tt.want)
			}
			p.CloseWrite()
			w.turns()
			if n := w.Loop.Conns(); n != 0 {
				t.Fatalf("%q: %d connections are open", tt.send, n)
			}
			p = w.dial(request) // the only one that the limit lets in
			if got := w.got(p); !strings.Contains(got, "on the loop") {
				t.Fatalf("%q: afterwards got %q", tt.send, got)
			}
		}
	}
}

// TestPartOfThePreface checks that a connection is not kept for the rest of a
// preface longer than for that of a head, and the deadline of one that sends
// nothing.
func TestPartOfThePreface(t *testing.T) {
	for _, tt := range []struct {
		send, want string
		after      time.Duration
		ends       bool
	}{
		{send: "PRI", want: "408 ", after: 30 * time.Second},
		{send: "PRI", ends: true},
		{after: 130 * time.Second},
		{ends: true},
	} {
		w := newWorldWith(t, both{newApp()}, sdk.Config{})
		p := w.dial(tt.send)
		w.turns()
		if tt.ends {
			p.CloseWrite()
		} else {
			w.pass(tt.after - time.Second)
			if p.Ended() {
				t.Errorf("%+v: ended early", tt)
			}
			w.pass(2 * time.Second)
		}
		w.turns()
		if got := w.got(p); !p.Ended() || !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%+v: got %q, ended: %t", tt, got, p.Ended())
		}
	}
}
