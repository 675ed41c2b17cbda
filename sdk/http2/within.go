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
	return x.life.AskWithin(d - time.Duration(passed))
}

// ContextExpired implements sdk.TimedLifetime.
func (x *Exchange) ContextExpired() bool { return x.life.TimeIsOver() }
