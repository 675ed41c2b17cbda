package http1_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

const (
	postChunked = " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	summed      = "2\r\nab\r\n1\r\nc\r\n0\r\nSum: 6\r\nHost: y\r\nnote:  n o \r\n\r\n"
)

// TestRequestTrailers checks that the trailer section comes with the content,
// in each place and however it is cut.
func TestRequestTrailers(t *testing.T) {
	for _, path := range []string{"/loop/trailers", "/pool/trailers", "/read/trailers"} {
		w := newWorld(t, sdk.Config{})
		request := "POST " + path + postChunked + summed
		for cut := range len(request) {
			p := w.dial(request[:cut])
			w.turns()
			p.Send([]byte(request[cut:] + "POST " + path + postChunked + "1\r\nz\r\n0\r\n\r\n" + getLoop))
			w.turns()
			w.want(p, path, ok, "\r\n\r\nabc Sum=6 note=n o sum is 6.HTTP/1.1 200 ", false)
			p.Reset()
		}
		p := w.dial(request + "POST " + path + postChunked + "1\r\nz\r\n0\r\n\r\n" + getLoop)
		w.want(p, path+", the next", ok, "\r\n\r\nz.HTTP/1.1 200 ", false)
		p = w.dial("POST " + path + postChunked + "0\r\nSum: 6\r\nSum\r\n")
		w.want(p, path+", malformed", "HTTP/1.1 400 ", "", true)
	}
}

// TestResponseTrailers checks who gets a trailer section, and that the
// connection goes on behind it.
func TestResponseTrailers(t *testing.T) {
	for _, path := range []string{"/loop/trailed", "/pool/trailed", "/stream/trailed", "/sized/trailed"} {
		w := newWorld(t, sdk.Config{})
		p := w.dial("GET " + path + " HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: TE\r\n\r\n" + getLoop)
		w.want(p, path, ok, "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nSum: 6\r\n\r\nHTTP/1.1 200 ", false)
		p = w.dial("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" + getLoop)
		w.turns()
		got := string(p.Received())
		if sized := strings.Contains(got, "Content-Length: 3\r\n"); strings.Contains(got, "Sum") || sized == (path == "/stream/trailed") {
			t.Errorf("%s, not asked for: got %q", path, got)
		}
		w.want(p, path+", not asked for", ok, "on the loop", false)
		p = w.dial("HEAD " + path + " HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n" + getLoop)
		w.want(p, path+", HEAD", ok, "\r\n\r\nHTTP/1.1 200 ", false)
	}
	w := newWorld(t, sdk.Config{})
	p := w.dial("GET /short/trailed HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n" + getLoop)
	w.turns()
	if got := string(p.Received()); strings.Contains(got, "Sum") || strings.Contains(got, "on the loop") || !p.Ended() {
		t.Errorf("too short: got %q, ended %v", got, p.Ended())
	}
}

// TestTrailersThatCannotBeSent checks that the client is never left to believe
// in a response whose trailers were refused, and that it is reported.
func TestTrailersThatCannotBeSent(t *testing.T) {
	for path, early := range map[string]bool{"/loop/trailed": true, "/pool/trailed": true, "/stream/trailed": false, "/sized/trailed": true} {
		for _, name := range []string{"Set-Cookie", "Host", "a:b"} {
			var panics []sdk.Panic
			w := newWorld(t, sdk.Config{OnPanic: func(p sdk.Panic) { panics = append(panics, p) }})
			p := w.dial("GET " + path + "?" + name + " HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n")
			w.turns()
			var refused *msg.FieldError
			if len(panics) != 1 || !errors.As(panics[0].Value.(error), &refused) || refused.Name != name {
				t.Errorf("%s?%s: reported %v", path, name, panics)
			}
			got := string(p.Received())
			if early {
				w.want(p, path, "HTTP/1.1 500 ", "Internal Server Error", false)
			} else if strings.HasSuffix(got, "0\r\n\r\n") || strings.Contains(got, "Sum") || !p.Ended() {
				t.Errorf("%s?%s: got %q, ended %v", path, name, got, p.Ended())
			}
		}
	}
}
