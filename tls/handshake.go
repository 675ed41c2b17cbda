package tls

import (
	"context"
	stdtls "crypto/tls"
	"io"
	"net"
	"runtime/debug"
	"sync"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// A Host is who owns a Conn, as its handshake sees it.
type Host interface {
	// HandshakeReady says that Conn.Receive is to be called, on the
	// connection's loop: there is something to send, or the handshake ended.
	// It is called by the handshake's goroutine and may not block. A call may
	// still come shortly after Conn.Close.
	HandshakeReady()
	// LocalAddr and RemoteAddr are for the functions of the configuration
	// (stdtls.ClientHelloInfo.Conn), and may be called by the handshake's
	// goroutine.
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
}

// maxInbox bounds what is kept of a peer's octets during a handshake: more than
// a record, so that there is always room for the one that is awaited.
const maxInbox = 32 << 10

// maxHello bounds Limits.Hello, so that the inbox has room for it, in as many
// records as it may lie in.
const maxHello = 24 << 10

// phase is where a handshake stands.
//
//	queued ──▶ working ──▶ waiting ──▶ ready
//	              ▲  │        │          │
//	              └──┼────────┼──────────┤
//	                 ▼        ▼          ▼
//	               ended ◀── ending ◀────┘
//
// queued leads to ended as well, without a goroutine ever.
type phase uint8

const (
	phaseHello   phase = iota // the ClientHello is not complete; only the loop knows of it
	phaseQueued               // waits to begin
	phaseWorking              // has its turn at work
	phaseWaiting              // waits for a record of its peer
	phaseReady                // has one, and waits for its turn
	phaseEnding               // stopped; its goroutine is about to notice, and is counted no more
	phaseEnded                // its goroutine is done, or never was
)

// A handshake is what a connection needs until its handshake is over. It is
// shared by the loop and the handshake's goroutine.
type handshake struct {
	server *Server        // the same always
	host   Host           // the same always
	config *stdtls.Config // the same always
	start  int64          // the same always: when Conn.Start was called
	wire   *wire          // the goroutine's while it runs; after that the loop's

	// The rest is guarded by server.mu from phaseQueued on. Before that and in
	// phaseEnded it is the loop's.
	phase      phase
	turn       sync.Cond // the goroutine waits on it in phaseWaiting and phaseReady
	prev, next *handshake
	since      int64 // when it entered the phase, for the report
	cancel     context.CancelFunc

	in      []byte // octets of the peer that crypto/tls has not taken are in[taken:]
	taken   int
	whole   int  // in[taken:whole] are complete records
	current int  // where the record ends that is being taken; at most taken if none is
	bad     bool // in[whole:] follows a header that is none, and is nothing
	full    bool // the loop holds back octets until there is room
	ended   bool // the peer sends no more

	out   []byte // to send
	sent  Alert  // the fatal alert among it, if it could be read
	keyed bool   // what follows in out is encrypted

	stop   Reason // why it is to stop
	tls    *stdtls.Conn
	err    error // how it ended
	report Report
}

// list returns the server's list of the handshakes in a phase, if there is one.
func (h *handshake) list(p phase) *list {
	switch p {
	case phaseQueued:
		return &h.server.queued
	case phaseReady:
		return &h.server.ready
	case phaseWaiting:
		return &h.server.waiting
	case phaseHello, phaseWorking, phaseEnding, phaseEnded:
	}
	return nil
}

// hasBegun reports whether a handshake in the phase counts for Limits.Begun.
func (p phase) hasBegun() bool {
	return p == phaseWorking || p == phaseWaiting || p == phaseReady
}

// enter changes the phase: the one place that does, and that counts. server.mu
// is held.
func (h *handshake) enter(p phase) {
	s := h.server
	if l := h.list(h.phase); l != nil {
		l.remove(h)
	}
	if h.phase == phaseWorking {
		s.atWork--
	}
	if h.phase.hasBegun() {
		s.begun--
	}
	h.count()
	h.phase = p
	if l := h.list(p); l != nil {
		l.push(h)
	}
	if p == phaseWorking {
		s.atWork++
	}
	if p.hasBegun() {
		s.begun++
	}
	invariant.That(s.atWork >= 0 && s.atWork <= s.begun && s.begun <= s.limits.Begun)
}

// count adds the time since the last change of phase to the report.
func (h *handshake) count() {
	now := h.server.clock()
	spent := now - h.since
	h.since = now
	switch h.phase {
	case phaseQueued, phaseReady:
		h.report.Queued += spent
	case phaseWorking:
		h.report.Working += spent
	case phaseWaiting:
		h.report.Waiting += spent
	case phaseHello, phaseEnding, phaseEnded:
	}
}

// end stops a handshake from outside. What calculates is not interrupted, but
// finds out when it reads next. server.mu is held.
func (h *handshake) end(why Reason) {
	if h.stop == ReasonNone {
		h.stop = why
	}
	if h.cancel != nil {
		h.cancel()
	}
	switch h.phase {
	case phaseHello, phaseQueued:
		h.enter(phaseEnded)
	case phaseWaiting, phaseReady:
		h.enter(phaseEnding)
		h.turn.Signal()
	case phaseWorking, phaseEnding, phaseEnded:
	}
}

// run is the handshake's goroutine.
func (h *handshake) run() {
	err := h.handshake()
	s := h.server
	s.mu.Lock()
	h.err = err
	if h.stop != ReasonNone {
		h.err = &FailureError{Reason: h.stop, Author: AuthorUs}
	}
	h.enter(phaseEnded)
	abandoned := h.stop != ReasonNone && h.stop != ReasonDropped
	s.dispatch()
	s.mu.Unlock()
	if !abandoned {
		h.host.HandshakeReady()
	}
}

// handshake drives crypto/tls, and catches panics of the configuration's
// functions.
func (h *handshake) handshake() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
			if !h.keyed {
				h.write(appendAlert(nil, AlertInternal))
			}
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	conn := stdtls.Server(h.wire, h.config)
	h.server.mu.Lock()
	h.tls, h.cancel, h.report.Begun = conn, cancel, true
	h.server.mu.Unlock()
	return conn.HandshakeContext(ctx)
}

