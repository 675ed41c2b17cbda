package h1

import (
	"bytes"
	"encoding/binary"

	"github.com/windhover-go/windhover/sdk/msg"
)

// facts is what the fields of a head say that the engine acts on.
type facts struct {
	length int64  // of Content-Length
	fault  Reason // the first field value that is refused
	seen   seen
	coding coding // of Transfer-Encoding
}

// seen says what has been seen in a head.
type seen uint16

const (
	seenHost        seen = 1 << iota
	seenHostOther        // Host beside the authority of the target
	seenLength           // Content-Length
	seenCoding           // Transfer-Encoding
	seenCodingOther      // a transfer coding other than chunked
	seenClose            // Connection: close
	seenKeepAlive        // Connection: keep-alive
	seenContinue         // Expect: 100-continue
	seenExpectOther      // any other expectation
	seenLengths          // Content-Length is repeated or a list, of one number
)

// coding is what Transfer-Encoding says, all its lines taken together.
type coding uint8

const (
	codingNone    coding = iota // no coding has been named
	codingOther                 // the last is not chunked
	codingChunked               // the last is chunked, and it is the only one of them
	codingBroken                // it is malformed, or chunked stands before another
)

// frame decides how the body of a request is framed, and is the only place that
// does (RFC 9112 section 6.3): length is the number of its octets, or -1 for
// the chunked coding. Whatever two readers could take for two different
// requests is refused.
func frame(f *facts, minor uint8) (length int64, r Reason) {
	switch {
	case f.seen&seenCoding == 0:
		return f.length, ReasonNone
	case f.seen&seenLength != 0:
		return 0, ReasonLengthCoding
	case minor == 0:
		return 0, ReasonCodingVersion
	case f.coding != codingChunked:
		return 0, ReasonCoding
	case f.seen&seenCodingOther != 0:
		return 0, ReasonCodingUnknown
	}
	return -1, ReasonNone
}

// knownLengths holds the lengths of the names of the fields that the engine acts
// on, as bits.
const knownLengths uint64 = 1<<4 | 1<<6 | 1<<10 | 1<<14 | 1<<17

// Tokens in lower case as words of the machine, and what makes a word lower
// case: it changes no octet into a letter that was none, and of the octets that
// a field line has none into "-".
const (
	lower32      = 0x20202020
	lower64      = lower32<<32 | lower32
	wordHost     = 'h' | 'o'<<8 | 's'<<16 | 't'<<24
	wordKeepAli  = 'k' | 'e'<<8 | 'e'<<16 | 'p'<<24 | '-'<<32 | 'a'<<40 | 'l'<<48 | 'i'<<56
	wordConnecti = 'c' | 'o'<<8 | 'n'<<16 | 'n'<<24 | 'e'<<32 | 'c'<<40 | 't'<<48 | 'i'<<56
)

// take takes note of a field line, if it is one that the engine acts on. Faults
// count only when the head is complete, so that they do not depend on how it
// was cut.
func (x *Exchange) take(name, buf []byte, value span) {
	f := &x.facts
	v := value.of(buf)
	switch len(name) {
	case 4:
		if binary.LittleEndian.Uint32(name)|lower32 == wordHost {
			f.blame(x.takeHost(v, value))
		}
	case 6:
		if named(name, "expect") {
			f.takeExpect(v)
		}
	case 10:
		if binary.LittleEndian.Uint64(name)|lower64 == wordConnecti && named(name[8:], "on") {
			f.takeConnection(v)
		}
	case 14:
		if named(name, "content-length") {
			f.blame(x.takeLength(v))
		}
	case 17:
		if named(name, "transfer-encoding") {
			f.takeCoding(v, x.lenient)
		}
	}
}

// blame keeps the first fault.
func (f *facts) blame(r Reason) {
	if f.fault == ReasonNone {
		f.fault = r
	}
}

// named reports whether a token is the lower-case name, without regard to case.
func named(token []byte, name string) bool {
	if len(token) != len(name) {
		return false
	}
	for i, c := range token {
		if c|0x20 != name[i] {
			return false
		}
	}
	return true
}

