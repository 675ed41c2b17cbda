package main

import (
	"fmt"
	"strings"
	"time"
)

// abuseCommand as the first argument measures what abusers do to others.
const abuseCommand = "abuse"

// nginx is the row of nginx in reports.
const nginx = "nginx"

// abuseServers are those that are abused, in turn.
var abuseServers = []string{"app", nginx, "net/http"}

// abuseOptions are the flags of abuse.
type abuseOptions struct {
	pairs      int
	duration   time.Duration
	conns      int
	abusers    int
	reconnects int           // of all abusers, a second
	arrival    bool          // abusers come during the measurement
	hold       time.Duration // how long it waits for abusers to be cut off; 0 skips it
	server     string        // empty means all
}

// A phase is what was measured of one server, with or without abusers.
type phase struct {
	keep                  keepResult
	rate                  float64 // answers a second
	before, during, after int64   // octets of the server's memory; during and after only with abusers
	tally                 [kinds]tally
}

// A pair is a phase without abusers and one with them, at the same rate.
type pair struct{ alone, abused phase }

// An abuseRow is a server and its pairs, or the reason why it has none.
type abuseRow struct {
	server string
	absent string
	pairs  []pair
	held   *[kinds]tally // what became of abusers that did not come again; nil if not measured
}

// abuseText returns the tables of a report.
func abuseText(o abuseOptions, rows []abuseRow) string {
	var b strings.Builder
	if o.pairs > 0 {
		when := ""
		if o.arrival {
			when = ", who come meanwhile"
		}
		fmt.Fprintf(&b, "\nlatency of healthy clients, from when a request was due, alone and with %d abusers%s\n", o.abusers, when)
		align(&b, latencyLines(rows))
		b.WriteString("\nmemory of the server, in KiB\n")
		align(&b, memoryLines(rows, o.abusers))
		b.WriteString("\nabusers at the end of a phase with them\n")
		align(&b, tallyLines(rows))
	}
	if o.hold > 0 {
		fmt.Fprintf(&b, "\nwhen abusers are cut off that do not come again, within %v\n", o.hold)
		align(&b, heldLines(rows))
	}
	fmt.Fprintf(&b, "\nrepeat with\n  %s\n", o.command())
	return b.String()
}

// command repeats the report.
func (o abuseOptions) command() string {
	text := fmt.Sprintf("go -C bench run . %s -pairs %d -duration %v -conns %d -abusers %d -reconnects %d -hold %v",
		abuseCommand, o.pairs, o.duration, o.conns, o.abusers, o.reconnects, o.hold)
	if o.arrival {
		text += " -arrival"
	}
	if o.server != "" {
		text += " -server " + o.server
	}
	return text
}

// latencyLines has three lines for a server: alone, abused, and the ratio of
// each pair.
func latencyLines(rows []abuseRow) [][]string {
	columns := []struct {
		name string
		of   func(phase) float64
	}{
		{"p50 µs", func(p phase) float64 { return micros(p.keep.p50) }},
		{"p99 µs", func(p phase) float64 { return micros(p.keep.p99) }},
		{"p99.9 µs", func(p phase) float64 { return micros(p.keep.p999) }},
		{"highest µs", func(p phase) float64 { return micros(p.keep.highest) }},
		{"load late, p99 µs", func(p phase) float64 { return micros(p.keep.late) }},
	}
	lines := [][]string{{"server", "clients", "requests/s", "unanswered"}}
	for _, c := range columns {
		lines[0] = append(lines[0], c.name)
	}
	for _, r := range rows {
		if r.absent != "" {
			lines = append(lines, []string{r.server, r.absent})
			continue
		}
		for _, s := range []struct {
			name string
			of   func(pair) phase
		}{{"alone", alone}, {"abused", abused}} {
			phases := values(r.pairs, s.of)
			line := []string{
				r.server, s.name,
				fmt.Sprintf("%.0f", median(values(phases, func(p phase) float64 { return p.rate }))),
				fmt.Sprintf("%.0f", median(values(phases, func(p phase) float64 { return float64(p.keep.unanswered) }))),
			}
			for _, c := range columns {
				line = append(line, spread(values(phases, c.of), "%.0f"))
			}
			lines = append(lines, line)
		}
		line := []string{r.server, "abused / alone", "", ""}
		for _, c := range columns {
			line = append(line, spread(values(r.pairs, func(p pair) float64 { return c.of(p.abused) / c.of(p.alone) }), "%.2f"))
		}
		lines = append(lines, line)
	}
	return lines
}

func alone(p pair) phase  { return p.alone }
func abused(p pair) phase { return p.abused }

func micros(nanoseconds int64) float64 { return float64(nanoseconds) / 1e3 }

// memoryLines compares a server before, with and after its abusers.
func memoryLines(rows []abuseRow, n int) [][]string {
	lines := [][]string{{"server", "before", "with abusers", "after", "octets for each abuser"}}
	for _, r := range rows {
		if r.absent != "" {
			lines = append(lines, []string{r.server, r.absent})
			continue
		}
		phases := values(r.pairs, abused)
		kib := func(of func(phase) int64) string {
			return spread(values(phases, func(p phase) float64 { return float64(of(p)) / 1024 }), "%.0f")
		}
		lines = append(lines, []string{
			r.server,
			kib(func(p phase) int64 { return p.before }),
			kib(func(p phase) int64 { return p.during }),
			kib(func(p phase) int64 { return p.after }),
			spread(values(phases, func(p phase) float64 { return float64(p.during-p.before) / float64(n) }), "%.0f"),
		})
	}
	return lines
}

// tallyLines says what the abusers of each kind did and had done to them.
func tallyLines(rows []abuseRow) [][]string {
	lines := [][]string{{"server", "kind", "connected", "cut off", "KiB sent"}}
	for _, r := range rows {
		if r.absent != "" {
			lines = append(lines, []string{r.server, r.absent})
			continue
		}
		for k := range kinds {
			of := func(figure func(tally) int64) string {
				return spread(values(r.pairs, func(p pair) float64 { return float64(figure(p.abused.tally[k])) }), "%.0f")
			}
			lines = append(lines, []string{
				r.server, k.String(),
				of(func(t tally) int64 { return t.open }),
				of(func(t tally) int64 { return t.cut }),
				of(func(t tally) int64 { return t.octets >> 10 }),
			})
		}
	}
	return lines
}

// heldLines says when the abusers of each kind were cut off.
func heldLines(rows []abuseRow) [][]string {
	lines := [][]string{{"server", "kind", "cut off", "left", "after s, median (lowest – highest)"}}
	for _, r := range rows {
		if r.absent != "" || r.held == nil {
			lines = append(lines, []string{r.server, r.absent})
			continue
		}
		for k, t := range r.held {
			lived := "–"
			if t.cut > 0 {
				lived = fmt.Sprintf("%.1f (%.1f – %.1f)", seconds(t.median), seconds(t.shortest), seconds(t.longest))
			}
			lines = append(lines, []string{r.server, kind(k).String(), fmt.Sprint(t.cut), fmt.Sprint(t.open), lived})
		}
	}
	return lines
}

func seconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e9 }