// read is Read of the wire during the handshake. It returns octets of one
// record at most, so that crypto/tls takes none that follow the handshake.
func (h *handshake) read(p []byte) (int, error) {
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	for {
		switch {
		case h.stop != ReasonNone:
			return 0, errStopped
		case h.taken < h.whole:
			return h.take(p), nil
		case h.bad: // crypto/tls has refused it: nothing may follow even if not
			return 0, errHeader
		case h.ended:
			return 0, io.EOF
		}
		h.wait()
	}
}

// take moves octets of the current record to p.
func (h *handshake) take(p []byte) int {
	if h.current <= h.taken {
		n, _ := anyLayout().record(h.in[h.taken:])
		h.current = h.taken + n
	}
	n := copy(p, h.in[h.taken:h.current])
	h.taken += n
	return n
}

// wait gives the turn at work to another, and returns when the peer has sent
// something and a turn is free again, or when the handshake is to end.
// server.mu is held, but not all the time.
func (h *handshake) wait() {
	s := h.server
	h.enter(phaseWaiting)
	tell := len(h.out) > 0 || h.full
	s.dispatch()
	if tell && h.phase == phaseWaiting {
		s.mu.Unlock()
		h.host.HandshakeReady()
		s.mu.Lock()
	}
	for h.phase == phaseWaiting || h.phase == phaseReady {
		h.turn.Wait()
	}
}

// write is Write of the wire during the handshake. What it is given goes to the
// loop when the goroutine waits or ends: crypto/tls writes several records
// before it reads.
func (h *handshake) write(p []byte) {
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	for at := p; ; {
		n, ok := anyLayout().record(at)
		if !ok {
			break
		}
		switch {
		case at[0] == recordChangeCipherSpec || at[0] == recordApplicationData:
			h.keyed = true
		case at[0] == recordAlert && !h.keyed && n == headerLen+2 && at[headerLen] == alertFatal:
			h.sent = Alert(at[headerLen+1])
		}
		at = at[n:]
	}
	h.out = append(h.out, p...)
}

// receive takes octets of the peer, as many as there is room for, and appends
// what is to be sent. ended says that the peer sends no more. It is the loop's,
// as is over: whether the goroutine is done.
func (h *handshake) receive(in, sealed []byte, ended bool) (n int, _ []byte, over bool) {
	s := h.server
	s.mu.Lock()
	defer s.mu.Unlock()
	n = h.keep(in)
	h.full = n < len(in)
	h.ended = h.ended || ended
	if h.phase == phaseWaiting && (h.taken < h.whole || h.bad || h.ended) {
		h.enter(phaseReady)
		s.dispatch()
	}
	sealed = append(sealed, h.out...)
	h.out = h.out[:0]
	return n, sealed, h.phase == phaseEnded
}

// keep appends to the inbox what there is room for, and finds the records.
func (h *handshake) keep(in []byte) int {
	if h.taken > 0 && len(in) > 0 {
		left := copy(h.in, h.in[h.taken:])
		h.in = h.in[:left]
		h.whole -= h.taken
		h.current -= h.taken
		h.taken = 0
	}
	n := min(len(in), maxInbox-len(h.in))
	h.in = append(h.in, in[:n]...)
	h.scan()
	return n
}

// scan moves whole behind the last complete record. A header that cannot be one
// counts as complete, for crypto/tls to refuse.
func (h *handshake) scan() {
	for !h.bad {
		n, ok := anyLayout().record(h.in[h.whole:])
		if !ok {
			return
		}
		h.bad = !anyLayout().isHeader(h.in[h.whole:])
		h.whole += n
	}
}
