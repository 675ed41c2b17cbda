package http1

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// An Exchange is one request and its response on a connection of a server. It
// implements the features of package sdk that HTTP/1.1 has; the linker drops
// those that no function of the app takes.
//
// Exchanges are made, reused and owned by the server. An app sees one only as
// the features in its functions' parameters.
type Exchange struct {
	h1.Exchange
	loop *loop
	task sdk.Task

	// Of the present request.
	conn    *conn
	nc      *netpoll.Conn // nil after farewell
	plan    *sdk.Plan     // nil when no route was chosen
	started int64         // when the head was complete, on the loop's clock

	body      []byte // the content that is collected
	received  bool   // the request is complete
	continued bool   // 100 (Continue) was sent
	headRun   bool   // Head has run, or is running
	failed    bool   // the response is that of a panic
	answered  bool   // the head of the response was appended
	fault     error  // what the server found, for Task.Fail; nil: nothing
	last      bool   // nothing stands in the input behind the present event
	skipped   int    // octets of the body that were read past
	arrived   int    // octets of the body that the deadline does not account for yet

	hints msg.Fields // the early hints that are not sent

	remote netip.AddrPort // the peer's address when nc is nil

	// Of a unit.
	waiter    netpoll.Waiter
	wire      []byte   // what is to be sent
	trailing  trailing // nil unless the response may have a trailer section
	stream    stream   // nil unless the response is streamed
	announced int64    // octets of the stream's content; -1: not known
	owed      int64    // octets of them that it has still to be given
	file      file     // nil unless content of the response is in a file
	redone    bool     // the status was set after the stream was opened
	resets    bool     // the app resets the connection
	failure   error    // why the response cannot go on
	in        []byte   // input of a streamed request; in[at:] is not consumed
	at        int
	piece     []byte // content that Read has not handed out; part of in
	inErr     error  // what ended the content early
	patience  int64  // nanoseconds that are left for the peer while the unit waits for content
	then      then   // what the unit asks for when it gives back
	life      lifetime
	lived     bool // life was used
}

// Compile-time checks: an exchange offers every feature.
var (
	_ sdk.Request          = (*Exchange)(nil)
	_ sdk.RequestHeaders   = (*Exchange)(nil)
	_ sdk.RequestBody      = (*Exchange)(nil)
	_ sdk.RequestStream    = (*Exchange)(nil)
	_ sdk.RequestTrailers  = (*Exchange)(nil)
	_ sdk.Response         = (*Exchange)(nil)
	_ sdk.ResponseStatus   = (*Exchange)(nil)
	_ sdk.ResponseStream   = (*Exchange)(nil)
	_ sdk.SendFile         = (*Exchange)(nil)
	_ sdk.ResponseTrailers = (*Exchange)(nil)
	_ sdk.EarlyHints       = (*Exchange)(nil)
	_ sdk.Upgrade          = (*Exchange)(nil)
	_ sdk.Reset            = (*Exchange)(nil)
	_ sdk.Connection       = (*Exchange)(nil)
	_ sdk.Lifetime         = (*Exchange)(nil)
	_ sdk.TimedLifetime    = (*Exchange)(nil)
	_ sdk.TLS              = (*Exchange)(nil)
	_ sdk.Unit             = (*Exchange)(nil)
)

// begin chooses the route of a request whose head was read.
func (x *Exchange) begin(cn *conn, c *netpoll.Conn) {
	x.conn, x.nc = cn, c
	x.started = c.Now()
	x.patience = x.loop.pace.Grace()
	x.route()
	if x.plan.Trailers {
		x.KeepTrailers()
	}
}

// unrouted is the plan of a request whose route could not be chosen. Read-only.
var unrouted = sdk.Plan{Name: "(no route was chosen)", Place: sdk.OnLoop} //nolint:gochecknoglobals // Go has no constant structs

// route chooses the route. That is generated code; if it panics all the same,
// the request is answered 500 and the server goes on.
func (x *Exchange) route() {
	x.plan = &unrouted
	defer x.recovered()
	x.plan = x.task.Route()
}

