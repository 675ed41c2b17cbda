package http2_test

import (
	"errors"
	"testing"

	http2x "golang.org/x/net/http2"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
)

// TestReset resets streams by the app, on the loop and off, before a response
// and amid one; others on the connection go on.
func TestReset(t *testing.T) {
	for _, path := range []string{"/reset/loop", "/reset/pool", "/reset/body", "/reset/late"} {
		w := newWorld(t, sim.NewCalm(), sdk.Config{OnPanic: func(p sdk.Panic) { t.Errorf("%s: %v", path, p.Value) }})
		c := w.connect(65535)
		first := c.request("GET", "/pool", true)
		id := c.request("POST", path, false)
		c.content(id, []byte("content"), true)
		last := c.request("GET", "/loop", true)
		c.flush()
		w.turns(10)
		c.read()
		s, late := c.streams[id], path == "/reset/late"
		if !s.reset || s.code != http2x.ErrCode(0x100+id) || (s.status == "200") != late || s.done {
			t.Errorf("%s: %+v, %v", path, s, c.err)
		}
		if !c.streams[first].done || !c.streams[last].done {
			t.Errorf("%s: the others are not answered", path)
		}
		resets := 0
		for _, out := range w.outcomes {
			if errors.Is(out.Err, sdk.ErrReset) && (out.Status == 200) == late {
				resets++
			} else if out.Err != nil {
				t.Errorf("%s: %+v", path, out)
			}
		}
		if resets != 1 || len(w.outcomes) != 3 {
			t.Errorf("%s: %+v", path, w.outcomes)
		}
		w.gone()
	}
}
