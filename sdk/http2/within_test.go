package http2

import (
	"context"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
)

// TestWithin checks that a context ends when its time is over, or earlier with
// the cause that comes first, and not for the next exchange.
func TestWithin(t *testing.T) {
	var l lifetime
	ctx := l.within(time.Millisecond)
	if _, bounded := ctx.Deadline(); !bounded || l.context() != ctx {
		t.Error("no deadline, or a second context")
	}
	<-ctx.Done()
	if ctx.Err() != context.DeadlineExceeded || context.Cause(ctx) != sdk.ErrTimeout || !l.expired() {
		t.Errorf("%v, %v", ctx.Err(), context.Cause(ctx))
	}
	l.end()
	if l.expired() {
		t.Error("the next exchange has no time")
	}
	ctx = l.within(time.Hour)
	l.cancelWith(sdk.ErrPeerClosed)
	if context.Cause(ctx) != sdk.ErrPeerClosed || l.expired() {
		t.Error(context.Cause(ctx))
	}
	l.end()
	l.cancelWith(sdk.ErrShutdown)
	if ctx = l.within(time.Hour); context.Cause(ctx) != sdk.ErrShutdown {
		t.Error(context.Cause(ctx))
	}
	l.end()
}
