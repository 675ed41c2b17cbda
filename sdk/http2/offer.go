package http2

import (
	"math"
	"time"

	"github.com/windhover-go/windhover/h2"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// Offer offers an app over HTTP/2. bind returns the task that runs the app's
// pipeline over an exchange; it is called once for each exchange that the
// server makes, and both are reused. ready are the responses that plans refer
// to (sdk.Plan.Ready), and those to refused requests (sdk.ReadyResponse.Refusal).
func Offer(s *sdk.Setup, bind func(x *Exchange) sdk.Task, ready ...sdk.ReadyResponse) {
	p := &protocol{bind: bind, refusals: make(map[int]*h2.Ready)}
	for _, r := range ready {
		var fields msg.Fields
		for _, f := range r.Fields {
			fields.Add(f.Name, f.Value)
		}
		p.ready = append(p.ready, h2.NewReady(r.Status, &fields, []byte(r.Content)))
		if r.Refusal {
			p.refusals[r.Status] = p.ready[len(p.ready)-1]
		}
	}
	s.Offer(p)
}

// protocol is what Offer was given. Read-only after Offer.
type protocol struct {
	bind  func(x *Exchange) sdk.Task
	ready []*h2.Ready
	// refusals are those of ready that answer refused requests, by status.
	refusals map[int]*h2.Ready
}

// Name implements sdk.Protocol.
func (p *protocol) Name() string { return "h2" }

// Attach implements sdk.Protocol.
func (p *protocol) Attach(h *sdk.Host, e sdk.Entry) func(c *netpoll.Conn) netpoll.Handler {
	limits := h.Limits()
	l := &loop{host: h, protocol: p, entry: e}
	own := limits.Limits
	// The limit of a request's content is the route's (Exchange.SetMaxBody),
	// which is known when the head has been read, so the engine gets none.
	own.RequestBody = math.MaxInt64
	l.config = h2.Config{
		Limits: &own, Streams: limits.Streams, FrameSize: limits.FrameSize, HeaderTable: uint32(limits.HeaderTable),
		ConnectionWindow: int64(limits.ConnectionWindow), StreamWindow: int64(limits.StreamWindow),
		HeadTimeout: int64(limits.HeadTimeout), PingInterval: int64(limits.PingInterval), PingTimeout: int64(limits.PingTimeout),
		Budget: limits.Budget, BudgetRate: limits.BudgetRate, Connect: true,
	}.WithDefaults()
	l.pace = sdk.BodyPace(limits)
	reasons := make([]string, h2.Reasons)
	for r := range reasons {
		reasons[r] = h2.Reason(r).Slug()
	}
	l.refusals = h.Refusals(p.Name(), reasons)
	return l.accept
}

// loop is HTTP/2 on one loop, for the connections of one entry.
type loop struct {
	host     *sdk.Host
	protocol *protocol
	entry    sdk.Entry
	config   h2.Config // read-only
	refusals *sdk.Refusals
	pace     sdk.Pace // read-only
	free     []*Exchange
	spare    *Exchange // what the next stream gets; nil when the last has it
}

// maxFree bounds the exchanges that a loop keeps for reuse: each of some KiB,
// and up to maxKept for each of its buffers that was needed.
const maxFree = 256

func (l *loop) accept(c *netpoll.Conn) netpoll.Handler {
	if !l.entry.Admitted && !l.host.Admit(c.RemoteAddr()) {
		return nil
	}
	cn := &conn{loop: l, nc: c, remote: c.RemoteAddr(), local: c.LocalAddr()}
	cn.secured, _ = c.Layer().(sdk.Secured)
	cn.h2.Secure = l.entry.Secure
	cn.h2.Open(&l.config, c.Now())
	limits := l.host.Limits()
	if n := limits.ConnectionRequests; n < math.MaxInt32 {
		cn.left = uint32(l.host.Jitter(int64(n)))
	}
	if age := limits.ConnectionAge; age < longAge {
		cn.retires = c.Now() + l.host.Jitter(int64(age))
	}
	cn.idleSince = c.Now()
	cn.wait(c)
	return cn
}

// longAge is as good as no limit of the age: 30 years.
const longAge = 30 * 365 * 24 * time.Hour

// take returns an exchange that is ready.
func (l *loop) take() *Exchange {
	if n := len(l.free); n > 0 {
		x := l.free[n-1]
		l.free = l.free[:n-1]
		return x
	}
	x := &Exchange{loop: l}
	x.Host = x
	x.task = l.protocol.bind(x)
	return x
}

// ready returns an exchange that the next stream can have.
func (l *loop) ready() *h2.Exchange {
	if l.spare == nil {
		l.spare = l.take()
	}
	return &l.spare.Exchange
}

// reject takes back an exchange that the engine does not want any more.
func (l *loop) reject(x *Exchange) {
	if x != l.spare {
		l.give(x)
	}
}

// give takes back an exchange.
func (l *loop) give(x *Exchange) {
	x.reset()
	if len(l.free) < maxFree {
		l.free = append(l.free, x)
	}
}
