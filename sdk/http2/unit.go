package http2

import (
	"github.com/windhover-go/windhover/h2"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
)

// then says what the loop does when a unit has come to its end.
type then uint8

const (
	thenNothing then = iota // it has not
	thenCollect             // the functions want the content
	thenRespond             // the whole response is to be sent
	thenFinish              // the rest of a stream is to be sent
)

// RunUnit implements sdk.Unit: it runs the functions of the exchange, and leaves
// it to the loop to send the response.
func (x *Exchange) RunUnit() {
	switch {
	case x.fault != nil:
		x.runFail()
	case x.headRun:
		x.runBody()
	default:
		x.headRun = true
		if wantBody := x.runHead(); wantBody {
			// Whether the content is complete the loop knows.
			x.pipe.leave(thenCollect)
			return
		}
	}
	switch {
	case x.file == nil:
	case x.resets:
		x.file.drop()
	default:
		x.file.send()
	}
	if x.stream == nil || x.resets {
		x.pipe.leave(thenRespond)
		return
	}
	x.pipe.leave(x.stream.end())
}

// An ending is an exchange as the unit that runs its Done phase.
type ending Exchange

// RunUnit implements sdk.Unit.
func (e *ending) RunUnit() {
	x := (*Exchange)(e)
	x.endTask()
	x.loop.host.Loop().Post(e)
}

// Deliver implements netpoll.Mail.
func (e *ending) Deliver(l *netpoll.Loop) {
	x := (*Exchange)(e)
	l.Arrived()
	x.loop.give(x)
}

// news is an exchange as the mail of its unit.
type news Exchange

// Deliver implements netpoll.Mail. Several units of a connection are dealt with
// at once, in the next turn, so that their responses leave in one write.
func (m *news) Deliver(*netpoll.Loop) {
	x := (*Exchange)(m)
	cn := x.conn
	if cn.gone {
		cn.settleLost(x)
		return
	}
	cn.news = append(cn.news, x)
	if len(cn.news) == 1 {
		cn.nc.Again()
	}
}

// settleLost takes note of a unit whose connection is no more.
func (cn *conn) settleLost(x *Exchange) {
	w := x.pipe.work()
	x.pipe.worked(w.out, 0)
	if w.end != thenNothing {
		cn.loop.host.Loop().Arrived()
		x.unwinds = w.end == thenCollect
		cn.end(x, x.lost)
	}
}

// settleUnits does what units have asked for.
func (cn *conn) settleUnits(c *netpoll.Conn) {
	for i, x := range cn.news {
		cn.news[i] = nil
		cn.settleUnit(c, x)
	}
	cn.news = cn.news[:0]
}

// settleUnit does what a unit has asked for.
func (cn *conn) settleUnit(c *netpoll.Conn, x *Exchange) {
	end := cn.pump(c, x)
	if end != thenNothing {
		x.until = 0
		c.Loop().Arrived()
	}
	switch {
	case end == thenNothing:
	case x.lost != nil:
		x.unwinds = end == thenCollect
		cn.end(x, x.lost)
	case end == thenCollect:
		cn.collect(c, x)
	case end == thenRespond:
		cn.respond(c, x)
	case end == thenFinish:
		cn.finish(c, x)
	}
}

// pump moves what streams between a unit and the engine.
func (cn *conn) pump(c *netpoll.Conn, x *Exchange) (end then) {
	w := x.pipe.work()
	if w.consumed > 0 {
		x.Consumed(w.consumed)
	}
	if w.reads && !x.received && x.until == 0 && !x.upgraded() && x.lost == nil {
		cn.goOn(c, x)
		cn.await(c, x)
	}
	date := cn.loop.host.Date(c.Now())
	switch w.ask {
	case askNothing:
	case askHead:
		c.SetOut(x.AppendStreamHead(c.Out(), date, x.announced))
	case askHints:
		c.SetOut(x.AppendEarlyHints(c.Out(), &x.hints))
	case askUpgrade:
		c.SetOut(x.AppendUpgrade(c.Out(), date))
	}
	if len(w.out) > 0 {
		out, err := x.AppendStreamContent(c.Out(), w.out)
		c.SetOut(out)
		if err != nil { // the unit counts, too
			x.Abort(h2.CodeInternal)
			x.pipe.fail(err)
		}
	}
	if w.ends {
		_ = cn.appendEnd(c, x) // a stream of another protocol declares no length
	}
	unsent := x.Unsent()
	// Where the marks are the same a writer waits at the low one, too.
	if limits := cn.loop.config.Limits; unsent > min(limits.ResponseBufferLow, limits.ResponseBufferHigh-1) {
		x.WaitForRoom()
	}
	x.pipe.worked(w.out, unsent)
	return w.end
}

// finish ends a streamed response.
func (cn *conn) finish(c *netpoll.Conn, x *Exchange) {
	err := x.failure
	if err == nil && !x.pipe.ended {
		err = cn.appendEnd(c, x)
	} else if err != nil {
		x.Abort(h2.CodeInternal)
	}
	cn.end(x, err)
}

// appendEnd appends the end of a stream.
func (cn *conn) appendEnd(c *netpoll.Conn, x *Exchange) error {
	out, err := x.AppendStreamEnd(c.Out())
	c.SetOut(out)
	return err
}

// drain tells a unit with another protocol that the server shuts down: it has no
// end of its own.
func (x *Exchange) drain() {
	if x.upgraded() {
		x.life.CancelWith(sdk.ErrShutdown)
	}
}
