package http1

import (
	"sync/atomic"

	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/invariant"
)

// conn is one connection. It is owned by its loop, and by the unit while it is
// lent, with the exception of unit.
//
// A connection that waits for a request is this struct and nothing else.
type conn struct {
	loop *loop
	h1   h1.Conn
	x    *Exchange // the exchange in progress, nil in phaseAwait

	retires int64 // when the connection is too old; 0: never

	phase phase
	waits waits  // what the deadline is for
	ended bool   // the peer has finished sending, and all of it has arrived
	more  bool   // requests wait in the input for the next turn
	left  uint32 // requests that are still answered, 0: any number

	// unit is the exchange that is lent. The loop sets it, and the unit clears it
	// before it gives the connection back. It is how the loop cancels a context,
	// if that is still of this connection (lifetime.owner).
	unit atomic.Pointer[Exchange]
}

// phase says what a connection is doing.
//
//	   ┌───────────────── the response is complete ─────────────────┐
//	   ▼                                                            │
//	await ──head──▶ (functions run on the loop) ──▶ drop ──end──────┤
//	   │                    │ content wanted         ▲              │
//	   │                    ▼                        │              │
//	   │                 collect ──end──▶ (functions)┘              │
//	   ├──head──▶ lending ──▶ lent ─────▶ collect, drop ────────────┤
//	   └──head──▶ skip ──end──▶ (functions on the loop, or lending)─┘
//
// Every phase can end in closing.
type phase uint8

const (
	phaseAwait   phase = iota // waits for a request, or for the rest of a head
	phaseCollect              // collects the content that the functions want
	phaseSkip                 // reads past content that no function wants, before they run
	phaseDrop                 // the response is out; the rest of the content is read past
	phaseLending              // the unit starts as soon as earlier output is sent
	phaseLent                 // a unit has the connection
	phaseClosing              // nothing more is read
)

// then says what the loop does with a connection that a unit gave back.
type then uint8

const (
	thenAwait   then = iota // the exchange is over; there is nothing to do
	thenCollect             // the functions want the content
	thenDrop                // the response is sent; the rest of the content is not read yet
	thenClose               // the response is sent and was the last
	thenAbort               // the response could not be completed
)

// waits says what a connection is waiting for.
type waits uint8

const (
	waitsRequest waits = iota // the deadline is that of KeepAliveTimeout, or of the connection's age
	waitsHead                 // it is that of HeadTimeout
	waitsContent              // it is that of BodyRate
	waitsFirst                // it is waitsRequest, and the first octets can be those of HTTP/2
	waitsPreface              // it is waitsHead, and they are so far
)

// maxDrop is how much of a body that no function wants is read past, in octets,
// its framing included. More is dearer than a new connection.
const maxDrop = 256 << 10

// Receive implements netpoll.Handler. It answers every complete request that
// stands in in.
func (cn *conn) Receive(c *netpoll.Conn, in []byte) (n int) {
	l := cn.loop
	cn.more = false
	if cn.waits >= waitsFirst && cn.recognise(c, in) {
		return 0
	}
	for answered := 0; ; {
		switch cn.phase {
		case phaseLending:
			return n + cn.lend(c, in[n:])
		case phaseClosing:
			return len(in)
		case phaseLent:
			invariant.Never("Receive on a lent connection")
		case phaseAwait:
			if n == len(in) {
				cn.wait(c)
				return n
			}
			if answered >= l.limits.Pipelined || len(c.Out()) >= l.limits.ResponseBufferHigh {
				cn.more = true
				c.Again()
				return n
			}
			if cn.x == nil {
				cn.x = l.take()
			}
		case phaseCollect, phaseSkip, phaseDrop:
		}
		ev, m := cn.h1.Next(&cn.x.Exchange, in[n:], &l.limits)
		n += m
		cn.x.last = n == len(in)
		if cn.phase != phaseAwait {
			cn.x.arrived += m
		}
		if cn.skipped(c, ev, m) {
			if cn.phase == phaseSkip {
				if _, departed := cn.run(c, nil); departed {
					return n
				}
			}
			continue
		}
		switch ev {
		case h1.EventHead:
			answered++
			m, departed := cn.begin(c, in[n:])
			if n += m; departed {
				return n
			}
		case h1.EventContent:
			if cn.phase == phaseCollect {
				cn.x.body = append(cn.x.body, cn.x.Content()...)
			}
		case h1.EventEnd:
			cn.x.received = true
			m, departed := cn.complete(c, in[n:])
			if n += m; departed {
				return n
			}
		case h1.EventRefused:
			cn.refuse(c, cn.x.Refusal(), in[n:])
			return len(in)
		case h1.EventNone:
			cn.wait(c)
			return n
		}
	}
}

