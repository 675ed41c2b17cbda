package http2

import (
	"net/netip"

	"github.com/windhover-go/windhover/h2"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
)

// conn is one connection. It belongs to its loop, with the exception of what
// never changes.
type conn struct {
	loop    *loop
	nc      *netpoll.Conn // not looked at when gone
	secured sdk.Secured   // the same always; nil without TLS
	remote  netip.AddrPort
	local   netip.AddrPort
	h2      h2.Conn

	news      []*Exchange // their units have something for the loop
	idleSince int64       // when the last exchange ended; 0: there are some
	bodyUntil int64       // when to look for content that is late, at the latest; 0: nobody waits
	slowAt    int64       // when to look for a peer that takes too little; 0: there are no streams
	taken     int64       // octets of content that the peer had taken then
	retires   int64       // when the connection is too old; 0: never
	left      uint32      // requests that are still answered, 0: any number
	ended     bool        // the peer has finished sending
	closing   bool        // nothing more is read
	gone      bool        // the connection is no more
}

// maxDrop is how much of a request's content that no function wants is waited
// for before the answer, in octets.
const maxDrop = 256 << 10

// Receive implements netpoll.Handler. It handles every frame that stands in in,
// and whatever units have finished meanwhile; all that has to be sent leaves in
// one write.
func (cn *conn) Receive(c *netpoll.Conn, in []byte) (n int) {
	cn.settleUnits(c)
	for answered := 0; !cn.closing; {
		if answered >= cn.loop.config.Limits.Pipelined || c.Unsent() >= cn.loop.config.Limits.ResponseBufferHigh {
			cn.push(c)
			c.Again()
			return n
		}
		spare := cn.loop.ready()
		ev, hx, m := cn.h2.Next(spare, in[n:], c.Now())
		n += m
		if spare.Taken() {
			cn.loop.spare = nil
		}
		switch ev {
		case h2.EventHead:
			answered++
			cn.begin(c, of(hx))
		case h2.EventContent:
			cn.content(c, of(hx))
		case h2.EventEnd:
			cn.complete(c, of(hx))
		case h2.EventReset:
			cn.note(c, hx, hx.Refusal())
			cn.lose(of(hx), cn.loop.host.EndCause())
		case h2.EventRefused:
			answered++
			cn.refuse(c, of(hx))
		case h2.EventRejected:
			cn.note(c, hx, cn.h2.Refusal())
			if hx != nil {
				cn.loop.reject(of(hx))
			}
		case h2.EventFull:
			c.SetOut(cn.h2.AppendOutput(c.Out()))
		case h2.EventGone:
			cn.note(c, nil, cn.h2.Refusal())
			cn.fail(c)
		case h2.EventNone:
			cn.push(c)
			return n
		}
	}
	return len(in)
}

// of returns the exchange that an exchange of the engine is part of.
func of(x *h2.Exchange) *Exchange { return x.Host.(*Exchange) }

// begin handles a complete head: it chooses the route and runs it, or sees to it
// that it is run.
func (cn *conn) begin(c *netpoll.Conn, x *Exchange) {
	cn.idleSince = 0
	x.begin(cn, c.Now())
	if cn.left > 0 {
		if cn.left--; cn.left == 0 {
			cn.h2.Shutdown(c.Now())
		}
	}
	if x.plan.Trailers {
		x.KeepTrailers()
	}
	if !x.SetMaxBody(cn.loop.host.MaxBody(x.plan)) {
		cn.fault(c, x, h2.ReasonBodyLimit.Refusal())
		return
	}
	if x.plan.Body == sdk.BodyUnread && !x.received && x.ContentLength() <= maxDrop && !x.ExpectsContinue() && !x.isConnect() {
		// The answer waits for the end of the request: what is malformed in it
		// is refused, and the client need not be told to stop.
		x.phase = phaseSkip
		cn.await(c, x)
		return
	}
	cn.run(c, x)
}