// takeHost takes the value of Host (RFC 9110 section 7.2), which is empty when
// the target has no authority. The authority of an absolute-form target comes
// before it (RFC 9112 section 3.2.2).
func (x *Exchange) takeHost(v []byte, value span) Reason {
	if x.facts.seen&seenHost != 0 {
		return ReasonHostRepeated
	}
	x.facts.seen |= seenHost
	i := 0
	for i < len(v) && octets[v[i]]&octetHost != 0 {
		i++
	}
	if i < len(v) && (i == 0 || v[i] != ':' || !msg.IsPort(v[i+1:])) { // neither a name nor a name and a port
		if host, _, ok := msg.SplitAuthority(v); !ok || len(host) == 0 {
			return ReasonHostMalformed // a port without a host names nothing
		}
	}
	if x.authority.end == 0 {
		x.authority = value
	} else {
		x.facts.seen |= seenHostOther
	}
	return ReasonNone
}

// takeExpect takes the value of Expect, a list (RFC 9110 section 10.1.1).
func (f *facts) takeExpect(v []byte) {
	for more := true; more; {
		var expectation []byte
		expectation, v, more = msg.ListElement(v)
		switch {
		case named(expectation, "100-continue"):
			f.seen |= seenContinue
		case len(expectation) > 0:
			f.seen |= seenExpectOther
		}
	}
}

// takeConnection takes the value of Connection (RFC 9110 section 7.6.1). What
// else it names is of no concern to a server that forwards nothing.
func (f *facts) takeConnection(v []byte) {
	// Nearly always it is all of the value.
	if len(v) == 10 && binary.LittleEndian.Uint64(v)|lower64 == wordKeepAli && named(v[8:], "ve") {
		f.seen |= seenKeepAlive
		return
	}
	for more := true; more; {
		var option []byte
		option, v, more = msg.ListElement(v)
		switch {
		case named(option, "close"):
			f.seen |= seenClose
		case named(option, "keep-alive"):
			f.seen |= seenKeepAlive
		}
	}
}

// takeLength takes the value of Content-Length (RFC 9110 section 8.6). What is
// repeated, in lines or in a list, is refused even when the numbers agree, or,
// as RFC 9112 section 6.3 lets a lenient server do, only when they do not.
func (x *Exchange) takeLength(v []byte) Reason {
	f := &x.facts
	again := f.seen&seenLength != 0
	if again && !x.lenient {
		return ReasonLengthRepeat
	}
	f.seen |= seenLength
	first, rest, more := v, []byte(nil), false
	if x.lenient {
		first, rest, more = msg.ListElement(v)
	}
	n, ok := msg.ParseLength(first)
	for ok && more {
		f.seen |= seenLengths
		first, rest, more = msg.ListElement(rest)
		var m int64
		if m, ok = msg.ParseLength(first); ok && m != n {
			return ReasonLengthRepeat
		}
	}
	switch {
	case !ok:
		return ReasonLength
	case again && n != f.length:
		return ReasonLengthRepeat
	case again:
		f.seen |= seenLengths
	}
	f.length = n
	return ReasonNone
}

// combineLengths makes one field line, of one number, of those that spell
// Content-Length (RFC 9110 section 8.6): who reads the fields finds what the
// message is framed by.
func (x *Exchange) combineLengths() {
	kept, seen := x.fields[:0], false
	for _, f := range x.fields {
		if named(f.name.of(x.buf), "content-length") {
			if seen {
				continue
			}
			seen = true
			first, _, _ := msg.ListElement(f.value.of(x.buf))
			f.value.end = f.value.start + uint32(len(first)) // whitespace around it is gone already
		}
		kept = append(kept, f)
	}
	x.fields = kept
}

// takeCoding takes the value of Transfer-Encoding (RFC 9112 section 6.1), a
// list that goes on from line to line. An empty element, which a list may have
// and which not every reader skips, is refused by the strict policy.
func (f *facts) takeCoding(v []byte, lenient bool) {
	f.seen |= seenCoding
	if bytes.IndexByte(v, '"') >= 0 {
		f.coding = codingBroken // a comma might stand in a quoted string
	}
	for more := true; more && f.coding != codingBroken; {
		var name []byte
		name, v, more = msg.ListElement(v)
		name, _, hasParameters := bytes.Cut(name, []byte{';'})
		name = bytes.TrimRight(name, " \t")
		switch {
		case lenient && len(name) == 0 && !hasParameters: // RFC 9110 section 5.6.1.2
		case f.coding == codingChunked, !msg.IsToken(name), named(name, "identity"):
			f.coding = codingBroken
		case !named(name, "chunked"):
			f.coding = codingOther
			f.seen |= seenCodingOther
		case hasParameters: // RFC 9112 section 7: chunked has none
			f.coding = codingBroken
		default:
			f.coding = codingChunked
		}
	}
}
