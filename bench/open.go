package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxDue bounds the requests of one schedule, which are all remembered.
const maxDue = 1 << 24

// A schedule says when the requests of an open loop are due: rate of them a
// second, evenly, for a time, whatever the answers do.
type schedule struct {
	rate   int64 // requests a second; at least 1
	length time.Duration
}

// parseSchedule parses what schedule.String returns.
func parseSchedule(text string) (s schedule, err error) {
	rate, length, _ := strings.Cut(text, " ")
	if s.rate, err = strconv.ParseInt(rate, 10, 64); err != nil {
		return s, err
	}
	if s.length, err = time.ParseDuration(length); err != nil {
		return s, err
	}
	if s.rate < 1 || s.length <= 0 || s.rate > maxDue || float64(s.rate)*s.length.Seconds() > maxDue {
		return s, fmt.Errorf("schedule %q: it has to be of 1 to %d requests", text, maxDue)
	}
	return s, nil
}

func (s schedule) String() string { return fmt.Sprintf("%d %v", s.rate, s.length) }

// due returns when request i is due, from the start.
func (s schedule) due(i int64) time.Duration {
	return time.Duration(i/s.rate)*time.Second + time.Duration(i%s.rate)*time.Second/time.Duration(s.rate)
}

// total returns how many requests are due before the end; the first is due at 0.
func (s schedule) total() int64 {
	n := int64(float64(s.rate) * s.length.Seconds())
	for n > 0 && s.due(n-1) >= s.length {
		n--
	}
	for s.due(n) < s.length {
		n++
	}
	return n
}

// idle marks a connection in ledger.asking that waits for no answer.
const idle = -1

// A ledger keeps the account of an open loop over several connections. Request
// i is the business of connection i mod n and of no other, so that a server
// that forgets one connection is found out; it is sent when it is due and the
// connection has its answer to the one before. Latency counts from when it was
// due: a stall delays all that were due meanwhile, and each of them shows it.
type ledger struct {
	schedule
	next      int64   // the first request that is not yet due
	end       int64   // requests in all
	turn      []int64 // by connection: the next request to be sent
	asking    []int64 // by connection: the request whose answer it waits for, or idle
	open      int64   // requests that are due and not answered
	latencies []int64 // nanoseconds of those that are answered
	late      []int64 // nanoseconds by which a request left after it was due although its connection was idle
}

// newLedger returns the ledger of n connections, which are all idle.
func newLedger(s schedule, n int) *ledger {
	g := &ledger{schedule: s, end: s.total(), turn: make([]int64, n), asking: make([]int64, n)}
	for i := range n {
		g.turn[i], g.asking[i] = int64(i), idle
	}
	g.latencies, g.late = make([]int64, 0, g.end), make([]int64, 0, g.end)
	return g
}

// fallDue returns a connection on which a request has become due by now, and
// whether it is to be sent at once. more is false when nothing more is due.
func (g *ledger) fallDue(now time.Duration) (conn int, send, more bool) {
	if g.next >= g.end || g.due(g.next) > now {
		return 0, false, false
	}
	conn = int(g.next % int64(len(g.turn)))
	g.next++
	g.open++
	if g.asking[conn] != idle {
		return conn, false, true
	}
	g.late = append(g.late, int64(now-g.due(g.turn[conn])))
	g.ask(conn)
	return conn, true, true
}

// ask notes that the connection sends its next request.
func (g *ledger) ask(conn int) {
	g.asking[conn] = g.turn[conn]
	g.turn[conn] += int64(len(g.turn))
}

// answered notes the answer to what the connection asks, and reports whether
// its next request is already due and is to be sent.
func (g *ledger) answered(conn int, now time.Duration) (send bool) {
	g.latencies = append(g.latencies, int64(now-g.due(g.asking[conn])))
	g.asking[conn] = idle
	g.open--
	if g.turn[conn] >= g.next {
		return false
	}
	g.ask(conn)
	return true
}

// finished reports whether every request has been answered.
func (g *ledger) finished() bool { return g.next >= g.end && g.open == 0 }

// giveUp counts every request that has no answer with the latency that it has
// reached by now, and returns how many they are.
func (g *ledger) giveUp(now time.Duration) (n int64) {
	for conn := range g.turn {
		i := g.asking[conn]
		if i == idle {
			i = g.turn[conn]
		}
		for ; i < g.next; i += int64(len(g.turn)) {
			g.latencies = append(g.latencies, int64(now-g.due(i)))
			n++
		}
	}
	g.open = 0
	return n
}

// A keepResult is what an open loop has seen. Times are from when a request was
// due, in nanoseconds.
type keepResult struct {
	responses      int64
	unanswered     int64 // after patience; they count in the percentiles
	p50, p99, p999 int64
	highest        int64
	late           int64 // p99 of how late the load itself was
}

// result sums the ledger up.
func (g *ledger) result(unanswered int64) keepResult {
	slices.Sort(g.latencies)
	slices.Sort(g.late)
	return keepResult{
		responses:  int64(len(g.latencies)) - unanswered,
		unanswered: unanswered,
		p50:        percentile(g.latencies, 50),
		p99:        percentile(g.latencies, 99),
		p999:       percentile(g.latencies, 99.9),
		highest:    percentile(g.latencies, 100),
		late:       percentile(g.late, 99),
	}
}

// keepFigures is how many figures an answer to keep has.
const keepFigures = 7

// figures are what parseKeep reads.
func (k keepResult) figures() []int64 {
	return []int64{k.responses, k.unanswered, k.p50, k.p99, k.p999, k.highest, k.late}
}

func parseKeep(f []int64) keepResult {
	return keepResult{f[0], f[1], f[2], f[3], f[4], f[5], f[6]}
}

// percentile returns the smallest of the sorted values that p percent of them
// do not exceed (the nearest rank), and 0 for none.
func percentile(sorted []int64, p float64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	// The tolerance is for p that binary fractions miss, such as 99.9.
	rank := int(math.Ceil(p/100*float64(len(sorted)) - 1e-6))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
