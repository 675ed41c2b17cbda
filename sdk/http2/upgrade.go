package http2

import (
	"io"

	"github.com/windhover-go/windhover/sdk"
)

// OpenUpgrade implements sdk.Upgrade: it accepts extended CONNECT (RFC 8441).
func (x *Exchange) OpenUpgrade(protocol string) (sdk.UpgradedStream, error) {
	switch {
	case x.stream != nil:
		return nil, sdk.ErrTooLate
	case !x.UpgradeOffered(protocol):
		return nil, sdk.NewError(426, "this resource wants the protocol "+protocol)
	case x.loop.host.Drains():
		return nil, sdk.NewError(503, "the server shuts down")
	}
	if err := x.ResponseFields().Err(); err != nil {
		return nil, err
	}
	x.answered = true
	u := (*upgradedStream)(x)
	x.stream = u
	x.pipe.mu.Lock()
	x.pipe.upgraded = true
	x.pipe.mu.Unlock()
	if err := x.pipe.request(askUpgrade); err != nil {
		x.failure = err
		return nil, err
	}
	return u, nil
}

// An upgradedStream is an exchange seen as a stream of another protocol.
type upgradedStream Exchange

// upgraded implements stream.
func (u *upgradedStream) upgraded() bool { return true }

// flush implements stream.
func (u *upgradedStream) flush() error { return nil }

// end implements stream: the peer gets what was written.
func (u *upgradedStream) end() then { return thenFinish }

// Read implements sdk.UpgradedStream.
func (u *upgradedStream) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	return u.pipe.read(p)
}

// Write implements sdk.UpgradedStream.
func (u *upgradedStream) Write(p []byte) (n int, err error) {
	u.pipe.mu.Lock()
	ended := u.pipe.ended
	u.pipe.mu.Unlock()
	if ended {
		return 0, io.ErrClosedPipe
	}
	if err := u.pipe.write(p, true); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite implements sdk.UpgradedStream.
func (u *upgradedStream) CloseWrite() error { return u.pipe.closeWrite() }

// Close implements sdk.UpgradedStream.
func (u *upgradedStream) Close() error {
	_ = u.pipe.closeWrite() // what was written is sent
	u.pipe.fail(io.ErrClosedPipe)
	return nil
}
