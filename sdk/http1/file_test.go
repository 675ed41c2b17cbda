package http1_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// digits is a content in which every octet has its place.
func digits(n int) []byte {
	p := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(p)
	return p
}

// memory is a file that is none of the system, and counts how often it was closed.
type memory struct {
	io.ReaderAt
	closed *atomic.Int64
}

func (m memory) Close() error { m.closed.Add(1); return nil }

// faulty is a file that cannot be read, or not closed either.
type faulty struct{ closes bool }

var errFaulty = errors.New("the disk is gone")

func (faulty) ReadAt([]byte, int64) (int, error) { return 0, errFaulty }

func (f faulty) Close() error {
	if !f.closes {
		panic("no end")
	}
	return nil
}

type panicking struct{}

func (panicking) ReadAt([]byte, int64) (int, error) { panic("no file") }

// sends adds a route that sends what f says.
func (a *app) sends(path string, f func(x *http1.Exchange)) {
	a.routes[path] = &route{plan: sdk.Plan{Name: path, Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
		f(x)
		return false
	}}
}

// openTemp returns what opens a file with that content.
func openTemp(t *testing.T, content []byte) (open func() *os.File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return func() *os.File {
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
		}
		return f
	}
}

// newFiles returns an app that sends files of the system and of memory, small and
// large.
func newFiles(t *testing.T, small, large []byte, closed *atomic.Int64) *app {
	t.Helper()
	a := newApp()
	for size, content := range map[string][]byte{"small": small, "large": large} {
		open := openTemp(t, content)
		for kind, source := range map[string]func() io.ReaderAt{
			"system": func() io.ReaderAt { return open() },
			"memory": func() io.ReaderAt { return memory{bytes.NewReader(content), closed} },
		} {
			a.sends("/"+kind+"/"+size, func(x *http1.Exchange) {
				x.SetResponseFile(source())
				x.AppendResponseFile(0, int64(len(content)))
			})
			a.sends("/"+kind+"/"+size+"/parts", func(x *http1.Exchange) {
				x.SetResponseFile(source())
				x.ResponseContent().Text("<")
				x.AppendResponseFile(10, int64(len(content))-20)
				x.ResponseContent().Text("|")
				x.AppendResponseFile(0, 5)
				x.AppendResponseFile(7, 0)
				x.ResponseContent().Text(">")
				if x.RawQuery().Equal("trailers") {
					x.ResponseTrailers().Add("Sum", "6")
				}
			})
			a.sends("/"+kind+"/"+size+"/short", func(x *http1.Exchange) {
				x.SetResponseFile(source())
				x.AppendResponseFile(1, int64(len(content)))
			})
		}
	}
	return a
}

func parts(content []byte) string {
	return "<" + string(content[10:len(content)-10]) + "|" + string(content[:5]) + ">"
}

// TestFiles sends files in memory and of the system, small and large, whole and
// in parts, with what else a response can be, each twice on a connection.
func TestFiles(t *testing.T) {
	small, large := digits(100), digits(200_000)
	var closed atomic.Int64
	w := newWorldOf(t, newFiles(t, small, large, &closed), sdk.Config{})
	for size, content := range map[string][]byte{"small": small, "large": large} {
		for _, kind := range []string{"system", "memory"} {
			path := "/" + kind + "/" + size
			for _, tt := range []struct{ name, request, head, content string }{
				{"whole", "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n", "Content-Length: " + strconv.Itoa(len(content)) + "\r\n", string(content)},
				{"HEAD", "HEAD " + path + " HTTP/1.1\r\nHost: x\r\n\r\n", "Content-Length: " + strconv.Itoa(len(content)) + "\r\n", ""},
				{"HTTP/1.0", "GET " + path + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive\r\n", string(content)},
				{"parts", "GET " + path + "/parts HTTP/1.1\r\nHost: x\r\n\r\n", "Content-Length: " + strconv.Itoa(len(content)-12) + "\r\n", parts(content)},
				{"trailers", "GET " + path + "/parts?trailers HTTP/1.1\r\nHost: x\r\n\r\n", "", parts(content)},
			} {
				p := w.dial(tt.request + tt.request + getLoop)
				w.turns()
				got := string(p.Received())
				for range 2 {
					head, rest, _ := strings.Cut(got, "\r\n\r\n")
					if !strings.HasPrefix(head, ok) || !strings.Contains(head+"\r\n", tt.head) || !strings.HasPrefix(rest, tt.content) {
						t.Errorf("%s, %s: got %d octets behind\n%s", path, tt.name, len(rest), head)
					}
					got = rest[min(len(tt.content), len(rest)):]
				}
				if !strings.HasSuffix(got, "on the loop") || strings.Count(got, "HTTP/1.1 ") != 1 {
					t.Errorf("%s, %s: then comes %.100q", path, tt.name, got)
				}
			}
			w.wantTrailed(path, content)
		}
	}
	if closed.Load() != 2*(5*2+1) {
		t.Errorf("files were closed %d times", closed.Load())
	}
}

// wantTrailed checks a response with a trailer section, which is chunked.
func (w *world) wantTrailed(path string, content []byte) {
	w.t.Helper()
	p := w.dial("GET " + path + "/parts?trailers HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n")
	w.turns()
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(p.Received())), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := io.ReadAll(res.Body)
	if err != nil || string(got) != parts(content) || res.Trailer.Get("Sum") != "6" {
		w.t.Errorf("%s with a trailer section: %d octets, trailers %v, %v", path, len(got), res.Trailer, err)
	}
}

