package main

import (
	"strings"
	"testing"
	"time"
)

// TestAgenda checks that acts are taken in the order of their times, and none
// before it is due.
func TestAgenda(t *testing.T) {
	var g agenda
	if _, ok := g.take(time.Hour); ok {
		t.Error("an empty agenda has an act")
	}
	times := []time.Duration{5, 1, 4, 1, 3}
	for i, at := range times {
		g.put(act{at: at, abuser: i})
	}
	var got []time.Duration
	for now := range time.Duration(7) {
		for range times {
			a, ok := g.take(now)
			if !ok {
				break
			}
			if a.at != times[a.abuser] || a.at != now {
				t.Errorf("%+v was taken at %d", a, now)
			}
			got = append(got, a.at)
		}
	}
	if len(got) != len(times) || len(g) != 0 {
		t.Errorf("%v were taken, %d are left", got, len(g))
	}
}

func TestPacer(t *testing.T) {
	if _, ok := new(pacer).after(0); ok {
		t.Error("the zero value lets events happen")
	}
	if p := pace(0); p != (pacer{}) {
		t.Errorf("no events a second: %+v", p)
	}
	p := pace(10)
	for _, tt := range []struct{ now, want time.Duration }{
		{0, 0}, {0, 100e6}, {50e6, 200e6}, {400e6, 400e6}, {401e6, 500e6}, {10e9, 10e9},
	} {
		if at, ok := p.after(tt.now); !ok || at != tt.want {
			t.Errorf("at %v: %v, %v; want %v", tt.now, at, ok, tt.want)
		}
	}
}

// TestTallies checks that the abusers' process is understood.
func TestTallies(t *testing.T) {
	want := [kinds]tally{{1, 2, 3, 4, 5, 6}, {7, 8, 9, 10, 11, 12}, {13, 14, 15, 16, 17, 18}}
	var figures []int64
	for _, tt := range want {
		figures = append(figures, tt.figures()...)
	}
	if got := parseTallies(figures); got != want || len(figures) != int(kinds)*tallyFigures {
		t.Errorf("%v was read as %v", figures, got)
	}
}

func TestAbuseReport(t *testing.T) {
	of := func(p99 int64, during int64) phase {
		return phase{
			keep: keepResult{p50: 1000, p99: p99, p999: 2 * p99, highest: 3 * p99, late: 500, unanswered: during / 1000},
			rate: 100, before: 2048, during: during, after: 1024,
			tally: [kinds]tally{{2, 0, 4096, 0, 0, 0}, {1, 1, 2048, 0, 0, 0}, {0, 2, 0, 0, 0, 0}},
		}
	}
	o := abuseOptions{pairs: 2, duration: time.Second, conns: 4, abusers: 6, reconnects: 5, hold: 2 * time.Second}
	rows := []abuseRow{
		{server: "app", pairs: []pair{
			{of(10_000, 0), of(20_000, 2048+6*1024)}, {of(100_000, 0), of(150_000, 2048+6*2048)},
		}, held: &[kinds]tally{{1, 1, 0, 1e9, 1e9, 1e9}, {0, 2, 0, 15e8, 1e8, 2e9}, {2, 0, 0, 0, 0, 0}}},
		{server: nginx, absent: "absent: nginx is not installed"},
	}
	const want = `
latency of healthy clients, from when a request was due, alone and with 6 abusers
server  clients         requests/s  unanswered  p50 µs              p99 µs              p99.9 µs            highest µs          load late, p99 µs
app     alone           100         0           1 (1 – 1)           55 (10 – 100)       110 (20 – 200)      165 (30 – 300)      0 (0 – 0)
app     abused          100         11          1 (1 – 1)           85 (20 – 150)       170 (40 – 300)      255 (60 – 450)      0 (0 – 0)
app     abused / alone                          1.00 (1.00 – 1.00)  1.75 (1.50 – 2.00)  1.75 (1.50 – 2.00)  1.75 (1.50 – 2.00)  1.00 (1.00 – 1.00)
nginx   absent: nginx is not installed

memory of the server, in KiB
server  before     with abusers  after      octets for each abuser
app     2 (2 – 2)  11 (8 – 14)   1 (1 – 1)  1536 (1024 – 2048)
nginx   absent: nginx is not installed

abusers at the end of a phase with them
server  kind           connected  cut off    KiB sent
app     dribbles       2 (2 – 2)  0 (0 – 0)  4 (4 – 4)
app     never reads    1 (1 – 1)  1 (1 – 1)  2 (2 – 2)
app     sends garbage  0 (0 – 0)  2 (2 – 2)  0 (0 – 0)
nginx   absent: nginx is not installed

when abusers are cut off that do not come again, within 2s
server  kind           cut off  left  after s, median (lowest – highest)
app     dribbles       1        1     1.0 (1.0 – 1.0)
app     never reads    2        0     1.5 (0.1 – 2.0)
app     sends garbage  0        2     –
nginx   absent: nginx is not installed

repeat with
  go -C bench run . abuse -pairs 2 -duration 1s -conns 4 -abusers 6 -reconnects 5 -hold 2s
`
	if got := abuseText(o, rows); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	o.arrival = true
	if got := abuseText(o, rows); !strings.Contains(got, "6 abusers, who come meanwhile\n") || !strings.HasSuffix(got, " -arrival\n") {
		t.Errorf("with arrivals: %s", got)
	}
	o.pairs, o.hold, o.server = 0, 0, nginx
	if got := abuseText(o, rows); !strings.HasPrefix(got, "\nrepeat") || !strings.HasSuffix(got, "-server nginx\n") {
		t.Errorf("without tables: %s", got)
	}
}
