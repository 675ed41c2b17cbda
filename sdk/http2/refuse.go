package http2

import (
	"github.com/windhover-go/windhover/h2"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
)

// refuse answers a request that the engine refuses.
func (cn *conn) refuse(c *netpoll.Conn, x *Exchange) {
	r := x.Refusal()
	if x.plan != nil {
		cn.fault(c, x, r)
		return
	}
	cn.note(c, &x.Exchange, r)
	cn.idleSince = 0
	date := cn.loop.host.Date(c.Now())
	if ready := cn.loop.protocol.refusals[r.Status]; ready != nil {
		c.SetOut(x.AppendReady(c.Out(), date, ready))
	} else {
		c.SetOut(x.AppendRefusal(c.Out(), date, r))
	}
	x.plan, x.phase = &refused, phaseEnded
	if cn.h2.End(&x.Exchange) {
		cn.release(x)
	}
}

// refused is the plan of a request that was refused before a route was chosen.
// Read-only.
var refused = sdk.Plan{Name: "(refused)", Place: sdk.OnLoop} //nolint:gochecknoglobals // Go has no constant structs

// fault answers what was found when the route was known. The route's function
// for errors does, in the place of the route's functions. Where there is no such
// function nothing of the app has to run.
func (cn *conn) fault(c *netpoll.Conn, x *Exchange, r *h2.RefusalError) {
	cn.note(c, &x.Exchange, r)
	if x.phase == phaseUnit { // its functions run, and read
		x.pipe.arriveEnd(x.errorOf(r))
		return
	}
	cn.answer(c, x, r)
}

// answer answers a fault that no function of the route has seen.
func (cn *conn) answer(c *netpoll.Conn, x *Exchange, r *h2.RefusalError) {
	x.fault, x.until = x.errorOf(r), 0
	x.unwinds = x.headRun && !x.plan.Errors
	x.Drop()
	ready := cn.loop.protocol.refusals[r.Status]
	switch {
	case x.plan.Errors && x.plan.Place == sdk.OffLoop:
		cn.depart(x)
		return
	case x.plan.Errors:
		x.onLoop(x.runFail)
	case ready != nil:
		x.answered = true
		c.SetOut(x.AppendReady(c.Out(), cn.loop.host.Date(c.Now()), ready))
		cn.end(x, nil)
		return
	default:
		sdk.WriteError(x, x.fault)
	}
	cn.respond(c, x)
}

// errorOf returns what the app is told of a refusal.
func (x *Exchange) errorOf(r *h2.RefusalError) error {
	if r.Reason == h2.ReasonBodyLimit {
		return sdk.ContentLimitError(r.Status, x.loop.host.MaxBody(x.plan), r)
	}
	if r.Reason == h2.ReasonBodyTimeout {
		return sdk.TooSlowError(r.Status, r.Reason.String(), r)
	}
	return &sdk.StatusError{Status: r.Status, Reason: r.Reason.String(), Err: r}
}

// note counts a refusal, and tells the app of it if it asks. x is nil for one of
// the whole connection.
func (cn *conn) note(c *netpoll.Conn, x *h2.Exchange, r *h2.RefusalError) {
	if r == nil { // the peer reset the stream
		return
	}
	reason := int(r.Reason)
	l := cn.loop
	l.refusals.Count(reason)
	if ends := r.Scope == h2.ScopeConnection; ends && !l.refusals.WantedEnd(c.Now()) || !ends && !l.refusals.Wanted(c.Now()) {
		return
	}
	f := sdk.Refusal{Status: r.Status, RemoteAddr: cn.remote}
	if x != nil {
		f.Octets = x.RequestHead().Octets()
	}
	l.refusals.Tell(reason, f)
}
