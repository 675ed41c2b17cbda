package h2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/windhover-go/windhover/sdk/msg"
)

// narrow is a configuration whose limits short inputs reach.
var narrow = func() Config {
	limits := msg.Limits{RequestLine: 40, FieldSection: 300, Fields: 5, RequestBody: 30}.WithDefaults()
	c := Config{Limits: &limits, Streams: 2, Budget: 60, Connect: true}.WithDefaults()
	return c
}()

// log runs a connection and returns what happened: events, and what was sent at
// the end. cut says how many octets arrive at a time, 0: all.
func log(t *testing.T, conf *Config, in []byte, cut int) string {
	t.Helper()
	var c Conn
	c.Open(conf, 1)
	var b strings.Builder
	var out, content []byte
	var of *Exchange
	spare := new(Exchange)
	run := func() {
		if len(content) > 0 {
			fmt.Fprintf(&b, "content %d %q\n", of.id, content)
			content = content[:0]
		}
	}
	var rest []byte
	for len(in) > 0 {
		n := len(in)
		if cut > 0 {
			n = min(n, cut)
		}
		rest = append(rest, in[:n]...)
		in = in[n:]
	next:
		for {
			if spare.Taken() {
				spare = new(Exchange)
			}
			ev, x, n := c.Next(spare, bytes.Clone(rest), 1)
			rest = rest[n:]
			if ev != EventNone && (ev != EventContent || of != x) {
				run()
			}
			switch ev {
			case EventHead:
				fmt.Fprintf(&b, "head %d %s %d\n", x.id, x.RequestHead(), x.ContentLength())
			case EventContent:
				of = x
				content = append(content, x.Content()...)
				x.Consumed(len(x.Content()))
			case EventEnd:
				fmt.Fprintf(&b, "end %d\n", x.id)
				if x.id%4 == 1 {
					x.ResponseContent().Text("hello")
					out = x.AppendResponse(out, []byte(date))
					c.End(x)
				}
			case EventRefused:
				fmt.Fprintf(&b, "refused %d %s\n", x.id, x.Refusal().Reason.Slug())
				out = x.AppendRefusal(out, []byte(date), x.Refusal())
				c.End(x)
			case EventReset:
				fmt.Fprintf(&b, "reset %d %v\n", x.id, x.Refusal())
				c.End(x)
			case EventRejected:
				fmt.Fprintf(&b, "rejected %v\n", c.Refusal())
			case EventGone:
				fmt.Fprintf(&b, "gone %v\n", c.Refusal())
				fmt.Fprintf(&b, "%q", c.AppendOutput(out))
				for c.Streams() > 0 {
					c.End(c.StreamAt(0))
				}
				return b.String()
			case EventFull:
				out = c.AppendOutput(out)
			case EventNone:
				break next
			}
		}
		out = c.AppendOutput(out)
		for x := c.Progress(); x != nil; x = c.Progress() {
		}
		if c.Streams() > conf.Streams*2+1 {
			t.Fatalf("%d streams", c.Streams())
		}
	}
	run()
	fmt.Fprintf(&b, "%d streams, %q", c.Streams(), out)
	for c.Streams() > 0 {
		if x := c.StreamAt(0); x.ended || !c.End(x) {
			x.Abort(CodeCancel)
			c.release(x)
		}
	}
	if c.state != connContent {
		c.data.left = 0 // what is read past is given back at once
	}
	if c.flow.window+c.flow.granted != conf.ConnectionWindow-int64(c.data.left) {
		t.Fatalf("the window of the connection has %d and %d of %d octets, with %d under way", c.flow.window, c.flow.granted, conf.ConnectionWindow, c.data.left)
	}
	return b.String()
}

// FuzzFrames checks that octets mean the same however they are cut, that the
// window of the connection is given back, and that x/net/http2's framer reads
// the frames of what we accept.
func FuzzFrames(f *testing.F) {
	cl := newClient()
	f.Add(cl.get(1).get(3).take()[len(preface):])
	f.Add(cl.hold(5).frame(frameData, flagPadded, 5, []byte("\x02hello\x00\x00")).frame(frameHeaders, flagEndHeaders|flagEndStream, 5, cl.block("a", "b")).take())
	f.Add(cl.hold(7).frame(frameReset, 0, 7, number(8)).frame(framePing, 0, 0, []byte("12345678")).frame(frameWindowUpdate, 0, 0, number(5)).take())
	f.Add(cl.frame(frameHeaders, flagPriority|flagPadded, 9, append([]byte{1, 0, 0, 0, 3, 1}, append(cl.block(":method", "GET"), 0)...)).frame(frameContinuation, flagEndHeaders, 9, cl.block(":path", "/", ":scheme", "http")).take())
	f.Add(cl.frame(frameSettings, 0, 0, appendSetting(nil, settingWindow, 3)).get(11).frame(frameSettings, flagAck, 0, nil).take())
	f.Add(cl.frame(framePriorityUpdate, 0, 0, append(number(1), "u=1, i"...)).frame(framePriority, 0, 3, []byte{0, 0, 0, 1, 1}).frame(frameGoAway, 0, 0, make([]byte, 8)).take())
	f.Fuzz(func(t *testing.T, frames []byte) {
		in := append([]byte(preface), frames...)
		if len(frames) == 0 || frames[min(3, len(frames)-1)] != byte(frameSettings) {
			in = append(append([]byte(preface), "\x00\x00\x00\x04\x00\x00\x00\x00\x00"...), frames...)
		}
		for _, conf := range []*Config{&defaults, &narrow} {
			want := log(t, conf, in, 0)
			for _, cut := range []int{1, 5, 23} {
				if got := log(t, conf, in, cut); got != want {
					t.Fatalf("%d octets at a time:\n%s\nuncut:\n%s", cut, got, want)
				}
			}
		}
		compareFrames(t, in)
	})
}

