package sdk

import (
	"context"
	"testing"
	"time"
)

// TestExchangeContext checks that a context ends when its time is over, or
// earlier with the cause that comes first, and not for the next exchange.
func TestExchangeContext(t *testing.T) {
	var e ExchangeContext
	ctx := e.AskWithin(time.Millisecond)
	if _, bounded := ctx.Deadline(); !bounded || e.Ask() != ctx {
		t.Error("no deadline, or a second context")
	}
	<-ctx.Done()
	if ctx.Err() != context.DeadlineExceeded || context.Cause(ctx) != ErrTimeout || !e.TimeIsOver() {
		t.Errorf("%v, %v", ctx.Err(), context.Cause(ctx))
	}
	e.EndWithExchange()
	if e.TimeIsOver() {
		t.Error("the next exchange has no time")
	}
	ctx = e.AskWithin(time.Hour)
	e.CancelWith(ErrPeerClosed)
	if context.Cause(ctx) != ErrPeerClosed || e.TimeIsOver() {
		t.Error(context.Cause(ctx))
	}
	e.EndWithExchange()
	e.CancelWith(ErrShutdown)
	if ctx = e.AskWithin(time.Hour); context.Cause(ctx) != ErrShutdown {
		t.Error(context.Cause(ctx))
	}
	e.EndWithExchange()
}
