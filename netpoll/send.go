package netpoll

import "github.com/windhover-go/windhover/sdk/invariant"

const (
	// writeSize bounds one system call: other goroutines wait for it.
	writeSize = 256 << 10
	// maxWrites bounds the blocks that a connection sends in a turn.
	maxWrites = 16
	// queueBlock is the size of the blocks of a queue, but the last.
	queueBlock = 64 << 10
)

// send hands the output of the turn, and what is queued before it, to the
// kernel. What the kernel refuses is queued.
func (c *Conn) send() {
	l := c.loop
	switch {
	case l.outConn == c:
		out := l.out
		l.out, l.outConn = l.out[:0], nil
		if c.state != connDraining { // else the stream has ended
			c.sendOut(c.wire(out))
		}
		invariant.Poison(out)
		if cap(l.out) > maxOutSize {
			l.out = make([]byte, 0, outSize)
		}
	case c.layer().sealing(c.state):
		c.sendOut(c.wire(nil))
	}
	c.sendQueue()
}

// sendOut hands out to the kernel, unless something is queued before it. What is
// refused is queued.
func (c *Conn) sendOut(out []byte) {
	if c.unsent == 0 {
		out = out[c.write(out):]
	}
	if !c.has(flagFailed) {
		c.enqueue(out)
	}
}

// sendQueue writes what is queued as long as the kernel takes it, up to a
// bound.
func (c *Conn) sendQueue() {
	for range maxWrites {
		if c.queue == nil || !c.has(flagCanWrite) || c.has(flagFailed) {
			return
		}
		head := c.queue.next
		n := c.write(head.octets())
		head.consume(n)
		c.unsent -= n
		if n > 0 && c.state == connSending {
			c.SetDeadline(c.loop.now + c.loop.options.DrainTimeout)
		}
		if head.size() == 0 {
			if c.queue == head {
				c.queue, c.patience = nil, 0
			} else {
				c.queue.next = head.next
			}
			c.loop.pool.give(head)
		}
	}
}

// sendsOn reports whether sendQueue stopped at its bound.
func (c *Conn) sendsOn() bool { return c.queue != nil && c.has(flagCanWrite) }

// write writes p as long as the kernel takes it. A short write means that the
// kernel is full: its next room is a new edge.
func (c *Conn) write(p []byte) (n int) {
	for n < len(p) && c.has(flagCanWrite) {
		piece := p[n:min(len(p), n+writeSize)]
		m, err := c.loop.kernel.Write(int(c.fd), piece)
		n += m
		switch {
		case err == nil && m == len(piece):
		case err == nil || err == ErrAgain:
			c.clear(flagCanWrite)
		default:
			c.set(flagFailed)
			return n
		}
	}
	return n
}

// enqueue copies p behind what is queued.
//
// The queue is a ring of blocks, so that a connection needs one pointer for
// it: c.queue is the last block, and its next is the first.
func (c *Conn) enqueue(p []byte) {
	if len(p) > 0 && c.unsent == 0 {
		c.startPace(c.loop.now)
		c.lookBy(c.patience)
	}
	c.pass(len(p))
	for len(p) > 0 {
		last := c.queue
		if last == nil || len(last.room()) == 0 {
			// The larger the queue, the larger its blocks, and the fewer writes.
			b := c.loop.pool.take(min(max(len(p), c.unsent), queueBlock))
			if last == nil {
				b.next = b
			} else {
				b.next, last.next = last.next, b
			}
			c.queue, last = b, b
		}
		n := min(len(p), len(last.room()))
		last.append(p[:n])
		c.unsent += n
		p = p[n:]
	}
}

// dropQueue forgets what is queued.
func (c *Conn) dropQueue() {
	for c.queue != nil {
		head := c.queue.next
		if head == c.queue {
			c.queue = nil
		} else {
			c.queue.next = head.next
		}
		c.loop.pool.give(head)
	}
	c.unsent, c.patience = 0, 0
}
