package sdk

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk/msg"
)

// Unlimited lifts a limit; 0 means its default.
const Unlimited = msg.Unlimited

// A Config is how a server is set up. The zero value is a server on
// http://localhost:5000 with one loop per core and the default limits. It is
// read-only after New.
type Config struct {
	// Endpoints are the URLs to listen on: http://127.0.0.1:8080,
	// http://[::1]:8080, http://:8080 (all interfaces, IPv4 and IPv6) or
	// http://localhost:8080 (both loopbacks). Port 0 lets the system choose.
	//
	// Requests are read strictly. An endpoint for clients that cannot do better
	// can say http://:8080?policy=rfc: then what the RFCs allow a server to make
	// sense of is accepted there, and nothing looser (see msg.PolicyRFC).
	//
	// If it is empty, the environment variable WINDHOVER_URLS (separated by
	// ";") is used, and then http://localhost:5000.
	Endpoints []string
	// Loops is the number of event loops. If it is 0, the environment variable
	// WINDHOVER_LOOPS is used, and then GOMAXPROCS.
	Loops int
	// Workers is the number of goroutines that run the functions of routes off
	// the loop, default 1,024. When all are busy, further requests wait, and
	// nothing is read from their connections.
	Workers int
	// StreamWorkers is Workers for the routes that stream, default 4,096.
	StreamWorkers int
	// Limits bounds what a message and a connection may cost.
	Limits Limits
	// StallAfter is how long a function on the loop may run before OnStall is
	// called, default 20 ms; Unlimited switches the watchdog off.
	StallAfter time.Duration
	// HalfClose keeps the context of an exchange alive when the peer has
	// finished sending. By default that cancels it; the response is sent all
	// the same.
	HalfClose bool
	// OnPanic is called with every panic of a function of the app. It may be
	// called by several goroutines at once and should not block. The default
	// writes the panic and its stack to standard error.
	OnPanic func(Panic)
	// OnStall is called when a function on a loop runs longer than StallAfter,
	// at most once a second, by a goroutine of its own. The default writes the stall and
	// the stack to standard error.
	OnStall func(Stall)
	// OnRefusal is called with requests that the server refuses by itself: those
	// that are malformed, over a limit or late, whichever function of Errors or
	// ready-made response answers. It runs on the loop, before the answer is
	// sent, and must not block. Nil, the default, costs nothing; the counts
	// (Server.Refusals) are kept in any case. The function of a route that reads
	// its content as it arrives (Body) has the error itself: that is counted,
	// and the hook is not called.
	OnRefusal func(Refusal)
	// RefusalRate bounds the calls of OnRefusal in each second and loop, default
	// 10; Unlimited lifts it. What is left out is counted (Refusal.Suppressed).
	RefusalRate int
	// System is where sockets come from; nil is the operating system. Tests
	// give netpoll/sim.
	System netpoll.System
}

// Limits are the bounds of messages and connections. A 0 is the default and
// Unlimited lifts a limit.
type Limits struct {
	msg.Limits
	// HeadTimeout bounds the time from the first octet of a request to the end
	// of its head, default 30 s. Over it the answer is 408.
	HeadTimeout time.Duration
	// KeepAliveTimeout bounds how long a connection may wait for a request, or
	// in mid-request for a further octet of content, default 130 s. Over it
	// the connection is closed without an answer, in mid-request after 408.
	KeepAliveTimeout time.Duration
	// DrainTimeout bounds how long a connection that is being closed reads on
	// so that the answer is not lost, default 5 s.
	DrainTimeout time.Duration
	// ShutdownTimeout bounds how long a server that Run or Serve shuts down
	// waits for exchanges, default 30 s. After it they are aborted.
	ShutdownTimeout time.Duration
}

// Panic is a panic of a function of the app. The exchange was answered 500, or
// aborted when its response had begun.
type Panic struct {
	// Route is the name of the route's plan.
	Route string
	// Value is what the function panicked with.
	Value any
	// Stack is the stack of the goroutine.
	Stack []byte
}

// Stall is a function on the loop that did not return in time, and holds up
// every connection of its loop.
type Stall struct {
	// Route is the name of the route's plan.
	Route string
	// Duration is how long it has run so far.
	Duration time.Duration
	// Stack holds the stacks of the process's goroutines; the loop's is the
	// one that contains netpoll.(*Loop).Turn.
	Stack []byte
}

