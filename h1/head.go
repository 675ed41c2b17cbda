package h1

import (
	"bytes"
	"encoding/binary"

	"github.com/windhover-go/windhover/sdk/msg"
)

// A span is a run of octets of the head: buf[start:end].
type span struct{ start, end uint32 }

func spanOf(start, end int) span { return span{uint32(start), uint32(end)} }

// of returns the octets of a span.
func (s span) of(b []byte) []byte { return b[s.start:s.end:s.end] }

// A field is a field line of the request.
type field struct{ name, value span }

// readHead reads a head from in and returns its length: zero without a reason
// when it is not complete. What it answers for a part of a head it answers for
// every longer part, once it is not "incomplete": so that a refusal does not
// depend on how the octets were cut.
func (x *Exchange) readHead(in []byte, limits *msg.Limits) (n int, r Reason) {
	x.facts = facts{}
	n, _, r = x.requestLine(in, 0, limits)
	if n == 0 || r != ReasonNone {
		return 0, r
	}
	n, r = x.fieldLines(in, n, limits)
	if n == 0 || r != ReasonNone {
		return 0, r
	}
	x.buf = in[:n:n]
	return n, x.decide(limits)
}

// decide is what remains when the head is read: whether it is one that may be
// answered, and how its body is framed.
func (x *Exchange) decide(limits *msg.Limits) (r Reason) {
	if x.facts.fault != ReasonNone {
		return x.facts.fault
	}
	if x.facts.seen&seenHost == 0 && x.minor > 0 {
		return ReasonHostMissing // RFC 9112 section 3.2
	}
	if x.length, r = frame(&x.facts, x.minor); r != ReasonNone {
		return r
	}
	if x.facts.seen&seenHostOther != 0 {
		x.replaceHost()
	}
	if x.facts.seen&seenLengths != 0 {
		x.combineLengths()
	}
	switch {
	case x.length > limits.RequestBody:
		return ReasonBodyLimit
	case x.facts.seen&seenExpectOther != 0:
		return ReasonExpectation
	}
	return ReasonNone
}

// replaceHost makes the authority of the target the value of Host, whatever was
// sent as that (RFC 9112 section 3.2.2).
func (x *Exchange) replaceHost() {
	for i := range x.fields {
		if named(x.fields[i].name.of(x.buf), "host") {
			x.fields[i].value = x.authority
			return
		}
	}
}

// requestLine reads the request line (RFC 9112 section 3) and returns its
// length with its CRLF. When it is not complete, seen is a hint for the next
// call with more octets, at most where the target begins or how far it has been
// looked at: the target up to there need not be looked at again.
// With from zero, everything is looked at; x keeps what was found then.
func (x *Exchange) requestLine(in []byte, from int, limits *msg.Limits) (n, seen int, r Reason) {
	limit := min(limits.RequestLine, maxHead) + 2
	w := in[:min(len(in), limit)]
	i, r := x.readMethod(w)
	if r != ReasonNone {
		return 0, 0, r
	}
	start, query := i+1, -1
	escape := false
	for i = max(start, from); i < len(w); i++ {
		c := w[i]
		if octets[c]&octetPath != 0 {
			continue
		}
		if c == '?' {
			if query < 0 {
				query = i
			}
		} else if c != '%' {
			break
		} else if query < 0 {
			escape = true
		}
	}
	if i >= len(w) {
		if len(w) == limit {
			return 0, 0, ReasonRequestLineLimit
		}
		return 0, i, ReasonNone
	}
	if w[i] != ' ' || i == start {
		return 0, 0, targetFault(w[i])
	}
	end := i
	m, major, r := x.readVersion(w[i+1:])
	switch {
	case r != ReasonNone:
		return 0, 0, r
	case m == 0 && len(w) == limit:
		return 0, 0, ReasonRequestLineLimit
	case m == 0:
		return 0, end, ReasonNone
	case w[i+m-1] != '\r' && i+m > limit-2: // a bare LF leaves room for an octet too many
		return 0, 0, ReasonRequestLineLimit
	case major != '1':
		return 0, 0, majorFault(w)
	case x.method == msg.MethodUnknown && !msg.IsRegisteredMethod(w[:x.methodEnd]):
		return 0, 0, ReasonMethodUnknown
	case from != 0:
		// What is before from was not looked at: only a call with from zero
		// knows the parts of the target.
		n, _, r = x.requestLine(in, 0, limits)
		return n, 0, r
	}
	if query < 0 {
		query = end
	}
	x.escape = escape
	return i + 1 + m, 0, x.readTarget(w, start, query, end)
}

