package h2

import "github.com/windhover-go/windhover/sdk/invariant"

// streams are the exchanges of a connection, in the order of their identifiers.
// Identifiers only grow, so a new one stands last.
type streams struct {
	list      []entry
	lingering int // those that are closed in order and whose functions still run
}

// An entry is an exchange and its identifier.
type entry struct {
	id uint32
	x  *Exchange
}

// maxKeptStreams is the number of entries whose memory is kept when a connection
// becomes idle.
const maxKeptStreams = 128

// find returns the exchange of a stream, nil when there is none.
func (s *streams) find(id uint32) *Exchange {
	if i := s.index(id); i < len(s.list) && s.list[i].id == id {
		return s.list[i].x
	}
	return nil
}

// index returns where a stream is, or would be.
func (s *streams) index(id uint32) int {
	if n := len(s.list); n == 0 || s.list[n-1].id < id {
		return n
	}
	from, to := 0, len(s.list)-1
	for from < to {
		half := int(uint(from+to) / 2)
		if s.list[half].id < id {
			from = half + 1
		} else {
			to = half
		}
	}
	return from
}

// add adds the exchange of a new stream.
func (s *streams) add(x *Exchange) {
	invariant.That(len(s.list) == 0 || s.list[len(s.list)-1].id < x.id)
	s.list = append(s.list, entry{x.id, x})
}

// remove removes an exchange.
func (s *streams) remove(x *Exchange) {
	i := s.index(x.id)
	invariant.That(s.list[i].x == x)
	n := copy(s.list[i:], s.list[i+1:]) + i
	s.list[n] = entry{}
	if s.list = s.list[:n]; n == 0 && cap(s.list) > maxKeptStreams {
		s.list = nil
	}
	if x.state == streamClosed {
		s.lingering--
	}
}

// full reports whether no further stream may begin. A stream that is closed in
// order leaves its slot to another, which the peer may begin before the function
// has returned; one that was reset has its slot until then.
func (s *streams) full(limit int) bool {
	return len(s.list)-s.lingering >= limit || s.lingering > limit
}

// A history remembers how the latest streams ended, in two bits each: what to
// answer to a frame on a stream that is over depends on it (RFC 9113 section
// 5.1).
type history struct {
	last      uint32    // the greatest identifier of a stream that has begun
	low, high [2]uint64 // a bit for each of the latest streams; bit 0 is last
}

// remembered is the number of streams that a history remembers.
const remembered = 128

// What a history remembers.
const (
	pastNever   = 0 // the identifier was left out
	pastClosed  = 1 // the stream is closed in order, or still there
	pastReset   = 2 // the peer has reset it
	pastAborted = 3 // we have reset it
)

// begin notes that a stream begins, which is greater than those before.
func (h *history) begin(id uint32) {
	shift := uint(id/2) - uint(h.last/2)
	if h.last == 0 {
		shift = remembered
	}
	shiftLeft(&h.low, shift)
	shiftLeft(&h.high, shift)
	h.last = id
	h.low[0] |= pastClosed
}

// shiftLeft shifts 128 bits.
func shiftLeft(b *[2]uint64, n uint) {
	if n < 64 {
		b[1] = b[1]<<n | b[0]>>(64-n)
	} else {
		b[1] = b[0] << (n - 64)
	}
	b[0] <<= n
}

// end notes how a stream ended.
func (h *history) end(id uint32, s streamState) {
	i := uint(h.last/2) - uint(id/2)
	if i >= remembered {
		return
	}
	bit := uint64(1) << (i % 64)
	switch s {
	case streamReset:
		h.low[i/64] &^= bit
		h.high[i/64] |= bit
	case streamAborted:
		h.high[i/64] |= bit
	case streamIdle, streamOpen, streamHalfRemote, streamHalfLocal, streamClosed, streamStates:
	}
}

// state returns the state of a stream that is not among the exchanges, and
// whether its identifier was left out. A stream that is too old to be remembered
// is like one that the peer reset: frames on it are stream errors.
func (h *history) state(id uint32) (s streamState, left bool) {
	if id > h.last || id%2 == 0 {
		return streamIdle, false
	}
	i := uint(h.last/2) - uint(id/2)
	if i >= remembered {
		return streamReset, false
	}
	switch h.low[i/64]>>(i%64)&1 | h.high[i/64]>>(i%64)&1<<1 {
	case pastNever:
		return streamClosed, true
	case pastReset:
		return streamReset, false
	case pastAborted:
		return streamAborted, false
	}
	return streamClosed, false
}
