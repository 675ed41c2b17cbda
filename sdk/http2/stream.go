package http2

import (
	"errors"
	"io"

	"github.com/windhover-go/windhover/h2"
	"github.com/windhover-go/windhover/sdk"
)

// A stream is a response that is being streamed: a contentWriter, or an
// upgradedStream. The exchange knows it by this interface, so that an app that
// streams nothing links nothing of it.
type stream interface {
	// end hands over the rest, and returns what the loop has to do.
	end() then
	// flush sends what was written.
	flush() error
	// upgraded reports whether it is HTTP no more.
	upgraded() bool
}

// upgraded reports whether the stream speaks another protocol.
func (x *Exchange) upgraded() bool { return x.pipe.isUpgraded() }

const (
	// pieceSize is the content that a stream collects before the loop is told.
	pieceSize = 8 << 10
	// writeSize is what is handed to the loop at once.
	writeSize = 16 << 10
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
	case x.stream != nil && x.stream.upgraded():
		if x.failure == nil {
			x.failure = sdk.ErrTooLate
		}
	case x.stream == nil:
		x.announced, x.owed = n, n
		if n >= 0 {
			x.owed -= int64(x.ResponseContent().Len())
		}
		x.stream = (*contentWriter)(x)
	}
	return (*contentWriter)(x)
}

// A contentWriter is an exchange seen as the writer of its response's content.
type contentWriter Exchange

// upgraded implements stream.
func (w *contentWriter) upgraded() bool { return false }

// commit sends the head. It comes before the first octets that are sent, and
// not earlier: until then an error can replace the response.
func (w *contentWriter) commit() error {
	x := (*Exchange)(w)
	if x.answered || x.failure != nil {
		return x.failure
	}
	if x.failure = x.ResponseFields().Err(); x.failure != nil {
		return x.failure
	}
	if x.isConnect() {
		x.failure = errNoTunnel
		return x.failure
	}
	x.answered = true
	x.failure = x.pipe.request(askHead)
	return x.failure
}

// Write implements sdk.ContentWriter.
func (w *contentWriter) Write(p []byte) (n int, err error) {
	if w.failure != nil {
		return 0, w.failure
	}
	if w.announced >= 0 {
		if int64(len(p)) > w.owed {
			w.failure = h2.ErrContentLength
			return 0, w.failure
		}
		w.owed -= int64(len(p))
	}
	content := w.ResponseContent()
	if content.Len()+len(p) < pieceSize {
		return content.Write(p)
	}
	if err := w.flush(); err != nil {
		return 0, err
	}
	if len(p) < pieceSize {
		return content.Write(p)
	}
	for len(p) > 0 {
		piece := p[:min(len(p), writeSize)]
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
	if err := w.commit(); err != nil {
		return err
	}
	content := w.ResponseContent()
	err := w.emit(content.Collected())
	content.Reset()
	return err
}

// emit hands a piece of the content to the loop.
func (w *contentWriter) emit(piece []byte) error {
	if w.failure == nil {
		w.failure = w.pipe.write(piece, true)
	}
	return w.failure
}

// end implements stream.
func (w *contentWriter) end() then {
	x := (*Exchange)(w)
	w.checkTrailers()
	if !x.answered && (x.redone || x.failure != nil) {
		if !x.redone { // the function left it at the error of the stream
			err := x.failure
			if errors.Is(err, errNoTunnel) {
				x.failure = nil
			} else {
				x.loop.host.Panicked(x.plan, err)
			}
			x.ResetResponse()
			sdk.WriteError(x, err)
		}
		x.stream = nil
		return thenRespond
	}
	_ = w.flush() // the loop looks at the failure
	if x.failure == nil && x.owed > 0 && x.announced >= 0 {
		x.failure = h2.ErrContentLength
	}
	return thenFinish
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

// OpenRequest implements sdk.RequestStream.
func (x *Exchange) OpenRequest() sdk.Body { return (*bodyReader)(x) }

// A bodyReader is an exchange seen as the content of its request.
type bodyReader Exchange

// Read implements sdk.Body. Before it waits for the peer it sends what the
// function has written, so that a function that answers as it reads is heard.
func (b *bodyReader) Read(p []byte) (n int, err error) {
	x := (*Exchange)(b)
	if len(p) == 0 {
		return 0, nil
	}
	if x.stream != nil && (x.answered || x.ResponseContent().Len() > 0) && x.pipe.wouldWait() {
		if err := x.stream.flush(); err != nil {
			return 0, err
		}
	}
	return x.pipe.read(p)
}

// WriteTo implements io.WriterTo: io.Copy needs no memory of its own.
func (b *bodyReader) WriteTo(w io.Writer) (n int64, err error) {
	buf := make([]byte, writeSize)
	for {
		m, readErr := b.Read(buf)
		k, err := w.Write(buf[:m])
		n += int64(k)
		switch {
		case err != nil:
			return n, err
		case readErr == io.EOF:
			return n, nil
		case readErr != nil:
			return n, readErr
		}
	}
}

// wouldWait reports whether a reader would wait.
func (p *pipe) wouldWait() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at == len(p.in) && p.inErr == nil
}
