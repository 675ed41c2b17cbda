package netpoll

import (
	"sync"
	"sync/atomic"
)

// A mailbox carries mail from any goroutine to the loop. The loop takes all of
// it at once and pays nothing while there is none.
type mailbox struct {
	mu     sync.Mutex
	in     []Mail // posted, in order
	out    []Mail // the half that the loop delivers
	ended  bool
	notice sync.Cond // for wait; its L is set there

	posted  atomic.Bool // in is not empty
	waiting atomic.Bool // the loop waits in the kernel, or is about to
}

// maxMail bounds the memory for mail that is kept after a burst, in messages.
const maxMail = 4096

// post adds m, and wakes the loop when it waits in k. It reports false when
// the loop has ended.
func (b *mailbox) post(m Mail, k Kernel) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return false
	}
	b.in = append(b.in, m)
	b.posted.Store(true)
	// Under the lock, so that the kernel is not released meanwhile. The loop
	// sets waiting before it looks at posted, so one of the two sees the other.
	if b.waiting.Swap(false) {
		k.Wake()
	}
	b.notice.Signal()
	return true
}

// beginWait says that the loop is going to wait, unless there is mail.
func (b *mailbox) beginWait() (mail bool) {
	b.waiting.Store(true)
	return b.posted.Load()
}

// endWait says that the loop is awake.
func (b *mailbox) endWait() {
	if b.waiting.Load() {
		b.waiting.Store(false)
	}
}

// take returns the mail that was posted. It is borrowed until the next take.
func (b *mailbox) take() []Mail {
	if !b.posted.Load() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.swap()
}

// wait is take, and waits until there is some.
func (b *mailbox) wait() []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notice.L = &b.mu
	for len(b.in) == 0 {
		b.notice.Wait()
	}
	return b.swap()
}

// end ends the mailbox if there is no mail, and else is take.
func (b *mailbox) end() []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = len(b.in) == 0
	return b.swap()
}

func (b *mailbox) swap() []Mail {
	if cap(b.out) > maxMail {
		b.out = nil
	}
	b.in, b.out = b.out[:0], b.in
	b.posted.Store(false)
	return b.out
}
