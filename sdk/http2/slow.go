package http2

import (
	"time"

	"github.com/windhover-go/windhover/h2"
	"github.com/windhover-go/windhover/sdk"
)

// cutSlow resets the streams whose peer has taken less than Limits.ResponseRate
// since the loop looked last, a Limits.ResponseGrace ago: by keeping the window
// of the stream shut, or that of the connection. What a peer does not take of
// the connection itself is netpoll's to see.
func (cn *conn) cutSlow() {
	limits := cn.loop.host.Limits()
	if limits.ResponseRate < 0 {
		return
	}
	// Below this much progress a stream is slow.
	least := int64(limits.ResponseGrace / time.Millisecond * time.Duration(limits.ResponseRate) / 1000)
	all := cn.h2.ContentSent()
	shut := cn.h2.Stalled() && all-cn.taken < least
	cn.taken = all
	for i := cn.h2.Streams() - 1; i >= 0; i-- {
		hx := cn.h2.StreamAt(i)
		x, taken := of(hx), hx.ContentSent()-int64(hx.Unsent())
		stalled := hx.Stalled() || shut && hx.Unsent() > 0
		slow := stalled && x.stalled && taken-x.taken < least
		x.stalled, x.taken = stalled, taken
		if slow {
			cn.cut(x)
		}
	}
}

// cut resets the stream of a peer that is too slow.
func (cn *conn) cut(x *Exchange) {
	x.Abort(h2.CodeCancel)
	if x.phase != phaseEnded {
		cn.lose(x, sdk.ErrTooSlow)
		return
	}
	cn.h2.Forget(&x.Exchange)
	x.out.Err = sdk.ErrTooSlow
	cn.release(x)
}
