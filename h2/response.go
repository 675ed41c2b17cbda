package h2

import (
	"strconv"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A response is what is known of the response of an exchange.
type response struct {
	status  int // zero: 200
	fields  msg.Fields
	content msg.Buffer
	sent    int64 // octets of content appended; for all responses of the exchange

	trailers msg.Fields
	trails   bool // ResponseTrailers was called

	streaming bool  // AppendStreamHead was called
	nothing   bool  // the response has no content; pieces are left out
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
	r.status, r.streaming, r.nothing, r.left, r.trails = 0, false, false, 0, false
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
// host to look at, before it appends the response. Connection: close, which may
// be wished for there, is for the host to look at, too: HTTP/2 has Shutdown.
func (x *Exchange) ResponseFields() *msg.Fields { return &x.out.fields }

// ResponseContent returns the buffer of the content.
func (x *Exchange) ResponseContent() *msg.Buffer { return &x.out.content }

// ResetResponse forgets what was written to the response: the next is a new one
// (used when a function failed). It is not called once a head was appended.
func (x *Exchange) ResetResponse() { x.out.reset() }

// ContentSent returns the octets of content appended to responses.
func (x *Exchange) ContentSent() int64 { return x.out.sent }

// canSend reports whether the stream still takes a response.
func (x *Exchange) canSend() bool {
	return x.c != nil && (x.state == streamOpen || x.state == streamHalfRemote) && x.fin == finNone && x.c.state != connGone
}

// AppendResponse appends the whole response: head with Content-Length and the
// content, as the method and the status allow it (HEAD, 204 and 304 have no
// content). date is the value of the Date field. What the windows do not allow,
// or the priorities, waits for AppendOutput: the content may not be changed
// before End.
//
// On a stream that was reset it appends nothing, as everything that appends.
func (x *Exchange) AppendResponse(dst, date []byte) []byte {
	if !x.canSend() {
		return dst
	}
	content := x.out.content.Collected()
	has, declares := x.shape()
	length := int64(len(content))
	switch {
	case !declares:
		length = -1
	case x.Status() == 205:
		length = 0
	}
	if !has || len(content) == 0 {
		return x.appendHead(dst, date, length, true)
	}
	dst = x.appendHead(dst, date, length, false)
	x.out.sent += length
	return x.appendContent(dst, content, finData)
}

// shape says whether the response has content, and whether it has
// Content-Length (RFC 9110 sections 6.4.1 and 8.6).
func (x *Exchange) shape() (has, declares bool) {
	switch status := x.Status(); {
	case status == 204 || status == 304 || x.tunnels():
		return false, false
	case status == 205:
		return false, true
	}
	return x.token != msg.MethodHead, true
}

// tunnels reports whether the response would turn the stream into a tunnel (RFC
// 9110 section 9.3.6), which the engine carries for extended CONNECT only, and
// by AppendUpgrade.
func (x *Exchange) tunnels() bool { return x.token == msg.MethodConnect && x.Status() < 300 }

// appendContent appends content, behind which the response ends as fin says. What
// cannot be sent at once is pending: borrowed.
func (x *Exchange) appendContent(dst, p []byte, fin finish) []byte {
	x.fin = fin
	c := x.c
	if x.fits(len(p), len(dst)) {
		return x.appendData(dst, p, fin == finData)
	}
	x.pend = p
	c.output.add(x)
	return dst
}

// fits reports whether n octets of content can be sent at once, behind those of
// dst: they fit a frame, the windows and the bound of the output, and no stream
// waits that is as urgent.
func (x *Exchange) fits(n, dst int) bool {
	c := x.c
	return int64(n) <= min(x.room, c.output.window, minFrameSize) && n <= c.conf.Limits.ResponseBufferHigh-dst &&
		uint(c.output.used)<<(7-x.priority.urgency())&0xff == 0
}

// appendHead appends HEADERS: the status, the fields, Date, unless the fields
// have one, and Content-Length, unless that is -1.
func (x *Exchange) appendHead(dst, date []byte, length int64, end bool) []byte {
	dst = x.c.flush(dst)
	at := len(dst)
	dst = appendFrame(dst, 0, frameHeaders, 0, x.id)
	dst = appendStatusField(dst, x.Status())
	dst = appendFields(dst, &x.out.fields)
	if !x.out.fields.HasDate() {
		dst = appendDate(dst, date)
	}
	if length >= 0 {
		dst = appendLength(dst, length)
	}
	return x.endHead(dst, at, end)
}

// endHead completes HEADERS that begin at at.
func (x *Exchange) endHead(dst []byte, at int, end bool) []byte {
	flags := uint8(0)
	if end {
		flags = flagEndStream
		x.finished()
	}
	return completeBlock(dst, at, flags, x.id)
}

// completeBlock fills in the header of HEADERS that begin at at, and makes
// CONTINUATION of what is too long for a frame.
func completeBlock(dst []byte, at int, flags uint8, stream uint32) []byte {
	n := len(dst) - at - frameHeader
	if n <= minFrameSize {
		appendFrame(dst[:at], n, frameHeaders, flags|flagEndHeaders, stream)
		return dst
	}
	more := (n - 1) / minFrameSize
	dst = append(dst, make([]byte, more*frameHeader)...) // a head of over 16 KiB is rare
	for i := more; i > 0; i-- {
		from := at + frameHeader + i*minFrameSize
		size := min(n-i*minFrameSize, minFrameSize)
		to := from + i*frameHeader
		copy(dst[to:], dst[from:from+size])
		last := uint8(0)
		if i == more {
			last = flagEndHeaders
		}
		appendFrame(dst[:to-frameHeader], size, frameContinuation, last, stream)
	}
	appendFrame(dst[:at], minFrameSize, frameHeaders, flags, stream)
	return dst
}

// appendStatusField appends :status.
func appendStatusField(dst []byte, status int) []byte {
	switch status {
	case 200:
		return append(dst, 0x80|8)
	case 204:
		return append(dst, 0x80|9)
	case 206:
		return append(dst, 0x80|10)
	case 304:
		return append(dst, 0x80|11)
	case 400:
		return append(dst, 0x80|12)
	case 404:
		return append(dst, 0x80|13)
	case 500:
		return append(dst, 0x80|14)
	}
	return append(dst, 8, 3, byte('0'+status/100), byte('0'+status/10%10), byte('0'+status%10))
}

// Representations of fields that every response has: literals that are not
// indexed, with a name of the static table.
const (
	fieldLength = "\x0f\x0d" // index 28
	fieldDate   = "\x0f\x12" // index 33
)

// appendDate appends the field Date.
func appendDate(dst, date []byte) []byte {
	dst = append(dst, fieldDate...)
	dst = appendInt(dst, 7, uint64(len(date)))
	return append(dst, date...)
}

// appendLength appends the field Content-Length.
func appendLength(dst []byte, n int64) []byte {
	dst = append(dst, fieldLength...)
	dst = append(dst, 0)
	at := len(dst)
	dst = strconv.AppendInt(dst, n, 10)
	dst[at-1] = byte(len(dst) - at)
	return dst
}

// appendFields appends field lines, as literals that are not indexed: so the
// encoding has no state (RFC 7541 section 6.2.2). Names become lower case.
func appendFields(dst []byte, fields *msg.Fields) []byte {
	for i := range fields.Count() {
		name, value := fields.At(i)
		dst = appendField(dst, name.Octets(), value.Octets())
	}
	return dst
}

// appendField appends a field line.
func appendField(dst, name, value []byte) []byte {
	at := len(dst)
	dst = append(dst, 0)
	dst = appendInt(dst, 7, uint64(len(name)))
	from := len(dst)
	for _, c := range name {
		if c-'A' <= 'Z'-'A' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	if index := staticName(dst[from:]); index > 0 {
		dst = appendInt(dst[:at], 4, uint64(index))
	}
	dst = appendInt(dst, 7, uint64(len(value)))
	return append(dst, value...)
}

// appendInt appends an integer of HPACK with a prefix of so many bits, before
// which there are zeros (RFC 7541 section 5.1).
func appendInt(dst []byte, prefix uint, i uint64) []byte {
	most := uint64(1)<<prefix - 1
	if i < most {
		return append(dst, byte(i))
	}
	dst = append(dst, byte(most))
	for i -= most; i >= 0x80; i >>= 7 {
		dst = append(dst, 0x80|byte(i))
	}
	return append(dst, byte(i))
}

// staticName returns the index of the static table that has a field name, which
// is in lower case; 0 when none has. The hash has no collisions.
func staticName(name []byte) int {
	n := len(name)
	if n == 0 {
		return 0
	}
	i := int(staticNames[(3*n+54*int(name[0])+59*int(name[n-1]))&127])
	if static[i].name != string(name) {
		return 0
	}
	return i
}

// AppendContinue appends the interim response 100 (Continue), unless the head of
// the response was appended.
func (x *Exchange) AppendContinue(dst []byte) []byte {
	if !x.canSend() || x.out.streaming {
		return dst
	}
	dst = x.c.flush(dst)
	dst = appendFrame(dst, 5, frameHeaders, flagEndHeaders, x.id)
	return appendStatusField(dst, 100)
}

// AppendEarlyHints appends the interim response 103 (Early Hints, RFC 8297) with
// the field lines of hints, which may not have been refused (hints.Err), unless
// the head of the response was appended.
func (x *Exchange) AppendEarlyHints(dst []byte, hints *msg.Fields) []byte {
	if !x.canSend() || x.out.streaming {
		return dst
	}
	dst = x.c.flush(dst)
	at := len(dst)
	dst = appendFrame(dst, 0, frameHeaders, 0, x.id)
	dst = appendStatusField(dst, 103)
	return completeBlock(appendFields(dst, hints), at, 0, x.id)
}
