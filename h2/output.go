package h2

import (
	"math/bits"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// A finish says how the response of a stream ends once its content is sent.
type finish uint8

const (
	finNone     finish = iota // it is not known that it does
	finData                   // with END_STREAM on the last DATA
	finTrailers               // with the trailer section
	finDone                   // it has ended
)

// sending is what an exchange has still to send.
type sending struct {
	pend  []byte // content; borrowed from the response or part of queue
	queue []byte // owned; content that a stream could not send at once
	room  int64  // octets of content that the peer takes on the stream; may be negative
	// next and prev are the neighbours in the ring of an urgency: nil when the
	// exchange is in none.
	next, prev *Exchange
	noted      *Exchange // the next of those that Progress returns
	priority   priority
	fin        finish
	waits      bool // Progress returns the exchange when little is pending
	isNoted    bool
	hinted     bool // the priority is not that of the head
}

// maxKeptQueue is the memory for content that an exchange keeps for reuse.
const maxKeptQueue = 16 << 10

// clear forgets everything, and keeps memory up to a bound.
func (s *sending) clear() {
	invariant.That(s.next == nil && !s.isNoted)
	invariant.Poison(s.queue)
	if cap(s.queue) > maxKeptQueue {
		s.queue = nil
	}
	*s = sending{queue: s.queue[:0]}
}

// stop forgets content that is not sent.
func (s *sending) stop() { s.pend, s.waits = nil, false }

// output is what a connection has to send.
type output struct {
	window int64 // octets of content that the peer takes on the connection
	sent   int64 // octets of content that were sent
	// rings are the streams that can send content, by urgency: each one the next
	// to send. used has a bit for each that is not empty.
	rings [8]*Exchange
	used  uint8
	// first and last are the exchanges that Progress returns.
	first, last *Exchange
}

// add lines up an exchange that can send content.
func (o *output) add(x *Exchange) {
	if len(x.pend) == 0 || x.room <= 0 || x.next != nil {
		return
	}
	u := x.priority.urgency()
	head := o.rings[u]
	if head == nil {
		x.next, x.prev = x, x
		o.rings[u] = x
		o.used |= 1 << u
		return
	}
	x.next, x.prev = head, head.prev
	head.prev.next = x
	head.prev = x
}

// remove takes an exchange out of its ring.
func (o *output) remove(x *Exchange) {
	if x.next == nil {
		return
	}
	u := x.priority.urgency()
	if x.next == x {
		o.rings[u] = nil
		o.used &^= 1 << u
	} else {
		x.next.prev, x.prev.next = x.prev, x.next
		if o.rings[u] == x {
			o.rings[u] = x.next
		}
	}
	x.next, x.prev = nil, nil
}

// note makes Progress return x.
func (o *output) note(x *Exchange) {
	if x.isNoted {
		return
	}
	x.isNoted = true
	if o.last == nil {
		o.first = x
	} else {
		o.last.noted = x
	}
	o.last = x
}

// Progress returns an exchange of which AppendOutput took content, when it is
// free (Exchange.Ended), or waits for room (Exchange.WaitForRoom) and
// Limits.ResponseBufferLow is reached; nil when there is none. Each is returned
// once.
func (c *Conn) Progress() *Exchange {
	o := &c.output
	x := o.first
	if x == nil {
		return nil
	}
	if o.first = x.noted; o.first == nil {
		o.last = nil
	}
	x.noted, x.isNoted = nil, false
	return x
}

// HasOutput reports whether AppendOutput would append something.
func (c *Conn) HasOutput() bool {
	return len(c.control) > 0 || c.output.used != 0 && c.output.window > 0
}

// AppendOutput appends what the connection has to send: answers to frames, and
// content as far as the windows and Limits.ResponseBufferHigh, for all of dst,
// allow, by priority (RFC 9218): of the most urgent streams, one after the
// other, and by turns those whose pieces are of use. Then Progress says for whom
// there is news.
func (c *Conn) AppendOutput(dst []byte) []byte {
	dst = c.flush(dst)
	o := &c.output
	for o.used != 0 && o.window > 0 && len(dst) < c.conf.Limits.ResponseBufferHigh && c.state != connGone {
		x := o.rings[bits.TrailingZeros8(o.used)]
		dst = c.appendPending(dst, x)
	}
	return c.flush(dst)
}

// flush appends the answers to frames.
func (c *Conn) flush(dst []byte) []byte {
	if len(c.control) == 0 {
		return dst
	}
	dst = append(dst, c.control...)
	if cap(c.control) > maxKeptControl {
		c.control = nil
	}
	c.control = c.control[:0]
	return dst
}

// maxKeptControl is the memory for answers to frames that is kept.
const maxKeptControl = 128

// appendPending appends one DATA frame of an exchange that is in a ring.
func (c *Conn) appendPending(dst []byte, x *Exchange) []byte {
	o := &c.output
	n := int(min(int64(len(x.pend)), x.room, o.window, minFrameSize))
	piece := x.pend[:n]
	x.pend = x.pend[n:]
	last := len(x.pend) == 0
	dst = x.appendData(dst, piece, last && x.fin == finData)
	switch {
	case last || x.room <= 0:
		o.remove(x)
	case x.priority.incremental:
		o.rings[x.priority.urgency()] = x.next
	}
	if last {
		dst = c.drained(dst, x)
	}
	if x.waits && len(x.pend) <= c.conf.Limits.ResponseBufferLow {
		x.waits = false
		o.note(x)
	}
	return dst
}

// drained follows the last pending content of x.
func (c *Conn) drained(dst []byte, x *Exchange) []byte {
	x.pend = nil
	if x.fin == finTrailers {
		dst = x.appendTrailers(dst)
	}
	if x.fin != finDone || !x.ended {
		return dst
	}
	if x.state == streamHalfLocal {
		c.abort(x, CodeNo)
	}
	c.release(x)
	c.output.note(x)
	return dst
}

// appendData appends a DATA frame, which the windows allow.
func (x *Exchange) appendData(dst, p []byte, end bool) []byte {
	flags := uint8(0)
	if end {
		flags = flagEndStream
	}
	dst = appendFrame(dst, len(p), frameData, flags, x.id)
	dst = append(dst, p...)
	x.room -= int64(len(p))
	x.c.output.window -= int64(len(p))
	x.c.output.sent += int64(len(p))
	x.c.earnContent(len(p))
	if end {
		x.finished()
	}
	return dst
}

// finished notes that END_STREAM was sent.
func (x *Exchange) finished() {
	x.fin = finDone
	x.c.move(x, sendEnd)
}

// Unsent returns the octets of content that are appended and wait for the peer's
// window, or for their turn. A host makes a function that produces content wait
// when they are many.
func (x *Exchange) Unsent() int { return len(x.pend) }

// WaitForRoom makes Progress return x as soon as no more than
// Limits.ResponseBufferLow is unsent.
func (x *Exchange) WaitForRoom() { x.waits = true }
