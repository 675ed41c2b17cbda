package netpoll

import "testing"

// TestPoolLetsGo checks that blocks are reused, and that those of a burst are
// not kept.
func TestPoolLetsGo(t *testing.T) {
	var p pool
	var burst []*block
	for range 1000 {
		burst = append(burst, p.take(5000))
	}
	for _, b := range burst {
		p.give(b)
	}
	if p.held > maxPoolBytes || p.held < maxPoolBytes/2 {
		t.Errorf("%d octets are held; want %d at most", p.held, maxPoolBytes)
	}
	held := p.held
	b := p.take(8192)
	if len(b.buf) != 8192 || b.size() != 0 || p.held != held-8192 {
		t.Errorf("a block of %d octets with %d in it was taken", len(b.buf), b.size())
	}
	if b := p.take(5 << 20); len(b.buf) != 8<<20 {
		t.Errorf("a large block has %d octets; want 8 MiB", len(b.buf))
	}
}

// TestSlabLetsGo checks keys, reuse and that the slots of a burst are not kept.
func TestSlabLetsGo(t *testing.T) {
	var s slab
	var conns []*Conn
	seen := map[Key]bool{}
	for range 10*chunkSize + 1 {
		c := s.take()
		if seen[c.key] || s.find(c.key) != c {
			t.Fatalf("key %x is not new or not found", c.key)
		}
		seen[c.key] = true
		conns = append(conns, c)
	}
	if s.used != len(conns) {
		t.Errorf("%d slots are used; want %d", s.used, len(conns))
	}
	for _, c := range conns[1:] {
		key := c.key
		s.give(c)
		if s.find(key) != nil {
			t.Fatal("a connection that is gone is found")
		}
	}
	chunks := 0
	for _, ch := range s.chunks {
		if ch != nil {
			chunks++
		}
	}
	if chunks > 2 {
		t.Errorf("%d chunks are kept for one connection; want 2 at most", chunks)
	}
	for range 10 * chunkSize {
		if c := s.take(); seen[c.key] {
			t.Fatalf("key %x is not new", c.key)
		}
	}
	count := 0
	for range s.all {
		count++
	}
	if count != s.used || count != 10*chunkSize+1 {
		t.Errorf("%d connections, %d used; want %d", count, s.used, 10*chunkSize+1)
	}
}
