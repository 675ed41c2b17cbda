package http1

import (
	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/invariant"
)

// depart readies an exchange whose functions run off the loop and lends it. The
// head is copied, and with it the content that stands in rest already: when
// that is all of it, or the route streams, the unit needs the loop no more.
func (cn *conn) depart(c *netpoll.Conn, rest []byte) (n int, departed bool) {
	x := cn.x
	x.Pin()
	if !x.received && x.plan.Body == sdk.BodyCollected {
		var refused bool
		if n, refused = cn.gather(rest); refused {
			return len(rest), cn.refuse(c, x.Refusal(), rest[n:])
		}
	}
	return n + cn.lend(c, rest[n:]), true
}

// gather collects what rest holds of the content, and reports whether the engine
// refused it.
func (cn *conn) gather(rest []byte) (n int, refused bool) {
	x := cn.x
	for {
		ev, m := cn.h1.Next(&x.Exchange, rest[n:], &cn.loop.limits)
		n += m
		switch ev {
		case h1.EventContent:
			x.body = append(x.body, x.Content()...)
			continue
		case h1.EventEnd:
			x.received = true
		case h1.EventRefused:
			refused = true
		case h1.EventNone, h1.EventHead:
		}
		return n, refused
	}
}

// lend hands the connection to a unit as soon as what stands before its
// response is sent. A unit that reads, or may after an upgrade, gets the input
// too: n octets of rest, for it reads on behind them. The caller does not touch
// the connection afterwards.
func (cn *conn) lend(c *netpoll.Conn, rest []byte) (n int) {
	x := cn.x
	if !c.Flush() {
		cn.phase = phaseLending
		c.SetDeadline(0) // the peer has to take what is unsent (Limits.ResponseRate)
		c.AgainWhenSent()
		return 0
	}
	if x.plan.Body == sdk.BodyStreamed && !x.received || x.plan.Streams && x.received {
		x.in, x.at = append(x.in[:0], rest...), 0
		n = len(rest)
	}
	if cn.ended {
		c.Again() // nothing else makes the loop come back to close
	}
	cn.phase = phaseLent
	x.then = thenAwait
	x.lived = true
	x.life.own(cn)
	cn.unit.Store(x)
	if x.waiter == nil {
		x.waiter = cn.loop.host.Waiter()
	}
	c.Lend(x.waiter)
	cn.loop.host.Start(x.plan, x)
	return n
}

// RunUnit implements sdk.Unit: it runs the functions of the exchange, sends
// the response and gives the connection back.
func (x *Exchange) RunUnit() {
	switch {
	case x.fault != nil:
		x.runFail()
	case x.headRun:
		x.runBody()
	default:
		x.headRun = true
		if wantBody := x.runHead(); wantBody {
			if !x.received {
				x.giveBack(thenCollect)
				return
			}
			x.runBody()
		}
	}
	x.complete()
}

// complete sends the response, or what is left of it, and ends the exchange.
func (x *Exchange) complete() {
	cn := x.conn
	err := x.send()
	now := x.loop.host.Loop().Clock()
	x.life.disown()
	x.end(now, err)
	switch {
	case err == sdk.ErrTooLate && x.upgraded():
		x.giveBack(thenClose)
	case err != nil:
		x.giveBack(thenAbort)
	case !x.Persists():
		x.giveBack(thenClose)
	case !x.received:
		cn.h1.Drop()
		x.giveBack(thenDrop)
	case !cn.h1.Finish(&x.Exchange):
		x.giveBack(thenClose)
	default:
		x.depose(now)
	}
}

// send sends what is not sent of the response.
func (x *Exchange) send() error {
	switch {
	case x.resets:
		if x.file != nil {
			x.file.drop()
		}
		return sdk.ErrReset
	case x.file != nil:
		return x.file.end()
	case x.stream != nil:
		return x.stream.end()
	}
	return x.sendWhole()
}

// sendWhole sends a response of which nothing is sent yet.
func (x *Exchange) sendWhole() error {
	x.conn.sayClose()
	x.wire = x.appendResponse(x.wire[:0], x.loop.host.Date(x.loop.host.Loop().Clock()))
	return x.gone(x.nc.WriteLent(x.wire))
}

// depose ends the loan with nothing left to do: the connection waits for its
// next request, and the exchange is free.
func (x *Exchange) depose(now int64) {
	cn, c := x.conn, x.nc
	cn.unit.Store(nil)
	cn.x, cn.phase = nil, phaseAwait
	c.SetDeadline(cn.idleUntil(now))
	c.GiveBack(x.in[x.at:], false)
	x.reset()
	x.loop.spares.giveBack(x)
}

// giveBack ends the loan and asks the loop to go on as t says.
func (x *Exchange) giveBack(t then) {
	x.then = t
	x.conn.unit.Store(nil)
	x.nc.GiveBack(x.in[x.at:], true)
}

// endsOffLoop reports whether the functions of Finish and Done, which run when the
// exchange ends, run off the loop and still have to: the functions up to the
// content have run there.
func (x *Exchange) endsOffLoop() bool {
	return x.plan != nil && x.plan.Place == sdk.OffLoop && x.headRun
}

// farewell has a unit end an exchange that the loop is done with: its connection
// is gone or ends, and err says why. What the exchange is still asked for, it
// answers without the connection.
func (cn *conn) farewell(c *netpoll.Conn, err error) {
	x := cn.x
	cn.x = nil
	x.remote = c.RemoteAddr()
	x.conn, x.nc = nil, nil
	x.failure, x.inErr = err, err
	cn.loop.host.StartLast(x.plan, (*farewell)(x))
}

// A farewell is an exchange as the unit that ends it.
type farewell Exchange

// RunUnit implements sdk.Unit.
func (f *farewell) RunUnit() {
	x := (*Exchange)(f)
	l := x.loop
	x.end(l.host.Loop().Clock(), x.failure)
	x.reset()
	l.spares.giveBack(x)
	l.host.EndLast()
}

// Returned implements netpoll.Handler.
func (cn *conn) Returned(c *netpoll.Conn) {
	switch cn.x.then {
	case thenAwait:
	case thenCollect:
		_, departed := cn.collect(c, nil)
		invariant.That(!departed) // the content is not complete
		cn.waitContent(c)
	case thenDrop:
		cn.phase = phaseDrop
		cn.waitContent(c)
	case thenClose:
		cn.letGo()
		cn.close(c)
	case thenAbort:
		cn.letGo()
		cn.phase = phaseClosing
		c.CutOff() // without a length, the end of the stream would look like the end of the content
	}
}
