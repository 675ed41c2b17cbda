package netpoll

import (
	"net/netip"
	"sync/atomic"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// A Conn is one connection: a slot of its loop. All methods belong to the
// goroutine of the loop; those of lend.go say themselves who may call them.
//
// A connection that waits holds no buffer: input is read into memory that the
// loop lends for the turn, and only what its handler leaves is copied.
type Conn struct {
	loop    *Loop
	handler Handler
	kept    *block // input that the handler left; nil when there is none
	// queue is the last block of output that the kernel refused (see enqueue);
	// while the connection is lent, what GiveBack brings, to come before kept.
	queue    *block
	waiter   Waiter // the unit's, while the connection is lent; see split
	remote   netip.AddrPort
	deadline int64        // 0: none; negative: stands still, see measure. The unit's while the connection is lent
	patience int64        // how long the peer may keep a writer or a unit waiting; 0: nobody waits. See pace.go
	when     atomic.Int64 // when the wheel looks at the two; 0: not queued. Set by the loop only
	key      Key
	unsent   int       // octets in queue; while the connection is lent, those that the unit waits to send
	marks    [2]uint32 // of the last look at what the peer took; see pace.go
	fd       int32
	word     atomic.Uint32 // shared with the unit; see lend.go
	flags    flags
	prev     int32 // neighbours in the wheel's slot, as indices of the slab
	next     int32 // also links free slots
	slot     int16 // of the wheel; noSlot when not queued
	state    connState
}

// connState is the life of a connection.
//
//	open ──Close──▶ sending ──all is sent──▶ draining ──▶ gone
//	  │                │                        │           ▲
//	  └────────────────┴──Abort, expiry─▶ aborted ──────────┘
//
// A failure (flagFailed) leads from every state to gone.
type connState uint8

const (
	connOpen     connState = iota
	connSending            // closing: output is sent, input dropped
	connDraining           // our end is sent; input is dropped until the peer's
	connAborted            // closes as soon as it is not lent
	connGone               // Closed was called
)

// flags are what the loop remembers of a connection. They belong to the loop
// also while the connection is lent.
type flags uint32

const (
	// flagCanRead and flagCanWrite remember edges: a report comes once, so
	// they are cleared only when the kernel has said that nothing is left.
	flagCanRead flags = 1 << iota
	flagCanWrite
	flagEndSeen   // the kernel reported the peer's end: a short read is not the last
	flagEOF       // a read returned the end
	flagToldEnd   // Ended(false) was called
	flagToldReset // Ended(true) was called
	flagFailed    // the connection is dead in both directions
	flagPaused    // output went over the high-water mark and is not yet below the low one
	flagAgain     // Receive is to be called although no octet arrives
	flagAgainSent // the same once nothing is unsent
	flagReady     // on the ready list
	flagTouched   // on the touched list
	flagDraining  // Draining is owed
	flagCutOff    // the peer gets a reset when the descriptor is closed
	flagSlow      // it was aborted because its peer took too little
	flagHeld      // nothing is read until Again
	flagNew       // Become was called, and Receive not since
)

func (c *Conn) has(f flags) bool { return c.flags&f != 0 }
func (c *Conn) set(f flags)      { c.flags |= f }
func (c *Conn) clear(f flags)    { c.flags &^= f }

// touch makes the loop settle the connection when the handler has returned.
func (c *Conn) touch() {
	if !c.has(flagTouched) && c.state != connGone {
		c.set(flagTouched)
		c.loop.touched = append(c.loop.touched, c)
	}
}

// schedule puts the connection on the ready list.
func (c *Conn) schedule() {
	if !c.has(flagReady) {
		c.set(flagReady)
		c.loop.ready = append(c.loop.ready, c.key)
	}
}

// Loop returns the loop that owns the connection.
func (c *Conn) Loop() *Loop { return c.loop }

// RemoteAddr returns the address of the peer, the zero AddrPort for a peer
// without one (a Unix socket). The unit may call it too.
func (c *Conn) RemoteAddr() netip.AddrPort { return c.remote }

// LocalAddr returns the address that the peer connected to. It asks the
// kernel. The unit may call it too.
func (c *Conn) LocalAddr() netip.AddrPort { return c.loop.kernel.LocalAddr(int(c.fd)) }

// Kept returns the input that the handler left when Receive was called last. It
// is the loop's memory: borrowed until the handler returns.
func (c *Conn) Kept() []byte {
	if c.kept == nil {
		return nil
	}
	return c.kept.octets()
}

// Out returns the output of the turn, to be appended to and handed back with
// SetOut. It is the loop's memory: borrowed until the handler returns or asks
// for the output of another connection. Its octets belong to this connection.
func (c *Conn) Out() []byte {
	if c.loop.outConn != c {
		c.claim()
	}
	return c.loop.out
}

// SetOut replaces the output of the turn.
func (c *Conn) SetOut(out []byte) {
	if c.loop.outConn != c {
		c.claim()
	}
	c.loop.out = out
	c.touch()
}

// claim makes the loop's output block this connection's. What another one has
// in it is queued there.
func (c *Conn) claim() {
	l := c.loop
	if o := l.outConn; o != nil && len(l.out) > 0 {
		o.enqueue(o.wire(l.out))
	}
	l.out, l.outConn = l.out[:0], c
}

// Unsent returns the octets of output that have not been handed to the kernel,
// those of this turn included. While the connection is lent there are none.
func (c *Conn) Unsent() int {
	if c.Lent() {
		return 0
	}
	if c.loop.outConn == c {
		return c.unsent + len(c.loop.out)
	}
	return c.unsent
}

// Now returns the time of the turn.
func (c *Conn) Now() int64 { return c.loop.now }

// SetDeadline makes the loop call Handler.Expired at or after t, once. A later
// call replaces the deadline; 0 removes it. The clock is Kernel.Now; it stands
// still while output is over the high-water mark, for then nothing is read from
// the peer. It costs one store unless the deadline comes closer, so it may be
// called for every request. A unit may call it while it has the connection; the
// deadline counts from GiveBack on.
func (c *Conn) SetDeadline(t int64) {
	c.deadline = t
	if t == 0 || c.Lent() {
		return
	}
	if c.has(flagPaused) && c.state == connOpen {
		c.freeze()
		return
	}
	c.lookBy(t)
}

// Deadline returns the deadline that is set, 0 when there is none or when
// Expired was called for it. It is called by who may call SetDeadline, and not
// while output is over the high-water mark.
func (c *Conn) Deadline() int64 { return max(0, c.deadline) }

// freeze makes the deadline stand still, and thaw lets it go on.
func (c *Conn) freeze() {
	if c.deadline > 0 {
		c.deadline = min(-1, c.loop.now-c.deadline)
	}
}

func (c *Conn) thaw() {
	if c.deadline < 0 {
		c.deadline = c.loop.now - c.deadline
		c.lookBy(c.deadline)
	}
}

// due returns when something has to be done for the connection, which is not
// lent; 0 when nothing has.
func (c *Conn) due() int64 {
	if c.deadline <= 0 || c.patience != 0 && c.patience < c.deadline {
		return c.patience
	}
	return c.deadline
}

// lookBy makes the wheel look at the connection at t at the latest; t may be 0.
func (c *Conn) lookBy(t int64) {
	if when := c.when.Load(); t != 0 && (when == 0 || t < when) {
		c.loop.wheel.queue(&c.loop.slab, c, t)
	}
}

// Again makes the loop call Receive in its next turn although no octet
// arrives; when output is over the high-water mark, in the turn after it has
// drained. While much is kept, nothing is read besides: the handler must be
// able to go on with what it has.
func (c *Conn) Again() {
	c.clear(flagHeld)
	c.set(flagAgain)
	c.touch()
}

// Hold makes the loop read nothing from the peer, and not call Receive, until
// Again is called: for a handler that cannot take more at this time. The peer's
// end is not noticed meanwhile, a failure of the connection is.
func (c *Conn) Hold() {
	c.set(flagHeld)
	c.touch()
}

// AgainWhenSent makes the loop call Receive, although no octet arrives, when
// all output has been handed to the kernel (Unsent is 0).
func (c *Conn) AgainWhenSent() {
	c.set(flagAgainSent)
	c.touch()
}

// Lent reports whether the connection is lent now, as the loop sees it.
func (c *Conn) Lent() bool { return c.word.Load()&wordLent != 0 }

// Close closes the connection in order once its output is sent: it ends the
// stream towards the peer, reads and drops what the peer still sends until it
// ends too or DrainTimeout has passed, and releases the descriptor. So a peer
// that is still sending gets the answer instead of a reset. Receive, Ended
// with false and Expired are called no more. A peer that takes nothing of the
// output for DrainTimeout is aborted, as far as the kernel knows what it took.
// A lent connection is closed when it is back.
func (c *Conn) Close() {
	if c.state != connOpen {
		return
	}
	c.state = connSending
	if !c.tell(wordWanted) {
		c.SetDeadline(c.loop.now + c.loop.options.DrainTimeout)
		c.touch()
	}
}

// Abort closes the connection at once; unsent output is lost. A lent
// connection fails (AbortLent) and is closed when it is back.
func (c *Conn) Abort() {
	if c.state == connGone {
		return
	}
	c.AbortLent()
	c.state = connAborted
	c.touch()
}

// CutOff is Abort, and the peer gets a reset instead of the end of the stream:
// for a response that the peer would take for complete otherwise. A peer whose
// connection is lent gets the end all the same.
func (c *Conn) CutOff() {
	c.set(flagCutOff)
	c.Abort()
}

// settle does what is to be done after a handler: it sends the output, closes,
// and sees to it that what can go on does.
func (c *Conn) settle() {
	if c.state == connGone {
		return
	}
	if c.Lent() {
		c.tellLent()
		return
	}
	if c.state == connAborted {
		c.release()
		return
	}
	c.send()
	if c.has(flagFailed) {
		c.fail()
		return
	}
	if c.state != connOpen {
		// Receive is called no more, and nothing but the peer's end is waited for.
		c.clear(flagAgain | flagAgainSent | flagPaused)
	}
	switch c.state {
	case connOpen:
		c.measure()
	case connSending:
		c.dropKept()
		if c.unsent == 0 && !c.endStream() {
			return
		}
	case connDraining:
		if c.has(flagEOF) {
			c.release()
			return
		}
	case connAborted, connGone:
	}
	if c.has(flagAgainSent) && c.unsent == 0 {
		c.clear(flagAgainSent)
		c.set(flagAgain)
	}
	if !c.has(flagPaused) && (c.has(flagAgain) || c.mayRead()) || c.sendsOn() {
		c.schedule()
	}
}

// measure pauses and resumes the reading of an open connection by what is unsent.
func (c *Conn) measure() {
	switch {
	case c.unsent >= c.loop.options.HighWater && !c.has(flagPaused):
		c.set(flagPaused)
		c.freeze()
	case c.unsent <= c.loop.options.LowWater && c.has(flagPaused):
		c.clear(flagPaused)
		c.set(flagAgain)
		c.thaw()
	}
}

// endStream ends the stream of a closing connection whose output is sent. It
// reports whether the connection stays to read what its peer still sends.
func (c *Conn) endStream() bool {
	if c.has(flagEOF) || c.loop.kernel.CloseWrite(int(c.fd)) != nil {
		c.release()
		return false
	}
	c.state = connDraining
	c.SetDeadline(c.loop.now + c.loop.options.DrainTimeout)
	return true
}

// fail says that the connection is dead, and releases it.
func (c *Conn) fail() {
	if !c.has(flagToldReset) && (c.state == connOpen || c.state == connSending) {
		c.set(flagToldReset)
		c.handler.Ended(c, true)
		if c.Lent() || c.state == connGone {
			return // a loan that began just now: its end comes back here
		}
	}
	c.release()
}

// release closes the descriptor and frees the slot.
func (c *Conn) release() {
	l := c.loop
	invariant.That(!c.Lent() && c.state != connGone)
	c.state = connGone
	l.wheel.remove(&l.slab, c)
	c.dropKept()
	c.dropQueue()
	if c.has(flagCutOff) {
		_ = l.kernel.Reset(int(c.fd)) // the connection is over, however it ended
	} else {
		_ = l.kernel.Close(int(c.fd))
	}
	c.handler.Closed(c)
	if l.outConn == c {
		l.out, l.outConn = l.out[:0], nil
	}
	l.slab.give(c)
	l.resume()
}

// open makes a connection of a descriptor that was accepted.
func (l *Loop) open(a *listener, fd int, peer netip.AddrPort) {
	c := l.slab.take()
	c.loop, c.fd, c.remote = l, int32(fd), peer
	c.flags, c.slot = flagCanWrite, noSlot
	if l.kernel.Watch(fd, c.key) != nil {
		l.refuse(c)
		l.resumeAt = l.now + acceptPause // the system is short of memory
		return
	}
	if c.handler = a.accept(c); c.handler == nil {
		l.refuse(c)
		return
	}
	l.settle()
}

// refuse closes a connection that has no handler.
func (l *Loop) refuse(c *Conn) {
	l.wheel.remove(&l.slab, c)
	_ = l.kernel.Close(int(c.fd)) // nothing was sent or received
	c.state = connGone
	l.touched = l.touched[:0] // only the handler that was not made can be in it
	l.slab.give(c)
}

// drain calls Draining if it is owed and can be called.
func (c *Conn) drain() {
	if c.has(flagDraining) && c.state == connOpen && !c.Lent() {
		c.clear(flagDraining)
		c.touch()
		c.handler.Draining(c)
	}
}

// mayRead reports whether there may be something to read, and room for it.
func (c *Conn) mayRead() bool {
	if !c.has(flagCanRead) || c.has(flagEOF) {
		return false
	}
	if c.state == connOpen && c.has(flagHeld) {
		return false
	}
	return c.state != connOpen || c.kept == nil || c.kept.size() < c.loop.options.RequestBuffer
}

// fill reads once: into the lent buffer when nothing is kept, else behind what
// is kept. It returns how many octets came.
func (c *Conn) fill() (n int) {
	l := c.loop
	if y := c.layer(); y != nil {
		return c.fillOpened(y)
	}
	if c.kept == nil {
		return c.read(l.in[:min(readSize, l.options.RequestBuffer)])
	}
	c.kept = l.pool.grow(c.kept)
	room := c.kept.room()
	n = c.read(room[:min(len(room), readSize, l.options.RequestBuffer-c.kept.size())])
	c.kept.extend(n)
	return n
}

// read reads once into p. A short read has taken all there was: the next
// arrival is a new edge. Only the end, which may have been reported together
// with the last octets, is not.
func (c *Conn) read(p []byte) (n int) {
	n, err := c.loop.kernel.Read(int(c.fd), p)
	switch {
	case err == nil && n == 0:
		c.set(flagEOF)
		c.clear(flagCanRead)
	case err == nil:
		if n < len(p) && !c.has(flagEndSeen) {
			c.clear(flagCanRead)
		}
	case err == ErrAgain:
		c.clear(flagCanRead)
	default:
		c.set(flagFailed)
	}
	return n
}

// dropKept forgets the input that is kept.
func (c *Conn) dropKept() {
	if c.kept != nil {
		c.loop.pool.give(c.kept)
		c.kept = nil
	}
}
