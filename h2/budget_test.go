package h2

import (
	"encoding/binary"
	"strings"
	"testing"
)

// A floodHost answers requests but those of /hold, and ends what is reset.
type floodHost struct {
	c     Conn
	spare *Exchange
	now   int64
	out   []byte
	sent  int
}

// receive returns why the connection ended, or ReasonNone.
func (h *floodHost) receive(t *testing.T, in []byte) Reason {
	t.Helper()
	for {
		if h.spare == nil {
			h.spare = new(Exchange)
		}
		ev, x, n := h.c.Next(h.spare, in, h.now)
		in = in[n:]
		if h.spare.Taken() {
			h.spare = nil
		}
		switch ev {
		case EventHead, EventEnd:
			if !x.RawPath().Equal("/hold") && x.Received() {
				h.out = x.AppendResponse(h.out, []byte(date))
				h.c.End(x)
			}
		case EventRefused:
			h.out = x.AppendRefusal(h.out, []byte(date), x.Refusal())
			h.c.End(x)
		case EventContent:
			x.Consumed(len(x.Content()))
		case EventReset:
			h.c.End(x)
		case EventGone:
			return h.c.Refusal().Reason
		case EventFull, EventNone:
			h.out = h.c.AppendOutput(h.out)
			h.sent += len(h.out)
			h.out = h.out[:0]
			for x := h.c.Progress(); x != nil; x = h.c.Progress() {
			}
			if ev == EventNone {
				if len(in) > 0 {
					t.Fatalf("%d octets are left", len(in))
				}
				return ReasonNone
			}
		case EventRejected:
		}
	}
}

func newFloodHost(t *testing.T, conf *Config) (*floodHost, *client) {
	t.Helper()
	h, cl := &floodHost{now: second}, newClient()
	h.c.Open(conf, h.now)
	if r := h.receive(t, cl.frame(frameSettings, flagAck, 0, nil).take()); r != ReasonNone {
		t.Fatal(r)
	}
	return h, cl
}