// preface is what a client of HTTP/2 sends first (RFC 9113 section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// recognise looks at the first octets of a connection. It reports true when
// they are the preface of HTTP/2, whose handler the connection gets, or may
// become it.
func (cn *conn) recognise(c *netpoll.Conn, in []byte) bool {
	n := min(len(in), len(preface))
	switch {
	case n == 0:
		return false
	case string(in[:n]) != preface[:n]:
		if cn.waits == waitsPreface {
			cn.waits = waitsHead
		} else {
			cn.waits = waitsRequest
		}
		return false
	case n == len(preface):
		cn.phase = phaseClosing // for this handler
		c.Become(cn.loop.entry.Preface(c), nil)
	case cn.ended:
		cn.close(c)
	case cn.waits == waitsFirst:
		cn.waits = waitsPreface
		c.SetDeadline(c.Now() + int64(cn.loop.host.Limits().HeadTimeout))
	}
	return true
}

// begin handles a complete head: it chooses the route and runs it, or sees to
// it that it is run. rest is what follows in the input; n is how much of it
// was consumed. departed says that a unit has the connection, or waits for it:
// then it may not be touched any more.
func (cn *conn) begin(c *netpoll.Conn, rest []byte) (n int, departed bool) {
	l, x := cn.loop, cn.x
	cn.waits = waitsRequest
	x.begin(cn, c)
	if cn.left > 0 {
		if cn.left--; cn.left == 0 {
			x.CloseAfter()
		}
	}
	plan := x.plan
	if x.ContentLength() == 0 {
		ev, _ := cn.h1.Next(&x.Exchange, nil, &l.limits)
		invariant.That(ev == h1.EventEnd)
		x.received = true
	}
	if !cn.h1.SetMaxBody(cn.loop.host.MaxBody(x.plan)) {
		return len(rest), cn.refuse(c, h1.ReasonBodyLimit.Refusal(false), rest)
	}
	if plan.Body == sdk.BodyUnread && !x.received && !x.ExpectsContinue() && x.ContentLength() <= maxDrop {
		// The answer waits for the end of the request: what is malformed in it
		// is refused, whenever it arrives, and the client is there to listen.
		x.Pin()
		cn.h1.Drop()
		cn.phase = phaseSkip
		return 0, false
	}
	return cn.run(c, rest)
}

// run runs the functions of a request, or sees to it that they are run, as
// begin says.
func (cn *conn) run(c *netpoll.Conn, rest []byte) (n int, departed bool) {
	l, x := cn.loop, cn.x
	plan := x.plan
	switch {
	case x.failed: // choosing the route panicked
		x.CloseAfter()
		cn.respond(c)
	case plan.Ready != 0:
		cn.sayClose()
		x.answered = true
		c.SetOut(x.AppendReady(c.Out(), l.host.Date(c.Now()), l.protocol.ready[plan.Ready-1]))
		cn.responded(c)
	case plan.Place == sdk.OffLoop:
		return cn.depart(c, rest)
	default:
		if plan.Body == sdk.BodyCollected {
			x.Pin()
		}
		if x.onLoop(x.runHead) {
			return cn.collect(c, rest)
		}
		cn.respond(c)
	}
	return 0, false
}

