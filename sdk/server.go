package sdk

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A Server serves one app. Its methods may be called by any goroutine.
type Server struct {
	config    Config
	listeners []listener
	addresses []Address
	loops     []*netpoll.Loop
	hosts     []*Host

	secured    []SecureEndpoint // the endpoints with TLS
	terminator Terminator       // nil when there are none

	mu    sync.Mutex
	state serverState
	ended chan struct{} // closed when every loop has ended
	errs  []error       // of the loops; complete when ended is closed
}

type listener struct {
	fd   int
	loop int // index of the loop it belongs to; everyLoop
	entrance
}

// An entrance is what listeners of one loop can have in common.
type entrance struct {
	policy msg.Policy
	secure int // 1 + index of the endpoint with TLS; 0: without
}

// everyLoop is the index of a listener that all loops share: a descriptor of
// which there can be only one.
const everyLoop = -1

// serverState is the life of a server.
//
//	ready ──Serve──▶ serving ──Shutdown──▶ draining ──▶ ended
//	  └──────────────Shutdown────────────────────────────▲
type serverState uint8

const (
	serverReady    serverState = iota // listening; connections wait in the kernel
	serverServing                     // the loops run
	serverDraining                    // nothing is accepted; exchanges are finished
	serverEnded                       // every loop has returned, every descriptor is closed
)

// ErrServed says that Serve was called for a second time, or after Shutdown.
var ErrServed = errors.New("windhover: the server was served or shut down before")

