package sdk

import (
	"time"

	"github.com/windhover-go/windhover/netpoll"
)

// A Security ends TLS: package sdk/https. Apps do not use it.
type Security interface {
	// Prepare checks how TLS is configured, and loads certificates. config is
	// Config.TLS, nil when there is none. protocols are the names that can be
	// negotiated, the preferred first.
	Prepare(config TLSConfig, endpoints []SecureEndpoint, protocols []string, limits *Limits) (Terminator, error)
}

// A SecureEndpoint is what an endpoint with https says of TLS.
type SecureEndpoint struct {
	// URL is the endpoint as it was written.
	URL string
	// CertFile and KeyFile name PEM files; both are empty when the URL names
	// none.
	CertFile, KeyFile string
}

// A Terminator ends the TLS of one server.
type Terminator interface {
	// Attach readies endpoint i for the loop of h and returns what makes the
	// handler of each connection accepted there. accepts make those of
	// connections whose handshake is done (Setup.AcceptSecured).
	Attach(h *Host, endpoint int, accepts map[string]func(c *netpoll.Conn) netpoll.Handler) (accept func(c *netpoll.Conn) netpoll.Handler)
	// Counts returns what happened since the server began (Server.TLS).
	Counts() TLSCounts
	// Close ends what Prepare began. It is called when the server has ended.
	Close()
}

// A TLSConfig is an https.Config.
type TLSConfig interface{ ConfiguresTLS() }

// TLSCounts is what happened at the endpoints with TLS since the server began.
// Every list has all names from the start, in an order that does not change, so
// that an exporter of metrics has its series.
type TLSCounts struct {
	// Handshakes is how many were completed, and Resumed how many of them
	// resumed an earlier session.
	Handshakes, Resumed uint64
	// Failures are the handshakes and connections that failed, by reason.
	Failures []TLSCount
	// Versions and CipherSuites are the completed handshakes by what was
	// negotiated.
	Versions, CipherSuites []TLSCount
	// Stages are the times of completed handshakes, added up: "hello", until
	// the ClientHello had arrived; "queue", waiting for a turn at work;
	// "compute", at work; "peer", waiting for the peer.
	Stages []TLSTime
}

// A TLSCount is one counter.
type TLSCount struct {
	Name  string
	Count uint64
}

// A TLSTime is a duration added up over all completed handshakes.
type TLSTime struct {
	Name string
	Sum  time.Duration
}

// A TLSState is how a connection is secured.
type TLSState struct {
	// Version is the protocol's version as the record layer numbers it: 0x0303
	// is TLS 1.2, 0x0304 is TLS 1.3.
	Version uint16
	// CipherSuite is the number of the cipher suite that the IANA assigned.
	CipherSuite uint16
	// ServerName is what the client asked for (RFC 6066 section 3); empty: nothing.
	ServerName string
	// Protocol is what ALPN negotiated (RFC 7301); empty: nothing.
	Protocol string
	// Resumed says that an earlier session was resumed.
	Resumed bool
	// PeerCertificates is the client's certificate and those that vouch for it,
	// each as DER: the chain that was verified, or, when PeerVerified is false,
	// what the client sent, which proves nothing but that it has the key of the
	// first. It is nil when the client sent none, and read-only.
	PeerCertificates [][]byte
	// PeerVerified says that the client's certificate was verified.
	PeerVerified bool
}

// A Secured is the layer of a connection that TLS secures: what sdk/https puts
// there.
type Secured interface {
	netpoll.Layer
	// SecuredBy says how. It is called by who has the connection.
	SecuredBy() TLSState
}

// TLSStateOf says how TLS secures a connection. It is called by who has it.
func TLSStateOf(c *netpoll.Conn) (state TLSState, secured bool) {
	s, secured := c.Layer().(Secured)
	if secured {
		state = s.SecuredBy()
	}
	return state, secured
}
