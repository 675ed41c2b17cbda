package sdk

import (
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll/sim"
)

// TestDate checks that the value of Date has the form of RFC 9110 section
// 5.6.7, is that of the second, and is rendered once in it.
func TestDate(t *testing.T) {
	network := sim.NewCalm()
	kernel, err := network.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	loop, host, err := NewLoop(kernel, Config{}, NewPool(1))
	if err != nil {
		t.Fatal(err)
	}
	const form = "Mon, 02 Jan 2006 15:04:05 GMT"
	last := ""
	for range 30 {
		wall := time.Unix(0, loop.Wall()).UTC()
		got := string(host.Date(loop.Clock()))
		if want := wall.Format(form); got != want {
			t.Fatalf("at %v the date is %q; want %q", wall, got, want)
		}
		if same := string(host.Date(loop.Clock())); same != got || testing.AllocsPerRun(10, func() { host.Date(loop.Clock()) }) != 0 {
			t.Errorf("a second look gives %q, or allocates", same)
		}
		if got == last {
			t.Log("the same second")
		}
		last = got
		network.Advance(int64(700 * time.Millisecond))
	}
}
