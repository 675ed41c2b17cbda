package http2_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	http2x "golang.org/x/net/http2"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
)

// seed replays one schedule:
//
//	go test ./sdk/http2 -run TestSimulation -seed 17
var seed = flag.Int64("seed", -1, "run only this schedule of the simulation")

// schedules is the number of seeds that a run of the tests simulates.
var schedules = flag.Uint64("schedules", 1000, "the number of schedules of the simulation")

// TestSimulation runs connections of many streams, with windows of random
// sizes, resets by the client, connections that are cut, slow readers and
// writers, shutdowns and a network with every fault. Every exchange has to end
// once, every response that is complete has to be right, and nothing may be left.
func TestSimulation(t *testing.T) {
	if *seed >= 0 {
		t.Logf("trace %x", simulate(t, uint64(*seed)))
		return
	}
	for seed := range *schedules {
		trace := simulate(t, seed)
		if seed%16 == 0 && simulate(t, seed) != trace {
			t.Fatalf("seed %d: two runs differ", seed)
		}
	}
}

// A simulation is a schedule.
type simulation struct {
	*world
	rand    *rand.Rand
	seed    uint64
	orderly bool // nothing fails, so that every response has to come
	drains  bool
	clients []*player
}

// A player is a client that acts by chance.
type player struct {
	*client
	acts    []*act
	turns   int // in which it acts
	most    int // streams
	resets  int // that it may still send
	cuts    bool
	slow    bool // reads in between
	closed  bool // it has finished sending
	stopped bool
}

// An act is a stream that a player has begun.
type act struct {
	id       uint32
	want     *answer
	rest     []byte // content to be sent
	open     bool   // the request is not complete
	canceled bool
}

// answer is what a response has to be: its status and content.
type answer struct{ status, content string }

func simulate(t *testing.T, seed uint64) uint64 {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	faults := sim.Faults{}
	if seed%3 == 2 {
		faults = sim.Faults{Resets: 4, Exhaustion: 6, ClockSteps: 300, AcceptFailures: 8}
	}
	limits := sdk.Limits{Streams: 4 + r.IntN(60)}
	limits.Pipelined = 1 + r.IntN(20)
	limits.ResponseBufferHigh = 1 + r.IntN(40_000)
	limits.ResponseBufferLow = limits.ResponseBufferHigh
	if r.IntN(4) > 0 {
		limits.ResponseBufferLow = 1 + r.IntN(limits.ResponseBufferHigh)
	}
	s := &simulation{
		world: newWorld(t, sim.New(seed, faults), sdk.Config{Limits: limits}),
		rand:  r, seed: seed, orderly: faults == (sim.Faults{}),
	}
	for range 1 + r.IntN(3) {
		s.join(limits.Streams)
	}
	drainAt := -1
	if seed%5 == 4 {
		drainAt = r.IntN(300)
	}
	for turn := 0; !s.over(); turn++ {
		if turn == drainAt {
			s.drains = true
			s.Host.Drain()
		}
		if turn > 60_000 {
			s.fatal("after %d turns %d connections are open: %s", turn, s.Loop.Conns(), s.describe())
		}
		for _, p := range s.clients {
			s.play(p)
		}
		s.turn()
	}
	for _, p := range s.clients {
		p.read()
		if err := s.check(p); err != nil {
			s.fatal("%v", err)
		}
	}
	s.gone()
	return s.Network.Trace()
}

// join connects a player.
func (s *simulation) join(streams int) {
	peer, err := s.Network.Dial(s.Address)
	if err != nil {
		s.fatal("%v", err)
	}
	peer.SetWindow(64 << s.rand.IntN(11))
	p := &player{
		client: newClient(peer, uint32(s.rand.IntN(3)*s.rand.IntN(40_000))), turns: s.rand.IntN(250), most: 1 + s.rand.IntN(2*streams),
		resets: s.rand.IntN(20), cuts: s.rand.IntN(6) == 0, slow: s.rand.IntN(3) == 0,
	}
	p.flush()
	s.clients = append(s.clients, p)
}

