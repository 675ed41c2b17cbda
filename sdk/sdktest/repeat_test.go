package sdktest_test

import (
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// counter is an app that answers each request with a text, and the path "/close"
// by closing the connection.
type counter struct{ answered int }

// Install implements sdk.App.
func (c *counter) Install(s *sdk.Setup) {
	http1.Offer(s, func(x *http1.Exchange) sdk.Task { return &counted{c, x} })
}

type counted struct {
	c *counter
	x *http1.Exchange
}

var onLoop = sdk.Plan{Place: sdk.OnLoop}

func (t *counted) Route() *sdk.Plan { return &onLoop }

func (t *counted) Head() bool {
	t.c.answered++
	if t.x.RawPath().Equal("/close") {
		t.x.ResponseFields().Set("Connection", "close")
	}
	t.x.ResponseContent().Text("counted")
	return false
}

func (t *counted) Body([]byte)     {}
func (t *counted) Fail(error)      {}
func (t *counted) End(sdk.Outcome) {}

// TestRepeat checks that a request is answered each time, and that repeating it
// allocates nothing.
func TestRepeat(t *testing.T) {
	app := new(counter)
	r, err := sdktest.Repeat(app, "GET /")
	if err != nil {
		t.Fatal(err)
	}
	once := func() {
		if err = r.Once(); err != nil {
			t.Fatal(err)
		}
	}
	once()
	if got := r.Result(); got.Status != 200 || got.Content != "counted" || got.Err != nil {
		t.Errorf("%+v", got)
	}
	if n := testing.AllocsPerRun(100, once); n != 0 && !invariant.Enabled {
		t.Errorf("%v allocations", n)
	}
	if app.answered != 102 {
		t.Errorf("%d requests were answered; want 102", app.answered)
	}
	if err = r.End(); err != nil {
		t.Error(err)
	}
	if r, err = sdktest.Repeat(app, "GET /close"); err != nil {
		t.Fatal(err)
	}
	if err = r.Once(); err == nil {
		t.Error("the connection was closed, and nothing says so")
	}
}
