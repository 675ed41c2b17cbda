package http1

import (
	"slices"
	"sync"
)

// maxSpare bounds the memory of the exchanges that a loop keeps for reuse, in
// octets: as much again may be that of exchanges which units have given back and
// the loop has not looked at. What is over it after a burst is garbage.
const maxSpare = 1 << 20

// exchangeSize is what an exchange has beside its large buffers, about: itself,
// its task, the head of its request and the fields of its response.
const exchangeSize = 4 << 10

// spares are the exchanges that a loop keeps for reuse. The one that was used last
// is used next, so that a burst leaves exchanges behind that nobody uses: they go
// first where there are too many.
type spares struct {
	free  []*Exchange // the one that was used last is the last
	size  int         // octets of free
	taken int         // since returned was looked at

	mu           sync.Mutex
	returned     []*Exchange // given back by units
	returnedSize int         // octets of returned
}

// take returns an exchange, or nil when there is none.
func (s *spares) take() *Exchange {
	// Often enough that units come by the same few exchanges again and again.
	const look = 16
	if s.taken++; s.taken >= look || len(s.free) == 0 {
		s.collect()
	}
	n := len(s.free) - 1
	if n < 0 {
		return nil
	}
	x := s.free[n]
	s.free[n], s.free = nil, s.free[:n]
	s.size -= x.size()
	return x
}

// collect takes over what units have given back.
func (s *spares) collect() {
	s.taken = 0
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, x := range s.returned {
		s.give(x)
		s.returned[i] = nil
	}
	s.returned, s.returnedSize = s.returned[:0], 0
}

// give takes back an exchange on the loop.
func (s *spares) give(x *Exchange) {
	s.free = append(s.free, x)
	s.size += x.size()
	n := 0
	for ; s.size > maxSpare; n++ {
		s.size -= s.free[n].size()
	}
	if n > 0 {
		s.free = slices.Delete(s.free, 0, n)
	}
}

// giveBack takes back an exchange from a unit.
func (s *spares) giveBack(x *Exchange) {
	size := x.size()
	s.mu.Lock()
	if s.returnedSize+size <= maxSpare {
		s.returned, s.returnedSize = append(s.returned, x), s.returnedSize+size
	}
	s.mu.Unlock()
}

// size returns the octets of memory of an exchange that is reset.
func (x *Exchange) size() int {
	return exchangeSize + cap(x.body) + cap(x.wire) + cap(x.in) + x.ResponseContent().Cap()
}
