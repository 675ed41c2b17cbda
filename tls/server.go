package tls

import (
	"runtime"
	"sync"
)

// Limits bound what handshakes may cost. For each, 0 is the default.
type Limits struct {
	// Handshakes are at work at once: they calculate, or run a function of the
	// configuration. One that waits for its peer is not counted, so peers that
	// stop in mid-handshake keep nobody from theirs. Default 4 × GOMAXPROCS:
	// more than there are processors, because functions of the configuration
	// may block.
	Handshakes int
	// Begun handshakes have a goroutine, most of them waiting for their peer.
	// Over it the one that has waited for its peer the longest is dropped for
	// the one that is next: a peer that answers at once is seldom that one.
	// Default 256 × GOMAXPROCS, at least 1,024.
	Begun int
	// Queued connections have sent their ClientHello and wait to begin, without
	// a goroutine. Over it new ones are refused. Default 1,024.
	Queued int
	// HandshakeTimeout is how long a handshake may take, in nanoseconds from
	// Conn.Start. Default 10 s.
	HandshakeTimeout int64
	// Hello bounds the ClientHello, in octets. Default 16,384, at most 24,576.
	Hello int
}

func (l Limits) withDefaults() Limits {
	procs := runtime.GOMAXPROCS(0)
	l.Handshakes = orDefault(l.Handshakes, 4*procs)
	l.Begun = orDefault(l.Begun, max(1024, 256*procs))
	l.Queued = orDefault(l.Queued, 1024)
	l.HandshakeTimeout = orDefault(l.HandshakeTimeout, 10e9)
	l.Hello = min(orDefault(l.Hello, 16384), maxHello)
	return l
}

func orDefault[T int | int64](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// A Config is what a Server is made from.
type Config struct {
	Limits Limits
	// Clock returns monotonic nanoseconds: the clock of the times that a Conn
	// is given. It is called by several goroutines at once. nil: reports have
	// no times of queueing, working and waiting.
	Clock func() int64
}

// A Server is what connections share: the bounds of their handshakes, and
// memory for incomplete records. Its methods may be called by any goroutine.
type Server struct {
	limits Limits       // read-only after New
	clock  func() int64 // the same
	blocks sync.Pool    // of *block

	// mu guards what follows, and of every handshake the part that says so. It
	// is held for copies of a record, never while anything is calculated.
	mu      sync.Mutex
	atWork  int  // handshakes in phaseWorking
	begun   int  // handshakes in phaseWorking, phaseWaiting, phaseReady
	queued  list // in phaseQueued, by age
	ready   list // in phaseReady, by age
	waiting list // in phaseWaiting, the one that waits longest first
}

// New returns a Server.
func New(c Config) *Server {
	s := &Server{limits: c.Limits.withDefaults(), clock: c.Clock}
	if s.clock == nil {
		s.clock = func() int64 { return 0 }
	}
	return s
}

// A Load says how many handshakes there are at a moment.
type Load struct {
	Queued  int // wait to begin
	Working int // are at work
	Waiting int // wait for their peer
	Ready   int // have heard from their peer, and wait for their turn at work
}

// Load returns how many handshakes there are.
func (s *Server) Load() Load {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Load{s.queued.n, s.atWork, s.waiting.n, s.ready.n}
}

// enqueue takes a handshake whose ClientHello is complete. It reports false
// when there are too many.
func (s *Server) enqueue(h *handshake) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	// What can begin has begun: a queue that is not empty waits.
	if s.queued.n >= s.limits.Queued {
		return false
	}
	h.enter(phaseQueued)
	s.dispatch()
	return true
}

// dispatch gives the turns at work that are free: first to handshakes that have
// begun, since what they hold is given back at their end. s.mu is held.
func (s *Server) dispatch() {
	for s.atWork < s.limits.Handshakes {
		if h := s.ready.first; h != nil {
			h.enter(phaseWorking)
			h.turn.Signal()
			continue
		}
		if s.queued.n == 0 {
			return
		}
		if s.begun >= s.limits.Begun {
			if s.waiting.n == 0 {
				return
			}
			s.waiting.first.end(ReasonDropped)
		}
		h := s.queued.first
		h.enter(phaseWorking)
		go h.run()
	}
}

// A list links handshakes in the order in which they came.
type list struct {
	first, last *handshake
	n           int
}

func (l *list) push(h *handshake) {
	h.prev, h.next = l.last, nil
	if l.last != nil {
		l.last.next = h
	} else {
		l.first = h
	}
	l.last = h
	l.n++
}

func (l *list) remove(h *handshake) {
	if h.prev != nil {
		h.prev.next = h.next
	} else {
		l.first = h.next
	}
	if h.next != nil {
		h.next.prev = h.prev
	} else {
		l.last = h.prev
	}
	h.prev, h.next = nil, nil
	l.n--
}
