package h2

import "github.com/windhover-go/windhover/sdk/invariant"

// A Conn is one connection. Open readies it. It may not be copied.
//
// A Conn belongs to one goroutine at a time, and its exchanges to the same one
// (but see Exchange).
type Conn struct {
	// Secure says that the connection is secured by TLS. Without it, a request
	// with the scheme https is refused (RFC 9110 section 7.4).
	Secure bool

	conf    *Config
	now     int64 // as the last call was told
	control []byte
	refusal *RefusalError

	streams streams
	history history
	budget  budget
	block   block
	data    data
	flow    flow
	peer    peer
	output  output
	timing  timing
	hints   hints

	accepted uint32 // the last stream that an exchange was taken for

	ending *Exchange // EventEnd follows for it
	lent   *Exchange // its content is the caller's until the next call
	state  connState
	seen   uint8 // octets of the preface that have arrived
	skip   int   // octets of a frame that are read past
}

// connState says what a connection expects from its peer.
//
//	preface ──▶ settings ──▶ frames ◀──▶ content ──▶ skip ──▶ frames
//	                            └───────────────────▶ skip ──▶ frames
//
// A connection error leads from every state to gone.
type connState uint8

const (
	connPreface  connState = iota // the client's preface
	connSettings                  // the SETTINGS frame that is a part of it
	connFrames                    // a frame
	connContent                   // content of a DATA frame
	connSkip                      // padding, or a frame that is ignored
	connGone                      // nothing more is read
)

// An Event says what Next found.
type Event uint8

const (
	// EventNone: in holds no complete part; more octets are needed.
	EventNone Event = iota
	// EventHead: a complete request head was read into x, which is the exchange
	// that the engine took as spare.
	EventHead
	// EventContent: x.Content() is a run of octets of the content, borrowed from
	// in until the next call. x.Consumed gives the peer room for more.
	EventContent
	// EventEnd: the request is complete, its trailer section included. A request
	// without content gives EventEnd directly after EventHead, with n == 0.
	EventEnd
	// EventReset: the stream of x was reset, by the peer (x.ResetCode), or by the
	// engine because of the peer (x.Refusal). The response is of no use any
	// more; End follows when the function has ended.
	EventReset
	// EventRefused: the request is refused: x.Refusal() says why and with which
	// status the host has to answer it (AppendRefusal, or otherwise); End
	// follows. It comes in the place of EventHead, or behind it for content that
	// is over the limit. No content follows.
	EventRefused
	// EventRejected: a stream was reset before it was a request, or after its
	// function had ended; Conn.Refusal says why. x, when it is neither nil nor
	// spare, is the host's again, and ready for reuse.
	EventRejected
	// EventFull: too much output that answers the peer waits (maxControl). It is
	// taken by AppendOutput; as long as the peer does not read, nothing more
	// should be read from it.
	EventFull
	// EventGone: the connection is over because of an error, which Conn.Refusal
	// says. GOAWAY is in the output. The host ends the exchanges (StreamAt) and
	// closes the connection. Every later call gives EventGone again with n == 0.
	EventGone
)

// String returns the event's name.
func (e Event) String() string {
	return [...]string{"none", "head", "content", "end", "reset", "refused", "rejected", "full", "gone"}[e]
}

const (
	// preface is what a client begins a connection with (RFC 9113 section 3.4).
	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	// maxControl bounds the output that answers frames of the peer, in octets.
	maxControl = 16 << 10
)

// IsPreface reports whether the connection that begins with in is one of HTTP/2.
// With more, that is not known before more octets arrive.
func IsPreface(in []byte) (is, more bool) {
	n := min(len(in), len(preface))
	if string(in[:n]) != preface[:n] {
		return false, false
	}
	return n == len(preface), n < len(preface)
}