// run runs the functions of a request, or sees to it that they are run.
func (cn *conn) run(c *netpoll.Conn, x *Exchange) {
	plan := x.plan
	switch {
	case x.failed: // choosing the route panicked
		cn.respond(c, x)
	case plan.Ready != 0:
		x.answered = true
		c.SetOut(x.AppendReady(c.Out(), cn.loop.host.Date(c.Now()), cn.loop.protocol.ready[plan.Ready-1]))
		cn.end(x, nil)
	case plan.Place == sdk.OffLoop:
		cn.depart(x)
	case x.onLoop(x.runHead):
		cn.collect(c, x)
	default:
		cn.respond(c, x)
	}
}

// depart starts a unit for the exchange.
func (cn *conn) depart(x *Exchange) {
	x.phase = phaseUnit
	x.pipe.open(x)
	cn.loop.host.Loop().Expect()
	cn.loop.host.Start(x.plan, x)
}

// collect makes the connection collect the content that the functions want.
func (cn *conn) collect(c *netpoll.Conn, x *Exchange) {
	if x.received {
		cn.body(c, x)
		return
	}
	x.phase = phaseCollect
	if r := x.Refusal(); r != nil { // found while a unit had the exchange
		cn.answer(c, x, r)
		return
	}
	if cn.ended { // it will never be complete
		x.Abort(h2.CodeCancel)
		cn.lose(x, cn.loop.host.EndCause())
		return
	}
	x.Consumed(len(x.body))
	cn.await(c, x)
	cn.goOn(c, x)
}

// goOn tells a client that waits for it to send the content.
func (cn *conn) goOn(c *netpoll.Conn, x *Exchange) {
	if x.ExpectsContinue() && !x.continued && !x.answered && len(x.body) == 0 {
		x.continued = true
		c.SetOut(x.AppendContinue(c.Out()))
	}
}

// body runs the functions that wanted the content, which is complete.
func (cn *conn) body(c *netpoll.Conn, x *Exchange) {
	if x.plan.Trailers {
		x.ShowTrailers()
	}
	if x.plan.Place == sdk.OffLoop {
		cn.depart(x)
		return
	}
	x.onLoop(x.runBody)
	cn.respond(c, x)
}

// content handles a run of content.
func (cn *conn) content(c *netpoll.Conn, x *Exchange) {
	p := x.Content()
	if x.until != 0 {
		x.until = cn.loop.pace.Earn(x.until, c.Now(), len(p))
	}
	switch {
	case x.streamsIn():
		cn.awaited(c, x)
		if !x.pipe.arrive(p) {
			x.Consumed(len(p)) // nobody reads it
		}
		return
	case x.phase == phaseSkip:
		x.Consumed(len(p))
		if x.skipped += len(p); x.skipped > maxDrop {
			cn.awaited(c, x)
			x.Drop()
			cn.run(c, x)
		}
		return
	}
	x.body = append(x.body, p...)
	if x.phase == phaseCollect {
		x.Consumed(len(p))
	}
	// else the peer's window bounds what comes before anybody wants it
}

// complete handles the end of a request.
func (cn *conn) complete(c *netpoll.Conn, x *Exchange) {
	x.received = true
	switch x.phase {
	case phaseCollect:
		cn.awaited(c, x)
		cn.body(c, x)
	case phaseSkip:
		cn.awaited(c, x)
		cn.run(c, x)
	case phaseUnit:
		if x.streamsIn() {
			cn.awaited(c, x)
			if x.plan.Trailers {
				x.ShowTrailers()
			}
			x.pipe.arriveEnd(nil)
		}
	case phaseHead, phaseEnded:
	}
}

// respond appends a whole response and ends the exchange.
func (cn *conn) respond(c *netpoll.Conn, x *Exchange) {
	c.SetOut(x.appendResponse(c.Out(), cn.loop.host.Date(c.Now())))
	cn.end(x, nil)
}

// end ends an exchange whose response was appended as far as it will be. err says
// why it is not complete.
func (cn *conn) end(x *Exchange, err error) {
	x.phase, x.until = phaseEnded, 0
	now := cn.loop.host.Loop().Now()
	if x.wantsClose() {
		cn.h2.Shutdown(now)
	}
	x.out = x.outcome(now, err)
	if cn.h2.End(&x.Exchange) {
		cn.release(x)
	}
	// else content waits, and push releases it
}

