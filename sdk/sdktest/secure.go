package sdktest

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/windhover-go/windhover/netpoll/sim"
)

// A SecurePeer is a sim.Peer that speaks TLS: what it sends and receives is
// what TLS carries. Methods that it does not have of its own, such as Reset,
// concern the octets on the wire. It belongs to the goroutine of the test, and
// only its handshake runs on another one, never at the same time.
type SecurePeer struct {
	*sim.Peer
	// Cut, if positive, is how many octets go on the wire at once; OnCut is
	// called behind each piece, for the server to turn.
	Cut   int
	OnCut func()

	conn   *tls.Conn
	wire   peerWire
	opened int    // octets of Peer.Received that were given to the wire
	plain  []byte // received
	queue  []byte // to be sent when the handshake is done
	close  bool   // CloseWrite was called before that
	err    error
	done   bool // the handshake is over
	result chan error
}

// Secure begins a client's handshake on a connection to a server of this package
// that has Config.TLS. The client goes on with it whenever a method is called,
// and what is sent meanwhile waits.
func Secure(peer *sim.Peer, config *tls.Config) *SecurePeer {
	p := &SecurePeer{Peer: peer, result: make(chan error, 1)}
	p.wire.turn.L = &p.wire.mu
	p.conn = tls.Client(&p.wire, config)
	p.wire.working = true
	go func() {
		err := p.conn.Handshake()
		p.wire.mu.Lock()
		defer p.wire.mu.Unlock()
		p.result <- err
		p.wire.working = false
		p.wire.turn.Broadcast()
	}()
	p.Progress()
	return p
}

// DialSecure connects to the server and makes a handshake. It takes as many turns
// as the server's goroutine of the handshake needs, and at most ten seconds.
func (s *Server) DialSecure(config *tls.Config) (*SecurePeer, error) {
	peer, err := s.Network.Dial(s.Address)
	if err != nil {
		return nil, err
	}
	p := Secure(peer, config)
	return p, s.Handshake(p)
}

// Handshake turns until the handshake of p, the only one of the server at the
// time, is over at both ends, and returns how it ended for the client.
func (s *Server) Handshake(p *SecurePeer) error {
	before := s.handshakes()
	for late := time.Now().Add(handshakeTime); !p.Progress() || s.handshakes() == before; { //nolint:forbidigo // a goroutine of the server's works in real time
		if err := s.Step(0); err != nil {
			return err
		}
		if time.Now().After(late) { //nolint:forbidigo // the same
			return errors.New("sdktest: the handshake does not end")
		}
		time.Sleep(10 * time.Microsecond) //nolint:forbidigo // the same
	}
	return p.Err()
}

// handshakes returns how many handshakes are over.
func (s *Server) handshakes() (n uint64) {
	counts := s.TLS()
	n = counts.Handshakes
	for _, f := range counts.Failures {
		n += f.Count
	}
	return n
}

// handshakeTime bounds a handshake.
const handshakeTime = 10 * time.Second

// Progress goes on with the handshake as far as it can, opens what has arrived,
// and reports whether the handshake is over.
func (p *SecurePeer) Progress() (done bool) {
	arrived := p.Peer.Received()
	p.wire.give(arrived[p.opened:], p.Ended())
	p.opened = len(arrived)
	if !p.done {
		select {
		case p.err = <-p.result:
			p.done = true
		default:
		}
	}
	p.flush()
	if !p.done {
		return false
	}
	for waits := false; p.err == nil && !waits; {
		var b [4096]byte
		n, err := p.conn.Read(b[:])
		p.plain = append(p.plain, b[:n]...)
		if w := (*waiting)(nil); errors.As(err, &w) {
			waits = true
		} else {
			p.err = err
		}
	}
	if len(p.queue) > 0 || p.close {
		queue := p.queue
		p.queue = nil
		if len(queue) > 0 {
			_, _ = p.conn.Write(queue) // fails when Err says why
		}
		if p.close {
			p.close = false
			_ = p.conn.CloseWrite()
		}
	}
	p.flush()
	return true
}

