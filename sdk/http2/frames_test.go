package http2_test

import (
	"bytes"
	"fmt"
	"testing"

	http2x "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http2"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// watched is the app with a watch at each task: what the server tells the app
// has to come in order, and every exchange has to end once.
type watched struct {
	*app
	bound, open, ended int
	fault              string
}

// Install implements sdk.App.
func (w *watched) Install(s *sdk.Setup) {
	http2.Offer(s, func(x *http2.Exchange) sdk.Task {
		w.bound++
		return &watchedTask{task: task{app: w.app, x: x}, w: w}
	}, sdk.ReadyResponse{Status: 200, Content: "ready"})
}

type watchedTask struct {
	task
	w     *watched
	state string // the last call
}

func (t *watchedTask) broken(format string, args ...any) {
	if t.w.fault == "" {
		t.w.fault = fmt.Sprintf(format, args...)
	}
}

func (t *watchedTask) Route() *sdk.Plan {
	if t.state != "" {
		t.broken("Route of an exchange whose last call was %s", t.state)
	}
	t.state = "Route"
	t.w.open++
	return t.task.Route()
}

func (t *watchedTask) Head() bool {
	if t.state != "Route" {
		t.broken("Head after %s", t.state)
	}
	t.state = "Head"
	return t.task.Head()
}

func (t *watchedTask) Body(content []byte) {
	if t.state != "Head" {
		t.broken("Body after %s", t.state)
	}
	t.state = "Body"
	t.task.Body(content)
}

func (t *watchedTask) End(out sdk.Outcome) {
	if t.state == "" {
		t.broken("End of an exchange that has ended: %+v", out)
		return
	}
	if out.Route != t.at.plan.Name {
		t.broken("End of another exchange: %+v", out)
	}
	t.state = ""
	t.w.open--
	t.w.ended++
	t.task.End(out)
}

// A world is a server on a simulated network.
type world struct {
	*sdktest.Server
	*watched
	t testing.TB
}

func newWorld(tb testing.TB, network *sim.Network, config sdk.Config) *world {
	tb.Helper()
	w := &world{watched: &watched{app: newApp()}, t: tb}
	if config.OnPanic == nil {
		config.OnPanic = func(sdk.Panic) {}
	}
	config.StallAfter = sdk.Unlimited
	var err error
	if w.Server, err = sdktest.NewServer(w.watched, network, config); err != nil {
		tb.Fatal(err)
	}
	return w
}

// turns lets n turns and all units pass.
func (w *world) turns(n int) {
	w.t.Helper()
	for range n {
		if err := w.Step(0); err != nil {
			w.t.Fatal(err)
		}
	}
}

// gone ends the server, and checks that nothing is left.
func (w *world) gone() {
	w.t.Helper()
	if err := w.End(); err != nil {
		w.t.Fatal(err)
	}
	for range 10 { // what units have posted
		if err := w.Step(0); err != nil {
			w.t.Fatal(err)
		}
	}
	switch {
	case w.fault != "":
		w.t.Fatal(w.fault)
	case w.open != 0:
		w.t.Fatalf("%d exchanges did not end", w.open)
	case w.Network.Scheduler().Len() != 0:
		w.t.Fatalf("%d units still run", w.Network.Scheduler().Len())
	case w.Network.Open() != 0:
		w.t.Fatalf("%d descriptors are open", w.Network.Open())
	}
}

// An end is a client's view of one of its streams.
type end struct {
	status  string
	content []byte
	done    bool // the response is complete
	reset   bool
	code    http2x.ErrCode // with which the server reset it
	window  int64          // what the server may still send
	room    int64          // what the server takes
}

// A client writes and reads frames on a simulated connection.
type client struct {
	peer     *sim.Peer
	out      bytes.Buffer
	framer   *http2x.Framer // to out
	block    bytes.Buffer
	encoder  *hpack.Encoder
	decoder  *hpack.Decoder
	parsed   int
	streams  map[uint32]*end
	next     uint32
	initial  int64 // what a new stream's response may be at first
	window   int64 // what the server may still send
	room     int64 // what the server takes
	first    int64 // what it takes of a new stream
	goAway   *http2x.ErrCode
	finished bool // GOAWAY has come in whatever form
	err      error
}

// connect opens a connection. initial is the window of a stream.
func (w *world) connect(initial uint32) *client {
	w.t.Helper()
	peer, err := w.Network.Dial(w.Address)
	if err != nil {
		w.t.Fatal(err)
	}
	peer.SetWindow(1 << 20)
	c := newClient(peer, initial)
	c.flush()
	return c
}

func newClient(peer *sim.Peer, initial uint32) *client {
	c := &client{peer: peer, streams: map[uint32]*end{}, next: 1, initial: int64(initial), window: 65535, room: 65535, first: 65535}
	c.framer = http2x.NewFramer(&c.out, nil)
	c.framer.AllowIllegalWrites = true
	c.encoder, c.decoder = hpack.NewEncoder(&c.block), hpack.NewDecoder(4096, nil)
	c.out.WriteString(http2x.ClientPreface)
	_ = c.framer.WriteSettings(http2x.Setting{ID: http2x.SettingInitialWindowSize, Val: initial})
	return c
}

// flush sends the frames that were written.
func (c *client) flush() {
	c.peer.Send(c.out.Bytes())
	c.out.Reset()
}

// fields returns a field block.
func (c *client) fields(fields ...string) []byte {
	c.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = c.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return c.block.Bytes()
}

// request begins a stream.
func (c *client) request(method, path string, ends bool, more ...string) (id uint32) {
	id = c.next
	c.next += 2
	fields := append([]string{":method", method, ":scheme", "http", ":authority", "x", ":path", path}, more...)
	_ = c.framer.WriteHeaders(http2x.HeadersFrameParam{StreamID: id, BlockFragment: c.fields(fields...), EndStream: ends, EndHeaders: true})
	c.streams[id] = &end{window: c.initial, room: c.first}
	return id
}

// grant lets the server send n octets more, on the connection for stream 0.
func (c *client) grant(stream uint32, n int64) {
	_ = c.framer.WriteWindowUpdate(stream, uint32(n))
	if stream == 0 {
		c.window += n
	} else {
		c.streams[stream].window += n
	}
}

// content sends content on a stream.
func (c *client) content(stream uint32, p []byte, ends bool) {
	_ = c.framer.WriteData(stream, ends, p)
	c.room -= int64(len(p))
	c.streams[stream].room -= int64(len(p))
}

// read reads the frames that have arrived, as far as they are complete, and
// answers those that have to be.
func (c *client) read() {
	got := c.peer.Received()
	for c.err == nil {
		in := got[c.parsed:]
		if len(in) < 9 {
			return
		}
		n := 9 + int(in[0])<<16 + int(in[1])<<8 + int(in[2])
		if len(in) < n {
			return
		}
		c.parsed += n
		reader := http2x.NewFramer(nil, bytes.NewReader(in[:n]))
		f, err := reader.ReadFrame()
		if err != nil {
			c.err = fmt.Errorf("a frame: %w", err)
			return
		}
		c.take(f)
	}
}

func (c *client) take(f http2x.Frame) {
	s := c.streams[f.Header().StreamID]
	if s == nil && f.Header().StreamID != 0 {
		c.err = fmt.Errorf("%v on a stream that was not begun", f)
		return
	}
	switch f := f.(type) {
	case *http2x.SettingsFrame:
		if f.IsAck() {
			return
		}
		if v, ok := f.Value(http2x.SettingInitialWindowSize); ok {
			for _, s := range c.streams {
				s.room += int64(v) - c.first
			}
			c.first = int64(v)
		}
		_ = c.framer.WriteSettingsAck()
	case *http2x.HeadersFrame:
		c.takeHead(s, f)
	case *http2x.DataFrame:
		n := int64(f.Length)
		c.window -= n
		if s.window -= n; s.window < 0 && n > 0 || c.window < 0 {
			c.err = fmt.Errorf("DATA beyond a window: %v", f)
		}
		s.content = append(s.content, f.Data()...)
		if s.done || s.reset {
			c.err = fmt.Errorf("DATA behind the end: %v", f)
		}
		s.done = f.StreamEnded()
	case *http2x.RSTStreamFrame:
		s.reset, s.code = true, f.ErrCode
	case *http2x.WindowUpdateFrame:
		if s == nil {
			c.room += int64(f.Increment)
		} else {
			s.room += int64(f.Increment)
		}
	case *http2x.GoAwayFrame:
		code := f.ErrCode
		c.goAway, c.finished = &code, true
	case *http2x.PingFrame:
		if !f.IsAck() {
			_ = c.framer.WritePing(true, f.Data)
		}
	default:
		c.err = fmt.Errorf("unexpected %v", f)
	}
}

func (c *client) takeHead(s *end, f *http2x.HeadersFrame) {
	fields, err := c.decoder.DecodeFull(f.HeaderBlockFragment())
	if err != nil || !f.HeadersEnded() {
		c.err = fmt.Errorf("a head: %v, %w", f, err)
		return
	}
	if len(fields) > 0 && fields[0].Name == ":status" && fields[0].Value >= "200" {
		if s.status != "" {
			c.err = fmt.Errorf("a second head: %v", f)
		}
		s.status = fields[0].Value
	}
	s.done = f.StreamEnded()
}
