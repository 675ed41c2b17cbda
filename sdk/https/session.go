package https

import (
	"errors"
	"io"
	"net"
	"net/netip"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
	engine "github.com/windhover-go/windhover/tls"
)

// A session is a connection with TLS: its handler until the handshake is over,
// and its layer from then on.
type session struct {
	loop   *loop
	conn   *netpoll.Conn // the loop's; not looked at when gone
	engine engine.Conn
	// plain is what arrived together with the end of the handshake, and
	// pending what the engine has to send before anything else.
	plain, pending []byte
	gone           bool
	ended          bool // the peer's end was told to the engine
	failed         bool // behind the handshake; it is counted
}

var (
	_ netpoll.Handler = (*session)(nil)
	_ sdk.Secured     = (*session)(nil)
	_ netpoll.Mail    = (*session)(nil)
	_ engine.Host     = (*host)(nil)
)

// A host is what the goroutine of a handshake knows of its connection.
type host struct {
	session       *session
	local, remote netip.AddrPort
}

// HandshakeReady implements tls.Host.
func (h *host) HandshakeReady() { h.session.loop.host.Loop().Post(h.session) }

// LocalAddr implements tls.Host.
func (h *host) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(h.local) }

// RemoteAddr implements tls.Host.
func (h *host) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(h.remote) }

// Receive implements netpoll.Handler.
func (s *session) Receive(c *netpoll.Conn, in []byte) (n int) {
	n, plain, out, err := s.engine.Receive(in, s.plain, c.Out(), c.Now())
	s.plain = plain
	c.SetOut(out)
	s.goOn(c, err)
	if n < len(in) && s.engine.State() == engine.StateHandshake {
		c.Hold() // until HandshakeReady
	}
	return n
}

// goOn does what follows the progress of the handshake.
func (s *session) goOn(c *netpoll.Conn, err error) {
	if r, ok := s.engine.TakeReport(); ok {
		s.loop.terminator.counts.add(&r)
	}
	switch s.engine.State() {
	case engine.StateOpen, engine.StateEnded:
		s.open(c)
	case engine.StateFailed:
		s.fail(c, err)
	case engine.StateNew, engine.StateHello, engine.StateHandshake:
	}
}

// open hands the connection to the protocol that was negotiated.
func (s *session) open(c *netpoll.Conn) {
	state := s.engine.ConnectionState()
	name := state.NegotiatedProtocol
	if name == "" {
		name = s.loop.terminator.protocol
	}
	accept := s.loop.accepts[name]
	if accept == nil { // one of Config.NextProtos
		c.SetOut(s.engine.CloseWrite(c.Out()))
		c.Close()
		return
	}
	c.SetDeadline(0)
	c.Become(accept(c), s)
}

// fail ends a connection whose handshake failed. What tells the peer why stands
// in the output already.
func (s *session) fail(c *netpoll.Conn, err error) {
	s.loop.tell(err, c.RemoteAddr())
	if f, ok := err.(*engine.FailureError); ok && f.Reason == engine.ReasonHTTP { //nolint:errorlint // the engine's own, never wrapped
		c.SetOut(append(c.Out(), needsTLS...))
	}
	c.Close()
}

// needsTLS answers a request without TLS, so that people see what is wrong.
const needsTLS = "HTTP/1.1 400 Bad Request\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\n" +
	"Content-Length: 42\r\n" +
	"Connection: close\r\n\r\n" +
	"This port speaks TLS: the URL is https://\n"

// Deliver implements netpoll.Mail.
func (s *session) Deliver(*netpoll.Loop) {
	if !s.gone && s.engine.State() == engine.StateHandshake {
		s.conn.Again()
	}
}

// Ended implements netpoll.Handler.
func (s *session) Ended(c *netpoll.Conn, reset bool) {
	if reset || s.ended {
		return
	}
	s.ended = true
	plain, out, err := s.engine.End(s.plain, c.Out())
	s.plain = plain
	c.SetOut(out)
	s.goOn(c, err)
}