// over reports whether every connection has ended. One that was not accepted
// before the server drained never is.
func (s *simulation) over() bool {
	if s.drains {
		return s.Loop.Conns() == 0
	}
	for _, p := range s.clients {
		if !p.peer.Ended() {
			return false
		}
	}
	return s.Loop.Conns() == 0
}

// turn turns once and lets units run a bit.
func (s *simulation) turn() {
	s.t.Helper()
	until := s.Network.Now() + 1 + s.rand.Int64N(1e6)
	if err := s.Loop.Turn(until); err != nil {
		s.fatal("%v", err)
	}
	for range s.rand.IntN(6) {
		s.Network.Scheduler().Step()
	}
	if s.fault != "" {
		s.fatal("%s", s.fault)
	}
}

// play lets a player act.
func (s *simulation) play(p *player) {
	if p.closed || p.peer.Ended() {
		return
	}
	if p.slow && s.rand.IntN(10) == 0 {
		if p.stopped = !p.stopped; p.stopped {
			p.peer.StopReading()
		} else {
			p.peer.StartReading()
		}
	}
	p.read()
	if p.err != nil {
		s.fatal("%v", p.err)
	}
	if p.turns--; p.turns > 0 {
		for range s.rand.IntN(4) {
			s.act(p)
		}
	} else {
		s.finish(p)
	}
	if !p.closed && p.out.Len() > 0 {
		p.flush()
	}
}

// long is the content of the route /long.
var long = strings.Repeat("all work and no play ", 5000)

// begin begins a stream.
func (s *simulation) begin(p *player) {
	content := []byte(nil)
	if s.rand.IntN(2) == 0 {
		content = bytes.Repeat([]byte("0123456789"), s.rand.IntN(3)*s.rand.IntN(3000))
	}
	kinds := []struct {
		path string
		want answer
	}{
		{"/ready", answer{"200", "ready"}},
		{"/loop", answer{"200", "on the loop"}},
		{"/pool", answer{"200", "off the loop"}},
		{"/loop/body", answer{"200", "got " + string(content)}},
		{"/pool/body", answer{"200", "got " + string(content)}},
		{"/small", answer{"200", "got " + string(content)}},
		{"/refuse", answer{"403", "no\n"}},
		{"/panic", answer{"500", "Internal Server Error\n"}},
		{"/echo", answer{"200", string(content)}},
		{"/read", answer{"200", "read " + string(content)}},
		{"/hints", answer{"200", "hinted"}},
		{"/nowhere", answer{"404", "Not Found\n"}},
		{"/long", answer{"200", long}},
		{"/whole", answer{"200", long}},
		{"/short", answer{}},
	}
	k := kinds[s.rand.IntN(len(kinds))]
	if k.path == "/small" && len(content) > 10 {
		k.want = answer{"413", "the content is over the limit of 10 octets\n"}
	}
	a := &act{want: &k.want, rest: content, open: len(content) > 0}
	a.id = p.request("POST", k.path, !a.open)
	p.acts = append(p.acts, a)
}

// act does one thing.
func (s *simulation) act(p *player) {
	if len(p.acts) < p.most && s.rand.IntN(3) == 0 && !p.finished {
		s.begin(p)
		return
	}
	if len(p.acts) == 0 {
		return
	}
	a := p.acts[s.rand.IntN(len(p.acts))]
	switch e := p.streams[a.id]; s.rand.IntN(8) {
	case 0, 1, 2:
		p.send(a, 1+s.rand.IntN(8000))
	case 3:
		if !a.canceled && !e.done && !e.reset {
			n := 1 + s.rand.Int64N(30_000)
			p.grant(a.id, n)
		}
	case 4:
		p.grant(0, 1+s.rand.Int64N(60_000))
	case 5:
		if p.resets > 0 && !a.canceled && !e.reset {
			p.resets--
			a.canceled, a.open = true, false
			_ = p.framer.WriteRSTStream(a.id, http2x.ErrCodeCancel)
		}
	case 6:
		if s.rand.IntN(20) == 0 {
			n := int64(s.rand.IntN(50_000))
			_ = p.framer.WriteSettings(http2x.Setting{ID: http2x.SettingInitialWindowSize, Val: uint32(n)})
			// Until it is acknowledged the larger one holds.
			if n > p.initial {
				for _, e := range p.streams {
					e.window += n - p.initial
				}
				p.initial = n
			} else {
				_ = p.framer.WriteSettings(http2x.Setting{ID: http2x.SettingInitialWindowSize, Val: uint32(p.initial)})
			}
		}
	case 7:
		if p.cuts && s.rand.IntN(60) == 0 {
			p.closed = true
			p.flush()
			p.peer.Reset()
		}
	}
}

