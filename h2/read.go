package h2

import "encoding/binary"

// readFrame reads a frame, or the begin of one whose payload is read as it
// arrives. What is wrong with the header of a frame is known before its payload
// arrives.
func (c *Conn) readFrame(spare *Exchange, in []byte) (ev Event, x *Exchange, n int) {
	if len(in) < frameHeader {
		return EventNone, nil, 0
	}
	f := parseFrame(in)
	if r := c.checkFrame(&f); r != ReasonNone {
		ev, x = c.fault(c.streams.find(f.stream), f.stream, r)
		if ev != EventGone {
			c.skipFrame(f.length)
		}
		return ev, x, frameHeader
	}
	switch {
	case f.kind == frameData:
		return c.beginData(&f, in[frameHeader:])
	case f.kind > frameContinuation && f.kind != framePriorityUpdate:
		if r := c.draw(costUnknown, ReasonUnknownFrames); r != ReasonNone {
			return c.fail(r), nil, frameHeader
		}
		c.skipFrame(f.length)
		return EventNone, nil, frameHeader
	case len(in) < frameHeader+f.length:
		return EventNone, nil, 0
	}
	n = frameHeader + f.length
	ev, x = c.take(spare, &f, in[frameHeader:n:n])
	return ev, x, n
}

// skipFrame makes the connection read past n octets.
func (c *Conn) skipFrame(n int) {
	if n > 0 {
		c.state, c.skip = connSkip, n
	}
}

// checkFrame checks the header of a frame: its length, its stream, and whether
// it may come now.
func (c *Conn) checkFrame(f *frame) Reason {
	switch {
	case c.state == connSettings && (f.kind != frameSettings || f.has(flagAck)):
		return ReasonSettingsFirst
	case f.length > c.conf.FrameSize:
		return ReasonFrameSize
	case c.block.since != 0 && (f.kind != frameContinuation || f.stream != c.block.stream):
		return ReasonBlock
	}
	onStream, length := true, -1
	switch f.kind {
	case frameData, frameHeaders:
		if f.has(flagPadded) && f.length == 0 {
			return ReasonFrameLength
		}
	case framePriority:
		if f.length != 5 && f.stream != 0 {
			return c.priorityLength(f.stream)
		}
	case frameReset:
		length = 4
	case frameSettings:
		if onStream = false; f.has(flagAck) {
			length = 0
		} else if f.length%6 != 0 {
			return ReasonFrameLength
		}
	case framePushPromise:
		return ReasonPush
	case framePing:
		onStream, length = false, 8
	case frameGoAway:
		if onStream = false; f.length < 8 {
			return ReasonFrameLength
		}
	case frameWindowUpdate:
		if f.length != 4 {
			return ReasonFrameLength
		}
		return ReasonNone // on both
	case frameContinuation:
		if c.block.since == 0 {
			return ReasonContinuation
		}
	case framePriorityUpdate:
		if onStream = false; f.length < 4 {
			return ReasonFrameLength
		}
	default:
		return ReasonNone
	}
	switch {
	case onStream != (f.stream != 0):
		return ReasonStreamZero
	case length >= 0 && f.length != length:
		return ReasonFrameLength
	}
	return ReasonNone
}

// priorityLength returns what PRIORITY of a wrong length is: an error of the
// stream, if that can be reset, and else of the connection (RFC 9113 section 6.3).
func (c *Conn) priorityLength(stream uint32) Reason {
	if x := c.streams.find(stream); x != nil && x.state.on(recvReset).does == doesGo {
		return ReasonPriority
	}
	return ReasonFrameLength
}

// take handles a complete frame.
func (c *Conn) take(spare *Exchange, f *frame, p []byte) (Event, *Exchange) {
	switch f.kind {
	case frameHeaders:
		return c.takeHeaders(spare, f, p)
	case frameContinuation:
		return c.takeContinuation(f, p)
	case framePriority:
		return c.takePriority(f, p)
	case frameReset:
		return c.takeReset(f, p)
	case frameSettings:
		return c.takeSettings(f, p)
	case framePing:
		return c.takePing(f, p)
	case frameGoAway:
		c.peer.leaves = true
		return c.drawn(costUnknown, ReasonUnknownFrames), nil
	case frameWindowUpdate:
		return c.takeUpdate(f, p)
	case framePriorityUpdate:
		return c.takePriorityUpdate(p)
	case frameData, framePushPromise:
	}
	return EventNone, nil
}