// complete goes on with a request whose body has been read to its end, as
// begin says.
func (cn *conn) complete(c *netpoll.Conn, rest []byte) (n int, departed bool) {
	switch cn.phase {
	case phaseCollect:
		return cn.body(c, rest)
	case phaseSkip:
		return cn.run(c, rest)
	case phaseAwait, phaseDrop, phaseLending, phaseLent, phaseClosing:
	}
	cn.finish(c)
	return 0, false
}

// skipped counts n octets of a body that nobody wants, and reports whether they
// are too many: then the connection will end with this exchange, and if its
// response is out already, ends now.
func (cn *conn) skipped(c *netpoll.Conn, ev h1.Event, n int) (tooMany bool) {
	if cn.phase != phaseSkip && cn.phase != phaseDrop || ev == h1.EventRefused {
		return false
	}
	cn.x.skipped += n
	if ev == h1.EventEnd || cn.x.skipped <= maxDrop {
		return false
	}
	cn.x.CloseAfter()
	if cn.phase == phaseDrop {
		cn.close(c)
	}
	return true
}

// collect makes the connection collect the content that the functions want.
func (cn *conn) collect(c *netpoll.Conn, rest []byte) (n int, departed bool) {
	x := cn.x
	if x.received {
		return cn.body(c, rest)
	}
	cn.phase = phaseCollect
	if x.ExpectsContinue() && !x.continued && len(x.body) == 0 && x.last {
		x.continued = true
		c.SetOut(x.AppendContinue(c.Out()))
	}
	return 0, false
}

// body runs the functions that wanted the content, which is complete, as begin
// says.
func (cn *conn) body(c *netpoll.Conn, rest []byte) (n int, departed bool) {
	x := cn.x
	if x.plan.Place == sdk.OffLoop {
		return cn.lend(c, rest), true
	}
	x.onLoop(x.runBody)
	cn.respond(c)
	return 0, false
}

// respond appends the response.
func (cn *conn) respond(c *netpoll.Conn) {
	x := cn.x
	if x.resets {
		cn.reset(c)
		return
	}
	cn.sayClose()
	c.SetOut(x.appendResponse(c.Out(), cn.loop.host.Date(c.Now())))
	cn.responded(c)
}

// sayClose makes the response announce the end of the connection when the
// server shuts down, when the connection is too old, or when what is left of the
// request is not worth reading.
func (cn *conn) sayClose() {
	x := cn.x
	host := cn.loop.host
	if host.Drains() || cn.retires != 0 && host.Loop().Clock() >= cn.retires || x.plan.Body != sdk.BodyStreamed && !x.received &&
		(x.ContentLength() > maxDrop || x.ExpectsContinue() && !x.continued) {
		x.CloseAfter()
	}
}

// responded follows a response that has been appended.
func (cn *conn) responded(c *netpoll.Conn) {
	x := cn.x
	if x.plan.Done && x.last {
		// The client need not wait for the Done phase. Amid pipelined requests
		// it does, so that their answers leave in one write.
		c.Flush()
	}
	if x.endsOffLoop() {
		cn.farewell(c, x.fault) // the connection ends with a fault
		cn.close(c)
		return
	}
	x.end(c.Now(), nil)
	if x.received {
		cn.finish(c)
		return
	}
	if !x.Persists() {
		cn.close(c)
		return
	}
	cn.h1.Drop()
	cn.phase = phaseDrop
}

// finish ends an exchange whose request has been read and whose response has
// been appended.
func (cn *conn) finish(c *netpoll.Conn) {
	persists := cn.h1.Finish(&cn.x.Exchange)
	cn.letGo()
	if !persists {
		cn.close(c)
		return
	}
	cn.phase = phaseAwait
}

// letGo gives the exchange back to the loop.
func (cn *conn) letGo() {
	if cn.x != nil {
		cn.x.reset()
		cn.loop.spares.give(cn.x)
		cn.x = nil
	}
}

// close ends the connection in order.
func (cn *conn) close(c *netpoll.Conn) {
	cn.phase = phaseClosing
	c.Close()
}