// onLoop runs run, runHead, runBody or runFail, under the eyes of the watchdog.
func (x *Exchange) onLoop(run func() bool) bool {
	x.loop.host.Enter(x.plan)
	wantBody := run()
	x.loop.host.Leave()
	return wantBody
}

// runHead runs the functions up to the content.
func (x *Exchange) runHead() (wantBody bool) {
	defer x.recovered()
	return x.task.Head()
}

// runBody runs the functions that want the content.
func (x *Exchange) runBody() (wantBody bool) {
	defer x.recovered()
	x.task.Body(x.body)
	return false
}

// runFail runs the function that answers what the server found.
func (x *Exchange) runFail() (wantBody bool) {
	defer x.recovered()
	x.task.Fail(x.fault)
	return false
}

// recovered makes a panic of the app's functions the answer 500. It is
// deferred by the three that run them.
func (x *Exchange) recovered() {
	v := recover()
	if v == nil {
		return
	}
	x.failed = true
	x.loop.host.Panicked(x.plan, v)
	if x.stream != nil && x.answered {
		x.failure = sdk.ErrPanicked
		return
	}
	x.ResetResponse()
	if task, ok := x.task.(sdk.Recoverer); !ok || !x.recoverWith(task, v) {
		sdk.WriteError(x, sdk.ErrPanicked)
	}
}

// recoverWith lets the app answer a panic, and reports whether it did: that can
// panic too.
func (x *Exchange) recoverWith(task sdk.Recoverer, value any) (answered bool) {
	defer func() {
		if v := recover(); v != nil {
			x.loop.host.Panicked(x.plan, v)
			x.ResetResponse()
		}
	}()
	x.SetStatus(500)
	task.Recover(value)
	return true
}

// SetStatus implements sdk.Response. After the head of a stream was sent it
// ends the exchange: the response cannot be what the app wants. Before, it makes
// the response one that is sent as a whole, which is what an error needs.
func (x *Exchange) SetStatus(status int) {
	if x.stream != nil && x.answered {
		if x.failure == nil {
			x.failure = sdk.ErrTooLate
		}
		return
	}
	x.redone = x.stream != nil
	x.Exchange.SetStatus(status)
}

// ResponseStatus implements sdk.ResponseStatus.
func (x *Exchange) ResponseStatus() int { return x.Status() }

// appendResponse appends the whole response.
func (x *Exchange) appendResponse(dst, date []byte) []byte {
	x.checkFields()
	x.answered = true
	if x.trailing != nil {
		return x.trailing.append(dst, date)
	}
	return x.AppendResponse(dst, date)
}

// ResetResponse forgets what was written to the response, files included.
func (x *Exchange) ResetResponse() {
	x.dropFile()
	x.Exchange.ResetResponse()
}

// dropFile closes the file of the response, if there is one.
func (x *Exchange) dropFile() {
	if x.file != nil {
		x.file.drop()
	}
}

// checkFields replaces a response with a field that cannot be sent by the
// answer 500, and reports it.
func (x *Exchange) checkFields() {
	err := x.ResponseFields().Err()
	if err == nil && x.file != nil { // a unit has taken it
		err = errFileOnLoop
	}
	if err == nil && x.trailing != nil {
		err = x.trailing.err()
	}
	if err != nil {
		x.loop.host.Panicked(x.plan, err)
		x.ResetResponse()
		sdk.WriteError(x, err)
	}
}

// end tells the task how the exchange ended, if it was told of its begin.
func (x *Exchange) end(now int64, err error) {
	if x.plan == nil {
		return
	}
	out := sdk.Outcome{Route: x.plan.Name, Octets: x.ContentSent(), Err: err}
	if x.answered {
		out.Status = x.Status()
	}
	x.answered = true // or will never be
	switch {
	case err != nil:
	case x.resets:
		out.Err = sdk.ErrReset
	case x.failed:
		out.Err = sdk.ErrPanicked
	default:
		out.Err = x.fault
	}
	if x.plan.Done {
		if x.plan.Place == sdk.OnLoop {
			now = x.loop.host.Loop().Clock() // the turn's time does not move
		}
		out.Duration = time.Duration(now - x.started)
	}
	x.endTask(out)
	x.plan = nil
	if x.lived {
		x.lived = false
		x.life.end()
	}
}

