package h1

import (
	"encoding/binary"
	"math/bits"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A section reads a field section octet by octet, and only to know where it
// ends and whether it must be refused. Trailer sections are read so, and the
// head of a request that arrives in parts: what has been seen is not looked at
// again, so that a head costs the same however it is cut.
//
// The zero value is at the start of a section.
type section struct {
	octets  uint32 // consumed so far
	lines   uint32 // field lines begun
	state   sectionState
	lenient bool // a line may end in a bare LF
}

// sectionState says which octet is expected next.
//
//	line ──token──▶ name ──":"──▶ value ──CR──▶ lineLF ──LF──▶ line
//	  └──CR──▶ endLF ──LF──▶ done
//
// A bare LF, where it is let through, leads from value to line and from line
// to done.
type sectionState uint8

const (
	sectionLine   sectionState = iota // the first octet of a line, or the CR of the empty line
	sectionName                       // a further octet of a name, or the colon
	sectionValue                      // an octet of the value or of the whitespace around it, or the CR
	sectionLineLF                     // the LF that ends a line
	sectionEndLF                      // the LF that ends the section
	sectionDone                       // nothing; the section is complete
)

// scan consumes the first n octets of in, as far as the section reaches.
func (s *section) scan(in []byte, limits *msg.Limits) (n int, r Reason) {
	limit := uint32(min(limits.FieldSection, maxHead)) + 2
	for n < len(in) && s.state != sectionDone {
		if s.octets == limit {
			return n, ReasonFieldSectionLimit
		}
		if s.state == sectionValue {
			m := int(valueEnd(in[n:min(len(in), n+int(limit-s.octets))], 0))
			n += m
			if s.octets += uint32(m); m > 0 {
				continue
			}
		}
		if r = s.step(in[n], limits); r != ReasonNone {
			return n, r
		}
		n++
		s.octets++
	}
	if s.octets == limit && s.state != sectionDone {
		return n, ReasonFieldSectionLimit
	}
	return n, ReasonNone
}

// step consumes one octet; of a value only the one that ends it.
func (s *section) step(c byte, limits *msg.Limits) Reason {
	switch s.state {
	case sectionLine:
		if c == '\r' {
			s.state = sectionEndLF
			return ReasonNone
		}
		if c == '\n' && s.lenient {
			if int(s.octets) > limits.FieldSection {
				return ReasonFieldSectionLimit // CRLF would have been behind the limit
			}
			s.state = sectionDone
			return ReasonNone
		}
		if int(s.lines) >= limits.Fields {
			return ReasonFieldsLimit
		}
		if octets[c]&octetToken == 0 {
			return lineStartFault(c)
		}
		s.lines++
		s.state = sectionName
	case sectionName:
		if c == ':' {
			s.state = sectionValue
		} else if octets[c]&octetToken == 0 {
			return ReasonFieldName
		}
	case sectionValue:
		switch {
		case c == '\r':
			s.state = sectionLineLF
		case c == '\n' && s.lenient:
			s.state = sectionLine
		default:
			return valueFault(c)
		}
	case sectionLineLF:
		if c != '\n' {
			return ReasonLineEnd
		}
		s.state = sectionLine
	case sectionEndLF:
		if c != '\n' {
			return ReasonLineEnd
		}
		s.state = sectionDone
	case sectionDone:
		invariant.Never("step behind the end of a section")
	}
	return ReasonNone
}

// lineStartFault returns why no field line can begin with c.
func lineStartFault(c byte) Reason {
	switch c {
	case ' ', '\t':
		return ReasonFieldFold
	case '\n':
		return ReasonLineEnd
	}
	return ReasonFieldName
}

// valueFault returns why c cannot stand in a field value.
func valueFault(c byte) Reason {
	if c == '\n' {
		return ReasonLineEnd
	}
	return ReasonFieldValue
}

// valueEnd returns the index of the first octet of b, at or behind i, that a
// field value cannot have (RFC 9110 section 5.5), or len(b). It looks at eight
// octets at a time.
func valueEnd(b []byte, i uint) uint {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for i+8 <= uint(len(b)) {
		w := binary.LittleEndian.Uint64(b[i : i+8 : i+8])
		// An octet below 0x80 is marked when less than 0x20 or equal to 0x7f.
		// The lowest mark is right; those above it may be wrong, because
		// subtraction borrows.
		stop := ((w - 0x20*ones) | ((w ^ 0x7f*ones) - ones)) &^ w & highs
		if stop == 0 {
			i += 8
			continue
		}
		i += uint(bits.TrailingZeros64(stop)) >> 3
		if b[i] != '\t' {
			return i
		}
		i++
	}
	for i < uint(len(b)) && octets[b[i]]&octetValue != 0 {
		i++
	}
	return i
}
