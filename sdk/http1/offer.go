package http1

import (
	"math"
	"time"

	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// Offer offers an app over HTTP/1.1. bind returns the task that runs the app's
// pipeline over an exchange; it is called once for each exchange that the
// server makes, and both are reused. ready are the responses that plans refer
// to (sdk.Plan.Ready), and those to refused requests (sdk.ReadyResponse.Refusal).
func Offer(s *sdk.Setup, bind func(x *Exchange) sdk.Task, ready ...sdk.ReadyResponse) {
	p := &protocol{bind: bind, refusals: make(map[int]*h1.Ready)}
	for _, r := range ready {
		var fields msg.Fields
		for _, f := range r.Fields {
			fields.Add(f.Name, f.Value)
		}
		p.ready = append(p.ready, h1.NewReady(r.Status, &fields, []byte(r.Content)))
		if r.Refusal {
			p.refusals[r.Status] = p.ready[len(p.ready)-1]
		}
	}
	s.Offer(p)
}

// protocol is what Offer was given. Read-only after Offer.
type protocol struct {
	bind  func(x *Exchange) sdk.Task
	ready []*h1.Ready
	// refusals are those of ready that answer refused requests, by status.
	refusals map[int]*h1.Ready
}

// Name implements sdk.Protocol.
func (p *protocol) Name() string { return "http/1.1" }

// Attach implements sdk.Protocol.
func (p *protocol) Attach(h *sdk.Host, e sdk.Entry) func(c *netpoll.Conn) netpoll.Handler {
	l := &loop{host: h, protocol: p, entry: e, limits: h.Limits().Limits, pace: sdk.BodyPace(h.Limits())}
	l.away.loop = l
	// The limit of a request's content is the route's (Conn.SetMaxBody), which
	// is known when the head has been read, so the engine gets none.
	l.limits.RequestBody = 1<<63 - 1
	reasons := make([]string, h1.Reasons)
	for r := range reasons {
		reasons[r] = h1.Reason(r).Slug()
	}
	l.refusals = h.Refusals(p.Name(), reasons)
	return l.accept
}

// loop is HTTP/1.1 on one loop, for the connections of one entry.
type loop struct {
	host     *sdk.Host
	protocol *protocol
	entry    sdk.Entry
	limits   msg.Limits // as the engine has them; read-only
	refusals *sdk.Refusals
	pace     sdk.Pace // read-only
	away     turnedAway
	spares   spares
}

func (l *loop) accept(c *netpoll.Conn) netpoll.Handler {
	if !l.entry.Admitted && !l.host.Admit(c.RemoteAddr()) {
		return l.away.accept(c)
	}
	cn := &conn{loop: l}
	if l.entry.Preface != nil {
		cn.waits = waitsFirst
	}
	cn.h1.Policy, cn.h1.Secure = l.entry.Policy, l.entry.Secure
	limits := l.host.Limits()
	if n := limits.ConnectionRequests; n < math.MaxInt32 {
		cn.left = uint32(l.host.Jitter(int64(n)))
	}
	if age := limits.ConnectionAge; age < longAge {
		cn.retires = c.Now() + l.host.Jitter(int64(age))
	}
	c.SetDeadline(cn.idleUntil(c.Now()))
	return cn
}

// longAge is as good as no limit of the age: 30 years.
const longAge = 30 * 365 * 24 * time.Hour

// take returns an exchange that is ready.
func (l *loop) take() *Exchange {
	if x := l.spares.take(); x != nil {
		return x
	}
	x := &Exchange{loop: l}
	x.task = l.protocol.bind(x)
	return x
}
