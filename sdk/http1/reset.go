package http1

import (
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
)

// StreamID implements sdk.Reset: there are no streams.
func (x *Exchange) StreamID() uint32 { return 0 }

// ResetStream implements sdk.Reset. There are no streams, so that the connection
// is reset.
func (x *Exchange) ResetStream(uint32) {
	x.resets = true
	if x.failure == nil {
		x.failure = sdk.ErrReset
	}
}

// reset ends an exchange on the loop, whose connection is to be reset. What comes
// before is sent as far as the peer takes it now.
func (cn *conn) reset(c *netpoll.Conn) {
	c.Flush()
	cn.x.end(c.Now(), sdk.ErrReset)
	cn.letGo()
	cn.phase = phaseClosing
	c.CutOff()
}