// targetFault returns why c cannot stand where it does in a request-target.
func targetFault(c byte) Reason {
	if c == '\r' || c == '\n' {
		return ReasonVersion // the line ends without one
	}
	return ReasonTarget
}

// tlsHandshake is the first octet of a TLS connection: the content type of its
// first record (RFC 8446 section 5.1). No method begins so.
const tlsHandshake = 0x16

// majorFault returns why the request line that w begins with is refused, which
// is well-formed and of another major version.
func majorFault(w []byte) Reason {
	if bytes.HasPrefix(w, []byte("PRI * HTTP/2.0\r\n")) {
		return ReasonPreface
	}
	return ReasonVersionUnknown
}

// Methods as they begin a request line, as words of the machine.
const (
	wordGet  = 'G' | 'E'<<8 | 'T'<<16 | ' '<<24
	wordPut  = 'P' | 'U'<<8 | 'T'<<16 | ' '<<24
	wordPost = 'P' | 'O'<<8 | 'S'<<16 | 'T'<<24
	wordHead = 'H' | 'E'<<8 | 'A'<<16 | 'D'<<24

	wordHTTP   = 'H' | 'T'<<8 | 'T'<<16 | 'P'<<24 | '/'<<32 | '1'<<40 | '.'<<48
	wordHTTP11 = wordHTTP | '1'<<56
)

// readMethod reads the method and the space behind it, and returns the index of
// that space: len(w) when it has not arrived.
func (x *Exchange) readMethod(w []byte) (i int, r Reason) {
	if len(w) >= 8 {
		x.method, i = msg.MethodUnknown, 3
		switch word := binary.LittleEndian.Uint32(w); word {
		case wordGet:
			x.method = msg.MethodGet
		case wordPut:
			x.method = msg.MethodPut
		case wordPost:
			x.method, i = msg.MethodPost, 4
		case wordHead:
			x.method, i = msg.MethodHead, 4
		}
		if x.method != msg.MethodUnknown && w[i] == ' ' {
			x.methodEnd = uint8(i)
			return i, ReasonNone
		}
	}
	x.method = msg.MethodUnknown
	for i = 0; i < len(w) && octets[w[i]]&octetToken != 0; {
		// One longer than each that is registered is not read to its end
		// (RFC 9112 section 3).
		if i++; i > maxMethod {
			return 0, ReasonMethodUnknown
		}
	}
	switch {
	case i == len(w):
		return i, ReasonNone
	case w[i] == '\n':
		return 0, ReasonLineEnd
	case i == 0 && w[0] == tlsHandshake:
		return 0, ReasonTLS
	case w[i] != ' ' || i == 0:
		return 0, ReasonMethod
	}
	x.method, x.methodEnd = msg.ParseMethod(w[:i]), uint8(i)
	return i, ReasonNone
}