// TestFilesThatEnd checks that a file with less than was announced is no
// complete response, and that a small one is answered 500.
func TestFilesThatEnd(t *testing.T) {
	var closed atomic.Int64
	a := newFiles(t, digits(100), digits(200_000), &closed)
	a.sends("/faulty/small", func(x *http1.Exchange) {
		x.ResponseFields().Set("X-Half", "done")
		x.SetResponseFile(faulty{true})
		x.AppendResponseFile(0, 10)
	})
	a.sends("/faulty/large", func(x *http1.Exchange) {
		x.SetResponseFile(faulty{false})
		x.AppendResponseFile(0, 100_000)
	})
	a.sends("/panicking/large", func(x *http1.Exchange) {
		x.SetResponseFile(panicking{})
		x.AppendResponseFile(0, 100_000)
	})
	a.sends("/negative", func(x *http1.Exchange) {
		x.SetResponseFile(strings.NewReader("abc"))
		x.AppendResponseFile(-1, 2)
	})
	a.sends("/huge", func(x *http1.Exchange) {
		x.SetResponseFile(strings.NewReader("abc"))
		x.AppendResponseFile(0, 1<<62)
		x.AppendResponseFile(0, 1<<62)
	})
	w := newWorldOf(t, a, sdk.Config{})
	for path, status := range map[string]string{
		"/system/small/short": "500", "/memory/small/short": "500", "/system/large/short": "200", "/memory/large/short": "200",
		"/faulty/small": "500", "/faulty/large": "500", "/panicking/large": "500", "/negative": "500", "/huge": "500",
	} {
		p := w.dial("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" + getLoop)
		w.turns()
		got := string(p.Received())
		if !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") || strings.Contains(got, "X-Half") {
			t.Errorf("%s: got %.200q", path, got)
		}
		if cut := status == "200"; cut != (p.Broken() && !strings.Contains(got, "on the loop")) {
			t.Errorf("%s: the connection was cut off: %v", path, p.Broken())
		}
		if status == "200" && a.outcomes[len(a.outcomes)-1].Err == nil {
			t.Errorf("%s: the outcome has no error", path)
		}
	}
	if closed.Load() != 2 {
		t.Errorf("files were closed %d times", closed.Load())
	}
}

// TestFilesReplaced checks what becomes of a file that is not sent.
func TestFilesReplaced(t *testing.T) {
	var closed atomic.Int64
	source := func() io.ReaderAt { return memory{strings.NewReader("0123456789"), &closed} }
	a := newApp()
	attach := func(x *http1.Exchange) {
		x.SetResponseFile(source())
		x.AppendResponseFile(0, 10)
	}
	a.sends("/panic", func(x *http1.Exchange) { attach(x); panic("on purpose") })
	a.sends("/error", func(x *http1.Exchange) { attach(x); x.SetResponseFile(nil); sdk.WriteError(x, sdk.ErrConflict) })
	a.sends("/other", func(x *http1.Exchange) {
		attach(x)
		x.SetResponseFile(source())
		x.AppendResponseFile(3, 2)
	})
	a.sends("/field", func(x *http1.Exchange) { attach(x); x.ResponseFields().Set("X", "\n") })
	a.sends("/opened", func(x *http1.Exchange) { _ = x.OpenResponse().Flush(); attach(x) })
	a.sends("/opens", func(x *http1.Exchange) { attach(x); _, _ = x.OpenResponse().Write([]byte("abc")) })
	a.sends("/nothing", func(x *http1.Exchange) { attach(x); x.SetStatus(204) })
	a.sends("/part", func(x *http1.Exchange) { x.AppendResponseFile(0, 10) })
	a.routes["/loop"].head = func(_ *app, x *http1.Exchange) bool { attach(x); return false }
	w := newWorldOf(t, a, sdk.Config{})
	for _, tt := range []struct {
		path, status, content string
		ended                 bool
		closed                int64
	}{
		{"/panic", "500", "Internal Server Error\n", false, 1},
		{"/error", "409", "Conflict\n", false, 1},
		{"/other", "200", "34", false, 2},
		{"/field", "500", "Internal Server Error\n", false, 1},
		{"/opened", "200", "\r\n\r\n", true, 1},
		{"/opens", "500", "Internal Server Error\n", false, 1},
		{"/nothing", "204", "\r\n\r\n", false, 1},
		{"/part", "200", "Content-Length: 0\r\n", false, 0},
		{"/loop", "500", "Internal Server Error\n", false, 1},
	} {
		before := closed.Load()
		p := w.dial("GET " + tt.path + " HTTP/1.1\r\nHost: x\r\n\r\n")
		w.turns()
		got := string(p.Received())
		if !strings.HasPrefix(got, "HTTP/1.1 "+tt.status+" ") || !strings.Contains(got, tt.content) || strings.Contains(got, "0123") || p.Ended() != tt.ended {
			t.Errorf("%s: got %q, ended %v", tt.path, got, p.Ended())
		}
		if n := closed.Load() - before; n != tt.closed {
			t.Errorf("%s: closed %d files; want %d", tt.path, n, tt.closed)
		}
	}
}

