package http2

import (
	"github.com/windhover-go/windhover/h2"
	"github.com/windhover-go/windhover/sdk"
)

// ResetStream implements sdk.Reset; StreamID is the engine's.
func (x *Exchange) ResetStream(code uint32) {
	x.resets, x.code = true, h2.ErrCode(code)
	if x.failure == nil {
		x.failure = sdk.ErrReset
	}
}
