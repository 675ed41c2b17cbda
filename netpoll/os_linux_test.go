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
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll"
)

// serveOS runs a loop of the operating system until the test ends, and returns
// its address. accept makes the handlers.
func serveOS(t *testing.T, addr string, o netpoll.ListenOptions, options netpoll.LoopOptions, accept func(*netpoll.Conn) netpoll.Handler) (*netpoll.Loop, netip.AddrPort) {
	t.Helper()
	return serveCounting(t, addr, o, options, nil, accept)
}

// counting is a kernel that counts the calls of Accept.
type counting struct {
	netpoll.Kernel
	accepts *atomic.Int64
}

func (k counting) Accept(fd int) (int, netip.AddrPort, error) {
	k.accepts.Add(1)
	return k.Kernel.Accept(fd)
}

func serveCounting(t *testing.T, addr string, o netpoll.ListenOptions, options netpoll.LoopOptions, accepts *atomic.Int64, accept func(*netpoll.Conn) netpoll.Handler) (*netpoll.Loop, netip.AddrPort) {
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
	if accepts != nil {
		k = counting{k, accepts}
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

// TestOSSharesItsProcessor checks that a loop answers on the only processor
// beside a goroutine that never rests: it waits in Go's own poller, and the
// scheduler lets it in.
func TestOSSharesItsProcessor(t *testing.T) {
	_, addr := serveOS(t, "127.0.0.1:0", netpoll.ListenOptions{}, netpoll.LoopOptions{}, func(*netpoll.Conn) netpoll.Handler { return &echo{} })
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var rest atomic.Bool
	spun := make(chan struct{})
	go func() {
		defer close(spun)
		for !rest.Load() {
		}
	}()
	defer func() {
		rest.Store(true)
		<-spun
	}()
	for range 5 {
		peer, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		if got := exchange(t, peer, []byte("hello")); string(got) != "hello" {
			t.Fatalf("%q came back", got)
		}
		_ = peer.Close()
	}
}

// descriptors returns the number of open descriptors.
func descriptors(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(d)
}

// eventually waits until ok, which the system brings about by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// TestOSLeaksNothing opens and closes a thousand connections and the loop.
func TestOSLeaksNothing(t *testing.T) {
	fds, goroutines := descriptors(t), runtime.NumGoroutine()
	t.Run("serve", func(t *testing.T) {
		_, addr := serveOS(t, "127.0.0.1:0", netpoll.ListenOptions{}, netpoll.LoopOptions{}, func(*netpoll.Conn) netpoll.Handler { return &echo{} })
		for i := range 10 {
			var peers []net.Conn
			for range 100 {
				p, err := net.Dial("tcp", addr.String())
				if err != nil {
					t.Fatal(err)
				}
				peers = append(peers, p)
			}
			for j, p := range peers {
				if (i+j)%2 == 0 {
					if got := exchange(t, p, []byte("hello")); string(got) != "hello" {
						t.Fatalf("got %q", got)
					}
				}
				_ = p.Close()
			}
		}
	})
	eventually(t, "all is released", func() bool {
		return descriptors(t) == fds && runtime.NumGoroutine() <= goroutines
	})
}

// TestOSSurvivesExhaustion lets the process run out of descriptors.
func TestOSSurvivesExhaustion(t *testing.T) {
	var accepts atomic.Int64
	_, addr := serveCounting(t, "127.0.0.1:0", netpoll.ListenOptions{}, netpoll.LoopOptions{}, &accepts, func(*netpoll.Conn) netpoll.Handler { return &echo{} })
	var peers []net.Conn
	for range 4 {
		p, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		peers = append(peers, p)
	}
	answers := func(p interface {
		io.ReadWriter
		SetDeadline(t time.Time) error
	}, within time.Duration,
	) bool {
		_ = p.SetDeadline(time.Now().Add(within))
		_, _ = p.Write([]byte("x"))
		_, err := io.ReadFull(p, make([]byte, 1))
		return err == nil
	}
	for _, p := range peers {
		if !answers(p, 10*time.Second) {
			t.Fatal("no answer")
		}
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	restore := func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Error(err)
		}
	}
	defer restore()
	// The peer's descriptor is the last that fits: none is left for its
	// server's end.
	last, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: uint64(last + 1), Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	for {
		fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			break
		}
		defer syscall.Close(fd)
	}
	if err := syscall.Connect(last, &syscall.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(last, true); err != nil {
		t.Fatal(err)
	}
	late := os.NewFile(uintptr(last), "late")
	defer late.Close()
	before := accepts.Load()
	if answers(late, 300*time.Millisecond) {
		t.Fatal("the connection was accepted without a descriptor")
	}
	if n := accepts.Load() - before; n < 2 || n > 20 {
		t.Errorf("the loop tried %d times; want once in 100 ms", n)
	}
	for _, p := range peers {
		if !answers(p, 10*time.Second) {
			t.Fatal("an open connection is not served any more")
		}
	}
	restore()
	if !answers(late, 10*time.Second) {
		t.Fatal("accepting did not go on")
	}
}

// signal is a Waiter of a real goroutine.
type signal chan struct{}

func (s signal) Wait() { <-s }
func (s signal) Wake() { s <- struct{}{} }

// TestOSLends lends connections to goroutines that read and write themselves
// and have to wait for both, while other connections are served.
func TestOSLends(t *testing.T) {
	const octets = 2 << 20
	_, addr := serveOS(t, "127.0.0.1:0", netpoll.ListenOptions{}, netpoll.LoopOptions{}, func(c *netpoll.Conn) netpoll.Handler {
		w := make(signal, 1)
		done := false
		return &funcs{
			receive: func(c *netpoll.Conn, in []byte) int {
				if done {
					c.SetOut(append(c.Out(), in...))
					return len(in)
				}
				first := append([]byte(nil), in...)
				c.Lend(w)
				go func() {
					err := c.WriteLent(first)
					buf := make([]byte, 10_000)
					for got := len(first); err == nil && got < octets; {
						var n int
						n, err = c.ReadLent(buf[:min(len(buf), octets-got)])
						got += n
						if n == 0 {
							break
						}
						if err == nil {
							err = c.WriteLent(buf[:n])
						}
					}
					done = true
					c.GiveBack(nil, false)
				}()
				return len(in)
			},
			ended: func(c *netpoll.Conn, reset bool) {
				if !c.Lent() && !reset {
					c.Close()
				}
			},
		}
	})
	var peers sync.WaitGroup
	for i := range 8 {
		peers.Go(func() {
			p, err := net.Dial("tcp", addr.String())
			if err != nil {
				t.Error(err)
				return
			}
			defer p.Close()
			data := bytes.Repeat([]byte{byte('a' + i)}, octets)
			go func() {
				_, _ = p.Write(data)
				_, _ = p.Write([]byte("end"))
				_ = p.(*net.TCPConn).CloseWrite()
			}()
			_ = p.SetReadDeadline(time.Now().Add(20 * time.Second))
			got, err := io.ReadAll(p)
			if err != nil || !bytes.Equal(got, append(data, "end"...)) {
				t.Errorf("peer %d got %d octets, %v", i, len(got), err)
			}
		})
	}
	peers.Wait()
}

// TestOSEndsWithLoans stops a loop whose connections are lent to goroutines
// that wait for a peer that does nothing.
func TestOSEndsWithLoans(t *testing.T) {
	lent := make(chan error, 10)
	loop, addr := serveOS(t, "127.0.0.1:0", netpoll.ListenOptions{}, netpoll.LoopOptions{}, func(c *netpoll.Conn) netpoll.Handler {
		w := make(signal, 1)
		return &funcs{receive: func(c *netpoll.Conn, in []byte) int {
			c.Lend(w)
			go func() {
				lent <- nil
				_, err := c.ReadLent(make([]byte, 10))
				c.GiveBack(nil, true)
				lent <- err
			}()
			return len(in)
		}}
	})
	for range 3 {
		p, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if _, err := p.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := <-lent; err != nil {
			t.Fatal(err)
		}
	}
	loop.Stop()
	for range 3 {
		if err := <-lent; err != netpoll.ErrReset {
			t.Errorf("a unit got %v; want %v", err, netpoll.ErrReset)
		}
	}
}

// ping is mail that answers.
type ping chan int64

func (p ping) Deliver(l *netpoll.Loop) { p <- l.Now() }

// TestOSWakes checks that mail reaches a loop that waits, from many goroutines.
func TestOSWakes(t *testing.T) {
	loop, _ := serveOS(t, "127.0.0.1:0", netpoll.ListenOptions{}, netpoll.LoopOptions{}, func(*netpoll.Conn) netpoll.Handler { return &echo{} })
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			p := make(ping, 1)
			for range 2000 {
				if !loop.Post(p) {
					t.Error("Post fails")
					return
				}
				<-p
			}
		})
	}
	senders.Wait()
}

