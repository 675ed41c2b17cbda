package tls

import (
	"errors"
	"net"
	"time"
)

// A wire is the net.Conn that crypto/tls sees: memory. It is in one of two
// modes. While h is set, in the handshake, it belongs to the handshake's
// goroutine, and Read waits. After that it belongs to the loop: Read hands out
// what the loop lent for the call, and answers empty when that is used up.
//
// Write appends and never fails: an error of a write is final in crypto/tls.
// How much is written is bounded above, by what the host seals.
type wire struct {
	h   *handshake
	in  []byte // borrowed until the call of crypto/tls returns
	out []byte // the same
}

// empty is what Read returns instead of waiting. crypto/tls does not remember
// an error that calls itself temporary, and goes on when it is called again;
// timeout is for the day when Temporary, deprecated as it is, is no longer
// asked.
type empty struct{}

func (empty) Error() string   { return "tls: no record is waiting" }
func (empty) Timeout() bool   { return true }
func (empty) Temporary() bool { return true }

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	if w.h != nil {
		return w.h.read(p)
	}
	if len(w.in) == 0 {
		return 0, empty{}
	}
	n := copy(p, w.in)
	w.in = w.in[n:]
	return n, nil
}

// Write implements net.Conn.
func (w *wire) Write(p []byte) (int, error) {
	if w.h != nil {
		w.h.write(p)
		return len(p), nil
	}
	w.out = append(w.out, p...)
	return len(p), nil
}

// Close implements net.Conn. crypto/tls closes when the context of a handshake
// is over, and what waits in Read is woken otherwise.
func (w *wire) Close() error { return nil }

// LocalAddr implements net.Conn, for the functions of the configuration.
func (w *wire) LocalAddr() net.Addr {
	if w.h != nil {
		return w.h.host.LocalAddr()
	}
	return nil
}

// RemoteAddr implements net.Conn, for the functions of the configuration.
func (w *wire) RemoteAddr() net.Addr {
	if w.h != nil {
		return w.h.host.RemoteAddr()
	}
	return nil
}

// SetDeadline implements net.Conn. Time is the host's.
func (w *wire) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn. Time is the host's.
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn. Time is the host's.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

var (
	errStopped = errors.New("tls: the handshake was stopped")
	errHeader  = errors.New("tls: malformed record header")

	_ net.Conn  = (*wire)(nil)
	_ net.Error = empty{}
)
