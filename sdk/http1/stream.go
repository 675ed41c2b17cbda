package http1

import (
	"io"

	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
)

// A stream is a response that is being streamed: a contentWriter. The exchange
// knows it by this interface, so that an app that streams nothing links
// nothing of it.
type stream interface {
	// flush sends what was written. It waits while the peer does not read.
	flush() error
	// end sends the rest. An error says that the response is not complete:
	// the connection must not be used again.
	end() error
}

const (
	// pieceSize is the content that a stream collects before it makes a piece
	// of it: small writes share a chunk and a system call.
	pieceSize = 8 << 10
	// wireSize is what is written at once.
	wireSize = 16 << 10
)

// OpenResponse implements sdk.ResponseStream.
func (x *Exchange) OpenResponse() sdk.ContentWriter { return x.OpenResponseSized(-1) }

// OpenResponseSized implements sdk.ResponseStream.
func (x *Exchange) OpenResponseSized(n int64) sdk.ContentWriter {
	if x.file != nil {
		x.dropFile()
		x.failure = sdk.ErrTooLate
	}
	switch {
	case x.upgraded():
		if x.failure == nil {
			x.failure = sdk.ErrTooLate
		}
	case x.stream == nil:
		x.announced, x.owed = n, n
		if n >= 0 {
			x.owed -= int64(x.ResponseContent().Len())
		}
		x.wire = x.wire[:0]
		x.stream = (*contentWriter)(x)
	}
	return (*contentWriter)(x)
}

// commit appends the head. It comes before the first octets that are sent, and
// not earlier: until then an error can replace the response.
func (w *contentWriter) commit() {
	x := (*Exchange)(w)
	if x.answered || x.failure != nil {
		return
	}
	if x.failure = x.ResponseFields().Err(); x.failure != nil {
		return
	}
	x.answered = true
	if x.plan.Body != sdk.BodyUnread && !x.received && x.ExpectsContinue() && !x.continued {
		// After the final head it could not be sent, and the client would
		// not send what a function is going to take.
		x.continued = true
		x.wire = x.AppendContinue(x.wire)
	}
	x.conn.sayClose()
	host := x.loop.host
	x.wire = x.AppendStreamHead(x.wire, host.Date(host.Loop().Clock()), x.announced)
}

// A contentWriter is an exchange seen as the writer of its response's content.
type contentWriter Exchange

// Write implements sdk.ContentWriter.
func (w *contentWriter) Write(p []byte) (n int, err error) {
	if w.failure != nil {
		return 0, w.failure
	}
	if w.announced >= 0 {
		if int64(len(p)) > w.owed {
			w.failure = h1.ErrContentLength
			return 0, w.failure
		}
		w.owed -= int64(len(p))
	}
	content := w.ResponseContent()
	if content.Len()+len(p) < pieceSize {
		return content.Write(p)
	}
	if err := w.emitCollected(); err != nil {
		return 0, err
	}
	if len(p) < pieceSize {
		return content.Write(p)
	}
	for len(p) > 0 {
		piece := p[:min(len(p), wireSize)]
		if err := w.emit(piece); err != nil {
			return n, err
		}
		n, p = n+len(piece), p[len(piece):]
	}
	return n, nil
}

// Flush implements sdk.ContentWriter.
func (w *contentWriter) Flush() error { return w.flush() }

// flush implements stream.
func (w *contentWriter) flush() error {
	w.commit()
	if err := w.emitCollected(); err != nil {
		return err
	}
	return w.send()
}

// end implements stream.
func (w *contentWriter) end() error {
	x := (*Exchange)(w)
	w.checkTrailers()
	if !x.answered && (x.redone || x.failure != nil) {
		if !x.redone { // the function left it at the error of the stream
			x.loop.host.Panicked(x.plan, x.failure)
			x.ResetResponse()
			sdk.WriteError(x, x.failure)
		}
		return x.sendWhole()
	}
	w.commit()
	if err := w.emitCollected(); err != nil {
		return err
	}
	wire, short := w.AppendStreamEnd(w.wire)
	w.wire = wire
	if err := w.send(); err != nil {
		return err
	}
	return short
}

// checkTrailers makes a trailer section that cannot be sent the failure of the
// stream. It is reported here when an answer cannot do it any more.
func (w *contentWriter) checkTrailers() {
	if w.failure != nil || w.trailing == nil {
		return
	}
	w.failure = w.trailing.err()
	if w.failure != nil && w.answered {
		w.loop.host.Panicked(w.plan, w.failure)
	}
}

