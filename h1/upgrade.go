package h1

import (
	"bytes"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// UpgradeOffered reports whether the client offers to go on with protocol after
// this request (RFC 9110 section 7.8): the request is not of HTTP/1.0,
// Connection lists "upgrade" and Upgrade lists the protocol. Names are compared
// without case. A protocol without a version stands for each of its versions.
func (x *Exchange) UpgradeOffered(protocol string) bool {
	return x.minor > 0 && isProtocol([]byte(protocol)) &&
		x.lists("Connection", func(option []byte) bool { return named(option, "upgrade") }) &&
		x.lists("Upgrade", func(offer []byte) bool { return isProtocol(offer) && offers(offer, []byte(protocol)) })
}

// lists reports whether a list, which may go on from line to line (RFC 9110
// section 5.3), has an element for which is says so.
func (x *Exchange) lists(field string, is func(element []byte) bool) bool {
	for i := range x.fields {
		if !msg.ViewOf(x.fields[i].name.of(x.buf)).EqualFold(field) {
			continue
		}
		v := x.fields[i].value.of(x.buf)
		for more := true; more; {
			var e []byte
			if e, v, more = msg.ListElement(v); is(e) {
				return true
			}
		}
	}
	return false
}

// isProtocol reports whether b is the name of a protocol, with a version or
// without (RFC 9110 section 7.8).
func isProtocol(b []byte) bool {
	name, version, versioned := bytes.Cut(b, []byte{'/'})
	return msg.IsToken(name) && (!versioned || msg.IsToken(version))
}

// offers reports whether an offer is one of the protocol.
func offers(offer, protocol []byte) bool {
	name, version, _ := bytes.Cut(offer, []byte{'/'})
	wantName, wantVersion, versioned := bytes.Cut(protocol, []byte{'/'})
	return msg.ViewOf(name).EqualFold(string(wantName)) && (!versioned || bytes.Equal(version, wantVersion))
}

// AppendUpgrade appends the response 101 (Switching Protocols, RFC 9110
// section 15.2.2) with the fields that were set. It is the last octets of HTTP
// on the connection. protocol is one that is offered (UpgradeOffered), and the
// request complete; then Conn.Upgrade follows.
//
// A client that expects 100 (Continue) gets that before, if continued does not
// say that it has got it (RFC 9110 section 7.8).
func (x *Exchange) AppendUpgrade(dst []byte, protocol string, continued bool) []byte {
	invariant.That(x.UpgradeOffered(protocol))
	if x.facts.seen&seenContinue != 0 && !continued {
		dst = x.AppendContinue(dst)
	}
	x.out.status, x.closing = 101, true
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\n"...)
	dst = append(dst, x.out.fields.Lines()...)
	return append(appendUpgrade(dst, protocol), "\r\n"...)
}

// RequireUpgrade makes the response name the protocol, if its status is 426
// (Upgrade Required, RFC 9110 section 15.5.22). It reports false when protocol
// is not the name of one.
func (x *Exchange) RequireUpgrade(protocol string) (ok bool) {
	if !isProtocol([]byte(protocol)) {
		return false
	}
	x.out.upgrade = protocol
	return true
}

// appendUpgrade appends the fields Upgrade and Connection.
func appendUpgrade(dst []byte, protocol string) []byte {
	dst = append(dst, "Connection: Upgrade\r\nUpgrade: "...)
	dst = append(dst, protocol...)
	return append(dst, "\r\n"...)
}

// Upgrade ends HTTP on the connection, after EventEnd and
// Exchange.AppendUpgrade: what follows in the input is the new protocol's. Next
// consumes nothing of it, and Finish says that the connection does not persist.
func (c *Conn) Upgrade() { c.on(onUpgrade) }
