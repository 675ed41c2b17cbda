package h1

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
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

// TestResponseTrailers checks which responses have a trailer section, and how
// they are framed.
func TestResponseTrailers(t *testing.T) {
	const (
		asks    = get + "\nTE: trailers"
		section = "0\r\nSum: 6\r\nNote: a\r\n\r\n"
		chunked = "200 OK\nTransfer-Encoding: chunked\n\n3\r\nabc\r\n"
	)
	for _, tt := range []struct {
		name, request string
		status        int
		way           string // whole, stream, declared, late: the trailers come after the head, none
		want          string
	}{
		{name: "whole", request: asks, way: "whole", want: chunked + section},
		{name: "whole, without content", request: asks, way: "empty", want: "200 OK\nTransfer-Encoding: chunked\n\n" + section},
		{name: "streamed", request: asks, way: "stream", want: chunked + section},
		{name: "of a declared length", request: asks, way: "declared", want: chunked + section},
		{name: "added behind the head", request: asks, way: "late", want: chunked + section},
		{name: "added behind a head with a length", request: asks, way: "late declared", want: "200 OK\nContent-Length: 3\n\nabc"},
		{name: "none, whole", request: asks, way: "none whole", want: "200 OK\nContent-Length: 3\n\nabc"},
		{name: "none, streamed", request: asks, way: "none stream", want: chunked + "0\r\n\r\n"},
		{name: "none, of a declared length", request: asks, way: "none declared", want: chunked + "0\r\n\r\n"},
		{name: "nobody asked, whole", request: get, way: "whole", want: "200 OK\nContent-Length: 3\n\nabc"},
		{name: "nobody asked, streamed", request: get, way: "stream", want: chunked + "0\r\n\r\n"},
		{name: "nobody asked, of a declared length", request: get, way: "declared", want: "200 OK\nContent-Length: 3\n\nabc"},
		{name: "another TE", request: get + "\nTE: gzip;q=0.5, trailers2, xtrailers", way: "whole", want: "200 OK\nContent-Length: 3\n\nabc"},
		{name: "one of a list", request: get + "\nTE: gzip;q=0.5 ,\t Trailers", way: "whole", want: chunked + section},
		{name: "one of several lines", request: get + "\nTE: gzip\nte:trailers", way: "whole", want: chunked + section},
		{name: "HTTP/1.0, whole", request: old + "\nTE: trailers", way: "whole", want: "200 OK\nContent-Length: 3\nConnection: close\n\nabc"},
		{name: "HTTP/1.0, streamed", request: old + "\nTE: trailers", way: "stream", want: "200 OK\nConnection: close\n\nabc"},
		{name: "HTTP/1.0, of a declared length", request: old + "\nTE: trailers", way: "declared", want: "200 OK\nContent-Length: 3\nConnection: close\n\nabc"},
		{name: "HEAD", request: head + "\nTE: trailers", way: "whole", want: "200 OK\nTransfer-Encoding: chunked\n\n"},
		{name: "HEAD streamed", request: head + "\nTE: trailers", way: "stream", want: "200 OK\nTransfer-Encoding: chunked\n\n"},
		{name: "no content", request: asks, status: 204, way: "whole", want: "204 No Content\n\n"},
		{name: "reset content", request: asks, status: 205, way: "stream", want: "205 Reset Content\nContent-Length: 0\n\n"},
		{name: "not modified", request: asks, status: 304, way: "declared", want: "304 Not Modified\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := begin(t, tt.request)
			if tt.status != 0 {
				x.SetStatus(tt.status)
			}
			add := func() {
				if trailers := x.ResponseTrailers(); !strings.HasPrefix(tt.way, "none") {
					trailers.Add("Sum", "6")
					trailers.Add("Note", "a")
				}
			}
			late := strings.HasPrefix(tt.way, "late")
			if !late {
				add()
			}
			var dst []byte
			if strings.HasSuffix(tt.way, "whole") || tt.way == "empty" {
				if tt.way != "empty" {
					x.ResponseContent().Text("abc")
				}
				dst = x.AppendTrailed(nil, []byte(date))
			} else {
				declared := int64(-1)
				if strings.HasSuffix(tt.way, "declared") {
					declared = 3
				}
				dst = x.AppendStreamHead(nil, []byte(date), declared)
				if late {
					add()
				}
				var err1, err2 error
				dst, err1 = x.AppendStreamContent(dst, []byte("abc"))
				if dst, err2 = x.AppendStreamEnd(dst); err1 != nil || err2 != nil {
					t.Error(err1, err2)
				}
			}
			check(t, string(dst), tt.want)
			if err := x.TrailersErr(); err != nil {
				t.Error(err)
			}
			x.Reset()
			if x.ResponseTrailers().Count() != 0 {
				t.Error("trailers outlive Reset")
			}
		})
	}
}