// readVersion reads the version and the line end behind it (RFC 9112 sections
// 2.2 and 2.3). n is zero when they are not complete.
func (x *Exchange) readVersion(w []byte) (n int, major byte, r Reason) {
	const form = "HTTP/1.1\r\n"
	if len(w) >= len(form) && binary.LittleEndian.Uint64(w) == wordHTTP11 && w[8] == '\r' && w[9] == '\n' {
		x.minor = 1
		return len(form), '1', ReasonNone
	}
	for i, c := range w[:min(len(w), len(form))] {
		switch {
		case i == 5 || i == 7:
			if c < '0' || c > '9' {
				return 0, 0, ReasonVersion
			}
		case c == form[i]:
		case i == 8 && c == '\n' && x.lenient:
			x.minor = w[7] - '0'
			return i + 1, w[5], ReasonNone
		case i < 8 || i == 8 && c != '\n':
			return 0, 0, ReasonVersion
		default:
			return 0, 0, ReasonLineEnd
		}
	}
	if len(w) < len(form) {
		return 0, 0, ReasonNone
	}
	x.minor = w[7] - '0'
	return len(form), w[5], ReasonNone
}

// fieldLines reads the header section (RFC 9112 section 5), which begins at at,
// and returns the index of what follows it: zero when it is not complete. It
// answers as section.scan does, which reads no more than it must.
func (x *Exchange) fieldLines(in []byte, at int, limits *msg.Limits) (n int, r Reason) {
	end := at + min(limits.FieldSection, maxHead) + 2
	w := in[:min(len(in), end)]
	fields, most := x.fields[:0], limits.Fields
	for i := uint(at); ; {
		start := i
		if i < uint(len(w)) && len(fields) >= most && w[i] != '\r' && (!x.lenient || w[i] != '\n') {
			return 0, ReasonFieldsLimit
		}
		for i+4 <= uint(len(w)) {
			q := (*[4]byte)(w[i : i+4])
			if octets[q[0]]&octets[q[1]]&octets[q[2]]&octets[q[3]]&octetToken == 0 {
				break
			}
			i += 4
		}
		for i < uint(len(w)) && octets[w[i]]&octetToken != 0 {
			i++
		}
		if i >= uint(len(w)) {
			break
		}
		if w[i] != ':' || i == start {
			if i != start {
				return 0, ReasonFieldName
			}
			x.fields = fields
			if n, r = x.sectionEnd(w, at, int(i), limits); n == 0 && r == ReasonNone {
				break
			}
			return n, r
		}
		nameEnd := i
		for i++; i < uint(len(w)) && (w[i] == ' ' || w[i] == '\t'); i++ {
		}
		value := i
		i = valueEnd(w, i)
		if i >= uint(len(w)) {
			break
		}
		stop := i
		if w[i] == '\r' {
			if i++; i >= uint(len(w)) {
				break
			}
			if w[i] != '\n' {
				return 0, ReasonLineEnd
			}
		} else if w[i] != '\n' || !x.lenient {
			return 0, valueFault(w[i])
		}
		i++
		for stop > value && (w[stop-1] == ' ' || w[stop-1] == '\t') {
			stop--
		}
		fields = append(fields, field{
			span{uint32(start), uint32(nameEnd)}, span{uint32(value), uint32(stop)},
		})
		if knownLengths>>(nameEnd-start)&1 != 0 {
			x.take(w[start:nameEnd], w, span{uint32(value), uint32(stop)})
		}
	}
	x.fields = fields
	if len(in) >= end {
		return 0, ReasonFieldSectionLimit
	}
	return 0, ReasonNone
}

// sectionEnd reads the empty line that ends the section that began at at, at i
// where no name is. n is the index behind it: zero when it is not complete.
func (x *Exchange) sectionEnd(w []byte, at, i int, limits *msg.Limits) (n int, r Reason) {
	switch {
	case w[i] == '\n' && x.lenient:
		if i-at > limits.FieldSection {
			return 0, ReasonFieldSectionLimit // CRLF would have been behind the limit
		}
		return i + 1, ReasonNone
	case w[i] != '\r':
		return 0, lineStartFault(w[i])
	case i+1 == len(w):
		return 0, ReasonNone
	case w[i+1] != '\n':
		return 0, ReasonLineEnd
	}
	return i + 2, ReasonNone
}
