package sdk

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
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
	// unix:/run/app.sock is a Unix socket; behind it, ?mode=660 sets the
	// permissions of its file, which otherwise are what the umask leaves. A
	// socket that nobody answers on is replaced, and the file is removed at the
	// end. fd:3 is a listening socket that the process was started with.
	//
	// Requests are read strictly. An endpoint for clients that cannot do better
	// can say http://:8080?policy=rfc: then what the RFCs allow a server to make
	// sense of is accepted there, and nothing looser (see msg.PolicyRFC). A second
	// option stands behind "&".
	//
	// https://:8443?cert=cert.pem&key=key.pem is an endpoint with TLS, for an app
	// that declares s.TLS(); cert names a file with the certificate and those
	// that vouch for it, key one with its private key, both as PEM. Without
	// them Config.TLS has the certificates.
	//
	// If it is empty, the environment variable WINDHOVER_URLS (separated by
	// ";") is used, and then http://localhost:5000.
	Endpoints []string
	// TLS is an *https.Config: what endpoints with TLS have in common. Nil is
	// its zero value.
	TLS TLSConfig
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
	// at most once a second, by a goroutine of its own. The default writes the
	// stall and the stack to standard error.
	OnStall func(Stall)
	// OnRefusal is called with requests, and connections of HTTP/2, that the server
	// refuses by itself: those that are malformed, over a limit or late,
	// whichever function of Errors or ready-made response answers. It runs on
	// the loop, before the answer is sent, and must not block. Nil, the
	// default, costs nothing; the counts (Server.Refusals) are kept in any
	// case. The function of a route that reads its content as it arrives (Body)
	// has the error itself: that is counted, and the hook is not called.
	OnRefusal func(Refusal)
	// RefusalRate bounds the calls of OnRefusal in each second and loop, default
	// 10; Unlimited lifts it. Those that end an HTTP/2 connection have a second
	// such bound. What is left out is counted (Refusal.Suppressed).
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
	// of its head, default 30 s. Over it the answer is 408; in HTTP/2, where the
	// connection has as long for its beginning, the connection is closed.
	HeadTimeout time.Duration
	// KeepAliveTimeout bounds how long a connection may wait for a request,
	// default 130 s. Over it the connection is closed without an answer (in
	// HTTP/2 with GOAWAY). It also bounds what a fast peer earns by BodyRate and
	// ResponseRate.
	KeepAliveTimeout time.Duration
	// BodyRate is how many octets a second of a request's content the peer has to
	// send on average, while the server waits for them, default 240. Time in
	// which nobody wants them does not count: while a function that streams does
	// not read, and while the peer does not take output over ResponseBufferHigh.
	// Under it the answer is 408, if no response has begun, and the connection is
	// closed; one of HTTP/2 goes on. Octets beyond the rate earn the peer time
	// for later, KeepAliveTimeout from then at the most; without BodyRate each
	// octet does.
	BodyRate int
	// BodyGrace is the time that the peer has to begin with, default 5 s.
	BodyGrace time.Duration
	// ResponseRate is how many octets a second of a response the peer has to
	// take on average, as long as some wait for it, default 240. Under it the
	// connection is aborted. Octets beyond the rate earn the peer time as with
	// BodyRate, and are counted when its time is over: so it may take nothing
	// for twice KeepAliveTimeout after it took much. In HTTP/2 a stream is
	// reset, too, whose window, or the connection's, lets through less in a
	// whole ResponseGrace.
	ResponseRate int
	// ResponseGrace is the time that the peer has to begin with, default 5 s.
	ResponseGrace time.Duration
	// RequestBuffer bounds the input of a connection that is kept because it
	// is not complete or not yet wanted, in octets, default 1 MiB. Over it
	// reading pauses. It has to hold a head, and does by default.
	RequestBuffer int
	// ConnectionAge bounds the age of a connection, more or less a tenth so
	// that connections of the same moment do not end together. It is unlimited
	// by default. Over it the next response announces the end, and a connection
	// that waits for a request is closed without an answer. In HTTP/2 GOAWAY
	// announces it at once.
	ConnectionAge time.Duration
	// ConnectionRequests bounds the requests of a connection, more or less a
	// tenth. It is unlimited by default. The last response announces the end; in
	// HTTP/2 GOAWAY does, and what the client sends before it has read that is
	// answered, too.
	ConnectionRequests int
	// Connections bounds the open connections of the server. It is unlimited
	// by default. Over it a connection is answered 503, whatever it asks for,
	// and closed. Such connections are not counted, and at most 64 of a loop
	// are answered at once: further ones are closed without an answer, and so
	// is one with TLS, before its handshake, and one to an app that offers
	// HTTP/2 alone.
	Connections int
	// ConnectionsPerSource is Connections for one source: an IPv4 address, or
	// the first 64 bits of an IPv6 address. It is unlimited by default, and
	// Unix sockets have no source.
	ConnectionsPerSource int
	// HandshakeTimeout bounds the time from the acceptance of a connection with
	// TLS to the end of its handshake, default 10 s. Over it the connection is
	// closed.
	HandshakeTimeout time.Duration
	// Handshakes bounds the handshakes of TLS that are computed at once, default 4
	// for each of GOMAXPROCS; others wait. Those that wait for their client do
	// not count: of them there can be 256 for each of GOMAXPROCS, at least
	// 1,024, and then the one that waits longest gives way. Up to 1,024 more wait
	// to begin; further ones are refused.
	Handshakes int
	// Streams bounds the requests of a connection with HTTP/2 whose functions
	// run at a time, default 100. Over it a request is refused so that the
	// client can send it again (REFUSED_STREAM).
	Streams int
	// FrameSize bounds the frames of HTTP/2 that are read, in octets, 16,384, which
	// is the default, to 16,777,215. Over it the connection is closed.
	FrameSize int
	// HeaderTable bounds the memory for fields that a connection with HTTP/2
	// repeats (RFC 7541), in octets, default 4,096.
	HeaderTable int
	// ConnectionWindow and StreamWindow bound the content that a client with
	// HTTP/2 may send before a function takes it, in octets, of a connection
	// and of each of its requests: from 65,535, default 1 MiB and 768 KiB.
	ConnectionWindow, StreamWindow int
	// PingInterval is the time without anything from a client with HTTP/2 after
	// which it is asked whether it is there, by default never; PingTimeout is
	// how long it may take to answer, default 15 s. Over it the connection is
	// closed.
	PingInterval, PingTimeout time.Duration
	// Budget bounds what is cheap for a client with HTTP/2 and dear for the
	// server, such as requests that it cancels at once, in points of a
	// connection, default 1,000; useful requests give points back, and
	// BudgetRate of them come back in a second, default 100. Out of it the
	// connection is closed (ENHANCE_YOUR_CALM).
	Budget, BudgetRate int
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
	// Route is the name of the route's plan. Of functions that no route has it
	// is "OnRefusal", "TLS handshake" or "https.Config hook".
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
	if err := c.Limits.complete(); err != nil {
		errs = append(errs, err)
	}
	orDefault(&c.StallAfter, 20*time.Millisecond, forever)
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