func number(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// hold sends the head of a request that is not complete.
func (c *client) hold(stream uint32) *client {
	return c.frame(frameHeaders, flagEndHeaders, stream, c.block(":method", "POST", ":scheme", "http", ":path", "/hold"))
}

// floods are acts that are cheap for a peer, and how often one may be repeated.
var floods = []struct {
	name  string
	begin func(c *client) // before the first one
	act   func(c *client, stream uint32)
	want  Reason
	most  int
}{
	{"rapid reset", nil, func(c *client, s uint32) { c.get(s).frame(frameReset, 0, s, number(8)) }, ReasonResets, 0},
	{"rapid reset of what is held", nil, func(c *client, s uint32) { c.hold(s).frame(frameReset, 0, s, number(8)) }, ReasonResets, 200},
	{"resets of what is closed", func(c *client) { c.get(1) }, func(c *client, s uint32) { c.frame(frameReset, 0, 1, number(8)) }, ReasonResets, 201},
	{"made you reset: no increment", nil, func(c *client, s uint32) { c.hold(s).frame(frameWindowUpdate, 0, s, number(0)) }, ReasonProvoked, 166},
	{"made you reset: a window too large", nil, func(c *client, s uint32) { c.hold(s).frame(frameWindowUpdate, 0, s, number(maxStreamID)) }, ReasonProvoked, 166},
	{"made you reset: content behind the end", nil, func(c *client, s uint32) {
		c.frame(frameHeaders, flagEndHeaders|flagEndStream, s, c.block(":method", "GET", ":scheme", "http", ":path", "/hold")).frame(frameData, 0, s, []byte("a"))
	}, ReasonProvoked, 200},
	{"made you reset: PRIORITY", nil, func(c *client, s uint32) { c.hold(s).frame(framePriority, 0, s, []byte("1234")) }, ReasonProvoked, 200},
	{"made you reset: content is longer than declared", nil, func(c *client, s uint32) {
		c.frame(frameHeaders, flagEndHeaders, s, c.block(":method", "POST", ":scheme", "http", ":path", "/hold", "content-length", "1")).frame(frameData, 0, s, []byte("ab"))
	}, ReasonProvoked, 200},
	{"malformed requests", nil, func(c *client, s uint32) { c.frame(frameHeaders, flagEndHeaders, s, c.block("a", "b")) }, ReasonProvoked, 200},
	{"requests that are refused", nil, func(c *client, s uint32) {
		c.frame(frameHeaders, flagEndHeaders|flagEndStream, s, c.block(":method", "FOO", ":scheme", "http", ":path", "/"))
	}, ReasonRefusals, 200},
	{"streams that are refused", func(c *client) {
		for s := uint32(1); s <= 199; s += 2 {
			c.hold(s)
		}
	}, func(c *client, s uint32) { c.hold(s + 200) }, ReasonRefusals, 200},
	{"content for a stream that is reset", func(c *client) { c.hold(1).frame(frameReset, 0, 1, number(8)) }, func(c *client, s uint32) { c.frame(frameData, 0, 1, []byte("a")) }, ReasonProvoked, 200},
	{"content for a stream that was reset here", func(c *client) { c.hold(1).frame(frameWindowUpdate, 0, 1, number(0)) }, func(c *client, s uint32) { c.frame(frameData, 0, 1, []byte("a")) }, ReasonUnknownFrames, 1000},
	{"SETTINGS", nil, func(c *client, s uint32) { c.frame(frameSettings, 0, 0, nil) }, ReasonSettingsFlood, 200},
	{"acknowledgements", nil, func(c *client, s uint32) { c.frame(frameSettings, flagAck, 0, nil) }, ReasonSettingsFlood, 1000},
	{"PING", nil, func(c *client, s uint32) { c.frame(framePing, 0, 0, []byte("12345678")) }, ReasonPingFlood, 1000},
	{"answers to PING", nil, func(c *client, s uint32) { c.frame(framePing, flagAck, 0, []byte(pingAlive)) }, ReasonPingFlood, 1000},
	{"empty DATA", func(c *client) { c.hold(1) }, func(c *client, s uint32) { c.frame(frameData, 0, 1, nil) }, ReasonEmptyFrames, 1000},
	{"DATA of padding", func(c *client) { c.hold(1) }, func(c *client, s uint32) { c.frame(frameData, flagPadded, 1, []byte{2, 0, 0}) }, ReasonEmptyFrames, 1000},
	{"empty CONTINUATION", func(c *client) { c.frame(frameHeaders, 0, 1, nil) }, func(c *client, s uint32) { c.frame(frameContinuation, 0, 1, nil) }, ReasonContinuations, maxContinuations},
	{"small CONTINUATION", func(c *client) { c.frame(frameHeaders, 0, 1, nil) }, func(c *client, s uint32) { c.frame(frameContinuation, 0, 1, c.block(":path", "/")) }, ReasonContinuations, maxContinuations},
	{"blocks of many CONTINUATION", nil, func(c *client, s uint32) {
		c.frame(frameHeaders, flagEndStream, s, c.block(":method", "GET", ":scheme", "http", ":path", "/"))
		for range 100 {
			c.frame(frameContinuation, 0, s, nil)
		}
		c.frame(frameContinuation, flagEndHeaders, s, nil)
	}, ReasonEmptyFrames, 10},
	{"large CONTINUATION", func(c *client) { c.frame(frameHeaders, 0, 1, nil) }, func(c *client, s uint32) {
		c.frame(frameContinuation, 0, 1, c.block("a", strings.Repeat("\x01", 10000)))
	}, ReasonBlockLimit, 14},
	{"WINDOW_UPDATE", nil, func(c *client, s uint32) { c.frame(frameWindowUpdate, 0, 0, number(1)) }, ReasonUpdates, 1000},
	{"WINDOW_UPDATE of a stream", func(c *client) { c.hold(1) }, func(c *client, s uint32) { c.frame(frameWindowUpdate, 0, 1, number(1)) }, ReasonUpdates, 1000},
	{"content octet by octet", func(c *client) {
		c.frame(frameSettings, 0, 0, appendSetting(nil, settingWindow, 0))
		for s := uint32(1); s < 1000; s += 2 {
			c.get(s)
		}
	}, func(c *client, s uint32) { c.frame(frameWindowUpdate, 0, s%200, number(1)) }, ReasonUpdates, 1000},
	{"PRIORITY", nil, func(c *client, s uint32) { c.frame(framePriority, 0, s, []byte{0, 0, 0, 0, 1}) }, ReasonPriorityFlood, 1000},
	{"PRIORITY_UPDATE", nil, func(c *client, s uint32) { c.frame(framePriorityUpdate, 0, 0, number(s)) }, ReasonPriorityFlood, 1000},
	{"unknown frames", nil, func(c *client, s uint32) { c.frame(0x77, 0, s, []byte("a")) }, ReasonUnknownFrames, 1000},
	{"GOAWAY", nil, func(c *client, s uint32) { c.frame(frameGoAway, 0, 0, make([]byte, 8)) }, ReasonUnknownFrames, 1000},
	{"field blocks that expand", nil, func(c *client, s uint32) {
		fields := []string{":method", "GET", ":scheme", "http", ":path", "/"}
		for range 1000 {
			fields = append(fields, "a", strings.Repeat("x", 3000))
		}
		c.frame(frameHeaders, flagEndHeaders|flagEndStream, s, c.block(fields...))
	}, ReasonExpansion, 1},
}

// TestFloods repeats each act until the connection ends, which has to be soon,
// and not before the budget allows it.
func TestFloods(t *testing.T) {
	for _, tt := range floods {
		t.Run(tt.name, func(t *testing.T) {
			h, cl := newFloodHost(t, &defaults)
			if tt.begin != nil {
				tt.begin(cl)
				if r := h.receive(t, cl.take()); r != ReasonNone {
					t.Fatal("before:", r)
				}
				h.c.budget.points = int32(defaults.Budget)
			}
			for i := range uint32(2000) {
				tt.act(cl, 2*i+1)
				if r := h.receive(t, cl.take()); r != ReasonNone {
					if r != tt.want || int(i) > tt.most && tt.most > 0 || int(i) < tt.most*9/10 {
						t.Errorf("after %d: %s; want %s after %d", i, r.Slug(), tt.want.Slug(), tt.most)
					}
					if h.c.Refusal().Code != CodeEnhanceYourCalm || h.c.Refusal().Scope != ScopeConnection {
						t.Errorf("%+v", h.c.Refusal())
					}
					return
				}
			}
			if tt.most > 0 {
				t.Error("goes on without end")
			}
		})
	}
}

// TestBudgetReturns checks that time and useful work give points back, and that
// no more are saved than the budget has.
func TestBudgetReturns(t *testing.T) {
	ping := func(n int) func(c *client) {
		return func(c *client) {
			for range n {
				c.frame(framePing, 0, 0, []byte("12345678"))
			}
		}
	}
	for _, tt := range []struct {
		name string
		do   func(h *floodHost, c *client, stream uint32)
	}{
		{"time", func(h *floodHost, c *client, stream uint32) { h.now += 10 * second }},
		{"requests", func(h *floodHost, c *client, stream uint32) {
			for i := range uint32(250) {
				c.get(stream*1000 + 2*i + 1)
			}
		}},
		{"content received", func(h *floodHost, c *client, stream uint32) {
			for range 64 {
				c.frame(frameData, 0, 1, make([]byte, 16384))
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, cl := newFloodHost(t, &defaults)
			cl.hold(1)
			for i := range uint32(10) {
				ping(990)(cl)
				if r := h.receive(t, cl.take()); r != ReasonNone {
					t.Fatal(i, r)
				}
				tt.do(h, cl, i+1)
				if r := h.receive(t, cl.take()); r != ReasonNone {
					t.Fatal(i, r)
				}
			}
			ping(1001)(cl)
			if r := h.receive(t, cl.take()); r != ReasonPingFlood {
				t.Fatal("more is saved than the budget has:", r)
			}
		})
	}
}

// TestBudgetOfTime checks that time gives what the rate says, however often it is
// asked for, and that useful work does not hide from it what content earns.
func TestBudgetOfTime(t *testing.T) {
	h, _ := newFloodHost(t, &defaults)
	c := &h.c
	c.refill()
	for _, step := range []int64{1_000_000, 7_000_000, 9_999_999, 10_000_000, 33_333_333} {
		c.budget.points = 0
		begin := c.now
		for c.now < begin+2*second {
			c.now += step
			if r := c.draw(1, ReasonPingFlood); r == ReasonNone {
				c.earn(1)
			}
		}
		if want := int32((c.now - begin) / (second / 100)); c.budget.points < want-1 || c.budget.points > want+1 {
			t.Errorf("in steps of %d ns: %d points; want %d", step, c.budget.points, want)
		}
	}
	c.budget.points, c.budget.octets = 0, 0
	for range 100 {
		c.earnContent(100)
	}
	if c.budget.points != 9 {
		t.Errorf("%d points for 10,000 octets", c.budget.points)
	}
}

// TestFull checks that answers to frames do not pile up.
func TestFull(t *testing.T) {
	conf := defaults
	conf.Budget = 1 << 20
	var c Conn
	c.Open(&conf, 1)
	cl := newClient()
	for range 10000 {
		cl.frame(framePing, 0, 0, []byte("12345678"))
	}
	in, most, acks := cl.take(), 0, 0
	for {
		ev, _, n := c.Next(new(Exchange), in, 1)
		in = in[n:]
		most = max(most, len(c.control))
		if acks += len(c.AppendOutput(nil)) / 17; ev == EventNone {
			break
		}
		if ev != EventFull {
			t.Fatal(ev)
		}
	}
	if most > maxControl+100 || acks < 10000 {
		t.Error(most, acks)
	}
}