// drawn draws from the budget and returns EventGone when it is out.
func (c *Conn) drawn(points int, r Reason) Event {
	if r = c.draw(points, r); r != ReasonNone {
		return c.fail(r)
	}
	return EventNone
}

// stateOf returns the state of a stream and its exchange, if it has one. left
// says that it is an identifier that was left out.
func (c *Conn) stateOf(stream uint32) (x *Exchange, s streamState, left bool) {
	if stream > c.history.last {
		return nil, streamIdle, false
	}
	if x = c.streams.find(stream); x != nil {
		return x, x.state, false
	}
	s, left = c.history.state(stream)
	return nil, s, left
}

// takeHeaders handles HEADERS: the head of a request, or its trailer section.
func (c *Conn) takeHeaders(spare *Exchange, f *frame, p []byte) (Event, *Exchange) {
	fragment, r := c.fragmentOf(f, p)
	if r != ReasonNone {
		return c.fail(r), nil
	}
	e, end := recvHeaders, f.has(flagEndStream)
	if end {
		e = recvHeadersEnd
	}
	x, s, left := c.stateOf(f.stream)
	t := s.on(e)
	b := &c.block
	b.fault = ReasonNone
	switch {
	case s == streamIdle && f.stream%2 == 0:
		return c.fail(ReasonStreamEven), nil
	case left:
		return c.fail(ReasonStreamOrder), nil
	case t.does == doesFault:
		if b.fault = t.r; t.r.Refusal().Scope == ScopeConnection {
			return c.fail(t.r), nil
		}
		c.beginBlock(x, f.stream, end, true)
		b.x = nil
	case t.does == doesIgnore:
		c.beginBlock(nil, f.stream, end, true)
	case x != nil:
		c.beginBlock(x, f.stream, end, true)
		if x.tunnel {
			b.x, b.fault = nil, ReasonTunnel // RFC 9113 section 8.5
		}
	default:
		c.beginStream(spare, f.stream, end)
	}
	if len(fragment) == 0 && !f.has(flagEndHeaders) {
		if r := c.draw(costEmpty, ReasonEmptyFrames); r != ReasonNone {
			return c.fail(r), nil
		}
	}
	return c.takeFragment(fragment, f.has(flagEndHeaders))
}

// fragmentOf returns the fragment of the field block that HEADERS has.
func (c *Conn) fragmentOf(f *frame, p []byte) (fragment []byte, r Reason) {
	pad := 0
	if f.has(flagPadded) {
		pad, p = int(p[0]), p[1:]
	}
	if f.has(flagPriority) {
		if len(p) < 5 {
			return nil, ReasonFrameLength
		}
		if binary.BigEndian.Uint32(p)&maxStreamID == f.stream {
			return nil, ReasonDependency
		}
		p = p[5:]
	}
	if pad > len(p) {
		return nil, ReasonPadding
	}
	return p[:len(p)-pad], ReasonNone
}

// beginStream begins a stream, or decodes its head for the table's sake where it
// is refused.
func (c *Conn) beginStream(spare *Exchange, stream uint32, end bool) {
	b := &c.block
	c.history.begin(stream)
	switch {
	case c.timing.drain == drainFinal:
		b.fault = ReasonShutdown
	case c.streams.full(c.conf.Streams):
		b.fault = ReasonStreams
	}
	if b.fault != ReasonNone {
		c.history.end(stream, streamAborted)
		c.beginBlock(nil, stream, end, false)
		return
	}
	x := spare
	x.c, x.id = c, stream
	x.window = c.conf.StreamWindow
	x.most = c.conf.Limits.RequestBody
	x.room = c.peer.window
	x.priority, x.hinted = c.hints.take(stream)
	x.state = streamIdle
	c.streams.add(x)
	c.accepted = stream
	c.beginBlock(x, stream, end, false)
}

