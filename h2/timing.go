package h2

// timing is what a connection waits for, and since when.
type timing struct {
	heard    int64 // when octets arrived last
	begun    int64 // when the connection began
	settings int64 // when our SETTINGS were sent; 0: they are acknowledged
	pinged   int64 // when a PING was sent that asks whether the peer is there; 0: none is out
	leaving  int64 // when the first GOAWAY was sent

	drain drain
}

// drain says how far the end of the connection has been announced.
type drain uint8

const (
	drainNone  drain = iota
	drainSoon        // GOAWAY allows every stream, until the peer has read it
	drainFinal       // GOAWAY names the last stream
)

// payloads of our PING frames.
const (
	pingAlive = "are you?"
	pingDrain = "goodbye."
)

// maxLeave bounds how long the peer may take to answer that it has read the
// first GOAWAY, in nanoseconds.
const maxLeave = second

// open notes when the connection began.
func (t *timing) open(now int64) {
	*t = timing{heard: now, begun: now, settings: max(now, 1)}
}

// never is the deadline of what has none.
const never = 1<<63 - 1

// Deadline returns when Expire wants to be called: 1<<63-1 for never. It
// may become later with every call, and earlier with a call of Next or Shutdown.
func (c *Conn) Deadline() int64 {
	if c.state == connGone {
		return never
	}
	t, conf := &c.timing, c.conf
	due := int64(never)
	if c.state <= connSettings {
		due = min(due, t.begun+conf.HeadTimeout)
	}
	if c.block.since != 0 {
		due = min(due, c.block.since+conf.HeadTimeout)
	}
	if t.settings != 0 {
		due = min(due, t.settings+conf.SettingsTimeout)
	}
	if t.pinged != 0 {
		due = min(due, t.pinged+conf.PingTimeout)
	} else if conf.PingInterval > 0 {
		due = min(due, t.heard+conf.PingInterval)
	}
	if t.drain == drainSoon {
		due = min(due, t.leaving+maxLeave)
	}
	return due
}

// Expire does what is due at now: it asks whether the peer is there, goes on
// with Shutdown, or ends the connection, which it returns EventGone for. There
// may be output afterwards.
func (c *Conn) Expire(now int64) Event {
	c.now = now
	t, conf := &c.timing, c.conf
	switch {
	case c.state == connGone:
		return EventGone
	case c.state <= connSettings && now >= t.begun+conf.HeadTimeout,
		c.block.since != 0 && now >= c.block.since+conf.HeadTimeout:
		return c.fail(ReasonHeadTimeout)
	case t.settings != 0 && now >= t.settings+conf.SettingsTimeout:
		return c.fail(ReasonSettingsTimeout)
	case t.pinged != 0 && now >= t.pinged+conf.PingTimeout:
		return c.fail(ReasonPingTimeout)
	}
	if conf.PingInterval > 0 && t.pinged == 0 && now >= t.heard+conf.PingInterval {
		t.pinged = max(now, 1)
		c.appendPing(pingAlive)
	}
	if t.drain == drainSoon && now >= t.leaving+maxLeave {
		c.lastGoAway()
	}
	return EventNone
}

// appendPing sends PING.
func (c *Conn) appendPing(payload string) {
	c.control = appendFrame(c.control, 8, framePing, 0, 0)
	c.control = append(c.control, payload...)
}

// pong handles the answer to a PING, and reports whether it was asked for.
func (c *Conn) pong(p []byte) (asked bool) {
	t := &c.timing
	switch {
	case string(p) == pingAlive && t.pinged != 0:
		t.pinged = 0
	case string(p) == pingDrain && t.drain == drainSoon:
		c.lastGoAway()
	default:
		return false
	}
	return true
}

// Shutdown announces the end of the connection, in two steps (RFC 9113 section
// 6.8): at first every stream is still accepted that the peer begins before it
// has read of it, then GOAWAY names the last one. What is under way is
// completed; Finished says when nothing is.
func (c *Conn) Shutdown(now int64) {
	c.now = now
	t := &c.timing
	if t.drain != drainNone || c.state == connGone {
		return
	}
	t.drain, t.leaving = drainSoon, now
	c.control = appendGoAway(c.control, maxStreamID, CodeNo, "")
	c.appendPing(pingDrain)
}

// lastGoAway is the second step of Shutdown.
func (c *Conn) lastGoAway() {
	c.timing.drain = drainFinal
	c.control = appendGoAway(c.control, c.history.last, CodeNo, "")
}

// Leaving reports whether Shutdown was called.
func (c *Conn) Leaving() bool { return c.timing.drain != drainNone }

// Finished reports whether the connection may be closed, once its output is
// sent: nothing is under way, and one side has said that nothing will be.
func (c *Conn) Finished() bool {
	return c.state == connGone || len(c.streams.list) == 0 && (c.timing.drain == drainFinal || c.peer.leaves)
}
