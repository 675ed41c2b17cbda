package h1

import (
	"errors"
	"slices"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// ErrContentLength is the error of a response whose content is not of the
// length that its head declared. Its author is this program and its scope the
// connection, which must end: the client cannot tell where the response does.
var ErrContentLength = errors.New("h1: the content is not of the declared length")

// A stream says how the content of a response is delimited that is appended
// piece by piece.
type stream uint8

const (
	streamNone    stream = iota // no head of a stream was appended
	streamNothing               // the response has no content; pieces are left out
	streamChunked               // by the chunked transfer coding
	streamLength                // by Content-Length
	streamClose                 // by the end of the connection
)

// AppendStreamHead appends the head of a response whose content follows piece
// by piece: with Content-Length when declared >= 0, with the chunked transfer
// coding for an HTTP/1.1 client, else delimited by the end of the connection
// (and Connection: close). What stands in ResponseContent is not appended.
//
// When ResponseTrailers was called before and the client takes a trailer
// section, the coding is chunked also with a declared length, which still holds.
func (x *Exchange) AppendStreamHead(dst, date []byte, declared int64) []byte {
	has, declares := x.shape()
	dst = x.appendHead(dst, date, 0)
	s := streamNothing
	x.out.left = max(declared, -1)
	switch {
	case !declares:
	case x.Status() == 205:
		dst = appendLength(dst, 0)
	case declared >= 0 && (!x.out.trails || !x.takesTrailers()):
		s = streamLength
		dst = appendLength(dst, declared)
	case x.minor > 0:
		s = streamChunked
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	default:
		s, x.closing = streamClose, true
	}
	if !has {
		s = streamNothing
	}
	x.out.streaming = s
	return append(x.appendPersistence(dst), "\r\n"...)
}

// AppendStreamContent appends a piece of the content in the coding chosen by
// AppendStreamHead. An empty p appends nothing. It returns ErrContentLength,
// and appends nothing, when the pieces are more than declared.
func (x *Exchange) AppendStreamContent(dst, p []byte) ([]byte, error) {
	invariant.That(x.out.streaming != streamNone || len(p) == 0)
	if len(p) == 0 || x.out.streaming == streamNone || x.out.streaming == streamNothing {
		return dst, nil
	}
	if x.out.left >= 0 {
		if int64(len(p)) > x.out.left {
			x.closing = true
			return dst, ErrContentLength
		}
		x.out.left -= int64(len(p))
	}
	switch x.out.streaming {
	case streamChunked:
		dst = slices.Grow(dst, maxSizeLine+len(p)+2)
		dst = appendSizeLine(dst, len(p))
		dst = append(dst, p...)
		dst = append(dst, "\r\n"...)
	case streamLength, streamClose:
		dst = append(dst, p...)
	case streamNone, streamNothing:
	}
	x.out.sent += int64(len(p))
	return dst, nil
}

// SendsContent reports whether the response has content: not for HEAD, and not
// with the status that it has (RFC 9110 section 6.4.1).
func (x *Exchange) SendsContent() bool {
	has, _ := x.shape()
	return has && x.Status() != 205
}

// StreamsPlain reports whether the coding chosen by AppendStreamHead sends the
// content as it is, so that octets of it can be sent without being appended.
func (x *Exchange) StreamsPlain() bool {
	return x.out.streaming == streamLength || x.out.streaming == streamClose
}

// StreamedPlain notes that n octets of the content were sent and not appended,
// which are not more than were declared.
func (x *Exchange) StreamedPlain(n int64) {
	invariant.That(x.StreamsPlain() && n >= 0 && (x.out.left < 0 || n <= x.out.left))
	if x.out.left >= 0 {
		x.out.left -= n
	}
	x.out.sent += n
}

// AppendStreamEnd appends what ends the content, and the trailer section. It
// returns ErrContentLength when less than declared was appended: the connection
// must end.
func (x *Exchange) AppendStreamEnd(dst []byte) ([]byte, error) {
	s := x.out.streaming
	x.out.streaming = streamNothing
	switch s {
	case streamChunked, streamLength, streamClose:
		if x.out.left > 0 {
			x.closing = true
			return dst, ErrContentLength
		}
	case streamNone, streamNothing:
	}
	if s != streamChunked {
		return dst, nil
	}
	dst = append(dst, "0\r\n"...)
	if x.out.trailers.Count() > 0 && x.takesTrailers() {
		dst = append(dst, x.out.trailers.Lines()...)
	}
	return append(dst, "\r\n"...), nil
}

// maxSizeLine is the length of the longest line before a chunk.
const maxSizeLine = 16 + 2

// appendSizeLine appends the line before a chunk of n octets.
func appendSizeLine(dst []byte, n int) []byte {
	var line [maxSizeLine]byte
	i := len(line) - 2
	line[i], line[i+1] = '\r', '\n'
	for ; n > 0; n >>= 4 {
		i--
		line[i] = "0123456789abcdef"[n&15]
	}
	return append(dst, line[i:]...)
}
