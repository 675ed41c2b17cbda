package h2

import (
	"encoding/binary"
	"slices"

	"github.com/windhover-go/windhover/sdk/msg"
)

// A Ready is a response that is known before any request, rendered once: frames
// that lack only the stream and the date. Read-only after NewReady, so that
// exchanges of several loops can share it.
type Ready struct {
	status  int
	octets  []byte // HEADERS, and a DATA frame with the content when that fits one
	head    int    // octets of HEADERS
	date    int    // where the value of Date stands
	content []byte // nil when the status allows none
}

// dateLength is the length of a value of Date.
const dateLength = len("Sun, 06 Nov 1994 08:49:37 GMT")

// NewReady renders a response, and copies what it is given. When a field cannot
// be sent (fields.Err) the response is an empty 500. A Date among the fields is
// left out: it would not be the time of the response.
func NewReady(status int, fields *msg.Fields, content []byte) *Ready {
	var x Exchange
	x.SetStatus(status)
	var sent msg.Fields
	if fields != nil {
		if fields.Err() != nil {
			x.SetStatus(500)
			content = nil
		} else {
			for i := range fields.Count() {
				if name, value := fields.At(i); !name.EqualFold("Date") {
					sent.Add(name.String(), value.String())
				}
			}
		}
	}
	r := &Ready{status: x.Status()}
	has, declares := x.shape()
	if has {
		r.content = slices.Clone(content)
	}
	b := appendFrame(nil, 0, frameHeaders, 0, 0)
	b = appendStatusField(b, r.status)
	b = appendDate(b, make([]byte, dateLength))
	r.date = len(b) - dateLength
	b = appendFields(b, &sent)
	if declares {
		b = appendLength(b, int64(len(r.content)))
	}
	b = completeBlock(b, 0, 0, 0)
	r.head = len(b)
	if n := len(r.content); n > 0 && n <= minFrameSize {
		b = append(appendFrame(b, n, frameData, flagEndStream, 0), r.content...)
	}
	r.octets = b
	return r
}

// AppendReady appends r as the response to x. What was written to the response
// of x is left out. date is the value of the Date field, of dateLength octets.
func (x *Exchange) AppendReady(dst, date []byte, r *Ready) []byte {
	if !x.canSend() {
		return dst
	}
	c := x.c
	x.out.status = r.status
	has, _ := x.shape()
	dst = c.flush(dst)
	at, n := len(dst), len(r.content)
	if !has {
		n = 0
	}
	whole := n > 0 && x.fits(n, at)
	if whole {
		dst = append(dst, r.octets...)
		binary.BigEndian.PutUint32(dst[at+r.head+5:], x.id)
		x.room -= int64(n)
		c.output.window -= int64(n)
		c.output.sent += int64(n)
		c.earnContent(n)
	} else {
		dst = append(dst, r.octets[:r.head]...)
	}
	copy(dst[at+r.date:at+r.date+dateLength], date)
	setStream(dst[at:at+r.head], x.id)
	x.out.sent += int64(n)
	switch {
	case n == 0:
		dst[at+4] |= flagEndStream
		x.finished()
	case whole:
		x.finished()
	default:
		x.fin, x.pend = finData, r.content
		c.output.add(x)
	}
	return dst
}

// setStream sets the stream of the frames of a field block.
func setStream(b []byte, stream uint32) {
	for len(b) > 0 {
		f := parseFrame(b)
		binary.BigEndian.PutUint32(b[5:], stream)
		b = b[frameHeader+f.length:]
	}
}
