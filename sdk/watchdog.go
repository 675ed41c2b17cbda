package sdk

import (
	"runtime"
	"sync/atomic"
	"time"
)

// A watch is where a loop says what it is doing. The loop writes it and the
// watchdog reads it.
type watch struct {
	runs atomic.Uint64        // odd while a function runs; grows by one at either end
	plan atomic.Pointer[Plan] // the route of the last function
	last *Plan                // plan again, for the loop: most runs are of the same route
}

func (w *watch) enter(plan *Plan) {
	if plan != w.last {
		w.last = plan
		w.plan.Store(plan)
	}
	w.runs.Add(1)
}

func (w *watch) leave() { w.runs.Add(1) }

// A watchdog looks at the watches of a server's loops, and reports a function
// that one look after another finds running.
type watchdog struct {
	after   time.Duration
	onStall func(Stall)
	watches []*watch
	seen    []sight
}

// A sight is what the watchdog saw of one watch.
type sight struct {
	runs  uint64
	since time.Time
	told  bool
}

const (
	// looksPerStall is how often the watchdog looks while StallAfter passes: a
	// stall is reported at most a quarter late.
	looksPerStall = 4
	// tellEvery bounds how often OnStall is called.
	tellEvery = time.Second
)

// run looks until done is closed.
func (d *watchdog) run(done <-chan struct{}) {
	if d.after >= forever {
		return
	}
	ticker := time.NewTicker(max(d.after/looksPerStall, time.Millisecond)) //nolint:forbidigo // it needs a clock that a stalled loop does not stop
	defer ticker.Stop()
	var told time.Time
	for {
		select {
		case <-done:
			return
		case now := <-ticker.C:
			if stall, ok := d.look(now); ok && now.Sub(told) >= tellEvery {
				told = now
				stall.Stack = stacks()
				d.onStall(stall)
			}
		}
	}
}

// look returns the first stall that has not been told.
func (d *watchdog) look(now time.Time) (stall Stall, ok bool) {
	if d.seen == nil {
		d.seen = make([]sight, len(d.watches))
	}
	for i, w := range d.watches {
		s, runs := &d.seen[i], w.runs.Load()
		if runs != s.runs || runs%2 == 0 {
			*s = sight{runs: runs, since: now}
			continue
		}
		took := now.Sub(s.since)
		if took < d.after || s.told || ok {
			continue
		}
		s.told, ok = true, true
		stall = Stall{Route: w.plan.Load().Name, Duration: took}
	}
	return stall, ok
}

// stacks returns the stacks of all goroutines, at most 256 KiB.
func stacks() []byte {
	b := make([]byte, 256<<10)
	return b[:runtime.Stack(b, true)]
}
