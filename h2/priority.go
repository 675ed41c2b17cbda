package h2

import "encoding/binary"

// A priority is that of a response (RFC 9218 section 4): its urgency, 0 to 7,
// of which less is more urgent, less the default, so that the zero value is the
// default, and whether pieces of it are of use.
type priority struct {
	shift       int8 // urgency - defaultUrgency
	incremental bool
}

// defaultUrgency is the urgency of a response of which nothing is said.
const defaultUrgency = 3

// urgency returns the urgency.
func (p priority) urgency() int { return defaultUrgency + int(p.shift) }

// parsePriority reads a priority from a dictionary of structured fields (RFC
// 8941 section 3.2): its members u and i. Others, and values that they cannot
// have, are ignored (RFC 9218 section 4). What it does not say is as in p.
func parsePriority(v []byte, p priority) priority {
	for len(v) > 0 {
		var member []byte
		member, v = cut(v, ',')
		member, _ = cut(member, ';') // parameters
		for len(member) > 0 && isSpace(member[0]) {
			member = member[1:]
		}
		for n := len(member) - 1; n >= 0 && isSpace(member[n]); n-- {
			member = member[:n]
		}
		switch string(member) {
		case "i", "i=?1":
			p.incremental = true
		case "i=?0":
			p.incremental = false
		default:
			if len(member) == 3 && member[0] == 'u' && member[1] == '=' && member[2] >= '0' && member[2] <= '7' {
				p.shift = int8(member[2]-'0') - defaultUrgency
			}
		}
	}
	return p
}

// cut splits b at the first c.
func cut(b []byte, c byte) (first, rest []byte) {
	for i := range b {
		if b[i] == c {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

// hints are priorities of streams that have not begun: PRIORITY_UPDATE may
// overtake HEADERS (RFC 9218 section 7.1). The latest few are kept.
type hints struct {
	of   [4]hint
	next uint8
}

type hint struct {
	stream   uint32
	priority priority
}

// keep keeps a priority.
func (h *hints) keep(stream uint32, p priority) {
	for i := range h.of {
		if h.of[i].stream == stream {
			h.of[i].priority = p
			return
		}
	}
	h.of[h.next] = hint{stream, p}
	h.next = (h.next + 1) % uint8(len(h.of))
}

// take returns the priority of a stream that begins, if there is one, and
// forgets it. It comes before what the head says.
func (h *hints) take(stream uint32) (p priority, ok bool) {
	for i := range h.of {
		if h.of[i].stream == stream {
			p, h.of[i] = h.of[i].priority, hint{}
			return p, true
		}
	}
	return p, false
}

// takePriority handles PRIORITY, which is deprecated (RFC 9113 section 5.3.2):
// it is checked and ignored.
func (c *Conn) takePriority(f *frame, p []byte) (Event, *Exchange) {
	if binary.BigEndian.Uint32(p)&maxStreamID == f.stream {
		return c.fail(ReasonDependency), nil
	}
	return c.drawn(costPriority, ReasonPriorityFlood), nil
}

// takePriorityUpdate handles PRIORITY_UPDATE (RFC 9218 section 7.1).
func (c *Conn) takePriorityUpdate(p []byte) (Event, *Exchange) {
	stream := binary.BigEndian.Uint32(p) & maxStreamID
	if stream%2 == 0 {
		return c.fail(ReasonPriorities), nil // there is no push
	}
	switch x, s, _ := c.stateOf(stream); {
	case x != nil:
		c.output.remove(x)
		x.priority = parsePriority(p[4:], priority{})
		c.output.add(x)
	case s == streamIdle:
		c.hints.keep(stream, parsePriority(p[4:], priority{}))
	}
	return c.drawn(costPriority, ReasonPriorityFlood), nil
}
