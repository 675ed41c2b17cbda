package sim

import (
	"io"
	"net/netip"
	"os"

	"github.com/windhover-go/windhover/netpoll"
)

// edges are changes of readiness that a loop has not been told.
type edges uint8

const (
	edgeRead edges = 1 << iota
	edgeWrite
	edgeEnd
	edgeReset
)

// A socket is what a descriptor stands for: a listener, or a connection to a
// peer.
type socket struct {
	listener *listener
	peer     *Peer

	kernel *kernel // that watches it
	key    netpoll.Key
	edges  edges // not yet reported
	// blocked are the directions in which an operation has returned ErrAgain,
	// or less than it was asked for: only then the next change is an edge.
	blocked edges
	shut    bool // our stream has ended
}

// raise notes changes, as edges where an operation was blocked.
func (s *socket) raise(e edges) {
	e &= s.blocked
	s.blocked &^= e
	s.edges |= e
}

// force notes changes that are edges always: the end, and a reset.
func (s *socket) force(e edges) {
	s.blocked &^= e
	s.edges |= e
}

// kernel implements netpoll.Kernel.
type kernel struct {
	net      *Network
	watched  []int // descriptors in the order of Watch
	woken    bool
	next     int  // where the next Wait begins to look, so that a small array is fair
	reported bool // the last Wait reported something readable
	asked    bool // the loop has asked for something since
	// stale are keys of closed connections of which a late report comes yet.
	stale []netpoll.Key
}

// forget stops watching fd.
func (k *kernel) forget(fd int) {
	for i, w := range k.watched {
		if w == fd {
			k.watched = append(k.watched[:i], k.watched[i+1:]...)
			return
		}
	}
}

// Now implements netpoll.Kernel.
func (k *kernel) Now() int64 { return k.net.Now() }

// Wall implements netpoll.Kernel.
func (k *kernel) Wall() int64 { return wall + k.net.Now() - start }

// Wait implements netpoll.Kernel. It never waits in earnest: before it answers,
// a part of the network makes progress, and when nothing is ready, time passes.
func (k *kernel) Wait(ready []netpoll.Ready, until int64) (n int, err error) {
	net := k.net
	net.mu.Lock()
	defer net.mu.Unlock()
	if k.reported && !k.asked {
		net.stalls++
	}
	net.shortage = max(0, net.shortage-1)
	busy := k.progress()
	k.reported, k.asked = false, false
	n, late := k.collect(ready)
	for i, r := range ready[:n] {
		net.note('w', i, int(r.Key))
	}
	awake := n > 0 || k.woken
	k.woken = false
	net.pass(until, awake, busy || late)
	net.note('t', 0, int(net.now))
	return n, nil
}

// progress lets the network make some, and reports whether more is under way.
func (k *kernel) progress() (busy bool) {
	if k.net.rand == nil {
		return false
	}
	for _, fd := range k.watched {
		if p := k.net.sockets[fd].peer; p != nil && p.progress() {
			busy = true
		}
	}
	return busy
}

// collect fills ready with what is to be reported, and by chance leaves some
// of it for later.
func (k *kernel) collect(ready []netpoll.Ready) (n int, late bool) {
	net := k.net
	if len(k.stale) > 0 && n < len(ready) && net.chance(2) {
		ready[n] = netpoll.Ready{Key: k.stale[0], Read: true, Write: true, End: true, Reset: true}
		k.stale = k.stale[1:]
		n++
	}
	count := len(k.watched)
	for i := range count {
		at := (k.next + i) % count
		s := net.sockets[k.watched[at]]
		if s.edges == 0 {
			continue
		}
		if n == len(ready) {
			k.next = at
			return n, true
		}
		if net.chance(4) {
			late = true
			continue
		}
		ready[n] = s.report(net)
		k.reported = k.reported || ready[n].Read
		s.edges = 0
		n++
	}
	if net.rand != nil {
		net.rand.Shuffle(n, func(i, j int) { ready[i], ready[j] = ready[j], ready[i] })
	}
	return n, late
}

// report returns what the edges say, and by chance what is so all the same.
func (s *socket) report(n *Network) netpoll.Ready {
	r := netpoll.Ready{
		Key:   s.key,
		Read:  s.edges&edgeRead != 0,
		Write: s.edges&edgeWrite != 0,
		End:   s.edges&edgeEnd != 0,
		Reset: s.edges&edgeReset != 0,
	}
	if p := s.peer; p != nil && p.finished && n.chance(2) {
		r.End = true
	}
	return r
}

