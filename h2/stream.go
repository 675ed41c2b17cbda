package h2

import "errors"

// ErrContentLength is the error of a response whose content is not of the
// length that its head declared. Its author is this program and its scope the
// stream, which is reset, so that the client can tell.
var ErrContentLength = errors.New("h2: the content is not of the declared length")

// AppendStreamHead appends the head of a response whose content follows piece
// by piece: with Content-Length when declared >= 0. What stands in
// ResponseContent is not appended.
func (x *Exchange) AppendStreamHead(dst, date []byte, declared int64) []byte {
	if !x.canSend() {
		return dst
	}
	has, declares := x.shape()
	length := max(declared, -1)
	switch {
	case !declares:
		length = -1
	case x.Status() == 205:
		length = 0
	}
	x.out.streaming, x.out.nothing, x.out.left = true, !has, max(declared, -1)
	return x.appendHead(dst, date, length, !has)
}

// AppendStreamContent appends a piece of the content. What the windows do not
// allow, or the priorities, is copied, and waits for AppendOutput (Unsent). An
// empty p appends nothing. It returns ErrContentLength, and appends nothing, when
// the pieces are more than declared.
func (x *Exchange) AppendStreamContent(dst, p []byte) ([]byte, error) {
	if len(p) == 0 || !x.out.streaming || x.out.nothing || !x.canSend() {
		return dst, nil
	}
	if x.out.left >= 0 {
		if int64(len(p)) > x.out.left {
			return dst, ErrContentLength
		}
		x.out.left -= int64(len(p))
	}
	x.out.sent += int64(len(p))
	dst = x.c.flush(dst)
	if len(x.pend) == 0 {
		dst = x.appendContent(dst, p, finNone)
		if len(x.pend) > 0 {
			x.queue = append(x.queue[:0], p...)
			x.pend = x.queue
		}
		return dst, nil
	}
	if cap(x.queue)-len(x.queue) < len(p) {
		x.queue = append(x.queue[:0], x.pend...) // they overlap; copying forward is safe
	}
	n := len(x.pend)
	x.queue = append(x.queue, p...)
	x.pend = x.queue[len(x.queue)-len(p)-n:]
	x.c.output.add(x)
	return dst, nil
}

// AppendStreamEnd appends what ends the content, and the trailer section, as
// soon as nothing is unsent. It returns ErrContentLength when less than declared
// was appended, and resets the stream (INTERNAL_ERROR).
func (x *Exchange) AppendStreamEnd(dst []byte) ([]byte, error) {
	if !x.out.streaming || x.out.nothing || !x.canSend() {
		return dst, nil
	}
	if x.out.left > 0 {
		x.c.abort(x, CodeInternal)
		return dst, ErrContentLength
	}
	dst = x.c.flush(dst)
	x.fin = finData
	if x.out.trailers.Count() > 0 {
		x.fin = finTrailers
	}
	switch {
	case len(x.pend) > 0:
		return dst, nil
	case x.fin == finTrailers:
		return x.appendTrailers(dst), nil
	}
	return x.appendData(dst, nil, true), nil
}

// appendTrailers appends the trailer section, which ends the stream.
func (x *Exchange) appendTrailers(dst []byte) []byte {
	at := len(dst)
	dst = appendFrame(dst, 0, frameHeaders, 0, x.id)
	dst = appendFields(dst, &x.out.trailers)
	return x.endHead(dst, at, true)
}
