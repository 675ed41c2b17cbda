package sim

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"

	"github.com/windhover-go/windhover/netpoll"
)

// Faults are what a seeded network does to a loop beyond what is ordinary:
// cuts, short reads and writes, and reports that are late and out of order. The
// zero value is none.
type Faults struct {
	// Resets makes peers reset, one connection in so many, at any moment.
	Resets int
	// Exhaustion makes the system run out of descriptors for a while, about
	// once in so many accepted connections.
	Exhaustion int
	// ClockSteps makes the clock jump by up to an hour, once in so many Waits.
	ClockSteps int
	// AcceptFailures makes connections fail before they are accepted, one in so
	// many.
	AcceptFailures int
}

// ErrRefused says that nobody listens on an address, or that its queue is full.
var ErrRefused = errors.New("sim: connection refused")

// errBadDescriptor is what operations on a descriptor that is not open return.
var errBadDescriptor = errors.New("sim: bad descriptor")

// A Network implements netpoll.System. Its methods may be called by any
// goroutine.
type Network struct {
	mu        sync.Mutex
	rand      *rand.Rand // nil in a calm network
	faults    Faults
	scheduler *Scheduler
	now       int64
	sockets   []*socket // by descriptor; nil when closed
	free      []int     // closed descriptors: the next is reused, as systems do
	open      int
	limit     int // of open descriptors; 0: none
	shortage  int // turns that the present lack of descriptors lasts
	listeners []*listener
	port      uint16 // the last that was chosen
	dialled   uint16
	trace     uint64
	stalls    int
}

// start is the time at which a network's clock begins, and wall the civil time
// of that moment: 2026-01-01 00:00:00 UTC.
const (
	start = 1_000_000_000
	wall  = 1_767_225_600_000_000_000
)

// firstFD is the first descriptor.
const firstFD = 3

// New returns a network whose every choice comes from seed.
func New(seed uint64, faults Faults) *Network {
	n := &Network{rand: rand.New(rand.NewPCG(seed, 1)), faults: faults, now: start, port: 40000}
	n.scheduler = &Scheduler{rand: rand.New(rand.NewPCG(seed, 2))}
	return n
}

// NewCalm returns a network without chance and faults: what is sent arrives
// at once and whole, what is written is taken whole while the peer's window has
// room, and everything that is ready is reported at once and in order. In the
// steady state its kernels do not allocate.
func NewCalm() *Network {
	return &Network{now: start, port: 40000, scheduler: &Scheduler{}}
}

// Scheduler returns the scheduler of the units that use the network.
func (n *Network) Scheduler() *Scheduler { return n.scheduler }

// Trace returns a digest of everything that loops asked and were answered:
// two runs are the same if their traces are.
func (n *Network) Trace() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.trace
}

// Stalls returns how many Waits reported something readable after which the
// loop asked for nothing until its next Wait. A loop whose handlers neither
// pause nor lend makes no such turn.
func (n *Network) Stalls() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stalls
}

// Open returns the number of open descriptors.
func (n *Network) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.open
}

// SetLimit bounds the open descriptors, listeners included; 0 lifts the bound.
func (n *Network) SetLimit(limit int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.limit = limit
}

// Now returns the time.
func (n *Network) Now() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

// Advance lets d nanoseconds pass.
func (n *Network) Advance(d int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now += d
}

// A listener is one or, when it is shared, one of several on an address.
type listener struct {
	fd      int
	addr    netip.AddrPort
	options netpoll.ListenOptions
	backlog []*Peer
}

// Kernel implements netpoll.System.
func (n *Network) Kernel() (netpoll.Kernel, error) { return &kernel{net: n}, nil }

// Listen implements netpoll.System.
func (n *Network) Listen(addr netip.AddrPort, o netpoll.ListenOptions) (fd int, bound netip.AddrPort, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if addr.Port() == 0 {
		n.port++
		addr = netip.AddrPortFrom(addr.Addr(), n.port)
	}
	for _, l := range n.listeners {
		if l.addr == addr && (!l.options.Shared || !o.Shared) {
			return -1, bound, errors.New("sim: another socket listens on this address and port")
		}
	}
	l := &listener{addr: addr, options: o}
	l.fd = n.add(&socket{listener: l})
	n.listeners = append(n.listeners, l)
	return l.fd, addr, nil
}

// Close implements netpoll.System. Connections that wait to be accepted are
// reset.
func (n *Network) Close(fd int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.socket(fd)
	if s == nil || s.listener == nil {
		return errBadDescriptor
	}
	for i, l := range n.listeners {
		if l == s.listener {
			n.listeners = append(n.listeners[:i], n.listeners[i+1:]...)
			break
		}
	}
	for _, p := range s.listener.backlog {
		p.broken = true
	}
	n.remove(fd)
	return nil
}

// Dial returns a peer whose connection waits to be accepted at a listener on
// addr; when several share it, at one of them.
func (n *Network) Dial(addr netip.AddrPort) (*Peer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found []*listener
	for _, l := range n.listeners {
		if l.addr.Port() == addr.Port() && reaches(l, addr.Addr()) {
			found = append(found, l)
		}
	}
	if len(found) == 0 {
		return nil, ErrRefused
	}
	n.dialled++
	l := found[n.choose(len(found), int(n.dialled)%len(found))]
	p := &Peer{net: n, server: addr, addr: netip.AddrPortFrom(addr.Addr(), n.dialled), window: defaultWindow}
	if n.faults.Resets > 0 && n.rand.IntN(n.faults.Resets) == 0 {
		p.doom = 1 + n.rand.IntN(40)
	}
	l.backlog = append(l.backlog, p)
	n.sockets[l.fd].raise(edgeRead)
	return p, nil
}

// reaches reports whether a connection to addr arrives at l.
func reaches(l *listener, addr netip.Addr) bool {
	own := l.addr.Addr()
	return own == addr || own.IsUnspecified() && (own.Is4() == addr.Is4() || l.options.DualStack)
}

// add makes s a descriptor.
func (n *Network) add(s *socket) (fd int) {
	n.open++
	if last := len(n.free) - 1; last >= 0 {
		fd, n.free = n.free[last], n.free[:last]
		n.sockets[fd] = s
		return fd
	}
	for len(n.sockets) < firstFD {
		n.sockets = append(n.sockets, nil)
	}
	n.sockets = append(n.sockets, s)
	return len(n.sockets) - 1
}

// remove closes a descriptor.
func (n *Network) remove(fd int) {
	s := n.sockets[fd]
	if k := s.kernel; k != nil {
		k.forget(fd)
	}
	n.sockets[fd] = nil
	n.free = append(n.free, fd)
	n.open--
}

// socket returns an open descriptor, or nil.
func (n *Network) socket(fd int) *socket {
	if fd < 0 || fd >= len(n.sockets) {
		return nil
	}
	return n.sockets[fd]
}

// choose returns a number below m: by chance, or calm in a calm network.
func (n *Network) choose(m, calm int) int {
	if n.rand == nil {
		return calm
	}
	return n.rand.IntN(m)
}

// chance reports true once in m times, and never in a calm network.
func (n *Network) chance(m int) bool {
	return n.rand != nil && m > 0 && n.rand.IntN(m) == 0
}

// note adds an answer to the trace (FNV-1a).
func (n *Network) note(op byte, fd, result int) {
	for _, v := range [...]uint64{uint64(op), uint64(fd), uint64(result)} {
		n.trace = (n.trace ^ v) * 1099511628211
	}
}
