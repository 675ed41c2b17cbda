package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	rounds   int
	duration time.Duration
	conns    int
	only     string // kind of table; empty means all
	server   string // row beside the floor; empty means all
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == loadFlag {
		exit(runLoad(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	if ctx.Err() != nil {
		err = errors.New("interrupted; all servers have ended")
	}
	stop()
	exit(err)
}

func exit(err error) {
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, args []string) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	if err = raiseDescriptors(manyIdle + 100); err != nil {
		return err
	}
	b := bench{options: o}
	if b.cores, err = chooseCores(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "windhover-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintln(os.Stderr, "bench: building the servers")
	if b.built, err = buildServers(ctx, o, dir); err != nil {
		return err
	}
	// Servers die with the thread that started them.
	runtime.LockOSThread()
	r := report{head: machine(ctx, b.cores, o), foot: commands(o)}
	if r.tables, err = b.measureAll(ctx); err != nil {
		return err
	}
	_, err = fmt.Print(r.text())
	return err
}

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 5, "measure every server this often, in turn")
	flags.DurationVar(&o.duration, "duration", 3*time.Second, "load a server this long in a round")
	flags.IntVar(&o.conns, "conns", 64, "keep-alive connections of the load")
	flags.StringVar(&o.only, "only", "", "measure only cpu or only memory")
	flags.StringVar(&o.server, "server", "", "measure only this server and the floor: "+strings.Join(serverNames(), ", "))
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("there are no arguments, but %q was given", flags.Args())
	case o.rounds < 1 || o.conns < 1 || o.conns > manyIdle || o.duration <= 0:
		return o, fmt.Errorf("-rounds, -duration and -conns (to %d) have to be positive", manyIdle)
	case o.only != "" && o.only != cpu && o.only != memory:
		return o, fmt.Errorf("-only %s: it is %s or %s", o.only, cpu, memory)
	case o.server != "" && !slices.ContainsFunc(tables, func(t table) bool { return o.wants(t, o.server) }):
		return o, fmt.Errorf("-server %s -only %q measures nothing; the servers are %s", o.server, o.only, strings.Join(serverNames(), ", "))
	}
	return o, nil
}

// wants reports whether a row is to be measured. The floor is wanted in every
// table in which another row is: ratios need it.
func (o options) wants(t table, server string) bool {
	if o.only != "" && o.only != t.kind || !slices.Contains(t.servers, server) {
		return false
	}
	return o.server == "" || o.server == server || server == floor && slices.Contains(t.servers, o.server)
}
