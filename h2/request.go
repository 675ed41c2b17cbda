package h2

import (
	"encoding/binary"

	"github.com/windhover-go/windhover/sdk/msg"
)

// facts is what the fields of a head say that the engine acts on.
type facts struct {
	length   int64 // of Content-Length
	seen     seen
	priority priority
}

// seen says what has been seen in a head.
type seen uint16

const (
	seenMethod seen = 1 << iota
	seenScheme
	seenPath
	seenAuthority
	seenProtocol
	seenRegular     // a field that is not a pseudo-field
	seenHost        // Host
	seenLength      // Content-Length
	seenContinue    // Expect: 100-continue
	seenExpectOther // any other expectation
	seenCookie      // Cookie
	seenCookies     // a second line of it
	seenTLS         // the scheme is https
	seenSchemeOther // the scheme is neither http nor https
)

// fieldOverhead is what a field line counts beside its octets in
// SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 section 6.5.2).
const fieldOverhead = 32

// text is what names and values are decoded into.
type text interface{ ~string | ~[]byte }

// add takes in a field line of the head. What it refuses it notes as the fault
// of the section, the first one: the rest of the block is decoded all the same,
// to keep the dynamic table in step.
func add[T text](x *Exchange, name, value T, limits *msg.Limits) {
	if x.size += len(name) + len(value) + fieldOverhead; x.size > limits.FieldSection {
		x.blame(ReasonFieldSectionLimit)
	}
	if x.fault != ReasonNone {
		return
	}
	at := len(x.text)
	x.text = append(x.text, name...)
	x.text = append(x.text, ": "...)
	x.text = append(x.text, value...)
	x.text = append(x.text, "\r\n"...)
	x.take(field{spanOf(at, at+len(name)), spanOf(at+len(name)+2, len(x.text)-2)}, limits)
}

// blame keeps the first fault.
func (x *Exchange) blame(r Reason) {
	if x.fault == ReasonNone {
		x.fault = r
	}
}

// take takes a field line that stands in text.
func (x *Exchange) take(f field, limits *msg.Limits) {
	name, value := f.name.of(x.text), f.value.of(x.text)
	if len(name) > 0 && name[0] == ':' {
		x.takePseudo(f, name, value, limits)
		return
	}
	x.facts.seen |= seenRegular
	switch {
	case !isName(name):
		x.blame(ReasonFieldName)
	case !isValue(value):
		x.blame(ReasonFieldValue)
	case knownLengths>>len(name)&1 != 0 && len(name) < 64 && !x.takeKnown(f, name, value):
	case len(x.fields) >= limits.Fields:
		x.blame(ReasonFieldsLimit)
	default:
		x.fields = append(x.fields, f)
	}
}

// takePseudo takes a pseudo-field (RFC 9113 section 8.3).
func (x *Exchange) takePseudo(f field, name, value []byte, limits *msg.Limits) {
	var bit seen
	switch string(name) {
	case ":method":
		bit, x.method, x.token = seenMethod, f.value, msg.ParseMethod(value)
		if x.token == msg.MethodUnknown && !msg.IsToken(value) {
			x.blame(ReasonMethod)
		}
	case ":path":
		bit = seenPath
		x.takePath(f.value, value, limits)
	case ":scheme":
		bit = seenScheme
		switch string(value) {
		case "http":
		case "https":
			x.facts.seen |= seenTLS
		default:
			x.facts.seen |= seenSchemeOther
		}
	case ":authority":
		bit = seenAuthority
		x.takeAuthority(f)
	case ":protocol":
		bit, x.protocol = seenProtocol, f.value
		if !msg.IsToken(value) {
			x.blame(ReasonConnect)
		}
	default:
		x.blame(ReasonPseudo)
	}
	switch {
	case x.facts.seen&bit != 0:
		x.blame(ReasonPseudoRepeat)
	case x.facts.seen&seenRegular != 0:
		x.blame(ReasonPseudoOrder)
	}
	x.facts.seen |= bit
}

