package sim

import "net/netip"

// defaultWindow is what a peer lets the server send before it reads, in octets.
const defaultWindow = 64 << 10

// A Peer is the far end of a connection, played by a test. Its methods may be
// called by any goroutine.
type Peer struct {
	net    *Network
	server netip.AddrPort
	addr   netip.AddrPort
	socket *socket // nil until it is accepted

	toSend   []byte // not yet on the wire
	wire     []byte // on the wire towards the server: wire[taken:]
	taken    int
	finish   bool // the stream ends after toSend
	finished bool // the end is on the wire
	reset    bool
	aborted  bool // by the server (shutdown in both directions)
	doom     int  // turns until a fault resets it; 0: none

	received []byte
	unread   int // octets of received that the peer has not read
	window   int // bound of unread
	stopped  bool
	ended    bool
	closed   bool
	broken   bool
}

// Send queues data to be sent. It is copied.
func (p *Peer) Send(data []byte) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	if p.finish {
		return
	}
	if p.net.rand == nil {
		p.arrive(data)
		return
	}
	p.toSend = append(p.toSend, data...)
}

// CloseWrite ends the peer's stream after what was sent.
func (p *Peer) CloseWrite() {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.finish = true
	if p.net.rand == nil {
		p.end()
	}
}

// Reset aborts the connection.
func (p *Peer) Reset() {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.doReset()
}

// StopReading makes the peer read no more: the server can send what is left of
// its window.
func (p *Peer) StopReading() {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.stopped = true
}

// StartReading makes the peer read again.
func (p *Peer) StartReading() {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.stopped = false
	if p.net.rand == nil {
		p.read(p.unread)
	}
}

// Take makes a peer that has stopped read up to n octets.
func (p *Peer) Take(n int) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.read(n)
}

// SetWindow bounds what the server can send before the peer reads, in octets.
func (p *Peer) SetWindow(window int) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.window = window
}

// Received returns what the server has sent. It is borrowed until the next
// turn of a loop.
func (p *Peer) Received() []byte {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	return p.received
}

// Forget empties Received, and keeps its memory.
func (p *Peer) Forget() {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.received = p.received[:0]
}

// Ended reports whether the server has ended its stream, in order or not.
func (p *Peer) Ended() bool {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	return p.ended || p.closed || p.broken || p.aborted
}

// Closed reports whether the server has released its descriptor.
func (p *Peer) Closed() bool {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	return p.closed
}

// Broken reports whether the connection was reset by the server: it was aborted,
// or closed while octets of the peer were not read. A real peer may lose what
// it had not yet read of the answer.
func (p *Peer) Broken() bool {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	return p.broken
}

// Addr returns the peer's address.
func (p *Peer) Addr() netip.AddrPort { return p.addr }

// arrive puts data on the wire.
func (p *Peer) arrive(data []byte) {
	if p.closed {
		p.broken = true
		return
	}
	if len(data) == 0 || p.reset || p.aborted {
		return
	}
	p.wire = append(p.wire, data...)
	p.raise(edgeRead)
}

// end puts the end of the stream on the wire.
func (p *Peer) end() {
	if !p.finished && !p.reset {
		p.finished = true
		p.force(edgeRead | edgeEnd)
	}
}

func (p *Peer) doReset() {
	if p.closed || p.reset {
		return
	}
	p.reset = true
	p.toSend, p.wire, p.taken = nil, nil, 0
	p.force(edgeRead | edgeWrite | edgeEnd | edgeReset)
}

// read makes the peer read m octets of what it received.
func (p *Peer) read(m int) {
	if m = min(m, p.unread); m > 0 {
		p.unread -= m
		p.raise(edgeWrite)
	}
}

// room returns the octets that the server can send now.
func (p *Peer) room() int { return max(0, p.window-p.unread) }

// raise and force do what those of the socket do, once there is one.
func (p *Peer) raise(e edges) {
	if p.socket != nil {
		p.socket.raise(e)
	}
}

func (p *Peer) force(e edges) {
	if p.socket != nil {
		p.socket.force(e)
	}
}

// progress moves some octets by chance, or none. It reports whether anything
// is still under way.
func (p *Peer) progress() (busy bool) {
	n := p.net
	if p.doom > 0 && !p.reset {
		if p.doom--; p.doom == 0 {
			p.doReset()
		}
	}
	if p.reset || p.closed {
		return false
	}
	if len(p.toSend) > 0 && n.rand.IntN(2) == 0 {
		m := 1 + n.rand.IntN(len(p.toSend))
		p.arrive(p.toSend[:m])
		p.toSend = p.toSend[m:]
	}
	if len(p.toSend) == 0 && p.finish && !p.finished && n.rand.IntN(2) == 0 {
		p.end()
	}
	if !p.stopped && p.unread > 0 && n.rand.IntN(2) == 0 {
		p.read(1 + n.rand.IntN(p.unread))
	}
	return len(p.toSend) > 0 || p.finish && !p.finished || !p.stopped && p.unread > 0 || p.doom > 0
}
