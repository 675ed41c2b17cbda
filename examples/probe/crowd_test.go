package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
)

// TestGoClient checks the table of routes with Go's http.Client, which keeps
// its connections.
func TestGoClient(t *testing.T) {
	server := startProbe(t, "http://127.0.0.1:0")
	client := &http.Client{Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	for _, tt := range []struct {
		method, target, body, auth string
		status                     int
		contentType, content       string // content with a "#" in front is a length
		allow                      string
	}{
		{method: "GET", target: "/plaintext", status: 200, contentType: "text/plain", content: "Hello, World!"},
		{method: "HEAD", target: "/plaintext", status: 200, contentType: "text/plain"},
		{method: "GET", target: "/json", status: 200, contentType: "application/json", content: `{"message":"Hello, World!"}`},
		{method: "GET", target: "/users/7", auth: "t", status: 200, contentType: "application/json", content: `{"id":7}`},
		{method: "GET", target: "/users/7", status: 401, contentType: "text/plain; charset=utf-8", content: "Unauthorized\n"},
		{method: "POST", target: "/echo", body: "over and out", status: 200, contentType: "application/octet-stream", content: "over and out"},
		{method: "POST", target: "/echo", body: strings.Repeat("x", 3<<20), status: 200, contentType: "application/octet-stream", content: "#3145728"},
		{method: "GET", target: "/nocontent", status: 204},
		{method: "GET", target: "/notmodified", status: 304},
		{method: "GET", target: "/large", status: 200, contentType: "application/octet-stream", content: "#1048576"},
		{method: "GET", target: "/large?size=67108864", status: 200, contentType: "application/octet-stream", content: "#67108864"},
		{method: "GET", target: "/large?size=67108865", status: 400, contentType: "text/plain; charset=utf-8", content: "size has to be from 0 to 67108864\n"},
		{method: "GET", target: "/delay/1", status: 200, contentType: "text/plain", content: "waited 1 ms\n"},
		{method: "GET", target: "/stream/3", status: 200, contentType: "text/plain", content: "line 1\nline 2\nline 3\n"},
		{method: "GET", target: "/panic", status: 500, contentType: "text/plain; charset=utf-8", content: "Internal Server Error\n"},
		{method: "OPTIONS", target: "/headers", status: 204, allow: "GET, HEAD, OPTIONS, POST"},
		{method: "PUT", target: "/headers", body: "x", status: 405, contentType: "text/plain; charset=utf-8", content: "Method Not Allowed\n", allow: "GET, HEAD, OPTIONS, POST"},
		{method: "GET", target: "/nowhere", status: 404, contentType: "text/plain; charset=utf-8", content: "Not Found\n"},
	} {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, server.url+tt.target, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.auth != "" {
				req.Header.Set("Authorization", tt.auth)
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			content, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			got := string(content)
			if strings.HasPrefix(tt.content, "#") {
				got = "#" + strconv.Itoa(len(content))
			}
			if res.StatusCode != tt.status || got != tt.content || res.Header.Get("Content-Type") != tt.contentType || res.Header.Get("Allow") != tt.allow {
				t.Errorf("%d, %q, %q, allow %q", res.StatusCode, res.Header.Get("Content-Type"), got, res.Header.Get("Allow"))
			}
			if res.Header.Get("Date") == "" {
				t.Error("no Date")
			}
		})
	}
}

// TestCrowd holds 10,000 connections at once, has each of them answered, and
// checks that nothing of them stays.
func TestCrowd(t *testing.T) {
	const crowd = 10_000
	server := startProbe(t, "http://127.0.0.1:0")
	before := server.descriptors(t)
	conns := make([]net.Conn, 0, crowd)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	ask := []byte("GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n")
	answer := make([]byte, 1024)
	round := func(c net.Conn) error {
		if _, err := c.Write(ask); err != nil {
			return err
		}
		n, err := c.Read(answer)
		if err == nil && !bytes.HasSuffix(answer[:n], []byte("\r\n\r\nHello, World!")) {
			err = fmt.Errorf("answered %q", answer[:n])
		}
		return err
	}
	for range crowd {
		c, err := net.Dial("tcp", strings.TrimPrefix(server.url, "http://"))
		if errors.Is(err, syscall.EMFILE) {
			t.Skipf("%d connections are all that this machine's limit on descriptors allows", len(conns))
		}
		if err != nil {
			t.Fatalf("connection %d: %v", len(conns), err)
		}
		conns = append(conns, c)
		if err := round(c); err != nil {
			t.Fatalf("connection %d: %v", len(conns), err)
		}
	}
	if n := server.descriptors(t) - before; n != crowd {
		t.Errorf("the server holds %d connections; want %d", n, crowd)
	}
	for i, c := range conns { // each is still served
		if err := round(c); err != nil {
			t.Fatalf("connection %d, second request: %v", i, err)
		}
	}
	for _, c := range conns {
		c.Close()
	}
	conns = nil
	settle(t, "descriptors", before, func() int { return server.descriptors(t) })
}

