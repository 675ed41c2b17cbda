package main

import (
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
)

// A watchedApp is the app with watches before and behind the server: at what
// the loop tells the protocol, and at what the protocol tells the app.
type watchedApp struct {
	*Pipeline
	s *simulation
}

// Install implements sdk.App.
func (a *watchedApp) Install(setup *sdk.Setup) {
	var own sdk.Setup
	http1.Offer(&own, func(x *http1.Exchange) sdk.Task {
		a.s.bound++
		return &watchedTask{Task: a.Bind(x), x: x, s: a.s}
	}, readyResponses()...)
	for _, p := range own.Protocols() {
		setup.Offer(watchedProtocol{p, a.s})
	}
}

// watchedProtocol is HTTP/1.1 with a watch at each connection.
type watchedProtocol struct {
	sdk.Protocol
	s *simulation
}

// Attach implements sdk.Protocol.
func (p watchedProtocol) Attach(h *sdk.Host, e sdk.Entry) func(*netpoll.Conn) netpoll.Handler {
	accept := p.Protocol.Attach(h, e)
	return func(c *netpoll.Conn) netpoll.Handler {
		p.s.opened++
		client := p.s.byAddr[c.RemoteAddr()]
		client.conn, client.idle = c, c.Now()
		return &watchedConn{Handler: accept(c), s: p.s, client: client}
	}
}

// watchedConn notes when a connection was last heard of.
type watchedConn struct {
	netpoll.Handler
	s      *simulation
	client *client
}

// heard moves the time from which a deadline counts.
func (c *client) heard(now int64) {
	if c.expired == 0 {
		c.idle = now
	}
}

// Receive implements netpoll.Handler.
func (w *watchedConn) Receive(c *netpoll.Conn, in []byte) int {
	w.client.heard(c.Now())
	before := len(w.client.outcomes)
	n := w.Handler.Receive(c, in)
	if last := len(w.client.script) - 1; n < len(in) && len(w.client.outcomes) == last {
		// All is answered but the request that never ends. When the turn was
		// full of answers, it is looked at in the next.
		if w.client.half[0] == 0 {
			w.client.half[0] = c.Now()
		}
		if w.client.half[1] == 0 && before == last {
			w.client.half[1] = c.Now()
		}
	}
	w.s.overflow(w.client)
	return n
}

// Expired implements netpoll.Handler.
func (w *watchedConn) Expired(c *netpoll.Conn) {
	if w.client.expired != 0 && w.s.plan.orderly() && !w.client.deaf {
		w.s.broken("a second deadline passed")
	}
	w.client.expired = c.Now()
	w.Handler.Expired(c)
}

// Returned implements netpoll.Handler.
func (w *watchedConn) Returned(c *netpoll.Conn) {
	w.client.heard(c.Now())
	w.Handler.Returned(c)
}

// Closed implements netpoll.Handler.
func (w *watchedConn) Closed(c *netpoll.Conn) {
	w.s.closed++
	w.client.conn, w.client.closed = nil, c.Now()
	w.Handler.Closed(c)
}

// watchedTask checks the order of the calls that a task gets, and notes the
// outcomes. The app collects no content, so it adds two routes that do:
// /collect/loop and /collect/pool answer with the content, and with their path as
// it was before the content came.
type watchedTask struct {
	sdk.Task
	x       *http1.Exchange
	s       *simulation
	client  *client
	plan    *sdk.Plan
	collect bool
	state   taskState
}

// taskState is the last call that a task got.
type taskState uint8

const (
	taskEnded taskState = iota
	taskRouted
	taskWantsBody
	taskRan
)

var (
	collectOnLoop  = sdk.Plan{Name: "POST /collect/loop", Place: sdk.OnLoop, Body: sdk.BodyCollected}
	collectOffLoop = sdk.Plan{Name: "POST /collect/pool", Body: sdk.BodyCollected}
)

// Route implements sdk.Task.
func (t *watchedTask) Route() *sdk.Plan {
	if t.state != taskEnded {
		t.s.broken("Route of an exchange that has not ended")
	}
	t.client, t.state = t.s.byAddr[t.x.RemoteAddr()], taskRouted
	t.s.open++
	t.plan, t.collect = t.Task.Route(), true
	switch string(t.x.RawPath().Octets()) {
	case "/collect/loop":
		t.plan = &collectOnLoop
	case "/collect/pool":
		t.plan = &collectOffLoop
	default:
		t.collect = false
	}
	return t.plan
}

// Head implements sdk.Task.
func (t *watchedTask) Head() (wantBody bool) {
	if t.state != taskRouted {
		t.s.broken("Head out of turn")
	}
	t.state = taskRan // also when it panics
	if t.collect {
		t.state = taskWantsBody
		return true
	}
	return t.Task.Head()
}

// Body implements sdk.Task.
func (t *watchedTask) Body(content []byte) {
	if t.state != taskWantsBody {
		t.s.broken("Body out of turn")
	}
	t.state = taskRan
	t.x.ResponseFields().SetOctets("X-Path", t.x.RawPath().Octets())
	t.x.ResponseContent().Octets(content)
}

// End implements sdk.Task.
func (t *watchedTask) End(out sdk.Outcome) {
	if t.state == taskEnded {
		t.s.broken("End of an exchange that has ended: %+v", out)
	}
	if t.plan == nil || out.Route != t.plan.Name {
		t.s.broken("End of another exchange: %+v", out)
		return
	}
	t.state, t.plan = taskEnded, nil
	t.s.open--
	t.client.outcomes = append(t.client.outcomes, out)
	t.client.heard(t.s.server.Network.Now())
	t.Task.End(out)
}
