package http1_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
)

// listening returns the number of a descriptor that listens, as a process
// inherits it, and what it is bound to.
func listening(t *testing.T, network, address string) (fd string, bound net.Addr) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	f, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(n), l.Addr()
}

// TestEndpoints serves on every kind of endpoint at once, with several loops.
func TestEndpoints(t *testing.T) {
	a := newApp()
	a.routes["/from"] = &route{plan: sdk.Plan{Name: "from", Place: sdk.OnLoop}, head: func(_ *app, x *http1.Exchange) bool {
		x.ResponseContent().Text(x.RemoteAddr().String() + " " + x.LocalAddr().String())
		return false
	}}
	dir := t.TempDir()
	path, inherited := filepath.Join(dir, "own"), filepath.Join(dir, "inherited")
	tcp, tcpAddr := listening(t, "tcp", "127.0.0.1:0")
	unix, _ := listening(t, "unix", inherited)
	_, s := serve(t, a, sdk.Config{
		Loops: 2, Endpoints: []string{"http://127.0.0.1:0", "unix:" + path + "?mode=600", "fd:" + tcp, "fd:" + unix},
		Limits: sdk.Limits{DrainTimeout: 50 * time.Millisecond},
	})
	addresses := s.Addresses()
	if len(addresses) != 4 {
		t.Fatalf("the addresses are %v; want 4", addresses)
	}
	for i, want := range []string{"http://127.0.0.1:", "unix:" + path, "http://" + tcpAddr.String(), "unix:" + inherited} {
		if got := addresses[i].URL(); !strings.HasPrefix(got, want) {
			t.Errorf("address %d is %s; want %s", i, got, want)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the Unix socket has the mode %v, %v", info.Mode(), err)
	}
	for _, at := range addresses {
		for range 5 {
			c, err := net.Dial(at.Network(), at.String())
			if err != nil {
				t.Fatal(err)
			}
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			if _, err = io.WriteString(c, "GET /from HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c)
			want := "invalid AddrPort invalid AddrPort"
			if at.Network() == "tcp" {
				want = c.LocalAddr().String() + " " + c.RemoteAddr().String()
			}
			if err != nil || !strings.HasPrefix(string(got), ok) || !strings.HasSuffix(string(got), want) {
				t.Errorf("%s: answered %q, %v; want %s", at.URL(), got, err, want)
			}
			_ = c.Close()
		}
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the Unix socket is not removed: %v", err)
	}
	if _, err := os.Lstat(inherited); err != nil {
		t.Errorf("the Unix socket of another is gone: %v", err)
	}
}

// TestEndpointsThatCannotWork checks that New names each of them and its fix.
func TestEndpointsThatCannotWork(t *testing.T) {
	dir := t.TempDir()
	live := filepath.Join(dir, "live")
	_, s := serve(t, newApp(), sdk.Config{Loops: 1, Endpoints: []string{"unix:" + live, "http://127.0.0.1:0"}})
	taken := s.Addresses()[1].URL()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"unix:" + live: "another process answers on this socket: stop it or choose another path",
		"unix:" + file: "not a socket: remove it or choose another path",
		"unix:" + filepath.Join(dir, "missing", "sock"): "does not exist: make it",
		taken:             "another socket listens on this address and port: stop its process or choose another port",
		"fd:60000":        "descriptor 60000 is not open",
		"unix:not/at/all": "write unix:/PATH",
	}
	var endpoints []string
	for url := range want {
		endpoints = append(endpoints, url)
	}
	_, err := sdk.New(newApp(), sdk.Config{Loops: 2, Endpoints: endpoints})
	if err == nil {
		t.Fatal("they work")
	}
	lines := strings.Split(err.Error(), "\n")
	for url, fix := range want {
		named := false
		for _, line := range lines {
			named = named || strings.Contains(line, strings.TrimPrefix(url, "http://")) && strings.Contains(line, fix)
		}
		if !named {
			t.Errorf("no line names %s and says %q:\n%v", url, fix, err)
		}
	}
	if len(lines) != len(want) {
		t.Errorf("%d lines; want %d:\n%v", len(lines), len(want), err)
	}
}

// TestConnectionsOverLoops checks that the limits hold for the server, however
// its loops share the connections, and for each source by itself.
func TestConnectionsOverLoops(t *testing.T) {
	const most, dialled = 10, 30
	for name, limits := range map[string]sdk.Limits{
		"Connections":          {Connections: most},
		"ConnectionsPerSource": {ConnectionsPerSource: most},
	} {
		t.Run(name, func(t *testing.T) {
			addr, _ := serve(t, newApp(), sdk.Config{Loops: 2, Limits: limits})
			// ask opens connections from a source and returns those that are
			// served. The others are answered, and then over.
			ask := func(source string) (served []net.Conn) {
				t.Helper()
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
				var all []net.Conn
				for range dialled {
					c, err := d.Dial("tcp", addr)
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, c)
				}
				for _, c := range all {
					_ = c.SetDeadline(time.Now().Add(10 * time.Second))
					if _, err := io.WriteString(c, getLoop); err != nil {
						t.Fatal(err)
					}
					got := make([]byte, len("HTTP/1.1 200"))
					if _, err := io.ReadFull(c, got); err != nil {
						t.Fatal(err)
					}
					switch string(got) {
					case "HTTP/1.1 200":
						served = append(served, c)
					case "HTTP/1.1 503":
						if rest, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(rest), "\r\n\r\n") {
							t.Errorf("turned away with %q, %v", rest, err)
						}
						_ = c.Close()
					default:
						t.Fatalf("got %q", got)
					}
				}
				return served
			}
			hangUp := func(peers []net.Conn) {
				for _, c := range peers {
					_ = c.Close()
				}
			}
			for range 3 {
				served := ask("127.0.0.1")
				for range 1000 { // until the server has seen that those before have gone
					if len(served) >= most {
						break
					}
					hangUp(served)
					served = ask("127.0.0.1")
				}
				if len(served) != most {
					t.Errorf("%d of %d connections are served; want %d", len(served), dialled, most)
				}
				if name == "Connections" {
					if other := ask("127.0.0.2"); len(other) != 0 {
						t.Errorf("%d more are served; want none", len(other))
					}
				} else if other := ask("127.0.0.2"); len(other) > most || len(other) == 0 {
					t.Errorf("%d of another source are served; want up to %d", len(other), most)
				} else {
					hangUp(other)
				}
				hangUp(served)
			}
		})
	}
}
