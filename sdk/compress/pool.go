package compress

import "sync/atomic"

// A pool keeps what is free of at most MaxEncoders encoders, without a lock.
type pool[T any] struct {
	busy atomic.Int32
	free [MaxEncoders]atomic.Pointer[T]
}

// enter reports whether another encoder may be in use. If it does, leave follows.
func (p *pool[T]) enter() bool {
	if p.busy.Add(1) > MaxEncoders {
		p.busy.Add(-1)
		return false
	}
	return true
}

// leave ends what enter began.
func (p *pool[T]) leave() { p.busy.Add(-1) }

// take returns an encoder that is free, or nil.
func (p *pool[T]) take() *T {
	for i := range p.free {
		if e := p.free[i].Swap(nil); e != nil {
			return e
		}
	}
	return nil
}

// give keeps an encoder for take.
func (p *pool[T]) give(e *T) {
	for i := range p.free {
		if p.free[i].CompareAndSwap(nil, e) {
			return
		}
	}
}
