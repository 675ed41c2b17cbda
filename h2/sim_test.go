package h2

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/net/http2/hpack"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A sim is a connection between the engine and a client that keeps to the
// protocol: what arrives when, how it is cut, how large windows are, who resets
// what and what the host does, one seed decides.
type sim struct {
	t    *testing.T
	rand *rand.Rand
	seed uint64

	// The server.
	c     Conn
	conf  Config
	spare *Exchange
	in    []byte
	out   []byte
	held  []*Exchange // requests whose functions run
	log   map[*Exchange]*work
	ready *Ready
	owned int // exchanges that connections have

	// The client.
	client   *client
	dec      *hpack.Decoder
	streams  map[uint32]*simStream
	nextID   uint32
	room     int64   // octets that the server takes on the connection
	window   int64   // octets that the client takes on the connection
	initial  int64   // SETTINGS_INITIAL_WINDOW_SIZE that the server has acknowledged
	settings []int64 // those under way
	quiet    bool    // nothing new is begun
	done     int
	reset    int
}

// A work is what a function of the server does.
type work struct {
	body   []byte
	ended  bool
	left   int // pieces
	opened bool
}

// A simStream is a stream as the client sees it.
type simStream struct {
	send    []byte // of the request, not sent yet
	body    []byte // of the request, all of it
	room    int64
	window  int64
	got     []byte
	ends    bool // the client has ended
	over    bool // the server has ended, or somebody has reset it
	head    bool
	resets  bool // the client has reset it
	aborted bool // the server has reset it
}

func newSim(t *testing.T, seed uint64) *sim {
	t.Helper()
	s := &sim{
		t: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 0)), log: map[*Exchange]*work{},
		client: newClient(), streams: map[uint32]*simStream{}, nextID: 1,
		room: initialWindow, window: initialWindow, initial: initialWindow,
		ready:    NewReady(200, nil, []byte("ready")),
		settings: []int64{initialWindow}, // of newClient
	}
	s.dec = hpack.NewDecoder(4096, nil)
	limits := msg.Limits{ResponseBufferHigh: 1000 + s.rand.IntN(30000), ResponseBufferLow: s.rand.IntN(1000) + 1}.WithDefaults()
	s.conf = Config{Limits: &limits, Streams: 1 + s.rand.IntN(20), Budget: 1 << 30, StreamWindow: initialWindow + s.rand.Int64N(1000), ConnectionWindow: initialWindow + s.rand.Int64N(100000)}.WithDefaults()
	s.c.Open(&s.conf, 1)
	return s
}

// step does something at random.
func (s *sim) step() {
	switch n := s.rand.IntN(20); {
	case n < 4 && !s.quiet:
		s.request()
	case n < 8:
		s.sendBody()
	case n == 8 && !s.quiet:
		size := s.rand.Int64N(30000)
		s.settings = append(s.settings, size)
		s.client.frame(frameSettings, 0, 0, appendSetting(nil, settingWindow, uint32(size)))
	case n == 9 && !s.quiet:
		s.client.frame(framePing, 0, 0, []byte("12345678"))
	case n == 10 && !s.quiet:
		if id, st := s.pick(); st != nil && !st.over {
			st.over, st.resets = true, true
			s.client.frame(frameReset, 0, id, number(uint32(CodeCancel)))
			s.reset++
		}
	case n == 11:
		if id, _ := s.pick(); id != 0 {
			s.client.frame(framePriorityUpdate, 0, 0, append(number(id), fmt.Sprintf("u=%d, i=?%d", s.rand.IntN(8), s.rand.IntN(2))...))
		}
	case n < 14:
		s.update()
	case n < 17:
		s.work()
	default:
		s.deliver()
	}
}

// pick returns a stream at random.
func (s *sim) pick() (uint32, *simStream) {
	if s.nextID == 1 {
		return 0, nil
	}
	id := max(int(s.nextID)-40, 1) | 1
	id += 2 * s.rand.IntN((int(s.nextID)-id)/2)
	return uint32(id), s.streams[uint32(id)]
}

