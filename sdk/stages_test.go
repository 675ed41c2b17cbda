package sdk_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// TestSlots: never more than the limit have a slot, whatever the order, and who
// has none is told to come again.
func TestSlots(t *testing.T) {
	const most = 3
	var slots sdk.Slots
	var inside, given, refused atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				res := sdktest.Response()
				if err := slots.Take(res, most); err != nil {
					refused.Add(1)
					if !errors.Is(err, sdk.ErrBusy) || sdk.StatusOf(err) != 503 || res.Field("Retry-After") != "1" {
						t.Error(err, res.Field("Retry-After"))
					}
					continue
				}
				if n := inside.Add(1); n > most {
					t.Errorf("%d have a slot", n)
				}
				given.Add(1)
				inside.Add(-1)
				slots.Give()
			}
		})
	}
	all.Wait()
	if given.Load()+refused.Load() != 8000 || given.Load() == 0 {
		t.Errorf("%d slots and %d refusals", given.Load(), refused.Load())
	}
	res := sdktest.Response()
	for range most {
		if err := slots.Take(res, most); err != nil {
			t.Error(err)
		}
	}
	if slots.Take(res, most) == nil {
		t.Error("one too many")
	}
}

// timed is an exchange whose time is over, or not.
type timed bool

func (timed) ContextWithin(time.Duration) context.Context { return context.Background() }
func (x timed) ContextExpired() bool                      { return bool(x) }

// TestOrTimeout checks which errors are answered with 503 when the time is over.
func TestOrTimeout(t *testing.T) {
	taken := sdk.NewError(409, "taken")
	for _, c := range []struct {
		over bool
		err  error
		want int
	}{
		{false, context.Canceled, 500},
		{true, context.DeadlineExceeded, 503},
		{true, errors.New("statement was cancelled"), 503},
		{true, sdk.ErrTimeout, 503},
		{true, taken, 409},
		{false, sdk.ErrTimeout, 503},
	} {
		err := sdk.OrTimeout(timed(c.over), c.err)
		if !errors.Is(err, c.err) || sdk.StatusOf(err) != c.want || errors.Is(err, sdk.ErrTimeout) != (c.want == 503) {
			t.Errorf("%v, over %v: %v", c.err, c.over, err)
		}
	}
	if sdk.OrTimeout(timed(true), nil) != nil {
		t.Error("an error without one")
	}
	res := sdktest.Response()
	sdk.WriteError(res, sdk.OrTimeout(timed(true), context.DeadlineExceeded))
	if res.Status() != 503 || res.Text() != "the request took too long\n" {
		t.Error(res.Status(), res.Text())
	}
	if text := sdk.OrTimeout(timed(true), context.DeadlineExceeded).Error(); text != "the request took too long: context deadline exceeded" {
		t.Error(text)
	}
}
