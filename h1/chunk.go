package h1

import "github.com/windhover-go/windhover/sdk/invariant"

// A chunkDecoder removes the chunked transfer coding from a body
// (RFC 9112 section 7.1). It keeps no input: each call is handed the octets at
// hand and says how many it consumed.
//
// The zero value is ready to decode one body.
//
// The trailer section is not its concern. The decoder is done after the line
// of the last chunk, and what follows is read by a section.
type chunkDecoder struct {
	left  uint64 // while a size is read, the size so far; in data, octets still owed
	line  int32  // octets of the current line without its CRLF
	state chunkState
}

// chunkState says which octet the decoder expects next.
//
//	start ──hex──▶ size ─────────────CR──────────────▶ sizeLF
//	  ▲             │ ";" or whitespace, then an           │ LF
//	  │             ▼ extension, drawn below               │
//	  │            ext ──────────────CR──────────▶ sizeLF  │
//	  │                     size = 0 ─────┬───── size > 0 ─┘
//	  │                        ▼          ▼
//	  │                      done        data
//	  └── LF ── dataLF ◀── CR ── dataCR ◀─┘ size octets
//
// An extension (RFC 9112 section 7.1.1), in which OWS stands for the
// whitespace that a recipient must accept there:
//
//	             ┌────────────────────── ";" ─────────────────────┐
//	             ▼                                                │
//	gap ─";"─▶ extName ─token─▶ extNamed ─OWS─▶ extEqual          │
//	                               │ "="          │ "="           │
//	                               └──▶ extValue ◀┘               │
//	              token ◀───────────────┤                         │
//	                │                   └─DQUOTE─▶ quoted ─DQUOTE─▶ quotedEnd
//	                │                               │ ▲           │
//	                │                               ▼ │ "\" any   │
//	                └─ OWS ─▶ gap                  escape         └─ OWS ─▶ gap
//
// A line may end (CR) in size, extNamed, token and quotedEnd, and nowhere else.
type chunkState uint8

const (
	chunkStart     chunkState = iota // the first digit of a size
	chunkSize                        // a further digit, or the end of the size
	chunkGap                         // whitespace has been read where only ";" may follow
	chunkExtName                     // the first octet of an extension's name, or whitespace
	chunkExtNamed                    // a further octet of the name, or its end
	chunkExtEqual                    // whitespace after the name: "=" or ";" follows
	chunkExtValue                    // the first octet of the value, or whitespace
	chunkToken                       // a further octet of a token value, or its end
	chunkQuoted                      // an octet of a quoted string, or its end
	chunkEscape                      // the octet after a backslash in a quoted string
	chunkQuotedEnd                   // what follows a quoted string
	chunkSizeLF                      // the LF that ends the line
	chunkData                        // an octet of data; left is not zero
	chunkDataCR                      // the CR after the data
	chunkDataLF                      // the LF after the data
	chunkDone                        // nothing; the body is complete

	chunkStates
)

// next consumes the first n octets of in and returns the octets of content
// among them. It is called again with in[n:] while n > 0. maxLine bounds a
// line, and allowed what may still come of content.
//
// data is borrowed from in. n is zero when in is empty or the decoder is done.
// A reason is final.
func (d *chunkDecoder) next(in []byte, maxLine int, allowed uint64) (data []byte, n int, r Reason) {
	for n < len(in) && d.state != chunkDone {
		if d.state == chunkData {
			data = in[n:][:min(d.left, uint64(len(in)-n))]
			d.took(len(data))
			return data, n + len(data), ReasonNone
		}
		if r = d.step(in[n], maxLine); r != ReasonNone {
			return nil, n, r
		}
		if d.state == chunkData && d.left > allowed {
			return nil, n, ReasonBodyLimit
		}
		n++
	}
	return nil, n, ReasonNone
}

// took records that n octets of data were handed out.
func (d *chunkDecoder) took(n int) {
	invariant.That(n > 0 && uint64(n) <= d.left)
	d.left -= uint64(n)
	if d.left == 0 {
		d.state = chunkDataCR
	}
}

