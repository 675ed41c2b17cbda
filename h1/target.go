package h1

import (
	"bytes"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// maxMethod is the length of the longest registered method.
const maxMethod = len("UPDATEREDIRECTREF")

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
	host, port, ok := msg.SplitAuthority(target)
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
		if _, port, ok := msg.SplitAuthority(target); ok && len(port) > 0 {
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
	if host, _, ok := msg.SplitAuthority(authority); !ok || len(host) == 0 {
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