// Open readies the connection: its SETTINGS are in the output. conf has its
// defaults filled in. now is the time in monotonic nanoseconds, as everywhere.
func (c *Conn) Open(conf *Config, now int64) {
	secure := c.Secure
	*c = Conn{Secure: secure, conf: conf, now: now}
	c.budget = budget{points: int32(conf.Budget), filled: now}
	c.flow.open(conf)
	c.peer.window, c.output.window = initialWindow, initialWindow
	c.peer.frameSize = minFrameSize
	c.timing.open(now)
	c.control = c.appendSettings(c.control)
}

// Next reads the next part of the connection from in and returns what it found,
// the exchange that it is about, and how many octets of in it consumed. The host
// presents what was not consumed again, with more behind it.
//
// spare is an exchange for the next stream. The engine takes it as soon as the
// stream begins, which may be calls before EventHead: spare.Taken() says so
// after the call, and the next call needs another one.
func (c *Conn) Next(spare *Exchange, in []byte, now int64) (ev Event, x *Exchange, n int) {
	c.now = now
	if len(in) > 0 {
		c.timing.heard = now
	}
	if c.lent != nil {
		c.lent.content, c.lent = nil, nil
	}
	for {
		if x = c.ending; x != nil {
			c.ending = nil
			return EventEnd, x, n
		}
		var m int
		switch c.state {
		case connPreface:
			ev, m = c.readPreface(in[n:])
		case connSettings, connFrames:
			if len(c.control) > maxControl {
				return EventFull, nil, n
			}
			ev, x, m = c.readFrame(spare, in[n:])
		case connContent:
			ev, x, m = c.readContent(in[n:])
		case connSkip:
			m = min(c.skip, len(in)-n)
			if c.skip -= m; c.skip == 0 {
				c.endSkip()
			}
		case connGone:
			return EventGone, nil, n
		}
		n += m
		if ev != EventNone || m == 0 && c.ending == nil {
			return ev, x, n
		}
	}
}

// readPreface reads the client's preface.
func (c *Conn) readPreface(in []byte) (ev Event, n int) {
	n = min(len(in), len(preface)-int(c.seen))
	if string(in[:n]) != preface[c.seen:int(c.seen)+n] {
		return c.fail(prefaceFault(in, c.seen)), 0
	}
	if c.seen += uint8(n); int(c.seen) == len(preface) {
		c.state = connSettings
	}
	return EventNone, n
}

// prefaceFault returns what stands where the preface was expected, as far as its
// first octet tells that is not the preface's: of those, seen have arrived before.
func prefaceFault(in []byte, seen uint8) Reason {
	const tlsHandshake = 0x16
	i := 0
	for in[i] == preface[int(seen)+i] {
		i++
	}
	switch c := in[i]; {
	case int(seen)+i == 0 && c == tlsHandshake:
		return ReasonTLS
	case int(seen)+i < 3 && c-'A' <= 'Z'-'A': // another method
		return ReasonHTTP1
	}
	return ReasonPreface
}

// Refusal returns why the connection is over, after EventGone, or what the last
// stream was rejected for, after EventRejected.
func (c *Conn) Refusal() *RefusalError { return c.refusal }

// fail ends the connection because of the peer.
func (c *Conn) fail(r Reason) Event {
	c.refusal = r.Refusal()
	c.state = connGone
	c.control = appendGoAway(c.control, c.accepted, c.refusal.Code, c.refusal.text)
	return EventGone
}

// fault handles what is wrong with a frame on a stream whose exchange is x, or
// which has none.
func (c *Conn) fault(x *Exchange, stream uint32, r Reason) (Event, *Exchange) {
	refusal := r.Refusal()
	if refusal.Scope == ScopeConnection {
		return c.fail(r), nil
	}
	c.control = appendReset(c.control, stream, refusal.Code)
	cost, flood := costProvoked, ReasonProvoked
	if refusal.Code == CodeRefusedStream {
		cost, flood = costRefused, ReasonRefusals
	}
	if x != nil && x.state.on(recvReset).does == doesGo {
		c.move(x, sendReset)
	} else {
		x = nil // it was reset before
	}
	if out := c.draw(cost, flood); out != ReasonNone {
		return c.fail(out), nil
	}
	return c.over(x, refusal)
}