// Expired implements netpoll.Handler.
func (s *session) Expired(c *netpoll.Conn) {
	s.goOn(c, s.engine.Expire(c.Now()))
	if s.engine.State() != engine.StateFailed {
		c.SetDeadline(s.engine.Deadline())
	}
}

// Returned implements netpoll.Handler. A session never lends.
func (s *session) Returned(*netpoll.Conn) {}

// Draining implements netpoll.Handler: no request has begun.
func (s *session) Draining(c *netpoll.Conn) { c.Close() }

// Closed implements netpoll.Handler. After the handshake it is not called.
func (s *session) Closed(c *netpoll.Conn) {
	s.gone = true
	s.engine.Close()
	if r, ok := s.engine.TakeReport(); ok {
		s.loop.terminator.counts.add(&r)
	}
	s.loop.host.Release(c.RemoteAddr())
}

// Open implements netpoll.Layer.
func (s *session) Open(dst, in []byte) ([]byte, error) {
	if s.plain != nil {
		dst = append(dst, s.plain...)
		s.plain = nil
	}
	_, dst, pending, err := s.engine.Receive(in, dst, s.pending, 0)
	s.pending = pending
	switch s.engine.State() {
	case engine.StateEnded:
		// Without close_notify too, when the stream ended with the handshake:
		// what is complete is for the protocol to say.
		err = io.EOF
	case engine.StateFailed:
		s.broke(err)
	case engine.StateOpen:
		if len(pending) > maxPending {
			err = &engine.FailureError{Reason: engine.ReasonMessage, Err: errUpdates}
			s.broke(err)
		}
	case engine.StateNew, engine.StateHello, engine.StateHandshake:
	}
	return dst, err
}

// maxPending bounds what the engine may have to say while the server says
// nothing, in octets: an answer to a KeyUpdate (RFC 8446 section 4.6.3) has 27.
// A peer that wants 150 of them before the next response wants memory;
// crypto/tls bounds only those in a row.
const maxPending = 4 << 10

var errUpdates = errors.New("the peer updates its keys too often")

// broke counts a failure behind the handshake, and has the hook told on the loop.
func (s *session) broke(err error) {
	if s.failed {
		return
	}
	s.failed = true
	t := s.loop.terminator
	t.counts.fail(err)
	if t.config.OnFailure != nil {
		s.loop.host.Loop().Post(&breach{s.loop, err, s.conn.RemoteAddr()})
	}
}

// A breach is a failure behind the handshake as mail: a unit may have found it.
type breach struct {
	loop   *loop
	err    error
	remote netip.AddrPort
}

// Deliver implements netpoll.Mail.
func (b *breach) Deliver(*netpoll.Loop) {
	b.loop.tell(b.err, b.remote)
}

// Seal implements netpoll.Layer.
func (s *session) Seal(dst, p []byte) []byte {
	dst = append(dst, s.pending...)
	s.pending = nil
	if len(p) > 0 {
		dst, _ = s.engine.Seal(dst, p) // a connection that failed is gone soon
	}
	return dst
}

// SealEnd implements netpoll.Layer.
func (s *session) SealEnd(dst []byte) []byte { return s.engine.CloseWrite(s.Seal(dst, nil)) }

// SecuredBy implements sdk.Secured.
func (s *session) SecuredBy() sdk.TLSState {
	c := s.engine.ConnectionState()
	state := sdk.TLSState{
		Version: c.Version, CipherSuite: c.CipherSuite, ServerName: c.ServerName,
		Protocol: c.NegotiatedProtocol, Resumed: c.DidResume,
	}
	chain := c.PeerCertificates
	if len(c.VerifiedChains) > 0 {
		chain = c.VerifiedChains[0]
	}
	for _, cert := range chain {
		state.PeerCertificates = append(state.PeerCertificates, cert.Raw)
	}
	state.PeerVerified = len(c.VerifiedChains) > 0
	return state
}
