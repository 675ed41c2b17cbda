package netpoll

import (
	"errors"
	"os"
	"slices"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// Bits of Conn.word, the one thing that a loop and a unit both change.
//
// The word is 0 while the connection is not lent: then it belongs to the loop
// and nothing else looks at it. During a loan the loop only ever sets bits and
// clears the two of who is parked (tell); the unit clears wordRead, wordWrite
// and wordLate, parks, sets wordTell, and ends the loan, either by putting 0
// (GiveBack) or by sending itself as mail, which makes the loop put 0
// (returned.Deliver).
//
// A unit can be two goroutines (SplitLent): one that reads, which alone clears
// wordRead and sets wordReadParked, and one that writes, which alone clears
// wordWrite and sets wordWriteParked. Neither looks at the edge of the other,
// so what follows is said of each of them.
//
// An edge is not lost: a unit clears the edge before the system call that it
// is about; when the call says ErrAgain it parks only by a compare-and-swap
// from a word without the edge, and the loop sets the edge before it looks for
// a parked unit, in one compare-and-swap as well. So either the unit sees the
// edge and tries again, or the loop sees that it is parked and wakes it. Each
// parking has exactly one Wake, for only who clears the bit of the parking
// wakes.
//
// Whatever ends the waiting of both (wordReset, wordStopped) is set by tell,
// also when a unit sets it: so who finds the connection dead, or stops it,
// wakes the other.
//
// The waiting of a unit of one goroutine can have an end in time
// (Conn.patience): the unit is woken for it by the loop's clock, the wheel. It
// parks, and then posts watch if the wheel would look at the connection too late
// or not at all. The loop takes the entry out of the wheel before it looks
// whether the unit is parked (lookLent). So either the loop sees the unit
// parked, or the unit sees that the entry is gone. As long as it is parked,
// which only the loop ends, patience, marks and unsent are the loop's to read
// and write. The waiting of two goroutines has no end in time: they leave the
// three alone, and patience is 0.
const (
	wordLent        uint32 = 1 << iota // a unit has the connection
	wordRead                           // a read may not return ErrAgain
	wordWrite                          // a write may not return ErrAgain
	wordEnd                            // the kernel reported the peer's end
	wordReset                          // the connection is dead: reads and writes fail
	wordStopped                        // StopLent was called: reads and writes fail
	wordReadParked                     // who reads waits for its Waiter
	wordWriteParked                    // who writes waits for its Waiter
	wordWanted                         // the loop has something to do when the connection is back
	wordTell                           // the unit asks for Handler.Returned
	wordLate                           // the unit has waited for as long as it wanted

	// wordFails are the bits with which reads and writes fail.
	wordFails = wordReset | wordStopped
	// wordReadWakes and wordWriteWakes are the bits that end a waiting.
	wordReadWakes  = wordRead | wordEnd | wordFails | wordLate
	wordWriteWakes = wordWrite | wordEnd | wordFails | wordLate
	// wordParked are the bits of the parkings.
	wordParked = wordReadParked | wordWriteParked
	// wordQuiet are the bits with which a loan ends without a message.
	wordQuiet = wordLent | wordWrite
)

// ErrStopped is the error of reads and writes after StopLent.
var ErrStopped = errors.New("netpoll: the loan was stopped")

// edges returns the bits of the word that say what r says.
func edges(r Ready) (bits uint32) {
	if r.Read {
		bits |= wordRead
	}
	if r.Write {
		bits |= wordWrite
	}
	if r.End {
		bits |= wordEnd | wordRead
	}
	if r.Reset {
		bits |= wordReset
	}
	return bits
}

// tell sets bits for the unit, and wakes those whose waiting they end. It
// reports false, and does nothing, when the connection is not lent. Besides
// the loop, only who knows that the loan lasts may call it.
func (c *Conn) tell(bits uint32) (lent bool) {
	for {
		old := c.word.Load()
		if old&wordLent == 0 {
			return false
		}
		woken := old & parkedBy(bits)
		if c.word.CompareAndSwap(old, (old|bits)&^woken) {
			// Who is woken waits, so the loan lasts and the waiter is its still.
			if woken&wordReadParked != 0 {
				c.waiterOf(wordReadParked).Wake()
			}
			if woken&wordWriteParked != 0 {
				c.waiterOf(wordWriteParked).Wake()
			}
			return true
		}
	}
}

// parkedBy returns the bits of the parkings that bits end.
func parkedBy(bits uint32) (parked uint32) {
	if bits&wordReadWakes != 0 {
		parked |= wordReadParked
	}
	if bits&wordWriteWakes != 0 {
		parked |= wordWriteParked
	}
	return parked
}

// A split is the waiter of a unit of two goroutines. A connection that is not
// lent, and a unit of one goroutine, which has one parking at a time, need only
// one word for it (Conn.waiter).
type split struct {
	Waiter        // of who reads
	write  Waiter // of who writes
}

// waiterOf returns who waits in a parking.
func (c *Conn) waiterOf(parked uint32) Waiter {
	if s, ok := c.waiter.(*split); ok && parked == wordWriteParked {
		return s.write
	}
	return c.waiter
}

// Lend gives the connection to another goroutine, the unit: until it comes
// back, the loop neither reads nor writes nor closes it, and only notices what
// the kernel reports. The unit may call ReadLent, WriteLent, SetDeadline and
// GiveBack, and may touch what the handler owns. The caller hands the unit
// over after Lend and does not touch the connection afterwards.
//
// Output of the turn that stands before the loan is sent first: Lend may be
// called only when Unsent is 0 or Flush has brought it to 0.
func (c *Conn) Lend(w Waiter) {
	invariant.That(!c.Lent() && c.Unsent() == 0 && c.state == connOpen)
	l := c.loop
	c.waiter = w
	if c.has(flagEOF) && !c.has(flagToldEnd) {
		// It is still to be told: the unit, or who comes after it, reads it again.
		c.clear(flagEOF)
		c.set(flagCanRead | flagEndSeen)
	}
	word := wordLent
	if c.has(flagCanRead) && !c.has(flagEOF) {
		word |= wordRead
	}
	if c.has(flagEndSeen) && !c.has(flagEOF) {
		word |= wordEnd
	}
	if c.has(flagFailed) {
		word |= wordReset
	}
	if c.kept != nil || c.has(flagAgain|flagAgainSent|flagDraining) {
		word |= wordWanted
	}
	c.clear(flagCanRead)
	c.touch() // an end that was seen before the loan is told in it
	l.lends++
	l.loans.Add(1)
	c.word.Store(word)
}

// Flush hands the output of the turn to the kernel now and reports whether all
// of it went. It ends the borrowing of Out.
func (c *Conn) Flush() (empty bool) {
	c.send()
	c.touch()
	return c.unsent == 0 && !c.has(flagFailed)
}

// SplitLent makes a unit of two goroutines: from now on one may read (ReadLent)
// while another writes (WriteLent, CloseWriteLent), which waits with w. It is
// called by the unit while it is one goroutine still, and once in a loan;
// GiveBack when it is one again.
func (c *Conn) SplitLent(w Waiter) { c.waiter = &split{c.waiter, w} }

// ReadLent reads from a lent connection into p, and waits until there is
// something. It returns 0 and no error at the end of the stream, ErrReset when
// the connection is gone or was aborted, and ErrStopped after StopLent. It is
// called by the unit only.
func (c *Conn) ReadLent(p []byte) (n int, err error) { return c.ReadLentUntil(p, 0) }

// ReadLentUntil is ReadLent, and returns ErrSlow when nothing has come at the
// time until, on the clock of Kernel.Now; 0 is never. The connection can be used
// all the same. It is called by a unit that was not split.
func (c *Conn) ReadLentUntil(p []byte, until int64) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if y := c.layer(); y != nil {
		return y.readLent(c, p, until)
	}
	return c.readLent(p, until)
}