// compareFrames reads the frames with x/net/http2: it may refuse no frame that
// does not end our connection, up to the first that does or resets a stream.
func compareFrames(t *testing.T, in []byte) {
	t.Helper()
	framer := http2.NewFramer(io.Discard, bytes.NewReader(in[len(preface):]))
	framer.SetMaxReadFrameSize(uint32(defaults.FrameSize))
	var c Conn
	c.Open(&defaults, 1)
	rest := in
	for at := len(preface); ; {
		if len(in)-at < frameHeader {
			return
		}
		h := parseFrame(in[at:])
		if len(in)-at < frameHeader+h.length {
			return
		}
		at += frameHeader + h.length
		for {
			ev, _, n := c.Next(new(Exchange), rest[:len(rest)-(len(in)-at)], 1)
			rest = rest[n:]
			if ev == EventGone || ev == EventReset || ev == EventRejected {
				return
			}
			if ev == EventNone {
				break
			}
			c.AppendOutput(nil)
		}
		theirs, err := framer.ReadFrame()
		if err != nil {
			var streamError http2.StreamError
			if errors.As(err, &streamError) && h.kind == frameWindowUpdate {
				return // by zero on a stream that is closed: that is ignored here
			}
			t.Fatalf("%+v: %v", h, err)
		}
		if g := theirs.Header(); frameType(g.Type) != h.kind || uint8(g.Flags) != h.flags || g.StreamID != h.stream || int(g.Length) != h.length {
			t.Fatalf("%+v; theirs %v", h, g)
		}
	}
}

// FuzzBlock checks that a field block, cut in two, is decoded to the fields that
// x/net's decoder finds in it, and refused when that refuses it.
func FuzzBlock(f *testing.F) {
	cl := newClient()
	f.Add(cl.block(":method", "GET", ":path", "/a", "a", "b", "cookie", "c"), cl.block("a", "b"), 3)
	f.Add([]byte("\x20\x3f\xe1\x1f\x82\x04\x01/\x10\x81\x1f\x01b\x40\x01a\x01b"), []byte("\xbe\x0f\x2f\x00\x7f\x80\x01"), 9)
	f.Add([]byte("\x00\x83\x18\xc6\x31\x01b"), []byte("\x80"), 2)
	f.Fuzz(func(t *testing.T, first, second []byte, cut int) {
		var want, got []string
		dec := hpack.NewDecoder(4096, func(f hpack.HeaderField) { want = append(want, f.Name+": "+f.Value) })
		var c Conn
		c.Open(&defaults, 1)
		x := new(Exchange)
		x.c = &c
		for _, p := range [][]byte{first, second} {
			want, got = want[:0], got[:0]
			_, err := dec.Write(p)
			if err == nil {
				err = dec.Close()
			}
			x.trailers = trailers{}
			c.beginBlock(x, 1, true, true)
			at := min(max(cut, 0), len(p))
			r := c.fragment(p[:at], false)
			if r == ReasonNone {
				r = c.fragment(p[at:], true)
			}
			if r != ReasonNone {
				if err == nil && !c.stricter(p) {
					t.Fatalf("%q is refused; theirs %q", p, want)
				}
				return
			}
			if err != nil {
				t.Fatalf("%q is accepted: %v", p, err)
			}
			if x.trailers.size != sizeOf(want) {
				t.Fatalf("%q: %d octets; theirs %q", p, x.trailers.size, want)
			}
		}
	})
}

// stricter reports whether a block has what x/net's decoder lets through and we
// do not: an integer of more than 31 bits, or a table size update behind a field
// while the table is empty.
func (c *Conn) stricter(p []byte) bool {
	for i, b := range p {
		if b&0xe0 == 0x20 && i > 0 || i >= 4 && b >= 0x80 && p[i-1] >= 0x80 && p[i-2] >= 0x80 && p[i-3] >= 0x80 {
			return true
		}
	}
	return false
}

// sizeOf returns the size of a field section as it counts for the limit.
func sizeOf(fields []string) (n int) {
	for _, f := range fields {
		n += len(f) - len(": ") + fieldOverhead
	}
	return n
}
