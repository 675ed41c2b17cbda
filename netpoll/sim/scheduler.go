package sim

import (
	"iter"
	"math/rand/v2"

	"github.com/windhover-go/windhover/netpoll"
)

// A Scheduler runs units one at a time, each for a while, in an order that the
// seed of its network decides. A unit gives way where it waits, and by chance at
// each read and write; nothing else runs meanwhile. So what happens between
// loops and units happens the same way in every run.
//
// Its methods may be called by one goroutine and by the units.
type Scheduler struct {
	rand    *rand.Rand // nil: in order, and a unit gives way only where it waits
	units   []*unit    // that are not finished
	current *unit      // that runs; nil while none does
}

// A unit is a function that can be left and continued.
type unit struct {
	next  func() (struct{}, bool)
	yield func(struct{}) bool
	wait  *waiter // what it waits for, nil when it can run
}

// Go adds a unit that runs f. It returns before f runs.
func (s *Scheduler) Go(f func()) {
	u := &unit{}
	u.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		u.yield = yield
		f()
	})
	s.units = append(s.units, u)
}

// Step runs one unit for a while. It reports false when no unit can run.
func (s *Scheduler) Step() bool {
	runnable := 0
	for _, u := range s.units {
		if u.canRun() {
			runnable++
		}
	}
	if runnable == 0 || s.current != nil {
		return false
	}
	pick := 0
	if s.rand != nil {
		pick = s.rand.IntN(runnable)
	}
	for i, u := range s.units {
		if !u.canRun() {
			continue
		}
		if pick--; pick >= 0 {
			continue
		}
		s.current = u
		_, more := u.next()
		s.current = nil
		if !more {
			s.units = append(s.units[:i], s.units[i+1:]...)
		}
		return true
	}
	return false
}

// Ready reports whether a unit can run: others wait for their connections.
func (s *Scheduler) Ready() bool {
	for _, u := range s.units {
		if u.canRun() {
			return true
		}
	}
	return false
}

// Len returns the number of units that are not finished.
func (s *Scheduler) Len() int { return len(s.units) }

// Waiter returns a Waiter whose Wait lets other units run. Only units may wait
// on it.
func (s *Scheduler) Waiter() netpoll.Waiter { return &waiter{scheduler: s} }

func (u *unit) canRun() bool { return u.wait == nil || u.wait.woken }

// preempt gives way by chance, when a unit calls it.
func (s *Scheduler) preempt() {
	if u := s.current; u != nil && s.rand != nil && s.rand.IntN(2) == 0 {
		s.leave(u)
	}
}

// leave lets others run until u is chosen again.
func (s *Scheduler) leave(u *unit) {
	u.yield(struct{}{})
}

// waiter is the Waiter of units.
type waiter struct {
	scheduler *Scheduler
	woken     bool
}

// Wait implements netpoll.Waiter.
func (w *waiter) Wait() {
	u := w.scheduler.current
	u.wait = w
	for !w.woken {
		w.scheduler.leave(u)
	}
	u.wait, w.woken = nil, false
}

// Wake implements netpoll.Waiter.
func (w *waiter) Wake() { w.woken = true }
