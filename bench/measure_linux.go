package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// warmUp is how long a fresh server is loaded before it is measured.
const warmUp = 200 * time.Millisecond

// maxIdleRounds bounds the rounds that measure memory: unlike CPU time, it
// hardly depends on what else the machine does.
const maxIdleRounds = 3

// bench runs servers and loads them.
type bench struct {
	options options
	cores   cores
	built   map[string]builtServer // by server name
}

// measureAll measures the tables that are wanted.
func (b *bench) measureAll(ctx context.Context) (list []tableReport, err error) {
	for _, t := range tables {
		rows, err := b.measure(ctx, t)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			list = append(list, tableReport{t, rows})
		}
	}
	return list, nil
}

// measure takes the rounds of one table, its servers in turn: A B C A B C, so
// that what the machine does besides meets all of them alike.
func (b *bench) measure(ctx context.Context, t table) (rows []row, err error) {
	for _, s := range t.servers {
		if b.options.wants(t, s) {
			rows = append(rows, row{server: s, absent: b.built[s].absent})
		}
	}
	rounds := b.options.rounds
	if t.kind == memory {
		rounds = min(rounds, maxIdleRounds)
	}
	for round := range rounds {
		for i := range rows {
			if rows[i].absent != "" {
				continue
			}
			fmt.Fprintf(os.Stderr, "bench: %s, round %d of %d: %s\n", t.name, round+1, rounds, rows[i].server)
			s, err := b.one(ctx, t, rows[i].server)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", t.name, rows[i].server, err)
			}
			rows[i].samples = append(rows[i].samples, s)
		}
	}
	return rows, nil
}

// one takes one sample of a server.
func (b *bench) one(ctx context.Context, t table, name string) (s sample, err error) {
	err = b.serve(ctx, name, max(t.depth, 1), t.mode(), func(server *server, d *driver) error {
		if t.kind == memory {
			s, err = idleSample(server, d)
		} else {
			s, err = b.loadSample(server, d)
		}
		return err
	})
	return s, err
}

// serve starts a server and its load, calls f and ends both.
func (b *bench) serve(ctx context.Context, name string, depth int, mode string, f func(*server, *driver) error) (err error) {
	if err = ctx.Err(); err != nil {
		return err
	}
	server, err := startServer(b.built[name], b.cores)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	d, err := startDriver(ctx, server.port, depth, mode, b.cores)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	return f(server, d)
}

// loadSample is the CPU time of a server for each request.
func (b *bench) loadSample(server *server, d *driver) (s sample, err error) {
	if _, err = d.grow(b.options.conns); err != nil {
		return s, err
	}
	if _, err = d.run(warmUp); err != nil {
		return s, err
	}
	// No request is on its way at either end, so that each is counted whole.
	before, err := server.cpuTime()
	if err != nil {
		return s, err
	}
	began := time.Now()
	c, err := d.run(b.options.duration)
	if err != nil {
		return s, err
	}
	wall := time.Since(began)
	after, err := server.cpuTime()
	if err != nil {
		return s, err
	}
	return sample{
		cost: float64((after - before).Nanoseconds()) / 1e3 / float64(c.responses),
		rate: float64(c.responses) / wall.Seconds(),
		busy: float64(after-before) / float64(wall),
		size: float64(c.octets) / float64(c.responses),
	}, nil
}

// idleSample is the memory of a server for each connection that waits.
func idleSample(server *server, d *driver) (s sample, err error) {
	var octets [2]int64
	for i, n := range [2]int{fewIdle, manyIdle} {
		if _, err = d.grow(n); err != nil {
			return s, err
		}
		if octets[i], err = server.settledMemory(); err != nil {
			return s, err
		}
	}
	return sample{cost: float64(octets[1]-octets[0]) / (manyIdle - fewIdle)}, nil
}