// readLent is ReadLentUntil without the layer, if there is one.
func (c *Conn) readLent(p []byte, until int64) (n int, err error) {
	for {
		before := c.word.And(^(wordRead | wordLate))
		if err = failure(before &^ wordLate); err != nil {
			return 0, err
		}
		n, err = c.loop.kernel.Read(int(c.fd), p)
		switch err {
		case nil:
			word := c.word.Load()
			if n == 0 && word&wordReset != 0 {
				return 0, ErrReset // an abort looks like an end
			}
			if n == 0 || n == len(p) || word&wordEnd != 0 {
				c.word.Or(wordRead) // there may be more, and no edge will say so
			}
			return n, nil
		case ErrAgain:
			if before&wordLate != 0 {
				return 0, ErrSlow
			}
			c.parkRead(until)
		default:
			c.tell(wordReset)
		}
	}
}

// parkRead waits until there is something to read, or until the time until.
func (c *Conn) parkRead(until int64) {
	if until == 0 {
		c.park(wordRead, wordReadParked, 0)
		return
	}
	c.patience = until
	c.park(wordRead, wordReadParked, until)
	c.patience = 0
}

// WriteLent sends all of p on a lent connection and waits where the kernel
// does not take it. Its errors are those of ReadLent, and ErrSlow when the peer
// took too little of it (LoopOptions.SendRate): that aborts the connection. The
// peer of a unit that was split may take all the time. It is called by the unit
// only.
func (c *Conn) WriteLent(p []byte) error {
	if y := c.layer(); y != nil {
		return y.writeLent(c, p)
	}
	return c.writeLent(p)
}

