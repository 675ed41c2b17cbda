// Package conditional evaluates the preconditions of requests: the fields
// If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since and If-Range
// (RFC 9110 section 13). It is told what is known of the representation, reads
// no clock and keeps nothing. What is well-formed costs no allocation.
//
// Evaluate is for the answer to a request that would be answered with success
// if it had no precondition (RFC 9110 section 13.2.1): what would be a 404, or
// another error, stays one.
package conditional

import (
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A Representation is what is known of the selected representation of the
// target: what a GET would be answered with (RFC 9110 section 3.2).
type Representation struct {
	// ETag is its entity tag as the field ETag has it, such as `"a1"` or
	// `W/"a1"`. It is borrowed for the call. Empty, and what is not an entity
	// tag, is no tag.
	ETag msg.View
	// Modified is when it was last modified, of which whole seconds count. The
	// zero time is not known.
	Modified time.Time
	// Absent says that the target has none: a PUT would create it.
	Absent bool
}

// A Verdict says how a request is answered by its preconditions.
type Verdict uint8

const (
	// Proceed says that the request is answered as if it had none.
	Proceed Verdict = iota
	// NotModified says that the answer is 304 (RFC 9110 section 15.4.5).
	NotModified
	// Failed says that the answer is 412 (RFC 9110 section 15.5.13).
	Failed
)

// Status returns the status code of the answer, 0 to Proceed.
func (v Verdict) Status() int {
	switch v {
	case NotModified:
		return 304
	case Failed:
		return 412
	case Proceed:
	}
	return 0
}

// Evaluate evaluates the preconditions of a request in the order of RFC 9110
// section 13.2.2, but for If-Range. A method that selects no representation
// (CONNECT, OPTIONS, TRACE) has none.
//
// A date that is malformed, or whose field was sent twice, is ignored, and so is
// one where Modified is not known. A malformed list of entity tags matches
// as far as it can be read.
func Evaluate(method msg.Method, x sdk.RequestHeaders, r Representation) Verdict {
	switch method {
	case msg.MethodConnect, msg.MethodOptions, msg.MethodTrace:
		return Proceed
	case msg.MethodUnknown, msg.MethodGet, msg.MethodHead, msg.MethodPost, msg.MethodPut, msg.MethodDelete, msg.MethodPatch:
	}
	c := read(x, r)
	switch {
	case c.match.sent:
		if !c.match.holds {
			return Failed
		}
	case c.unmodifiedSince.usable(r):
		if r.Modified.Unix() > c.unmodifiedSince.at.Unix() {
			return Failed
		}
	}
	reads := method == msg.MethodGet || method == msg.MethodHead
	switch {
	case c.noneMatch.sent && c.noneMatch.holds && !reads:
		return Failed
	case c.noneMatch.sent && c.noneMatch.holds:
		return NotModified
	case !c.noneMatch.sent && reads && c.modifiedSince.usable(r) && r.Modified.Unix() <= c.modifiedSince.at.Unix():
		return NotModified
	}
	return Proceed
}

// MayRange reports whether the field Range of a GET holds: there is no If-Range,
// or its validator is that of the representation (RFC 9110 section 13.1.5).
// Otherwise Range is ignored and the whole content is the answer. It is asked
// when Evaluate said Proceed.
//
// Entity tags are compared strongly. A date has to be exactly that of the last
// modification, and that at least a second before now, for what is younger can
// change again within the second (RFC 9110 section 8.8.2.2).
func MayRange(x sdk.RequestHeaders, r Representation, now time.Time) bool {
	var value []byte
	lines := 0
	for i := range x.RequestFieldCount() {
		if name, v := x.RequestFieldAt(i); name.EqualFold("If-Range") {
			value, lines = v.Octets(), lines+1
		}
	}
	if lines != 1 {
		return lines == 0
	}
	if tag, rest := scanTag(value); tag != nil {
		return len(rest) == 0 && sameTag(tag, r.ETag.Octets(), true)
	}
	at, ok := ParseDate(value)
	return ok && !r.Modified.IsZero() && !r.Absent && at.Unix() == r.Modified.Unix() && now.Unix() > at.Unix()
}

// conditions are the preconditions of a request, without If-Range.
type conditions struct {
	match, noneMatch               tags
	modifiedSince, unmodifiedSince date
}

// tags is a field whose value is "*" or a list of entity tags.
type tags struct {
	sent  bool
	holds bool // a tag is that of the representation, or "*" and there is one
}

// date is a field whose value is a date.
type date struct {
	lines int
	valid bool
	at    time.Time
}

// usable reports whether the field has a meaning for the representation.
func (d *date) usable(r Representation) bool {
	return d.lines == 1 && d.valid && !r.Modified.IsZero() && !r.Absent
}

func (d *date) add(value msg.View) {
	d.lines++
	d.at, d.valid = ParseDate(value.Octets())
}

// read reads the preconditions of a request in one pass over its fields.
func read(x sdk.RequestHeaders, r Representation) (c conditions) {
	for i := range x.RequestFieldCount() {
		name, value := x.RequestFieldAt(i)
		switch name.Len() { // most fields are none of these
		case len("If-Match"):
			if name.EqualFold("If-Match") {
				c.match.add(value, r, true)
			}
		case len("If-None-Match"):
			if name.EqualFold("If-None-Match") {
				c.noneMatch.add(value, r, false)
			}
		case len("If-Modified-Since"):
			if name.EqualFold("If-Modified-Since") {
				c.modifiedSince.add(value)
			}
		case len("If-Unmodified-Since"):
			if name.EqualFold("If-Unmodified-Since") {
				c.unmodifiedSince.add(value)
			}
		}
	}
	return c
}

// add adds a line of the field.
func (t *tags) add(value msg.View, r Representation, strong bool) {
	t.sent = true
	if r.Absent {
		return
	}
	t.holds = t.holds || value.Equal("*") || listed(value.Octets(), r.ETag.Octets(), strong)
}
