package http2

import (
	"io"
	"sync"

	"github.com/windhover-go/windhover/netpoll"
)

// A pipe is what streams between a unit and its loop, and how the unit tells the
// loop anything. A unit of another protocol than HTTP can be two goroutines, one
// that reads and one that writes.
type pipe struct {
	x    *Exchange
	high int // octets on their way to the peer at which a writer waits

	mu     sync.Mutex
	posted bool // the loop is going to look
	end    then // set by the unit at its end

	in       []byte // content that has arrived; in[at:] was not read
	at       int
	inErr    error // what comes behind it: io.EOF, or why it ends early
	consumed int   // octets read that the loop does not know of
	reads    bool  // a reader waits
	reader   netpoll.Waiter

	out      []byte // to be sent
	other    []byte // memory for out, while the loop has the other
	queued   int    // octets that the loop has and the peer has not taken
	ask      ask    // what a writer asks the loop for, and waits
	ends     bool   // the stream is to be ended behind out
	ended    bool   // it is, or will be
	upgraded bool
	writes   bool // a writer waits
	writer   netpoll.Waiter

	err error // why nothing can be sent any more
}

// An ask is something that a unit waits for the loop to do: it looks at the
// exchange, which the unit leaves alone meanwhile.
type ask uint8

const (
	askNothing ask = iota
	askHead        // send the head of the response
	askHints       // send the early hints
	askUpgrade     // accept another protocol
)

// maxUntold is how much a reader takes before the peer is given room for more,
// in octets.
const maxUntold = 16 << 10

// open readies the pipe for a unit.
func (p *pipe) open(x *Exchange) {
	p.x, p.high = x, x.loop.config.Limits.ResponseBufferHigh
	if x.received && p.inErr == nil {
		p.inErr = io.EOF
	}
}

// reset readies the pipe for another exchange.
func (p *pipe) reset() {
	if p.x != nil {
		*p = pipe{reader: p.reader, writer: p.writer, in: kept(p.in), out: kept(p.out), other: kept(p.other)}
	}
}

// The loop's side.

// work is what the loop has to do for a unit.
type work struct {
	end      then
	consumed int
	reads    bool
	ask      ask
	out      []byte
	ends     bool
}

// work returns what there is to do, until worked is called.
func (p *pipe) work() work {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := work{end: p.end, consumed: p.consumed, reads: p.reads, ask: p.ask, out: p.out, ends: p.ends}
	p.out, p.other = p.other[:0], nil
	p.posted, p.end, p.consumed, p.ends = false, thenNothing, 0, false
	p.queued += len(w.out)
	return w
}

// worked says that the work is done: out is free again, and unsent octets are in
// the engine.
func (p *pipe) worked(out []byte, unsent int) {
	p.mu.Lock()
	p.other, p.ask = out[:0], askNothing
	p.mu.Unlock()
	p.sent(unsent)
}

// sent says that unsent octets are still on their way.
func (p *pipe) sent(unsent int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queued = unsent
	if p.writes && p.ask == askNothing && (p.queued+len(p.out) < p.high || p.err != nil) {
		p.writes = false
		p.writer.Wake()
	}
}

// arrive hands content to the unit, and reports whether that still reads.
func (p *pipe) arrive(content []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inErr != nil {
		return false
	}
	if p.at == len(p.in) {
		p.in, p.at = p.in[:0], 0
	}
	p.in = append(p.in, content...)
	p.wakeReader()
	return true
}

// arriveEnd says that no content follows: err says why, nil that it is complete.
func (p *pipe) arriveEnd(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inErr == nil {
		if p.inErr = err; err == nil {
			p.inErr = io.EOF
		}
	}
	p.wakeReader()
}

func (p *pipe) wakeReader() {
	if p.reads {
		p.reads = false
		p.reader.Wake()
	}
}

// fail makes what the unit reads and writes fail from now on.
func (p *pipe) fail(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = cause
	}
	if p.inErr == nil {
		p.inErr = cause
	}
	p.in, p.at = p.in[:0], 0
	p.wakeReader()
	if p.writes {
		p.writes, p.ask = false, askNothing
		p.writer.Wake()
	}
}

// isUpgraded reports whether the stream speaks another protocol.
func (p *pipe) isUpgraded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.upgraded
}

// The unit's side.

// post makes the loop look. It is called with mu, and returns whether the loop
// has to be told, which is done without.
func (p *pipe) post() (tell bool) {
	tell = !p.posted
	p.posted = true
	return tell
}

func (p *pipe) tell(tell bool) {
	if tell {
		p.x.loop.host.Loop().Post((*news)(p.x))
	}
}

// leave says that the unit has come to its end. It does not touch the exchange
// afterwards.
func (p *pipe) leave(end then) {
	p.mu.Lock()
	p.end = end
	tell := p.post()
	p.mu.Unlock()
	p.tell(tell)
}

// wait posts, and waits until the loop wakes the writer. It is called with mu,
// and returns with it.
func (p *pipe) wait() {
	if p.writer == nil {
		p.writer = p.x.loop.host.Waiter()
	}
	p.writes = true
	tell := p.post()
	p.mu.Unlock()
	p.tell(tell)
	p.writer.Wait()
	p.mu.Lock()
}

// request asks the loop for something, and waits until it is done.
func (p *pipe) request(a ask) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	p.ask = a
	for p.ask != askNothing {
		p.wait()
	}
	return p.err
}

// write sends b, and waits while much is on its way. With flush the loop is told
// at once; otherwise when it is worth it.
func (p *pipe) write(b []byte, flush bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.err != nil {
			return p.err
		}
		n := min(len(b), max(0, p.high-p.queued-len(p.out)))
		p.out = append(p.out, b[:n]...)
		if b = b[n:]; len(b) == 0 {
			break
		}
		p.wait()
	}
	if flush && p.post() {
		p.mu.Unlock()
		p.tell(true)
		p.mu.Lock()
	}
	return nil
}

// closeWrite ends the stream behind what was written.
func (p *pipe) closeWrite() error {
	p.mu.Lock()
	if p.err != nil || p.ended {
		defer p.mu.Unlock()
		return p.err
	}
	p.ends, p.ended = true, true
	tell := p.post()
	p.mu.Unlock()
	p.tell(tell)
	return nil
}

// read reads what has arrived, and waits until there is something.
func (p *pipe) read(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.at == len(p.in) {
		if p.inErr != nil {
			return 0, p.inErr
		}
		if p.reader == nil {
			p.reader = p.x.loop.host.Waiter()
		}
		p.reads = true
		tell := p.post()
		p.mu.Unlock()
		p.tell(tell)
		p.reader.Wait()
		p.mu.Lock()
	}
	n = copy(b, p.in[p.at:])
	p.at += n
	if p.consumed += n; p.consumed >= maxUntold && p.post() {
		p.mu.Unlock()
		p.tell(true)
		p.mu.Lock()
	}
	return n, nil
}