// writeLent is WriteLent without the layer, if there is one.
func (c *Conn) writeLent(p []byte) error {
	paced := false
	for {
		if err := failure(c.word.Load()); err != nil || len(p) == 0 {
			if paced {
				c.unsent, c.patience = 0, 0
			}
			return err
		}
		c.word.And(^wordWrite)
		piece := p[:min(len(p), writeSize)]
		n, err := c.loop.kernel.Write(int(c.fd), piece)
		p = p[n:]
		switch {
		case err == nil && n == len(piece):
		case err == nil || err == ErrAgain:
			paced = c.parkWrite(len(p))
		default:
			c.tell(wordReset)
		}
	}
}

// SendFileLent sends the n octets of file that begin at offset, as WriteLent
// sends octets, and returns how many of them it sent: less than n without an
// error where the file ends before. ErrNoSendFile says that this file, from
// there on, has to be read and written, as every file has where the connection
// has a layer; the connection is as it was. It is called by the unit only, and not
// by one that was split.
func (c *Conn) SendFileLent(file *os.File, offset int64, n int) (sent int, err error) {
	if c.layer() != nil {
		return 0, ErrNoSendFile
	}
	defer func() { c.unsent, c.patience = 0, 0 }()
	for sent < n {
		if err = failure(c.word.Load()); err != nil {
			return sent, err
		}
		c.word.And(^wordWrite)
		piece := min(n-sent, writeSize)
		m, err := c.loop.kernel.SendFile(int(c.fd), file, offset+int64(sent), piece)
		sent += m
		switch {
		case err == ErrNoSendFile:
			c.word.Or(wordWrite) // nothing was asked of the socket: there may be room
			return sent, err
		case err == nil && m == 0:
			c.word.Or(wordWrite)
			return sent, nil
		case err == nil && m == piece:
		case err == nil:
			// The file may have ended, or the kernel is full: the next call tells.
		case err == ErrAgain:
			c.parkWrite(n - sent)
		default:
			c.tell(wordReset)
		}
	}
	return sent, nil
}

// parkWrite waits until the kernel takes something of the unsent octets. It
// reports whether the peer has to take them in time.
func (c *Conn) parkWrite(unsent int) (paced bool) {
	if _, ok := c.waiter.(*split); ok {
		c.park(wordWrite, wordWriteParked, 0)
		return false
	}
	c.unsent = unsent
	if c.patience == 0 {
		c.startPace(c.loop.kernel.Now())
	}
	c.park(wordWrite, wordWriteParked, c.patience)
	return true
}

// failure returns why a read or write of the unit fails with such a word, or
// nil.
func failure(word uint32) error {
	switch {
	case word&wordLate != 0:
		return ErrSlow
	case word&wordReset != 0:
		return ErrReset
	case word&wordStopped != 0:
		return ErrStopped
	}
	return nil
}

// park waits until the loop sets edge, reads and writes fail or the time until
// has come; 0 is never. It may return early.
func (c *Conn) park(edge, parked uint32, until int64) {
	for {
		word := c.word.Load()
		if word&(edge|wordFails) != 0 {
			return
		}
		if c.word.CompareAndSwap(word, word|parked) {
			break
		}
	}
	if when := c.when.Load(); until != 0 && (when == 0 || until < when) {
		c.loop.Post((*watch)(c))
	}
	c.waiterOf(parked).Wait()
}

// watch is a connection as the mail that makes the loop's clock watch over its
// unit's waiting.
type watch Conn

// Deliver implements Mail. The unit may be awake again and the connection
// another one, for which to look does no harm.
func (w *watch) Deliver(l *Loop) {
	if c := (*Conn)(w); c.word.Load()&wordParked != 0 {
		c.lookLent(l.now)
	}
}

// lookLent does what is due for a lent connection and sees to it that the
// wheel looks at it again, if that is needed. It reports false, and does
// nothing, when the connection is not lent.
func (c *Conn) lookLent(now int64) (lent bool) {
	if c.word.Load()&wordParked == 0 {
		return c.tell(wordWanted) // GiveBack is to see to the deadline
	}
	switch {
	case c.patience == 0:
		c.tell(wordWanted)
	case c.patience > now || c.unsent > 0 && !c.overdue(now):
		c.lookBy(c.patience)
	case c.unsent > 0:
		c.giveUp()
	default:
		c.tell(wordLate)
	}
	return true
}