// over reports that the stream of x has been reset.
func (c *Conn) over(x *Exchange, refusal *RefusalError) (Event, *Exchange) {
	if x == nil {
		c.refusal = refusal
		return EventRejected, nil
	}
	x.refusal = refusal
	if c.ending == x {
		c.ending = nil
	}
	x.stop()
	c.output.remove(x)
	c.refusal = refusal
	switch {
	case !x.headed:
		c.release(x)
		x.Reset()
		return EventRejected, x
	case x.ended:
		c.release(x)
		c.output.note(x)
		return EventRejected, nil
	}
	return EventReset, x
}

// move changes the state of a stream as e does, which is legal.
func (c *Conn) move(x *Exchange, e streamEvent) {
	t := x.state.on(e)
	invariant.That(t.does == doesGo)
	if x.state = t.to; x.state == streamClosed {
		c.streams.lingering++
		if x.refusal == nil {
			c.earn(earnRequest)
		}
	}
}

// Streams returns the number of exchanges that the connection has.
func (c *Conn) Streams() int { return len(c.streams.list) }

// StreamAt returns an exchange, 0 <= i < Streams, in the order of their streams.
// It may be one that Next has not reported yet.
func (c *Conn) StreamAt(i int) *Exchange { return c.streams.list[i].x }

// Taken reports whether a connection has the exchange.
func (x *Exchange) Taken() bool { return x.c != nil }

// End says that the function of x has ended and its response has been appended
// as far as it will be. It reports whether x is free: the host's again. When it
// is not, content waits for the peer's window; then Progress returns it once it
// is free.
//
// A response that is not complete is reset (INTERNAL_ERROR); a request that is
// not complete is, too, but without an error (RFC 9113 section 8.1).
func (c *Conn) End(x *Exchange) (free bool) {
	invariant.That(x.c == c && !x.ended)
	x.ended, x.dropped = true, true
	if c.ending == x {
		c.ending = nil
	}
	switch x.state {
	case streamOpen, streamHalfRemote:
		if x.fin != finNone && c.state != connGone {
			return false
		}
		c.abort(x, CodeInternal)
	case streamHalfLocal:
		c.abort(x, CodeNo)
	case streamIdle, streamClosed, streamReset, streamAborted, streamStates:
	}
	c.release(x)
	return true
}

// Forget lets go of an exchange for which End returned false, when the
// connection is over: what waits to be sent never will be.
func (c *Conn) Forget(x *Exchange) {
	invariant.That(x.c == c && x.ended)
	x.stop()
	c.release(x)
}

// Abort resets the stream of x with a code, for the app. End follows.
func (x *Exchange) Abort(code ErrCode) {
	if x.c != nil && (x.state == streamOpen || x.state == streamHalfRemote || x.state == streamHalfLocal) {
		x.c.abort(x, code)
	}
}

// abort resets the stream of x, which is not over.
func (c *Conn) abort(x *Exchange, code ErrCode) {
	if c.state != connGone {
		c.control = appendReset(c.control, x.id, code)
	}
	if c.ending == x {
		c.ending = nil
	}
	c.move(x, sendReset)
	x.stop()
	c.output.remove(x)
}

// release makes the exchange the host's again.
func (c *Conn) release(x *Exchange) {
	c.output.remove(x)
	c.streams.remove(x)
	c.history.end(x.id, x.state)
	if c.data.x == x {
		c.data.x = nil
	}
	if c.block.x == x {
		c.block.x = nil
	}
	if c.lent == x {
		c.lent = nil
	}
	if c.ending == x {
		c.ending = nil
	}
	c.grant(x.unused)
	x.unused, x.c = 0, nil
}