// wait sets the deadline of what the connection waits for, when all that has
// arrived is read, and lets go of an exchange that has not begun.
func (cn *conn) wait(c *netpoll.Conn) {
	if cn.phase == phaseAwait {
		cn.letGo()
	}
	switch {
	case cn.ended || cn.phase == phaseAwait && !cn.h1.Started() && cn.loop.host.Drains():
		cn.close(c)
	case cn.phase != phaseAwait:
		cn.waitContent(c)
	case !cn.h1.Started():
		if cn.waits != waitsFirst {
			cn.waits = waitsRequest
		}
		c.SetDeadline(cn.idleUntil(c.Now()))
	case cn.waits != waitsHead:
		cn.waits = waitsHead
		c.SetDeadline(c.Now() + int64(cn.loop.host.Limits().HeadTimeout))
	}
}

// idleUntil returns how long the connection waits for a request.
func (cn *conn) idleUntil(now int64) int64 {
	until := now + int64(cn.loop.host.Limits().KeepAliveTimeout)
	if cn.retires != 0 {
		return min(until, cn.retires)
	}
	return until
}

// waitContent sets the deadline for more content, by what has arrived.
func (cn *conn) waitContent(c *netpoll.Conn) {
	x, pace := cn.x, &cn.loop.pace
	until := c.Deadline()
	if cn.waits != waitsContent {
		cn.waits = waitsContent
		until = c.Now() + pace.Grace()
	}
	c.SetDeadline(pace.Earn(until, c.Now(), x.arrived))
	x.arrived = 0
}

// Expired implements netpoll.Handler.
func (cn *conn) Expired(c *netpoll.Conn) {
	switch cn.phase {
	case phaseAwait:
		if cn.waits == waitsHead || cn.waits == waitsPreface {
			cn.refuseLate(c)
			return
		}
		cn.expireIdle(c)
	case phaseCollect, phaseSkip:
		cn.refuse(c, h1.ReasonBodyTimeout.Refusal(false), nil)
	case phaseDrop:
		cn.close(c)
	case phaseLending, phaseLent, phaseClosing:
	}
}

// expireIdle ends a connection that has waited for a request for too long, or is
// too old. The time in which a client takes its answer does not count: how long
// that may last is another limit (ResponseRate).
func (cn *conn) expireIdle(c *netpoll.Conn) {
	now := c.Now()
	switch {
	case c.Unsent() == 0:
		cn.phase = phaseClosing
		c.Abort() // nothing is under way that could be lost
	case cn.retires != 0 && now >= cn.retires:
		cn.close(c)
	default:
		c.SetDeadline(cn.idleUntil(now))
	}
}

// Ended implements netpoll.Handler.
func (cn *conn) Ended(c *netpoll.Conn, reset bool) {
	if c.Lent() {
		x := cn.unit.Load()
		switch {
		case x == nil:
		case reset:
			x.life.cancelFor(cn, cn.endCause(c))
		case !cn.loop.host.HalfClose():
			x.life.cancelAtEnd(cn, cn.loop.host.EndCause())
		}
		return
	}
	if reset || cn.phase == phaseClosing {
		return // Closed follows
	}
	cn.ended = true
	if cn.phase != phaseLending && !cn.more {
		// Nothing is owed: a request in progress will never be complete.
		cn.close(c)
	}
}

// Draining implements netpoll.Handler.
func (cn *conn) Draining(c *netpoll.Conn) {
	if c.Lent() {
		if x := cn.unit.Load(); x != nil {
			x.life.cancelDraining(cn)
		}
		return
	}
	if cn.phase == phaseAwait && !cn.h1.Started() {
		cn.close(c)
	}
}

// Closed implements netpoll.Handler.
func (cn *conn) Closed(c *netpoll.Conn) {
	switch x := cn.x; {
	case x == nil:
	case x.endsOffLoop():
		cn.farewell(c, cn.endCause(c))
	default:
		x.end(c.Now(), cn.endCause(c))
		cn.letGo()
	}
	cn.phase = phaseClosing
	cn.loop.host.Release(c.RemoteAddr())
}

// endCause returns why the connection ended before its exchange did.
func (cn *conn) endCause(c *netpoll.Conn) error {
	if c.Slow() {
		return sdk.ErrTooSlow
	}
	return cn.loop.host.EndCause()
}
