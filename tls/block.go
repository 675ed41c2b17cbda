package tls

import "github.com/windhover-go/windhover/sdk/invariant"

// blockSize is that of a pooled block: any record of TLS 1.3, and any of TLS
// 1.2 that does not use the last octets of its allowance. It is a size class
// of the allocator.
const blockSize = 18 << 10

// A block is memory for an incomplete record.
type block [blockSize]byte

// A partial is the start of a record whose rest has not arrived. It is small as
// long as little has arrived, whatever the header announces: the whole record
// gets its memory when a quarter of it is there. The zero value is empty.
type partial struct {
	b     []byte
	block *block // that b lies in, or nil
}

// add appends octets of a record of want octets, 0 if that is not known.
func (p *partial) add(s *Server, in []byte, want int) {
	if n := len(p.b) + len(in); n > cap(p.b) {
		p.grow(s, n, want)
	}
	p.b = append(p.b, in...)
}

func (p *partial) grow(s *Server, n, want int) {
	const quarter = 4
	old := p.b
	switch {
	case n*quarter < want:
		p.b = make([]byte, 0, n*quarter)
	case want > blockSize/2 && want <= blockSize:
		p.block, _ = s.blocks.Get().(*block)
		if p.block == nil {
			p.block = new(block)
		}
		p.b = p.block[:0]
	default:
		p.b = make([]byte, 0, max(want, headerLen))
	}
	p.b = append(p.b, old...)
}

// free gives the memory back.
func (p *partial) free(s *Server) {
	if p.block != nil {
		invariant.Poison(p.block[:])
		s.blocks.Put(p.block)
	}
	*p = partial{}
}
