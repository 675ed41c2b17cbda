// Package compress is the stage Compress of a declaration: it encodes the
// content of responses with a content coding that the client accepts (RFC 9110
// sections 8.4 and 12.5.3).
//
// Content that is made of a secret and of something that an attacker chooses
// should not be compressed: its length tells whether the two are alike (the
// attack is called BREACH).
package compress

import (
	"io"
	"math"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

const (
	// DefaultMinimum is the content, in octets, that is worth a coding: less
	// fits a packet as it is.
	DefaultMinimum = 1 << 10
	// LoopMaximum bounds the content, in octets, that is encoded on the event
	// loop, which does nothing else meanwhile: it takes a tenth of a
	// millisecond, or a few. More is sent as it is.
	LoopMaximum = 64 << 10
	// MaxEncoders bounds the encoders of each coding of a Stage, and so the
	// responses that are encoded at once: as many that are there as a whole, and as
	// many that stream. One more is sent as it is. An encoder is about a MiB;
	// see the packages that have them.
	MaxEncoders = 16
	// maxKept bounds the memory, in octets, that an encoder keeps of what it made.
	maxKept = 64 << 10
)

// A Coding is a content coding. Packages gzipcoder and zstdcoder have one each.
type Coding struct {
	// Name is its name in Content-Encoding, in lower case.
	Name string
	// New returns an encoder of contents that are there as a whole, and NewStream
	// one of those that are not.
	New       func() Encoder
	NewStream func() StreamEncoder
}

// An Encoder encodes contents, one after the other. It belongs to one goroutine
// at a time.
type Encoder interface {
	// AppendEncoded appends content, encoded, to dst.
	AppendEncoded(dst, content []byte) []byte
}

// A StreamEncoder encodes contents, one after the other, as they come, and writes
// them to a writer. It belongs to one goroutine at a time.
type StreamEncoder interface {
	io.WriteCloser
	// Flush writes what was given to Write.
	Flush() error
	// Reset begins a content that is written to w.
	Reset(w io.Writer)
}

// An Exchange is what the stage takes of one.
type Exchange interface {
	sdk.RequestHeaders
	sdk.Response
	sdk.ResponseStatus
}

// A Stage encodes responses. Any goroutine may use it. It keeps its encoders for
// reuse, so that what is encoded costs no allocation.
type Stage struct {
	minimum int
	codings []*coders
}

// New returns a stage that encodes content of at least minimum octets,
// DefaultMinimum when that is 0, with the codings, of which the first is liked
// best. There are at most four; further ones are not used.
func New(minimum int, codings ...Coding) *Stage {
	if minimum <= 0 {
		minimum = DefaultMinimum
	}
	s := &Stage{minimum: minimum}
	for _, c := range codings[:min(len(codings), maxCodings)] {
		s.codings = append(s.codings, &coders{coding: c})
	}
	return s
}

// Respond completes a response that is not sent, whatever it answers. It encodes
// the content when the client accepts a coding, it is long enough and of a type
// that gains by it, and no function said otherwise: by Content-Encoding,
// Content-Range, a digest of the content, or Cache-Control: no-transform.
//
// Vary gets Accept-Encoding also where this client accepts none. An ETag becomes
// weak where the content is encoded, for then the octets of two responses with it
// differ (RFC 9110 section 8.8.1), and at a 304, which answers for either.
func (s *Stage) Respond(x Exchange) { s.respond(x, math.MaxInt) }

// RespondOnLoop is Respond for a route on the event loop: content over
// LoopMaximum is sent as it is.
func (s *Stage) RespondOnLoop(x Exchange) { s.respond(x, LoopMaximum) }

func (s *Stage) respond(x Exchange, most int) {
	fields, content := x.ResponseFields(), x.ResponseContent()
	switch x.ResponseStatus() {
	case 304:
		addVary(fields)
		weaken(fields)
		return
	case 204, 205, 206:
		return
	}
	if n := content.Len(); n < s.minimum || n > most || !gains(fields) {
		return
	}
	addVary(fields)
	c := s.choose(x)
	if c == nil || !c.encode(content) {
		return
	}
	encodes(fields, c.coding.Name)
}

// coders are the encoders of a coding.
type coders struct {
	coding  Coding
	whole   pool[coder]
	streams pool[streamCoder]
}

// A coder is an encoder with the memory of what it makes.
type coder struct {
	Encoder
	out []byte
}

// encode encodes content in place, and reports whether it did: it does not when
// all encoders are in use, nor when content would become longer.
func (c *coders) encode(content *msg.Buffer) bool {
	if !c.whole.enter() {
		return false
	}
	defer c.whole.leave()
	e := c.whole.take()
	if e == nil {
		e = &coder{Encoder: c.coding.New()}
	}
	e.out = e.AppendEncoded(e.out[:0], content.Collected())
	shorter := len(e.out) < content.Len()
	if shorter {
		content.Reset()
		content.Octets(e.out)
	}
	if cap(e.out) > maxKept {
		e.out = nil
	}
	c.whole.give(e)
	return shorter
}
