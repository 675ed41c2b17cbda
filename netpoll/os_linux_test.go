package netpoll_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll"
)

// echo sends back what it receives and closes when its peer has ended.
type echo struct {
	closed *int // counts Closed, if not nil
}

func (e *echo) Receive(c *netpoll.Conn, in []byte) int {
	c.SetOut(append(c.Out(), in...))
	return len(in)
}
func (e *echo) Ended(c *netpoll.Conn, reset bool) { c.Close() }
func (e *echo) Expired(c *netpoll.Conn)           { c.Close() }
func (e *echo) Returned(*netpoll.Conn)            {}
func (e *echo) Draining(c *netpoll.Conn)          { c.Close() }
func (e *echo) Closed(*netpoll.Conn) {
	if e.closed != nil {
		*e.closed++
	}
}

// serveOS runs a loop of the operating system until the test ends, and returns
// its address. accept makes the handlers.
func serveOS(t *testing.T, addr string, o netpoll.ListenOptions, options netpoll.LoopOptions, accept func(*netpoll.Conn) netpoll.Handler) (*netpoll.Loop, netip.AddrPort) {
	t.Helper()
	sys := netpoll.OS()
	fd, bound, err := sys.Listen(netip.MustParseAddrPort(addr), o)
	if err != nil {
		t.Skipf("this machine cannot listen on %s: %v", addr, err)
	}
	k, err := sys.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	l := netpoll.NewLoop(k, options)
	if err := l.Serve(fd, accept); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Run() }()
	t.Cleanup(func() {
		l.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if l.Post(nil) {
			t.Error("Post succeeds after the end")
		}
		if err := sys.Close(fd); err != nil {
			t.Error(err)
		}
	})
	return l, bound
}

// exchange sends data and reads until the end.
func exchange(t *testing.T, c net.Conn, data []byte) []byte {
	t.Helper()
	go func() {
		_, _ = c.Write(data)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOSEchoes(t *testing.T) {
	for name, c := range map[string]struct {
		listen, dial string
		options      netpoll.ListenOptions
	}{
		"IPv4":                {"127.0.0.1:0", "127.0.0.1", netpoll.ListenOptions{}},
		"IPv6":                {"[::1]:0", "::1", netpoll.ListenOptions{}},
		"dual stack for IPv4": {"[::]:0", "127.0.0.1", netpoll.ListenOptions{DualStack: true}},
		"dual stack for IPv6": {"[::]:0", "::1", netpoll.ListenOptions{DualStack: true}},
		"shared":              {"127.0.0.1:0", "127.0.0.1", netpoll.ListenOptions{Shared: true}},
	} {
		t.Run(name, func(t *testing.T) {
			remote := make(chan netip.AddrPort, 2)
			_, addr := serveOS(t, c.listen, c.options, netpoll.LoopOptions{}, func(c *netpoll.Conn) netpoll.Handler {
				remote <- c.RemoteAddr()
				remote <- c.LocalAddr()
				return &echo{}
			})
			peer, err := net.Dial("tcp", netip.AddrPortFrom(netip.MustParseAddr(c.dial), addr.Port()).String())
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			data := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
			if got := exchange(t, peer, data); !bytes.Equal(got, data) {
				t.Fatalf("%d octets came back; want %d", len(got), len(data))
			}
			if got := (<-remote).String(); got != peer.LocalAddr().String() {
				t.Errorf("the remote address is %s; want %s", got, peer.LocalAddr())
			}
			if got := (<-remote).String(); got != peer.RemoteAddr().String() {
				t.Errorf("the local address is %s; want %s", got, peer.RemoteAddr())
			}
		})
	}
}

var _ = []any{errors.Is, os.Getpid, runtime.NumGoroutine, sync.OnceFunc, syscall.Getpid}
