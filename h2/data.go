package h2

// data is the DATA frame that is being read.
type data struct {
	x    *Exchange // nil: its content is read past
	left int       // octets of content
	pad  int       // octets of padding
	end  bool      // it has END_STREAM
}

// beginData handles the header of DATA, and the octet behind it that says how
// long the padding is (RFC 9113 section 6.1).
func (c *Conn) beginData(f *frame, in []byte) (ev Event, x *Exchange, n int) {
	over := 0 // octets of the payload that are no content
	if f.has(flagPadded) {
		if len(in) == 0 {
			return EventNone, nil, 0
		}
		if over = int(in[0]) + 1; over > f.length {
			return c.fail(ReasonPadding), nil, frameHeader
		}
	}
	n = frameHeader + min(over, 1)
	length := int64(f.length)
	if length > c.flow.window {
		return c.fail(ReasonFlow), nil, n
	}
	c.flow.window -= length
	c.grant(int64(min(over, 1))) // it has been read
	e := recvData
	if f.has(flagEndStream) {
		e = recvDataEnd
	}
	x, s, _ := c.stateOf(f.stream)
	t := s.on(e)
	d := &c.data
	*d = data{x, f.length - over, max(over-1, 0), e == recvDataEnd}
	c.state = connContent
	if t.does == doesIgnore {
		c.readPast()
		return c.drawn(costUnknown, ReasonUnknownFrames), nil, n
	}
	r := t.r
	if t.does == doesGo {
		r = c.countData(x, length)
	}
	if r == ReasonNone {
		c.grant(int64(d.pad))
		x.grant(int64(over))
		if d.left == 0 {
			c.endData()
		}
		return EventNone, nil, n
	}
	c.readPast()
	if r.Refusal().Status != 0 {
		ev, x = c.refuse(x, r)
	} else {
		ev, x = c.fault(x, f.stream, r)
	}
	return ev, x, n
}

// readPast makes the payload of the present DATA frame be read past. What it
// took of the connection's window is given back.
func (c *Conn) readPast() {
	d := &c.data
	n := d.left + d.pad
	c.grant(int64(n))
	d.x = nil
	c.state = connFrames
	c.skipFrame(n)
}

// countData counts DATA that a stream gets, length octets with padding.
func (c *Conn) countData(x *Exchange, length int64) Reason {
	d := &c.data
	if length > x.window {
		return ReasonStreamFlow
	}
	x.window -= length
	x.got += int64(d.left)
	switch {
	case x.length >= 0 && (x.got > x.length || d.end && x.got != x.length):
		return ReasonLengthDiffers
	case x.got > x.most && !x.dropped:
		return ReasonBodyLimit
	case d.left == 0 && !d.end:
		return c.draw(costEmpty, ReasonEmptyFrames)
	}
	c.earnContent(d.left)
	return ReasonNone
}

// readContent reads content of the present DATA frame.
func (c *Conn) readContent(in []byte) (ev Event, x *Exchange, n int) {
	d := &c.data
	x = d.x
	n = min(d.left, len(in))
	if d.left -= n; d.left == 0 {
		c.endData()
	}
	switch {
	case n == 0:
	case x == nil || x.dropped:
		c.grant(int64(n))
		if x != nil && x.refusal == nil {
			x.grant(int64(n))
		}
	default:
		x.unused += int64(n)
		x.content, c.lent = in[:n:n], x
		return EventContent, x, n
	}
	return EventNone, nil, n
}

// endData follows the content of the present DATA frame.
func (c *Conn) endData() {
	d := &c.data
	c.state = connFrames
	c.skipFrame(d.pad)
	if d.pad == 0 {
		c.endSkip()
	}
}

// endSkip follows the payload of a frame.
func (c *Conn) endSkip() {
	d := &c.data
	c.state = connFrames
	if x := d.x; x != nil && d.end && x.state.on(recvDataEnd).does == doesGo {
		c.requestEnds(x, recvDataEnd)
	}
	*d = data{}
}

// SetMaxBody replaces Limits.RequestBody for the request: the route has a limit
// of its own, which msg.Unlimited lifts. It reports false when the declared
// Content-Length is over it: then the host answers 413. It is called after
// EventHead, before Next is called again.
func (x *Exchange) SetMaxBody(n int64) bool {
	if n < 0 {
		n = 1<<63 - 1
	}
	x.most = n
	return x.length <= n
}

// Drop makes Next read the rest of the content without reporting it: EventEnd
// comes when it is complete.
func (x *Exchange) Drop() { x.dropped = true }
