package netpoll

import "github.com/windhover-go/windhover/sdk/invariant"

// chunkSize is the number of slots that are made and let go together.
const chunkSize = 256

// A slab holds the connections of a loop. Their addresses are stable, and
// they are found by key. The zero value is ready.
//
// Generations are counted for the whole slab, so that a chunk can be let go
// without its generations being used anew.
type slab struct {
	chunks     []*chunk // nil where one was let go
	used       int      // slots that are taken
	empty      int      // chunks with no slot taken
	hint       int      // no chunk before it has a free slot
	generation uint32   // of the newest connection; never 0
}

type chunk struct {
	conns [chunkSize]Conn
	free  int32 // first free slot, chunkSize when none; linked by Conn.next
	used  int
}

// at returns the connection in a slot.
func (s *slab) at(index int32) *Conn {
	return &s.chunks[index/chunkSize].conns[index%chunkSize]
}

// find returns the connection that key names, or nil when it is gone.
func (s *slab) find(key Key) *Conn {
	index := uint32(key)
	i := int(index / chunkSize)
	if i >= len(s.chunks) || s.chunks[i] == nil {
		return nil
	}
	if c := &s.chunks[i].conns[index%chunkSize]; c.key == key {
		return c
	}
	return nil
}

// take returns a slot with nothing in it but its key.
func (s *slab) take() *Conn {
	for s.hint < len(s.chunks) && s.chunks[s.hint] != nil && s.chunks[s.hint].free == chunkSize {
		s.hint++
	}
	if s.hint == len(s.chunks) {
		s.chunks = append(s.chunks, nil)
	}
	ch := s.chunks[s.hint]
	if ch == nil {
		ch = newChunk()
		s.chunks[s.hint] = ch
		s.empty++
	}
	if ch.used == 0 {
		s.empty--
	}
	i := ch.free
	c := &ch.conns[i]
	ch.free = c.next
	ch.used++
	s.used++
	if s.generation++; s.generation == 0 {
		s.generation = 1
	}
	c.state, c.next = connOpen, 0
	c.key = Key(s.generation)<<32 | Key(s.hint*chunkSize) | Key(i)
	return c
}

func newChunk() *chunk {
	ch := new(chunk)
	for i := range ch.conns {
		ch.conns[i].next = int32(i + 1)
		ch.conns[i].state = connGone
	}
	return ch
}

// give frees a slot. One chunk that is not used is kept, the others are let go.
func (s *slab) give(c *Conn) {
	index := int(uint32(c.key))
	i := index / chunkSize
	ch := s.chunks[i]
	invariant.That(ch != nil && c == &ch.conns[index%chunkSize])
	// A Conn is not assigned as a whole: it holds an atomic word.
	c.loop, c.handler, c.kept, c.queue, c.waiter = nil, nil, nil, nil, nil
	c.deadline, c.patience, c.unsent, c.flags = 0, 0, 0, 0
	c.when.Store(0)
	c.key, c.state = 0, connGone
	c.next, ch.free = ch.free, int32(index%chunkSize)
	ch.used--
	s.used--
	s.hint = min(s.hint, i)
	if ch.used > 0 {
		return
	}
	if s.empty > 0 {
		s.chunks[i] = nil
		return
	}
	s.empty++
}

// all yields every connection. Connections may close meanwhile.
func (s *slab) all(yield func(*Conn) bool) {
	for _, ch := range s.chunks {
		if ch == nil {
			continue
		}
		for i := range ch.conns {
			if c := &ch.conns[i]; c.key != 0 && !yield(c) {
				return
			}
		}
	}
}
