package netpoll

import (
	"io"
	"sync"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// A Layer stands between the peer of a connection and its handler and changes
// the octets that pass: TLS is one. The loop calls it, and while the connection
// is lent its unit does; never two at once.
type Layer interface {
	// Open appends to dst what in, octets that the peer sent, say, and keeps
	// what is not complete. in is borrowed until it returns, and may be empty.
	// The error io.EOF says that the peer ended its stream in the layer's own
	// way, and nothing that it sends is looked at any more; every other that the
	// connection is dead. What was appended counts in both cases.
	Open(dst, in []byte) ([]byte, error)
	// Seal appends to dst the octets that carry p to the peer, behind what the
	// layer itself has to say since the last call, such as why Open failed.
	Seal(dst, p []byte) []byte
	// SealEnd appends to dst what ends the stream towards the peer. Seal is
	// not called afterwards.
	SealEnd(dst []byte) []byte
}

// A layered is the handler of a connection with a layer. So a connection without
// one needs no memory for it.
type layered struct {
	Handler
	layer    Layer
	mu       sync.Mutex // held while the layer works: a unit can be two goroutines
	raw      bool       // what the connection keeps has not been opened yet
	peerDone bool       // Open returned io.EOF
	done     bool       // SealEnd was called, or a part of what Seal returned is lost: nothing may follow
	ahead    []byte     // what a unit opened and has not read yet
}

const (
	// sealSize is what a unit seals and writes at once.
	sealSize = 16 << 10
	// openRoom is what Open appends beyond the octets that it is given, at the
	// most: a record of TLS that was not complete before.
	openRoom = 16<<10 + 2048
)

// Become gives the connection another handler, and, unless layer is nil, puts
// layer between it and the peer. What the present handler has left is opened
// and handed to the new one, whose Receive is called in any case, and that is told
// of an end that was seen before. Output that
// stands before Become goes as it is. It is called on the loop by the present
// handler, of which no method is called afterwards. A layer cannot be
// replaced.
func (c *Conn) Become(h Handler, layer Layer) {
	invariant.That(!c.Lent() && !c.Layered())
	c.handler = h
	c.clear(flagToldEnd) // h was not told, and is behind its first Receive
	c.set(flagNew)
	if layer != nil {
		if c.loop.outConn == c {
			c.send()
		}
		c.handler = &layered{Handler: h, layer: layer, raw: true}
	}
	c.Again()
}

// Layered reports whether the connection has a layer: then its octets are not
// those of the peer. The unit may call it too.
func (c *Conn) Layered() bool { return c.layer() != nil }

// Layer returns the layer of the connection, nil when it has none. The unit may
// call it too.
func (c *Conn) Layer() Layer {
	if y := c.layer(); y != nil {
		return y.layer
	}
	return nil
}

// layer returns what stands between the peer and the handler, nil when nothing
// does.
func (c *Conn) layer() *layered {
	y, _ := c.handler.(*layered)
	return y
}

// unwrap opens what the connection keeps from the time before the layer.
func (c *Conn) unwrap(y *layered) {
	if !y.raw {
		return
	}
	y.raw = false
	raw := c.kept
	c.kept = nil
	var in []byte
	if raw != nil {
		in = raw.octets()
	}
	c.keep(c.open(y, in))
	if raw != nil {
		c.loop.pool.give(raw)
	}
}

// fillOpened is fill through a layer. RequestBuffer can be exceeded by what the
// layer kept.
func (c *Conn) fillOpened(y *layered) (n int) {
	l := c.loop
	c.unwrap(y)
	if l.sealedIn == nil {
		l.sealedIn = make([]byte, readSize-openRoom)
	}
	room := l.options.RequestBuffer
	if c.kept != nil {
		room -= c.kept.size()
	}
	n = c.read(l.sealedIn[:min(len(l.sealedIn), room)])
	if n == 0 {
		return 0
	}
	plain := c.open(y, l.sealedIn[:n])
	if c.kept != nil {
		c.keep(plain)
	}
	return len(plain)
}

// open opens octets from the peer. The result is at the beginning of the loop's
// input buffer.
func (c *Conn) open(y *layered, in []byte) (plain []byte) {
	l := c.loop
	plain, err := y.layer.Open(l.in[:0], in)
	if cap(plain) > cap(l.in) {
		l.in = plain[:cap(plain)]
	}
	switch err {
	case nil:
	case io.EOF:
		y.peerDone = true
		c.set(flagEOF)
		c.clear(flagCanRead)
	default:
		if c.unsent == 0 {
			c.write(y.layer.Seal(l.sealedOut[:0], nil)) // why; if the kernel takes it
		}
		c.set(flagFailed)
	}
	return plain
}

// keep copies p behind what is kept.
func (c *Conn) keep(p []byte) {
	if len(p) == 0 {
		return
	}
	if c.kept != nil && len(c.kept.room()) >= len(p) {
		c.kept.append(p)
		return
	}
	more := c.loop.pool.take(len(p))
	more.append(p)
	c.kept = c.loop.pool.join(c.kept, more)
}

// sealing reports whether the layer has something to send by itself.
func (y *layered) sealing(s connState) bool { return y != nil && s == connSending && !y.done }

// wire returns out as the peer gets it, borrowed until the next call. When the
// connection is closing, the end of the layer's stream is behind it.
func (c *Conn) wire(out []byte) []byte {
	y := c.layer()
	if y == nil {
		return out
	}
	l := c.loop
	sealed := l.sealedOut[:0]
	if len(out) > 0 && !y.done {
		sealed = y.layer.Seal(sealed, out)
	}
	if y.sealing(c.state) {
		y.done = true
		sealed = y.layer.SealEnd(sealed)
	}
	if l.sealedOut = sealed; cap(sealed) > maxOutSize {
		l.sealedOut = nil
	}
	return sealed
}

// readLent is ReadLentUntil through a layer. What the peer sent is read into p
// first, so that a unit that waits needs no other memory.
func (y *layered) readLent(c *Conn, p []byte, until int64) (n int, err error) {
	for len(y.ahead) == 0 {
		if y.peerDone {
			return 0, nil
		}
		n, err = c.readLent(p, until)
		if n == 0 {
			return 0, err
		}
		buf := c.loop.scratch.take()
		y.mu.Lock()
		plain, err := y.layer.Open((*buf)[:0], p[:n])
		y.mu.Unlock()
		n = copy(p, plain)
		y.ahead = append(y.ahead, plain[n:]...) // of a record that was not complete before
		c.loop.scratch.give(buf)
		switch err {
		case nil:
		case io.EOF:
			y.peerDone = true
		default:
			y.tellWhy(c)
			c.tell(wordReset)
			return 0, ErrReset
		}
		if n > 0 {
			return n, nil
		}
	}
	n = copy(p, y.ahead)
	if y.ahead = y.ahead[n:]; len(y.ahead) == 0 {
		y.ahead = nil
	}
	return n, nil
}

// tellWhy sends what the layer has to say of an Open that failed, if the kernel
// takes it and nobody else writes.
func (y *layered) tellWhy(c *Conn) {
	if _, ok := c.waiter.(*split); ok || y.done {
		return
	}
	buf := c.loop.scratch.take()
	*buf = y.layer.Seal((*buf)[:0], nil)
	if len(*buf) > 0 {
		_, _ = c.loop.kernel.Write(int(c.fd), *buf) // the connection is over in any case
	}
	c.loop.scratch.give(buf)
}

// writeLent is WriteLent through a layer.
func (y *layered) writeLent(c *Conn, p []byte) (err error) {
	buf := c.loop.scratch.take()
	for len(p) > 0 && err == nil {
		piece := p[:min(len(p), sealSize)]
		p = p[len(piece):]
		y.mu.Lock()
		*buf = y.layer.Seal((*buf)[:0], piece)
		y.mu.Unlock()
		err = c.writeLent(*buf)
	}
	c.loop.scratch.give(buf)
	if err != nil {
		y.done = true
	}
	return err
}

// endLent ends the layer's stream towards the peer.
func (y *layered) endLent(c *Conn) error {
	if y.done {
		return nil
	}
	y.done = true
	buf := c.loop.scratch.take()
	y.mu.Lock()
	*buf = y.layer.SealEnd((*buf)[:0])
	y.mu.Unlock()
	err := c.writeLent(*buf)
	c.loop.scratch.give(buf)
	return err
}

// scratch are buffers that units seal and open with, and give back before they
// return or wait no more: a loop has many units, and only a few of them work at
// once.
type scratch struct{ pool sync.Pool }

func (s *scratch) take() *[]byte {
	if buf, ok := s.pool.Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, 0, sealSize+openRoom)
	return &buf
}

func (s *scratch) give(buf *[]byte) { s.pool.Put(buf) }
