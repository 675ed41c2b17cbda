package h1

import (
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/invariant"
)

const trailing = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: 1\r\nHost: b\r\na: 2\r\nB: 3\r\n\r\n"

// take reads a whole request, and calls asked after its head.
func take(t *testing.T, x *Exchange, in string, asked func(c *Conn)) {
	t.Helper()
	var c Conn
	octets := []byte(in)
	for {
		ev, n := c.Next(x, octets, &defaults)
		octets = octets[n:]
		switch ev {
		case EventHead:
			asked(&c)
		case EventEnd:
			return
		case EventContent:
		case EventNone, EventRefused:
			t.Fatal(ev)
		}
	}
}

// TestTrailersAreAskedFor checks who gets the trailer section.
func TestTrailersAreAskedFor(t *testing.T) {
	x := new(Exchange)
	take(t, x, trailing, func(*Conn) {})
	if x.RequestTrailerCount() != 0 || cap(x.trailers.text) != 0 {
		t.Error("trailers are kept that nobody asked for")
	}
	x.Reset()
	take(t, x, trailing, func(c *Conn) { x.KeepTrailers(); c.Drop() })
	if x.RequestTrailerCount() != 0 || cap(x.trailers.text) != 0 {
		t.Error("trailers are kept of content that is dropped")
	}
	x.Reset()
	for range 2 {
		take(t, x, trailing, func(*Conn) { x.KeepTrailers() })
		if x.RequestTrailerCount() != 3 {
			t.Fatalf("%d trailers", x.RequestTrailerCount())
		}
		first, ok := x.RequestTrailer("a")
		if !ok || !first.Equal("1") {
			t.Errorf("a is %q", first)
		}
		if name, value := x.RequestTrailerAt(2); !name.Equal("B") || !value.Equal("3") {
			t.Errorf("the third is %s: %s", name, value)
		}
		if v, ok := x.RequestTrailer("host"); ok || v.Len() != 0 {
			t.Error("Host came in a trailer")
		}
		if v, ok := x.RequestField("B"); ok {
			t.Errorf("a trailer became a field: %q", v)
		}
		if v := x.Authority(); !v.Equal("a") {
			t.Errorf("a trailer changed the authority to %q", v)
		}
		if x.Reset(); x.RequestTrailerCount() != 0 {
			t.Error("trailers outlive Reset")
		}
		if invariant.Enabled && first.At(0) != 0xdb {
			t.Error("what was lent is not poisoned")
		}
	}
	take(t, x, trailing, func(*Conn) {})
	if x.RequestTrailerCount() != 0 {
		t.Error("an exchange keeps the trailers of another request than was asked for")
	}
}

// TestTrailersLetGo checks that large sections are not hoarded, and that small
// ones cost no allocation.
func TestTrailersLetGo(t *testing.T) {
	x := new(Exchange)
	large := strings.TrimSuffix(trailing, "\r\n") + "C: " + strings.Repeat("c", maxKeptHead) + "\r\n\r\n"
	take(t, x, large, func(*Conn) { x.KeepTrailers() })
	if x.Reset(); cap(x.trailers.text) > maxKeptHead {
		t.Error("hoards")
	}
	octets := []byte(trailing)
	if n := testing.AllocsPerRun(100, func() {
		var c Conn
		at := 0
		for ev := EventNone; ev != EventEnd; {
			var n int
			ev, n = c.Next(x, octets[at:], &defaults)
			if at += n; ev == EventHead {
				x.KeepTrailers()
			}
		}
		if x.RequestTrailerCount() != 3 {
			t.Fatal("no trailers")
		}
		x.Reset()
	}); n != 0 && !invariant.Enabled {
		t.Errorf("%v allocations; want 0", n)
	}
}
