package netpoll

// This file says how fast a peer has to take output (LoopOptions.SendRate).
//
// Patience begins when output waits: when the kernel refuses a part of it, which
// is then queued or for which a unit waits (WriteLent). It is over SendGrace
// later, unless the peer takes something meanwhile: each octet earns it the time
// that it takes at SendRate. So the peer is as fast as SendRate on average, and
// is cut off at the moment when it is not. Patience ends when nothing waits any
// more.
//
// What a peer has earned is found out when patience is over, and is SendStall
// from then on at the most: so it may take nothing for twice SendStall, whatever
// it took before.
//
// What the peer took is not what the kernel took: the kernel tells of room in
// its buffer only when much of it is free, which is minutes later with a slow
// peer. So the kernel is asked, when patience begins and before it is over.

// longest is the time that is left to who has no limit: longer than any
// process lives.
const longest = int64(1) << 60

// startPace begins patience. It is called by who has the connection.
func (c *Conn) startPace(now int64) {
	c.mark()
	if grace := c.loop.options.SendGrace; grace > 0 {
		c.patience = now + grace
	}
}

// mark notes what the peer has still to take: octets of ours that are unsent,
// and those and the kernel's. Only differences count, so they may wrap.
func (c *Conn) mark() {
	c.marks[0] = uint32(c.unsent)
	c.marks[1] = uint32(c.unsent + c.loop.kernel.Untaken(int(c.fd)))
}

// pass notes that n octets are about to be queued.
func (c *Conn) pass(n int) {
	c.marks[0] += uint32(n)
	c.marks[1] += uint32(n)
}

// progress reports whether the peer has taken something since the last mark,
// and extends patience by what that earned. The kernel's part in it may be
// unknown or measured otherwise, then what the kernel took of ours counts.
func (c *Conn) progress(now int64) bool {
	before := c.marks
	c.mark()
	n := max(int32(before[0]-c.marks[0]), int32(before[1]-c.marks[1]))
	if n <= 0 {
		return false
	}
	if c.patience != 0 {
		c.patience = earn(c.patience, now, int(n), &c.loop.options)
	}
	return true
}

// earn returns the end of a patience after n octets, which are more than 0.
func earn(patience, now int64, n int, o *LoopOptions) int64 {
	most := now + o.SendStall
	if o.SendRate == 0 {
		return most
	}
	return min(patience+int64(n)*1e9/int64(o.SendRate), most)
}

// overdue reports whether patience with the peer is over.
func (c *Conn) overdue(now int64) bool {
	if c.patience == 0 || c.patience > now {
		return false
	}
	c.progress(now)
	return c.patience <= now
}

// giveUp aborts a connection whose peer takes too little: with a reset, so that
// the kernel forgets what it still holds for the peer.
func (c *Conn) giveUp() {
	c.set(flagSlow | flagCutOff)
	c.abortLent(wordReset | wordLate)
	c.state = connAborted
	c.touch()
}

// Slow reports whether the connection was aborted because its peer took output
// more slowly than LoopOptions.SendRate.
func (c *Conn) Slow() bool { return c.has(flagSlow) }
