package h2

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"github.com/windhover-go/windhover/sdk/invariant"
)

const date = "Sun, 06 Nov 1994 08:49:37 GMT"

var defaults = Config{}.WithDefaults()

// A client writes what a client sends.
type client struct {
	buf  bytes.Buffer
	enc  *hpack.Encoder
	out  []byte
	sent bool // a head was sent: what follows is a trailer section
}

// newClient returns a client that has sent the preface.
func newClient() *client {
	c := &client{}
	c.enc = hpack.NewEncoder(&c.buf)
	c.out = append(c.out, preface...)
	return c.frame(frameSettings, 0, 0, nil)
}

// block encodes name, value, name, value, …
func (c *client) block(fields ...string) []byte {
	c.buf.Reset()
	for i := 0; i < len(fields); i += 2 {
		if err := c.enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			panic(err)
		}
	}
	return bytes.Clone(c.buf.Bytes())
}

func (c *client) frame(kind frameType, flags uint8, stream uint32, payload []byte) *client {
	c.out = append(appendFrame(c.out, len(payload), kind, flags, stream), payload...)
	return c
}

// get sends the request that h2load sends.
func (c *client) get(stream uint32) *client {
	return c.frame(frameHeaders, flagEndHeaders|flagEndStream, stream,
		c.block(":method", "GET", ":scheme", "http", ":path", "/plaintext", ":authority", "127.0.0.1:8080", "user-agent", "h2load nghttp2/1.52.0"))
}

func (c *client) take() []byte {
	out := c.out
	c.out = nil
	return out
}

// serve answers every request of in, and returns how many there were: the loop
// that a host has.
func serve(tb testing.TB, c *Conn, x *Exchange, in, dst []byte, ready *Ready) (out []byte, served int) {
	tb.Helper()
	for {
		ev, y, n := c.Next(x, in, 1)
		in = in[n:]
		switch ev {
		case EventHead:
			if ready != nil {
				dst = y.AppendReady(dst, []byte(date), ready)
			} else {
				y.ResponseFields().Set("Content-Type", "text/plain")
				y.ResponseContent().Text("Hello, World!")
				dst = y.AppendResponse(dst, []byte(date))
			}
			if !c.End(y) {
				tb.Fatal("the exchange is not free")
			}
			y.Reset()
			served++
		case EventNone:
			if len(in) > 0 {
				tb.Fatalf("%d octets are left", len(in))
			}
			return c.AppendOutput(dst), served
		case EventEnd:
		case EventContent, EventReset, EventRefused, EventRejected, EventFull, EventGone:
			tb.Fatal(ev, c.Refusal())
		}
	}
}

// readResponses reads the responses in out, which are whole.
func readResponses(t *testing.T, out []byte) (list map[uint32]string) {
	t.Helper()
	list = make(map[uint32]string)
	dec := hpack.NewDecoder(4096, nil)
	for len(out) > 0 {
		f := parseFrame(out)
		p := out[frameHeader : frameHeader+f.length]
		out = out[frameHeader+f.length:]
		if f.kind == frameData {
			list[f.stream] += string(p)
		}
		if f.kind == frameHeaders {
			fields, err := dec.DecodeFull(p)
			if err != nil || !f.has(flagEndHeaders) {
				t.Fatal(err, f)
			}
			var lines strings.Builder
			for _, field := range fields {
				fmt.Fprintf(&lines, "%s: %s\n", field.Name, field.Value)
			}
			list[f.stream] += lines.String()
		}
		if f.stream != 0 && f.has(flagEndStream) {
			list[f.stream] += "."
		}
	}
	return list
}

// TestManyStreams answers 100 streams that arrive in one read in one write, as
// h2load sends them.
func TestManyStreams(t *testing.T) {
	for name, ready := range map[string]*Ready{"written": nil, "ready": NewReady(200, nil, []byte("Hello, World!"))} {
		t.Run(name, func(t *testing.T) {
			want := ":status: 200\ndate: " + date + "\ncontent-length: 13\nHello, World!."
			if ready == nil {
				want = strings.Replace(want, "date", "content-type: text/plain\ndate", 1)
			}
			cl := newClient()
			var c Conn
			c.Open(&defaults, 1)
			x := new(Exchange)
			serve(t, &c, x, cl.take(), nil, ready)
			for round := range uint32(3) {
				for i := range uint32(100) {
					cl.get(200*round + 2*i + 1)
				}
				out, n := serve(t, &c, x, cl.take(), nil, ready)
				list := readResponses(t, out)
				if n != 100 || len(list) != 100 {
					t.Fatal(n, len(list))
				}
				for stream, got := range list {
					if got != want {
						t.Fatalf("stream %d: %q", stream, got)
					}
				}
			}
		})
	}
}

// TestNoAllocation is the steady state of h2load: fields that the dynamic table
// holds, responses that fit the windows.
func TestNoAllocation(t *testing.T) {
	if invariant.Enabled {
		t.Skip("with invariants, memory is not measured")
	}
	for name, ready := range map[string]*Ready{"written": nil, "ready": NewReady(200, nil, []byte("Hello, World!"))} {
		s := newSteady(t, ready)
		if n := testing.AllocsPerRun(100, func() { s.run(t) }); n != 0 {
			t.Errorf("%s: %v allocations for 100 requests", name, n)
		}
	}
}

// A steady repeats a read of 100 requests.
type steady struct {
	c     Conn
	x     *Exchange
	in    []byte
	out   []byte
	ready *Ready
	id    uint32
}

func newSteady(tb testing.TB, ready *Ready) *steady {
	tb.Helper()
	s := &steady{x: new(Exchange), ready: ready, id: 1}
	cl := newClient()
	s.c.Open(&defaults, 1)
	cl.get(s.id)
	serve(tb, &s.c, s.x, cl.take(), nil, ready)
	s.id += 2
	for range 100 {
		cl.get(1)
	}
	cl.frame(frameWindowUpdate, 0, 0, []byte{0, 0, 5, 20})
	s.in = cl.take()
	s.run(tb)
	return s
}

func (s *steady) run(tb testing.TB) {
	tb.Helper()
	for at := 0; at < len(s.in); {
		f := parseFrame(s.in[at:])
		if f.stream != 0 {
			appendFrame(s.in[:at], f.length, f.kind, f.flags, s.id)
			s.id += 2
		}
		at += frameHeader + f.length
	}
	if s.id > maxStreamID-1000 {
		tb.Fatal("out of streams")
	}
	var n int
	if s.out, n = serve(tb, &s.c, s.x, s.in, s.out[:0], s.ready); n != 100 {
		tb.Fatal(n)
	}
}

func BenchmarkWritten(b *testing.B) { benchmark(b, nil) }

func BenchmarkReady(b *testing.B) { benchmark(b, NewReady(200, nil, []byte("Hello, World!"))) }

// benchmark reports the time of one of 100 requests that arrive in one read.
func benchmark(b *testing.B, ready *Ready) {
	b.Helper()
	s := newSteady(b, ready)
	b.ReportAllocs()
	for b.Loop() {
		s.run(b)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/request")
}
