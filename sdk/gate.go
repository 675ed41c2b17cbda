package sdk

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// A gate keeps Limits.Connections and ConnectionsPerSource. It counts exactly,
// over all loops of a server. A nil gate lets everybody in and costs nothing.
type gate struct {
	most      int64 // connections
	perSource int

	open atomic.Int64 // never more than most

	mu      sync.Mutex
	sources map[netip.Addr]int // connections of each source that has any; nil without a limit
}

// newGate returns a gate with the limits, nil when there are none.
func newGate(l *Limits) *gate {
	if l.Connections == endless && l.ConnectionsPerSource == endless {
		return nil
	}
	g := &gate{most: int64(l.Connections), perSource: l.ConnectionsPerSource}
	if g.perSource != endless {
		g.sources = map[netip.Addr]int{}
	}
	return g
}

// enter counts a connection of peer and reports true, or reports that it is
// one too many.
func (g *gate) enter(peer netip.Addr) bool {
	if g == nil {
		return true
	}
	if g.sources == nil || !peer.IsValid() {
		return g.count()
	}
	s := sourceOf(peer)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sources[s] >= g.perSource || !g.count() {
		return false
	}
	g.sources[s]++
	return true
}

// count counts a connection unless there are most already. It never counts one
// too many for a moment, which could make another loop turn one away.
func (g *gate) count() bool {
	for {
		n := g.open.Load()
		if n >= g.most {
			return false
		}
		if g.open.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// leave forgets a connection that has entered.
func (g *gate) leave(peer netip.Addr) {
	if g == nil {
		return
	}
	if g.sources != nil && peer.IsValid() {
		s := sourceOf(peer)
		g.mu.Lock()
		if g.sources[s]--; g.sources[s] == 0 {
			delete(g.sources, s)
		}
		g.mu.Unlock()
	}
	g.open.Add(-1)
}

// sourceOf returns what stands for the owner of an address: an IPv4 address
// itself, and of an IPv6 address the first 64 bits, for one owner has the others
// to choose from. Link-local addresses all have the same 64 bits.
func sourceOf(peer netip.Addr) netip.Addr {
	if peer.Is4() || peer.IsLinkLocalUnicast() {
		return peer
	}
	p, _ := peer.WithZone("").Prefix(64) // never fails for an IPv6 address
	return p.Addr()
}
