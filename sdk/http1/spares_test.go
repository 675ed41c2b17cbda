package http1

import (
	"fmt"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// repeater is an app with one route, off the loop or on it, that repeats its
// content.
type repeater struct {
	plan sdk.Plan
	loop *loop
}

func (r *repeater) Install(s *sdk.Setup) {
	Offer(s, func(x *Exchange) sdk.Task { r.loop = x.loop; return &repeating{r, x} })
}

type repeating struct {
	*repeater
	x *Exchange
}

func (r *repeating) Route() *sdk.Plan    { return &r.plan }
func (r *repeating) Head() bool          { return true }
func (r *repeating) Body(content []byte) { r.x.ResponseContent().Octets(content) }
func (r *repeating) Fail(err error)      { sdk.WriteError(r.x, err) }
func (r *repeating) End(sdk.Outcome)     {}

// TestSparesAreBounded checks that a burst of requests leaves no more memory
// behind than maxSpare says, wherever their functions run.
func TestSparesAreBounded(t *testing.T) {
	for _, place := range []sdk.Place{sdk.OnLoop, sdk.OffLoop} {
		app := &repeater{plan: sdk.Plan{Name: "repeat", Place: place, Body: sdk.BodyCollected}}
		s, err := sdktest.NewServer(app, sim.NewCalm(), sdk.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.End() })
		const n, size = 300, 12 << 10
		content := strings.Repeat("a", size)
		var peers []*sim.Peer
		for range n {
			p, err := s.Network.Dial(s.Address)
			if err != nil {
				t.Fatal(err)
			}
			p.Send(fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, content[1:]))
			peers = append(peers, p)
		}
		step := func() {
			for range 200 {
				if err := s.Step(0); err != nil {
					t.Fatal(err)
				}
			}
		}
		step() // all are in progress
		for _, p := range peers {
			p.Send([]byte("a"))
		}
		step()
		for i, p := range peers {
			if got := string(p.Received()); !strings.HasSuffix(got, content) {
				t.Fatalf("place %v: peer %d got %d octets", place, i, len(got))
			}
		}
		spares := &app.loop.spares
		if spares.size > maxSpare || spares.returnedSize > maxSpare {
			t.Errorf("place %v: %d and %d octets are kept", place, spares.size, spares.returnedSize)
		}
		kept := 0
		for _, x := range append(spares.free, spares.returned...) {
			kept += x.size()
		}
		if kept != spares.size+spares.returnedSize || kept < maxSpare/2 {
			t.Errorf("place %v: %d octets are kept in %d and %d exchanges, which counts as %d and %d", place, kept, len(spares.free), len(spares.returned), spares.size, spares.returnedSize)
		}
	}
}

// TestSparesInUseStay checks that what is used again and again is not what goes:
// the steady state allocates nothing.
func TestSparesInUseStay(t *testing.T) {
	var s spares
	made := 0
	take := func() *Exchange {
		if x := s.take(); x != nil {
			return x
		}
		made++
		return &Exchange{body: make([]byte, 0, maxKept)}
	}
	var burst []*Exchange
	for range 500 {
		burst = append(burst, take())
	}
	for _, x := range burst[:250] {
		s.giveBack(x)
	}
	for _, x := range burst[250:] {
		s.give(x)
	}
	made = 0
	for i := range 10_000 {
		x, y := take(), take()
		if i%2 == 0 {
			s.give(x)
			s.giveBack(y)
		} else {
			s.giveBack(x)
			s.give(y)
		}
	}
	if made != 0 {
		t.Errorf("%d exchanges were made in the steady state", made)
	}
}
