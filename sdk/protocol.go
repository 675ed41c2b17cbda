package sdk

import (
	"errors"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A Setup collects what an app offers while a server is made.
type Setup struct {
	protocols []Protocol
	security  Security
	errs      []error
}

// Require notes why the app cannot run, such as a directory that is not there:
// New returns it. A nil error is nothing to note.
func (s *Setup) Require(err error) {
	if err != nil {
		s.errs = append(s.errs, err)
	}
}

// Err returns what was noted with Require.
func (s *Setup) Err() error { return errors.Join(s.errs...) }

// Offer adds a protocol. The glue packages call it (http1.Offer).
func (s *Setup) Offer(p Protocol) { s.protocols = append(s.protocols, p) }

// Secure says what ends TLS on endpoints with https. Package sdk/https calls it.
func (s *Setup) Secure(security Security) { s.security = security }

// Protocols returns what was offered, in order.
func (s *Setup) Protocols() []Protocol { return s.protocols }

// Security returns what Secure was given, nil when nothing was.
func (s *Setup) Security() Security { return s.security }

// Accept readies what was offered for the loop of h and the endpoints without
// TLS that have the policy, and returns what makes the handler of each
// connection accepted there. Where both HTTP/1.1 and HTTP/2 are offered, the
// first octets of a connection decide (RFC 9113 section 3.3).
func (s *Setup) Accept(h *Host, policy msg.Policy) func(c *netpoll.Conn) netpoll.Handler {
	http1 := s.protocols[0]
	if len(s.protocols) == 1 {
		return http1.Attach(h, Entry{Policy: policy})
	}
	http2 := s.protocols[1]
	if http1.Name() == http2Name {
		http1, http2 = http2, http1
	}
	preface := http2.Attach(h, Entry{Policy: policy, Admitted: true})
	return http1.Attach(h, Entry{Policy: policy, Preface: preface})
}

// AcceptSecured is Accept for endpoints with TLS: what it returns makes the
// handlers of connections whose handshake is done, by the protocol's name as
// ALPN has it (RFC 7301).
func (s *Setup) AcceptSecured(h *Host, policy msg.Policy) map[string]func(c *netpoll.Conn) netpoll.Handler {
	accepts := make(map[string]func(c *netpoll.Conn) netpoll.Handler)
	for _, p := range s.protocols {
		accepts[p.Name()] = p.Attach(h, Entry{Policy: policy, Secure: true, Admitted: true})
	}
	return accepts
}

// http2Name is the name of HTTP/2 over TLS.
const http2Name = "h2"

// A Protocol is an engine that a glue package hosts in a server.
type Protocol interface {
	// Name returns the protocol's name as ALPN has it, such as "http/1.1".
	Name() string
	// Attach readies the protocol for the loop of h and the connections of e,
	// and returns what makes the handler of each. It is called before the loop
	// runs, once for each entry that endpoints have.
	Attach(h *Host, e Entry) (accept func(c *netpoll.Conn) netpoll.Handler)
}

// An Entry says how connections come to a protocol.
type Entry struct {
	// Policy says how strictly requests are read.
	Policy msg.Policy
	// Secure says that TLS secures the connections.
	Secure bool
	// Admitted says that Host.Admit has let the connections in already.
	// Host.Release is the protocol's to call in any case.
	Admitted bool
	// Preface makes the handler of a connection whose first octets are those
	// of HTTP/2 (RFC 9113 section 3.4), which it is handed. Nil: they are a
	// request like any other.
	Preface func(c *netpoll.Conn) netpoll.Handler
}