// takePath takes :path, whose octets are those of a request-target: visible
// ones of ASCII, and not "#", which begins a fragment and would be a path to one
// reader and not to another.
func (x *Exchange) takePath(at span, value []byte, limits *msg.Limits) {
	if len(value) > limits.RequestLine {
		x.blame(ReasonTargetLimit)
		return
	}
	query := len(value)
	for i, c := range value {
		switch {
		case c <= ' ' || c >= 0x7f || c == '#':
			x.blame(ReasonTarget)
			return
		case c == '?' && query == len(value):
			query = i
		case c == '%' && query == len(value):
			x.escape = true
		}
	}
	x.path = span{at.start, at.start + uint32(query)}
	x.query = span{at.start + uint32(min(query+1, len(value))), at.end}
}

// takeAuthority takes :authority, which is the Host field to those who read
// the fields (RFC 9113 section 8.3.1).
func (x *Exchange) takeAuthority(f field) {
	const host = "host: "
	value := f.value.of(x.text)
	if h, _, ok := msg.SplitAuthority(value); !ok || len(h) == 0 && len(value) > 0 {
		x.blame(ReasonHost)
		return
	}
	// The line was ":authority: value"; it becomes "host: value".
	at := int(f.name.start)
	n := copy(x.text[at:], host)
	n += copy(x.text[at+n:], value)
	x.text = append(x.text[:at+n], "\r\n"...)
	f.name, f.value = spanOf(at, at+len(host)-2), spanOf(at+len(host), at+n)
	x.authority = f.value
	x.fields = append(x.fields, f)
}

// knownLengths holds the lengths of the names of the fields that the engine acts
// on, as bits.
const knownLengths uint64 = 1<<2 | 1<<4 | 1<<6 | 1<<7 | 1<<8 | 1<<10 | 1<<14 | 1<<16 | 1<<17

// takeKnown takes a field that the engine may act on, and reports whether it is
// one for those who read the fields.
func (x *Exchange) takeKnown(f field, name, value []byte) (kept bool) {
	switch string(name) {
	case "host":
		return x.takeHost(f, value)
	case "cookie":
		if x.facts.seen&seenCookie != 0 {
			x.facts.seen |= seenCookies
		}
		x.facts.seen |= seenCookie
	case "expect":
		x.takeExpect(value)
	case "content-length":
		n, ok := msg.ParseLength(value)
		if !ok || x.facts.seen&seenLength != 0 {
			x.blame(ReasonLength)
		}
		x.facts.length = n
		x.facts.seen |= seenLength
	case "priority":
		x.facts.priority = parsePriority(value, x.facts.priority)
	case "te":
		if !msg.ViewOf(value).EqualFold("trailers") {
			x.blame(ReasonTE)
		}
	case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
		x.blame(ReasonField) // RFC 9113 section 8.2.2
	}
	return true
}

// takeHost takes Host. Where there is :authority, it has to agree, and is left
// out (RFC 9113 section 8.3.1).
func (x *Exchange) takeHost(f field, value []byte) (kept bool) {
	if x.facts.seen&seenHost != 0 {
		x.blame(ReasonHost)
		return false
	}
	x.facts.seen |= seenHost
	if x.facts.seen&seenAuthority != 0 {
		if !equalFold(x.authority.of(x.text), value) {
			x.blame(ReasonHost)
		}
		return false
	}
	if h, _, ok := msg.SplitAuthority(value); !ok || len(h) == 0 && len(value) > 0 {
		x.blame(ReasonHost)
	}
	x.authority = f.value
	return true
}

// takeExpect takes the value of Expect, a list (RFC 9110 section 10.1.1).
func (x *Exchange) takeExpect(v []byte) {
	for more := true; more; {
		var expectation []byte
		expectation, v, more = msg.ListElement(v)
		switch {
		case msg.ViewOf(expectation).EqualFold("100-continue"):
			x.facts.seen |= seenContinue
		case len(expectation) > 0:
			x.facts.seen |= seenExpectOther
		}
	}
}

