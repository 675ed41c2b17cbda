package http1

import (
	"context"
	"time"
)

// ContextWithin implements sdk.TimedLifetime.
func (x *Exchange) ContextWithin(d time.Duration) context.Context {
	x.lived = true
	passed := x.loop.host.Loop().Clock() - x.started
	return x.life.AskWithin(d - time.Duration(passed))
}

// ContextExpired implements sdk.TimedLifetime.
func (x *Exchange) ContextExpired() bool { return x.life.TimeIsOver() }
