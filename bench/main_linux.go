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
