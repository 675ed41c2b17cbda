package tls

import (
	stdtls "crypto/tls"
	"strconv"
	"strings"
)

// A Reason says why a connection failed. It is not an error: a FailureError is.
type Reason uint8

// The reasons. Those up to ReasonHelloLimit are known before a handshake has
// begun, and cost nothing; those from ReasonRecord on can also come after it.
const (
	ReasonNone Reason = iota // nothing failed

	ReasonHTTP       // a request of HTTP/1 in the clear
	ReasonPreface    // the preface of HTTP/2 in the clear
	ReasonSSL2       // the first message of SSL 2.0
	ReasonNotTLS     // something else that is no TLS
	ReasonHello      // the first message is not a ClientHello
	ReasonHelloLimit // the ClientHello is over Limits.Hello

	ReasonTimeout // the handshake took longer than Limits.HandshakeTimeout
	ReasonBusy    // Limits.Queued handshakes wait already
	ReasonDropped // Limits.Begun handshakes were begun, and this one waited for its peer the longest
	ReasonStopped // the host closed the connection

	ReasonVersion            // no version in common
	ReasonParameters         // no cipher suite, group or signature scheme in common
	ReasonProtocol           // no application protocol in common (RFC 7301)
	ReasonServerName         // no certificate for the server name
	ReasonCertificateMissing // the client has to send a certificate, and did not
	ReasonCertificate        // the client's certificate was not accepted
	ReasonInternal           // a function of the configuration failed or panicked, or crypto/tls refused its configuration
	ReasonHandshake          // another fault that crypto/tls found in the handshake

	ReasonRecord        // a record is malformed, too long, or not authentic
	ReasonMessage       // a message is malformed or not expected
	ReasonRenegotiation // the client wants to renegotiate (RFC 5246 section 7.4.1.2)
	ReasonPeer          // the peer sent a fatal alert
	ReasonEnd           // the peer ended the connection in the handshake
	ReasonTruncated     // the peer ended it after the handshake, without close_notify

	reasonCount
)

// Reasons is the number of reasons: they are 0 <= r < Reasons, ReasonNone
// among them.
const Reasons = int(reasonCount)

// String returns the reason in words.
func (r Reason) String() string { return reasons[r.valid()].text }

// Slug returns the stable name of the reason, of lower-case words joined by
// hyphens: for logs and metrics. That of ReasonNone is empty.
func (r Reason) Slug() string { return reasons[r.valid()].slug }

func (r Reason) valid() Reason {
	if r >= reasonCount {
		return ReasonNone
	}
	return r
}

// An Author says whose fault a failure is.
type Author uint8

const (
	// AuthorPeer is the client.
	AuthorPeer Author = iota
	// AuthorUs is this program, or its lack of capacity.
	AuthorUs
)

// String returns the author in a word.
func (a Author) String() string {
	if a == AuthorPeer {
		return "peer"
	}
	return "us"
}

// An Alert is the number of an alert (RFC 8446 section 6).
type Alert uint8

// Alerts that the engine knows by name.
const (
	AlertCloseNotify    Alert = 0 // not a failure: in a FailureError it says that no alert is known
	AlertUnexpected     Alert = 10
	AlertRecordOverflow Alert = 22
	AlertDecode         Alert = 50
	AlertInternal       Alert = 80

	alertFatal = 2 // the level
)

// String returns the alert in the words of crypto/tls.
func (a Alert) String() string {
	return strings.TrimPrefix(stdtls.AlertError(a).Error(), "tls: ")
}

// A FailureError is the error of a connection that failed: it is final.
type FailureError struct {
	Reason Reason
	Author Author
	// Alert is the fatal alert that was sent, or with ReasonPeer received.
	// AlertCloseNotify: none was, or crypto/tls does not tell which.
	Alert Alert
	// Err is what crypto/tls or a function of the configuration returned, or
	// nil.
	Err error
}

// Error implements error.
func (f *FailureError) Error() string {
	text := "tls: " + f.Reason.String()
	if f.Alert != AlertCloseNotify {
		text += " (alert " + strconv.Itoa(int(f.Alert)) + ", " + f.Alert.String() + ")"
	}
	if f.Err != nil {
		text += ": " + strings.TrimPrefix(f.Err.Error(), "tls: ")
	}
	return text
}

// Unwrap returns Err.
func (f *FailureError) Unwrap() error { return f.Err }

// A PanicError is in FailureError.Err when a function of the configuration
// panicked.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // of its goroutine
}

// Error implements error. The stack is no part of it.
func (p *PanicError) Error() string {
	switch v := p.Value.(type) {
	case error:
		return "panic: " + v.Error()
	case string:
		return "panic: " + v
	}
	return "panic"
}
