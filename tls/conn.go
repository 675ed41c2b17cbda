package tls

import (
	stdtls "crypto/tls"
	"errors"
	"io"
	"slices"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// A Conn is the engine of one connection, on the server's side. It is used so,
// by the goroutine of its loop:
//
//	c.Start(server, config, host, now)
//	n, plain, sealed, err := c.Receive(in, plain, sealed, now)   // octets have arrived
//	n, plain, sealed, err := c.Receive(rest, plain, sealed, now) // after Host.HandshakeReady
//	sealed, err = c.Seal(sealed, response)
//	sealed = c.CloseWrite(sealed)
//	c.Close()
//
// What a method appends to sealed is to be sent, in order, whatever error the
// method returns with it. The zero value is ready for Start.
type Conn struct {
	server *Server
	h      *handshake // in StateHello and StateHandshake
	tls    *stdtls.Conn
	wire   *wire // of tls
	err    error // final: of the whole connection in StateFailed, else of receiving
	part   partial
	report *Report // until TakeReport
	layout layout  // of what the peer sends in StateOpen
	state  State
	silent bool // close_notify is sent: nothing may follow
}

// A State says what a Conn is doing.
//
//	new ─▶ hello ─▶ handshake ─▶ open ─▶ ended
//	         └──────────┴─────────┴─▶ failed ◀┘
//
// Close leads from every state to new.
type State uint8

const (
	StateNew       State = iota // before Start, after Close
	StateHello                  // the ClientHello is not complete; there is no goroutine
	StateHandshake              // the handshake waits for its turn, or runs
	StateOpen                   // the handshake is over: data flows
	StateEnded                  // the peer sends no more; sending is still possible
	StateFailed                 // Err tells why
)

// Start begins a connection: the zero Conn, or one that was closed. config is
// read-only from now on; it may differ from one connection to the next. now is
// in monotonic nanoseconds.
func (c *Conn) Start(s *Server, config *stdtls.Config, host Host, now int64) {
	invariant.That(c.state == StateNew)
	c.server = s
	c.h = &handshake{server: s, config: config, host: host, start: now}
	c.h.turn.L = &s.mu
	c.h.wire = &wire{h: c.h}
	c.state = StateHello
}

// State returns what the connection is doing.
func (c *Conn) State() State { return c.state }

// Err returns the error that receiving ended with: nil, io.EOF when the peer
// sent close_notify, or a *FailureError.
func (c *Conn) Err() error { return c.err }

// CanSeal reports whether Seal is possible.
func (c *Conn) CanSeal() bool {
	return (c.state == StateOpen || c.state == StateEnded) && !c.silent
}

// Deadline returns when Expire is to be called, 0 if not.
func (c *Conn) Deadline() int64 {
	if c.h == nil {
		return 0
	}
	return c.h.start + c.server.limits.HandshakeTimeout
}

// ConnectionState returns what crypto/tls knows of the connection: version,
// server name, application protocol, certificates of the peer. It is the zero
// value before StateOpen. It is no cheap call.
func (c *Conn) ConnectionState() stdtls.ConnectionState {
	if c.tls == nil {
		return stdtls.ConnectionState{}
	}
	return c.tls.ConnectionState()
}

// TakeReport returns what there is to count of the handshake, once, when it has
// succeeded or failed.
func (c *Conn) TakeReport() (Report, bool) {
	r := c.report
	c.report = nil
	if r == nil {
		return Report{}, false
	}
	return *r, true
}

// Receive takes octets from the wire, in, which is borrowed until it returns.
// It appends to plain what the peer said, and to sealed what is to be sent, and
// returns how many octets it took. It takes all, except in StateHandshake: then
// the rest is to be given again after Host.HandshakeReady, and until then it is
// best not to read more.
//
// err is final, and returned again by every later call: io.EOF after the peer's
// close_notify (RFC 8446 section 6.1), which plain may come with, or a
// *FailureError. With room for len(in) + 18 KiB in plain, nothing is allocated
// for it.
func (c *Conn) Receive(in, plain, sealed []byte, now int64) (n int, _, _ []byte, err error) {
	given := len(in)
	if c.state == StateHello {
		in, sealed = c.hello(in, sealed, now)
	}
	if c.state == StateHandshake {
		in, plain, sealed = c.handshake(in, plain, sealed, false)
	}
	if c.state == StateOpen {
		plain, sealed = c.open(in, plain, sealed)
		in = nil
	}
	if c.err != nil {
		in = nil // what follows the end is dropped
	}
	return given - len(in), plain, sealed, c.err
}

// End says that the peer's octets have ended: the connection was shut down in
// that direction, and Receive has taken all. If the peer did not say so in TLS
// before, the error is a *FailureError with ReasonTruncated, or ReasonEnd in
// the handshake. A handshake goes on with what has arrived: then err is nil,
// and comes later, from Receive.
func (c *Conn) End(plain, sealed []byte) (_, _ []byte, err error) {
	switch c.state {
	case StateHello:
		c.fail(&FailureError{Reason: ReasonEnd})
	case StateHandshake:
		_, plain, sealed = c.handshake(nil, plain, sealed, true)
	case StateOpen:
		c.truncated()
	case StateNew, StateEnded, StateFailed:
	}
	return plain, sealed, c.err
}

// Expire says that the time of Deadline has come. Its error is that of the
// handshake, or nil if it is not late.
func (c *Conn) Expire(now int64) error {
	if c.h != nil && now >= c.Deadline() {
		c.fail(&FailureError{Reason: ReasonTimeout})
	}
	return c.err
}

// Seal appends the records that carry plain. It fails only when CanSeal is
// false. How long the records are is crypto/tls's choice: one packet each at
// first, unless stdtls.Config.DynamicRecordSizingDisabled is set.
func (c *Conn) Seal(sealed, plain []byte) ([]byte, error) {
	if !c.CanSeal() {
		return sealed, ErrSilent
	}
	c.wire.out = slices.Grow(sealed, len(plain)+len(plain)/32+64) // small records cost 3 %
	_, err := c.tls.Write(plain)
	sealed = c.takeSealed()
	if err != nil {
		c.fail(failure(err, AlertCloseNotify, false))
	}
	return sealed, err
}

// ErrSilent is the error of Seal when nothing can be sent: before the handshake
// is over, after CloseWrite, or after a failure.
var ErrSilent = errors.New("tls: nothing can be sent")

// CloseWrite appends close_notify, once: nothing can be sealed after it. Before
// StateOpen and after a failure it does nothing.
func (c *Conn) CloseWrite(sealed []byte) []byte {
	if !c.CanSeal() {
		return sealed
	}
	c.silent = true
	c.wire.out = sealed
	_ = c.tls.CloseWrite() // memory takes every write
	return c.takeSealed()
}

// Close ends the connection at once, and stops its handshake. The Conn is then
// as new, but for its report.
func (c *Conn) Close() {
	if c.h != nil {
		c.fail(&FailureError{Reason: ReasonStopped, Author: AuthorUs})
	}
	if c.server != nil {
		c.part.free(c.server)
	}
	*c = Conn{report: c.report}
}

// hello collects the ClientHello, so that a peer that sends none costs nothing.
func (c *Conn) hello(in, sealed []byte, now int64) (rest, _ []byte) {
	h := c.h
	// The bound is kept by readHello, but for the headers of tiny records.
	n := min(len(in), maxInbox-len(h.in))
	h.in = append(h.in, in[:n]...)
	complete, why := c.readHello()
	if why == ReasonNone && !complete && n < len(in) {
		why = ReasonHelloLimit
	}
	switch {
	case why != ReasonNone:
		f := &FailureError{Reason: why}
		if f.Alert = alertFor(why); f.Alert != AlertCloseNotify {
			sealed = appendAlert(sealed, f.Alert)
		}
		c.fail(f)
	case complete:
		h.scan()
		h.report.Hello = now - h.start
		h.since = h.server.clock()
		c.state = StateHandshake
		if !c.server.enqueue(h) {
			c.fail(&FailureError{Reason: ReasonBusy, Author: AuthorUs, Alert: AlertInternal})
			sealed = appendAlert(sealed, AlertInternal)
		}
	}
	return in[n:], sealed
}

// readHello looks at what has arrived before there is a ClientHello.
func (c *Conn) readHello() (complete bool, _ Reason) {
	in := c.h.in
	switch Recognise(in) {
	case KindMore:
		return false, ReasonNone
	case KindHTTP1:
		return false, ReasonHTTP
	case KindHTTP2:
		return false, ReasonPreface
	case KindSSL2:
		return false, ReasonSSL2
	case KindOther:
		return false, ReasonNotTLS
	case KindTLS:
	}
	return readHello(in, c.server.limits.Hello)
}

// alertFor returns the alert for what is refused before a handshake:
// AlertCloseNotify is none, for peers that would not understand it.
func alertFor(why Reason) Alert {
	switch why { //nolint:exhaustive // only these come before a handshake and speak TLS
	case ReasonHello:
		return AlertUnexpected
	case ReasonHelloLimit:
		return AlertDecode
	case ReasonRecord:
		return AlertRecordOverflow
	}
	return AlertCloseNotify
}

// handshake gives octets to the handshake's goroutine and takes what it has to
// say. When the handshake is over, what it left is received as data.
func (c *Conn) handshake(in, plain, sealed []byte, ended bool) (rest, _, _ []byte) {
	h := c.h
	n, sealed, over := h.receive(in, sealed, ended)
	in = in[n:]
	if !over {
		return in, plain, sealed
	}
	if h.err != nil {
		c.fail(failure(h.err, h.sent, true))
		return in, plain, sealed
	}
	c.tls, c.wire = h.tls, h.wire
	c.wire.h = nil // from now on the wire does not wait
	c.finish(ReasonNone, AlertCloseNotify)
	c.state = StateOpen
	plain, sealed = c.open(h.in[h.taken:], plain, sealed)
	if h.ended && c.state == StateOpen && len(in) == 0 {
		c.truncated()
	}
	return in, plain, sealed
}

// open receives data: record by record, so that crypto/tls keeps no more memory
// than for the longest.
func (c *Conn) open(in, plain, sealed []byte) (_, _ []byte) {
	c.wire.out = sealed
	for c.state == StateOpen {
		var rec []byte
		if rec, in = c.next(in); rec == nil {
			break
		}
		plain = c.feed(rec, plain)
		c.part.free(c.server)
	}
	return plain, c.takeSealed()
}

// next returns the next record, from in or from what was kept and in, or nil
// when it is not complete: then all of in is kept.
func (c *Conn) next(in []byte) (rec, rest []byte) {
	p := &c.part
	if len(p.b) == 0 {
		n, ok := c.layout.record(in)
		if ok {
			return in[:n], in[n:]
		}
		if len(in) > 0 {
			p.add(c.server, in, n)
		}
		return nil, nil
	}
	n, ok := c.layout.record(p.b)
	if n == 0 {
		missing := min(headerLen-len(p.b), len(in))
		p.add(c.server, in[:missing], 0)
		in = in[missing:]
		n, ok = c.layout.record(p.b)
	}
	if n > 0 && !ok {
		missing := min(n-len(p.b), len(in))
		p.add(c.server, in[:missing], n)
		in = in[missing:]
		ok = len(p.b) == n
	}
	if !ok {
		return nil, nil
	}
	return p.b, in
}

// feed gives one record to crypto/tls, and asks once: an answer that is no data
// and no failure means that the record carried none.
func (c *Conn) feed(rec, plain []byte) []byte {
	plain = slices.Grow(plain, len(rec))
	c.wire.in = rec
	n, err := c.tls.Read(plain[len(plain):cap(plain)])
	invariant.That(len(c.wire.in) == 0 || err != nil)
	c.wire.in = nil
	plain = plain[:len(plain)+n]
	switch {
	case err == nil:
	case err == error(empty{}) && c.layout.isHeader(rec):
	case err == io.EOF:
		c.err = io.EOF
		c.state = StateEnded
	default:
		f := failure(err, AlertCloseNotify, false)
		if f.Reason == ReasonMessage && rec[0] == recordHandshake {
			// After the handshake such a record is seen in TLS 1.2 only, and
			// all that a client may want with it is another handshake.
			f.Reason = ReasonRenegotiation
		}
		c.fail(f)
	}
	return plain
}

// takeSealed takes what crypto/tls has written from the wire.
func (c *Conn) takeSealed() []byte {
	sealed := c.wire.out
	c.wire.out = nil
	return sealed
}

// truncated ends receiving: a peer that ends without close_notify may have been
// cut off by somebody else. Sending is still possible.
func (c *Conn) truncated() {
	c.err = &FailureError{Reason: ReasonTruncated}
	c.state = StateEnded
}

// fail ends the connection for good.
func (c *Conn) fail(f *FailureError) {
	if c.h != nil {
		c.finish(f.Reason, f.Alert)
	}
	c.part.free(c.server)
	c.err = f
	c.state = StateFailed
}

// finish parts with the handshake, which is over or is stopped.
func (c *Conn) finish(why Reason, alert Alert) {
	h := c.h
	c.server.mu.Lock()
	if h.phase != phaseEnded {
		h.end(why)
		c.server.dispatch()
	}
	r := h.report
	c.server.mu.Unlock()
	c.h = nil
	r.Reason, r.Alert = why, alert
	if why == ReasonNone {
		state := h.tls.ConnectionState()
		r.Version, r.Cipher = state.Version, state.CipherSuite
		r.Resumed, r.Requested = state.DidResume, state.HelloRetryRequest
		c.layout = layoutOf(state.Version)
	}
	c.report = &r
}
