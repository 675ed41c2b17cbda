package netpoll

import "math/bits"

const (
	tickShift  = 27   // a tick is 2^27 ns, 134 ms
	wheelSlots = 1024 // the horizon is 137 s; what lies beyond is queued there
	noSlot     = -1
	// A slot with more than crowd entries is looked at no more often than once
	// in crowdPause, so that many deadlines within a tick cost no more than so
	// many walks.
	crowd      = 64
	crowdPause = 4_000_000 // nanoseconds
)

// A wheel holds the connections that have a deadline, each at most once, by the
// tick in which it has to be looked at. It is lazy: moving a deadline away is
// a store in the connection, and the entry is queued anew when its old time
// has come. So it works once for many requests.
//
// Entries are linked by indices of the slab, not by pointers.
//
// Invariant: an entry is in the slot of its when, or in the current one when
// that has passed; when is never after what is due (Conn.due), unless nothing
// is.
type wheel struct {
	heads   [wheelSlots]int32 // first entry of each slot, noEntry when empty
	soonest [wheelSlots]int64 // when the slot is to be looked at, at the latest
	used    [wheelSlots / 64]uint64
	tick    int64 // the current tick: all before it are empty
	next    int64 // when there is something to do; noDeadline when never
}

const noEntry = -1

// reset empties the wheel.
func (w *wheel) reset(now int64) {
	for i := range w.heads {
		w.heads[i] = noEntry
	}
	clear(w.used[:])
	w.tick, w.next = now>>tickShift, noDeadline
}

// queue makes the wheel look at c at the time t, instead of when it would have.
func (w *wheel) queue(s *slab, c *Conn, t int64) {
	w.remove(s, c)
	tick := t >> tickShift
	if last := w.tick + wheelSlots - 1; tick > last {
		tick, t = last, last<<tickShift
	}
	i := int(max(tick, w.tick) % wheelSlots)
	index := int32(uint32(c.key))
	c.when.Store(t)
	c.slot = int16(i)
	c.prev, c.next = noEntry, w.heads[i]
	if c.next != noEntry {
		s.at(c.next).prev = index
	}
	if w.heads[i] == noEntry {
		w.used[i/64] |= 1 << (i % 64)
		w.soonest[i] = noDeadline
	}
	w.heads[i] = index
	w.soonest[i] = min(w.soonest[i], t)
	w.next = min(w.next, t)
}

// remove takes c out of the wheel, if it is in it.
func (w *wheel) remove(s *slab, c *Conn) {
	if c.slot == noSlot {
		return
	}
	i := c.slot
	if c.prev == noEntry {
		w.heads[i] = c.next
	} else {
		s.at(c.prev).next = c.next
	}
	if c.next != noEntry {
		s.at(c.next).prev = c.prev
	}
	if w.heads[i] == noEntry {
		w.used[i/64] &^= 1 << (i % 64)
	}
	c.slot = noSlot
	c.when.Store(0)
}

// expire appends to due the connections for which something is due, and queues
// those anew where that has moved. A lent connection's deadline belongs to its
// unit: it is looked at when the connection is back. For how long the unit
// waits, see Conn.lookLent.
func (w *wheel) expire(now int64, s *slab, due []Key) []Key {
	first, last := w.tick, max(w.tick, now>>tickShift)
	// The tick moves first, so that what is queued anew lands at its place as
	// seen from now. When that is a slot that is still to be walked, the walk
	// leaves it there.
	w.tick = last
	for tick := first; tick <= min(last, first+wheelSlots-1); tick++ {
		if i := tick % wheelSlots; w.used[i/64]&(1<<(i%64)) != 0 {
			due = w.walk(i, now, s, due)
		}
	}
	w.next = w.earliest()
	return due
}

// walk looks at the entries of slot i.
func (w *wheel) walk(i, now int64, s *slab, due []Key) []Key {
	stay := 0
	w.soonest[i] = noDeadline
	for index := w.heads[i]; index != noEntry; {
		c := s.at(index)
		index = c.next
		if when := c.when.Load(); when > now {
			stay++
			w.soonest[i] = min(w.soonest[i], when)
			continue
		}
		w.remove(s, c)
		if c.lookLent(now) {
			continue
		}
		switch t := c.due(); {
		case t > now:
			w.queue(s, c, t)
		case t != 0:
			due = append(due, c.key)
		}
	}
	if stay > crowd {
		w.soonest[i] = max(w.soonest[i], now+crowdPause)
	}
	return due
}

// earliest returns when the first slot that is not empty is to be looked at.
func (w *wheel) earliest() int64 {
	start := int(w.tick % wheelSlots)
	// The word that the current slot is in comes first for the slots from it
	// on, and again at the end for those before it.
	for k := range len(w.used) + 1 {
		j := (start/64 + k) % len(w.used)
		word := w.used[j]
		switch k {
		case 0:
			word &= ^uint64(0) << (start % 64)
		case len(w.used):
			word &^= ^uint64(0) << (start % 64)
		}
		if word != 0 {
			return w.soonest[64*j+bits.TrailingZeros64(word)]
		}
	}
	return noDeadline
}