// chain is mail that posts itself so often.
type chain struct {
	left int
	done chan struct{}
}

func (c *chain) Deliver(l *netpoll.Loop) {
	if c.left--; c.left == 0 {
		close(c.done)
		return
	}
	l.Post(c)
}

// TestOSMailFromMail checks that a loop does not wait when its mail has posted
// more.
func TestOSMailFromMail(t *testing.T) {
	loop, _ := serveOS(t, "127.0.0.1:0", netpoll.ListenOptions{}, netpoll.LoopOptions{}, func(*netpoll.Conn) netpoll.Handler { return &echo{} })
	c := &chain{1000, make(chan struct{})}
	loop.Post(c)
	select {
	case <-c.done:
	case <-time.After(10 * time.Second):
		t.Error("the loop waits although there is mail")
	}
}

// TestOSDeadline checks that a loop that waits wakes for deadlines, near and
// moved closer.
func TestOSDeadline(t *testing.T) {
	expired := make(chan int64, 1)
	_, addr := serveOS(t, "127.0.0.1:0", netpoll.ListenOptions{}, netpoll.LoopOptions{}, func(c *netpoll.Conn) netpoll.Handler {
		c.SetDeadline(c.Now() + 60e9)
		begin := int64(0)
		return &funcs{
			receive: func(c *netpoll.Conn, in []byte) int {
				begin = c.Now()
				c.SetDeadline(begin + 30e6)
				return len(in)
			},
			expired: func(c *netpoll.Conn) { expired <- c.Now() - begin },
		}
	})
	p, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 3 {
		time.Sleep(5 * time.Millisecond) // so that the loop waits, with a later deadline
		if _, err := p.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if d := <-expired; d < 30e6 {
			t.Errorf("expired %d ns too early", int64(30e6)-d)
		}
	}
}

