package compress

import (
	"slices"

	"github.com/windhover-go/windhover/sdk"
)

// A StreamExchange is what the stage takes of one whose response is streamed.
type StreamExchange interface {
	Exchange
	sdk.ResponseStream
}

// A Stream is the response of an exchange that a function streams: it encodes
// what the function writes to the writer of OpenResponse, whatever its length.
// Generated code gives it to the function in the place of the exchange.
type Stream struct {
	s *Stage
	x StreamExchange

	out     sdk.ContentWriter // of the exchange; nil before OpenResponse
	sized   bool              // the content is sent as it is
	decided bool
	coders  *coders // of the coding; nil: none
	e       *streamCoder
}

// A streamCoder is a StreamEncoder that can be kept in a pool.
type streamCoder struct{ StreamEncoder }

// Stream returns the response of x. End has to follow when the function has
// returned, and Release in any case. It is an allocation.
func (s *Stage) Stream(x StreamExchange) *Stream { return &Stream{s: s, x: x} }

// OpenResponse implements sdk.ResponseStream. The first Write or Flush decides
// whether the content is encoded, by the fields as they are then. From then on
// the function may add to the content by the writer alone.
func (t *Stream) OpenResponse() sdk.ContentWriter {
	if t.out == nil {
		t.out = t.x.OpenResponse()
	}
	return (*streamWriter)(t)
}

// OpenResponseSized implements sdk.ResponseStream. Content whose length is
// announced is sent as it is.
func (t *Stream) OpenResponseSized(n int64) sdk.ContentWriter {
	if t.out == nil {
		t.out, t.sized = t.x.OpenResponseSized(n), true
	}
	return (*streamWriter)(t)
}

// End ends the content when the function has returned err, and returns err. After
// an error the response can be one that is answered as a whole, if nothing of it
// was sent. A response that was never opened is completed as Respond does.
func (t *Stream) End(err error) error {
	switch {
	case err == nil && t.out == nil:
		t.s.Respond(t.x)
	case t.e == nil:
	case err == nil:
		_ = t.e.Close() // what the exchange could not send it knows itself
	default:
		// What the encoder holds is lost, and what it is that it is encoded.
		t.x.ResponseFields().Delete("Content-Encoding")
	}
	return err
}

// Release gives the encoder back.
func (t *Stream) Release() {
	if t.e == nil {
		return
	}
	t.e.Reset(nil)
	t.coders.streams.give(t.e)
	t.coders.streams.leave()
	t.e = nil
}

// decide chooses the coding, and makes what the content buffer holds the
// beginning of the encoded content.
func (t *Stream) decide() {
	if t.decided {
		return
	}
	t.decided = true
	fields := t.x.ResponseFields()
	if status := t.x.ResponseStatus(); t.sized || status == 204 || status == 205 || status == 206 || status == 304 || !gains(fields) {
		return
	}
	addVary(fields)
	if t.coders = t.s.choose(t.x); t.coders == nil || !t.coders.streams.enter() {
		return
	}
	if t.e = t.coders.streams.take(); t.e == nil {
		t.e = &streamCoder{t.coders.coding.NewStream()}
	}
	encodes(fields, t.coders.coding.Name)
	t.e.Reset(t.out)
	content := t.x.ResponseContent()
	before := slices.Clone(content.Collected()) // the exchange collects in it what the encoder writes
	content.Reset()
	if len(before) > 0 {
		_, _ = t.e.Write(before)
	}
}

// A streamWriter is a Stream seen as the writer of the content.
type streamWriter Stream

// Write implements sdk.ContentWriter.
func (w *streamWriter) Write(p []byte) (n int, err error) {
	t := (*Stream)(w)
	if t.decide(); t.e != nil {
		return t.e.Write(p)
	}
	return t.out.Write(p)
}

// Flush implements sdk.ContentWriter: what was written can be decoded as soon as
// it arrives.
func (w *streamWriter) Flush() error {
	t := (*Stream)(w)
	if t.decide(); t.e != nil {
		if err := t.e.Flush(); err != nil {
			return err
		}
	}
	return t.out.Flush()
}