// send sends up to n octets of a stream's content, as the windows allow.
func (p *player) send(a *act, n int) {
	e := p.streams[a.id]
	if !a.open {
		return
	}
	if e.reset || e.done { // nobody wants it
		a.open = false
		if e.done && !e.reset {
			_ = p.framer.WriteRSTStream(a.id, http2x.ErrCodeNo)
			a.canceled = true
		}
		return
	}
	n = int(max(0, min(int64(n), int64(len(a.rest)), p.room, e.room, 16384)))
	if n == 0 {
		return
	}
	a.open = n < len(a.rest)
	p.content(a.id, a.rest[:n], !a.open)
	a.rest = a.rest[n:]
}

// finish brings to an end what was begun, and then finishes sending.
func (s *simulation) finish(p *player) {
	p.peer.SetWindow(1 << 16)
	if p.stopped || p.slow {
		p.slow, p.stopped = false, false
		p.peer.StartReading()
	}
	if p.window < 1<<20 {
		p.grant(0, 1<<24)
	}
	waits := false
	for _, a := range p.acts {
		e := p.streams[a.id]
		if a.canceled || e.reset || e.done && !a.open {
			continue
		}
		waits = true
		p.send(a, 1<<20)
		if e.window < 1<<20 && !a.canceled && !e.done {
			p.grant(a.id, 1<<24)
		}
	}
	if !waits {
		p.closed = true
		p.flush()
		p.peer.CloseWrite()
	}
}

// check checks the responses of a player.
func (s *simulation) check(p *player) error {
	if p.err != nil {
		return p.err
	}
	if p.goAway != nil && *p.goAway != http2x.ErrCodeNo && s.orderly {
		return fmt.Errorf("GOAWAY with %v", *p.goAway)
	}
	for _, a := range p.acts {
		e, where := p.streams[a.id], fmt.Sprintf("stream %d", a.id)
		switch {
		case e.done && a.want.status == "" && e.status != "408":
			return fmt.Errorf("%s: a complete response, %s of %d octets; none can be", where, e.status, len(e.content))
		case e.done && (e.status != a.want.status && e.status != "408" || e.status != "408" && string(e.content) != a.want.content):
			return fmt.Errorf("%s: %s, %d octets %.60q; want %s, %d octets", where, e.status, len(e.content), e.content, a.want.status, len(a.want.content))
		case e.reset && !slices.Contains([]http2x.ErrCode{http2x.ErrCodeNo, http2x.ErrCodeRefusedStream, http2x.ErrCodeInternal}, e.code) && s.orderly:
			return fmt.Errorf("%s: reset with %v", where, e.code)
		case e.reset && !e.done && e.code == http2x.ErrCodeInternal && a.want.status != "" && s.orderly:
			return fmt.Errorf("%s: reset with %v", where, e.code)
		case s.orderly && !s.drains && !p.cuts && !a.canceled && !e.done && !e.reset:
			return fmt.Errorf("%s: no response", where)
		}
	}
	return nil
}

func (s *simulation) describe() string {
	var b strings.Builder
	for i, p := range s.clients {
		fmt.Fprintf(&b, "client %d: closed %t, ended %t, window %d, room %d;", i, p.closed, p.peer.Ended(), p.window, p.room)
		for _, a := range p.acts {
			if e := p.streams[a.id]; !a.canceled && !e.done && !e.reset {
				fmt.Fprintf(&b, " stream %d (%s): %d octets, %d to be sent, window %d, room %d;", a.id, a.want.status, len(e.content), len(a.rest), e.window, e.room)
			}
		}
	}
	return b.String()
}

func (s *simulation) fatal(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("seed %d: %s\nto replay: go test ./sdk/http2 -run TestSimulation -seed %d", s.seed, fmt.Sprintf(format, args...), s.seed)
}