// TestSimFiles sends files over many schedules to peers with small windows.
func TestSimFiles(t *testing.T) {
	small, large := digits(100), digits(40_000)
	var closed atomic.Int64
	a := newFiles(t, small, large, &closed)
	for seed := range uint64(60) {
		s, err := sdktest.NewServer(a, sim.New(seed, sim.Faults{}), sdk.Config{StallAfter: sdk.Unlimited})
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Network.Dial(s.Address)
		if err != nil {
			t.Fatal(err)
		}
		p.SetWindow(3000)
		kind := []string{"system", "memory"}[seed%2]
		for _, path := range []string{"large", "small/parts", "large/parts"} {
			p.Send([]byte("GET /" + kind + "/" + path + " HTTP/1.1\r\nHost: x\r\n\r\n"))
		}
		end := parts(large)
		for turn := 0; !bytes.HasSuffix(p.Received(), []byte(end)); turn++ {
			if err := s.Step(0); err != nil || turn > 100_000 {
				t.Fatalf("seed %d: after %d octets: %v", seed, len(p.Received()), err)
			}
		}
		got := p.Received()
		for _, want := range []string{string(large), parts(small), end} {
			_, rest, _ := bytes.Cut(got, []byte("\r\n\r\n"))
			if !bytes.HasPrefix(rest, []byte(want)) {
				t.Fatalf("seed %d: other octets than those of the file", seed)
			}
			got = rest[len(want):]
		}
		if err := s.End(); err != nil {
			t.Fatal(fmt.Errorf("seed %d: %w", seed, err))
		}
	}
}

// TestFilesOverSocket sends a file that is larger than what the kernel keeps: to
// a client that reads with pauses, to one that goes, and while the file becomes
// longer and shorter.
func TestFilesOverSocket(t *testing.T) {
	content := digits(16 << 20)
	open := openTemp(t, content)
	first := open()
	path := first.Name()
	_ = first.Close()
	resize := func(n int64) {
		if err := os.Truncate(path, n); err != nil {
			t.Error(err)
		}
	}
	var files []*os.File
	var mu sync.Mutex
	a := newApp()
	a.sends("/file", func(x *http1.Exchange) {
		f := open()
		mu.Lock()
		files = append(files, f)
		mu.Unlock()
		x.SetResponseFile(f)
		x.AppendResponseFile(0, int64(len(content)))
	})
	addr, _ := serve(t, a, sdk.Config{Loops: 1})
	for _, tt := range []struct {
		name string
		size int64 // of the file, once the client has read a part
		gone bool
		want int
		err  error // of the outcome
	}{
		{"slowly", 16 << 20, false, 16 << 20, nil},
		{"longer", 20 << 20, false, 16 << 20, nil},
		{"gone", 16 << 20, true, 0, sdk.ErrPeerClosed},
		{"shorter", 8 << 20, false, 8 << 20, h1.ErrContentLength},
	} {
		resize(16 << 20)
		c, over, err := dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = io.WriteString(c, "GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
		in := bufio.NewReader(c)
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 0, len(content))
		for len(got) < 1<<20 { // each read is a little of what the kernel holds
			n, err := res.Body.Read(got[len(got) : len(got)+1000])
			if got = got[:len(got)+n]; err != nil {
				t.Fatal(err)
			}
			runtime.Gosched()
		}
		resize(tt.size)
		if tt.gone {
			_ = over.SetLinger(0)
			_ = over.Close()
		} else {
			rest, err := io.ReadAll(res.Body)
			got = append(got, rest...)
			if short := tt.want < len(content); (err != nil) != short || len(got) > len(content) || !short && !bytes.Equal(got, content) {
				t.Errorf("%s: got %d octets, %v", tt.name, len(got), err)
			}
			_ = c.Close()
		}
		for {
			a.mu.Lock()
			outcomes := a.outcomes
			a.mu.Unlock()
			if len(outcomes) > 0 {
				if out := outcomes[0]; !errors.Is(out.Err, tt.err) || out.Status != 200 || tt.err == nil && out.Octets != int64(tt.want) {
					t.Errorf("%s: the outcome is %+v", tt.name, out)
				}
				break
			}
			time.Sleep(time.Millisecond)
		}
		a.mu.Lock()
		a.outcomes = nil
		a.mu.Unlock()
	}
	for _, f := range files {
		if _, err := f.Stat(); !errors.Is(err, os.ErrClosed) {
			t.Error("a file is still open")
		}
	}
}
