package sdktest

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/windhover-go/windhover/sdk"
)

// An Upgraded is a connection whose client offers another protocol and, when
// the function under test takes it, records what the function writes. It
// implements sdk.Upgrade.
//
// What the client sends is known from the beginning. A conversation, in which
// it depends on what it was sent, takes a Server and a peer of its network.
type Upgraded struct {
	protocol string
	in       *strings.Reader

	mu     sync.Mutex
	out    bytes.Buffer
	opened bool
	ended  bool // towards the client
	closed bool
}

var _ sdk.Upgrade = (*Upgraded)(nil)

// Upgrade returns a connection whose client offers protocol, sends what sends
// says and ends its side of the stream.
func Upgrade(protocol, sends string) *Upgraded {
	return &Upgraded{protocol: protocol, in: strings.NewReader(sends)}
}

// UpgradeOffered implements sdk.Upgrade.
func (u *Upgraded) UpgradeOffered(protocol string) bool {
	return strings.EqualFold(protocol, u.protocol)
}

// OpenUpgrade implements sdk.Upgrade.
func (u *Upgraded) OpenUpgrade(protocol string) (sdk.UpgradedStream, error) {
	switch {
	case !u.UpgradeOffered(protocol):
		return nil, sdk.NewError(426, "")
	case u.opened:
		return nil, sdk.ErrTooLate
	}
	u.opened = true
	return upgradedStream{u}, nil
}

// Opened reports whether the protocol was changed.
func (u *Upgraded) Opened() bool { return u.opened }

// Text returns what was written to the stream.
func (u *Upgraded) Text() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.out.String()
}

// upgradedStream is the stream of an Upgraded.
type upgradedStream struct{ u *Upgraded }

// Read implements sdk.UpgradedStream.
func (s upgradedStream) Read(p []byte) (n int, err error) {
	s.u.mu.Lock()
	defer s.u.mu.Unlock()
	if s.u.closed {
		return 0, io.ErrClosedPipe
	}
	return s.u.in.Read(p)
}

// Write implements sdk.UpgradedStream.
func (s upgradedStream) Write(p []byte) (n int, err error) {
	s.u.mu.Lock()
	defer s.u.mu.Unlock()
	if s.u.closed || s.u.ended {
		return 0, io.ErrClosedPipe
	}
	return s.u.out.Write(p)
}

// CloseWrite implements sdk.UpgradedStream.
func (s upgradedStream) CloseWrite() error {
	s.u.mu.Lock()
	defer s.u.mu.Unlock()
	if s.u.closed || s.u.ended {
		return io.ErrClosedPipe
	}
	s.u.ended = true
	return nil
}

// Close implements sdk.UpgradedStream.
func (s upgradedStream) Close() error {
	s.u.mu.Lock()
	defer s.u.mu.Unlock()
	s.u.closed = true
	return nil
}
