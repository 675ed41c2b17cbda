package netpoll

import (
	"errors"
	"math"
	"runtime"
	"sync/atomic"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// LoopOptions are the bounds of a loop; a zero means the default.
type LoopOptions struct {
	HighWater     int   // octets unsent at which reading pauses; default 65,536
	LowWater      int   // octets unsent at which reading goes on; default 16,384
	RequestBuffer int   // octets of unconsumed input at which reading pauses; default 1 MiB
	DrainTimeout  int64 // nanoseconds that Close reads on; default 5 s

	// How fast a peer has to take output, as long as some is unsent: see
	// Conn.Slow. Without SendRate or SendStall it may take all the time.
	SendRate  int   // octets in a second, on average; 0: only SendStall counts
	SendGrace int64 // nanoseconds that the peer has to begin with; used with SendRate
	SendStall int64 // nanoseconds for which a peer may take nothing; 0: as many as it has earned
}

// withDefaults returns o with its zeros replaced.
func (o LoopOptions) withDefaults() LoopOptions {
	if o.HighWater == 0 {
		o.HighWater = 64 << 10
	}
	if o.LowWater == 0 {
		o.LowWater = min(16<<10, o.HighWater/2)
	}
	if o.RequestBuffer == 0 {
		o.RequestBuffer = 1 << 20
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 5e9
	}
	switch {
	case o.SendRate <= 0:
		o.SendRate, o.SendGrace = 0, o.SendStall
	case o.SendStall == 0:
		o.SendStall = longest
	}
	o.SendStall = max(o.SendStall, o.SendGrace)
	return o
}

const (
	readSize = 64 << 10 // the lent read buffer: the work for one connection in a turn
	// enoughKept is how many octets of kept input are enough for a handler that
	// goes on with them (Conn.Again): nothing is read besides. Otherwise a peer
	// that sends faster than its turns take would fill RequestBuffer.
	enoughKept  = readSize / 4
	outSize     = 16 << 10  // what the output block begins with
	maxOutSize  = 1 << 20   // a larger output block is let go after the turn
	minEvents   = 128       // reports a turn begins with
	maxEvents   = 4096      // reports a turn grows to
	yieldAfter  = 1_000_000 // nanoseconds; see Loop.yield
	noDeadline  = math.MaxInt64
	goingTime   = 100_000     // nanoseconds that a turn goes on with connections of earlier ones
	maxAccepts  = 64          // connections that a listener of one loop gives in a turn
	acceptPause = 100_000_000 // nanoseconds without descriptors before the next try
)

// A Loop serves the connections that its listeners accept.
//
// A turn (Turn) is: wait; handle what the kernel reports; deliver mail; go on
// with the connections that have more to do than one turn allows; accept; call
// what is due. Handlers only note what they want of their connection; settle
// does it after they return, so that a connection never disappears under its
// handler, and its output leaves in one write.
type Loop struct {
	kernel  Kernel
	options LoopOptions
	now     int64 // when the turn's Wait returned
	events  []Ready
	slab    slab
	wheel   wheel
	pool    pool
	mail    mailbox

	in []byte // lent to the handler that receives

	// What layers work with.
	sealedIn  []byte // as the peer sent it; nil until there is a layer
	sealedOut []byte // as the peer gets it
	scratch   scratch

	// out is the output of outConn. Both belong to the turn: after settle
	// outConn is nil and out is empty.
	out     []byte
	outConn *Conn

	touched []*Conn // settle has to look at them; each once (flagTouched)
	ready   []Key   // they go on in the next turn, in this order; each once (flagReady)
	due     []Key   // scratch of expire

	listeners []listener
	resumeAt  int64 // accepting pauses until then; 0 when it does not
	acceptAny bool  // a listener may have more connections

	loans    atomic.Int64 // connections that are lent
	expected int          // see Expect
	lends    uint64       // loans there ever were
	yielded  int64        // when the loop last gave way
	draining bool
	stopped  bool
}

// NewLoop returns a loop on k. The loop owns k.
func NewLoop(k Kernel, o LoopOptions) *Loop {
	l := &Loop{
		kernel:  k,
		options: o.withDefaults(),
		events:  make([]Ready, minEvents),
		in:      make([]byte, readSize),
		out:     make([]byte, 0, outSize),
	}
	l.now = k.Now()
	l.wheel.reset(l.now)
	return l
}

// Run turns until Stop, or until no connection is left after Drain, and then
// closes what is left, waiting for what is lent. An error of the kernel that
// leaves no way on ends it. It may be called once.
func (l *Loop) Run() error {
	var err error
	for err == nil && !l.stopped && (!l.draining || l.Conns() > 0 || l.expected > 0) {
		err = l.Turn(-1)
	}
	l.finish()
	if e := l.kernel.Release(); err == nil {
		err = e
	}
	return err
}

// finish aborts every connection and ends when all are closed. A lent one is
// closed when its unit gives it back, which its failing I/O brings about; the
// kernel is not needed to learn of it.
func (l *Loop) finish() {
	l.draining = true
	l.AbortAll()
	for l.Conns() > 0 || l.expected > 0 {
		l.deliver(l.mail.wait())
		l.AbortAll() // a handler may have lent its connection anew
	}
	for {
		last := l.mail.end()
		if len(last) == 0 {
			return
		}
		l.deliver(last)
	}
}

// Turn waits until the time until at the longest and does the work that
// brings. Run calls it; a simulation calls it itself.
func (l *Loop) Turn(until int64) error {
	l.settle() // what was asked for between turns, as a simulation may
	until = l.bound(until)
	if until != 0 && l.mail.beginWait() {
		until = 0
	}
	n, err := l.kernel.Wait(l.events, until)
	l.mail.endWait()
	if err != nil {
		return err
	}
	l.now = max(l.now, l.kernel.Now())
	going := len(l.ready) // those of earlier turns
	for _, r := range l.events[:n] {
		l.report(r)
	}
	if n == len(l.events) && n < maxEvents {
		l.events = make([]Ready, 2*n)
	}
	l.deliver(l.mail.take())
	if going > 0 {
		l.goOn(going)
	}
	l.acceptTurn()
	if l.now >= l.wheel.next {
		l.expire()
	}
	l.yield()
	return nil
}

// goOn goes on with the first n ready connections, or with as many as there is
// time for, one at least; the others stay first in line. Else a thousand peers
// that pipeline without end would each have their share of a turn before one
// that has just asked is answered.
func (l *Loop) goOn(n int) {
	served := 0
	for began := l.kernel.Now(); served == 0 || served < n && l.kernel.Now()-began < goingTime; {
		c := l.slab.find(l.ready[served])
		served++
		if c != nil {
			c.clear(flagReady)
			l.drive(c)
			l.settle()
		}
	}
	l.ready = append(l.ready[:0], l.ready[served:]...)
}

// bound returns when the loop has something to do by itself, until at the
// latest. 0, which has always passed, means now.
func (l *Loop) bound(until int64) int64 {
	if len(l.ready) > 0 || l.acceptAny && l.resumeAt == 0 {
		return 0
	}
	if t := l.wheel.next; t != noDeadline && (until < 0 || t < until) {
		until = t
	}
	if t := l.resumeAt; t != 0 && (until < 0 || t < until) {
		until = t
	}
	return until
}

// yield lets other goroutines run while loans are out, or work is elsewhere. A
// busy loop never parks, and on one processor the units would wait until they
// are let in by force, ten milliseconds each time.
func (l *Loop) yield() {
	if (l.loans.Load() > 0 || l.expected > 0) && l.now-l.yielded > yieldAfter {
		l.yielded = l.now
		runtime.Gosched()
	}
}

// report handles one readiness report.
func (l *Loop) report(r Ready) {
	if r.Key&listenerKey != 0 {
		l.listeners[r.Key&^listenerKey].ready = true
		l.acceptAny = true
		return
	}
	c := l.slab.find(r.Key)
	if c == nil {
		return // late: the connection is gone
	}
	if r.End {
		c.set(flagEndSeen)
	}
	if r.Reset {
		c.set(flagFailed)
	}
	if c.Lent() && c.tell(edges(r)) {
		c.touch()
		l.settle()
		return
	}
	if r.Read || r.End {
		c.set(flagCanRead)
	}
	if r.Write {
		c.set(flagCanWrite)
	}
	if r.Reset {
		c.touch()
	} else if !c.has(flagReady) {
		l.drive(c)
	}
	l.settle()
}

// drive does what a connection has to do in a turn: it reads once, calls the
// handler with what is there, and tells it of the end. What remains is for the
// next turn.
func (l *Loop) drive(c *Conn) {
	if c.Lent() {
		return
	}
	switch c.state {
	case connOpen:
	case connSending, connDraining:
		l.drop(c)
		return
	case connAborted, connGone:
		return
	}
	c.touch()
	if c.has(flagPaused) {
		return
	}
	again := c.has(flagAgain)
	c.clear(flagAgain | flagNew)
	if y := c.layer(); y != nil {
		c.unwrap(y)
	}
	// After a report of the end the second read is the one that returns 0.
	for range 2 {
		n := 0
		if goesOn := again && c.kept != nil && c.kept.size() >= enoughKept; !goesOn && c.mayRead() {
			n = c.fill()
		}
		if c.has(flagFailed) {
			return
		}
		if n > 0 || again {
			again = false
			l.receive(c, n)
		}
		if n == 0 || n == readSize || !c.has(flagEndSeen) || c.state != connOpen || c.Lent() {
			break
		}
	}
	if c.has(flagEOF) && !c.has(flagToldEnd|flagNew) && c.state == connOpen && !c.Lent() {
		c.set(flagToldEnd)
		c.handler.Ended(c, false)
	}
}

// receive calls the handler with the input: n octets in the lent buffer, or
// what is kept. What it leaves is kept.
func (l *Loop) receive(c *Conn, n int) {
	kept := c.kept
	var in []byte
	if kept != nil {
		in = kept.octets()
	} else {
		in = l.in[:n]
	}
	lends := l.lends
	used := c.handler.Receive(c, in)
	invariant.That(used >= 0 && used <= len(in))
	left := in[used:]
	switch {
	case c.state != connOpen:
		left = nil
		c.dropKept()
	case kept == nil && len(left) > 0:
		c.kept = l.pool.take(len(left))
		c.kept.append(left)
	case kept != nil:
		kept.consume(used)
		if len(left) == 0 {
			c.dropKept()
		}
	}
	if kept == nil {
		invariant.Poison(in)
	}
	if lends != l.lends && len(left) > 0 && !c.tell(wordWanted) {
		c.Again() // the loan is over already: what was left waits for Receive
	}
}

// drop reads what the peer of a closing connection sends, and forgets it.
func (l *Loop) drop(c *Conn) {
	c.touch()
	if c.mayRead() {
		c.read(l.in)
	}
}

// deliver delivers mail.
func (l *Loop) deliver(mail []Mail) {
	for i, m := range mail {
		mail[i] = nil
		m.Deliver(l)
		l.settle()
	}
}

// settle does what handlers asked for, until nothing is left to do.
func (l *Loop) settle() {
	for n := len(l.touched); n > 0; n = len(l.touched) {
		c := l.touched[n-1]
		l.touched = l.touched[:n-1]
		c.clear(flagTouched)
		c.settle()
	}
}

// Expect makes the loop not end before Arrived was called as often: for work
// elsewhere whose result will be posted, whether or not a connection is still
// open. Both are called on the loop's goroutine.
func (l *Loop) Expect() { l.expected++ }

// Arrived ends what Expect began.
func (l *Loop) Arrived() { l.expected-- }

// Post delivers m in a later turn, in the order of the calls. Any goroutine
// may call it. It reports false when the loop has ended and m will not be
// delivered.
func (l *Loop) Post(m Mail) bool { return l.mail.post(m, l.kernel) }

// Now returns the time of the turn in nanoseconds.
func (l *Loop) Now() int64 { return l.now }

// Clock reads the clock of the kernel. Any goroutine may call it.
func (l *Loop) Clock() int64 { return l.kernel.Now() }

// Wall returns the civil time of the kernel; it costs a reading of the clock.
// Any goroutine may call it.
func (l *Loop) Wall() int64 { return l.kernel.Wall() }

// Conns returns the number of open connections.
func (l *Loop) Conns() int { return l.slab.used }

// Drain stops accepting and calls Handler.Draining of every connection, of a
// lent one now and when it is back. It is called on the loop's goroutine.
func (l *Loop) Drain() {
	if l.draining {
		return
	}
	l.draining = true
	for c := range l.slab.all {
		if c.state != connOpen {
			continue
		}
		c.set(flagDraining)
		if lent := c.tell(wordWanted); !lent {
			c.drain()
		} else if !c.has(flagFailed) {
			c.handler.Draining(c) // the loan does not end under it, for the word wants the loop
		}
		l.settle()
	}
}

// AbortAll aborts every connection, lent ones included (AbortLent). It is
// called on the loop's goroutine.
func (l *Loop) AbortAll() {
	for c := range l.slab.all {
		c.Abort()
		l.settle()
	}
}

// Stop makes Run return after the turn. Any goroutine may call it.
func (l *Loop) Stop() { l.Post(stop{}) }

// stop is the mail of Stop.
type stop struct{}

// Deliver implements Mail.
func (stop) Deliver(l *Loop) { l.stopped = true }

// listenerKey marks the keys of listeners; the rest is their number.
const listenerKey Key = 1 << 31

// A listener is one that the loop accepts from.
type listener struct {
	fd     int
	accept func(c *Conn) Handler
	ready  bool // Accept has not returned ErrAgain since the last report
	burst  int  // connections that are taken in a turn, at most
}

// Serve makes the loop accept the connections of listener, which it does not
// own. For each, accept returns the handler, or nil to close it. It is called
// before Run.
func (l *Loop) Serve(fd int, accept func(c *Conn) Handler) error {
	return l.serve(fd, maxAccepts, accept)
}

// ServeShared is Serve for a listener that other loops serve too. All of them
// are told of a connection, and each takes one a turn, so that no loop takes a
// burst alone.
func (l *Loop) ServeShared(fd int, accept func(c *Conn) Handler) error {
	return l.serve(fd, 1, accept)
}

func (l *Loop) serve(fd, burst int, accept func(c *Conn) Handler) error {
	key := listenerKey | Key(len(l.listeners))
	if err := l.kernel.Watch(fd, key); err != nil {
		return err
	}
	l.listeners = append(l.listeners, listener{fd: fd, accept: accept, burst: burst})
	return nil
}

// acceptTurn accepts from the listeners that may have connections.
func (l *Loop) acceptTurn() {
	if l.resumeAt != 0 && l.now >= l.resumeAt {
		l.resumeAt = 0
	}
	if !l.acceptAny || l.resumeAt != 0 {
		return
	}
	l.acceptAny = false
	for i := range l.listeners {
		if a := &l.listeners[i]; a.ready && !l.draining {
			l.acceptFrom(a)
			l.acceptAny = l.acceptAny || a.ready
		}
	}
}

// acceptFrom takes the connections that wait at a listener, up to a bound. No
// error ends it: a server that is out of descriptors serves those it has.
func (l *Loop) acceptFrom(a *listener) {
	for range a.burst {
		fd, peer, err := l.kernel.Accept(a.fd)
		switch {
		case err == nil:
			l.open(a, fd, peer)
		case errors.Is(err, ErrAgain):
			a.ready = false
			return
		case errors.Is(err, ErrReset):
			// This connection failed while it waited; the next may not.
		default:
			l.resumeAt = l.now + acceptPause
		}
		if l.resumeAt != 0 || l.draining {
			return
		}
	}
}

// resume ends a pause of accepting: a descriptor has become free.
func (l *Loop) resume() { l.resumeAt = 0 }

// expire calls the handlers whose deadlines have passed.
func (l *Loop) expire() {
	l.due = l.wheel.expire(l.now, &l.slab, l.due[:0])
	l.settle()
	for _, key := range l.due {
		c := l.slab.find(key)
		if c == nil || c.Lent() {
			continue
		}
		if c.overdue(l.now) {
			c.giveUp()
		} else if c.deadline > 0 && c.deadline <= l.now {
			c.expire()
		}
		c.lookBy(c.due()) // what another handler has moved, too
		l.settle()
	}
}

// expire does what follows when the deadline has passed.
func (c *Conn) expire() {
	c.deadline = 0
	c.touch()
	switch {
	case c.state == connOpen:
		c.handler.Expired(c)
	case c.state == connSending && c.unsent > 0 && c.progress(c.loop.now):
		c.SetDeadline(c.loop.now + c.loop.options.DrainTimeout)
	default:
		c.state = connAborted
	}
}
