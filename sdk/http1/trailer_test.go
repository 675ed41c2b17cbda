package http1_test

import (
	"testing"

	"github.com/windhover-go/windhover/sdk"
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
