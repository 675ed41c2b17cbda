package h1

import (
	"slices"
	"strconv"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A response is what is known of the response of an exchange.
type response struct {
	status  int // zero: 200
	fields  msg.Fields
	content msg.Buffer
	sent    int64  // octets of content appended; for all responses of the exchange
	upgrade string // the protocol that a response 426 names

	trailers msg.Fields
	trails   bool // ResponseTrailers was called

	streaming stream
	left      int64 // octets of content that are still owed; -1: any number may follow
}

// reset forgets the response, and keeps memory up to a bound.
func (r *response) reset() {
	r.fields.Reset()
	invariant.Poison(r.content.Collected())
	if r.content.Cap() > maxKeptContent {
		r.content.Adopt(nil)
	}
	r.content.Reset()
	if r.trails {
		r.trailers.Reset()
	}
	r.status, r.streaming, r.left, r.upgrade, r.trails = 0, streamNone, 0, "", false
}

// SetStatus sets the status code of the final response, 200 to 599; 200 if it
// is never called. Another code is no final response and becomes 500.
func (x *Exchange) SetStatus(status int) {
	if status < 200 || status > 599 {
		status = 500
	}
	x.out.status = status
}

// Status returns the status code of the final response.
func (x *Exchange) Status() int {
	if x.out.status == 0 {
		return 200
	}
	return x.out.status
}

// ResponseFields returns the field section of the response. Its Err is for the
// host to look at, before it appends the response.
func (x *Exchange) ResponseFields() *msg.Fields { return &x.out.fields }

// ResponseContent returns the buffer of the content.
func (x *Exchange) ResponseContent() *msg.Buffer { return &x.out.content }

// CloseAfter makes the response say Connection: close.
func (x *Exchange) CloseAfter() { x.closeAfter = true }

// Persists reports, once a response has been appended, whether it left the
// connection open for further requests: neither the request nor the response
// said close. Before, it reports what the request asked for.
func (x *Exchange) Persists() bool { return !x.closing && !x.ends() }

// ends reports whether the connection ends with the exchange, by the wish of
// one side or the other (RFC 9112 section 9.3).
func (x *Exchange) ends() bool {
	return x.closeAfter || x.facts.seen&seenClose != 0 ||
		x.minor == 0 && x.facts.seen&seenKeepAlive == 0 || x.out.fields.WantsClose() || x.tunnels()
}

// tunnels reports whether the response would turn the connection into a tunnel
// (RFC 9110 section 9.3.6): it has neither Content-Length nor content, and the
// connection ends, because the engine carries no tunnels.
func (x *Exchange) tunnels() bool { return x.method == msg.MethodConnect && x.Status() < 300 }

// ResetResponse forgets what was written to the response: the next is a new one
// (used when a function failed). CloseAfter holds still.
func (x *Exchange) ResetResponse() { x.out.reset() }

// ContentSent returns the octets of content appended to responses.
func (x *Exchange) ContentSent() int64 { return x.out.sent }

// AppendResponse appends the whole response: head with Content-Length and the
// content, as the method and the status allow it (HEAD, 204 and 304 have no
// content). date is the value of the Date field.
func (x *Exchange) AppendResponse(dst, date []byte) []byte {
	content := x.out.content.Collected()
	has, declares := x.shape()
	if !has {
		dst = x.appendHead(dst, date, 0)
		if declares {
			length := len(content)
			if x.Status() == 205 {
				length = 0
			}
			dst = appendLength(dst, int64(length))
		}
		return append(x.appendPersistence(dst), "\r\n"...)
	}
	dst = x.appendHead(dst, date, len(content))
	dst = appendLength(dst, int64(len(content)))
	dst = append(x.appendPersistence(dst), "\r\n"...)
	x.out.sent += int64(len(content))
	return append(dst, content...)
}

// shape says whether the response has content, and whether it has
// Content-Length or Transfer-Encoding (RFC 9110 sections 6.4.1 and 8.6, RFC
// 9112 section 6.1).
func (x *Exchange) shape() (has, declares bool) {
	switch status := x.Status(); {
	case status == 204 || status == 304 || x.tunnels():
		return false, false
	case status == 205:
		return false, true
	}
	return !isHead(x.method), true
}

// maxHeadOverhead bounds the octets of a head that are not field lines of the
// app: status line, Date, length or coding, and Connection.
const maxHeadOverhead = 192

// appendHead appends the status line, the fields and Date, unless the fields
// have one, and makes room for the rest of the head and room more octets.
func (x *Exchange) appendHead(dst, date []byte, room int) []byte {
	lines := x.out.fields.Lines()
	dst = slices.Grow(dst, maxHeadOverhead+len(lines)+room)
	dst = appendStatusLine(dst, x.Status())
	dst = append(dst, lines...)
	if x.out.upgrade != "" && x.out.status == 426 {
		dst = appendUpgrade(dst, x.out.upgrade)
	}
	if x.out.fields.HasDate() {
		return dst
	}
	return appendDate(dst, date)
}

// appendDate appends the field Date.
func appendDate(dst, date []byte) []byte {
	dst = append(dst, "Date: "...)
	dst = append(dst, date...)
	return append(dst, "\r\n"...)
}

// appendLength appends the field Content-Length.
func appendLength(dst []byte, n int64) []byte {
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, "\r\n"...)
}

// appendPersistence decides whether the connection persists and appends what
// the client has to know of it: close, or keep-alive where it would not expect
// it (RFC 9112 section 9.3, RFC 2068 section 19.7.1).
func (x *Exchange) appendPersistence(dst []byte) []byte {
	switch {
	case x.closing || x.ends():
		x.closing = true
		return append(dst, "Connection: close\r\n"...)
	case x.minor == 0:
		return append(dst, "Connection: keep-alive\r\n"...)
	}
	return dst
}

// appendStatusLine appends the status line (RFC 9112 section 4). The version is
// that of the server, not of the client (RFC 9110 section 6.2).
func appendStatusLine(dst []byte, status int) []byte {
	if class := statusLines[status/100]; status%100 < len(class) && class[status%100] != "" {
		return append(dst, class[status%100]...)
	}
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	return append(dst, " \r\n"...) // the phrase may be empty, the space not
}
