package h1

import (
	"slices"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A Conn is the state of one connection between calls. The zero value is ready
// for the first request of a connection.
//
// A host drives it so, with in the octets that have arrived:
//
//	ev, n := c.Next(x, in, limits)
//	in = in[n:]
//
// A Conn belongs to one goroutine at a time.
type Conn struct {
	// Secure says that the connection is secured by TLS. Without it, a target
	// with the scheme https is refused (RFC 9110 section 7.4).
	Secure bool
	// Policy says how strictly heads are read.
	Policy msg.Policy

	// left is, by state: connLength: octets of content that are owed;
	// connChunked: octets of content that the limit still allows.
	left  int64
	chunk chunkDecoder

	// seen and section are how far an incomplete head has been read: in[:seen]
	// is not looked at again before the head is complete. section is also how
	// far a trailer section has been read.
	seen      uint32
	section   section
	inSection bool // seen is behind the request line

	state   connState
	empties uint8 // empty lines before the request
	dropped bool  // Drop was called
	reason  Reason
	head    bool // the refused request is one of HEAD
}

// An Event says what Next found.
type Event uint8

const (
	// EventNone: in holds no complete part; more octets are needed. n may be
	// greater than zero (empty lines before a request, the line of a chunk).
	EventNone Event = iota
	// EventHead: a complete request head was read into x. Its octets are
	// in[:n], borrowed: x refers to them until x.Pin or x.Reset. Next may not
	// be called again with another x until the exchange is finished (Finish).
	EventHead
	// EventContent: x.Content() is a run of octets of the request's content,
	// borrowed from in until the next call.
	EventContent
	// EventEnd: the request is complete, its trailer section included. A
	// request without a body gives EventEnd directly after EventHead, with
	// n == 0.
	EventEnd
	// EventRefused: the request is refused; x.Refusal() says why and with which
	// status. The connection must be closed after AppendRefusal: nothing that
	// follows in the stream can be trusted. Every later call gives EventRefused
	// again with n == 0.
	EventRefused
)

// String returns the event's name.
func (e Event) String() string {
	return [...]string{"none", "head", "content", "end", "refused"}[e]
}

const (
	// maxHead bounds a request line and a field section whose limit is lifted,
	// in octets, so that offsets fit in 32 bits.
	maxHead = 1 << 30
	// maxEmpties bounds the empty lines that are read past before a request
	// (RFC 9112 section 2.2 asks for at least one).
	maxEmpties = 2
)

// Next reads the next part of the request from in and returns what it found
// and how many octets of in it consumed. The host presents what was not
// consumed again, with more behind it. An incomplete head is not consumed, and
// is not scanned again from its start: but for a bounded number of octets, what
// a head costs does not depend on how it was cut. What must be refused is
// refused as soon as it can be known, whether the head is complete or not.
//
// As long as the head is incomplete, x may be another one at each call.
//
// After EventEnd, Next answers EventNone with n == 0 until Finish. After
// Upgrade, and after a Finish that does not persist, it answers so forever.
func (c *Conn) Next(x *Exchange, in []byte, limits *msg.Limits) (ev Event, n int) {
	x.content = nil
	switch c.state {
	case connIdle, connHead:
		return c.nextHead(x, in, limits)
	case connEmpty:
		c.on(onEnd)
		return EventEnd, 0
	case connLength:
		ev, n = c.nextLength(x, in)
	case connChunked:
		ev, n = c.nextChunk(x, in, limits)
	case connTrailer:
		ev, n = c.nextTrailer(x, in, limits)
	case connRefused:
		x.refusal = refusalOf(c.reason, c.head)
		return EventRefused, 0
	case connDone, connUpgraded, connClosed, connStates:
	}
	x.taken += int64(n)
	return ev, n
}

// nextHead reads the head of a request, and empty lines before it.
func (c *Conn) nextHead(x *Exchange, in []byte, limits *msg.Limits) (ev Event, n int) {
	if len(in) == 0 {
		return EventNone, 0
	}
	x.lenient = c.Policy == msg.PolicyRFC
	if in[0] == '\r' || in[0] == '\n' && x.lenient {
		ev, n = c.emptyLines(x, in)
		if in = in[n:]; ev == EventRefused || len(in) == 0 || in[0] == '\r' {
			return ev, n
		}
	}
	if c.state == connHead && !c.resume(x, in, limits) {
		return EventNone, n
	}
	m, r := x.readHead(in, limits)
	switch {
	case r == ReasonNone && m > 0 && x.https && !c.Secure:
		return c.refuse(x, ReasonScheme), n
	case r != ReasonNone:
		return c.refuse(x, r), n
	case m == 0:
		invariant.That(c.state == connIdle)
		c.on(onOctets)
		ripe := c.resume(x, in, limits)
		invariant.That(!ripe)
		return EventNone, n
	}
	x.taken = int64(m)
	switch c.left = x.length; c.left {
	case 0:
		c.on(onEmpty)
	case -1:
		c.left = limits.RequestBody
		c.on(onChunked)
	default:
		c.on(onLength)
	}
	return EventHead, n + m
}

// emptyLines reads past empty lines before a request. A CR that it leaves
// waits for its LF.
func (c *Conn) emptyLines(x *Exchange, in []byte) (ev Event, n int) {
	for n < len(in) && (in[n] == '\r' || in[n] == '\n' && x.lenient) {
		x.method = msg.MethodUnknown
		if c.empties == maxEmpties {
			return c.refuse(x, ReasonEmptyLines), n
		}
		if in[n] == '\r' {
			if n+1 == len(in) {
				c.on(onOctets)
				return EventNone, n
			}
			n++
		}
		if in[n] != '\n' {
			return c.refuse(x, ReasonLineEnd), n - 1 // the CR is not consumed
		}
		c.empties++
		n++
	}
	if n == len(in) {
		c.on(onNothing)
	}
	return EventNone, n
}

// resume looks at what has arrived of an incomplete head since the last call,
// and reports whether x.readHead has something new to say: a complete head or
// a refusal.
func (c *Conn) resume(x *Exchange, in []byte, limits *msg.Limits) (ripe bool) {
	if !c.inSection {
		n, seen, r := x.requestLine(in, int(c.seen), limits)
		c.seen = uint32(seen)
		if r != ReasonNone {
			return true
		}
		if n == 0 {
			return false
		}
		c.seen, c.inSection, c.section = uint32(n), true, section{lenient: x.lenient}
	}
	n, r := c.section.scan(in[c.seen:], limits)
	c.seen += uint32(n)
	return r != ReasonNone || c.section.state == sectionDone
}

// nextLength reads content of a declared length.
func (c *Conn) nextLength(x *Exchange, in []byte) (ev Event, n int) {
	n = int(min(c.left, int64(len(in))))
	if n > 0 && !c.dropped {
		c.left -= int64(n)
		x.content = in[:n:n]
		return EventContent, n
	}
	if c.left -= int64(n); c.left > 0 {
		return EventNone, n
	}
	c.on(onEnd)
	return EventEnd, n
}

// nextChunk reads content in the chunked coding.
func (c *Conn) nextChunk(x *Exchange, in []byte, limits *msg.Limits) (ev Event, n int) {
	for {
		data, m, r := c.chunk.next(in[n:], limits.ChunkLine, uint64(c.left))
		n += m
		c.left -= int64(len(data))
		switch {
		case r != ReasonNone:
			return c.refuse(x, r), n
		case len(data) > 0 && !c.dropped:
			x.content = slices.Clip(data)
			return EventContent, n
		case c.chunk.state == chunkDone:
			c.on(onLast)
			c.section = section{}
			ev, m = c.nextTrailer(x, in[n:], limits)
			return ev, n + m
		case m == 0:
			return EventNone, n
		}
	}
}

// nextTrailer reads the trailer section. Its fields are checked, and left out
// unless the host asked for them: none of them may change what has been decided
// (RFC 9110 section 6.5.1).
func (c *Conn) nextTrailer(x *Exchange, in []byte, limits *msg.Limits) (ev Event, n int) {
	n, r := c.section.scan(in, limits)
	if r != ReasonNone {
		return c.refuse(x, r), n
	}
	done := c.section.state == sectionDone
	if x.trailers.kept && !c.dropped {
		x.trailers.keep(in[:n], done)
	}
	if done {
		c.on(onEnd)
		return EventEnd, n
	}
	return EventNone, n
}

// refuse ends the reading of the connection.
func (c *Conn) refuse(x *Exchange, r Reason) Event {
	c.on(onRefuse)
	c.reason, c.head = r, isHead(x.method)
	x.refusal = refusalOf(c.reason, c.head)
	return EventRefused
}

// Started reports whether octets of a request have been seen whose head is not
// complete: then HeadTimeout runs, otherwise KeepAliveTimeout. Empty lines
// before a request are not octets of it.
func (c *Conn) Started() bool { return c.state == connHead }

// InExchange reports whether a head has been read, or refused, and the exchange
// not yet been finished.
func (c *Conn) InExchange() bool {
	return c.state != connIdle && c.state != connHead && c.state != connClosed
}

// SetMaxBody replaces limits.RequestBody for the present request: the route
// has a limit of its own, which msg.Unlimited lifts. It reports false when the
// declared Content-Length is over it: then the host answers 413, with
// x.CloseAfter, without reading any of the body. It is called after EventHead
// and before the first octet of content is read.
func (c *Conn) SetMaxBody(n int64) bool {
	if n < 0 {
		n = 1<<63 - 1
	}
	if c.state == connChunked {
		c.left = n
	}
	return c.state != connLength || c.left <= n
}

// Drop makes Next read the rest of the request's body without reporting
// content: EventEnd comes when it is complete. The limit of the body holds
// still.
func (c *Conn) Drop() { c.dropped = true }

// Finish ends the exchange after its response has been appended, and reports
// whether the connection persists: a further request may follow. It does not
// when the request or the response said close, for HTTP/1.0 without
// keep-alive, and when the body of the request was not read to its end.
func (c *Conn) Finish(x *Exchange) (persists bool) {
	if c.state == connDone && x.Persists() {
		c.on(onPersist)
		*c = Conn{Secure: c.Secure, Policy: c.Policy}
		return true
	}
	c.on(onClose)
	return false
}
