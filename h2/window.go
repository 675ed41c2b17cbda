package h2

import "encoding/binary"

// flow is what the connection's window says of content that is received (RFC
// 9113 section 6.9).
type flow struct {
	window  int64 // octets that the peer may still send
	granted int64 // octets to be added by the next WINDOW_UPDATE
	size    int64 // octets of the whole window
}

// open readies the window.
func (f *flow) open(conf *Config) {
	*f = flow{window: conf.ConnectionWindow, size: conf.ConnectionWindow}
}

// grant gives the peer n octets of the connection's window back: in batches of
// half a window, so that one WINDOW_UPDATE does for many frames.
func (c *Conn) grant(n int64) {
	f := &c.flow
	f.granted += n
	if f.granted*2 >= f.size && c.state != connGone {
		c.control = appendUpdate(c.control, 0, f.granted)
		f.window += f.granted
		f.granted = 0
	}
}

// grant gives the peer n octets of the stream's window back, in batches. Nothing
// is given for a request that is complete.
func (x *Exchange) grant(n int64) {
	x.granted += n
	c := x.c
	if x.granted*2 < c.conf.StreamWindow || x.state != streamOpen && x.state != streamHalfLocal || c.data.x == x && c.data.end {
		return
	}
	c.control = appendUpdate(c.control, x.id, x.granted)
	x.window += x.granted
	x.granted = 0
}

// Consumed says that the host is done with n octets of content: the peer may
// send as many more.
func (x *Exchange) Consumed(n int) {
	if x.c == nil {
		return
	}
	used := min(int64(n), x.unused)
	x.unused -= used
	x.c.grant(used)
	x.grant(used)
}

// takeUpdate handles WINDOW_UPDATE (RFC 9113 section 6.9).
func (c *Conn) takeUpdate(f *frame, p []byte) (Event, *Exchange) {
	n := int64(binary.BigEndian.Uint32(p) & maxStreamID)
	if r := c.draw(costUpdate, ReasonUpdates); r != ReasonNone {
		return c.fail(r), nil
	}
	if f.stream == 0 {
		switch {
		case n == 0:
			return c.fail(ReasonIncrement), nil
		case c.output.window+n > maxStreamID:
			return c.fail(ReasonWindow), nil
		}
		c.output.window += n
		return EventNone, nil
	}
	x, s, left := c.stateOf(f.stream)
	if left {
		s = streamIdle
	}
	switch t := s.on(recvUpdate); {
	case t.does == doesFault:
		return c.fail(t.r), nil
	case t.does == doesIgnore:
		return EventNone, nil
	case n == 0:
		return c.fault(x, f.stream, ReasonNoIncrement)
	case x.room+n > maxStreamID:
		return c.fault(x, f.stream, ReasonStreamWindow)
	}
	x.room += n
	c.output.add(x)
	return EventNone, nil
}