// New returns a server of app that listens already: connections that arrive
// before Serve wait in the kernel. The error names everything in config that
// cannot work.
func New(app App, config Config) (*Server, error) {
	config, err := config.withDefaults(os.Getenv)
	if err != nil {
		return nil, err
	}
	var setup Setup
	app.Install(&setup)
	if err := setup.Err(); err != nil {
		return nil, err
	}
	if n := len(setup.protocols); n < 1 || n > 2 {
		return nil, fmt.Errorf("windhover: the app offers %d protocols; a generated pipeline offers HTTP/1.1, HTTP/2 or both", n)
	}
	s := &Server{config: config, ended: make(chan struct{})}
	if err := s.open(&setup); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

// open makes the listeners and loops.
func (s *Server) open(setup *Setup) error {
	if err := s.listenAll(); err != nil {
		return err
	}
	if err := s.secure(setup); err != nil {
		return err
	}
	gate := newGate(&s.config.Limits)
	workers, streams := NewPool(s.config.Workers), NewPool(s.config.StreamWorkers)
	for i := range s.config.Loops {
		kernel, err := s.config.System.Kernel()
		if err != nil {
			return err
		}
		loop, host := newLoop(kernel, s.config, workers, streams, gate)
		s.loops, s.hosts = append(s.loops, loop), append(s.hosts, host)
		accepts := make(map[entrance]func(*netpoll.Conn) netpoll.Handler)
		for _, l := range s.listeners {
			if l.loop != i && l.loop != everyLoop {
				continue
			}
			accept := accepts[l.entrance]
			if accept == nil {
				accept = s.accept(setup, host, l.entrance)
				accepts[l.entrance] = accept
			}
			if l.loop == everyLoop && s.config.Loops > 1 {
				err = loop.ServeShared(l.fd, accept)
			} else {
				err = loop.Serve(l.fd, accept)
			}
			if err != nil {
				return fmt.Errorf("windhover: cannot accept connections: %w", err)
			}
		}
	}
	return nil
}

// secure readies TLS for the endpoints that have it.
func (s *Server) secure(setup *Setup) (err error) {
	if len(s.secured) == 0 && s.config.TLS == nil {
		return nil
	}
	if setup.security == nil {
		if len(s.secured) == 0 {
			return errors.New("windhover: Config.TLS is set, but the app does not declare TLS: add s.TLS() to the declaration and run go generate")
		}
		return fmt.Errorf("windhover: endpoint %q: the app does not declare TLS: add s.TLS() to the declaration and run go generate, or write http://HOST:PORT", s.secured[0].URL)
	}
	var protocols []string
	for _, p := range setup.protocols {
		protocols = append(protocols, p.Name())
	}
	slices.Sort(protocols) // h2, which is to be preferred, comes first
	s.terminator, err = setup.security.Prepare(s.config.TLS, s.secured, protocols, &s.config.Limits)
	return err
}

// accept returns what makes the handlers of the connections that come in by e.
func (s *Server) accept(setup *Setup, h *Host, e entrance) func(*netpoll.Conn) netpoll.Handler {
	if e.secure == 0 {
		return setup.Accept(h, e.policy)
	}
	return s.terminator.Attach(h, e.secure-1, setup.AcceptSecured(h, e.policy))
}

// listenAll opens the listeners of all endpoints. The descriptors that the
// process was started with come first: afterwards a number that is not one of
// them could be that of a listener that was just opened.
func (s *Server) listenAll() error {
	var errs []error
	addresses := make([][]Address, len(s.config.Endpoints))
	for _, inherited := range []bool{true, false} {
		for i, url := range s.config.Endpoints {
			if strings.HasPrefix(url, fdScheme) != inherited {
				continue
			}
			binds, err := parseEndpoint(url)
			if err == nil {
				addresses[i], err = s.listen(url, binds)
			}
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	s.addresses = slices.Concat(addresses...)
	return errors.Join(errs...)
}

// listen opens the listeners of an endpoint.
func (s *Server) listen(url string, binds []bind) (addresses []Address, err error) {
	first := binds[0]
	if first.fd == 0 && first.path == "" {
		return s.listenTCP(binds)
	}
	system, ok := s.config.System.(netpoll.LocalSystem)
	if !ok {
		return nil, fmt.Errorf("windhover: endpoint %q: this system has neither Unix sockets nor descriptors to take over; write http://HOST:PORT", url)
	}
	fd, address := first.fd, Address{Path: first.path}
	if fd == 0 {
		fd, err = system.ListenUnix(first.path, first.mode)
	} else {
		address.TCP, address.Path, err = system.Inherit(fd)
	}
	if err != nil {
		return nil, fmt.Errorf("windhover: cannot listen on %s: %w", url, err)
	}
	s.listeners = append(s.listeners, listener{fd, everyLoop, entrance{policy: first.policy}})
	return []Address{address}, nil
}

// listenTCP opens a listener for each loop and address. The addresses of one
// endpoint get the same port.
func (s *Server) listenTCP(binds []bind) (addresses []Address, err error) {
	port, opened := uint16(0), false
	e := entrance{policy: binds[0].policy}
	if secure := binds[0].secure; secure != nil {
		s.secured = append(s.secured, *secure)
		e.secure = len(s.secured)
	}
	for _, b := range binds {
		addr := b.addr
		if addr.Port() == 0 {
			addr = netip.AddrPortFrom(addr.Addr(), port)
		}
		for i := range s.config.Loops {
			options := netpoll.ListenOptions{DualStack: b.dualStack, Shared: s.config.Loops > 1}
			fd, bound, err := s.config.System.Listen(addr, options)
			if err != nil && b.optional && opened && i == 0 {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("windhover: cannot listen on %v: %w", addr, err)
			}
			if addr = bound; i == 0 {
				addresses = append(addresses, Address{TCP: bound, Secure: e.secure != 0})
			}
			s.listeners = append(s.listeners, listener{fd, i, e})
		}
		port, opened = addr.Port(), true
	}
	return addresses, nil
}

// Addresses returns the addresses that the server listens on, in the order of
// the endpoints and with the ports that the system chose.
func (s *Server) Addresses() []Address { return s.addresses }

// Refusals returns how many requests were refused, by reason: all reasons, in
// an order that does not change, so that an exporter of metrics has its series
// from the start. It may be called at any time and takes no lock.
func (s *Server) Refusals() []RefusalCount {
	var sum []RefusalCount
	for _, h := range s.hosts {
		counts := h.RefusalCounts()
		if sum == nil {
			sum = counts
			continue
		}
		for i := range sum { // every loop has the same protocols
			sum[i].Count += counts[i].Count
		}
	}
	return sum
}

// TLS returns what happened at the endpoints with TLS, and the zero TLSCounts
// when there are none. It may be called at any time.
func (s *Server) TLS() TLSCounts {
	if s.terminator == nil {
		return TLSCounts{}
	}
	return s.terminator.Counts()
}

// Serve answers requests until ctx ends or Shutdown is called, and returns
// when every connection is closed. When ctx ends it shuts down as Shutdown
// does, within Limits.ShutdownTimeout. It returns nil after a shutdown, also one
// that had to abort exchanges, and otherwise the error that ended a loop.
func (s *Server) Serve(ctx context.Context) error {
	s.mu.Lock()
	if s.state != serverReady {
		s.mu.Unlock()
		return ErrServed
	}
	s.state = serverServing
	s.mu.Unlock()

	var running sync.WaitGroup
	for _, loop := range s.loops {
		running.Go(func() {
			if err := loop.Run(); err != nil {
				s.failed(err)
			}
		})
	}
	go s.watch()
	stop := context.AfterFunc(ctx, func() {
		timed, cancel := context.WithTimeout(context.Background(), s.config.Limits.ShutdownTimeout)
		defer cancel()
		_ = s.Shutdown(timed) // its only error is that exchanges were aborted
	})
	running.Wait()
	for _, h := range s.hosts {
		h.last.Wait()
	}
	stop()
	s.release()
	s.mu.Lock()
	s.state = serverEnded
	s.mu.Unlock()
	close(s.ended)
	return errors.Join(s.errs...)
}

// watch runs the watchdog until the server has ended.
func (s *Server) watch() {
	d := watchdog{after: s.config.StallAfter, onStall: s.config.OnStall}
	for _, h := range s.hosts {
		d.watches = append(d.watches, &h.watch)
	}
	d.run(s.ended)
}

// failed notes the error of a loop and ends the others: a server that serves
// on some of its loops only would lose connections in silence.
func (s *Server) failed(err error) {
	s.mu.Lock()
	s.errs = append(s.errs, err)
	s.mu.Unlock()
	for _, loop := range s.loops {
		loop.Stop()
	}
}

// Shutdown ends the server in order: it accepts no connection, closes those
// that wait for a request, lets the others finish what they do, and returns
// when all are closed. When ctx ends first, what is left is aborted, and the
// error is that of ctx. It is safe to call it several times.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	switch s.state {
	case serverReady:
		s.state = serverEnded
		s.mu.Unlock()
		s.release()
		close(s.ended)
		return nil
	case serverServing:
		s.state = serverDraining
		for _, h := range s.hosts {
			h.loop.Post(drain{h})
		}
	case serverDraining, serverEnded:
	}
	s.mu.Unlock()
	select {
	case <-s.ended:
		return nil
	case <-ctx.Done():
	}
	for _, h := range s.hosts {
		h.loop.Post(abort{h})
	}
	<-s.ended
	return ctx.Err()
}

// drain makes a loop finish its connections and then end.
type drain struct{ host *Host }

// Deliver implements netpoll.Mail.
func (d drain) Deliver(*netpoll.Loop) { d.host.Drain() }

// abort makes a loop end now.
type abort struct{ host *Host }

// Deliver implements netpoll.Mail.
func (a abort) Deliver(l *netpoll.Loop) {
	a.host.Abort()
	l.Stop()
}

// release closes the listeners.
func (s *Server) release() {
	for _, l := range s.listeners {
		_ = s.config.System.Close(l.fd) // a listener has nothing to lose
	}
	s.listeners = nil
	if s.terminator != nil {
		s.terminator.Close()
	}
}

// Run serves app until the process is asked to end (SIGINT, SIGTERM), and then
// shuts down: exchanges are finished within 30 seconds. A second signal ends
// the process at once. Endpoints and loops come from the environment
// (WINDHOVER_URLS, WINDHOVER_LOOPS). It prints one line with the addresses to
// standard error.
func Run(app App) error {
	s, err := New(app, Config{})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from then on a signal has its default effect
	fmt.Fprintf(os.Stderr, "windhover: listening on %s\n", urls(s.addresses))
	return s.Serve(ctx)
}

// urls renders addresses as endpoints; those of TCP can be typed into a browser.
func urls(addresses []Address) string {
	var list []string
	for _, a := range addresses {
		list = append(list, a.URL())
	}
	return strings.Join(list, " ")
}