// TestOSListen checks what a user meets: a port that is taken, shared or not,
// and listeners that share theirs.
func TestOSListen(t *testing.T) {
	addr := netip.MustParseAddrPort("127.0.0.1:0")
	a, b := netpoll.OS(), netpoll.OS()
	fd, bound, err := a.Listen(addr, netpoll.ListenOptions{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(fd)
	second, _, err := a.Listen(bound, netpoll.ListenOptions{Shared: true})
	if err != nil {
		t.Fatalf("a second listener cannot share the address: %v", err)
	}
	defer a.Close(second)
	for _, shared := range []bool{false, true} {
		fd, _, err := b.Listen(bound, netpoll.ListenOptions{Shared: shared})
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("shared %t: another server gets %v; want %v", shared, err, syscall.EADDRINUSE)
			_ = b.Close(fd)
		}
	}
}

// TestOSSharesConnections checks that connections arrive at both listeners of
// an address.
func TestOSSharesConnections(t *testing.T) {
	sys := netpoll.OS()
	bound := netip.MustParseAddrPort("127.0.0.1:0")
	var counts [2]atomic.Int64
	for i := range counts {
		var fd int
		var err error
		if fd, bound, err = sys.Listen(bound, netpoll.ListenOptions{Shared: true}); err != nil {
			t.Fatal(err)
		}
		k, err := sys.Kernel()
		if err != nil {
			t.Fatal(err)
		}
		l := netpoll.NewLoop(k, netpoll.LoopOptions{})
		if err := l.Serve(fd, func(*netpoll.Conn) netpoll.Handler { counts[i].Add(1); return &echo{} }); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- l.Run() }()
		t.Cleanup(func() {
			l.Stop()
			if err := errors.Join(<-ended, sys.Close(fd)); err != nil {
				t.Error(err)
			}
		})
	}
	for range 100 {
		p, err := net.Dial("tcp", bound.String())
		if err != nil {
			t.Fatal(err)
		}
		if got := exchange(t, p, []byte("hello")); string(got) != "hello" {
			t.Fatalf("got %q", got)
		}
		_ = p.Close()
	}
	if a, b := counts[0].Load(), counts[1].Load(); a == 0 || b == 0 || a+b != 100 {
		t.Errorf("the listeners got %d and %d of 100 connections", a, b)
	}
}

// TestOSSplits lends connections to two goroutines each, and lets both sides
// send more than the kernel holds before they read the last of it. Then they
// are stopped by a third goroutine, or the peer ends, or it resets.
func TestOSSplits(t *testing.T) {
	const octets = 8 << 20
	_, addr := serveOS(t, "127.0.0.1:0", netpoll.ListenOptions{}, netpoll.LoopOptions{}, func(*netpoll.Conn) netpoll.Handler {
		return &funcs{
			receive: func(c *netpoll.Conn, in []byte) int {
				if in[0] == 'x' {
					return len(in)
				}
				first := append([]byte(nil), in...)
				c.Lend(make(signal, 1))
				go splitUnit(t, c, first, octets)
				return len(in)
			},
			returned: func(c *netpoll.Conn) { c.Close() },
		}
	})
	var peers sync.WaitGroup
	for i := range 9 {
		peers.Go(func() {
			p, err := net.Dial("tcp", addr.String())
			if err != nil {
				t.Error(err)
				return
			}
			defer p.Close()
			kind := "ser"[i%3]
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				_, _ = p.Write(bytes.Repeat([]byte{kind}, octets))
			}()
			_ = p.SetReadDeadline(time.Now().Add(20 * time.Second))
			got := make([]byte, octets)
			if _, err = io.ReadFull(p, got); err != nil || !bytes.Equal(got, bytes.Repeat([]byte{kind}, octets)) {
				t.Errorf("peer %d: %v", i, err)
			}
			switch kind {
			case 'e':
				<-sent
				_ = p.(*net.TCPConn).CloseWrite()
			case 'r':
				_ = p.(*net.TCPConn).SetLinger(0)
				return
			}
			if n, err := p.Read(got); n != 0 || err != io.EOF {
				t.Errorf("peer %d: %d octets, %v at the end", i, n, err)
			}
		})
	}
	peers.Wait()
}