// TestRudeClients has clients die in mid-request and in mid-response, and send
// octet by octet, and checks that no descriptor and no goroutine stays.
func TestRudeClients(t *testing.T) {
	s, err := sdk.New(NewPipeline(new(Counter)), sdk.Config{
		Endpoints: []string{"http://127.0.0.1:0"}, Loops: 2, OnPanic: func(sdk.Panic) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	goroutines := runtime.NumGoroutine()
	served := make(chan error, 1)
	go func() { served <- s.Serve(t.Context()) }()
	addr := s.Addresses()[0].String()
	polite(t, addr)

	atRest, open := runtime.NumGoroutine(), descriptors(t)

	rude := []struct {
		name, send string
		read       int // octets read before the client dies
	}{
		{"in the request line", "GET /pla", 0},
		{"in a field", "GET /plaintext HTTP/1.1\r\nHost: x\r\nA", 0},
		{"in a body that is collected late", "POST /headers HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc", 0},
		{"in a body that streams", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc", 10},
		{"in a chunk", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc", 10},
		{"in a large response", "GET /large?size=67108864 HTTP/1.1\r\nHost: x\r\n\r\n", 100_000},
		{"before a large response is read", "GET /large?size=67108864 HTTP/1.1\r\nHost: x\r\n\r\n", 0},
		{"in a streamed response", "GET /stream/1000 HTTP/1.1\r\nHost: x\r\n\r\n", 100},
		{"in a delay", "GET /delay/10000 HTTP/1.1\r\nHost: x\r\n\r\n", 0},
		{"between pipelined requests", strings.Repeat("GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n", 100), 50},
	}
	var clients sync.WaitGroup
	for _, r := range rude {
		for i := range 20 {
			clients.Go(func() {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(c, r.send) // the server may be faster
				_, _ = io.CopyN(io.Discard, c, int64(r.read))
				if i%2 == 0 {
					_ = c.(*net.TCPConn).SetLinger(0) // dies with a reset
				}
				c.Close()
			})
		}
	}
	for range 20 {
		clients.Go(func() { octetByOctet(t, addr) })
	}
	clients.Wait()
	polite(t, addr)
	settle(t, "goroutines", atRest, runtime.NumGoroutine)
	settle(t, "descriptors", open, func() int { return descriptors(t) })

	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	settle(t, "goroutines after shutdown", goroutines, runtime.NumGoroutine)
}

// polite asks once and reads the answer.
func polite(t *testing.T, addr string) {
	t.Helper()
	res, err := http.Get("http://" + addr + "/plaintext")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Error(err)
	}
	res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
}

func octetByOctet(t *testing.T, addr string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	for _, b := range []byte("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n") {
		if _, err = c.Write([]byte{b}); err != nil {
			t.Error(err)
			return
		}
		time.Sleep(100 * time.Microsecond)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Error(err)
		return
	}
	content, err := io.ReadAll(res.Body)
	if err != nil || string(content) != "abc" {
		t.Errorf("octet by octet: %q, %v", content, err)
	}
}

// settle waits until count is at most want: the server notices a dead client
// some time after it died.
func settle(t *testing.T, what string, want int, count func() int) {
	t.Helper()
	got := count()
	for range 1000 {
		if got <= want {
			return
		}
		time.Sleep(10 * time.Millisecond)
		got = count()
	}
	t.Errorf("%d %s stay; want %d", got, what, want)
	if what == "goroutines" {
		b := make([]byte, 64<<10)
		t.Logf("%s", b[:runtime.Stack(b, true)])
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
