package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// streamsCommand is the sub-command that measures HTTP/2 in clear text.
const streamsCommand = "streams"

// streamServers are the rows of its tables. The first two are what windhover is
// compared with.
var streamServers = []string{"h2o", "net/http", "h2c", nginx}

// streamConns are the connections of its tables, each with streamsEach streams.
var streamConns = []int{1, 16}

const streamsEach = 100

type streamOptions struct {
	rounds, requests int
	server           string // row; empty means all
}

// runStreams measures what a request costs on many streams at once, with h2load
// as the load.
func runStreams(ctx context.Context, args []string) error {
	o, err := parseStreamOptions(args)
	if err != nil {
		return err
	}
	load, err := exec.LookPath("h2load")
	if err != nil {
		return errors.New("h2load is not installed: it is in Debian's nghttp2-client")
	}
	return prepare(100, func(c cores, dir string) error {
		s := streams{o, bench{cores: c}, load}
		if s.bench.built, err = buildStreamServers(ctx, o, dir); err != nil {
			return err
		}
		text, err := s.measure(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Print(system(ctx) + text)
		return err
	})
}

func parseStreamOptions(args []string) (o streamOptions, err error) {
	flags := flag.NewFlagSet("bench "+streamsCommand, flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 5, "measure every server this often, in turn")
	flags.IntVar(&o.requests, "requests", 200_000, "requests of a round")
	flags.StringVar(&o.server, "server", "", "measure only this server: "+strings.Join(streamServers, ", "))
	if err = flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("there are no arguments, but %q was given", flags.Args())
	case o.rounds < 1 || o.requests < 10_000:
		return o, errors.New("-rounds has to be positive, and -requests at least 10000")
	case o.server != "" && !slices.Contains(streamServers, o.server):
		return o, fmt.Errorf("-server %s: the servers are %s", o.server, strings.Join(streamServers, ", "))
	}
	return o, nil
}

// streams measures servers.
type streams struct {
	options streamOptions
	bench   bench
	load    string // the path of h2load
}

// buildStreamServers builds the servers, or finds them.
func buildStreamServers(ctx context.Context, o streamOptions, dir string) (built map[string]builtServer, err error) {
	built = map[string]builtServer{"h2o": findH2O(dir), nginx: nginxWith(dir, " http2")}
	for name, p := range map[string]goPackage{"h2c": {".", "./h2c"}, "net/http": {".", "./h2c/nethttp"}} {
		if o.server != "" && o.server != name {
			continue
		}
		if built[name], err = p.build(ctx, name, dir); err != nil {
			return nil, err
		}
	}
	return built, nil
}

// measure takes the rounds of each number of connections, servers in turn, and
// returns the tables.
func (s *streams) measure(ctx context.Context) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "servers    core %d, GOMAXPROCS=1; h2load on core %d, %d requests a round\nfigures    median (lowest – highest) of %d\n",
		s.bench.cores.server, s.bench.cores.load, s.options.requests, s.options.rounds)
	for _, conns := range streamConns {
		costs := map[string][]float64{}
		for round := range s.options.rounds {
			for _, name := range streamServers {
				if s.options.server != "" && s.options.server != name || s.bench.built[name].absent != "" {
					continue
				}
				fmt.Fprintf(os.Stderr, "bench: %d connections, round %d of %d: %s\n", conns, round+1, s.options.rounds, name)
				cost, err := s.one(ctx, name, conns)
				if err != nil {
					return "", fmt.Errorf("%s, %d connections: %w", name, conns, err)
				}
				costs[name] = append(costs[name], cost)
			}
		}
		fmt.Fprintf(&b, "\nh2c, %d × %d streams: CPU time of the server for GET /plaintext\n", conns, streamsEach)
		align(&b, s.lines(costs))
	}
	return b.String(), nil
}

// lines returns the cells of a table.
func (s *streams) lines(costs map[string][]float64) [][]string {
	lines := [][]string{{"server", "µs/request", "× h2o", "× net/http"}}
	for _, name := range streamServers {
		line := []string{name}
		switch absent := s.bench.built[name].absent; {
		case absent != "":
			line = append(line, absent)
		case len(costs[name]) == 0:
			continue
		default:
			line = append(line, spread(costs[name], "%.3f"))
			for _, rival := range streamServers[:2] {
				var times []float64
				for i := range min(len(costs[name]), len(costs[rival])) {
					times = append(times, costs[name][i]/costs[rival][i])
				}
				line = append(line, spread(times, "%.3f"))
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// one returns the CPU time of a fresh server for each request, in µs.
func (s *streams) one(ctx context.Context, name string, conns int) (cost float64, err error) {
	if err = ctx.Err(); err != nil {
		return 0, err
	}
	server, err := startServer(s.bench.built[name], s.bench.cores)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	if err = s.ask(ctx, server, conns, s.options.requests/10); err != nil { // it warms up
		return 0, err
	}
	before, err := server.cpuTime()
	if err != nil {
		return 0, err
	}
	if err = s.ask(ctx, server, conns, s.options.requests); err != nil {
		return 0, err
	}
	after, err := server.cpuTime()
	return float64((after-before)/time.Nanosecond) / 1000 / float64(s.options.requests), err
}

// ask has h2load send n requests, all of which have to be answered 200.
func (s *streams) ask(ctx context.Context, server *server, conns, n int) error {
	cmd := exec.CommandContext(ctx, s.load, "-n", strconv.Itoa(n), "-c", strconv.Itoa(conns), "-m", strconv.Itoa(streamsEach),
		"http://"+server.address()+"/plaintext")
	cmd.SysProcAttr = childAttributes()
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := onCore(s.bench.cores.load, cmd.Start); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("h2load: %w\n%s", err, out.String())
	}
	if answered := succeeded(out.String()); answered != n {
		return fmt.Errorf("%d of %d requests were answered:\n%s", answered, n, out.String())
	}
	return nil
}

// codes is the line of h2load that says how many answers were 2xx.
var codes = regexp.MustCompile(`(?m)^status codes: (\d+) 2xx`)

// succeeded returns how many requests h2load says were answered well.
func succeeded(out string) int {
	m := codes.FindStringSubmatch(out)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits; 0 if they are too many
	return n
}
