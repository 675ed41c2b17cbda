package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	saturation = time.Second // how long a server is loaded to learn its rate
	share      = 4           // healthy clients ask for this part of it
	settle     = time.Second // what a server gets to forget abusers that are gone
	maxAbusers = 15_000      // nginx.conf has room for them
)

// runAbuse measures what abusers do to others.
func runAbuse(ctx context.Context, args []string) error {
	o, err := parseAbuseOptions(args)
	if err != nil {
		return err
	}
	return prepare(o.abusers+o.conns+100, func(c cores, dir string) error {
		a := abuse{o, bench{cores: c, built: map[string]builtServer{nginx: findNginx(dir)}}}
		rows, err := a.measure(ctx, dir)
		if err != nil {
			return err
		}
		_, err = fmt.Print(system(ctx) + a.setting() + abuseText(o, rows))
		return err
	})
}

func parseAbuseOptions(args []string) (abuseOptions, error) {
	var o abuseOptions
	flags := flag.NewFlagSet("bench "+abuseCommand, flag.ContinueOnError)
	flags.IntVar(&o.pairs, "pairs", 7, "measure every server this often without and with abusers, in turn")
	flags.DurationVar(&o.duration, "duration", 5*time.Second, "measure this long without, and with")
	flags.IntVar(&o.conns, "conns", 64, "keep-alive connections of healthy clients")
	flags.IntVar(&o.abusers, "abusers", 5000, "abusers, a third of each kind")
	flags.IntVar(&o.reconnects, "reconnects", 500, "those that are cut off connect again so many times a second, together")
	flags.BoolVar(&o.arrival, "arrival", false, "measure from the first abuser on, instead of when all have come")
	flags.DurationVar(&o.hold, "hold", 70*time.Second, "wait this long for abusers to be cut off, once for every server; 0 does not")
	flags.StringVar(&o.server, "server", "", "measure only this server: "+strings.Join(abuseServers, ", "))
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("there are no arguments, but %q was given", flags.Args())
	case o.pairs < 0 || o.conns < 1 || o.duration <= 0 || o.hold < 0 || o.reconnects < 0:
		return o, errors.New("-conns and -duration have to be positive, -pairs, -reconnects and -hold at least 0")
	case o.abusers < 1 || o.abusers+o.conns > maxAbusers:
		return o, fmt.Errorf("-abusers and -conns are %d at most, together", maxAbusers)
	case o.reconnects > maxReconnects:
		return o, fmt.Errorf("-reconnects is %d at most", maxReconnects)
	case o.server != "" && !slices.Contains(abuseServers, o.server):
		return o, fmt.Errorf("-server %s: the servers are %s", o.server, strings.Join(abuseServers, ", "))
	}
	return o, nil
}

// abuse measures servers with and without abusers.
type abuse struct {
	options abuseOptions
	bench   bench
}

// setting describes what the figures depend on, beside the machine.
func (a *abuse) setting() string {
	o, c := a.options, a.bench.cores
	return fmt.Sprintf(`servers    core %d, one loop, GOMAXPROCS=1; the load on core %d, %d connections; abusers on core %d
rate       a %dth of what the server answers to a closed loop, measured for each pair
pairs      %d of 2 × %v, servers in turn, a fresh process in each
figures    median (lowest – highest)
`, c.server, c.load, o.conns, c.abusers, share, o.pairs, o.duration)
}

// measure builds the servers and takes the pairs, servers in turn.
func (a *abuse) measure(ctx context.Context, dir string) (rows []abuseRow, err error) {
	for _, name := range abuseServers {
		if a.options.server != "" && a.options.server != name {
			continue
		}
		if p, ok := packages[name]; ok {
			if a.bench.built[name], err = p.build(ctx, name, dir); err != nil {
				return nil, err
			}
		}
		rows = append(rows, abuseRow{server: name, absent: a.bench.built[name].absent})
	}
	for n := range a.options.pairs {
		for i := range rows {
			r := &rows[i]
			if r.absent != "" {
				continue
			}
			var p pair
			if p, err = a.pair(ctx, r.server, n); err != nil {
				return nil, fmt.Errorf("%s: %w", r.server, err)
			}
			r.pairs = append(r.pairs, p)
		}
	}
	for i := range rows {
		if r := &rows[i]; r.absent == "" && a.options.hold > 0 {
			if r.held, err = a.held(ctx, r.server); err != nil {
				return nil, fmt.Errorf("%s: %w", r.server, err)
			}
		}
	}
	return rows, nil
}

