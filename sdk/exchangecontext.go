package sdk

import (
	"context"
	"sync"
	"time"
)

// An ExchangeContext is the context of an exchange (Lifetime, TimedLifetime),
// made when it is asked for. Glue packages have one in each exchange; apps do
// not. Any goroutine may use it: the loop may cancel it while a unit has the
// exchange. The zero value is ready.
type ExchangeContext struct {
	mu     sync.Mutex
	cause  error           // why it was cancelled
	ctx    context.Context //nolint:containedctx // what Lifetime hands out, a second time too
	cancel context.CancelCauseFunc
	// release stops the timer of a context that has one; nil: it has none.
	release context.CancelFunc
}

// Ask returns the context.
func (e *ExchangeContext) Ask() context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx == nil {
		e.ctx, e.cancel = context.WithCancelCause(context.Background())
		if e.cause != nil {
			e.cancel(e.cause)
		}
	}
	return e.ctx
}

// AskWithin is Ask for a context that ends with ErrTimeout when left has passed.
// A context that is there already stays as it is.
func (e *ExchangeContext) AskWithin(left time.Duration) context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx == nil {
		var whole context.Context
		whole, e.cancel = context.WithCancelCause(context.Background())
		e.ctx, e.release = context.WithTimeoutCause(whole, left, ErrTimeout)
		if e.cause != nil {
			e.cancel(e.cause)
		}
	}
	return e.ctx
}

// TimeIsOver reports whether the context ended because its time was over.
func (e *ExchangeContext) TimeIsOver() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ctx != nil && context.Cause(e.ctx) == ErrTimeout
}

// CancelWith cancels the context, also one that is asked for later. The first
// cause stays.
func (e *ExchangeContext) CancelWith(cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cause != nil {
		return
	}
	e.cause = cause
	if e.cancel != nil {
		e.cancel(cause)
	}
}

// EndWithExchange ends the context, and readies e for the next exchange.
func (e *ExchangeContext) EndWithExchange() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cancel != nil {
		e.cancel(context.Canceled)
	}
	if e.release != nil {
		e.release()
	}
	e.ctx, e.cancel, e.release, e.cause = nil, nil, nil, nil
}