func (s *sim) request() {
	st := &simStream{room: s.conf.StreamWindow, window: s.initial}
	path := []string{"/echo", "/hold", "/ready", "/large", "/pieces"}[s.rand.IntN(5)]
	flags, method := uint8(flagEndHeaders|flagEndStream), "GET"
	if s.rand.IntN(2) == 0 {
		flags, method = flagEndHeaders, "POST"
		st.body = bytes.Repeat([]byte{byte('a' + s.rand.IntN(26))}, s.rand.IntN(100000))
		st.send = st.body
	}
	st.ends = method == "GET"
	s.streams[s.nextID] = st
	s.client.frame(frameHeaders, flags, s.nextID, s.client.block(":method", method, ":scheme", "http", ":path", path, "x", fmt.Sprint(s.rand.IntN(20))))
	s.nextID += 2
}

// sendBody sends content of a request, as the windows allow.
func (s *sim) sendBody() {
	id, st := s.pick()
	if st == nil || st.ends || st.resets || st.aborted {
		return
	}
	pad := 0
	if s.rand.IntN(3) == 0 {
		pad = s.rand.IntN(256)
	}
	n := min(len(st.send), s.rand.IntN(minFrameSize-256))
	over := int64(0)
	if pad > 0 {
		over = int64(pad) + 1
	}
	n = int(max(min(int64(n), st.room-over, s.room-over), 0))
	if n == 0 && len(st.send) > 0 || st.room < int64(n)+over || s.room < int64(n)+over {
		return
	}
	flags := uint8(0)
	if n == len(st.send) {
		flags, st.ends = flagEndStream, true
	}
	p := st.send[:n]
	if pad > 0 {
		flags |= flagPadded
		p = append(append([]byte{byte(pad)}, p...), make([]byte, pad)...)
	}
	st.send = st.send[n:]
	st.room -= int64(len(p))
	s.room -= int64(len(p))
	s.client.frame(frameData, flags, id, p)
}

// update gives the server room.
func (s *sim) update() {
	n := s.rand.Int64N(40000) + 1
	if s.quiet {
		n = 1 << 20
	}
	if s.window < 1<<24 {
		s.window += n
		s.client.frame(frameWindowUpdate, 0, 0, number(uint32(n)))
	}
	id, st := s.pick()
	if st != nil && !st.over && st.window < 1<<24 {
		st.window += n
		s.client.frame(frameWindowUpdate, 0, id, number(uint32(n)))
	}
}

// deliver makes some octets arrive, and takes what the server sends.
func (s *sim) deliver() {
	s.in = append(s.in, s.client.take()...)
	n := s.rand.IntN(len(s.in) + 1)
	if s.quiet || s.rand.IntN(3) == 0 {
		n = len(s.in)
	}
	arrived := bytes.Clone(s.in[:n])
	used := s.receive(arrived)
	s.in = s.in[used:]
	if s.rand.IntN(3) > 0 || s.quiet {
		s.out = s.c.AppendOutput(s.out)
		s.progress()
		s.read()
	}
}

// receive hands octets to the engine.
func (s *sim) receive(in []byte) (used int) {
	for {
		if s.spare == nil {
			s.spare = new(Exchange)
		}
		ev, x, n := s.c.Next(s.spare, in[used:], 1)
		used += n
		if s.spare.Taken() {
			s.spare = nil
		}
		switch ev {
		case EventHead:
			s.log[x] = &work{left: s.rand.IntN(5)}
			if path := x.RawPath(); path.Equal("/ready") && s.rand.IntN(2) == 0 {
				s.out = x.AppendReady(s.out, []byte(date), s.ready)
				s.end(x)
			} else if s.rand.IntN(10) == 0 {
				x.Drop()
			}
		case EventContent:
			w := s.log[x]
			w.body = append(w.body, x.Content()...)
			if !x.RawPath().Equal("/hold") {
				x.Consumed(len(x.Content()))
			} else if s.quiet || s.rand.IntN(2) == 0 {
				x.Consumed(len(w.body)) // more than is owed does no harm
			}
		case EventEnd:
			if s.log[x].ended = true; !x.RawPath().Equal("/echo") {
				s.held = append(s.held, x)
				continue
			}
			s.answer(x)
		case EventReset:
			if x.Refusal() != nil {
				s.fatal("reset %d: %v", x.id, x.Refusal())
			}
			s.held = slices.DeleteFunc(s.held, func(y *Exchange) bool { return x == y })
			s.end(x)
		case EventRejected:
			if r := s.c.Refusal().Reason; r != ReasonStreams && r != ReasonStreamReset {
				s.fatal("rejected: %v", s.c.Refusal())
			}
		case EventFull:
			s.out = s.c.AppendOutput(s.out)
		case EventGone, EventRefused:
			s.fatal("%s: %v", ev, s.c.Refusal())
		case EventNone:
			return used
		}
	}
}