// release runs the Done phase of an exchange that the engine has let go of.
func (cn *conn) release(x *Exchange) {
	if cn.h2.Streams() == 0 {
		cn.idleSince = max(cn.loop.host.Loop().Now(), 1)
	}
	if x.plan.Place == sdk.OffLoop && (x.plan.Done || x.unwinds) {
		cn.loop.host.Loop().Expect()
		cn.loop.host.Start(x.plan, (*ending)(x))
		return
	}
	if x.plan != &refused {
		x.endTask()
	}
	cn.loop.give(x)
}

// lose ends an exchange whose stream was reset, or whose connection is no more.
func (cn *conn) lose(x *Exchange, cause error) {
	if x.lost == nil {
		x.lost = cause
	}
	switch x.phase {
	case phaseUnit:
		x.until = 0
		x.life.CancelWith(cause)
		x.pipe.fail(cause)
	case phaseEnded:
	case phaseHead, phaseCollect, phaseSkip:
		x.unwinds = x.headRun
		cn.end(x, cause)
	}
}

// push hands what is to be sent to the loop, as far as the peer takes it, and
// goes on with who waited for that.
func (cn *conn) push(c *netpoll.Conn) {
	for {
		if cn.h2.HasOutput() && c.Unsent() < cn.loop.config.Limits.ResponseBufferHigh {
			c.SetOut(cn.h2.AppendOutput(c.Out()))
		}
		hx := cn.h2.Progress()
		if hx == nil {
			break
		}
		for ; hx != nil; hx = cn.h2.Progress() {
			switch x := of(hx); {
			case !hx.Taken():
				if !hx.Complete() && x.out.Err == nil { // the stream was reset
					x.out.Err = cn.loop.host.EndCause()
				}
				cn.release(x)
			case !hx.Ended():
				x.pipe.sent(hx.Unsent())
			}
		}
	}
	if cn.h2.HasOutput() {
		c.AgainWhenSent()
	}
	if cn.h2.Finished() || cn.ended && !cn.answers() {
		cn.close(c)
		return
	}
	cn.wait(c)
}

// answers reports whether a request is answered, or will be, now that the peer
// has ended: one whose head is not complete never will be.
func (cn *conn) answers() bool {
	for i := range cn.h2.Streams() {
		if of(cn.h2.StreamAt(i)).plan != nil {
			return true
		}
	}
	return false
}

// close ends the connection in order.
func (cn *conn) close(c *netpoll.Conn) {
	cn.closing = true
	c.Close()
}

// fail ends a connection that broke the protocol: GOAWAY is in the output.
func (cn *conn) fail(c *netpoll.Conn) {
	c.SetOut(cn.h2.AppendOutput(c.Out()))
	cn.loseAll(cn.loop.host.EndCause())
	cn.close(c)
}

// loseAll ends all exchanges of a connection that is over.
func (cn *conn) loseAll(cause error) {
	for i := cn.h2.Streams() - 1; i >= 0; i-- {
		hx := cn.h2.StreamAt(i)
		if hx == nil {
			continue
		}
		x := of(hx)
		switch {
		case x.plan == nil: // its head was not complete
			cn.h2.End(hx)
			cn.loop.give(x)
		case x.phase == phaseEnded: // but for content that is not sent
			cn.h2.Forget(hx)
			x.out.Err = cause
			cn.release(x)
		default:
			cn.lose(x, cause)
		}
	}
}

// await makes the time pass in which the content of x has to arrive.
func (cn *conn) await(c *netpoll.Conn, x *Exchange) {
	x.until = c.Now() + x.patience
	if cn.bodyUntil == 0 || x.until < cn.bodyUntil {
		cn.bodyUntil = x.until
	}
}

// awaited makes it stand still.
func (cn *conn) awaited(c *netpoll.Conn, x *Exchange) {
	if x.until != 0 {
		x.patience, x.until = max(x.until-c.Now(), 1), 0
	}
}

