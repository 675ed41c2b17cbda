package netpoll_test

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll"
)

// local returns the operating system with its Unix sockets.
func local(t *testing.T) netpoll.LocalSystem {
	t.Helper()
	sys, ok := netpoll.OS().(netpoll.LocalSystem)
	if !ok {
		t.Fatal("the operating system has no Unix sockets")
	}
	return sys
}

// echoes reports whether somebody at path sends back what it gets.
func echoes(path string) bool {
	p, err := net.Dial("unix", path)
	if err != nil {
		return false
	}
	defer p.Close()
	_ = p.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err = io.WriteString(p, "hello"); err != nil {
		return false
	}
	got := make([]byte, 5)
	_, err = io.ReadFull(p, got)
	return err == nil && string(got) == "hello"
}

// serveShared runs loops that share fd until the test ends, and counts what
// each of them accepts.
func serveShared(t *testing.T, sys netpoll.System, fd int, counts []atomic.Int64) {
	t.Helper()
	for i := range counts {
		k, err := sys.Kernel()
		if err != nil {
			t.Fatal(err)
		}
		l := netpoll.NewLoop(k, netpoll.LoopOptions{})
		if err := l.ServeShared(fd, func(c *netpoll.Conn) netpoll.Handler {
			if c.RemoteAddr() != (netip.AddrPort{}) || c.LocalAddr() != (netip.AddrPort{}) {
				t.Errorf("a Unix socket has the addresses %v and %v", c.RemoteAddr(), c.LocalAddr())
			}
			counts[i].Add(1)
			return &echo{}
		}); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- l.Run() }()
		t.Cleanup(func() {
			l.Stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestUnixSocket checks a Unix socket that several loops share, with a burst of
// connections.
func TestUnixSocket(t *testing.T) {
	sys := local(t)
	path := filepath.Join(t.TempDir(), "sock")
	fd, err := sys.ListenUnix(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
	t.Run("serve", func(t *testing.T) {
		var peers []net.Conn
		for range 100 {
			p, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			peers = append(peers, p)
		}
		counts := make([]atomic.Int64, 2)
		serveShared(t, sys, fd, counts) // a burst: all of them wait already
		for _, p := range peers {
			_ = p.SetDeadline(time.Now().Add(10 * time.Second))
			data := bytes.Repeat([]byte("0123456789"), 1000)
			go func() { _, _ = p.Write(data) }()
			got := make([]byte, len(data))
			if _, err := io.ReadFull(p, got); err != nil || !bytes.Equal(got, data) {
				t.Fatal("no echo", err)
			}
		}
		if a, b := counts[0].Load(), counts[1].Load(); a+b != 100 {
			t.Errorf("the loops have %d and %d connections; want 100", a, b)
		}
	})
	if err := sys.Close(fd); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the file is not removed: %v", err)
	}
}

// TestUnixSocketInTheWay checks what ListenUnix does with a path that is taken.
func TestUnixSocketInTheWay(t *testing.T) {
	sys := local(t)
	path := filepath.Join(t.TempDir(), "sock")
	fd, err := sys.ListenUnix(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := local(t).ListenUnix(path, 0); err == nil || !strings.Contains(err.Error(), "another process answers") {
		t.Errorf("a second server gets %v", err)
	}
	serveShared(t, sys, fd, make([]atomic.Int64, 1))
	if !echoes(path) {
		t.Error("the first server does not answer any more")
	}

	t.Run("stale", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "sock")
		dead, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err = syscall.Bind(dead, &syscall.SockaddrUnix{Name: path}); err != nil {
			t.Fatal(err)
		}
		_ = syscall.Close(dead)
		fd, err := sys.ListenUnix(path, 0)
		if err != nil {
			t.Fatalf("a stale socket is in the way: %v", err)
		}
		// Somebody else takes the path: it is not ours to remove.
		if err = os.Remove(path); err != nil {
			t.Fatal(err)
		}
		other, err := sys.ListenUnix(path, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := sys.Close(fd); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("the file of another listener is gone: %v", err)
		}
		_ = sys.Close(other)
	})

	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file:                           "not a socket",
		dir:                            "not a socket",
		filepath.Join(dir, "no", "s"):  "does not exist: make it",
		filepath.Join(file, "s"):       "is not a directory",
		"/proc/windhover":              "does not exist|may not make a file",
		"/" + strings.Repeat("x", 107): "can have 107 octets",
	} {
		fd, err := sys.ListenUnix(path, 0)
		ok := false
		for w := range strings.SplitSeq(want, "|") {
			ok = ok || err != nil && strings.Contains(err.Error(), w)
		}
		if !ok {
			t.Errorf("%s: %d, %v; want an error that says %q", path, fd, err, want)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "dear" {
		t.Errorf("the file that was in the way has %q, %v", got, err)
	}
}

// TestInherit checks listeners that another part of the process has opened.
func TestInherit(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = filepath.Join(t.TempDir(), "sock")
			}
			l, err := net.Listen(network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			fd := duplicate(t, l)
			sys := local(t)
			bound, path, err := sys.Inherit(fd)
			if err != nil {
				t.Fatal(err)
			}
			if got := bound.String(); network == "tcp" && got != l.Addr().String() || path != "" && path != address || network == "unix" && path == "" {
				t.Errorf("bound to %v and %q; want %v", bound, path, l.Addr())
			}
			if _, _, err := sys.Inherit(fd); err == nil {
				t.Error("a listener is taken over twice")
			}
			if err := sys.Close(fd); err != nil {
				t.Error(err)
			}
			if network == "unix" {
				if _, err := os.Lstat(path); err != nil {
					t.Errorf("the file, which is not ours, is gone: %v", err)
				}
			}
		})
	}
	sys := local(t)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packets := duplicate(t, udp.(*net.UDPConn))
	defer syscall.Close(packets)
	idle, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(idle)
	for want, fd := range map[string]int{
		"is not open":            1 << 20,
		"is not a socket":        int(file.Fd()),
		"is not a stream socket": packets,
		"does not listen":        idle,
	} {
		if _, _, err := sys.Inherit(fd); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("descriptor %d: %v; want an error that says %q", fd, err, want)
		}
	}
}

// duplicate returns a descriptor of the socket of s, for the caller to close.
func duplicate(t *testing.T, s any) int {
	t.Helper()
	f, err := s.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}
