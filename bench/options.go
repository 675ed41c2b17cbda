package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
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

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 5, "measure every server this often, in turn")
	flags.DurationVar(&o.duration, "duration", 3*time.Second, "load a server this long in a round")
	flags.IntVar(&o.conns, "conns", 64, "keep-alive connections of the load")
	flags.StringVar(&o.only, "only", "", "measure only cpu, memory or tls")
	flags.StringVar(&o.server, "server", "", "measure only this server and the floor: "+strings.Join(serverNames(), ", "))
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("there are no arguments, but %q was given", flags.Args())
	case o.rounds < 1 || o.conns < 1 || o.conns > manyIdle || o.duration <= 0:
		return o, fmt.Errorf("-rounds, -duration and -conns (to %d) have to be positive", manyIdle)
	case o.only != "" && o.only != cpu && o.only != memory && o.only != overTLS:
		return o, fmt.Errorf("-only %s: it is %s, %s or %s", o.only, cpu, memory, overTLS)
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
	return o.server == "" || o.server == server || server == t.servers[0] && slices.Contains(t.servers, o.server)
}
