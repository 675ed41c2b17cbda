package netpoll

import (
	"math/bits"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// A block is memory for octets on their way: input that a handler left, or
// output that the kernel refused. It has one owner: a connection or the pool.
type block struct {
	buf        []byte // its length is the block's size
	start, end int    // the octets are buf[start:end]
	next       *block // in the pool or in a queue
}

func (b *block) size() int      { return b.end - b.start }
func (b *block) octets() []byte { return b.buf[b.start:b.end:b.end] }
func (b *block) room() []byte   { return b.buf[b.end:] }
func (b *block) extend(n int)   { b.end += n }
func (b *block) append(p []byte) {
	b.end += copy(b.buf[b.end:], p)
}

// consume drops the first n octets.
func (b *block) consume(n int) {
	invariant.Poison(b.buf[b.start : b.start+n])
	b.start += n
}

const (
	minClass     = 9         // a block has 1<<9 octets at least
	maxClass     = 20        // a larger block is not pooled
	maxPoolBytes = 512 << 10 // of free blocks; what a burst needed beyond is let go
)

// A pool keeps free blocks by size, each a power of two. It belongs to a loop.
// The zero value is ready.
type pool struct {
	free [maxClass + 1]*block
	held int // octets in free
}

// class returns the class of blocks that hold n octets.
func class(n int) int { return max(minClass, bits.Len(uint(max(n, 1)-1))) }

// newBlock returns a block that belongs to no pool yet.
func newBlock(class int) *block { return &block{buf: make([]byte, 1<<class)} }

// take returns an empty block that holds n octets.
func (p *pool) take(n int) *block {
	k := class(n)
	if k > maxClass || p.free[k] == nil {
		return newBlock(k)
	}
	b := p.free[k]
	p.free[k], b.next = b.next, nil
	p.held -= len(b.buf)
	return b
}

// give takes b back.
func (p *pool) give(b *block) {
	if invariant.Enabled {
		invariant.Poison(b.buf)
	}
	k := class(len(b.buf))
	if k > maxClass || p.held+len(b.buf) > maxPoolBytes {
		return
	}
	p.held += len(b.buf)
	b.start, b.end, b.next, p.free[k] = 0, 0, p.free[k], b
}

// grow returns b with room behind its octets: a quarter of it at least. Octets
// are moved to the front when that is enough; otherwise to a block of twice
// the size, so that each octet is moved a bounded number of times.
func (p *pool) grow(b *block) *block {
	if len(b.room()) >= len(b.buf)/4 {
		return b
	}
	if b.size() <= len(b.buf)/2 {
		b.end = copy(b.buf, b.octets())
		b.start = 0
		return b
	}
	bigger := p.take(2 * len(b.buf))
	bigger.append(b.octets())
	p.give(b)
	return bigger
}

// join returns a block with the octets of a and then those of b; both are
// consumed, and each may be nil.
func (p *pool) join(a, b *block) *block {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	both := p.take(a.size() + b.size())
	both.append(a.octets())
	both.append(b.octets())
	p.give(a)
	p.give(b)
	return both
}
