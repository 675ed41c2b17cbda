package http1_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

const hinted = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: </b>; rel=preload\r\n\r\n"

// hint sends two early hints, twice.
func hint(x *http1.Exchange) error {
	for range 2 {
		x.AddEarlyHint("</a>; rel=preload")
		x.AddEarlyHint(" </b>; rel=preload\t")
		if err := x.SendEarlyHints(); err != nil {
			return err
		}
	}
	return x.SendEarlyHints() // nothing is left to be sent
}

// TestEarlyHints checks that hints leave at once, behind the answers to earlier
// requests and before the final response, on the loop and off it.
func TestEarlyHints(t *testing.T) {
	for _, place := range []sdk.Place{sdk.OnLoop, sdk.OffLoop} {
		w := newWorld(t, sdk.Config{})
		var p peer
		var sent string
		var failed error
		w.app.routes["/hints"] = &route{plan: sdk.Plan{Name: "hints", Place: place}, head: func(_ *app, x *http1.Exchange) bool {
			failed = hint(x)
			sent = string(p.Received())
			x.ResponseContent().Text("final")
			return false
		}}
		for _, tt := range []struct {
			send, want string
		}{
			{"GET /hints HTTP/1.1\r\nHost: x\r\n\r\n", hinted + hinted},
			{"HEAD /hints HTTP/1.1\r\nHost: x\r\n\r\n", hinted + hinted},
			{"GET /hints HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ""},
		} {
			p = w.dial(getLoop + tt.send + getLoop)
			w.turns()
			got := string(p.Received())
			before, after, _ := strings.Cut(got, "on the loop")
			if failed != nil || !strings.HasPrefix(after, tt.want+ok) || strings.Contains(after[len(tt.want):], "Link") ||
				strings.Count(got, "HTTP/1.1 ") != 3+strings.Count(tt.want, "HTTP/1.1 ") || !strings.HasSuffix(got, "on the loop") {
				t.Errorf("place %d, %q: %v, got %q", place, tt.send, failed, got)
			}
			if tt.want != "" && sent != before+"on the loop"+tt.want {
				t.Errorf("place %d, %q: when the function went on, %q had arrived", place, tt.send, sent)
			}
		}
	}
}

// TestEarlyHintsRefused checks what is no hint, and when it is too late for one.
func TestEarlyHintsRefused(t *testing.T) {
	var bad, late, forgotten error
	head := func(_ *app, x *http1.Exchange) bool {
		x.AddEarlyHint("</fine>")
		x.AddEarlyHint("</a>\r\nContent-Length: 5")
		bad = x.SendEarlyHints()
		forgotten = x.SendEarlyHints()
		if x.RawQuery().Len() > 0 {
			out := x.OpenResponse()
			_, _ = io.WriteString(out, "streamed")
			_ = out.Flush()
			late = hint(x)
		}
		x.AddEarlyHint("of nobody\n")
		return false
	}
	w := newWorld(t, sdk.Config{})
	w.app.routes["/on"] = &route{plan: sdk.Plan{Name: "on", Place: sdk.OnLoop}, head: head}
	w.app.routes["/off"] = &route{plan: sdk.Plan{Name: "off", Streams: true}, head: head}
	for _, target := range []string{"/on", "/off", "/off?stream"} {
		bad, late, forgotten = nil, nil, nil
		p := w.dial("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n")
		w.turns()
		got := string(p.Received())
		if !strings.HasPrefix(got, ok) || strings.Contains(got, "103") || strings.Contains(got, "Link") {
			t.Errorf("%s: got %q", target, got)
		}
		var refused *msg.FieldError
		if !errors.As(bad, &refused) || refused.Reason != msg.ErrFieldValue || forgotten != nil {
			t.Errorf("%s: %v, %v", target, bad, forgotten)
		}
		if strings.HasSuffix(target, "stream") && late != sdk.ErrTooLate {
			t.Errorf("behind the head: %v", late)
		}
	}
	// What was refused and never sent is not left for the next exchange.
	w.app.routes["/next"] = &route{plan: sdk.Plan{Name: "next", Place: sdk.OnLoop}, head: func(_ *app, x *http1.Exchange) bool {
		bad = hint(x)
		return false
	}}
	w.want(w.dial("GET /next HTTP/1.1\r\nHost: x\r\n\r\n"), "the next", hinted+hinted+ok, "", false)
	if bad != nil {
		t.Error(bad)
	}
}

// TestEarlyHintsAfterThePeer checks that a unit whose peer is gone is told so.
func TestEarlyHintsAfterThePeer(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	var p peer
	var err error
	w.app.routes["/hints"] = &route{plan: sdk.Plan{Name: "hints"}, head: func(_ *app, x *http1.Exchange) bool {
		p.Reset()
		err = hint(x)
		return false
	}}
	p = w.dial("GET /hints HTTP/1.1\r\nHost: x\r\n\r\n")
	w.turns()
	if err != sdk.ErrPeerClosed {
		t.Error(err)
	}
}

// TestEarlyHintsDoNotAllocate compares an exchange with hints with one without.
func TestEarlyHintsDoNotAllocate(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the checks allocate; the plain build counts")
	}
	w := newWorld(t, sdk.Config{})
	w.app.routes["/hints"] = &route{plan: sdk.Plan{Name: "hints", Place: sdk.OnLoop}, head: func(_ *app, x *http1.Exchange) bool {
		if err := hint(x); err != nil {
			t.Error(err)
		}
		return false
	}}
	count := func(path string) float64 {
		p := w.dial("")
		request := []byte("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n")
		return testing.AllocsPerRun(100, func() {
			p.Forget()
			p.Send(request)
			for range 5 {
				if err := w.Step(0); err != nil {
					t.Fatal(err)
				}
			}
			w.app.outcomes = w.app.outcomes[:0]
		})
	}
	if with, without := count("/hints"), count("/loop"); with != without {
		t.Errorf("%v allocations with hints, %v without", with, without)
	}
}
