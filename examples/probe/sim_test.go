package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// seed replays one schedule:
//
//	go test ./examples/probe -run TestSimulation -seed 17
var seed = flag.Int64("seed", -1, "run only this schedule of the simulation")

// schedules is the number of seeds that a run of the tests simulates.
var schedules = flag.Uint64("schedules", 1000, "the number of schedules of the simulation")

// TestSimulation runs the server over schedules made from seeds: clients with
// scripts, on a network with every fault, with units off the loop in any
// order. simulation.finish says what must hold.
func TestSimulation(t *testing.T) {
	if *seed >= 0 {
		t.Logf("trace %x", simulate(t, uint64(*seed)))
		return
	}
	traces := map[uint64]uint64{}
	for seed := range *schedules {
		trace := simulate(t, seed)
		if other, ok := traces[trace]; ok {
			t.Fatalf("seeds %d and %d have the same trace", seed, other)
		}
		traces[trace] = seed
	}
	for trace, seed := range traces {
		if seed%16 != 0 {
			continue
		}
		if again := simulate(t, seed); again != trace {
			t.Fatalf("seed %d: two runs differ: %x and %x", seed, trace, again)
		}
	}
}

// simulate runs one schedule and returns its trace.
func simulate(t *testing.T, seed uint64) uint64 {
	t.Helper()
	s := newSimulation(t, seed)
	for s.turns < s.plan.turns || s.busy() {
		s.arrive()
		s.turn()
		switch {
		case s.turns != s.plan.turns:
		case s.plan.end == endDrains:
			s.drain()
		case s.plan.end == endAborts:
			s.drain()
			s.abort()
		}
	}
	s.finish()
	return s.server.Network.Trace()
}

// ending says what the server does in the middle of a schedule.
type ending uint8

const (
	endNot ending = iota // nothing: it serves until every connection has ended
	endDrains
	endAborts
)

// A plan is what a seed decides before the schedule begins.
type plan struct {
	faults sim.Faults
	end    ending
	turns  int // after which the server drains or aborts
	limits sdk.Limits
}

// orderly says that nothing fails: every answer arrives, and every deadline is
// met to the nanosecond.
func (p *plan) orderly() bool { return p.faults == (sim.Faults{}) }

