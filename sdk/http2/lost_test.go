package http2_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	http2x "golang.org/x/net/http2"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
)

// outcome returns the only outcome so far.
func (w *world) outcome() sdk.Outcome {
	w.t.Helper()
	if len(w.outcomes) != 1 {
		w.t.Fatalf("%d exchanges have ended; want one: %+v", len(w.outcomes), w.outcomes)
	}
	return w.outcomes[0]
}

// loopTurns lets turns pass and no unit run.
func (w *world) loopTurns(n int) {
	w.t.Helper()
	for range n {
		if err := w.Loop.Turn(0); err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestLimitAmidUnit: content that goes over the limit while the functions before
// it run off the loop is answered 413 when they have.
func TestLimitAmidUnit(t *testing.T) {
	w := newWorld(t, sim.NewCalm(), sdk.Config{})
	c := w.connect(65535)
	id := c.request("POST", "/small", false)
	c.flush()
	w.loopTurns(3) // the unit has not begun
	c.content(id, []byte("0123456789a"), false)
	c.flush()
	w.loopTurns(3)
	w.turns(5)
	c.read()
	if s := c.streams[id]; s.status != "413" || !s.done {
		t.Errorf("%+v, %v", s, c.err)
	}
	if out := w.outcome(); out.Status != 413 || out.Err == nil {
		t.Errorf("%+v", out)
	}
	w.gone()
}

// TestEndAmidContent: a client that finishes sending amid a request gets no
// answer to it, at once, whatever has become of the request; what is complete is
// answered, and the connection ends.
func TestEndAmidContent(t *testing.T) {
	for _, path := range []string{"/loop/body", "/pool/body", "/loop", "/read", "/small"} {
		w := newWorld(t, sim.NewCalm(), sdk.Config{})
		c := w.connect(65535)
		id := c.request("POST", path, false)
		c.flush()
		if path == "/small" {
			w.loopTurns(3) // the head is still to be handled by a unit
		} else {
			w.turns(3)
		}
		whole := c.request("GET", "/pool", true)
		half := c.request("GET", "/pool", true)
		frame := c.out.Bytes()
		c.peer.Send(frame[:len(frame)-5])
		c.peer.CloseWrite()
		now := w.Network.Now()
		w.turns(10)
		c.read()
		if !c.peer.Ended() || w.Network.Now()-now > int64(time.Second) {
			t.Fatalf("%s: the connection goes on", path)
		}
		if s := c.streams[id]; s.status == "200" || !c.streams[whole].done || c.streams[half].status != "" {
			t.Errorf("%s: %+v", path, s)
		}
		for _, out := range w.outcomes {
			if out.Status != 200 && out.Status != 500 && !errors.Is(out.Err, sdk.ErrPeerClosed) {
				t.Errorf("%s: %+v", path, out)
			}
		}
		if len(w.outcomes) != 2 {
			t.Errorf("%s: %d exchanges have ended; want 2", path, len(w.outcomes))
		}
		w.gone()
	}
}

// TestLostEndsOffTheLoop: when the client goes between the head and the content
// of a route off the loop, what runs then does not run on the loop.
func TestLostEndsOffTheLoop(t *testing.T) {
	for _, how := range []string{"stream", "end", "late", "refused", "reset"} {
		w := newWorld(t, sim.NewCalm(), sdk.Config{})
		c := w.connect(65535)
		id := c.request("POST", "/small", false)
		c.flush()
		w.turns(3) // the functions want the content
		switch how {
		case "reset":
			c.peer.Reset()
		case "stream":
			_ = c.framer.WriteRSTStream(id, http2x.ErrCodeCancel)
			c.flush()
		case "end":
			c.peer.CloseWrite()
		case "late":
			w.Network.Advance(int64(time.Minute))
		case "refused":
			c.content(id, make([]byte, 11), false)
			c.flush()
		}
		w.loopTurns(10)
		if w.open != 1 {
			t.Fatalf("%s: the loop ended the exchange", how)
		}
		w.turns(5)
		if out := w.outcome(); out.Err == nil {
			t.Errorf("%s: %+v", how, out)
		}
		w.gone()
	}
}

// TestResetAmidContent: an exchange whose content waits for the client's window
// when that resets the stream has not been sent.
func TestResetAmidContent(t *testing.T) {
	w := newWorld(t, sim.NewCalm(), sdk.Config{})
	c := w.connect(1)
	id := c.request("GET", "/loop", true)
	c.flush()
	w.turns(3)
	if len(w.outcomes) != 0 {
		t.Fatal("it has ended")
	}
	_ = c.framer.WriteRSTStream(id, http2x.ErrCodeCancel)
	c.flush()
	w.turns(3)
	if out := w.outcome(); !errors.Is(out.Err, sdk.ErrPeerClosed) || out.Status != 200 {
		t.Errorf("%+v", out)
	}
	w.gone()
}

// TestShutWindow: a client that takes less of a response than
// Limits.ResponseRate, because it keeps a window shut, is answered no more.
func TestShutWindow(t *testing.T) {
	for _, tt := range []struct {
		name, path string
		initial    uint32
		each       int64 // octets that it lets come each second, of the stream
		whole      int64 // the same of the connection
		slow       bool
	}{
		{"the stream's, a whole response", "/loop", 1, 0, 0, true},
		{"the stream's, a stream", "/long", 1, 0, 0, true},
		{"the stream's, a tardy one", "/long", 1, 10, 0, true},
		{"the stream's, one that is fast enough", "/long", 1, 3000, 3000, false},
		{"the connection's", "/long", 1 << 20, 0, 0, true},
		{"the connection's, a whole response", "/whole", 1 << 20, 0, 0, true},
		{"the connection's, a tardy one", "/long", 1 << 20, 0, 10, true},
		{"the connection's, one that is fast enough", "/long", 1 << 20, 0, 3000, false},
	} {
		w := newWorld(t, sim.NewCalm(), sdk.Config{})
		c := w.connect(tt.initial)
		id := c.request("GET", tt.path, true)
		c.flush()
		for range 60 {
			w.turns(4)
			w.Network.Advance(int64(time.Second))
			if tt.each > 0 {
				c.grant(id, tt.each)
			}
			if tt.whole > 0 {
				c.grant(0, tt.whole)
			}
			c.read()
			c.flush()
		}
		w.turns(4)
		c.read()
		s := c.streams[id]
		if s.reset != tt.slow || s.done == tt.slow || c.err != nil {
			t.Errorf("%s: reset %t (%v), done %t, %d octets, %v", tt.name, s.reset, s.code, s.done, len(s.content), c.err)
		}
		if out := w.outcome(); tt.slow != errors.Is(out.Err, sdk.ErrTooSlow) {
			t.Errorf("%s: %+v", tt.name, out)
		}
		if !tt.slow && !bytes.Equal(s.content, []byte(long)) {
			t.Errorf("%s: %d octets", tt.name, len(s.content))
		}
		w.gone()
	}
}