// step consumes one octet that is not data.
func (d *chunkDecoder) step(c byte, maxLine int) Reason {
	switch d.state {
	case chunkStart:
		invariant.That(d.left == 0)
		d.line = 1
		d.state = chunkSize
		return d.digit(c)
	case chunkSize, chunkGap, chunkExtName, chunkExtNamed, chunkExtEqual, chunkExtValue,
		chunkToken, chunkQuoted, chunkEscape, chunkQuotedEnd:
		return d.lineOctet(c, maxLine)
	case chunkSizeLF:
		if c != '\n' {
			return ReasonChunkLine
		}
		d.state = chunkData
		if d.left == 0 {
			d.state = chunkDone
		}
	case chunkDataCR:
		if c != '\r' {
			return ReasonChunkData
		}
		d.state = chunkDataLF
	case chunkDataLF:
		if c != '\n' {
			return ReasonChunkData
		}
		d.state = chunkStart
	case chunkData, chunkDone, chunkStates:
		invariant.Never("step in a state without framing")
	}
	return ReasonNone
}

// lineOctet consumes one octet of a line after the first digit.
func (d *chunkDecoder) lineOctet(c byte, maxLine int) Reason {
	if c == '\r' {
		return d.lineEnd()
	}
	if c == '\n' {
		return ReasonChunkLine
	}
	if d.line++; int(d.line) > min(maxLine, maxHead) {
		return ReasonChunkLineLimit
	}
	if d.state == chunkSize {
		switch c {
		case ';':
			d.state = chunkExtName
		case ' ', '\t':
			// Bad whitespace before an extension must be accepted
			// (RFC 9110 section 5.6.3), but neither a digit nor the end of the
			// line after it: two parsers would read two sizes.
			d.state = chunkGap
		default:
			return d.digit(c)
		}
		return ReasonNone
	}
	return d.extension(c)
}

// lineEnd consumes the CR of a line.
func (d *chunkDecoder) lineEnd() Reason {
	switch d.state {
	case chunkSize, chunkExtNamed, chunkToken, chunkQuotedEnd:
		d.state = chunkSizeLF
		return ReasonNone
	case chunkGap, chunkExtName, chunkExtEqual, chunkExtValue, chunkQuoted, chunkEscape:
		return ReasonChunkExtension
	case chunkStart, chunkSizeLF, chunkData, chunkDataCR, chunkDataLF, chunkDone, chunkStates:
		invariant.Never("the end of a line outside a line")
	}
	return ReasonChunkLine
}

// extension consumes one octet behind the size, which is neither CR nor LF.
func (d *chunkDecoder) extension(c byte) Reason {
	next := extensions[d.state][extensionClass(c)]
	if next == chunkStart { // the zero of the table: no extension leads there
		return ReasonChunkExtension
	}
	d.state = next
	return ReasonNone
}

// extClass says what an octet of an extension is.
type extClass uint8

const (
	extControl   extClass = iota // an octet that no extension has
	extSpace                     // SP, HTAB
	extToken                     // an octet of a token
	extSemicolon                 // ";"
	extEquals                    // "="
	extQuote                     // DQUOTE
	extBackslash                 // "\"
	extOther                     // any other octet that a quoted string may have

	extClasses
)

// extensionClass returns the class of an octet.
func extensionClass(c byte) extClass {
	switch c {
	case ' ', '\t':
		return extSpace
	case ';':
		return extSemicolon
	case '=':
		return extEquals
	case '"':
		return extQuote
	case '\\':
		return extBackslash
	}
	switch {
	case octets[c]&octetToken != 0:
		return extToken
	case octets[c]&octetValue != 0:
		return extOther
	}
	return extControl
}

// digit adds one hexadecimal digit to the size, of at most 63 bits.
func (d *chunkDecoder) digit(c byte) Reason {
	v, ok := hexValue(c)
	if !ok || d.left>>59 != 0 {
		return ReasonChunkSize
	}
	d.left = d.left<<4 | uint64(v)
	return ReasonNone
}

// hexValue returns the value of a hexadecimal digit.
func hexValue(c byte) (v byte, ok bool) {
	if v = c - '0'; v < 10 {
		return v, true
	}
	if v = (c | 0x20) - 'a'; v < 6 {
		return v + 10, true
	}
	return 0, false
}
