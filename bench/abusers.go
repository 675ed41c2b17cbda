package main

import (
	"container/heap"
	"time"
)

// A kind is what an abuser does.
type kind uint8

const (
	dribbles     kind = iota // sends a request head octet by octet, one in 1 to 5 s
	neverReads               // sends requests as fast as it can, and reads no answer
	sendsGarbage             // sends random octets, 256 at first and 64 in each second
	kinds                    // how many there are
)

func (k kind) String() string { return [kinds]string{"dribbles", "never reads", "sends garbage"}[k] }

// kindOf returns the kind of abuser i: a third each, in turn.
func kindOf(i int) kind { return kind(i % int(kinds)) }

// An act is something that an abuser will do: connect, or send.
type act struct {
	at     time.Duration // from the start
	abuser int
	life   int // of the abuser; the act is void in another
}

// An agenda is the acts to come, a heap by time. The zero value is ready.
type agenda []act

// put adds an act.
func (g *agenda) put(a act) { heap.Push(g, a) }

// take removes an act that is due by now.
func (g *agenda) take(now time.Duration) (a act, ok bool) {
	if len(*g) == 0 || (*g)[0].at > now {
		return a, false
	}
	return heap.Pop(g).(act), true
}

// Len implements heap.Interface, as the others do.
func (g *agenda) Len() int           { return len(*g) }
func (g *agenda) Less(i, j int) bool { return (*g)[i].at < (*g)[j].at }
func (g *agenda) Swap(i, j int)      { (*g)[i], (*g)[j] = (*g)[j], (*g)[i] }
func (g *agenda) Push(a any)         { *g = append(*g, a.(act)) }

// Pop implements heap.Interface.
func (g *agenda) Pop() any {
	last := len(*g) - 1
	a := (*g)[last]
	*g = (*g)[:last]
	return a
}

// A pacer spaces events evenly; the zero value lets none happen.
type pacer struct {
	spacing time.Duration
	next    time.Duration
}

// pace returns a pacer for rate events a second, none for 0.
func pace(rate int) pacer {
	if rate == 0 {
		return pacer{}
	}
	return pacer{spacing: time.Second / time.Duration(rate)}
}

// after returns when the next event may happen, now at the earliest.
func (p *pacer) after(now time.Duration) (at time.Duration, ok bool) {
	if p.spacing == 0 {
		return 0, false
	}
	at = max(now, p.next)
	p.next = at + p.spacing
	return at, true
}

// A tally is what the abusers of one kind have seen.
type tally struct {
	open   int64 // connected now
	cut    int64 // connections that the server ended
	octets int64 // sent
	// How long the connections lasted that were cut off, in nanoseconds.
	median, shortest, longest int64
}

// tallyFigures is how many figures a tally has.
const tallyFigures = 6

func (t tally) figures() []int64 {
	return []int64{t.open, t.cut, t.octets, t.median, t.shortest, t.longest}
}

// parseTallies returns the tallies that were sent as figures, one after the other.
func parseTallies(f []int64) (list [kinds]tally) {
	for k := range list {
		g := f[k*tallyFigures:]
		list[k] = tally{g[0], g[1], g[2], g[3], g[4], g[5]}
	}
	return list
}
