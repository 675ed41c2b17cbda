// Package sdktest runs an app in memory, for the app's own tests: the real
// parser, router, middleware and functions, without a socket and without
// waiting. Its requests are of HTTP/1.1, so an app that declares HTTP/2 alone
// does not answer them.
//
//	got := sdktest.Do(NewPipeline(fakes), "GET /users/7", "Authorization: t")
//	if got.Status != 200 { … }
//
// Functions of an app are plain functions and can be called directly as well:
// Response is what a function that takes sdk.Response can write to, and Request
// what one that takes features of the request can read from.
package sdktest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A Result is the answer to a request.
type Result struct {
	// Status is the status code.
	Status int
	// Header are the fields, Date and Content-Length included.
	Header http.Header
	// Content is the content, with its transfer coding removed.
	Content string
	// Trailer is the trailer section, which is sent behind the request field
	// "TE: trailers" alone.
	Trailer http.Header
	// EarlyHints are the fields Link of interim responses 103, in order.
	EarlyHints []string
	// Panics are the panics of the app's functions.
	Panics []sdk.Panic
	// Err says why there is no answer: the server closed the connection
	// before it was complete, or a function did not return. Status is 0 then.
	Err error
}

// Do sends one request to app and returns the answer. line is a method and a
// target, such as "POST /users?full=1". Each of rest is a field line, such as
// "Authorization: t"; what follows an empty one is the content, and what
// follows another one the trailer section. Host and Content-Length are added when
// they are not there.
//
// Functions off the loop run too, before Do returns. When one of them upgrades
// the connection (sdk.Upgrade), Status is 101, the client ends its side of the
// stream at once, and Content is what the function writes until it returns.
func Do(app sdk.App, line string, rest ...string) *Result {
	result := new(Result)
	result.Err = result.do(app, Request(line, rest...))
	return result
}

// maxTurns bounds the turns of the loop that an answer may take. Each brings
// the exchange on; a large streamed answer needs one for each window.
const maxTurns = 100_000

// do sends request and fills in the answer.
func (r *Result) do(app sdk.App, request *Made) error {
	s, err := NewServer(app, sim.NewCalm(), sdk.Config{
		StallAfter: sdk.Unlimited,
		OnPanic:    func(p sdk.Panic) { r.Panics = append(r.Panics, p) },
	})
	if err != nil {
		return err
	}
	peer, err := s.Network.Dial(s.Address)
	if err != nil {
		return err
	}
	peer.Send(request.wire())
	for range maxTurns {
		if err := s.Step(0); err != nil {
			return err
		}
		answer, complete := parse(peer.Received(), request.method, peer.Ended())
		if complete {
			answer.Panics = r.Panics
			*r = answer
			return s.End()
		}
		if answer.Status == 101 {
			peer.CloseWrite()
		}
		if peer.Ended() {
			break
		}
	}
	_ = s.End() // the error below says more
	return fmt.Errorf("no complete answer; the server sent %q", peer.Received())
}

// parse returns the final response in got, and whether it is there as a whole.
// One that switches protocols is there when the connection has ended.
func parse(got []byte, method string, ended bool) (r Result, complete bool) {
	in := bufio.NewReader(bytes.NewReader(got))
	var hints []string
	for {
		res, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return r, false
		}
		if res.StatusCode == 101 {
			content, _ := io.ReadAll(in) // of memory
			return Result{Status: 101, Header: res.Header, Content: string(content)}, ended
		}
		if res.StatusCode < 200 {
			hints = append(hints, res.Header["Link"]...)
			continue
		}
		if res.ContentLength < 0 && len(res.TransferEncoding) == 0 && !ended {
			return r, false // the end of the connection is the end of the content
		}
		content, err := io.ReadAll(res.Body)
		if err != nil {
			return r, false
		}
		return Result{
			Status: res.StatusCode, Header: res.Header, Content: string(content), Trailer: res.Trailer, EarlyHints: hints,
		}, true
	}
}