// takeContinuation handles CONTINUATION.
func (c *Conn) takeContinuation(f *frame, p []byte) (Event, *Exchange) {
	b := &c.block
	if b.frames++; b.frames > maxContinuations {
		return c.fail(ReasonContinuations), nil
	}
	if r := c.draw(costContinuation, ReasonEmptyFrames); r != ReasonNone {
		return c.fail(r), nil
	}
	return c.takeFragment(p, f.has(flagEndHeaders))
}

// takeFragment handles a fragment of a field block.
func (c *Conn) takeFragment(p []byte, done bool) (Event, *Exchange) {
	if r := c.fragment(p, done); r != ReasonNone {
		return c.fail(r), nil
	}
	if !done {
		return EventNone, nil
	}
	b := &c.block
	x := b.x
	b.x = nil
	switch {
	case b.fault != ReasonNone:
		return c.fault(c.streams.find(b.stream), b.stream, b.fault)
	case x == nil:
		return EventNone, nil
	case b.trailer:
		return c.endTrailer(x)
	}
	return c.endHead(x)
}

// endHead handles a complete head.
func (c *Conn) endHead(x *Exchange) (Event, *Exchange) {
	e := recvHeaders
	if c.block.ends {
		e = recvHeadersEnd
	}
	c.move(x, e)
	r := x.decide(c.block.ends, c.Secure, c.conf.Connect)
	if r == ReasonNone && x.length > x.most {
		r = ReasonBodyLimit
	}
	if r != ReasonNone && r.Refusal().Status == 0 {
		return c.fault(x, x.id, r)
	}
	x.headed = true
	if !x.hinted {
		x.priority = x.facts.priority
	}
	if r != ReasonNone {
		return c.refuse(x, r)
	}
	if c.block.ends {
		c.ending = x
	}
	return EventHead, x
}

// refuse makes the host answer a request that is refused.
func (c *Conn) refuse(x *Exchange, r Reason) (Event, *Exchange) {
	x.refusal, x.dropped = r.Refusal(), true
	if out := c.draw(costRefused, ReasonRefusals); out != ReasonNone {
		return c.fail(out), nil
	}
	return EventRefused, x
}

// endTrailer handles a complete trailer section.
func (c *Conn) endTrailer(x *Exchange) (Event, *Exchange) {
	switch {
	case x.state.on(recvHeadersEnd).does != doesGo: // it was reset within the block
		return EventNone, nil
	case x.trailers.fault != ReasonNone:
		return c.fault(x, x.id, x.trailers.fault)
	case x.length >= 0 && x.got != x.length:
		return c.fault(x, x.id, ReasonLengthDiffers)
	}
	c.requestEnds(x, recvHeadersEnd)
	return EventNone, nil
}

// requestEnds handles the end of a request.
func (c *Conn) requestEnds(x *Exchange, e streamEvent) {
	c.move(x, e)
	if !x.ended && x.refusal == nil {
		c.ending = x
	}
}

// takeReset handles RST_STREAM.
func (c *Conn) takeReset(f *frame, p []byte) (Event, *Exchange) {
	x, s, left := c.stateOf(f.stream)
	if left {
		s = streamIdle
	}
	t := s.on(recvReset)
	if t.does == doesFault {
		return c.fail(t.r), nil
	}
	if ev := c.drawn(costReset, ReasonResets); ev != EventNone || t.does == doesIgnore {
		return ev, nil
	}
	c.move(x, recvReset)
	x.code = ErrCode(binary.BigEndian.Uint32(p))
	ev, x := c.over(x, nil)
	if ev != EventReset {
		return EventNone, nil // its function has ended
	}
	return ev, x
}

// takePing handles PING (RFC 9113 section 6.7).
func (c *Conn) takePing(f *frame, p []byte) (Event, *Exchange) {
	if f.has(flagAck) {
		if c.pong(p) {
			return EventNone, nil
		}
		return c.drawn(costPing, ReasonPingFlood), nil
	}
	c.control = appendFrame(c.control, 8, framePing, flagAck, 0)
	c.control = append(c.control, p...)
	return c.drawn(costPing, ReasonPingFlood), nil
}