// A simulation is a server on a simulated network, and its clients.
type simulation struct {
	t       *testing.T
	seed    uint64
	rand    *rand.Rand
	plan    plan
	server  *sdktest.Server
	clients []*client
	byAddr  map[netip.AddrPort]*client
	turns   int
	drains  int64  // when the server began to drain; 0: it does not
	fault   string // the first property that was broken

	// What the watches count.
	bound, open, opened, closed int
	panics                      int
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	s := &simulation{t: t, seed: seed, rand: r, byAddr: map[netip.AddrPort]*client{}}
	if seed%3 == 2 {
		s.plan.faults = sim.Faults{Resets: 4, Exhaustion: 6, ClockSteps: 200, AcceptFailures: 8}
	}
	if seed%5 > 2 {
		s.plan.end = ending(seed%5) - 2
	}
	s.plan.turns = 1 + r.IntN(200)
	s.plan.limits.ResponseBufferHigh = 1 + r.IntN(8000)
	s.plan.limits.ResponseBufferLow = 1 + r.IntN(s.plan.limits.ResponseBufferHigh)
	s.plan.limits.Pipelined = 1 + r.IntN(20)
	ids.Store(0) // or the length of answers would depend on what ran before
	var err error
	s.server, err = sdktest.NewServer(&watchedApp{NewPipeline(new(Counter)), s}, sim.New(seed, s.plan.faults), sdk.Config{
		Limits:  s.plan.limits,
		OnPanic: func(sdk.Panic) { s.panics++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 1 + r.IntN(5) {
		s.clients = append(s.clients, newClient(r))
	}
	return s
}

// A client is a connection with a script.
type client struct {
	peer   *sim.Peer
	begins int // the turn in which it connects
	script []exchange
	sent   int // exchanges of the script
	tail   tail
	eager  bool // sends all at once
	deaf   bool // never reads
	pauses int  // turns in which it does not read
	rests  int  // how often it stops for a while
	polite bool // ends its stream when the server has

	// What the watches saw.
	conn     *netpoll.Conn
	outcomes []sdk.Outcome
	idle     int64    // when the last exchange ended or the last octets came
	half     [2]int64 // when a head began that does not end: one of the two
	expired  int64    // when a deadline passed; 0: none did
	ended    int64    // when the server ended its stream
	closed   int64    // when the connection was released
}

// tail says how a client ends.
type tail uint8

const (
	tailLast    tail = iota // the server ends the connection after the last answer
	tailEnd                 // the client finishes sending
	tailIdle                // it does nothing
	tailHead                // it begins another request
	tailContent             // the last content never ends, which the server does not want
	tailCollect             // the same, and the server wants it

	tails
)

// newClient makes a client and its script.
func newClient(r *rand.Rand) *client {
	c := &client{script: script(r), begins: r.IntN(60), rests: r.IntN(5), eager: r.IntN(2) == 0, polite: r.IntN(2) == 0}
	for i := range c.script {
		if r.IntN(6) == 0 && !c.script[i].last {
			c.script[i] = collects(r)
		}
	}
	if r.IntN(8) == 0 { // more than any buffer holds
		c.deaf = true
		for range 5 {
			c.script = append(c.script, c.script...)
		}
	}
	for i, x := range c.script {
		if x.last {
			c.script = c.script[:i+1]
			return c
		}
	}
	c.tail = 1 + tail(r.IntN(int(tails)-1))
	switch c.tail {
	case tailHead:
		c.script = append(c.script, exchange{name: "half a head", send: "GET /plaintext HTTP/1.1\r\nHos", method: "GET", status: 408, content: "*", last: true})
	case tailContent:
		c.script = append(c.script, exchange{
			name: "half a content", send: "POST /headers HTTP/1.1\r\nContent-Length: 9\r\nHost: x\r\n\r\n" + "abc"[:r.IntN(4)],
			method: "POST", status: 408, content: "*", last: true,
		})
	case tailCollect:
		x := collects(r)
		head := strings.Index(x.send, "\r\n\r\n") + 4
		x.send = x.send[:head+r.IntN(2)*r.IntN(len(x.send)-head)]
		x.status, x.content, x.fields, x.last = 408, "*", nil, true
		c.script = append(c.script, x)
	case tailLast, tailEnd, tailIdle, tails:
	}
	return c
}

// collects makes an exchange whose content the server collects (see watchedTask).
func collects(r *rand.Rand) exchange {
	path := []string{"loop", "pool"}[r.IntN(2)]
	content := text(r, 3000) + "."
	head := "POST /collect/" + path + " HTTP/1.1\r\nHost: x\r\n"
	if r.IntN(4) == 0 {
		head += "Expect: 100-continue\r\n"
	}
	x := exchange{
		name: "collect " + path, method: "POST", status: 200, content: content,
		fields: map[string]string{"X-Path": "/collect/" + path},
	}
	if r.IntN(2) == 0 {
		x.send = head + "Transfer-Encoding: chunked\r\n\r\n" + chunked(r, content)
	} else {
		x.send = head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(content), content)
	}
	return x
}

// arrive lets the clients do something.
func (s *simulation) arrive() {
	for _, c := range s.clients {
		if c.peer == nil {
			s.connect(c)
			continue
		}
		if c.peer.Ended() {
			c.sent = len(c.script)
			if c.polite {
				c.peer.CloseWrite()
			}
			continue
		}
		if c.sent < len(c.script) && (c.eager || s.rand.IntN(8) == 0) {
			c.peer.Send([]byte(c.script[c.sent].send))
			if c.sent++; c.sent == len(c.script) && c.tail == tailEnd {
				c.peer.CloseWrite()
			}
			if c.sent == len(c.script) && c.tail == tailLast && s.rand.IntN(2) == 0 {
				c.peer.Send([]byte("GET /after/the/last HTTP/1.1\r\nHost: x\r\n\r\n"))
			}
		}
		switch {
		case c.deaf:
		case c.pauses > 0:
			if c.pauses--; c.pauses == 0 {
				c.peer.StartReading()
			}
		case c.rests > 0 && s.rand.IntN(20) == 0:
			c.rests--
			c.pauses = 1 + s.rand.IntN(60)
			c.peer.StopReading()
		}
	}
}

// connect connects a client whose time has come.
func (s *simulation) connect(c *client) {
	if s.turns < c.begins || s.drains != 0 {
		return
	}
	peer, err := s.server.Network.Dial(s.server.Address)
	if err != nil {
		s.fatal("%v", err)
	}
	peer.SetWindow(48 << s.rand.IntN(11))
	if c.deaf {
		peer.StopReading()
	} else if s.rand.IntN(4) == 0 {
		c.pauses = 1 + s.rand.IntN(60)
		peer.StopReading()
	}
	c.peer = peer
	s.byAddr[peer.Addr()] = c
}

// busy reports whether a client has yet to do something before all may wait
// for the time to pass.
func (s *simulation) busy() bool {
	for _, c := range s.clients {
		if c.peer == nil && s.drains == 0 || c.peer != nil && !c.peer.Ended() && (c.sent < len(c.script) || c.pauses > 0) {
			return true
		}
	}
	return false
}

// turn turns once and lets units run a bit. While a unit or a client is busy,
// little time passes.
func (s *simulation) turn() {
	s.t.Helper()
	until := int64(-1)
	if s.busy() || s.server.Network.Scheduler().Ready() {
		until = s.server.Network.Now() + 1 + s.rand.Int64N(1e6)
	}
	s.turns++
	if err := s.server.Loop.Turn(until); err != nil {
		s.fatal("%v", err)
	}
	for range s.rand.IntN(4) {
		s.server.Network.Scheduler().Step()
	}
	s.look()
	if s.fault != "" {
		s.fatal("%s", s.fault)
	}
}

// look notes what has become of the connections.
func (s *simulation) look() {
	for _, c := range s.clients {
		if c.conn != nil {
			s.overflow(c)
		}
		if c.peer != nil && c.ended == 0 && c.peer.Ended() {
			c.ended = s.server.Loop.Now()
		}
	}
}

// overflow checks that the output of a connection is bounded, whatever the
// client does: what was unsent below the high-water mark, what one turn
// adds, and the answer that went over it.
func (s *simulation) overflow(c *client) {
	const answer = 3500 // the largest that is made on the loop
	if n, high := c.conn.Unsent(), s.plan.limits.ResponseBufferHigh; n > 2*high+answer {
		s.broken("%d octets are unsent; the high-water mark is %d", n, high)
	}
}

// drain begins a shutdown.
func (s *simulation) drain() {
	s.drains = s.server.Loop.Now()
	s.server.Host.Drain()
	s.look()
}

// abort ends a shutdown: that takes no time but the units'.
func (s *simulation) abort() {
	for range s.rand.IntN(20) {
		s.turn()
	}
	s.server.Host.Abort()
	for range 1000 {
		if s.server.Loop.Conns() == 0 {
			return
		}
		s.turn()
	}
	s.fatal("%d connections are still open after an abort", s.server.Loop.Conns())
}

// finish turns until every connection has ended and checks what must hold.
func (s *simulation) finish() {
	s.t.Helper()
	for range 30_000 {
		if s.gone() {
			s.check()
			return
		}
		s.arrive()
		s.turn()
	}
	s.fatal("%d connections are still open: something was lost", s.server.Loop.Conns())
}

// gone reports whether every client was accepted and released.
func (s *simulation) gone() bool {
	for _, c := range s.clients {
		if s.drains == 0 && (c.peer == nil || !c.peer.Closed() && !c.peer.Broken()) {
			return false
		}
	}
	return s.server.Loop.Conns() == 0
}

// check checks what a schedule left behind: nothing but answers.
func (s *simulation) check() {
	s.t.Helper()
	if n := s.server.Network.Open(); n != 1 {
		s.fatal("%d descriptors are open; want the listener's", n)
	}
	if err := s.server.End(); err != nil {
		s.fatal("%v", err)
	}
	if n := s.server.Network.Scheduler().Len(); n != 0 {
		s.fatal("%d units still run", n)
	}
	if s.opened != s.closed || s.open != 0 {
		s.fatal("%d handlers were made and %d closed; %d exchanges did not end", s.opened, s.closed, s.open)
	}
	if s.bound > s.opened {
		s.fatal("%d exchanges were made for %d connections", s.bound, s.opened)
	}
	panicked, most := 0, 0
	for i, c := range s.clients {
		if c.peer == nil {
			continue
		}
		if err := s.checkClient(c); err != nil {
			s.fatal("client %d (%s): %v", i, c.describe(), err)
		}
		for _, out := range c.outcomes {
			if out.Route == "GET /panic" {
				most++ // a client may be gone before the function runs
			}
			if out.Err == sdk.ErrPanicked {
				panicked++
			}
		}
	}
	if s.panics < panicked || s.panics > most {
		s.fatal("%d panics were reported; want %d, and at most %d", s.panics, panicked, most)
	}
}

// checkClient checks the answers and the end of one connection.
func (s *simulation) checkClient(c *client) error {
	answered, err := check(c.peer.Received(), c.script, s.drains != 0, s.plan.faults.ClockSteps > 0)
	if err != nil {
		return err
	}
	safe := s.plan.orderly() && !c.deaf && s.plan.end != endAborts
	if err := c.checkOutcomes(answered, safe); err != nil {
		return err
	}
	if !safe {
		return nil
	}
	if c.closed == 0 { // it was not accepted before the server drained
		return nil
	}
	if c.ended == 0 || c.peer.Broken() && c.tail != tailIdle {
		return fmt.Errorf("the connection was reset; an answer may be lost")
	}
	if err := s.checkTime(c); err != nil {
		return err
	}
	if s.plan.end == endNot && answered != len(c.script) {
		return fmt.Errorf("%d answers; want %d", answered, len(c.script))
	}
	return nil
}

// checkOutcomes checks that the app was told what happened: of every exchange
// once, in order. safe says that no exchange is cut short.
func (c *client) checkOutcomes(answered int, safe bool) error {
	for i, x := range c.script {
		if i >= len(c.outcomes) {
			break
		}
		out := c.outcomes[i]
		switch {
		case i < answered && out.Status != x.status:
			return fmt.Errorf("exchange %d (%s) has the outcome %+v", i, x.name, out)
		case i < answered && x.content != "*" && x.method != "HEAD" && out.Octets != int64(len(x.content)):
			return fmt.Errorf("exchange %d (%s) has the outcome %+v, and %d octets of content", i, x.name, out, len(x.content))
		case safe && i < answered && (out.Err != nil) != (x.name == "panic" || x.status == 408):
			return fmt.Errorf("exchange %d (%s) has the outcome %+v", i, x.name, out)
		}
	}
	refused := 0
	if n := len(c.script); answered == n && (c.script[n-1].name == "refused" || c.script[n-1].name == "half a head") {
		refused = 1 // before it was an exchange
	}
	if len(c.outcomes)+refused < answered || len(c.outcomes) > len(c.script) {
		return fmt.Errorf("%d outcomes; %d of %d exchanges are answered", len(c.outcomes), answered, len(c.script))
	}
	return nil
}

// checkTime checks that the deadline of a connection passed when it had to, to
// the nanosecond but for that of content, or that none did.
func (s *simulation) checkTime(c *client) error {
	const (
		keepAlive = int64(130 * time.Second)
		head      = int64(30 * time.Second)
		drain     = int64(5 * time.Second)
		second    = int64(time.Second)
		grace     = 5 * second
		rate      = 240 // octets of content a second
	)
	var want int64
	switch {
	case s.drains != 0 && c.expired == 0:
	case s.drains != 0 && c.tail == tailIdle && c.expired > s.drains:
		want = 0 // it is closed at once
	case c.tail == tailHead:
		if want = c.half[0] + head; c.expired != want {
			want = c.half[1] + head
		}
	case c.tail == tailIdle:
		want = c.idle + keepAlive
	case c.tail == tailContent, c.tail == tailCollect:
		// How much of the grace was left at the last octet is not known here.
		most := c.idle + grace + int64(len(c.script[len(c.script)-1].send))*second/rate
		if want = c.expired; want <= c.idle || want > most {
			want = most
		}
	}
	if c.expired != want {
		return fmt.Errorf("a deadline passed at %d; want %d", c.expired, want)
	}
	if !c.polite && c.tail != tailEnd && c.tail != tailIdle && c.closed != c.ended+drain {
		return fmt.Errorf("the server ended at %d and released the connection at %d; want %d", c.ended, c.closed, c.ended+drain)
	}
	return nil
}

func (c *client) describe() string {
	var names []string
	for _, x := range c.script[:min(len(c.script), 8)] {
		names = append(names, x.name)
	}
	return strings.Join(names, ", ") + fmt.Sprintf("; tail %d, eager %t, deaf %t, polite %t", c.tail, c.eager, c.deaf, c.polite)
}

// broken notes a broken property. Units may call it, which may not end the test.
func (s *simulation) broken(format string, args ...any) {
	if s.fault == "" {
		s.fault = fmt.Sprintf(format, args...)
	}
}

func (s *simulation) fatal(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("seed %d, turn %d: %s\nto replay: go test ./examples/probe -run TestSimulation -seed %d",
		s.seed, s.turns, fmt.Sprintf(format, args...), s.seed)
}
