package sdk

import (
	"sync"
	"sync/atomic"
	"testing"
)

type unitFunc func()

func (f unitFunc) RunUnit() { f() }

// TestPoolKeepsOrder checks that units start in the order of the calls.
func TestPoolKeepsOrder(t *testing.T) {
	p := NewPool(1)
	var order []int
	done := make(chan struct{})
	for i := range 1000 {
		p.Start(unitFunc(func() {
			if order = append(order, i); i == 999 {
				close(done)
			}
		}))
	}
	<-done
	for i, got := range order {
		if got != i {
			t.Fatalf("unit %d ran as number %d", got, i)
		}
	}
}

// TestPoolIsBounded checks that no more units run at once than the pool has
// goroutines, and that every unit runs.
func TestPoolIsBounded(t *testing.T) {
	p := NewPool(4)
	var running, most atomic.Int64
	var done sync.WaitGroup
	done.Add(1000)
	gate := make(chan struct{})
	for range 1000 {
		p.Start(unitFunc(func() {
			defer done.Done()
			n := running.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-gate
			running.Add(-1)
		}))
	}
	close(gate)
	done.Wait()
	if most.Load() > 4 {
		t.Errorf("%d units ran at once in a pool of 4", most.Load())
	}
}

// TestPoolStartsWithoutAllocation checks that handing over a unit allocates
// nothing in the steady state.
func TestPoolStartsWithoutAllocation(t *testing.T) {
	p := NewPool(2)
	ran := make(chan struct{})
	var u Unit = unitFunc(func() { ran <- struct{}{} })
	if n := testing.AllocsPerRun(1000, func() { p.Start(u); <-ran }); n != 0 {
		t.Errorf("%v allocations per unit; want 0", n)
	}
}

// TestWaiterKeepsOneWake checks that a Wake before the Wait is not lost.
func TestWaiterKeepsOneWake(t *testing.T) {
	w := NewPool(1).Waiter()
	w.Wake()
	w.Wake()
	w.Wait()
}
