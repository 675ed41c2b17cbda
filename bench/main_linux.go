package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	runChild()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	if ctx.Err() != nil {
		err = errors.New("interrupted; all servers have ended")
	}
	stop()
	exit(err)
}

// runChild runs what this program is as a process of itself, if it is, and ends.
func runChild() {
	if len(os.Args) < 2 {
		return
	}
	switch os.Args[1] {
	case loadFlag:
		exit(runLoad(os.Args[2:]))
	case abusersFlag:
		exit(runAbusers(os.Args[2:]))
	}
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
	if len(args) > 0 {
		switch args[0] {
		case abuseCommand:
			return runAbuse(ctx, args[1:])
		case streamsCommand:
			return runStreams(ctx, args[1:])
		}
	}
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	return prepare(manyIdle, func(c cores, dir string) error {
		b := bench{options: o, cores: c}
		if b.built, err = buildServers(ctx, o, dir); err != nil {
			return err
		}
		r := report{head: machine(ctx, b.cores, o), foot: commands(o)}
		if r.tables, err = b.measureAll(ctx); err != nil {
			return err
		}
		_, err = fmt.Print(r.text())
		return err
	})
}

// prepare calls measure with cores for servers that have so many connections,
// and a folder to build them in, which is gone afterwards.
func prepare(conns int, measure func(c cores, dir string) error) error {
	if _, err := os.Stat(floorSource); err != nil {
		return fmt.Errorf("it has to run in its own folder, as go -C bench run . does: %w", err)
	}
	if err := raiseDescriptors(uint64(conns) + 100); err != nil {
		return err
	}
	c, err := chooseCores()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "windhover-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// Servers die with the thread that started them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fmt.Fprintln(os.Stderr, "bench: building the servers")
	return measure(c, dir)
}
