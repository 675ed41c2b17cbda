package h1

import (
	"slices"

	"github.com/windhover-go/windhover/sdk/msg"
)

// A Ready is a response that is known before any request, rendered once.
// Read-only after NewReady, so that exchanges of several loops can share it.
type Ready struct {
	status  int
	before  []byte // the head up to the value of Date
	after   []byte // the head from there on, without Connection and the empty line
	content []byte // nil when the status allows none
	close   bool   // the fields said Connection: close
}

// NewReady renders a response, and copies what it is given. When a field cannot
// be sent (fields.Err) the response is an empty 500. A Date among the fields is
// left out: it would not be the time of the response.
func NewReady(status int, fields *msg.Fields, content []byte) *Ready {
	var x Exchange
	x.SetStatus(status)
	r := &Ready{}
	var lines []byte
	if fields != nil {
		r.close = fields.WantsClose()
		var sent msg.Fields
		for i := range fields.Count() {
			if name, value := fields.At(i); !name.EqualFold("Date") {
				sent.Add(name.String(), value.String())
			}
		}
		lines = sent.Lines()
		if fields.Err() != nil {
			x.SetStatus(500)
			lines, content = nil, nil
		}
	}
	r.status = x.Status()
	r.before = append(append(appendStatusLine(nil, r.status), lines...), "Date: "...)
	r.after = append(r.after, "\r\n"...)
	has, declares := x.shape()
	if has {
		r.content = slices.Clone(content)
	}
	if declares {
		r.after = appendLength(r.after, int64(len(r.content)))
	}
	return r
}

// AppendReady appends r as the response to x. What was written to the response
// of x is left out, the wishes to close excepted.
func (x *Exchange) AppendReady(dst, date []byte, r *Ready) []byte {
	x.out.status = r.status
	if r.close {
		x.closeAfter = true
	}
	has, declares := x.shape()
	if !declares {
		dst = append(append(dst, r.before...), date...)
		return append(x.appendPersistence(append(dst, "\r\n"...)), "\r\n"...)
	}
	dst = slices.Grow(dst, len(r.before)+len(date)+len(r.after)+len(r.content)+32)
	dst = append(dst, r.before...)
	dst = append(dst, date...)
	dst = append(dst, r.after...)
	dst = append(x.appendPersistence(dst), "\r\n"...)
	if !has {
		return dst
	}
	x.out.sent += int64(len(r.content))
	return append(dst, r.content...)
}

// AppendRefusal appends r as the response to a request that was refused before
// its head was complete: it says close. head says that the method is HEAD.
func (r *Ready) AppendRefusal(dst, date []byte, head bool) []byte {
	dst = slices.Grow(dst, len(r.before)+len(date)+len(r.after)+len(r.content)+32)
	dst = append(append(dst, r.before...), date...)
	dst = append(append(dst, r.after...), "Connection: close\r\n\r\n"...)
	if head {
		return dst
	}
	return append(dst, r.content...)
}