// A Server is an app on one loop of a simulated network, for tests that play
// several requests or connections, or want to decide what time it is. It
// belongs to the goroutine of the test.
type Server struct {
	// Network is the network, and Address what peers dial (Network.Dial).
	Network *sim.Network
	Address netip.AddrPort
	// Loop is the loop, and Host what the protocol sees of the server.
	Loop *netpoll.Loop
	Host *sdk.Host

	listener int
	security sdk.Terminator // nil: without TLS
}

// NewServer serves app on network, with TLS if config.TLS is set (see DialSecure).
// Of config, what concerns endpoints, loops and pools has no meaning.
func NewServer(app sdk.App, network *sim.Network, config sdk.Config) (*Server, error) {
	var setup sdk.Setup
	app.Install(&setup)
	if err := setup.Err(); err != nil {
		return nil, err
	}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	fd, addr, err := network.Listen(addr, netpoll.ListenOptions{})
	if err != nil {
		return nil, err
	}
	kernel, err := network.Kernel()
	if err != nil {
		return nil, err
	}
	s := &Server{Network: network, Address: addr, listener: fd}
	s.Loop, s.Host, err = sdk.NewLoop(kernel, config, pool{network.Scheduler()})
	if err != nil {
		return nil, err
	}
	accept, err := s.accept(&setup, config.TLS)
	if err != nil {
		return nil, err
	}
	if err := s.Loop.Serve(fd, accept); err != nil {
		return nil, err
	}
	return s, nil
}

// accept returns what makes the handler of each connection.
func (s *Server) accept(setup *sdk.Setup, config sdk.TLSConfig) (func(*netpoll.Conn) netpoll.Handler, error) {
	if config == nil {
		return setup.Accept(s.Host, msg.PolicyStrict), nil
	}
	if setup.Security() == nil {
		return nil, errors.New("sdktest: Config.TLS is set, but the app does not declare TLS")
	}
	var protocols []string
	for _, p := range setup.Protocols() {
		protocols = append(protocols, p.Name())
	}
	endpoint := sdk.SecureEndpoint{URL: "https://" + s.Address.String()}
	var err error
	s.security, err = setup.Security().Prepare(config, []sdk.SecureEndpoint{endpoint}, protocols, s.Host.Limits())
	if err != nil {
		return nil, err
	}
	return s.security.Attach(s.Host, 0, setup.AcceptSecured(s.Host, msg.PolicyStrict)), nil
}

// TLS returns what happened in TLS, as sdk.Server.TLS does.
func (s *Server) TLS() sdk.TLSCounts {
	if s.security == nil {
		return sdk.TLSCounts{}
	}
	return s.security.Counts()
}

// Step lets the loop make one turn, which waits until the time until at the
// longest (see netpoll.Loop.Turn), and every unit that can go on one step.
func (s *Server) Step(until int64) error {
	for s.Network.Scheduler().Step() {
	}
	return s.Loop.Turn(until)
}

// End aborts what is open and waits for the units.
func (s *Server) End() error {
	s.Host.Abort()
	for range maxTurns {
		if s.Loop.Conns() == 0 {
			for s.Network.Scheduler().Step() { // units without a connection
			}
			if s.security != nil {
				s.security.Close()
			}
			return s.Network.Close(s.listener)
		}
		if err := s.Step(0); err != nil {
			return err
		}
	}
	return fmt.Errorf("sdktest: %d connections are still open: a function does not return although its context ended", s.Loop.Conns())
}

// pool is a scheduler as a pool of a server.
type pool struct{ scheduler *sim.Scheduler }

// Start implements sdk.Pool.
func (p pool) Start(u sdk.Unit) { p.scheduler.Go(u.RunUnit) }

// Waiter implements sdk.Pool.
func (p pool) Waiter() netpoll.Waiter { return p.scheduler.Waiter() }
