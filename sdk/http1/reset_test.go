package http1_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
)

// TestReset resets the connection by the app, on the loop and off, before a
// response and amid one; what was answered before stays answered.
func TestReset(t *testing.T) {
	head := func(_ *app, x *http1.Exchange) bool {
		if x.RawQuery().Len() > 0 {
			out := x.OpenResponse()
			_, _ = io.WriteString(out, "some of it")
			_ = out.Flush()
		}
		if x.StreamID() != 0 {
			panic("HTTP/1.1 has no streams")
		}
		x.ResponseContent().Text("not to be seen")
		x.ResetStream(8)
		return false
	}
	for _, target := range []string{"/on", "/off", "/off?stream"} {
		w := newWorld(t, sdk.Config{OnPanic: func(p sdk.Panic) { t.Errorf("%s: %v", target, p.Value) }})
		w.app.routes["/on"] = &route{plan: sdk.Plan{Name: "on", Place: sdk.OnLoop}, head: head}
		w.app.routes["/off"] = &route{plan: sdk.Plan{Name: "off", Streams: true}, head: head}
		p := w.dial(getLoop + "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n" + getLoop)
		w.turns()
		got := string(p.Received())
		late := strings.HasSuffix(target, "stream")
		if !p.Broken() || strings.Count(got, "on the loop") != 1 || strings.Contains(got, "not to be seen") || strings.Contains(got, "some of it") != late {
			t.Errorf("%s: broken %t, got %q", target, p.Broken(), got)
		}
		if out := w.app.outcomes[len(w.app.outcomes)-1]; !errors.Is(out.Err, sdk.ErrReset) || (out.Status == 200) != late || len(w.app.outcomes) != 2 {
			t.Errorf("%s: %+v", target, w.app.outcomes)
		}
		next := w.dial(getLoop)
		w.want(next, "next", ok, "on the loop", false)
	}
}