// emitCollected makes a piece of what was collected.
func (w *contentWriter) emitCollected() error {
	content := w.ResponseContent()
	err := w.emit(content.Collected())
	content.Reset()
	return err
}

// emit appends a piece of the content and sends what is worth a system call.
func (w *contentWriter) emit(piece []byte) error {
	w.commit()
	if w.failure != nil {
		return w.failure
	}
	w.wire, w.failure = w.AppendStreamContent(w.wire, piece)
	if w.failure == nil && len(w.wire) >= wireSize {
		return w.send()
	}
	return w.failure
}

// send sends what was appended.
func (w *contentWriter) send() error {
	if w.failure == nil && len(w.wire) > 0 {
		w.failure = (*Exchange)(w).gone(w.nc.WriteLent(w.wire))
		w.wire = w.wire[:0]
	}
	return w.failure
}

// gone turns an error of the connection into the one that the app sees.
func (x *Exchange) gone(err error) error {
	switch err {
	case nil:
		return nil
	case netpoll.ErrSlow:
		return sdk.ErrTooSlow
	}
	return x.loop.host.EndCause()
}

// OpenRequest implements sdk.RequestStream.
func (x *Exchange) OpenRequest() sdk.Body { return (*bodyReader)(x) }

// A bodyReader is an exchange seen as the content of its request.
type bodyReader Exchange

// inSize is the memory that a streamed request is read into, in octets.
const inSize = 16 << 10

// Read implements sdk.Body. Before it waits for the peer it sends what the
// function has written, so that a function that answers as it reads is heard.
func (b *bodyReader) Read(p []byte) (n int, err error) {
	x := (*Exchange)(b)
	for len(x.piece) == 0 {
		if err := x.nextPiece(); err != nil {
			return 0, err
		}
	}
	n = copy(p, x.piece)
	x.piece = x.piece[n:]
	return n, nil
}

// WriteTo implements io.WriterTo: io.Copy needs no memory of its own.
func (b *bodyReader) WriteTo(w io.Writer) (n int64, err error) {
	x := (*Exchange)(b)
	for {
		if len(x.piece) > 0 {
			m, err := w.Write(x.piece)
			n, x.piece = n+int64(m), x.piece[m:]
			if err != nil {
				return n, err
			}
		} else if err := x.nextPiece(); err == io.EOF {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

// nextPiece takes the next run of content from the input, reading where there
// is none. It may return without one and without an error.
func (x *Exchange) nextPiece() error {
	if x.inErr != nil {
		return x.inErr
	}
	if x.received {
		return io.EOF
	}
	ev, n := x.conn.h1.Next(&x.Exchange, x.in[x.at:], &x.loop.limits)
	x.at += n
	switch ev {
	case h1.EventContent:
		x.piece = x.Content()
	case h1.EventEnd:
		x.received = true
		return io.EOF
	case h1.EventRefused:
		x.loop.refusals.Count(int(x.Refusal().Reason))
		x.CloseAfter()
		x.inErr = x.errorOf(x.Refusal())
	case h1.EventNone:
		x.inErr = x.fill()
	case h1.EventHead:
	}
	return x.inErr
}

// fill reads more input behind what is not consumed.
func (x *Exchange) fill() error {
	if x.stream != nil && (x.answered || x.ResponseContent().Len() > 0) {
		if err := x.stream.flush(); err != nil {
			return err
		}
	}
	if x.ExpectsContinue() && !x.continued {
		x.continued = true
		if err := x.gone(x.nc.WriteLent(x.AppendContinue(nil))); err != nil {
			return err
		}
	}
	if x.at > 0 {
		x.in = x.in[:copy(x.in, x.in[x.at:])]
		x.at = 0
	}
	if cap(x.in)-len(x.in) < inSize/4 {
		x.in = append(make([]byte, 0, max(inSize, 2*len(x.in))), x.in...)
	}
	loop, pace := x.loop.host.Loop(), &x.loop.pace
	until := loop.Clock() + x.patience
	n, err := x.nc.ReadLentUntil(x.in[len(x.in):cap(x.in)], until)
	x.in = x.in[:len(x.in)+n]
	switch {
	case err == netpoll.ErrSlow:
		r := h1.ReasonBodyTimeout.Refusal(false)
		x.loop.refusals.Count(int(r.Reason))
		x.CloseAfter()
		return x.errorOf(r)
	case err != nil || n == 0:
		return x.loop.host.EndCause()
	}
	now := loop.Clock()
	x.patience = pace.Earn(until, now, n) - now
	return nil
}
