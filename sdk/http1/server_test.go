package http1_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
)

// serve serves a on a socket, if config has no other endpoints, and returns its
// address.
func serve(t *testing.T, a *app, config sdk.Config) (addr string, s *sdk.Server) {
	t.Helper()
	if len(config.Endpoints) == 0 {
		config.Endpoints = []string{"http://127.0.0.1:0"}
		if *secure {
			config.Endpoints[0] = "https://127.0.0.1:0"
			config = secured(config)
		}
	}
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

// converse sends octets on a connection of its own, ends it, and returns what
// came back.
func converse(t *testing.T, addr, send string) string {
	t.Helper()
	c, _, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err = io.WriteString(c, send); err != nil {
		t.Fatal(err)
	}
	_ = c.CloseWrite()
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

// TestPolicyOfEndpoint sends what only one of the policies accepts to endpoints
// of both.
func TestPolicyOfEndpoint(t *testing.T) {
	scheme, _ := transport()
	_, s := serve(t, newApp(), secured(sdk.Config{Loops: 2, Endpoints: []string{
		scheme + "127.0.0.1:0", scheme + "127.0.0.1:0?policy=rfc", scheme + "127.0.0.1:0?policy=strict",
	}}))
	const loose = "\nPOST /loop/body HTTP/1.1\nHost: x\r\nContent-Length: 3, 3\nContent-Length: 3\n\nabc"
	for i, want := range []string{"HTTP/1.1 400 ", ok, "HTTP/1.1 400 "} {
		addr := s.Addresses()[i].String()
		if got := converse(t, addr, loose); !strings.HasPrefix(got, want) {
			t.Errorf("endpoint %d: got %q; want %s", i, got, want)
		}
		if got := converse(t, addr, strings.Repeat(getLoop, 2)+"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"); strings.Count(got, ok) != 2 || !strings.Contains(got, "HTTP/1.1 400 ") {
			t.Errorf("endpoint %d: got %q", i, got)
		}
	}
}

// TestContextEnds checks what ends the context of an exchange, and why.
func TestContextEnds(t *testing.T) {
	const request = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, tt := range []struct {
		name   string
		end    func(c conn, over *net.TCPConn, s *sdk.Server)
		cause  error
		answer bool // the client is still there to get one
	}{
		{"the peer has finished sending", func(c conn, over *net.TCPConn, _ *sdk.Server) { _ = c.CloseWrite(); _ = over.CloseWrite() }, sdk.ErrPeerClosed, true},
		{"the peer resets", func(_ conn, over *net.TCPConn, _ *sdk.Server) { _ = over.SetLinger(0); _ = over.Close() }, sdk.ErrPeerClosed, false},
		{"the server stops waiting", func(_ conn, _ *net.TCPConn, s *sdk.Server) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = s.Shutdown(ctx)
		}, sdk.ErrShutdown, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newApp()
			addr, s := serve(t, a, sdk.Config{Loops: 1})
			c, over, err := dial(addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, request); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond) // so that it runs; if it does not yet, it is cancelled when it does
			tt.end(c, over, s)
			if tt.answer {
				_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
				if got, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(got), "waited") {
					t.Errorf("answered %q, %v", got, err)
				}
			}
			for range 1000 {
				a.mu.Lock()
				causes := a.canceled
				a.mu.Unlock()
				if len(causes) == 1 {
					if causes[0] != tt.cause {
						t.Errorf("the cause is %v; want %v", causes[0], tt.cause)
					}
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Error("the context does not end")
		})
	}
}

// TestHalfCloseKeepsTheContext checks Config.HalfClose.
func TestHalfCloseKeepsTheContext(t *testing.T) {
	a := newApp()
	addr, _ := serve(t, a, sdk.Config{
		Loops: 1, HalfClose: true, Limits: sdk.Limits{ShutdownTimeout: 100 * time.Millisecond},
	})
	c, _, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = c.CloseWrite()
	time.Sleep(50 * time.Millisecond)
	a.mu.Lock()
	if len(a.canceled) != 0 {
		t.Errorf("cancelled: %v", a.canceled)
	}
	a.mu.Unlock()
}

// TestShutdownUnderLoad checks that a shutdown loses nothing of busy clients:
// every response that begins is complete, the last says close or the connection
// ends in order, and none is reset.
func TestShutdownUnderLoad(t *testing.T) {
	a := newApp()
	addr, s := serve(t, a, sdk.Config{Loops: 2, Limits: sdk.Limits{DrainTimeout: 5 * time.Second}})
	const clients = 32
	var running sync.WaitGroup
	answered := make([]int, clients)
	for i := range clients {
		c, _, err := dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		running.Go(func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			path := []string{"/loop", "/pool", "/ready", "/done"}[i%4]
			in := bufio.NewReader(c)
			for {
				if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
					t.Errorf("client %d cannot send: %v", i, err)
					return
				}
				if _, err := in.Peek(1); err != nil {
					if err != io.EOF {
						t.Errorf("client %d: %v; want a response or the end", i, err)
					}
					return
				}
				res, err := http.ReadResponse(in, nil)
				if err == nil {
					_, err = io.ReadAll(res.Body)
				}
				if err != nil || res.StatusCode != 200 {
					t.Errorf("client %d: a response that began is not complete: %v", i, err)
					return
				}
				if answered[i]++; res.Close {
					return
				}
			}
		})
	}
	time.Sleep(100 * time.Millisecond) // some load; how much does not matter
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	running.Wait()
	for i, n := range answered {
		if n == 0 {
			t.Errorf("client %d was never answered", i)
		}
	}
}

