package h2

import (
	"golang.org/x/net/http2/hpack"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// A block is a field block that is being decoded (RFC 9113 section 4.3): the
// fragments of HEADERS and of the CONTINUATION frames behind it.
//
// The representations that touch the dynamic table are left to hpack.Decoder,
// which has it; those of the static table, and literals that are not indexed,
// are read here, so that they cost no allocation.
type block struct {
	dec *hpack.Decoder // made for the first block
	x   *Exchange      // whose section it is; nil: it is decoded for the table's sake

	rest  []byte // owned; the begin of a representation whose end has not arrived
	since int64  // when the block began; 0: there is none

	stream  uint32
	octets  int // of fragments so far
	decoded int // octets that they stand for
	frames  int // CONTINUATION frames so far

	trailer bool   // it is a trailer section
	ends    bool   // HEADERS had END_STREAM
	fault   Reason // the stream is reset, when the block is decoded
	shrinks bool   // the peer has to begin the next block with a table size update
	begun   bool   // a field was decoded: a table size update may not follow

	scratch octetsOf // a literal that is being read
}

const (
	// maxBlock bounds the fragments of a field block, in octets, in multiples of
	// Limits.FieldSection. What is over that limit is decoded up to this one, to
	// be answered 431.
	maxBlock = 4
	// maxContinuations bounds the CONTINUATION frames of a block.
	maxContinuations = 128
	// maxKeptRest is the memory for incomplete representations that is kept.
	maxKeptRest = 256
)

// initialTable is the initial size of the dynamic table (RFC 9113 section 6.5.2).
const initialTable = 4096

// tableLimit returns how large the peer may make the dynamic table. A setting
// that is smaller than what it begins with takes effect when it is acknowledged
// (RFC 9113 section 4.3.1).
func (c *Conn) tableLimit() uint32 {
	if c.timing.settings != 0 {
		return max(initialTable, c.conf.HeaderTable)
	}
	return c.conf.HeaderTable
}

// emit takes a field from the decoder.
func (c *Conn) emit(f hpack.HeaderField) { decodedField(c, f.Name, f.Value) }

// decodedField takes a decoded field.
func decodedField[T text](c *Conn, name, value T) {
	b := &c.block
	b.begun = true
	b.decoded += len(name) + len(value)
	switch {
	case b.x == nil:
	case b.trailer:
		addTrailer(&b.x.trailers, name, value, c.conf.Limits)
	default:
		add(b.x, name, value, c.conf.Limits)
	}
}

// decode decodes a fragment, and with last the end of the block.
func (c *Conn) decode(fragment []byte, last bool) Reason {
	b := &c.block
	if b.dec == nil {
		b.dec = hpack.NewDecoder(initialTable, c.emit)
		b.dec.SetAllowedMaxDynamicTableSize(c.tableLimit())
	}
	in := fragment
	if len(b.rest) > 0 {
		b.rest = append(b.rest, fragment...)
		in = b.rest
	}
	n, ok := c.represent(in)
	switch {
	case !ok || last && n < len(in):
		return ReasonCompression
	case n == len(in):
		if b.rest = b.rest[:0]; cap(b.rest) > maxKeptRest {
			b.rest = nil
		}
	case len(b.rest) > 0:
		b.rest = b.rest[:copy(b.rest, b.rest[n:])]
	default:
		b.rest = append(b.rest, in[n:]...)
	}
	return ReasonNone
}

// represent decodes the complete representations that in begins with (RFC 7541
// section 6), n octets. ok is false when they are malformed.
func (c *Conn) represent(in []byte) (n int, ok bool) {
	b := &c.block
	for n < len(in) {
		p := in[n:]
		if b.shrinks && p[0]&0xe0 != 0x20 {
			return n, false // RFC 9113 section 4.3.1: the table has to be reduced first
		}
		var m int
		switch first := p[0]; {
		case first >= 0x80:
			m, ok = c.indexed(p)
		case first >= 0x40:
			if m, ok = literalLength(p, 6); m > 0 {
				_, err := b.dec.Write(p[:m])
				ok = err == nil
			}
		case first >= 0x20:
			m, ok = c.resize(p)
		default:
			m, ok = c.literal(p)
		}
		if m == 0 || !ok {
			return n, ok
		}
		n += m
	}
	return n, true
}

// indexed decodes an indexed field (RFC 7541 section 6.1).
func (c *Conn) indexed(p []byte) (n int, ok bool) {
	index, n, ok := parseInt(p, 7)
	switch {
	case n == 0:
		return 0, ok
	case index == 0:
		return n, false
	case index < uint64(len(static)):
		f := &static[index]
		decodedField(c, f.name, f.value)
		return n, true
	}
	_, err := c.block.dec.Write(p[:n])
	return n, err == nil
}

// resize decodes a dynamic table size update (RFC 7541 section 6.3), which
// stands at the begin of a block.
func (c *Conn) resize(p []byte) (n int, ok bool) {
	b := &c.block
	_, n, ok = parseInt(p, 5)
	if n == 0 {
		return 0, ok
	}
	if b.begun {
		return n, false
	}
	b.shrinks = false
	_, err := b.dec.Write(p[:n]) // it knows the limit
	return n, err == nil
}

// literal decodes a literal that is not indexed (RFC 7541 sections 6.2.2 and
// 6.2.3).
func (c *Conn) literal(p []byte) (n int, ok bool) {
	b := &c.block
	index, n, ok := parseInt(p, 4)
	if n == 0 {
		return 0, ok
	}
	if index >= uint64(len(static)) { // the name is in the dynamic table
		if n, ok = literalLength(p, 4); n == 0 {
			return 0, ok
		}
		_, err := b.dec.Write(p[:n])
		return n, err == nil
	}
	var name, value []byte
	b.scratch = b.scratch[:0]
	if index > 0 {
		b.scratch = append(b.scratch, static[index].name...)
	} else {
		var m int
		if m, ok = b.text(p[n:]); m == 0 || !ok {
			return 0, ok
		}
		n += m
	}
	named := len(b.scratch)
	m, ok := b.text(p[n:])
	if m == 0 || !ok {
		return 0, ok
	}
	name, value = b.scratch[:named], b.scratch[named:]
	decodedField(c, name, value)
	return n + m, true
}

// text appends a string to the scratch memory (RFC 7541 section 5.2), and
// returns how many octets of p it takes: 0 when it is not complete.
func (b *block) text(p []byte) (n int, ok bool) {
	size, n, ok := parseInt(p, 7)
	if n == 0 || uint64(len(p)-n) < size {
		return 0, ok
	}
	s := p[n : n+int(size)]
	n += int(size)
	if p[0]&0x80 == 0 {
		b.scratch = append(b.scratch, s...)
		return n, true
	}
	_, err := hpack.HuffmanDecode(&b.scratch, s)
	return n, err == nil
}

// octetsOf is memory that HuffmanDecode writes to.
type octetsOf []byte

// Write implements io.Writer.
func (o *octetsOf) Write(p []byte) (n int, err error) {
	*o = append(*o, p...)
	return len(p), nil
}

// literalLength returns how many octets of p a literal takes whose index has a
// prefix of so many bits: 0 when it is not complete.
func literalLength(p []byte, prefix uint) (n int, ok bool) {
	index, n, ok := parseInt(p, prefix)
	if n == 0 {
		return 0, ok
	}
	strings := 1
	if index == 0 {
		strings = 2
	}
	for range strings {
		size, m, ok := parseInt(p[n:], 7)
		if m == 0 {
			return 0, ok
		}
		if n += m; uint64(len(p)-n) < size {
			return 0, true
		}
		n += int(size)
	}
	return n, true
}

// parseInt reads an integer of HPACK with a prefix of so many bits (RFC 7541
// section 5.1). n is 0 when it is not complete; ok is false when it has more
// than 31 bits.
func parseInt(p []byte, prefix uint) (i uint64, n int, ok bool) {
	if len(p) == 0 {
		return 0, 0, true
	}
	most := uint64(1)<<prefix - 1
	if i = uint64(p[0]) & most; i < most {
		return i, 1, true
	}
	for shift := uint(0); ; shift += 7 {
		if n++; n == len(p) {
			return 0, 0, true
		}
		if shift > 28 {
			return 0, 0, false
		}
		i += uint64(p[n]&0x7f) << shift
		if p[n] < 0x80 {
			return i, n + 1, i <= maxStreamID
		}
	}
}

// beginBlock begins a field block on a stream.
func (c *Conn) beginBlock(x *Exchange, stream uint32, ends, trailer bool) {
	b := &c.block
	invariant.That(b.since == 0 && len(b.rest) == 0)
	b.x, b.stream, b.ends, b.trailer = x, stream, ends, trailer
	b.octets, b.decoded, b.frames, b.begun = 0, 0, 0, false
	b.since = max(c.now, 1)
}

// fragment takes a fragment of the present block. done says that it is the last
// one.
func (c *Conn) fragment(p []byte, done bool) Reason {
	b := &c.block
	b.octets += len(p)
	if b.octets/maxBlock > c.conf.Limits.FieldSection {
		return ReasonBlockLimit
	}
	if r := c.decode(p, done); r != ReasonNone {
		return r
	}
	if done {
		b.since = 0
		if err := b.dec.Close(); err != nil { // it is given complete representations only
			return ReasonCompression
		}
		b.dropScratch()
		return c.draw((b.decoded-b.octets)/expandedOctets, ReasonExpansion)
	}
	return ReasonNone
}

// dropScratch lets go of scratch memory that is larger than usual.
func (b *block) dropScratch() {
	if cap(b.scratch) > maxKeptRest {
		b.scratch = nil
	}
}
