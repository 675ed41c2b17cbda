package http1

import (
	"bytes"

	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
)

// refuse answers a request that is refused, by the engine or by the limits and
// deadlines that are kept here, and ends the connection. rest is what stands in
// the input behind what was consumed. departed says that a unit has the
// connection, or waits for it.
func (cn *conn) refuse(c *netpoll.Conn, r *h1.RefusalError, rest []byte) (departed bool) {
	cn.note(c, r, rest)
	switch {
	case cn.phase == phaseDrop: // it has been answered
		cn.close(c)
	case cn.x.plan == nil:
		date := cn.loop.host.Date(c.Now())
		if ready := cn.loop.protocol.refusals[r.Status]; ready != nil {
			c.SetOut(ready.AppendRefusal(c.Out(), date, r.Head))
		} else {
			c.SetOut(h1.AppendRefusal(c.Out(), date, r))
		}
		cn.close(c)
	default:
		return cn.fail(c, r)
	}
	return false
}

// refuseLate answers a request whose head takes too long to arrive.
func (cn *conn) refuseLate(c *netpoll.Conn) {
	if cn.x == nil {
		cn.x = cn.loop.take()
	}
	rest := c.Kept()
	cn.refuse(c, h1.ReasonHeadTimeout.Refusal(bytes.HasPrefix(rest, []byte("HEAD "))), rest)
}

// fail answers a fault that was found when the route was known. The route's
// function for errors does, in the place of the route's functions: it may block
// as they may, so it never runs on the loop for a route off it, and a unit is
// lent the connection for it. Where there is no such function nothing of the
// app has to run, and the answer leaves at once.
func (cn *conn) fail(c *netpoll.Conn, r *h1.RefusalError) (departed bool) {
	x := cn.x
	x.fault = x.errorOf(r)
	x.CloseAfter()
	ready := cn.loop.protocol.refusals[r.Status]
	switch {
	case x.stream != nil && x.answered: // the response has begun, and cannot be completed
		if x.endsOffLoop() {
			cn.farewell(c, x.fault)
		} else {
			x.end(c.Now(), x.fault)
		}
		cn.phase = phaseClosing
		c.CutOff()
	case x.plan.Errors && x.plan.Place == sdk.OffLoop:
		x.Pin()
		x.inErr = x.fault // there is nothing to be read
		cn.lend(c, nil)
		return true
	case x.plan.Errors:
		x.onLoop(x.runFail)
		cn.respond(c)
	case ready != nil:
		x.answered = true
		c.SetOut(x.AppendReady(c.Out(), cn.loop.host.Date(c.Now()), ready))
		cn.responded(c)
	default:
		sdk.WriteError(x, x.fault)
		cn.respond(c)
	}
	return false
}

// errorOf returns what the app is told of a refusal.
func (x *Exchange) errorOf(r *h1.RefusalError) error {
	if r.Reason == h1.ReasonBodyLimit {
		return sdk.ContentLimitError(r.Status, x.loop.host.MaxBody(x.plan), r)
	}
	if r.Reason == h1.ReasonBodyTimeout {
		return sdk.TooSlowError(r.Status, r.Reason.String(), r)
	}
	return &sdk.StatusError{Status: r.Status, Reason: r.Reason.String(), Err: r}
}

// note counts a refusal, and tells the app of it if it asks.
func (cn *conn) note(c *netpoll.Conn, r *h1.RefusalError, rest []byte) {
	l, x, reason := cn.loop, cn.x, int(r.Reason)
	l.refusals.Count(reason)
	if !l.refusals.Wanted(c.Now()) {
		return
	}
	f := sdk.Refusal{Status: r.Status, RemoteAddr: c.RemoteAddr(), Octets: rest}
	if cn.phase == phaseDrop {
		f.Status = 0
	}
	if cn.phase != phaseAwait || x.plan != nil { // the head was complete
		f.Octets = x.RequestHead().Octets()
	}
	f.Offset = x.FaultAt(r.Reason, rest, &l.limits)
	l.refusals.Tell(reason, f)
}