// pair takes pair n of a server. Which of its phases comes first alternates.
func (a *abuse) pair(ctx context.Context, name string, n int) (p pair, err error) {
	fmt.Fprintf(os.Stderr, "bench: abuse, pair %d of %d: %s", n+1, a.options.pairs, name)
	rate, err := a.saturate(ctx, name)
	if err != nil {
		return p, err
	}
	s := schedule{rate: max(rate/share, 1), length: a.options.duration}
	with := n%2 == 1
	for range 2 {
		f, err := a.phase(ctx, name, s, with)
		if err != nil {
			return p, err
		}
		if with {
			p.abused = f
		} else {
			p.alone = f
		}
		with = !with
	}
	fmt.Fprintf(os.Stderr, ", p99 %.0f and %.0f µs at %d requests/s\n", micros(p.alone.keep.p99), micros(p.abused.keep.p99), s.rate)
	return p, nil
}

// saturate returns how many requests a second the server answers to clients
// that ask again as soon as they have their answer.
func (a *abuse) saturate(ctx context.Context, name string) (rate int64, err error) {
	var c count
	err = a.serve(ctx, name, func(_ *server, d *driver) error {
		began := time.Now()
		c, err = d.run(saturation)
		rate = int64(float64(c.responses) / time.Since(began).Seconds())
		return err
	})
	return rate, err
}

// serve starts a server and a load that has warmed it up, calls f and ends both.
func (a *abuse) serve(ctx context.Context, name string, f func(*server, *driver) error) (err error) {
	return a.bench.serve(ctx, name, 1, inClear, func(s *server, d *driver) error {
		if _, err := d.grow(a.options.conns); err != nil {
			return err
		}
		if _, err := d.run(warmUp); err != nil {
			return err
		}
		return f(s, d)
	})
}

// phase measures a fresh server, with or without abusers.
func (a *abuse) phase(ctx context.Context, name string, s schedule, with bool) (p phase, err error) {
	err = a.serve(ctx, name, func(server *server, d *driver) error {
		// Both kinds of phases are alike up to the measurement.
		if p.before, err = server.settledMemory(); err != nil {
			return err
		}
		if !with {
			if !a.options.arrival {
				pause(ctx, schedule{rate: arrivals}.due(int64(a.options.abusers)))
			}
			p.keep, err = d.keep(s)
			return err
		}
		p.tally, err = a.besiege(ctx, server, a.options.reconnects, func() error {
			if p.keep, err = d.keep(s); err != nil {
				return err
			}
			p.during, err = privateDirty(server.cmd.Process.Pid)
			return err
		})
		if err != nil {
			return err
		}
		pause(ctx, settle)
		p.after, err = server.settledMemory()
		return err
	})
	p.rate = float64(p.keep.responses) / s.length.Seconds()
	return p, err
}

// besiege calls f while abusers are at a server, and returns what they saw.
func (a *abuse) besiege(ctx context.Context, s *server, reconnects int, f func() error) (t [kinds]tally, err error) {
	d, err := startAbusers(ctx, s.port, a.bench.cores)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	came := make(chan error, 1)
	go func() {
		_, refused := d.tell(fmt.Sprintf("begin %d %d", a.options.abusers, reconnects), 0)
		came <- refused
	}()
	if !a.options.arrival {
		if err = <-came; err != nil {
			return t, err
		}
		came <- nil
	}
	if err = errors.Join(f(), <-came); err != nil {
		return t, err
	}
	figures, err := d.tell("tally", int(kinds)*tallyFigures)
	if err != nil {
		return t, err
	}
	return parseTallies(figures), nil
}

// held lets abusers alone with a server; they do not come again.
func (a *abuse) held(ctx context.Context, name string) (t *[kinds]tally, err error) {
	fmt.Fprintf(os.Stderr, "bench: abuse, waiting %v for abusers to be cut off: %s\n", a.options.hold, name)
	t = new([kinds]tally)
	err = a.serve(ctx, name, func(s *server, _ *driver) error {
		*t, err = a.besiege(ctx, s, 0, func() error {
			pause(ctx, a.options.hold)
			return ctx.Err()
		})
		return err
	})
	return t, err
}

// pause sleeps, until ctx ends at the longest.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
