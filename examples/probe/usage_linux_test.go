package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/windhover-go/windhover/examples/internal/clients"
	"github.com/windhover-go/windhover/sdk"
)

// serverVariable, an endpoint, makes the test binary the server: with the race
// detector and the invariants of the tests, and able to say what it uses.
const serverVariable = "PROBE_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) == "" {
		os.Exit(m.Run())
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// usage is what the process of a server uses.
type usage struct {
	Goroutines  int
	Descriptors int
	Heap        int // octets that are in use after a collection
	Objects     int // how many objects they are in
}

// busier reports whether u has goroutines or descriptors that v has not.
func (u usage) busier(v usage) bool {
	return u.Goroutines > v.Goroutines || u.Descriptors > v.Descriptors
}

// less returns by how much u is more than v.
func (u usage) less(v usage) usage {
	return usage{u.Goroutines - v.Goroutines, u.Descriptors - v.Descriptors, u.Heap - v.Heap, u.Objects - v.Objects}
}

// serve runs the app. It writes its address, its usage for each line that it
// reads, and at the end of its input by how much its usage has grown from before
// the start to after the shutdown.
func serve(in io.Reader, out io.Writer) error {
	config := sdk.Config{
		Endpoints: []string{os.Getenv(serverVariable)}, Loops: 2, OnPanic: func(sdk.Panic) {}, OnStall: func(sdk.Stall) {},
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	// The first server makes what belongs to the process: descriptors of the
	// runtime, tables of packages.
	first, err := sdk.New(NewPipeline(new(Counter)), config)
	if err != nil {
		return err
	}
	if err = first.Shutdown(ctx); err != nil {
		return err
	}
	before := measure()
	s, err := sdk.New(NewPipeline(new(Counter)), config)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	answers := json.NewEncoder(out)
	if err := answers.Encode(s.Addresses()[0].TCP); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if err := answers.Encode(measure()); err != nil {
			return err
		}
	}
	stop()
	if err := <-served; err != nil {
		return err
	}
	after := measure()
	for deadline := time.Now().Add(patience); after.busier(before) && time.Now().Before(deadline); after = measure() {
		time.Sleep(time.Millisecond) // the last goroutines are about to return
	}
	return answers.Encode(after.less(before))
}

func measure() (u usage) {
	runtime.GC()
	runtime.GC() // what a sync.Pool holds is free only now
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	list, _ := os.ReadDir("/proc/self/fd") // none would be noticed
	return usage{runtime.NumGoroutine(), len(list), int(memory.HeapAlloc), int(memory.HeapObjects)}
}

// A server is one that runs as a process of its own.
type server struct {
	addr    string
	tls     *tls.Config // of its clients; nil: it is in the clear
	in      io.WriteCloser
	answers *json.Decoder
	atRest  usage // before its first client
}

// startServer starts a server and ends it with the test. Then nothing of it may
// be left but its process.
func startServer(t *testing.T, secure bool) *server {
	t.Helper()
	s := new(server)
	endpoint := "http://127.0.0.1:0"
	if secure {
		c := clients.NewCertificate(t)
		endpoint, s.tls = c.URL(), &tls.Config{RootCAs: c.Pool, ServerName: "localhost"}
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverVariable+"="+endpoint)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.in, s.answers = in, json.NewDecoder(out)
	t.Cleanup(func() {
		late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		_ = in.Close()
		var grown usage
		err := s.answers.Decode(&grown)
		if failed := cmd.Wait(); failed != nil || err != nil {
			t.Errorf("the server did not shut down in order: %v, %v", failed, err)
		}
		if grown.busier(usage{}) {
			t.Errorf("after the shutdown there is more than before the start: %+v", grown)
		}
	})
	if err := s.answers.Decode(&s.addr); err != nil {
		t.Fatal(err)
	}
	s.atRest = s.started(t)
	return s
}

// both runs a test in the clear and over TLS.
func both(t *testing.T, f func(t *testing.T, secure bool)) {
	t.Helper()
	t.Run("clear", func(t *testing.T) { f(t, false) })
	t.Run("TLS", func(t *testing.T) { f(t, true) })
}

// dial connects a client. over is the connection below TLS.
func (s *server) dial() (c net.Conn, over *net.TCPConn, err error) {
	c, err = net.Dial("tcp", s.addr)
	if err != nil {
		return nil, nil, err
	}
	over = c.(*net.TCPConn)
	if s.tls == nil {
		return c, over, nil
	}
	secured := tls.Client(c, s.tls)
	_ = c.SetDeadline(time.Now().Add(patience))
	if err = secured.Handshake(); err != nil {
		c.Close()
		return nil, nil, err
	}
	return secured, over, nil
}

// usage asks the server what it uses now.
func (s *server) usage(t *testing.T) (u usage) {
	t.Helper()
	_, err := io.WriteString(s.in, "\n")
	if err == nil {
		err = s.answers.Decode(&u)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// started waits until the server starts nothing more, and returns what it uses
// then.
func (s *server) started(t *testing.T) usage {
	t.Helper()
	u := s.usage(t)
	for same := 0; same < 5; same++ {
		time.Sleep(10 * time.Millisecond)
		before := u
		if u = s.usage(t); u.busier(before) || before.busier(u) {
			same = 0
		}
	}
	return u
}

// settled waits until the server has no more goroutines and descriptors than
// before, and returns what it uses then.
func (s *server) settled(t *testing.T, before usage) usage {
	t.Helper()
	for deadline := time.Now().Add(noticed); ; time.Sleep(10 * time.Millisecond) {
		u := s.usage(t)
		if !u.busier(before) {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("%+v stay", u.less(before))
			break
		}
	}
	// Once more: the collection came before the counting, when the last
	// connections may still have been there.
	return s.usage(t)
}

// noticed is the time in which a server has to notice that a client is gone. It
// is less than the longest delay of the app, so that one which is not cancelled
// is found.
const noticed = 8 * time.Second
