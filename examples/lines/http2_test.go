package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"golang.org/x/net/http2"

	"github.com/windhover-go/windhover/examples/internal/clients"
)

// TestStreams speaks lines on streams of one connection of HTTP/2 (RFC 8441), by
// turns, and ends them one after the other.
func TestStreams(t *testing.T) {
	url := clients.Start(t)
	// That of net/http does not take :protocol.
	transport := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) { //nolint:staticcheck // as above
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	defer transport.CloseIdleConnections() //nolint:staticcheck // as above
	var out []*io.PipeWriter
	var in []*bufio.Reader
	for range 5 {
		body, stream := io.Pipe()
		req, err := http.NewRequest(http.MethodConnect, url+"/lines", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header[":protocol"] = []string{"lines"}
		res, err := transport.RoundTrip(req) //nolint:staticcheck // as above
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		if res.StatusCode != 200 {
			t.Fatalf("answered %s", res.Status)
		}
		out, in = append(out, stream), append(in, bufio.NewReader(res.Body))
		expect(t, in[len(in)-1], "hello\n")
	}
	for i := range 20 {
		for n := range out {
			fmt.Fprintf(out[n], "line %d of %d\n", i, n)
			expect(t, in[n], fmt.Sprintf("LINE %d OF %d\n", i, n))
		}
	}
	for n := range out {
		if n%2 == 0 {
			fmt.Fprint(out[n], "quit\n")
		} else {
			out[n].Close()
		}
		expect(t, in[n], "")
	}
}