// decide is what remains when the field section of a head is decoded: whether
// it is one that may be answered, and what its content will be. end says that
// the head ends the stream.
func (x *Exchange) decide(end, secure, connect bool) Reason {
	if x.fault != ReasonNone {
		return x.fault
	}
	s := x.facts.seen
	const needed = seenMethod | seenScheme | seenPath
	switch {
	case s&seenMethod == 0:
		return ReasonPseudoMissing
	case x.token == msg.MethodConnect && s&seenProtocol == 0:
		if host, port, _ := msg.SplitAuthority(x.authority.of(x.text)); s&(needed|seenAuthority) != seenMethod|seenAuthority || len(host) == 0 || len(port) == 0 {
			return ReasonConnect // RFC 9113 section 8.5
		}
	case s&seenProtocol != 0 && (x.token != msg.MethodConnect || !connect):
		return ReasonConnect // RFC 8441 section 4
	case s&needed != needed:
		return ReasonPseudoMissing
	case !x.hasTarget():
		return ReasonTarget
	}
	if end {
		if x.facts.length > 0 {
			return ReasonLengthDiffers
		}
		x.length = 0
	} else if x.length = -1; s&seenLength != 0 {
		x.length = x.facts.length
	}
	if s&seenCookies != 0 {
		x.joinCookies()
	}
	switch {
	case s&seenSchemeOther != 0 || s&seenTLS != 0 && !secure:
		return ReasonScheme
	case x.token == msg.MethodUnknown && !msg.IsRegisteredMethod(x.method.of(x.text)):
		return ReasonMethodUnknown
	case s&seenExpectOther != 0:
		return ReasonExpectation
	}
	return ReasonNone
}

// hasTarget reports whether :path has the form of the method: it begins with
// "/", or is "*" for OPTIONS (RFC 9113 section 8.3.1).
func (x *Exchange) hasTarget() bool {
	path := x.path.of(x.text)
	if len(path) == 0 {
		return false
	}
	return path[0] == '/' || x.token == msg.MethodOptions && len(path) == 1 && path[0] == '*' && x.query.start == x.query.end
}

// joinCookies makes one field line of those of Cookie, which may be several to
// compress better (RFC 9113 section 8.2.3).
func (x *Exchange) joinCookies() {
	at := len(x.text)
	x.text = append(x.text, "cookie: "...)
	joined := field{name: spanOf(at, at+len("cookie")), value: spanOf(len(x.text), len(x.text))}
	kept, first := x.fields[:0], -1
	for _, f := range x.fields {
		if string(f.name.of(x.text)) != "cookie" {
			kept = append(kept, f)
			continue
		}
		if first < 0 {
			first = len(kept)
			kept = append(kept, joined)
		} else {
			x.text = append(x.text, "; "...)
		}
		x.text = append(x.text, f.value.of(x.text)...)
	}
	kept[first].value.end = uint32(len(x.text))
	x.text = append(x.text, "\r\n"...)
	x.fields = kept
}

// isName reports whether b is a field name of HTTP/2: a token without letters of
// upper case (RFC 9113 section 8.2.1).
func isName(b []byte) bool {
	for _, c := range b {
		if octets[c]&octetName == 0 {
			return false
		}
	}
	return len(b) > 0
}

// isValue reports whether b is a field value (RFC 9113 section 8.2.1): it has no
// control octet (RFC 9110 section 5.5) and neither begins nor ends in
// whitespace.
func isValue(b []byte) bool {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	if len(b) == 0 {
		return true
	}
	if isSpace(b[0]) || isSpace(b[len(b)-1]) {
		return false
	}
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		// An octet is marked when it is less than 0x20 or equal to 0x7f.
		if ((w-0x20*ones)|((w^0x7f*ones)-ones))&^w&highs != 0 && !isText(b[i:i+8]) {
			return false
		}
	}
	return isText(b[i:])
}

// isText reports whether no octet of b is a control octet other than HTAB.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// equalFold reports whether a and b are the same but for the case of letters of
// ASCII.
func equalFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if d := b[i]; c != d && (c^d != 0x20 || c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}
