package h1

import (
	"bytes"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// maxMethod is the length of the longest registered method.
const maxMethod = len("UPDATEREDIRECTREF")

// registered reports whether IANA registers a method. The list is that of the
// HTTP Method Registry (RFC 9110 section 18.2) less "*", which is no method,
// and those that msg has constants for.
func registered(method []byte) bool {
	switch string(method) {
	case "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK",
		"MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE",
		"ORDERPATCH", "PRI", "PROPFIND", "PROPPATCH", "QUERY", "REBIND", "REPORT", "SEARCH", "UNBIND",
		"UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL":
		return true
	}
	return false
}

// readTarget reads the request-target w[start:end], whose query begins at query
// or is absent when that is end (RFC 9112 section 3.2). Its octets are those of
// a target: visible ones of ASCII, and not "#", which begins a fragment and
// would be a path to one reader and not to another. Those that RFC 3986 does
// not have but clients send (such as "|") delimit nothing and are let through.
func (x *Exchange) readTarget(w []byte, start, query, end int) Reason {
	x.authority, x.asterisk, x.https = span{}, false, false
	x.path, x.query = spanOf(start, query), spanOf(min(query+1, end), end)
	target := w[start:end]
	switch {
	case x.method == msg.MethodConnect:
		return x.authorityForm(target, start, end)
	case target[0] == '/':
		return ReasonNone
	case target[0] == '*':
		switch {
		case len(target) > 1:
			return ReasonTarget
		case x.method != msg.MethodOptions:
			return ReasonTargetForm
		}
		x.asterisk = true
		return ReasonNone
	}
	return x.absoluteForm(target, start, query, end)
}

// authorityForm reads the target of CONNECT: a host and a port, and neither may
// be empty (RFC 9110 section 9.3.6). It has no path.
func (x *Exchange) authorityForm(target []byte, start, end int) Reason {
	host, port, ok := splitAuthority(target)
	switch {
	case target[0] == '/' || target[0] == '*':
		return ReasonTargetForm
	case !ok || len(host) == 0 || len(port) == 0:
		return ReasonTarget
	}
	x.authority, x.escape = spanOf(start, end), false
	x.path, x.query = spanOf(end, end), spanOf(end, end)
	return ReasonNone
}

// absoluteForm reads a target that is a URI of the schemes http and https
// (RFC 9110 section 4.2). Its host is not empty, and it has no userinfo, which
// is a way to make one host look like another.
func (x *Exchange) absoluteForm(target []byte, start, query, end int) Reason {
	colon := bytes.IndexByte(target, ':')
	switch {
	case colon < 0:
		return ReasonTarget
	case !named(target[:colon], "http") && !named(target[:colon], "https"):
		if _, port, ok := splitAuthority(target); ok && len(port) > 0 {
			return ReasonTargetForm
		}
		return ReasonTarget
	case !bytes.HasPrefix(target[colon:], []byte("://")):
		return ReasonTarget
	}
	x.https = colon == len("https")
	from := start + colon + len("://")
	invariant.That(from <= query) // there is no "?" in "://"
	path := query
	if i := bytes.IndexByte(target[from-start:query-start], '/'); i >= 0 {
		path = from + i
	}
	authority := target[from-start : path-start]
	if host, _, ok := splitAuthority(authority); !ok || len(host) == 0 {
		return ReasonTarget
	}
	x.authority = spanOf(from, path)
	x.path = spanOf(path, query)
	x.escape = bytes.IndexByte(target[path-start:query-start], '%') >= 0
	if path == query {
		// RFC 9112 sections 3.2.1 and 3.2.4: an empty path is "/", or "*" in
		// OPTIONS without a query. A "/" stands before the authority.
		x.path = spanOf(from-1, from)
		x.asterisk = x.method == msg.MethodOptions && query == end
	}
	return ReasonNone
}

// splitAuthority splits a host and an optional port (RFC 3986 section 3.2), and
// reports whether they are well-formed. The host may be empty. Of a registered
// name the sub-delimiters are refused, which RFC 3986 has but no name in use:
// software behind takes a comma for the end of an element and a semicolon for
// that of a value.
func splitAuthority(b []byte) (host, port []byte, ok bool) {
	i := 0
	if len(b) > 0 && b[0] == '[' {
		i = bytes.IndexByte(b, ']') + 1
		if i == 0 || !isAddress(b[1:i-1]) {
			return nil, nil, false
		}
	}
	for i < len(b) && b[i] != ':' {
		switch {
		case b[0] == '[': // nothing but a port may follow an address
			return nil, nil, false
		case octets[b[i]]&octetHost != 0:
			i++
		case b[i] == '%' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]):
			i += 3
		default:
			return nil, nil, false
		}
	}
	if host = b[:i]; i == len(b) {
		return host, nil, true
	}
	port = b[i+1:]
	return host, port, isPort(port)
}

// isAddress reports whether b looks like an IPv6 address: no more is needed to
// know that it does not contain anything else. Zones and future versions of IP
// are refused.
func isAddress(b []byte) bool {
	colons := 0
	for _, c := range b {
		switch {
		case c == ':':
			colons++
		case !isHex(c) && c != '.':
			return false
		}
	}
	return colons >= 2 && colons <= 8
}

// isPort reports whether b is a port, which may be empty.
func isPort(b []byte) bool {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535 && len(b) <= len("65535")
}

func isHex(c byte) bool {
	_, ok := hexValue(c)
	return ok
}