const (
	// forever is longer than any process lives, and can be added to a time.
	forever = time.Duration(1) << 60
	// endless is more than there will ever be of anything.
	endless = int(^uint(0) >> 1)
)

// complete fills in the defaults, and the largest value for every limit that is
// lifted; Unlimited for a rate, of which that would be the strictest.
func (l *Limits) complete() error {
	var errs []error
	l.Limits = l.WithDefaults()
	orDefault(&l.HeadTimeout, 30*time.Second, forever)
	orDefault(&l.KeepAliveTimeout, 130*time.Second, forever)
	orDefault(&l.BodyRate, 240, Unlimited)
	orDefault(&l.BodyGrace, 5*time.Second, forever)
	orDefault(&l.ResponseRate, 240, Unlimited)
	orDefault(&l.ResponseGrace, 5*time.Second, forever)
	orDefault(&l.ConnectionAge, forever, forever)
	orDefault(&l.ConnectionRequests, endless, endless)
	orDefault(&l.Connections, endless, endless)
	orDefault(&l.ConnectionsPerSource, endless, endless)
	orDefault(&l.HandshakeTimeout, 10*time.Second, forever)
	orDefault(&l.Handshakes, 4*runtime.GOMAXPROCS(0), endless)
	orDefault(&l.DrainTimeout, 5*time.Second, forever)
	orDefault(&l.ShutdownTimeout, 30*time.Second, forever)
	if l.ResponseBufferLow > l.ResponseBufferHigh {
		errs = append(errs, fmt.Errorf("windhover: Limits.ResponseBufferLow (%d) is over ResponseBufferHigh (%d)",
			l.ResponseBufferLow, l.ResponseBufferHigh))
	}
	// A head of which a part is kept has to fit, or it would never be complete.
	const most = 1 << 29
	head := min(l.RequestLine, most) + min(l.FieldSection, most) + len("\r\n\r\n")
	if l.RequestBuffer > 0 && l.RequestBuffer < head {
		errs = append(errs, fmt.Errorf("windhover: Limits.RequestBuffer (%d) has to hold a head, for which RequestLine and FieldSection allow %d octets",
			l.RequestBuffer, head))
	}
	orDefault(&l.RequestBuffer, max(1<<20, head), endless)
	return errors.Join(errs...)
}

// orDefault replaces a 0 by the default and Unlimited by what stands for it.
func orDefault[T ~int | ~int64](limit *T, value, lifted T) {
	switch {
	case *limit == 0:
		*limit = value
	case *limit < 0:
		*limit = lifted
	}
}
