package main

import (
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		in   []float64
		want float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{9, 1, 5, 3}, 4},
	} {
		if got := median(tt.in); got != tt.want {
			t.Errorf("median(%v) = %v, not %v", tt.in, got, tt.want)
		}
	}
}

// A round in which the machine was slow must not show in the ratio.
func TestRatiosArePairs(t *testing.T) {
	floor := []sample{{cost: 1}, {cost: 10}}
	server := []sample{{cost: 2}, {cost: 20}, {cost: 7}}
	if got := spread(ratios(server, floor), "%.1f"); got != "2.0 (2.0 – 2.0)" {
		t.Error(got)
	}
}

func TestReport(t *testing.T) {
	load, idle := tables[0], tables[2]
	r := report{head: "machine\n", foot: "\nrepeat\n", tables: []tableReport{
		{load, []row{
			{server: floor, samples: []sample{{4, 1000, 1, 140}, {5, 2000, 0.5, 140}}},
			{server: "hello", samples: []sample{{6, 900, 1, 130}, {10, 700, 1, 130}}},
		}},
		{load, []row{
			{server: floor, absent: "absent: no compiler"},
			{server: "hello", samples: []sample{{6, 900, 1, 130}}},
		}},
		{idle, []row{{server: "app", samples: []sample{{cost: 40}, {cost: 50}}}}},
	}}
	want := `machine

plaintext: CPU time of the server for GET /plaintext
server  µs/request              × floor             requests/s  core   octets/response
floor   4.500 (4.000 – 5.000)   1.00 (1.00 – 1.00)  1500        75 %   140
hello   8.000 (6.000 – 10.000)  1.75 (1.50 – 2.00)  800         100 %  130

plaintext: CPU time of the server for GET /plaintext
server  µs/request  × floor  requests/s  core   octets/response
floor   absent: no compiler
hello   6.000       –        900         100 %  130

idle: memory of the server for each keep-alive connection that waits
server  octets/connection
app     45 (40 – 50)

repeat
`
	if got := r.text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestCommands checks that a report says how to repeat it, flags included.
func TestCommands(t *testing.T) {
	o := options{rounds: 2, duration: 1500 * time.Millisecond, conns: 8, only: cpu, server: "hello"}
	want := "\nrepeat with\n  go -C bench run . -rounds 2 -duration 1.5s -conns 8 -only cpu -server hello\n"
	if got := commands(o); got != want {
		t.Errorf("got %q, not %q", got, want)
	}
	o.only, o.server = "", ""
	got := commands(o)
	for _, part := range []string{"-conns 8\n", "-only cpu\n", "-only memory\n", "-server floor\n", "-server net/http\n"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not in %s", part, got)
		}
	}
}

// TestTables checks that the floor is the first in a round without TLS, and
// that only a table of memory has connections that wait.
func TestTables(t *testing.T) {
	for _, tt := range tables {
		if (tt.tls == "") != (tt.servers[0] == floor) {
			t.Errorf("%s begins with %s", tt.name, tt.servers[0])
		}
		if (tt.depth == 0) != (tt.kind == memory) {
			t.Errorf("%s: a table of %s with depth %d", tt.name, tt.kind, tt.depth)
		}
	}
}
