package http2

import (
	"context"
	"sync"
)

// A lifetime is the context of an exchange, made when it is asked for. The loop
// may cancel it while a unit has the exchange, so it has a lock.
type lifetime struct {
	mu     sync.Mutex
	used   bool
	cause  error           // why it was cancelled
	ctx    context.Context //nolint:containedctx // what sdk.Lifetime hands out, a second time too
	cancel context.CancelCauseFunc
	// release stops the timer of a context that has one; nil: it has none.
	release context.CancelFunc
}

// context returns the context.
func (l *lifetime) context() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx == nil {
		l.used = true
		l.ctx, l.cancel = context.WithCancelCause(context.Background())
		if l.cause != nil {
			l.cancel(l.cause)
		}
	}
	return l.ctx
}

// cancelWith cancels the context.
func (l *lifetime) cancelWith(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		return
	}
	l.used, l.cause = true, cause
	if l.cancel != nil {
		l.cancel(cause)
	}
}

// end ends the context with the exchange.
func (l *lifetime) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.used {
		return
	}
	if l.cancel != nil {
		l.cancel(context.Canceled)
	}
	if l.release != nil {
		l.release()
	}
	l.used, l.ctx, l.cancel, l.release, l.cause = false, nil, nil, nil, nil
}
