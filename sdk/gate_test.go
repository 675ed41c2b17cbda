package sdk

import (
	"net/netip"
	"sync"
	"testing"
)

// limited returns limits that are complete.
func limited(t *testing.T, l Limits) *Limits {
	t.Helper()
	if err := l.complete(); err != nil {
		t.Fatal(err)
	}
	return &l
}

func TestGateWithoutLimits(t *testing.T) {
	for _, l := range []Limits{{}, {Connections: Unlimited, ConnectionsPerSource: Unlimited}} {
		g := newGate(limited(t, l))
		if g != nil || !g.enter(netip.Addr{}) {
			t.Errorf("%v: the gate costs something, or lets nobody in", l)
		}
		g.leave(netip.Addr{})
	}
}

// TestGateSources checks what counts as one source.
func TestGateSources(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"10.0.0.1", "10.0.0.1", true},
		{"10.0.0.1", "10.0.0.2", false},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"fe80::1%2", "fe80::2%2", false},
		{"fe80::1%2", "fe80::1%3", false},
	} {
		g := newGate(limited(t, Limits{ConnectionsPerSource: 1}))
		a, b := netip.MustParseAddr(tt.a), netip.MustParseAddr(tt.b)
		if !g.enter(a) || g.enter(a) || g.enter(b) == tt.same {
			t.Errorf("%s and %s: one source: %v", tt.a, tt.b, !tt.same)
		}
		g.leave(a)
		if !g.enter(a) {
			t.Errorf("%s does not get in after it has left", tt.a)
		}
	}
	g := newGate(limited(t, Limits{ConnectionsPerSource: 1}))
	for range 2 {
		if !g.enter(netip.Addr{}) {
			t.Error("a Unix socket has a source")
		}
	}
	g.leave(netip.Addr{})
	g.leave(netip.Addr{})
	if len(g.sources) != 0 || g.open.Load() != 0 {
		t.Errorf("%d sources and %d connections are left", len(g.sources), g.open.Load())
	}
}

// TestGateIsExact lets goroutines enter and leave at once: never are there more
// than the limit allows, and nobody is turned away while there are fewer.
func TestGateIsExact(t *testing.T) {
	const goroutines, rounds = 8, 2000
	for _, l := range []Limits{
		{Connections: goroutines},
		{Connections: goroutines, ConnectionsPerSource: goroutines / 2},
		{Connections: 3},
		{Connections: 3, ConnectionsPerSource: 2},
	} {
		g := newGate(limited(t, l))
		var all sync.WaitGroup
		for i := range goroutines {
			all.Go(func() {
				peer := netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 2)})
				for range rounds {
					in := g.enter(peer)
					if !in && l.Connections == goroutines {
						t.Error("turned away although there is a place")
						return
					}
					if n := g.open.Load(); n > int64(l.Connections) {
						t.Errorf("%d have entered; want %d at most", n, l.Connections)
					}
					if in {
						g.leave(peer)
					}
				}
			})
		}
		all.Wait()
		if g.open.Load() != 0 || len(g.sources) != 0 {
			t.Errorf("%+v: %d are left, of %d sources", l, g.open.Load(), len(g.sources))
		}
	}
}

// TestGateTotalBeforeSource checks that who is turned away for one limit does
// not count for the other.
func TestGateTotalBeforeSource(t *testing.T) {
	g := newGate(limited(t, Limits{Connections: 2, ConnectionsPerSource: 1}))
	a, b, c := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")
	if !g.enter(a) || g.enter(a) || !g.enter(b) || g.enter(c) {
		t.Fatal("not the limits that were set")
	}
	g.leave(a)
	if !g.enter(c) || g.enter(a) {
		t.Error("a place is lost, or counted twice")
	}
}

// TestJitter checks the bounds.
func TestJitter(t *testing.T) {
	var h Host
	for _, n := range []int64{0, 1, 9, 10, 1000, int64(forever)} {
		low, high := n, n
		for range 10_000 {
			got := h.Jitter(n)
			low, high = min(low, got), max(high, got)
		}
		if low < n-n/10 || high > n+n/10 || n >= 10 && (low > n-n/11 || high < n+n/11) {
			t.Errorf("%d becomes %d to %d", n, low, high)
		}
	}
}