// TestShutdownFinishesWhatRuns checks that a shutdown closes idle connections
// at once, waits for an exchange, and lets its answer out.
func TestShutdownFinishesWhatRuns(t *testing.T) {
	a := newApp()
	release := make(chan struct{})
	a.routes["/slow"] = &route{plan: sdk.Plan{Name: "slow"}, head: func(_ *app, x *http1.Exchange) bool {
		<-release
		x.ResponseContent().Text("slow but sure")
		return false
	}}
	addr, s := serve(t, a, sdk.Config{Loops: 2, Limits: sdk.Limits{DrainTimeout: 100 * time.Millisecond}})
	idle, _, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	answer := make(chan string)
	go func() { answer <- converse(t, addr, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n") }()
	time.Sleep(50 * time.Millisecond)
	ended := make(chan error)
	go func() { ended <- s.Shutdown(context.Background()) }()
	_ = idle.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := idle.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the idle connection: %d octets, %v; want its end", n, err)
	}
	select {
	case err := <-ended:
		t.Fatal("the shutdown did not wait:", err)
	case <-time.After(50 * time.Millisecond):
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		// The kernel may still queue it; it must not be served.
		t.Log("a connection is queued while the server drains")
	}
	close(release)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := <-answer; !strings.HasSuffix(got, "slow but sure") || !strings.Contains(got, "Connection: close") {
		t.Errorf("answered %q", got)
	}
}

// upgradeOver changes to protocol over a socket, with Go's client. It returns
// nil, and reports it, when that is refused.
func upgradeOver(t *testing.T, addr, path, protocol string) io.ReadWriteCloser {
	t.Helper()
	scheme, client := transport()
	req, err := http.NewRequest("GET", scheme+addr+path, nil)
	if err != nil {
		t.Error(err)
		return nil
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", protocol)
	res, err := client.RoundTrip(req)
	if err != nil {
		t.Error(err)
		return nil
	}
	stream, ok := res.Body.(io.ReadWriteCloser)
	if res.StatusCode != 101 || !ok {
		t.Errorf("%s is answered %s", path, res.Status)
		return nil
	}
	return stream
}

// TestUpgradedOverSocket sends more than the kernel holds both ways at the same
// time.
func TestUpgradedOverSocket(t *testing.T) {
	const octets = 8 << 20
	a := newApp()
	a.upgrades("/p", sdk.Plan{}, func(_ *http1.Exchange, s sdk.UpgradedStream) error {
		written := make(chan error, 1)
		go func() {
			_, err := s.Write(bytes.Repeat([]byte("s"), octets))
			written <- errors.Join(err, s.CloseWrite())
		}()
		n, err := io.CopyN(io.Discard, s, octets)
		if n != octets {
			t.Errorf("the server got %d octets, %v", n, err)
		}
		return errors.Join(err, <-written)
	})
	addr, _ := serve(t, a, sdk.Config{Loops: 2})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			stream := upgradeOver(t, addr, "/p", "p")
			if stream == nil {
				return
			}
			var sent sync.WaitGroup
			sent.Go(func() { _, _ = stream.Write(bytes.Repeat([]byte("c"), octets)) })
			got, err := io.ReadAll(stream)
			sent.Wait()
			_ = stream.Close()
			if err != nil || !bytes.Equal(got, bytes.Repeat([]byte("s"), octets)) {
				t.Errorf("the client got %d octets, %v", len(got), err)
			}
		})
	}
	clients.Wait()
}

// TestUpgradedCloses lets everybody who may end a stream do so at once: the
// client, several goroutines and the function's return; and other requests go
// on meanwhile with the exchanges that were used.
func TestUpgradedCloses(t *testing.T) {
	a := newApp()
	a.upgrades("/p", sdk.Plan{}, func(_ *http1.Exchange, s sdk.UpgradedStream) error {
		for i := range 4 {
			go func() {
				buf := make([]byte, 1000)
				for err := error(nil); err != io.ErrClosedPipe; {
					if i%2 == 0 {
						_, err = s.Read(buf)
					} else {
						_, err = s.Write(buf)
					}
					if errors.Is(err, io.EOF) || errors.Is(err, sdk.ErrPeerClosed) {
						break
					}
					runtime.Gosched()
				}
				_ = s.Close()
			}()
		}
		buf := make([]byte, 1000)
		for range 20 {
			_, _ = s.Read(buf)
			_, _ = s.Write(buf)
		}
		return s.CloseWrite()
	})
	addr, _ := serve(t, a, sdk.Config{Loops: 2})
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			for range 20 {
				stream := upgradeOver(t, addr, "/p", "p")
				if stream == nil {
					return
				}
				if i%2 == 0 {
					_, _ = io.Copy(io.Discard, io.LimitReader(stream, 5000))
				} else {
					_, _ = stream.Write(make([]byte, 20_000))
				}
				_ = stream.Close()
				if got := converse(t, addr, "GET /pool HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasSuffix(got, "off the loop") {
					t.Errorf("another request was answered %q", got)
				}
			}
		})
	}
	clients.Wait()
}

type noTLS struct{}

func (noTLS) ConfiguresTLS() {}

// TestTLSIsDeclared checks that a server of an app without TLS says what is
// missing.
func TestTLSIsDeclared(t *testing.T) {
	for _, config := range []sdk.Config{
		{Endpoints: []string{"http://127.0.0.1:0", "https://127.0.0.1:0"}},
		{Endpoints: []string{"http://127.0.0.1:0"}, TLS: noTLS{}},
	} {
		if _, err := sdk.New(newApp(), config); err == nil || !strings.Contains(err.Error(), "add s.TLS() to the declaration") {
			t.Errorf("%v: %v; want an error that says what to declare", config.Endpoints, err)
		}
	}
}