// pass lets the time of a Wait pass. Never beyond until, so that deadlines can
// be checked to the nanosecond, except where the clock steps.
func (n *Network) pass(until int64, awake, busy bool) {
	step := int64(1000)
	if n.rand != nil {
		step += n.rand.Int64N(1_000_000)
	}
	target := n.now + step
	if until >= 0 && (target > until || !awake && !busy) {
		target = max(n.now, until)
	}
	if n.chance(n.faults.ClockSteps) {
		target += n.rand.Int64N(3_600_000_000_000)
	}
	n.now = target
}

// Wake implements netpoll.Kernel.
func (k *kernel) Wake() {
	k.net.mu.Lock()
	k.woken = true
	k.net.mu.Unlock()
}

// Watch implements netpoll.Kernel. It reports what is ready already.
func (k *kernel) Watch(fd int, key netpoll.Key) error {
	k.net.mu.Lock()
	defer k.net.mu.Unlock()
	s := k.net.socket(fd)
	if s == nil || s.kernel != nil {
		return errBadDescriptor
	}
	s.kernel, s.key = k, key
	k.watched = append(k.watched, fd)
	s.blocked = edgeRead | edgeWrite
	if l := s.listener; l != nil {
		if len(l.backlog) > 0 {
			s.raise(edgeRead)
		}
		return nil
	}
	p := s.peer
	if len(p.wire) > 0 {
		s.raise(edgeRead)
	}
	if p.room() > 0 {
		s.raise(edgeWrite)
	}
	if p.finished {
		s.force(edgeRead | edgeEnd)
	}
	if p.reset {
		s.force(edgeRead | edgeWrite | edgeEnd | edgeReset)
	}
	return nil
}

// Accept implements netpoll.Kernel.
func (k *kernel) Accept(fd int) (conn int, addr netip.AddrPort, err error) {
	n := k.net
	n.mu.Lock()
	defer n.mu.Unlock()
	k.asked = true
	s := n.socket(fd)
	switch {
	case s == nil || s.listener == nil:
		return -1, addr, errBadDescriptor
	case len(s.listener.backlog) == 0:
		s.blocked |= edgeRead
		return -1, addr, netpoll.ErrAgain
	case n.limit > 0 && n.open >= n.limit || n.shortage > 0:
		n.note('x', fd, 0)
		return -1, addr, netpoll.ErrExhausted
	case n.chance(n.faults.Exhaustion):
		n.shortage = 1 + n.rand.IntN(20)
		return -1, addr, netpoll.ErrExhausted
	}
	p := s.listener.backlog[0]
	s.listener.backlog = append(s.listener.backlog[:0], s.listener.backlog[1:]...)
	if n.chance(n.faults.AcceptFailures) {
		p.reset, p.broken = true, true
		return -1, addr, netpoll.ErrReset
	}
	p.socket = &socket{peer: p}
	conn = n.add(p.socket)
	n.note('a', fd, conn)
	return conn, p.addr, nil
}

// LocalAddr implements netpoll.Kernel.
func (k *kernel) LocalAddr(fd int) netip.AddrPort {
	k.net.mu.Lock()
	defer k.net.mu.Unlock()
	switch s := k.net.socket(fd); {
	case s == nil:
		return netip.AddrPort{}
	case s.listener != nil:
		return s.listener.addr
	default:
		return s.peer.server
	}
}

// conn returns the connection that fd stands for. The caller holds the lock.
func (k *kernel) conn(fd int) (*socket, *Peer) {
	k.asked = true
	if s := k.net.socket(fd); s != nil && s.peer != nil {
		return s, s.peer
	}
	return nil, nil
}

// Read implements netpoll.Kernel.
func (k *kernel) Read(fd int, b []byte) (n int, err error) {
	k.net.scheduler.preempt()
	n, err = k.read(fd, b)
	k.net.scheduler.preempt()
	return n, err
}

func (k *kernel) read(fd int, b []byte) (n int, err error) {
	k.net.mu.Lock()
	defer k.net.mu.Unlock()
	s, p := k.conn(fd)
	switch {
	case s == nil:
		return 0, errBadDescriptor
	case p.reset:
		return 0, netpoll.ErrReset
	case p.aborted:
		return 0, nil
	case len(p.wire) == 0 && p.finished:
		k.net.note('e', fd, 0)
		return 0, nil
	case len(p.wire) == 0 || len(b) == 0:
		s.blocked |= edgeRead
		return 0, netpoll.ErrAgain
	}
	n = k.net.cut(min(len(b), len(p.wire)-p.taken))
	copy(b, p.wire[p.taken:p.taken+n])
	p.taken += n
	if p.taken == len(p.wire) {
		p.wire, p.taken = p.wire[:0], 0
	}
	if n < len(b) {
		s.blocked |= edgeRead
		if len(p.wire) > 0 {
			s.raise(edgeRead)
		}
	}
	k.net.note('r', fd, n)
	return n, nil
}

