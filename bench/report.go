package main

import (
	"fmt"
	"slices"
	"strings"
)

// The kinds of tables, as -only takes them.
const cpu, memory, overTLS = "cpu", "memory", "tls"

// How a load uses TLS.
const (
	inClear    = "clear"
	kept       = "kept"       // TLS 1.3, connections are kept
	handshakes = "handshakes" // a connection with a full handshake for every request
)

// floor is the server that the others are compared with.
const floor = "floor"

// Idle connections are counted between these two numbers, so that what a
// server needs for itself does not matter.
const fewIdle, manyIdle = 2_000, 10_000

// A table is one kind of measurement, over servers that are taken in turn.
type table struct {
	name    string
	kind    string
	title   string
	unit    string   // of a sample's cost
	depth   int      // requests that a connection sends at once; 0 if it waits
	servers []string // the one that the others are compared with first
	tls     string   // how the load uses TLS; empty: not
}

// mode returns how the load uses TLS.
func (t table) mode() string {
	if t.tls == "" {
		return inClear
	}
	return t.tls
}

var tables = []table{
	{"plaintext", cpu, "CPU time of the server for GET /plaintext", "µs/request", 1, []string{floor, "hello", "net/http"}, ""},
	{"pipelined", cpu, "the same, 16 requests sent at once by each connection", "µs/request", 16, []string{floor, "hello", "net/http"}, ""},
	{"idle", memory, "memory of the server for each keep-alive connection that waits", "octets/connection", 0, []string{floor, "app", "net/http"}, ""},
	{"secured", overTLS, "the same over TLS 1.3 (TLS_AES_128_GCM_SHA256, X25519, ECDSA with P-256)", "µs/request", 1, secured, kept},
	{"handshakes", overTLS, "the same with a connection and a full handshake for each request", "µs/request", 1, secured, handshakes},
}

// secured are the servers with TLS.
var secured = []string{nginxTLS, "probe", "fasthttp", h2o, "net/https"}

// Servers with TLS that are not built from source.
const nginxTLS, h2o = "nginx, TLS", "h2o"

// serverNames returns the names of all rows, as -server takes them.
func serverNames() (names []string) {
	for _, t := range tables {
		for _, s := range t.servers {
			if !slices.Contains(names, s) {
				names = append(names, s)
			}
		}
	}
	return names
}

// A sample is what one round measured of one server.
type sample struct {
	cost float64 // in the unit of the table
	rate float64 // responses a second
	busy float64 // share of its core that the server used
	size float64 // octets of a response
}

// A row is a server and its rounds, or the reason why it has none.
type row struct {
	server  string
	absent  string
	samples []sample
}

type tableReport struct {
	table
	rows []row
}

type report struct {
	head   string // ends with a newline, like foot
	foot   string
	tables []tableReport
}

// text returns the report as it is printed.
func (r report) text() string {
	var b strings.Builder
	b.WriteString(r.head)
	for _, t := range r.tables {
		t.write(&b)
	}
	b.WriteString(r.foot)
	return b.String()
}

// commands are those that repeat the report, and each part of it.
func commands(o options) string {
	flags := fmt.Sprintf("-rounds %d -duration %v -conns %d", o.rounds, o.duration, o.conns)
	line := func(kind, server string) string {
		text := "  go -C bench run . " + flags
		if kind != "" {
			text += " -only " + kind
		}
		if server != "" {
			text += " -server " + server
		}
		return text + "\n"
	}
	text := "\nrepeat with\n" + line(o.only, o.server)
	if o.only != "" || o.server != "" {
		return text
	}
	text += "or a part of it with\n" + line(cpu, "") + line(memory, "") + line(overTLS, "")
	for _, name := range serverNames() {
		text += line("", name)
	}
	return text
}

func (t tableReport) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s: %s\n", t.name, t.title)
	lines := [][]string{{"server", t.unit, "× " + t.servers[0], "requests/s", "core", "octets/response"}}
	if t.kind == memory {
		lines = [][]string{{"server", t.unit}}
	}
	for _, r := range t.rows {
		lines = append(lines, t.line(r))
	}
	align(b, lines)
}

// line returns the cells of a row.
func (t tableReport) line(r row) []string {
	switch {
	case r.absent != "":
		return []string{r.server, r.absent}
	case t.kind == memory:
		return []string{r.server, spread(values(r.samples, cost), "%.0f")}
	}
	return []string{
		r.server,
		spread(values(r.samples, cost), "%.3f"),
		spread(ratios(r.samples, t.base()), "%.2f"),
		fmt.Sprintf("%.0f", median(values(r.samples, func(s sample) float64 { return s.rate }))),
		fmt.Sprintf("%.0f %%", 100*median(values(r.samples, func(s sample) float64 { return s.busy }))),
		fmt.Sprintf("%.0f", median(values(r.samples, func(s sample) float64 { return s.size }))),
	}
}

// base returns the rounds that others are compared with, none if they are absent.
func (t tableReport) base() []sample {
	for _, r := range t.rows {
		if r.server == t.servers[0] {
			return r.samples
		}
	}
	return nil
}

func cost(s sample) float64 { return s.cost }

// values returns one value of each round.
func values[S, V any](samples []S, of func(S) V) (list []V) {
	for _, s := range samples {
		list = append(list, of(s))
	}
	return list
}

// ratios compares round by round: the two were measured within seconds of each
// other, and what slowed one down is likely to have slowed the other.
func ratios(samples, floor []sample) (list []float64) {
	for i := range min(len(samples), len(floor)) {
		list = append(list, samples[i].cost/floor[i].cost)
	}
	return list
}

// median of values; of two in the middle their mean. It is 0 for none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// spread returns the median and, of several values, the lowest and the highest.
func spread(values []float64, verb string) string {
	switch len(values) {
	case 0:
		return "–"
	case 1:
		return fmt.Sprintf(verb, values[0])
	}
	return fmt.Sprintf(verb+" ("+verb+" – "+verb+")", median(values), slices.Min(values), slices.Max(values))
}

// align writes lines in columns.
func align(b *strings.Builder, lines [][]string) {
	var widths []int
	for _, line := range lines {
		for i, cell := range line[:len(line)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, line := range lines {
		for i, cell := range line {
			b.WriteString(cell)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-len([]rune(cell))+2))
			}
		}
		b.WriteByte('\n')
	}
}
