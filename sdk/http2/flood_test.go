package http2_test

import (
	"runtime"
	"strings"
	"testing"

	http2x "golang.org/x/net/http2"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
)

// A flood is what a client that means harm repeats.
type flood struct {
	name  string
	begin func(c *client)
	act   func(c *client)
	code  http2x.ErrCode // of GOAWAY
	want  string         // the reason that the hook is told
}

// hold begins a request that a unit reads, and that does not end.
func (c *client) hold() uint32 { return c.request("POST", "/read", false) }

func (c *client) windowUpdate(stream, n uint32) { _ = c.framer.WriteWindowUpdate(stream, n) }

// blockOf sends the beginning of a field block of which no end comes.
func (c *client) blockOf(p []byte) {
	_ = c.framer.WriteHeaders(http2x.HeadersFrameParam{StreamID: c.next, BlockFragment: p})
}

const calm = http2x.ErrCodeEnhanceYourCalm

var floods = []flood{
	{"rapid reset", nil, func(c *client) {
		_ = c.framer.WriteRSTStream(c.request("GET", "/pool", true), http2x.ErrCodeCancel)
	}, calm, "resets"},
	{"rapid reset of what is answered at once", nil, func(c *client) {
		_ = c.framer.WriteRSTStream(c.request("GET", "/loop", true), http2x.ErrCodeCancel)
	}, calm, "resets"},
	{"made you reset, by no increment", nil, func(c *client) { c.windowUpdate(c.hold(), 0) }, calm, "provoked-resets"},
	{"made you reset, by a window too large", nil, func(c *client) { c.windowUpdate(c.hold(), 1<<31-1) }, calm, "provoked-resets"},
	{"made you reset, by content behind the end", nil, func(c *client) {
		c.content(c.request("POST", "/pool", true), []byte("a"), false)
	}, calm, "provoked-resets"},
	{"made you reset, by content of another length", nil, func(c *client) {
		c.content(c.request("POST", "/read", false, "content-length", "1"), []byte("ab"), true)
	}, calm, "provoked-resets"},
	{"refused requests", nil, func(c *client) { c.request("FOO", "/", true) }, calm, "refusals"},
	{"refused streams", func(c *client) {
		for range 100 {
			c.hold()
		}
	}, func(c *client) { c.hold() }, calm, "refusals"},
	{"SETTINGS", nil, func(c *client) { _ = c.framer.WriteSettings() }, calm, "settings-flood"},
	{"PING", nil, func(c *client) { _ = c.framer.WritePing(false, [8]byte{}) }, calm, "ping-flood"},
	{"empty DATA", func(c *client) { c.hold() }, func(c *client) { c.content(1, nil, false) }, calm, "empty-frames"},
	{"CONTINUATION without octets", func(c *client) { c.blockOf(nil) }, func(c *client) {
		_ = c.framer.WriteContinuation(c.next, false, nil)
	}, calm, "continuations"},
	{"CONTINUATION with many", func(c *client) { c.blockOf(nil) }, func(c *client) {
		_ = c.framer.WriteContinuation(c.next, false, c.fields("a", strings.Repeat("\x01", 8000)))
	}, calm, "block-limit"},
	{"tiny WINDOW_UPDATE", func(c *client) { c.hold() }, func(c *client) { c.windowUpdate(1, 1) }, calm, "updates"},
	{"content octet by octet", func(c *client) {
		for range 50 {
			c.request("GET", "/whole", true)
		}
	}, func(c *client) { c.windowUpdate(uint32(len(c.out.Bytes())%50*2+1), 1) }, calm, "updates"},
	{"blocks that expand", func(c *client) {
		c.request("GET", "/loop", true, "a", strings.Repeat("b", 3900))
	}, func(c *client) {
		fields := []string{}
		for range 8 {
			fields = append(fields, "a", strings.Repeat("b", 3900))
		}
		c.request("GET", "/loop", true, fields...)
	}, calm, "expansion"},
	{"blocks that expand over the limit", func(c *client) {
		c.request("GET", "/loop", true, "a", strings.Repeat("b", 3900))
	}, func(c *client) {
		fields := []string{}
		for range 4000 {
			fields = append(fields, "a", strings.Repeat("b", 3900))
		}
		c.request("GET", "/loop", true, fields...)
	}, calm, "expansion"},
	{"PRIORITY", nil, func(c *client) {
		_ = c.framer.WritePriority(c.next, http2x.PriorityParam{StreamDep: 3})
	}, calm, "priority-flood"},
	{"unknown frames", nil, func(c *client) { _ = c.framer.WriteRawFrame(0x77, 0, 0, nil) }, calm, "unknown-frames"},
}

// TestFloods: a client that floods loses its connection, with GOAWAY and a hook
// that is told why, after a bounded number of acts; meanwhile another client is
// answered within few turns, and the memory stays bounded.
func TestFloods(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		for _, f := range floods {
			name := f.name
			if deaf {
				name += ", answers unread"
			}
			t.Run(name, func(t *testing.T) { f.run(t, deaf) })
		}
	}
}

const (
	floodRounds  = 300 // more bring no more news
	floodActs    = 20  // in a round
	floodTurns   = 4   // in which another client is answered
	floodStreams = 100 // Limits.Streams
)

func (f *flood) run(t *testing.T, deaf bool) {
	t.Helper()
	reasons := map[string]int{}
	w := newWorld(t, sim.NewCalm(), sdk.Config{OnRefusal: func(r sdk.Refusal) { reasons[r.Reason]++ }})
	healthy, harm := w.connect(65535), w.connect(65535)
	w.turns(2)
	for _, c := range []*client{healthy, harm} { // SETTINGS
		c.read()
		c.flush()
	}
	if deaf {
		harm.peer.SetWindow(20_000)
		harm.peer.StopReading()
	}
	if f.begin != nil {
		f.begin(harm)
	}
	before := heap()
	rounds := 0
	for ; rounds < floodRounds && !harm.peer.Ended(); rounds++ {
		for range floodActs {
			f.act(harm)
		}
		harm.flush()
		path := "/pool"
		if rounds%2 == 0 {
			path = "/loop"
		}
		id := healthy.request("GET", path, true)
		healthy.flush()
		w.turns(floodTurns)
		healthy.read()
		healthy.flush()
		if s := healthy.streams[id]; !s.done || s.status != "200" {
			t.Fatalf("round %d: the other client is not answered in %d turns: %+v", rounds, floodTurns, s)
		}
		if !deaf {
			harm.read()
		}
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("the flood costs %d octets of memory", grown)
	}
	// Those that are answered, and those whose functions run.
	if w.bound > 2*floodStreams+10 {
		t.Errorf("%d exchanges were made", w.bound)
	}
	if deaf && !harm.peer.Ended() { // the server reads no more until the client does
		harm.peer.SetWindow(1 << 30)
		harm.peer.StartReading()
		w.turns(200)
	}
	harm.read()
	if harm.goAway == nil || *harm.goAway != f.code || reasons[f.want] != 1 {
		t.Errorf("after %d rounds GOAWAY is %v, the reasons are %v; want %v, %s", rounds, harm.goAway, reasons, f.code, f.want)
	}
	w.gone()
}

// heap returns the octets of memory that are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
