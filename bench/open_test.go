package main

import (
	"slices"
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	for _, tt := range []struct {
		s     schedule
		total int64
		due   map[int64]time.Duration
	}{
		{schedule{1, time.Second}, 1, map[int64]time.Duration{0: 0, 1: time.Second}},
		{schedule{4, time.Second}, 4, map[int64]time.Duration{1: 250 * time.Millisecond, 9: 2250 * time.Millisecond}},
		{schedule{3, time.Second}, 3, map[int64]time.Duration{1: 333333333, 2: 666666666, 3: time.Second}},
		{schedule{1000, 1500 * time.Microsecond}, 2, nil},
		{schedule{1000, time.Nanosecond}, 1, nil},
		{schedule{12345, 5 * time.Second}, 61725, map[int64]time.Duration{12345 * 1000: 1000 * time.Second}},
	} {
		if got := tt.s.total(); got != tt.total {
			t.Errorf("%v: %d requests, not %d", tt.s, got, tt.total)
		}
		for i, want := range tt.due {
			if got := tt.s.due(i); got != want {
				t.Errorf("%v: request %d is due at %v, not %v", tt.s, i, got, want)
			}
		}
		if got, err := parseSchedule(tt.s.String()); got != tt.s || err != nil {
			t.Errorf("%v: parsed as %v, %v", tt.s, got, err)
		}
	}
	for _, bad := range []string{"", "1", "x 1s", "1 x", "0 1s", "-1 1s", "1 0s", "1 -1s", "1000000 1h", "9223372036854775807 1s", "5 1s more"} {
		if s, err := parseSchedule(bad); err == nil {
			t.Errorf("%q was parsed as %v", bad, s)
		}
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]int64, 100)
	for i := range hundred {
		hundred[i] = int64(i + 1)
	}
	for _, tt := range []struct {
		in   []int64
		p    float64
		want int64
	}{
		{nil, 99, 0},
		{[]int64{7}, 0, 7},
		{[]int64{7}, 99.9, 7},
		{[]int64{1, 2}, 50, 1},
		{[]int64{1, 2, 3}, 50, 2},
		{hundred, 1, 1},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 99.1, 100},
		{hundred, 100, 100},
		{append(slices.Clone(hundred[:99]), 1000), 99, 99},
	} {
		if got := percentile(tt.in, tt.p); got != tt.want {
			t.Errorf("%v percent of %d values: %d, not %d", tt.p, len(tt.in), got, tt.want)
		}
	}
}

// TestLedger plays servers on a clock of its own: every request is due when
// the schedule says, and a stall shows in all that were due meanwhile.
func TestLedger(t *testing.T) {
	const ms = time.Millisecond
	stalled := func(from, to time.Duration) func(int, time.Duration) time.Duration {
		return func(_ int, now time.Duration) time.Duration {
			if now >= from && now < to {
				return to
			}
			return now
		}
	}
	for _, tt := range []struct {
		name  string
		conns int
		// ready returns when a server that is asked at a time by a connection
		// answers.
		ready          func(conn int, asked time.Duration) time.Duration
		p50, p99, high time.Duration
		slow           int // latencies of a millisecond and more
	}{
		{"it answers at once", 4, func(_ int, now time.Duration) time.Duration { return now }, 0, 0, 0, 0},
		{"it takes a while", 4, func(_ int, now time.Duration) time.Duration { return now + 2*ms }, 2 * ms, 2 * ms, 2 * ms, 1000},
		// A loop that asks again only after an answer would see 4 slow ones.
		{"it stalls for a tenth of the time", 4, stalled(100*ms, 200*ms), 0, 90 * ms, 100 * ms, 100},
		// Twice as long as there is time: request j of a connection is 4j ms
		// later than the first.
		{"it is too slow", 4, func(_ int, now time.Duration) time.Duration { return now + 8*ms }, 504 * ms, 996 * ms, 1004 * ms, 1000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newLedger(schedule{1000, time.Second}, tt.conns)
			play(g, tt.ready, time.Minute)
			k := g.result(0)
			if k.responses != 1000 || k.unanswered != 0 || k.late != 0 {
				t.Errorf("%+v", k)
			}
			slow := len(g.latencies) - firstSlow(g.latencies, int64(ms))
			if time.Duration(k.p50) != tt.p50 || time.Duration(k.p99) != tt.p99 || time.Duration(k.highest) != tt.high || slow != tt.slow {
				t.Errorf("p50 %v, p99 %v, highest %v, %d slow", time.Duration(k.p50), time.Duration(k.p99), time.Duration(k.highest), slow)
			}
		})
	}
}

func firstSlow(sorted []int64, limit int64) int {
	i, _ := slices.BinarySearch(sorted, limit)
	return i
}

// TestLedgerForgotten checks that one connection of many that gets no answer
// is found: all its requests count, with the latency they have reached.
func TestLedgerForgotten(t *testing.T) {
	g := newLedger(schedule{1000, time.Second}, 10)
	now := play(g, func(conn int, asked time.Duration) time.Duration {
		if conn == 3 {
			return time.Hour
		}
		return asked
	}, 2*time.Second)
	if g.finished() {
		t.Error("finished without its answers")
	}
	k := g.result(g.giveUp(now))
	// The first of the connection is due at 3 ms, the others every 10 ms.
	if k.responses != 900 || k.unanswered != 100 || k.highest != int64(now-3*time.Millisecond) || k.p50 != 0 || k.p99 < int64(time.Second) {
		t.Errorf("%+v", k)
	}
	if got := parseKeep(k.figures()); got != k || len(k.figures()) != keepFigures {
		t.Errorf("%+v was sent as %v", k, k.figures())
	}
}

// TestLedgerLate checks that a load that is itself late says so.
func TestLedgerLate(t *testing.T) {
	g := newLedger(schedule{1000, 10 * time.Millisecond}, 10)
	sent := 0
	for {
		_, send, more := g.fallDue(9 * time.Millisecond)
		if !more {
			break
		}
		if send {
			sent++
		}
	}
	if k := g.result(0); sent != 10 || k.late != int64(9*time.Millisecond) {
		t.Errorf("%d sent, %+v", sent, k)
	}
}

// play runs a ledger on a virtual clock, in steps to the next event, until all
// is answered or limit has passed. It returns the time.
func play(g *ledger, ready func(conn int, asked time.Duration) time.Duration, limit time.Duration) (now time.Duration) {
	answers := make([]time.Duration, len(g.turn)) // when each connection has its answer; only while it asks
	for !g.finished() && now < limit {
		for {
			conn, send, more := g.fallDue(now)
			if !more {
				break
			}
			if send {
				answers[conn] = ready(conn, now)
			}
		}
		for conn := range answers {
			for g.asking[conn] != idle && answers[conn] <= now {
				if g.answered(conn, now) {
					answers[conn] = ready(conn, now)
				}
			}
		}
		next := limit
		if g.next < g.end {
			next = g.due(g.next)
		}
		for conn, at := range answers {
			if g.asking[conn] != idle {
				next = min(next, at)
			}
		}
		now = next
	}
	return now
}
