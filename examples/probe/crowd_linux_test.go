package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// patience bounds what a client of these tests waits for.
const patience = 20 * time.Second

// TestCrowd holds 10,000 connections at once, has each of them answered twice,
// and checks that nothing of them stays.
func TestCrowd(t *testing.T) {
	checkCrowd(t, 10_000, false)
}

// TestSecuredCrowd does the same with TLS, whose clients calculate much: there
// are fewer of them.
func TestSecuredCrowd(t *testing.T) {
	checkCrowd(t, 2_000, true)
}

func checkCrowd(t *testing.T, crowd int, secure bool) {
	t.Helper()
	size := min(crowd, raiseDescriptors(t)-100)
	if size < crowd {
		t.Logf("%d connections instead of %d: this machine allows no more descriptors", size, crowd)
	}
	server := startServer(t, secure)
	hold(t, server, 100) // what a server makes for its first connections is no leak
	before := server.settled(t, server.atRest)
	hold(t, server, size)
	after := server.settled(t, before)
	// Tables that grew with the crowd may stay, but nothing for each connection:
	// that would be as many objects as there were connections at least.
	if grown := after.less(before); grown.Objects > 400+size/20 || grown.Heap > 1<<20 {
		t.Errorf("memory stays: %+v", grown)
	}
	t.Logf("%d connections: before %+v, after %+v", size, before, after)
}

// hold opens connections, the only ones of the server, has each answered when it
// is new and when all are there, and closes them.
func hold(t *testing.T, server *server, size int) {
	t.Helper()
	conns := make([]net.Conn, 0, size)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for i := range size {
		c, _, err := server.dial()
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		conns = append(conns, c)
		if err := askPlaintext(c); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	if n := server.usage(t).Descriptors - server.atRest.Descriptors; n != size {
		t.Errorf("the server holds %d connections; want %d", n, size)
	}
	for i, c := range conns {
		if err := askPlaintext(c); err != nil {
			t.Fatalf("connection %d, second request: %v", i, err)
		}
	}
}

// polite is the life of a client that is answered.
func polite(server *server) error {
	c, _, err := server.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return askPlaintext(c)
}

// askPlaintext has one request answered.
func askPlaintext(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return err
	}
	var answer [512]byte
	n := 0
	for !bytes.HasSuffix(answer[:n], []byte("\r\n\r\nHello, World!")) {
		m, err := c.Read(answer[n:])
		if err != nil {
			return fmt.Errorf("after %q: %w", answer[:n], err)
		}
		n += m
	}
	return nil
}

// A rude client sends something, reads some octets of what it gets, and dies.
type rude struct {
	name, send string
	read       int64
}