// TestTrailedLength checks that a declared length holds in the chunked coding
// too.
func TestTrailedLength(t *testing.T) {
	for _, content := range []string{"ab", "abcd"} {
		x := begin(t, get+"\nTE: trailers")
		x.ResponseTrailers().Add("a", "b")
		dst := x.AppendStreamHead(nil, []byte(date), 3)
		n := len(dst)
		dst, err := x.AppendStreamContent(dst, []byte(content))
		if len(content) < 3 && err == nil {
			n = len(dst)
			dst, err = x.AppendStreamEnd(dst)
		}
		if err != ErrContentLength || len(dst) != n || x.Persists() {
			t.Errorf("%q: %v, %q, persists %t", content, err, dst[n:], x.Persists())
		}
	}
}

// TestTrailersRefused checks what cannot be in a trailer section.
func TestTrailersRefused(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		want        error
	}{
		{"Content-Type", "a", msg.ErrFieldTrailer},
		{"host", "a", msg.ErrFieldTrailer},
		{"Set-Cookie", "a", msg.ErrFieldTrailer},
		{"Trailer", "a", msg.ErrFieldTrailer},
		{"Connection", "close", msg.ErrFieldTrailer},
		{"Date", "a", msg.ErrFieldTrailer},
		{"Content-Length", "3", msg.ErrFieldReserved},
		{"Transfer-Encoding", "chunked", msg.ErrFieldReserved},
		{"a", "b\r\nc: d", msg.ErrFieldValue},
		{"a b", "c", msg.ErrFieldName},
	} {
		x := begin(t, get)
		x.ResponseTrailers().Add("Fine", "a")
		x.ResponseTrailers().Add(tt.name, tt.value)
		var refused *msg.FieldError
		if err := x.TrailersErr(); !errors.Is(err, tt.want) || !errors.As(err, &refused) || refused.Name != tt.name {
			t.Errorf("%s: %v; want %v", tt.name, err, tt.want)
		}
		if x.ResetResponse(); x.TrailersErr() != nil || x.ResponseTrailers().Count() != 0 {
			t.Errorf("%s outlives ResetResponse", tt.name)
		}
	}
}

// TestTrailedDoesNotAllocate checks the steady state.
func TestTrailedDoesNotAllocate(t *testing.T) {
	x := begin(t, get+"\nTE: trailers")
	x.Pin()
	dst, when, section := make([]byte, 0, 1024), []byte(date), []byte("\r\n0\r\nSum: 6\r\n\r\n")
	if n := testing.AllocsPerRun(100, func() {
		x.ResponseTrailers().Add("Sum", "6")
		x.ResponseContent().Text("abc")
		if err := x.TrailersErr(); err != nil {
			t.Fatal(err)
		}
		if dst = x.AppendTrailed(dst[:0], when); !bytes.HasSuffix(dst, section) {
			t.Fatalf("%q", dst)
		}
		x.ResetResponse()
	}); n != 0 && !invariant.Enabled {
		t.Errorf("%v allocations; want 0", n)
	}
}