// CloseWriteLent ends the stream towards the peer of a lent connection; reading
// goes on. Nothing may be written afterwards. It is called by the unit only.
func (c *Conn) CloseWriteLent() error {
	if err := failure(c.word.Load()); err != nil {
		return err
	}
	if y := c.layer(); y != nil {
		if err := y.endLent(c); err != nil {
			return err
		}
	}
	if c.loop.kernel.CloseWrite(int(c.fd)) != nil {
		c.tell(wordReset)
		return ErrReset
	}
	return nil
}

// StopLent makes the unit's reads and writes fail from now on, those that wait
// included. The connection itself stays as it is: it can be closed in order
// when it is back. Any goroutine may call it that knows that the loan lasts and
// that no waiting has an end in time, as in one that was split.
func (c *Conn) StopLent() { c.tell(wordStopped) }

// GiveBack ends the loan. rest, which is copied, are octets that the unit read
// and did not use; they come before what the connection holds. tell asks for a
// call of Handler.Returned. Without rest or tell, when the loop has nothing to
// do for the connection, this is one compare-and-swap and wakes nobody;
// otherwise the loop is sent a message. The unit may not touch the connection
// afterwards. It is called by the unit only.
func (c *Conn) GiveBack(rest []byte, tell bool) {
	l := c.loop
	y := c.layer()
	if y != nil && len(y.ahead) > 0 {
		rest = append(slices.Clip(rest), y.ahead...)
		y.ahead = nil
	}
	if len(rest) > 0 {
		c.queue = newBlock(class(len(rest)))
		c.queue.append(rest)
	} else if y != nil && y.peerDone {
		// The loop has to know.
	} else if when := c.when.Load(); !tell && (c.deadline == 0 || when != 0 && when <= c.deadline) {
		for word := c.word.Load(); word&^wordQuiet == 0; word = c.word.Load() {
			if c.word.CompareAndSwap(word, 0) {
				l.loans.Add(-1)
				return
			}
		}
	}
	if tell {
		c.word.Or(wordTell)
	}
	posted := l.Post((*returned)(c))
	invariant.That(posted) // a loop does not end before its loans
}

// AbortLent makes the unit's reads and writes fail from now on. It does
// nothing when the connection is not lent. It is called on the loop.
func (c *Conn) AbortLent() { c.abortLent(wordReset) }

func (c *Conn) abortLent(bits uint32) {
	if c.Lent() && c.tell(bits) && !c.has(flagFailed) {
		c.set(flagFailed)
		_ = c.loop.kernel.Abort(int(c.fd)) // the word says it already
		c.touch()
	}
}

// tellLent tells the handler of a lent connection what the kernel reported:
// the connection itself is out of reach, but what waits for its unit can be
// cancelled.
func (c *Conn) tellLent() {
	if c.has(flagFailed) && !c.has(flagToldReset) {
		c.set(flagToldReset)
		c.handler.Ended(c, true)
	}
	if c.has(flagEndSeen) && !c.has(flagFailed|flagEOF|flagToldEnd) {
		c.set(flagToldEnd)
		c.handler.Ended(c, false)
	}
}

// returned is a connection as the mail that ends its loan: so it needs no
// memory of its own.
type returned Conn

// Deliver implements Mail.
func (r *returned) Deliver(l *Loop) {
	c := (*Conn)(r)
	word := c.word.Swap(0)
	invariant.That(word&wordLent != 0 && word&wordParked == 0)
	l.loans.Add(-1)
	c.waiter = nil
	rest := c.queue
	c.queue = nil
	c.kept = l.pool.join(rest, c.kept)
	if c.kept != nil {
		c.set(flagAgain)
	}
	if word&(wordRead|wordEnd) != 0 {
		c.set(flagCanRead)
	}
	if word&wordReset != 0 {
		c.set(flagFailed)
	}
	if !c.has(flagEOF) {
		c.clear(flagToldEnd) // what was told came before the last octets
	}
	if y := c.layer(); y != nil && y.peerDone {
		c.set(flagEOF)
		c.clear(flagCanRead)
	}
	c.lookBy(c.deadline)
	c.touch()
	if word&wordTell != 0 {
		c.handler.Returned(c)
	}
	if c.has(flagFailed) || c.state == connAborted {
		return
	}
	if c.state == connSending {
		c.SetDeadline(l.now + l.options.DrainTimeout) // Close during the loan
	}
	c.drain()
	if !c.has(flagReady) {
		l.drive(c)
	}
}
