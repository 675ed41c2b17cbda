package http1

import (
	"io"

	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/sdk"
)

// streamState says how far a streamed response is.
type streamState uint8

const (
	streamClosed streamState = iota // not streamed: the response leaves when the functions have returned
	streamOpen                      // the head is appended
)

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
	if x.stream == streamClosed {
		x.stream = streamOpen
		x.checkFields()
		x.conn.sayClose()
		x.wire = x.wire[:0]
		if x.plan.Body == sdk.BodyStreamed && x.ExpectsContinue() && !x.continued {
			// After the final head it could not be sent, and the client would
			// not send what the function is going to read.
			x.continued = true
			x.wire = x.AppendContinue(x.wire)
		}
		host := x.loop.host
		x.wire = x.AppendStreamHead(x.wire, host.Date(host.Loop().Clock()), n)
	}
	return (*contentWriter)(x)
}

// A contentWriter is an exchange seen as the writer of its response's content.
type contentWriter Exchange

// Write implements sdk.ContentWriter.
func (w *contentWriter) Write(p []byte) (n int, err error) {
	x := (*Exchange)(w)
	if x.failure != nil {
		return 0, x.failure
	}
	content := x.ResponseContent()
	if content.Len()+len(p) < pieceSize {
		return content.Write(p)
	}
	if err := x.emitCollected(); err != nil {
		return 0, err
	}
	if len(p) < pieceSize {
		return content.Write(p)
	}
	for len(p) > 0 {
		piece := p[:min(len(p), wireSize)]
		if err := x.emit(piece); err != nil {
			return n, err
		}
		n, p = n+len(piece), p[len(piece):]
	}
	return n, nil
}

// Flush implements sdk.ContentWriter.
func (w *contentWriter) Flush() error {
	x := (*Exchange)(w)
	if err := x.emitCollected(); err != nil {
		return err
	}
	return x.flush()
}

// emitCollected makes a piece of what was collected.
func (x *Exchange) emitCollected() error {
	content := x.ResponseContent()
	err := x.emit(content.Collected())
	content.Reset()
	return err
}

// emit appends a piece of the content and sends what is worth a system call.
func (x *Exchange) emit(piece []byte) error {
	if x.failure != nil {
		return x.failure
	}
	x.wire, x.failure = x.AppendStreamContent(x.wire, piece)
	if x.failure == nil && len(x.wire) >= wireSize {
		return x.flush()
	}
	return x.failure
}

// flush sends what was appended. It waits while the peer does not read.
func (x *Exchange) flush() error {
	if x.failure == nil && len(x.wire) > 0 {
		x.failure = x.gone(x.nc.WriteLent(x.wire))
		x.wire = x.wire[:0]
	}
	return x.failure
}

// endStream sends the rest of a streamed response. An error says that the
// response is not complete: the connection must not be used again.
func (x *Exchange) endStream() error {
	if err := x.emitCollected(); err != nil {
		return err
	}
	wire, short := x.AppendStreamEnd(x.wire)
	x.wire = wire
	if err := x.flush(); err != nil {
		return err
	}
	return short
}

// gone turns an error of the connection into the one that the app sees.
func (x *Exchange) gone(err error) error {
	if err == nil {
		return nil
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
		x.piece = x.Exchange.Content()
	case h1.EventEnd:
		x.received = true
		return io.EOF
	case h1.EventRefused:
		refusal := x.Refusal()
		x.CloseAfter()
		x.inErr = &sdk.StatusError{Status: refusal.Status, Reason: refusal.Reason.String(), Err: refusal}
	case h1.EventNone:
		x.inErr = x.fill()
	case h1.EventHead:
	}
	return x.inErr
}

// fill reads more input behind what is not consumed.
func (x *Exchange) fill() error {
	if x.stream != streamClosed {
		if err := (*contentWriter)(x).Flush(); err != nil {
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
	n, err := x.nc.ReadLent(x.in[len(x.in):cap(x.in)])
	x.in = x.in[:len(x.in)+n]
	if err != nil || n == 0 {
		return x.loop.host.EndCause()
	}
	return nil
}
