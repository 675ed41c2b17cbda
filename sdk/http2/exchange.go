package http2

import (
	"context"
	"net/netip"
	"time"

	"github.com/windhover-go/windhover/h2"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// An Exchange is one request and its response: a stream of a connection. It
// implements the features of package sdk that HTTP/2 has; the linker drops those
// that no function of the app takes.
//
// Exchanges are made, reused and owned by the server. An app sees one only as
// the features in its functions' parameters.
type Exchange struct {
	h2.Exchange
	loop *loop
	task sdk.Task

	// Of the present request. Before the first function runs and after the last
	// has returned it is the loop's; a unit has what its comment says.
	conn      *conn
	plan      *sdk.Plan // nil when no route was chosen
	started   int64     // when the head was complete, on the loop's clock
	phase     phase
	body      []byte // the content that is collected
	received  bool   // the request is complete
	skipped   int    // octets of the content that were read past
	continued bool   // 100 (Continue) was sent
	headRun   bool   // the unit's: Head has run, or is running
	unwinds   bool   // Head has run and what follows it never will: End may run more than Done
	failed    bool   // the unit's: the response is that of a panic
	answered  bool   // the head of the response was appended; the unit's while one runs
	fault     error  // what the server found, for Task.Fail; nil: nothing
	lost      error  // why nobody takes the response; nil: somebody does
	until     int64  // when content has to have come; 0: nobody waits for it
	patience  int64  // nanoseconds that are left for the peer while somebody waits
	taken     int64  // octets of the response that the peer had taken when the loop looked last
	stalled   bool   // it was stalled then
	out       sdk.Outcome

	hints    msg.Fields // the early hints that are not sent
	file     file       // nil unless content of the response is in a file
	trailing trailing   // nil unless the response may have a trailer section
	code     h2.ErrCode // with which the app resets the stream
	resets   bool       // it does

	// Of a unit that streams.
	stream    stream // nil unless the response is streamed
	announced int64  // octets of the stream's content; -1: not known
	owed      int64  // octets of them that it has still to be given
	redone    bool   // the status was set after the stream was opened
	failure   error  // why the response cannot go on
	pipe      pipe
	life      sdk.ExchangeContext
}

// phase says what an exchange is doing, as the loop sees it.
type phase uint8

const (
	phaseHead    phase = iota // the functions run on the loop, or have not begun
	phaseSkip                 // content that no function wants arrives before they run
	phaseCollect              // content is collected that the functions want
	phaseUnit                 // a unit has the exchange
	phaseEnded                // its response was appended; content may wait in the engine
)

// Compile-time checks: an exchange offers every feature.
var (
	_ sdk.Request          = (*Exchange)(nil)
	_ sdk.RequestHeaders   = (*Exchange)(nil)
	_ sdk.RequestBody      = (*Exchange)(nil)
	_ sdk.RequestStream    = (*Exchange)(nil)
	_ sdk.RequestTrailers  = (*Exchange)(nil)
	_ sdk.Response         = (*Exchange)(nil)
	_ sdk.ResponseStream   = (*Exchange)(nil)
	_ sdk.SendFile         = (*Exchange)(nil)
	_ sdk.ResponseTrailers = (*Exchange)(nil)
	_ sdk.EarlyHints       = (*Exchange)(nil)
	_ sdk.Upgrade          = (*Exchange)(nil)
	_ sdk.Reset            = (*Exchange)(nil)
	_ sdk.Connection       = (*Exchange)(nil)
	_ sdk.Lifetime         = (*Exchange)(nil)
	_ sdk.TLS              = (*Exchange)(nil)
	_ sdk.Unit             = (*Exchange)(nil)
)

// begin chooses the route of a request whose head was read.
func (x *Exchange) begin(cn *conn, now int64) {
	x.conn, x.started, x.patience = cn, now, cn.loop.pace.Grace()
	x.received = x.Received()
	x.route()
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

// Method implements sdk.Request. A request of extended CONNECT is one for the
// functions of GET: what offers another protocol in HTTP/1.1 is a GET, too
// (RFC 8441 section 5).
func (x *Exchange) Method() msg.Method {
	if x.isConnect() {
		return msg.MethodGet
	}
	return x.Exchange.Method()
}

// isConnect reports whether the request is one of extended CONNECT.
func (x *Exchange) isConnect() bool {
	return x.Exchange.Method() == msg.MethodConnect && x.Protocol().Len() > 0
}

// streamsIn reports whether a unit reads the content as it arrives.
func (x *Exchange) streamsIn() bool { return x.plan.Body == sdk.BodyStreamed || x.isConnect() }

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
// deferred by the functions that run them.
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

// appendResponse appends the whole response.
func (x *Exchange) appendResponse(dst, date []byte) []byte {
	if x.resets {
		x.Abort(x.code)
		return dst
	}
	x.checkFields()
	x.answered = true
	if x.trailing != nil {
		return x.trailing.append(dst, date)
	}
	return x.AppendResponse(dst, date)
}

// checkFields replaces a response that cannot be sent by the answer 500, and
// reports it; likewise one that would accept a tunnel which nobody wants.
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
	if x.isConnect() && x.Status() < 300 {
		x.ResetResponse()
		sdk.WriteError(x, errNoTunnel)
	}
}

// errNoTunnel answers extended CONNECT where the functions do not take Upgrade.
var errNoTunnel = sdk.NewError(501, "this resource speaks no other protocol")

// wantsClose reports whether the response asks for the end of the connection.
func (x *Exchange) wantsClose() bool {
	return x.plan != nil && x.ResponseFields().WantsClose()
}

// outcome returns how the exchange ended.
func (x *Exchange) outcome(now int64, err error) sdk.Outcome {
	out := sdk.Outcome{Route: x.plan.Name, Octets: x.ContentSent(), Err: err}
	if x.answered {
		out.Status = x.Status()
	}
	switch {
	case err != nil:
	case x.resets:
		out.Err = sdk.ErrReset
	case x.failed:
		out.Err = sdk.ErrPanicked
	case x.failure != nil:
		out.Err = x.failure
	default:
		out.Err = x.fault
	}
	if x.plan.Done {
		if x.plan.Place == sdk.OnLoop {
			now = x.loop.host.Loop().Clock() // the turn's time does not move
		}
		out.Duration = time.Duration(now - x.started)
	}
	return out
}

// endTask runs the Done phase. A panic there has nothing left to answer.
func (x *Exchange) endTask() {
	defer x.reported()
	x.life.EndWithExchange()
	x.task.End(x.out)
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
	x.conn, x.plan, x.phase = nil, nil, phaseHead
	x.received, x.continued, x.headRun, x.failed, x.answered = false, false, false, false, false
	x.skipped, x.taken, x.stalled, x.unwinds = 0, 0, false, false
	x.fault, x.lost, x.until, x.redone, x.resets = nil, nil, 0, false, false
	if x.hints.Count() > 0 || x.hints.Err() != nil {
		x.hints.Reset()
	}
	x.stream, x.trailing, x.failure, x.out = nil, nil, nil, sdk.Outcome{}
	x.body = kept(x.body)
	x.pipe.reset()
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
func (x *Exchange) RemoteAddr() netip.AddrPort { return x.conn.remote }

// LocalAddr implements sdk.Connection.
func (x *Exchange) LocalAddr() netip.AddrPort { return x.conn.local }

// TLSState implements sdk.TLS.
func (x *Exchange) TLSState() (state sdk.TLSState, secured bool) {
	if s := x.conn.secured; s != nil {
		return s.SecuredBy(), true
	}
	return state, false
}

// Context implements sdk.Lifetime.
func (x *Exchange) Context() context.Context { return x.life.Ask() }

// A trailing is a response that may have a trailer section: a trailed. The
// exchange knows it by this interface, so that an app that names no trailers
// links nothing of it.
type trailing interface {
	// err returns why the section cannot be sent.
	err() error
	// append appends the whole response.
	append(dst, date []byte) []byte
}

// ResponseTrailers implements sdk.ResponseTrailers.
func (x *Exchange) ResponseTrailers() *msg.Fields {
	x.trailing = (*trailed)(x)
	return x.Exchange.ResponseTrailers()
}

// A trailed is an exchange whose response may have a trailer section.
type trailed Exchange

// err implements trailing.
func (t *trailed) err() error { return t.TrailersErr() }

// append implements trailing.
func (t *trailed) append(dst, date []byte) []byte { return t.AppendTrailed(dst, date) }
