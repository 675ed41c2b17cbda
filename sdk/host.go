package sdk

import (
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/windhover-go/windhover/netpoll"
)

// A Host is one loop of a server as the protocols on it see it. Glue packages
// and simulations use it; apps do not. Its methods belong to the goroutine of
// the loop unless they say otherwise.
type Host struct {
	loop    *netpoll.Loop
	config  Config
	workers Pool
	streams Pool
	drains  atomic.Bool // the server shuts down: exchanges in progress are the last
	aborted atomic.Bool // the server has stopped waiting for exchanges
	date    atomic.Pointer[date]
	watch   watch
	gate    *gate  // of the server: all its hosts share it; nil: no limit
	random  uint64 // state of Jitter

	last sync.WaitGroup // units without a connection: Serve waits for them

	refusals    []*Refusals // one for each protocol; read-only once the loop runs
	refusalRate rate
	endRate     rate // of those that end a connection of many requests
}

// NewLoop returns a loop on kernel and the host of it. Simulations and tests
// use it; a Server makes its own. config is completed with the defaults; an
// error says what in it cannot work. All units run on pool.
func NewLoop(kernel netpoll.Kernel, config Config, pool Pool) (*netpoll.Loop, *Host, error) {
	config, err := config.withDefaults(func(string) string { return "" })
	if err != nil {
		return nil, nil, err
	}
	l, h := newLoop(kernel, config, pool, pool, newGate(&config.Limits))
	return l, h, nil
}

func newLoop(kernel netpoll.Kernel, config Config, workers, streams Pool, g *gate) (*netpoll.Loop, *Host) {
	l := netpoll.NewLoop(kernel, netpoll.LoopOptions{
		HighWater:     config.Limits.ResponseBufferHigh,
		LowWater:      config.Limits.ResponseBufferLow,
		RequestBuffer: config.Limits.RequestBuffer,
		DrainTimeout:  int64(config.Limits.DrainTimeout),
		SendRate:      config.Limits.ResponseRate,
		SendGrace:     int64(config.Limits.ResponseGrace),
		SendStall:     int64(config.Limits.KeepAliveTimeout),
	})
	return l, &Host{
		loop: l, config: config, workers: workers, streams: streams,
		gate: g, random: uint64(l.Wall() + l.Clock()), refusalRate: rate{most: config.RefusalRate},
		endRate: rate{most: config.RefusalRate},
	}
}

// Admit counts a connection that was accepted, and reports whether the limits
// of connections allow it. If they do, Release has to be called when it is gone.
func (h *Host) Admit(peer netip.AddrPort) bool { return h.gate.enter(peer.Addr()) }

// Release ends what Admit began.
func (h *Host) Release(peer netip.AddrPort) { h.gate.leave(peer.Addr()) }

// Jitter returns n, which is not negative, more or less a tenth by chance.
func (h *Host) Jitter(n int64) int64 {
	// SplitMix64: all that is asked of it is to differ.
	h.random += 0x9e3779b97f4a7c15
	z := h.random
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	tenth := n / 10
	return n - tenth + int64(z%uint64(2*tenth+1))
}

// Loop returns the loop.
func (h *Host) Loop() *netpoll.Loop { return h.loop }

// Limits returns the limits, complete and read-only.
func (h *Host) Limits() *Limits { return &h.config.Limits }

// MaxBody returns the limit of the content of a request for plan, in octets.
func (h *Host) MaxBody(plan *Plan) int64 {
	if plan.MaxBody != 0 {
		return plan.MaxBody
	}
	return h.config.Limits.RequestBody
}

// HalfClose reports whether a context outlives the peer's end of its stream.
func (h *Host) HalfClose() bool { return h.config.HalfClose }

// EndCause returns why a connection that ended before its exchange did:
// ErrShutdown when the server has stopped waiting for exchanges, else
// ErrPeerClosed. Any goroutine may call it.
func (h *Host) EndCause() error {
	if h.aborted.Load() {
		return ErrShutdown
	}
	return ErrPeerClosed
}

// Drains reports whether the server shuts down: then a response announces the
// end of its connection. Any goroutine may call it.
func (h *Host) Drains() bool { return h.drains.Load() }

// Drain makes the loop accept no more, close the connections that wait for a
// request, and the others when they have been answered.
func (h *Host) Drain() {
	h.drains.Store(true)
	h.loop.Drain()
}

// Abort ends every connection of the loop now, lent ones as soon as their
// units notice.
func (h *Host) Abort() {
	h.aborted.Store(true)
	h.loop.AbortAll()
}

// Start hands u to the pool of plan.
func (h *Host) Start(plan *Plan, u Unit) {
	if plan.Streams || plan.Body == BodyStreamed {
		h.streams.Start(u)
		return
	}
	h.workers.Start(u)
}

// StartLast is Start for a unit that has no connection which the loop would wait
// for: the server does, until the unit calls EndLast.
func (h *Host) StartLast(plan *Plan, u Unit) {
	h.last.Add(1)
	h.Start(plan, u)
}

// EndLast ends what StartLast began. Any goroutine may call it.
func (h *Host) EndLast() { h.last.Done() }

// Waiter returns something that a unit can wait on. Any goroutine may call it.
func (h *Host) Waiter() netpoll.Waiter { return h.workers.Waiter() }

// Panicked reports a panic that was just recovered. Any goroutine may call it.
func (h *Host) Panicked(plan *Plan, value any) {
	h.config.OnPanic(Panic{Route: plan.Name, Value: value, Stack: debug.Stack()})
}

// recovered reports a panic of a hook, which has a name of its own in the place
// of a route's. It is deferred.
func (h *Host) recovered(hook string) {
	if v := recover(); v != nil {
		h.config.OnPanic(Panic{Route: hook, Value: v, Stack: debug.Stack()})
	}
}

// Enter says that a function of plan begins to run on the loop, and Leave that
// it has returned. Between the two the watchdog counts.
func (h *Host) Enter(plan *Plan) { h.watch.enter(plan) }

// Leave ends what Enter began.
func (h *Host) Leave() { h.watch.leave() }

// A date is the value of the Date field for one second.
type date struct {
	text  [len("Mon, 02 Jan 2006 15:04:05 GMT")]byte
	until int64 // on the loop's clock: when the second is over
}

// Date returns the value of the Date field (RFC 9110 section 5.6.7) at now, a
// time of the loop's clock. It is read-only, and rendered once a second. Any
// goroutine may call it.
func (h *Host) Date(now int64) []byte {
	d := h.date.Load()
	if d == nil || now >= d.until {
		d = h.renderDate(now)
	}
	return d.text[:]
}

func (h *Host) renderDate(now int64) *date {
	wall := h.loop.Wall()
	d := &date{until: now + int64(time.Second) - wall%int64(time.Second)}
	time.Unix(0, wall).UTC().AppendFormat(d.text[:0], "Mon, 02 Jan 2006 15:04:05 GMT")
	h.date.Store(d)
	return d
}