// flush puts on the wire what the client has to say.
func (p *SecurePeer) flush() {
	out := p.wire.take()
	for p.Cut > 0 && len(out) > p.Cut {
		p.Peer.Send(out[:p.Cut])
		out = out[p.Cut:]
		p.OnCut()
	}
	if len(out) == 0 {
		return
	}
	p.Peer.Send(out)
	if p.Cut > 0 {
		p.OnCut()
	}
}

// Err returns how the handshake failed, or how receiving ended: io.EOF after the
// server's close_notify. It is nil before.
func (p *SecurePeer) Err() error { return p.err }

// ConnectionState returns what was negotiated.
func (p *SecurePeer) ConnectionState() tls.ConnectionState { return p.conn.ConnectionState() }

// Send sends data.
func (p *SecurePeer) Send(data []byte) {
	p.queue = append(p.queue, data...)
	p.Progress()
}

// Seal returns what Send would put on the wire, which has to go there in order
// (Peer.Send). The handshake has to be over.
func (p *SecurePeer) Seal(data []byte) (sealed []byte) {
	_, _ = p.conn.Write(data) // into memory
	return p.wire.take()
}

// CloseNotify ends what the client sends, in TLS only: close_notify.
func (p *SecurePeer) CloseNotify() {
	p.close = true
	p.Progress()
}

// CloseWrite ends what the client sends, in TLS and below it.
func (p *SecurePeer) CloseWrite() {
	p.CloseNotify()
	p.Peer.CloseWrite()
}

// Received returns what the server has sent. It is borrowed until the next
// call of a method.
func (p *SecurePeer) Received() []byte {
	p.Progress()
	return p.plain
}

// Forget empties Received, and what was received below TLS.
func (p *SecurePeer) Forget() {
	p.Progress()
	p.plain = p.plain[:0]
	p.Peer.Forget()
	p.opened = 0
}

// A peerWire is the net.Conn that the client's crypto/tls sees.
type peerWire struct {
	mu      sync.Mutex
	turn    sync.Cond
	working bool   // the handshake's goroutine calculates; what follows is its own
	waits   bool   // it waits for octets
	in      []byte // from the server
	out     []byte // to the server
	ended   bool
}

// give hands octets of the server to the client, and waits until it has done what
// it can with them.
func (w *peerWire) give(in []byte, ended bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.in = append(w.in, in...)
	w.ended = w.ended || ended
	if w.waits && (len(w.in) > 0 || w.ended) {
		w.waits, w.working = false, true
		w.turn.Broadcast()
	}
	for w.working {
		w.turn.Wait()
	}
}

// take returns what the client has to say.
func (w *peerWire) take() (out []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out = w.out
	w.out = nil
	return out
}

// Read implements net.Conn. The handshake waits in it; afterwards nothing does.
func (w *peerWire) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.in) == 0 {
		switch {
		case w.ended:
			return 0, io.EOF
		case !w.working:
			return 0, &waiting{}
		}
		w.working, w.waits = false, true
		w.turn.Broadcast()
		for w.waits {
			w.turn.Wait()
		}
	}
	n := copy(p, w.in)
	w.in = w.in[n:]
	return n, nil
}

// Write implements net.Conn.
func (w *peerWire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = append(w.out, p...)
	return len(p), nil
}

// Close implements net.Conn.
func (w *peerWire) Close() error { return nil }

// LocalAddr implements net.Conn.
func (w *peerWire) LocalAddr() net.Addr { return nil }

// RemoteAddr implements net.Conn.
func (w *peerWire) RemoteAddr() net.Addr { return nil }

// SetDeadline implements net.Conn.
func (w *peerWire) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (w *peerWire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (w *peerWire) SetWriteDeadline(time.Time) error { return nil }

// waiting is the error of a Read that would wait: crypto/tls does not remember
// one that is temporary.
type waiting struct{}

func (*waiting) Error() string   { return "nothing has arrived" }
func (*waiting) Timeout() bool   { return true }
func (*waiting) Temporary() bool { return true }