// withDefaults returns a copy in which every default is filled in.
func (c Config) withDefaults(getenv func(string) string) (Config, error) {
	var errs []error
	if len(c.Endpoints) == 0 {
		if urls := getenv("WINDHOVER_URLS"); urls != "" {
			c.Endpoints = splitURLs(urls)
		}
	}
	if len(c.Endpoints) == 0 {
		c.Endpoints = []string{"http://localhost:5000"}
	}
	if loops := getenv("WINDHOVER_LOOPS"); c.Loops == 0 && loops != "" {
		n, err := strconv.Atoi(loops)
		if err != nil || n < 1 {
			errs = append(errs, fmt.Errorf("windhover: WINDHOVER_LOOPS is %q; it has to be a number from 1", loops))
		}
		c.Loops = n
	}
	if c.Loops == 0 {
		c.Loops = runtime.GOMAXPROCS(0)
	}
	if c.Workers == 0 {
		c.Workers = 1024
	}
	if c.StreamWorkers == 0 {
		c.StreamWorkers = 4096
	}
	if c.RefusalRate == 0 {
		c.RefusalRate = 10
	}
	if c.Loops < 0 || c.Workers < 0 || c.StreamWorkers < 0 {
		errs = append(errs, errors.New("windhover: Config.Loops, Workers and StreamWorkers cannot be negative; 0 is the default"))
	}
	c.Limits.Limits = c.Limits.WithDefaults()
	orDefault(&c.Limits.HeadTimeout, 30*time.Second)
	orDefault(&c.Limits.KeepAliveTimeout, 130*time.Second)
	orDefault(&c.Limits.DrainTimeout, 5*time.Second)
	orDefault(&c.Limits.ShutdownTimeout, 30*time.Second)
	orDefault(&c.StallAfter, 20*time.Millisecond)
	if c.Limits.ResponseBufferLow > c.Limits.ResponseBufferHigh {
		errs = append(errs, fmt.Errorf("windhover: Limits.ResponseBufferLow (%d) is over ResponseBufferHigh (%d)",
			c.Limits.ResponseBufferLow, c.Limits.ResponseBufferHigh))
	}
	if c.OnPanic == nil {
		c.OnPanic = func(p Panic) {
			fmt.Fprintf(os.Stderr, "windhover: %s panicked: %v\n%s", p.Route, p.Value, p.Stack)
		}
	}
	if c.OnStall == nil {
		c.OnStall = func(s Stall) {
			fmt.Fprintf(os.Stderr, "windhover: %s has kept its loop for %v; a function that blocks must not be OnLoop\n%s",
				s.Route, s.Duration.Round(time.Millisecond), s.Stack)
		}
	}
	if c.System == nil {
		c.System = netpoll.OS()
	}
	return c, errors.Join(errs...)
}

// forever is longer than any process lives, and can be added to a time.
const forever = time.Duration(1) << 60

func orDefault(d *time.Duration, value time.Duration) {
	switch {
	case *d == 0:
		*d = value
	case *d < 0:
		*d = forever
	}
}

func splitURLs(urls string) (list []string) {
	for url := range strings.SplitSeq(urls, ";") {
		if url = strings.TrimSpace(url); url != "" {
			list = append(list, url)
		}
	}
	return list
}

// A bind is one address that an endpoint stands for.
type bind struct {
	addr      netip.AddrPort
	dualStack bool
	policy    msg.Policy
	// optional: the address may be missing on this machine, as the IPv6
	// loopback is on some.
	optional bool
}

// parseEndpoint returns the addresses that a URL stands for.
func parseEndpoint(url string) ([]bind, error) {
	scheme, rest, ok := strings.Cut(url, "://")
	switch {
	case !ok:
		return nil, fmt.Errorf("windhover: endpoint %q is not a URL; write http://HOST:PORT", url)
	case scheme == "https":
		return nil, fmt.Errorf("windhover: endpoint %q: this app does not declare TLS; write http://HOST:PORT", url)
	case scheme != "http":
		return nil, fmt.Errorf("windhover: endpoint %q has the scheme %q; write http://HOST:PORT", url, scheme)
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	policy := msg.PolicyStrict
	if hasQuery {
		switch query {
		case "policy=strict":
		case "policy=rfc":
			policy = msg.PolicyRFC
		default:
			return nil, fmt.Errorf("windhover: endpoint %q: what follows the question mark can be policy=strict, which is the default, or policy=rfc", url)
		}
	}
	rest = strings.TrimSuffix(rest, "/")
	if strings.ContainsAny(rest, "/#@") {
		return nil, fmt.Errorf("windhover: endpoint %q has more than a host and a port; write http://HOST:PORT", url)
	}
	colon := strings.LastIndexByte(rest, ':')
	if colon < 0 || strings.HasSuffix(rest, "]") {
		return nil, fmt.Errorf("windhover: endpoint %q has no port; write http://HOST:PORT", url)
	}
	host := rest[:colon]
	port, err := strconv.ParseUint(rest[colon+1:], 10, 16)
	if err != nil {
		return nil, fmt.Errorf("windhover: endpoint %q: the port has to be a number from 0 to 65535", url)
	}
	switch host {
	case "":
		return []bind{{addr: netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(port)), dualStack: true, policy: policy}}, nil
	case "localhost":
		return []bind{
			{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)), policy: policy},
			{addr: netip.AddrPortFrom(netip.IPv6Loopback(), uint16(port)), policy: policy, optional: true},
		}, nil
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if err != nil || strings.HasPrefix(host, "[") != addr.Is6() {
		return nil, fmt.Errorf("windhover: endpoint %q: the host has to be an IP address (IPv6 in brackets), localhost or empty", url)
	}
	return []bind{{addr: netip.AddrPortFrom(addr, uint16(port)), policy: policy}}, nil
}