// answer sends the response that the client expects: see expect.
func (s *sim) answer(x *Exchange) {
	if x.dropped {
		s.log[x].body = nil
	}
	x.ResponseContent().Octets(s.log[x].body)
	if x.RawPath().Equal("/large") {
		x.ResponseContent().Octets(make([]byte, 50000))
	}
	s.out = x.AppendResponse(s.out, []byte(date))
	s.end(x)
}

func (s *sim) end(x *Exchange) {
	delete(s.log, x)
	if s.c.End(x) {
		x.Reset()
	} else {
		s.owned++
	}
}

func (s *sim) progress() {
	for x := s.c.Progress(); x != nil; x = s.c.Progress() {
		if x.Ended() {
			x.Reset()
			s.owned--
		}
	}
}

// work goes on with a function of the server.
func (s *sim) work() {
	if len(s.held) == 0 {
		return
	}
	i := s.rand.IntN(len(s.held))
	x := s.held[i]
	w := s.log[x]
	if !x.RawPath().Equal("/pieces") {
		s.held = slices.Delete(s.held, i, i+1)
		s.answer(x)
		return
	}
	if !w.opened {
		w.opened = true
		s.out = x.AppendStreamHead(s.out, []byte(date), -1)
	}
	if w.left--; w.left >= 0 {
		s.out, _ = x.AppendStreamContent(s.out, bytes.Repeat([]byte{'p'}, s.rand.IntN(30000)))
		return
	}
	s.held = slices.Delete(s.held, i, i+1)
	switch s.rand.IntN(6) {
	case 0:
		x.Abort(CodeInternal)
	case 1:
		x.ResponseTrailers().Set("a", "b")
		fallthrough
	default:
		s.out, _ = x.AppendStreamEnd(s.out)
	}
	s.end(x)
}

// read reads what the server has sent, and checks it.
func (s *sim) read() {
	out := s.out
	s.out = nil
	for len(out) > 0 {
		f := parseFrame(out)
		p := out[frameHeader : frameHeader+f.length]
		out = out[frameHeader+f.length:]
		st := s.streams[f.stream]
		if f.stream != 0 && (st == nil || st.over && !st.resets) && f.kind != frameReset && f.kind != frameWindowUpdate {
			s.fatal("%+v on a stream that is over", f)
		}
		switch f.kind {
		case frameSettings:
			if f.has(flagAck) && len(s.settings) > 0 {
				for _, st := range s.streams {
					st.window += s.settings[0] - s.initial
				}
				s.initial, s.settings = s.settings[0], s.settings[1:]
			}
		case frameWindowUpdate:
			n := int64(binary.BigEndian.Uint32(p))
			if f.stream == 0 {
				s.room += n
			} else {
				st.room += n
			}
		case frameHeaders:
			if _, err := s.dec.DecodeFull(p); err != nil || !f.has(flagEndHeaders) {
				s.fatal("%+v: %v", f, err)
			}
			st.head = true
		case frameData:
			s.window -= int64(len(p))
			st.window -= int64(len(p))
			if s.window < 0 || st.window < 0 && len(p) > 0 || !st.head || len(p) > minFrameSize {
				s.fatal("%+v beyond the window: %d, %d", f, s.window, st.window)
			}
			st.got = append(st.got, p...)
		case frameReset:
			if code := ErrCode(binary.BigEndian.Uint32(p)); code == CodeNo && !st.over {
				s.fatal("%s before the response is complete", code)
			}
			st.aborted, st.over = true, true
		case framePing:
		case framePriority, framePushPromise, frameGoAway, frameContinuation, framePriorityUpdate:
			s.fatal("%+v", f)
		}
		if f.stream != 0 && f.has(flagEndStream) && (f.kind == frameData || f.kind == frameHeaders) {
			if st.over = true; !st.resets {
				s.done++
			}
			if !bytes.HasPrefix(st.got, st.body) && len(st.got) != 50000 && string(st.got) != "ready" && len(bytes.Trim(st.got, "p")) > 0 && len(st.got) > 0 {
				s.fatal("stream %d: %d octets; %d in the request", f.stream, len(st.got), len(st.body))
			}
		}
	}
}

