package http2

import (
	"context"
	"time"

	"github.com/windhover-go/windhover/sdk"
)

// Compile-time checks: what stages take.
var (
	_ sdk.ResponseStatus = (*Exchange)(nil)
	_ sdk.TimedLifetime  = (*Exchange)(nil)
)

// ResponseStatus implements sdk.ResponseStatus.
func (x *Exchange) ResponseStatus() int { return x.Status() }

// ContextWithin implements sdk.TimedLifetime.
func (x *Exchange) ContextWithin(d time.Duration) context.Context {
	passed := x.conn.loop.host.Loop().Clock() - x.started
	return x.life.within(d - time.Duration(passed))
}

// ContextExpired implements sdk.TimedLifetime.
func (x *Exchange) ContextExpired() bool { return x.life.expired() }

// within is context for a context that ends when left has passed.
func (l *lifetime) within(left time.Duration) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx == nil {
		l.used = true
		var whole context.Context
		whole, l.cancel = context.WithCancelCause(context.Background())
		l.ctx, l.release = context.WithTimeoutCause(whole, left, sdk.ErrTimeout)
		if l.cause != nil {
			l.cancel(l.cause)
		}
	}
	return l.ctx
}

// expired reports whether a context ended because its time was over.
func (l *lifetime) expired() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ctx != nil && context.Cause(l.ctx) == sdk.ErrTimeout
}