var rudes = []rude{
	{"before it says anything", "", 0},
	{"in the request line", "GET /pla", 0},
	{"in a field", "GET /plaintext HTTP/1.1\r\nHost: x\r\nA", 0},
	{"before the answer", "GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n", 0},
	{"in the answer", "GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n", 10},
	{"in content that nobody reads", "POST /headers HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc", 0},
	{"in content that is read", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc", 10},
	{"in a chunk", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc", 10},
	{"in the line before a chunk", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nf", 0},
	{"when it is told to continue", "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", 10},
	{"in a large response", "GET /large?size=67108864 HTTP/1.1\r\nHost: x\r\n\r\n", 100_000},
	{"before a large response", "GET /large?size=67108864 HTTP/1.1\r\nHost: x\r\n\r\n", 0},
	{"in a streamed response", "GET /stream/1000 HTTP/1.1\r\nHost: x\r\n\r\n", 100},
	{"in a delay", "GET /delay/10000 HTTP/1.1\r\nHost: x\r\n\r\n", 0},
	{"between pipelined requests", strings.Repeat("GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n", 100), 50},
	{"between pipelined requests of both places", strings.Repeat("GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\nGET /stream/9 HTTP/1.1\r\nHost: x\r\n\r\n", 10), 50},
	{"after a refusal", "GET /plaintext HTTP/1.1\r\nHost : x\r\n\r\n", 20},
	{"after a panic", "GET /panic HTTP/1.1\r\nHost: x\r\n\r\n", 20},
}

// run is the life of a client. It dies with a reset, or as one that a process
// leaves behind.
func (r rude) run(server *server, reset bool) error {
	c, over, err := server.dial()
	if err != nil {
		return err
	}
	defer over.Close() // without what TLS has to say
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, r.send); err != nil {
		return err
	}
	if n, err := io.CopyN(io.Discard, c, r.read); err != nil {
		return fmt.Errorf("dies %s: got %d octets of %d: %w", r.name, n, r.read, err)
	}
	if reset {
		return over.SetLinger(0)
	}
	return nil
}

// A crowd of clients comes again and again. What a server keeps for reuse grows
// at first, and then no more; a leak grows each time, by one object for each
// client of some kind at least.
const (
	perKind = 20 // clients of a kind in a pass
	passes  = 10 // of the crowd between two looks
	looks   = 10 // before it is a leak
)

// compare has the crowd come until the memory of the server grows no more, and
// compares the rest of what it uses each time.
func compare(t *testing.T, server *server, crowd func()) {
	t.Helper()
	crowd()
	before := server.settled(t, server.atRest)
	for range looks {
		for range passes {
			crowd()
		}
		after := server.settled(t, before)
		t.Logf("before %+v, after %+v", before, after)
		if after.Objects-before.Objects < passes*perKind || t.Failed() {
			return
		}
		before = after
	}
	t.Error("its memory grows with every crowd")
}

// TestRudeClients has clients die everywhere in a request and a response, and
// checks that no descriptor, goroutine or memory of them stays.
func TestRudeClients(t *testing.T) { both(t, checkRudeClients) }

func checkRudeClients(t *testing.T, secure bool) {
	t.Helper()
	server := startServer(t, secure)
	crowd := func() {
		var running sync.WaitGroup
		for _, r := range rudes {
			running.Go(func() {
				for i := range perKind {
					if err := r.run(server, i%2 == 0); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		running.Wait()
		if err := polite(server); err != nil {
			t.Errorf("after the crowd: %v", err)
		}
	}
	compare(t, server, crowd)
}

// TestSlowClients has clients send octet by octet, and checks that they are
// answered and that nothing of them stays.
func TestSlowClients(t *testing.T) { both(t, checkSlowClients) }

func checkSlowClients(t *testing.T, secure bool) {
	t.Helper()
	server := startServer(t, secure)
	requests := []struct{ send, want string }{
		{"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: r\r\n\r\n", "abc"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", "abc"},
		{"POST /headers HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", "Host: x\nContent-Length: 3\nConnection: close\n"},
		{"\r\nGET /plaintext HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "Hello, World!"},
		{"GET /stream/2 HTTP/1.0\r\n\r\n", "line 1\nline 2\n"},
	}
	crowd := func() {
		var running sync.WaitGroup
		for _, r := range requests {
			for range perKind {
				running.Go(func() {
					if got, err := octetByOctet(server, r.send); err != nil || got != r.want {
						t.Errorf("%q: %q, %v", r.send, got, err)
					}
				})
			}
		}
		running.Wait()
	}
	compare(t, server, crowd)
}

// octetByOctet sends each octet in a segment of its own and returns the content
// of the response.
func octetByOctet(server *server, request string) (content string, err error) {
	c, _, err := server.dial()
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err = c.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	for i := range len(request) {
		if _, err = io.WriteString(c, request[i:i+1]); err != nil {
			return "", err
		}
		// The server may well read the octet before the next is there; nothing
		// depends on it.
		time.Sleep(100 * time.Microsecond)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return string(got), err
}

// raiseDescriptors raises the limit of descriptors of this process and its
// children as far as it may be, and returns it.
func raiseDescriptors(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	// A limit that is set here is the one that children get.
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(limit.Cur, 1<<20))
}

// TestIdleMemory bounds what a connection with TLS costs that has exchanged small
// records and waits, and says what it costs when it has received a full one.
func TestIdleMemory(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the checks need memory")
	}
	const size, most = 500, 8 << 10
	server := startServer(t, true)
	hold(t, server, 100)
	before := server.settled(t, server.atRest)
	var conns []net.Conn
	for range size {
		c, _, err := server.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
		if err := askPlaintext(c); err != nil {
			t.Fatal(err)
		}
	}
	small := server.usage(t).less(before).Heap / size
	if small > most {
		t.Errorf("an idle connection costs %d octets; want %d at most", small, most)
	}
	// 16 KiB of plaintext is as much as a record holds.
	fields := "GET /nocontent HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 16<<10-100) + "\r\n\r\n"
	for _, c := range conns {
		_, err := io.WriteString(c, fields)
		if err == nil {
			_, err = c.Read(make([]byte, 512))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d octets for an idle connection; %d when it has received a full record", small, server.usage(t).less(before).Heap/size)
}
