package sdk

import (
	"testing"
	"time"
)

// TestWatchdogTellsOnce checks the watchdog on a clock of its own: a function
// that returns in time is never told of, one that does not is told of once.
func TestWatchdogTellsOnce(t *testing.T) {
	plan := &Plan{Name: "GET /slow"}
	var w watch
	d := watchdog{after: 20 * time.Millisecond, watches: []*watch{&w}}
	now := time.Unix(0, 0)
	look := func(after time.Duration) (Stall, bool) {
		now = now.Add(after)
		return d.look(now)
	}

	for range 100 { // busy, but never for long
		w.enter(plan)
		if s, ok := look(15 * time.Millisecond); ok {
			t.Fatalf("told of %v while every function returns in time", s)
		}
		w.leave()
	}
	look(time.Hour) // at rest
	w.enter(plan)
	look(5 * time.Millisecond)
	if _, ok := look(19 * time.Millisecond); ok {
		t.Fatal("told too early")
	}
	s, ok := look(time.Millisecond)
	if !ok || s.Route != "GET /slow" || s.Duration != 20*time.Millisecond {
		t.Fatalf("told %v of %+v; want GET /slow after 20 ms", ok, s)
	}
	if _, ok := look(time.Hour); ok {
		t.Fatal("told twice of one run")
	}
	w.leave()
	w.enter(plan)
	look(time.Millisecond)
	if _, ok := look(20 * time.Millisecond); !ok {
		t.Fatal("the next stall is not told of")
	}
}
