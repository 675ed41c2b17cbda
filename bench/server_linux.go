package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const floorSource = "floor/epoll_floor.c"

// A builtServer is a program that can be started, or the reason why not.
type builtServer struct {
	path   string
	absent string
	// collects: GET /gc makes it give memory back to the system.
	collects bool
	// query, if not empty, makes the endpoint of windhover one with TLS.
	query string
	// arguments of the program for a port; nil when it is the port alone.
	arguments func(port int) ([]string, error)
}

// A goPackage is a server that is written in Go.
type goPackage struct{ module, path string }

// packages are the servers that are written in Go, by name. A package is built
// in its own module, with the dependencies that its users have.
var packages = map[string]goPackage{
	"hello":    {"..", "./examples/hello"},
	"app":      {".", "./app"},
	"net/http": {".", "./nethttp"},
	// With TLS:
	"probe":     {"..", "./examples/probe"},
	"fasthttp":  {".", "./fasthttp"},
	"net/https": {".", "./nethttp"},
}

// buildServers builds the servers that o wants into dir, by name.
func buildServers(ctx context.Context, o options, dir string) (map[string]builtServer, error) {
	built := map[string]builtServer{floor: buildFloor(ctx, dir)}
	for name, pkg := range packages {
		if !slices.ContainsFunc(tables, func(t table) bool { return o.wants(t, name) }) {
			continue
		}
		var err error
		if built[name], err = pkg.build(ctx, name, dir); err != nil {
			return nil, err
		}
	}
	if !slices.ContainsFunc(tables, func(t table) bool { return t.tls != "" && o.wants(t, t.servers[0]) }) {
		return built, nil
	}
	p, err := newKeyPair(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"probe", "fasthttp", "net/https"} {
		if b, ok := built[name]; ok {
			b.arguments, b.collects = p.arguments, false
			b.query = "?cert=" + p.cert + "&key=" + p.key
			built[name] = b
		}
	}
	built[nginxTLS], built[h2o] = findSecureNginx(dir, p), findSecureH2O(dir, p)
	return built, nil
}

// build builds the server into dir.
func (p goPackage) build(ctx context.Context, name, dir string) (builtServer, error) {
	path := filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
	cmd := exec.CommandContext(ctx, "go", "-C", p.module, "build", "-o", path, p.path)
	if out, err := cmd.CombinedOutput(); err != nil {
		return builtServer{}, fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return builtServer{path: path, collects: name != "hello"}, nil
}

// buildFloor builds the C program; a machine without a C compiler does without.
func buildFloor(ctx context.Context, dir string) builtServer {
	if _, err := exec.LookPath("cc"); err != nil {
		return builtServer{absent: "absent: there is no C compiler (cc)"}
	}
	path := filepath.Join(dir, floor)
	out, err := exec.CommandContext(ctx, "cc", "-O2", "-pthread", "-o", path, floorSource).CombinedOutput()
	if err != nil {
		return builtServer{absent: fmt.Sprintf("absent: cc failed: %v: %s", err, bytes.TrimSpace(out))}
	}
	return builtServer{path: path}
}

// A server is a running process on a core of its own.
type server struct {
	cmd      *exec.Cmd
	port     int
	errors   *bytes.Buffer // standard error, complete after Wait
	collects bool
}

// startServer runs a server on a free port and waits until it accepts. The
// calling goroutine has to be locked to its thread: the process inherits its
// core, and dies with it.
func startServer(b builtServer, c cores) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	arguments := []string{strconv.Itoa(port)}
	if b.arguments != nil {
		if arguments, err = b.arguments(port); err != nil {
			return nil, err
		}
	}
	s := &server{
		cmd:      exec.Command(b.path, arguments...),
		port:     port,
		errors:   new(bytes.Buffer),
		collects: b.collects,
	}
	// windhover reads its address from the environment, the others the port
	// from their argument.
	endpoint := "http://" + s.address()
	if b.query != "" {
		endpoint = "https://" + s.address() + b.query
	}
	s.cmd.Env = append(os.Environ(), "WINDHOVER_URLS="+endpoint, "WINDHOVER_LOOPS=1", "GOMAXPROCS=1")
	s.cmd.Stderr = s.errors
	s.cmd.SysProcAttr = childAttributes()
	if err := onCore(c.server, s.cmd.Start); err != nil {
		return nil, err
	}
	if err := s.await(5 * time.Second); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *server) address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// freePort returns a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// await waits until the server accepts connections.
func (s *server) await(limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		c, err := net.Dial("tcp4", s.address())
		if err == nil {
			return c.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the server does not answer after %v: %w", limit, err)
		}
	}
}

// stop kills the server; it is an error if it had ended by itself.
func (s *server) stop() error {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := s.cmd.Wait()
	if status, ok := s.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGKILL {
		return nil
	}
	return fmt.Errorf("the server ended by itself: %w\n%s", err, s.errors)
}

// cpuTime returns the user and system time of the server's process so far. The
// clock is the scheduler's own sum over all threads, those that ended included,
// in nanoseconds; utime and stime of /proc/PID/stat are the same sum in ticks of
// 10 ms, and /proc/PID/schedstat is that of the first thread only.
func (s *server) cpuTime() (time.Duration, error) { return processTime(s.cmd.Process.Pid) }

// settledMemory makes the server give unused memory back, and returns the
// octets of memory that are its own.
func (s *server) settledMemory() (int64, error) {
	if s.collects {
		if err := s.collect(); err != nil {
			return 0, err
		}
	}
	return privateDirty(s.cmd.Process.Pid)
}

// collect asks the server to run debug.FreeOSMemory.
func (s *server) collect() error {
	c, err := connect(&unix.SockaddrInet4{Port: s.port, Addr: [4]byte{127, 0, 0, 1}})
	if err != nil {
		return err
	}
	defer c.close()
	r, _, err := c.ask([]byte("GET /gc HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"), make([]byte, 4096))
	if err == nil && (r.status != 200 || string(r.content) != "collected") {
		err = fmt.Errorf("GET /gc: the server answers %d with %q", r.status, r.content)
	}
	return err
}