// endTask runs the Done phase. A panic there has nothing left to answer.
func (x *Exchange) endTask(out sdk.Outcome) {
	defer x.reported()
	x.task.End(out)
}

// reported reports a panic of the Done phase.
func (x *Exchange) reported() {
	if v := recover(); v != nil {
		x.loop.host.Panicked(x.plan, v)
	}
}

// maxKept bounds the memory of each buffer that an exchange keeps for reuse.
const maxKept = 16 << 10

// reset readies the exchange for another request.
func (x *Exchange) reset() {
	x.dropFile()
	x.Reset()
	x.conn, x.nc, x.plan = nil, nil, nil
	x.received, x.continued, x.headRun, x.failed, x.answered = false, false, false, false, false
	x.skipped, x.arrived, x.redone, x.resets = 0, 0, false, false
	if x.hints.Count() > 0 || x.hints.Err() != nil {
		x.hints.Reset()
	}
	x.stream, x.trailing, x.failure, x.fault, x.inErr, x.piece, x.at = nil, nil, nil, nil, nil, nil, 0
	x.body, x.wire, x.in = kept(x.body), kept(x.wire), kept(x.in)
}

// kept returns b empty, or nil when it is too large to be kept.
func kept(b []byte) []byte {
	if cap(b) > maxKept {
		return nil
	}
	return b[:0]
}

// ContentType implements sdk.RequestBody.
func (x *Exchange) ContentType() msg.View {
	value, _ := x.RequestField("Content-Type")
	return value
}

// RemoteAddr implements sdk.Connection.
func (x *Exchange) RemoteAddr() netip.AddrPort {
	if x.nc == nil {
		return x.remote
	}
	return x.nc.RemoteAddr()
}

// LocalAddr implements sdk.Connection.
func (x *Exchange) LocalAddr() netip.AddrPort {
	if x.nc == nil {
		return netip.AddrPort{}
	}
	return x.nc.LocalAddr()
}

// TLSState implements sdk.TLS.
func (x *Exchange) TLSState() (state sdk.TLSState, secured bool) {
	if x.nc == nil { // the connection is gone
		return state, false
	}
	return sdk.TLSStateOf(x.nc)
}

// Context implements sdk.Lifetime.
func (x *Exchange) Context() context.Context {
	x.lived = true
	return x.life.Ask()
}

// A lifetime is the context of an exchange, which the loop may cancel while a
// unit has the exchange: the lock keeps it the exchange of that connection.
type lifetime struct {
	sdk.ExchangeContext
	mu     sync.Mutex // taken before that of the context
	owner  *conn      // the connection whose end cancels it, while it is lent
	stream bool       // OpenUpgrade was called: the peer's end does not cancel it, the beginning of a shutdown does
}

func (l *lifetime) own(cn *conn) {
	l.mu.Lock()
	l.owner = cn
	l.mu.Unlock()
}

func (l *lifetime) disown() {
	l.mu.Lock()
	l.owner = nil
	l.mu.Unlock()
}

// cancelFor cancels the context if the exchange still belongs to cn.
func (l *lifetime) cancelFor(cn *conn, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owner == cn {
		l.CancelWith(cause)
	}
}

// cancelAtEnd is cancelFor at the end of the peer's stream, which who reads a
// stream of another protocol sees there.
func (l *lifetime) cancelAtEnd(cn *conn, cause error) {
	if !l.isStream() {
		l.cancelFor(cn, cause)
	}
}

// cancelDraining is cancelFor at the beginning of a shutdown, which only a
// stream of another protocol has to know of: it has no end of its own.
func (l *lifetime) cancelDraining(cn *conn) {
	if l.isStream() { // of cn, or else cancelFor does nothing
		l.cancelFor(cn, sdk.ErrShutdown)
	}
}

func (l *lifetime) isStream() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stream
}

// end ends the context with the exchange.
func (l *lifetime) end() {
	l.EndWithExchange()
	l.mu.Lock()
	l.stream = false
	l.mu.Unlock()
}