// wait sets the deadline.
func (cn *conn) wait(c *netpoll.Conn) {
	due := cn.h2.Deadline()
	if cn.bodyUntil != 0 {
		due = min(due, cn.bodyUntil)
	}
	if cn.idleSince != 0 && !cn.h2.Leaving() {
		due = min(due, cn.idleSince+int64(cn.loop.host.Limits().KeepAliveTimeout))
	}
	if cn.retires != 0 && !cn.h2.Leaving() {
		due = min(due, cn.retires)
	}
	switch {
	case cn.h2.Streams() == 0:
		cn.slowAt = 0
	case cn.slowAt == 0:
		cn.slowAt = c.Now() + int64(cn.loop.host.Limits().ResponseGrace)
		due = min(due, cn.slowAt)
	default:
		due = min(due, cn.slowAt)
	}
	if due == 1<<63-1 {
		due = 0
	}
	c.SetDeadline(due)
}

// Expired implements netpoll.Handler.
func (cn *conn) Expired(c *netpoll.Conn) {
	now := c.Now()
	if cn.h2.Expire(now) == h2.EventGone {
		cn.note(c, nil, cn.h2.Refusal())
		cn.fail(c)
		return
	}
	if cn.bodyUntil != 0 && now >= cn.bodyUntil {
		cn.late(c)
	}
	if cn.slowAt != 0 && now >= cn.slowAt {
		cn.slowAt = 0
		cn.cutSlow()
	}
	idle := cn.idleSince != 0 && now >= cn.idleSince+int64(cn.loop.host.Limits().KeepAliveTimeout)
	if idle || cn.retires != 0 && now >= cn.retires {
		cn.h2.Shutdown(now)
	}
	cn.push(c)
}

// late refuses the requests whose content does not arrive in time.
func (cn *conn) late(c *netpoll.Conn) {
	next := int64(0)
	for i := cn.h2.Streams() - 1; i >= 0; i-- {
		hx := cn.h2.StreamAt(i)
		if hx == nil {
			continue
		}
		x := of(hx)
		switch {
		case x.until == 0:
		case x.until > c.Now():
			if next == 0 || x.until < next {
				next = x.until
			}
		case x.phase == phaseUnit:
			x.until = 0
			cn.loop.refusals.Count(int(h2.ReasonBodyTimeout))
			x.pipe.arriveEnd(x.errorOf(h2.ReasonBodyTimeout.Refusal()))
		default:
			x.until = 0
			cn.fault(c, x, h2.ReasonBodyTimeout.Refusal())
		}
	}
	cn.bodyUntil = next
}

// Ended implements netpoll.Handler.
func (cn *conn) Ended(c *netpoll.Conn, reset bool) {
	if reset || cn.closing {
		return // Closed follows
	}
	cn.ended = true
	for i := cn.h2.Streams() - 1; i >= 0; i-- {
		hx := cn.h2.StreamAt(i)
		if hx == nil {
			continue
		}
		switch x := of(hx); {
		case x.plan == nil || x.phase == phaseEnded:
		case !x.received && x.phase != phaseUnit:
			hx.Abort(h2.CodeCancel) // it will never be complete
			cn.lose(x, cn.loop.host.EndCause())
		case !x.received && x.streamsIn():
			x.pipe.arriveEnd(cn.loop.host.EndCause())
			x.life.CancelWith(cn.loop.host.EndCause())
		case !x.received || !cn.loop.host.HalfClose():
			x.life.CancelWith(cn.loop.host.EndCause())
		}
	}
	cn.push(c)
}

// Returned implements netpoll.Handler. The connection is never lent.
func (cn *conn) Returned(*netpoll.Conn) {}

// Draining implements netpoll.Handler.
func (cn *conn) Draining(c *netpoll.Conn) {
	cn.h2.Shutdown(c.Now())
	for i := range cn.h2.Streams() {
		if hx := cn.h2.StreamAt(i); hx != nil && of(hx).phase == phaseUnit {
			of(hx).drain()
		}
	}
	cn.push(c)
}

// Closed implements netpoll.Handler.
func (cn *conn) Closed(c *netpoll.Conn) {
	cn.closing, cn.gone = true, true
	cause := cn.loop.host.EndCause()
	if c.Slow() {
		cause = sdk.ErrTooSlow
	}
	cn.loseAll(cause)
	for _, x := range cn.news {
		cn.settleLost(x)
	}
	cn.news = nil
	cn.loop.host.Release(cn.remote)
}
