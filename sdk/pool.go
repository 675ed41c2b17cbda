package sdk

import (
	"sync"

	"github.com/windhover-go/windhover/netpoll"
)

// A Unit is work that may block: an exchange that is out of its loop.
type Unit interface{ RunUnit() }

// A Pool runs units on goroutines of its own. The simulation has another one,
// with a schedule made from a seed.
type Pool interface {
	// Start runs u, in the order of the calls, as soon as a goroutine is free.
	// It does not wait, and does not allocate in the steady state. A
	// connection has at most one unit, so no more units can wait than
	// connections are open.
	Start(u Unit)
	// Waiter returns something that a running unit can wait on.
	Waiter() netpoll.Waiter
}

// NewPool returns a pool of at most size goroutines. A goroutine lives while
// there is work for it: a pool at rest has none.
func NewPool(size int) Pool {
	p := &pool{size: size}
	p.worker = p.work
	return p
}

type pool struct {
	size   int
	worker func() // p.work, bound once so that starting it allocates nothing

	mu      sync.Mutex
	running int
	queue   []Unit // queue[head:] waits
	head    int
}

// Start implements Pool.
func (p *pool) Start(u Unit) {
	p.mu.Lock()
	p.queue = append(p.queue, u)
	start := p.running < p.size
	if start {
		p.running++
	}
	p.mu.Unlock()
	if start {
		go p.worker()
	}
}

// work runs units until none waits.
func (p *pool) work() {
	for {
		p.mu.Lock()
		if p.head == len(p.queue) {
			p.running--
			p.queue, p.head = p.queue[:0], 0
			p.mu.Unlock()
			return
		}
		u := p.queue[p.head]
		p.queue[p.head] = nil
		p.head++
		if p.head == len(p.queue) {
			p.queue, p.head = p.queue[:0], 0
		} else if p.head > len(p.queue)/2 && p.head > 64 {
			n := copy(p.queue, p.queue[p.head:])
			clear(p.queue[n:])
			p.queue, p.head = p.queue[:n], 0
		}
		p.mu.Unlock()
		u.RunUnit()
	}
}

// Waiter implements Pool.
func (p *pool) Waiter() netpoll.Waiter { return make(waiter, 1) }

// waiter holds at most one Wake that came before its Wait.
type waiter chan struct{}

// Wait implements netpoll.Waiter.
func (w waiter) Wait() { <-w }

// Wake implements netpoll.Waiter.
func (w waiter) Wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}
