package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// keep asks as a schedule says, whatever the answers do, on the connections
// that are there. It gives up what has no answer after the end and patience;
// the load is of no more use then.
func (l *load) keep(s schedule) (k keepResult, err error) {
	if len(l.conns) == 0 || l.depth != 1 {
		return k, fmt.Errorf("keep with %d connections and depth %d: it wants connections, and depth 1", len(l.conns), l.depth)
	}
	// The kernel lets sleepers sleep on for this long, on the calling thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return k, err
	}
	g := newLedger(s, len(l.conns))
	began := time.Now()
	for !g.finished() {
		now := time.Since(began)
		if now > s.length+patience {
			return g.result(g.giveUp(now)), nil
		}
		if err := l.sendDue(g, now); err != nil {
			return k, err
		}
		until := s.length + patience
		if g.next < g.end {
			until = g.due(g.next)
		}
		if err := l.collect(g, began, until); err != nil {
			return k, err
		}
	}
	return g.result(0), nil
}

// sendDue sends what has become due on connections that are idle.
func (l *load) sendDue(g *ledger, now time.Duration) error {
	for {
		conn, send, more := g.fallDue(now)
		if !more {
			return nil
		}
		if !send {
			continue
		}
		if err := l.conns[conn].send(l.request); err != nil {
			return err
		}
	}
}

// collect waits for answers until a time at the longest, and sends what their
// connections owe.
func (l *load) collect(g *ledger, began time.Time, until time.Duration) error {
	n, err := rawEpollWait2(l.epoll, l.events[:], max(until-time.Since(began), 0))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return err
	}
	for _, event := range l.events[:max(n, 0)] {
		c := l.byFD[event.Fd]
		complete, err := l.receive(c)
		if err != nil {
			return err
		}
		if !complete || !g.answered(c.number, time.Since(began)) {
			continue
		}
		if err := c.send(l.request); err != nil {
			return err
		}
	}
	return nil
}