// splitUnit is the unit of TestOSSplits. What it first got says how it ends.
func splitUnit(t *testing.T, c *netpoll.Conn, first []byte, octets int) {
	t.Helper()
	kind, left := first[0], octets-len(first)
	c.SplitLent(make(signal, 1))
	written, read, all := make(chan error, 1), make(chan error, 1), make(chan struct{})
	go func() { written <- c.WriteLent(bytes.Repeat([]byte{kind}, octets)) }()
	go func() {
		buf := make([]byte, 10_000)
		n, err := 1, error(nil)
		for n > 0 && err == nil {
			n, err = c.ReadLent(buf)
			if left -= n; n > 0 && left == 0 {
				close(all)
			}
		}
		read <- err
	}()
	if err := <-written; err != nil {
		t.Errorf("writing to %c: %v", kind, err)
	}
	if kind == 's' {
		<-all // and so it is going to wait, or waits
		c.StopLent()
	}
	want := map[byte]error{'s': netpoll.ErrStopped, 'e': nil, 'r': netpoll.ErrReset}[kind]
	if err := <-read; err != want || left > 0 && kind != 'r' {
		t.Errorf("reading from %c: %v, %d octets are missing; want %v", kind, err, left, want)
	}
	c.GiveBack(nil, true)
}

// TestOSCutsOff checks that a peer that reads nothing is cut off, and that one
// that reads gets everything, with output in the queue and from a unit.
func TestOSCutsOff(t *testing.T) {
	const octets = 32 << 20 // more than the kernel keeps
	options := netpoll.LoopOptions{SendRate: 1000, SendGrace: 2e8, SendStall: 1e9}
	closed := make(chan bool, 10)
	_, addr := serveOS(t, "127.0.0.1:0", netpoll.ListenOptions{}, options, func(*netpoll.Conn) netpoll.Handler {
		w := make(signal, 1)
		done := false
		return &funcs{
			receive: func(c *netpoll.Conn, in []byte) int {
				switch {
				case done:
					c.Close()
				case len(in) == 0:
				case in[0] == 'q':
					c.SetOut(append(c.Out(), make([]byte, octets)...))
					c.Close()
				default:
					c.Lend(w)
					go func() {
						err := c.WriteLent(make([]byte, octets))
						if err != nil && err != netpoll.ErrSlow {
							t.Errorf("a unit got %v", err)
						}
						done = true
						c.GiveBack([]byte("x"), false)
					}()
				}
				return len(in)
			},
			closed: func(c *netpoll.Conn) { closed <- c.Slow() },
		}
	})
	for _, kind := range []string{"q", "lent"} {
		for _, reads := range []bool{true, false} {
			p, err := net.Dial("tcp", addr.String())
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if _, err := io.WriteString(p, kind); err != nil {
				t.Fatal(err)
			}
			if reads {
				_ = p.SetReadDeadline(time.Now().Add(20 * time.Second))
				if got, err := io.ReadAll(p); err != nil || len(got) != octets {
					t.Errorf("%s: a peer that reads gets %d octets, %v", kind, len(got), err)
				}
				_ = p.Close()
			}
			select {
			case slow := <-closed:
				if slow == reads {
					t.Errorf("%s: the peer reads: %v; it is called slow: %v", kind, reads, slow)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s: the connection is not closed", kind)
			}
		}
	}
}

// TestOSUntaken checks that the kernel knows what a peer has not taken.
func TestOSUntaken(t *testing.T) {
	sys := netpoll.OS()
	listener, addr, err := sys.Listen(netip.MustParseAddrPort("127.0.0.1:0"), netpoll.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(listener)
	k, err := sys.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Release() }()
	p, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	fd, _, err := k.Accept(listener)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close(fd)
	written := 0
	for err == nil {
		var n int
		n, err = k.Write(fd, make([]byte, 64<<10))
		written += n
	}
	full := k.Untaken(fd)
	if full == 0 || full > written {
		t.Fatalf("of %d octets the peer has still to take %d", written, full)
	}
	if _, err := io.CopyN(io.Discard, p, int64(written)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the peer has taken everything", func() bool { return k.Untaken(fd) == 0 })
}