// cut returns n or, by chance, a smaller number that is not 0.
func (n *Network) cut(m int) int {
	if m > 1 && n.chance(3) {
		return 1 + n.rand.IntN(m-1)
	}
	return m
}

// Write implements netpoll.Kernel.
func (k *kernel) Write(fd int, b []byte) (n int, err error) {
	k.net.scheduler.preempt()
	n, err = k.write(fd, b)
	k.net.scheduler.preempt()
	return n, err
}

func (k *kernel) write(fd int, b []byte) (n int, err error) {
	k.net.mu.Lock()
	defer k.net.mu.Unlock()
	s, p := k.conn(fd)
	switch {
	case s == nil:
		return 0, errBadDescriptor
	case p.reset || p.aborted || s.shut:
		return 0, netpoll.ErrReset
	case len(b) == 0:
		return 0, nil
	case p.room() == 0:
		s.blocked |= edgeWrite
		return 0, netpoll.ErrAgain
	}
	n = k.net.cut(min(len(b), p.room()))
	p.received = append(p.received, b[:n]...)
	if p.unread += n; k.net.rand == nil && !p.stopped {
		p.unread = 0
	}
	if n < len(b) {
		s.blocked |= edgeWrite
		if p.room() > 0 {
			s.raise(edgeWrite)
		}
	}
	k.net.note('s', fd, n)
	return n, nil
}

// SendFile implements netpoll.Kernel: the file is one of the system. By chance it
// cannot be sent.
func (k *kernel) SendFile(fd int, file *os.File, offset int64, n int) (sent int, err error) {
	p := make([]byte, n)
	n, err = file.ReadAt(p, offset)
	if n == 0 && err == io.EOF {
		return 0, nil
	}
	if n == 0 && err != nil || k.refusesFile() {
		return 0, netpoll.ErrNoSendFile
	}
	return k.Write(fd, p[:n])
}

func (k *kernel) refusesFile() bool {
	k.net.mu.Lock()
	defer k.net.mu.Unlock()
	return k.net.chance(8)
}

// Untaken implements netpoll.Kernel.
func (k *kernel) Untaken(fd int) int {
	k.net.mu.Lock()
	defer k.net.mu.Unlock()
	if _, p := k.conn(fd); p != nil {
		return p.unread
	}
	return 0
}

// CloseWrite implements netpoll.Kernel.
func (k *kernel) CloseWrite(fd int) error {
	k.net.mu.Lock()
	defer k.net.mu.Unlock()
	s, p := k.conn(fd)
	switch {
	case s == nil:
		return errBadDescriptor
	case p.reset || p.aborted:
		return netpoll.ErrReset
	}
	s.shut, p.ended = true, true
	k.net.note('f', fd, 0)
	return nil
}

// Abort implements netpoll.Kernel.
func (k *kernel) Abort(fd int) error {
	k.net.mu.Lock()
	defer k.net.mu.Unlock()
	s, p := k.conn(fd)
	if s == nil {
		return errBadDescriptor
	}
	p.aborted, p.broken = true, true
	s.force(edgeRead | edgeWrite | edgeEnd)
	k.net.note('b', fd, 0)
	return nil
}

// Close implements netpoll.Kernel.
func (k *kernel) Close(fd int) error {
	k.net.mu.Lock()
	defer k.net.mu.Unlock()
	s, p := k.conn(fd)
	if s == nil {
		return errBadDescriptor
	}
	p.ended, p.closed = true, true
	if len(p.wire) > p.taken || len(p.toSend) > 0 {
		p.broken = true
	}
	p.wire, p.toSend = nil, nil
	if s.kernel == k && k.net.chance(4) && len(k.stale) < 16 {
		k.stale = append(k.stale, s.key)
	}
	k.net.remove(fd)
	k.net.note('c', fd, 0)
	return nil
}

// Reset implements netpoll.Kernel.
func (k *kernel) Reset(fd int) error {
	k.net.mu.Lock()
	if s, p := k.conn(fd); s != nil {
		p.broken = true
	}
	k.net.mu.Unlock()
	return k.Close(fd)
}

// Release implements netpoll.Kernel.
func (k *kernel) Release() error {
	k.net.mu.Lock()
	defer k.net.mu.Unlock()
	k.watched, k.stale = nil, nil
	return nil
}