func (s *sim) fatal(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("seed %d: %s", s.seed, fmt.Sprintf(format, args...))
}

// TestSimulation runs seeds. In the end everything is answered, no exchange is
// lost, and the windows are what they were.
func TestSimulation(t *testing.T) {
	seeds := uint64(1000)
	if testing.Short() || invariant.Enabled { // checks make it slow
		seeds = 200
	}
	done, reset := 0, 0
	for seed := range seeds {
		s := newSim(t, seed)
		for range 300 {
			s.step()
		}
		s.quiet = true
		for range 5000 {
			if s.step(); s.c.Streams() == 0 && len(s.in) == 0 && len(s.client.out) == 0 && len(s.held) == 0 {
				break
			}
		}
		s.finish()
		done += s.done
		reset += s.reset
	}
	if done < int(seeds)*10 || reset < int(seeds) {
		t.Errorf("%d responses, %d resets", done, reset)
	}
}

// finish completes what the client has begun, and checks what is left.
func (s *sim) finish() {
	for range 3000 {
		for id, st := range s.streams {
			if !st.over && !st.aborted && st.window < 1<<23 {
				st.window += 1 << 20
				s.client.frame(frameWindowUpdate, 0, id, number(1<<20))
			}
		}
		for range 10 {
			s.sendAll()
			s.work()
		}
		s.update()
		s.deliver()
		if s.c.Streams() == 0 && len(s.in) == 0 && len(s.client.out) == 0 {
			break
		}
	}
	s.deliver()
	switch f := &s.c.flow; {
	case s.c.Streams() != 0 || s.owned != 0 || len(s.log) != 0:
		x := s.c.StreamAt(0)
		s.fatal("%d streams, %d owned, %d functions: %d %s pend %d room %d", s.c.Streams(), s.owned, len(s.log), x.id, x.state, len(x.pend), x.room)
	case f.window+f.granted != s.conf.ConnectionWindow:
		s.fatal("the connection's window has %d and %d of %d", f.window, f.granted, s.conf.ConnectionWindow)
	case s.c.output.used != 0 || s.c.output.first != nil || s.c.streams.lingering != 0:
		s.fatal("output %+v, lingering %d", s.c.output, s.c.streams.lingering)
	}
	for id, st := range s.streams {
		if !st.over {
			s.fatal("stream %d has no end", id)
		}
	}
}

// sendAll sends content of every request.
func (s *sim) sendAll() {
	for id := uint32(1); id < s.nextID; id += 2 {
		st := s.streams[id]
		if st.ends || st.resets || st.aborted {
			continue
		}
		n := int(min(int64(len(st.send)), 10000, st.room, s.room))
		if n == 0 && len(st.send) > 0 {
			continue
		}
		flags := uint8(0)
		if n == len(st.send) {
			flags, st.ends = flagEndStream, true
		}
		s.client.frame(frameData, flags, id, st.send[:n])
		st.send = st.send[n:]
		st.room -= int64(n)
		s.room -= int64(n)
	}
}
