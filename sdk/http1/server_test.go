package http1_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
)

// serve serves a on a socket and returns its address.
func serve(t *testing.T, a *app, config sdk.Config) (addr string, s *sdk.Server) {
	t.Helper()
	config.Endpoints = []string{"http://127.0.0.1:0"}
	if config.OnPanic == nil {
		config.OnPanic = func(sdk.Panic) {}
	}
	s, err := sdk.New(a, config)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(t.Context()) }()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s.Addresses()[0].String(), s
}

// converse sends octets on a connection of its own, ends it, and returns what came back.
func converse(t *testing.T, addr, send string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, send); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(c)
	if err != nil {
		t.Errorf("after %q: %v", got, err)
	}
	return string(got)
}

// TestOverSocket sends each kind of request over a socket, one connection
// each and all pipelined on one.
func TestOverSocket(t *testing.T) {
	addr, _ := serve(t, newApp(), sdk.Config{Loops: 1})
	requests := []struct{ send, want string }{
		{"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n", "ready"},
		{"GET /loop HTTP/1.1\r\nHost: x\r\n\r\n", "on the loop"},
		{"GET /pool HTTP/1.1\r\nHost: x\r\n\r\n", "off the loop"},
		{"POST /loop/body HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "got abc"},
		{"POST /pool/body HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "got abc"},
		{"POST /pool/body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "got abc"},
		{"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "Forbidden"},
		{"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "read abc"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "3\r\nabc\r\n0\r\n\r\n"},
		{"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", "Not Found"},
		{"GET /panic HTTP/1.1\r\nHost: x\r\n\r\n", "Internal Server Error"},
		{"GET /split HTTP/1.1\r\nHost: x\r\n\r\n", "Internal Server Error"},
		{"GET /done HTTP/1.1\r\nHost: x\r\n\r\n", "done"},
	}
	var all strings.Builder
	for _, r := range requests {
		all.WriteString(r.send)
		if got := converse(t, addr, r.send); !strings.Contains(got, r.want) {
			t.Errorf("%q was answered\n%s\nwant %q", r.send, got, r.want)
		}
	}
	got := converse(t, addr, all.String())
	for _, r := range requests {
		at := strings.Index(got, r.want)
		if at < 0 {
			t.Fatalf("pipelined, %q is missing before\n%s", r.want, got)
		}
		got = got[at+len(r.want):]
	}
}
