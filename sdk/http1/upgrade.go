package http1

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/invariant"
)

// errAtOnce says that a direction of a stream is in use.
var errAtOnce = errors.New("windhover: another goroutine reads from the stream, or writes to it")

// upgraded reports whether OpenUpgrade has answered 101, which no other
// response is.
func (x *Exchange) upgraded() bool { return x.Status() == 101 }

// OpenUpgrade implements sdk.Upgrade.
func (x *Exchange) OpenUpgrade(protocol string) (sdk.UpgradedStream, error) {
	if err := x.refuseUpgrade(protocol); err != nil {
		return nil, err
	}
	x.life.becomeStream()
	if x.loop.host.Drains() { // when it does from now on, the lifetime is told
		return nil, sdk.ErrUnavailable
	}
	u := &upgradedStream{x: x}
	x.stream, x.answered = u, true
	x.wire = x.AppendUpgrade(x.wire[:0], protocol, x.continued)
	x.conn.h1.Upgrade()
	if err := x.nc.WriteLent(x.wire); err != nil {
		u.failure = x.gone(err)
		return nil, u.failure
	}
	x.nc.SplitLent(x.loop.host.Waiter())
	return u, nil
}

// refuseUpgrade returns why the protocol cannot be changed, or nil.
func (x *Exchange) refuseUpgrade(protocol string) error {
	switch {
	case x.stream != nil:
		return sdk.ErrTooLate
	case !x.plan.Streams: // octets behind the head may have stayed in the loop
		return fmt.Errorf("windhover: the plan of %s does not say that it streams", x.plan.Name)
	case x.ResponseFields().Err() != nil:
		return x.ResponseFields().Err()
	case !x.UpgradeOffered(protocol):
		if !x.RequireUpgrade(protocol) {
			return fmt.Errorf("windhover: %q is not the name of a protocol", protocol)
		}
		return sdk.NewError(426, "this resource wants the protocol "+protocol)
	case !x.received:
		return sdk.NewError(400, "the protocol cannot change before the content was read")
	}
	return nil
}

// becomeStream makes the lifetime that of a stream.
func (l *lifetime) becomeStream() {
	l.mu.Lock()
	l.stream = true
	l.mu.Unlock()
}

// An upgradedStream implements sdk.UpgradedStream. It is not reused, so that
// who holds on to it when the exchange is over reaches nobody else's
// connection.
type upgradedStream struct {
	x *Exchange // may be touched by who reads or writes, and before stopped

	mu      sync.Mutex     // never held while somebody waits
	reading bool           // a goroutine reads
	writing bool           // a goroutine writes
	ended   bool           // CloseWrite was called; owned by who writes
	stopped bool           // Close was called, or the function has returned
	failure error          // why the connection failed
	idle    netpoll.Waiter // of end, which waits until nobody reads or writes
}

// enter takes a direction, reading or writing.
func (u *upgradedStream) enter(direction *bool) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.stopped:
		return io.ErrClosedPipe
	case *direction:
		return errAtOnce
	}
	*direction = true
	return nil
}

// leave gives a direction back, and returns what the app sees of err.
func (u *upgradedStream) leave(direction *bool, err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch err {
	case netpoll.ErrStopped:
		err = io.ErrClosedPipe
	case netpoll.ErrReset:
		if u.failure == nil {
			u.failure = u.x.gone(err)
		}
		err = u.failure
	}
	*direction = false
	if u.idle != nil && !u.reading && !u.writing {
		u.idle.Wake()
	}
	return err
}

// Read implements sdk.UpgradedStream.
func (u *upgradedStream) Read(p []byte) (n int, err error) {
	if err = u.enter(&u.reading); err != nil {
		return 0, err
	}
	x := u.x
	if n = copy(p, x.in[x.at:]); n > 0 {
		x.at += n
	} else if n, err = x.nc.ReadLent(p); n == 0 && err == nil && len(p) > 0 {
		err = io.EOF
	}
	return n, u.leave(&u.reading, err)
}

// maxPiece is the most that is written without counting what went, in octets.
const maxPiece = 64 << 10

// Write implements sdk.UpgradedStream.
func (u *upgradedStream) Write(p []byte) (n int, err error) {
	if err = u.enter(&u.writing); err != nil {
		return 0, err
	}
	if u.ended {
		err = io.ErrClosedPipe
	}
	for n < len(p) && err == nil {
		piece := p[n:min(len(p), n+maxPiece)]
		if err = u.x.nc.WriteLent(piece); err == nil {
			n += len(piece)
		}
	}
	return n, u.leave(&u.writing, err)
}

// CloseWrite implements sdk.UpgradedStream.
func (u *upgradedStream) CloseWrite() error {
	err := u.enter(&u.writing)
	if err != nil {
		return err
	}
	if u.ended {
		err = io.ErrClosedPipe
	} else if err = u.x.nc.CloseWriteLent(); err == nil {
		u.ended = true
	}
	return u.leave(&u.writing, err)
}

// Close implements sdk.UpgradedStream.
func (u *upgradedStream) Close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stop()
	return nil
}

// stop makes everybody leave. The caller holds mu: the loan lasts until end,
// which comes here too.
func (u *upgradedStream) stop() {
	if !u.stopped {
		u.stopped = true
		u.x.nc.StopLent()
	}
}

// flush implements stream: nothing is collected.
func (u *upgradedStream) flush() error { return nil }

// end implements stream. It waits until nobody reads or writes any more.
func (u *upgradedStream) end() error {
	x := u.x
	u.mu.Lock()
	u.stop()
	busy := u.reading || u.writing
	if busy {
		u.idle = x.loop.host.Waiter()
	}
	u.mu.Unlock()
	if busy {
		u.idle.Wait()
	}
	invariant.That(!u.reading && !u.writing)
	x.at = len(x.in) // what nobody has read, nobody will
	if u.failure != nil {
		return u.failure
	}
	return x.failure
}
