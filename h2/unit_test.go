package h2

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/net/http2/hpack"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// TestSize holds what an idle connection and an exchange cost.
func TestSize(t *testing.T) {
	if n := unsafe.Sizeof(Conn{}); n > 600 {
		t.Errorf("a Conn has %d octets", n)
	}
	if n := unsafe.Sizeof(Exchange{}); n > 700 {
		t.Errorf("an Exchange has %d octets", n)
	}
}

// TestIdle measures a connection that has answered requests and waits.
func TestIdle(t *testing.T) {
	if invariant.Enabled {
		t.Skip("with invariants, memory is not measured")
	}
	const conns = 200
	x := new(Exchange)
	in := newClient().get(1).get(3).frame(framePing, 0, 0, []byte("12345678")).take()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	list := make([]*Conn, conns)
	for i := range list {
		list[i] = new(Conn)
		list[i].Open(&defaults, 1)
		serve(t, list[i], x, in, nil, nil)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := (after.HeapAlloc - before.HeapAlloc) / conns; n > 1500 {
		t.Errorf("%d octets", n)
	}
	runtime.KeepAlive(list)
}

// TestStatic compares the tables of names with those of x/net.
func TestStatic(t *testing.T) {
	dec := hpack.NewDecoder(4096, nil)
	names := map[string]bool{}
	for i := 1; i < len(static); i++ {
		f, err := dec.DecodeFull([]byte{0x80 | byte(i)})
		if err != nil || f[0].Name != static[i].name || f[0].Value != static[i].value {
			t.Errorf("%d: %v, %v; theirs %v", i, err, static[i], f)
		}
		if name := static[i].name; name[0] != ':' && !names[name] {
			names[name] = true
			if got := staticName([]byte(name)); got != i {
				t.Errorf("%s: %d; want %d", name, got, i)
			}
		}
	}
	if len(static) != 62 {
		t.Error(len(static))
	}
	for _, name := range []string{"", "x", "content-typo", "xontent-type", "Date", ":status", "date\x00"} {
		if i := staticName([]byte(name)); i != 0 {
			t.Errorf("%q: %d", name, i)
		}
	}
}

// TestOctets derives the table of octets from the grammar.
func TestOctets(t *testing.T) {
	for c := range 256 {
		want := strings.ContainsRune("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz", rune(c)) && c < 128
		if got := octets[c]&octetName != 0; got != want {
			t.Errorf("%#02x: %t", c, got)
		}
	}
}

// TestIsValue compares with the definition, at every place of a value.
func TestIsValue(t *testing.T) {
	for n := range 20 {
		for at := range n {
			for c := range 256 {
				v := bytes.Repeat([]byte{'a'}, n)
				v[at] = byte(c)
				want := c >= ' ' && c != 0x7f || c == '\t'
				if (c == ' ' || c == '\t') && (at == 0 || at == n-1) {
					want = false
				}
				if isValue(v) != want {
					t.Fatalf("%q: %t", v, !want)
				}
			}
		}
	}
}

// TestHistory compares with a list of everything.
func TestHistory(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var h history
		begun := map[uint32]streamState{}
		id := uint32(1)
		for range 300 {
			h.begin(id)
			begun[id] = streamClosed
			for old := range begun {
				if r.IntN(len(begun)) == 0 && begun[old] == streamClosed {
					s := []streamState{streamClosed, streamReset, streamAborted}[r.IntN(3)]
					h.end(old, s)
					begun[old] = s
				}
				if len(begun) > 5 {
					break
				}
			}
			for probe := range id + 10 {
				want, ok := begun[probe]
				wantLeft := false
				switch {
				case probe > id || probe%2 == 0:
					want = streamIdle
				case id/2-probe/2 >= remembered:
					want = streamReset
				case !ok:
					want, wantLeft = streamClosed, true
				}
				if s, left := h.state(probe); s != want || left != wantLeft {
					t.Fatalf("stream %d of %d: %s, %t; want %s, %t", probe, id, s, left, want, wantLeft)
				}
			}
			id += 2
			if r.IntN(5) == 0 {
				id += 2 * uint32(r.IntN(200))
			}
			if id > 2000 {
				break
			}
		}
	}
}

// TestRefusals checks that every reason is complete, and that slugs are unique.
func TestRefusals(t *testing.T) {
	slugs := map[string]Reason{}
	for r := ReasonNone + 1; r < reasonCount; r++ {
		f := r.Refusal()
		if f.Reason != r || f.text == "" || f.slug == "" || f.Status == 0 && f.Code == 0 || f.Status != 0 && f.Scope != ScopeStream {
			t.Errorf("%d: %+v", r, f)
		}
		if strings.ToLower(f.slug) != f.slug || strings.ContainsAny(f.slug, " _") {
			t.Errorf("slug %q", f.slug)
		}
		if old, ok := slugs[f.slug]; ok {
			t.Errorf("%d and %d are %s", old, r, f.slug)
		}
		slugs[f.slug] = r
	}
	if ReasonNone.Slug() != "" || Reason(255).String() != "" || Reasons != int(reasonCount) {
		t.Error("the ends of the list")
	}
}

// TestConfig checks the defaults that README names, and the ranges.
func TestConfig(t *testing.T) {
	c := defaults
	c.Limits = nil
	want := Config{
		Streams: 100, FrameSize: 16384, HeaderTable: 4096, ConnectionWindow: 1 << 20, StreamWindow: 768 << 10,
		HeadTimeout: 30 * second, SettingsTimeout: 10 * second, PingTimeout: 15 * second, Budget: 1000, BudgetRate: 100,
	}
	if c != want {
		t.Errorf("%+v", c)
	}
	c = Config{Streams: -1, FrameSize: 5, ConnectionWindow: 5, StreamWindow: -1, Budget: -1, PingInterval: -1}.WithDefaults()
	if c.Streams != most32 || c.FrameSize != minFrameSize || c.ConnectionWindow != initialWindow || c.StreamWindow != maxStreamID || c.Budget != most32 || c.PingInterval != 0 {
		t.Errorf("%+v", c)
	}
}

// TestPriorityField reads priorities as RFC 9218 section 4 and RFC 8941 have them.
func TestPriorityField(t *testing.T) {
	for in, want := range map[string]priority{
		"":                 {},
		"u=0":              {-3, false},
		"u=7, i":           {4, true},
		"i, u=7":           {4, true},
		"i=?1":             {0, true},
		"i=?0":             {},
		"i, i=?0":          {},
		"u=1;a=b;c":        {-2, false},
		"u=1,u=2":          {-1, false},
		"u=8":              {},
		"u=-1":             {},
		"u=10":             {},
		"u":                {},
		"u=\"1\"":          {},
		"U=1":              {},
		"i=1":              {},
		"a=b, u=5 , x;y=z": {2, false},
		",,,":              {},
	} {
		if got := parsePriority([]byte(in), priority{}); got != want {
			t.Errorf("%q: %+v", in, got)
		}
	}
}

// TestHints keeps the latest priorities of streams that have not begun.
func TestHints(t *testing.T) {
	var h hints
	for i := range uint32(6) {
		h.keep(2*i+1, priority{int8(i) - 3, false})
	}
	h.keep(11, priority{4, true})
	for stream, want := range map[uint32]priority{5: {-1, false}, 7: {0, false}, 9: {1, false}, 11: {4, true}} {
		if p, ok := h.take(stream); p != want || !ok {
			t.Errorf("stream %d: %+v, %t", stream, p, ok)
		}
		if _, ok := h.take(stream); ok {
			t.Errorf("stream %d is not forgotten", stream)
		}
	}
	if _, ok := h.take(1); ok {
		t.Error("more is kept than there is room for")
	}
}

// TestIsPreface tells connections of HTTP/2 by their first octets.
func TestIsPreface(t *testing.T) {
	for n := range len(preface) {
		if is, more := IsPreface([]byte(preface[:n])); is || !more {
			t.Errorf("%d octets: %t, %t", n, is, more)
		}
		other := []byte(preface[:n] + "\xff")
		if is, more := IsPreface(other); is || more {
			t.Errorf("%q: %t, %t", other, is, more)
		}
	}
	if is, more := IsPreface([]byte(preface + "x")); !is || more {
		t.Error("all of it")
	}
}

// TestLongHead sends a head that does not fit a frame.
func TestLongHead(t *testing.T) {
	lengths := []int{100, minFrameSize - 60, minFrameSize, 2 * minFrameSize, 5*minFrameSize + 7}
	for n := 29690; n < 29770; n++ { // around two whole frames
		lengths = append(lengths, n)
	}
	whole := 0
	for _, n := range lengths {
		for _, ready := range []bool{false, true} {
			var c Conn
			c.Open(&defaults, 1)
			x := new(Exchange)
			in := newClient().get(1).take()
			for len(in) > 0 {
				_, _, m := c.Next(x, in, 1)
				in = in[m:]
			}
			c.AppendOutput(nil)
			fields := &msg.Fields{}
			if !ready {
				fields = x.ResponseFields()
			}
			fields.Set("A", strings.Repeat("a", n))
			fields.Set("B", strings.Repeat("b", n/10))
			var out []byte
			if ready {
				out = x.AppendReady([]byte("before"), []byte(date), NewReady(200, fields, []byte("content")))
			} else {
				x.ResponseContent().Text("content")
				out = x.AppendResponse([]byte("before"), []byte(date))
			}
			out = append(out[len("before"):], c.AppendOutput(nil)...) // a long head leaves no room for content
			var block []byte
			frames := 0
			for end := false; !end; frames++ {
				f := parseFrame(out)
				if f.stream != 1 || f.length > minFrameSize || (f.kind == frameContinuation) != (frames > 0) {
					t.Fatalf("%+v", f)
				}
				end = f.has(flagEndHeaders)
				block = append(block, out[frameHeader:frameHeader+f.length]...)
				out = out[frameHeader+f.length:]
			}
			list, err := hpack.NewDecoder(4096, nil).DecodeFull(block)
			if err != nil || len(list) != 5 {
				t.Fatal(err, len(list))
			}
			if f := parseFrame(out); f.kind != frameData || f.length != 7 || f.stream != 1 || !f.has(flagEndStream) {
				t.Errorf("%+v", f)
			}
			if wantFrames := (len(block) + minFrameSize - 1) / minFrameSize; frames != wantFrames {
				t.Errorf("%d frames; want %d", frames, wantFrames)
			}
			if len(block)%minFrameSize == 0 {
				whole++
			}
		}
	}
	if whole == 0 {
		t.Error("no head was of whole frames")
	}
}

// TestParseInt reads integers of HPACK (RFC 7541 section 5.1).
func TestParseInt(t *testing.T) {
	for _, tt := range []struct {
		in     string
		prefix uint
		i      uint64
		n      int
		ok     bool
	}{
		{"\x0a", 5, 10, 1, true},
		{"\xea", 5, 10, 1, true},
		{"\x1f\x9a\x0a", 5, 1337, 3, true},
		{"\x2a", 8, 42, 1, true},
		{"\x7f\x80\xff\xff\xff\x07", 7, 1<<31 - 1, 6, true},
		{"\x7f\x81\xff\xff\xff\x07", 7, 1 << 31, 6, false},
		{"\x7f\x80\x80\x80\x80\x00", 7, 127, 6, true},
		{"\x7f\x80\x80\x80\x80\x80\x00", 7, 0, 0, false},
		{"", 7, 0, 0, true},
		{"\x7f", 7, 0, 0, true},
		{"\x7f\x80", 7, 0, 0, true},
	} {
		if i, n, ok := parseInt([]byte(tt.in), tt.prefix); i != tt.i || n != tt.n || ok != tt.ok {
			t.Errorf("%q: %d, %d, %t", tt.in, i, n, ok)
		}
		if tt.ok && tt.n > 0 && len(tt.in) < 6 {
			if got := appendInt(nil, tt.prefix, tt.i); string(got[1:]) != tt.in[1:] {
				t.Errorf("%d: %q", tt.i, got)
			}
		}
	}
}

// TestLingering counts streams that are closed in order and whose functions
// still run: a well-behaved peer may begin others before, but not without end.
func TestLingering(t *testing.T) {
	conf := defaults
	conf.Streams = 2
	h, cl := new(Conn), newClient()
	h.Open(&conf, 1)
	accepted := 0
	for i := range uint32(6) {
		cl.get(2*i + 1)
		x := new(Exchange)
		for in := cl.take(); len(in) > 0; {
			ev, _, n := h.Next(x, in, 1)
			if in = in[n:]; ev == EventHead {
				accepted++
				x.AppendResponse(nil, []byte(date))
			}
		}
	}
	if accepted != 3 || h.Streams() != 3 || h.Refusal().Reason != ReasonStreams {
		t.Errorf("%d accepted, %d there, %v", accepted, h.Streams(), h.Refusal())
	}
	for h.Streams() > 0 {
		h.End(h.StreamAt(0))
	}
	if ev, _ := next(h, cl.get(21).take()); ev != EventEnd {
		t.Error(ev, h.Refusal())
	}
}

// TestRefusedGetsNoWindow checks that a peer is not asked for more content of a
// request that was refused, while its function runs; the connection's window is
// given back.
func TestRefusedGetsNoWindow(t *testing.T) {
	conf := defaults
	conf.StreamWindow, conf.ConnectionWindow = initialWindow, initialWindow
	var c Conn
	c.Open(&conf, 1)
	cl, x := newClient(), new(Exchange)
	cl.hold(1)
	for range 4 {
		cl.frame(frameData, 0, 1, make([]byte, 16000))
	}
	for in := cl.take(); len(in) > 0; {
		ev, _, n := c.Next(x, in, 1)
		if in = in[n:]; ev == EventHead {
			x.SetMaxBody(10)
		}
	}
	if x.Refusal() == nil || x.Refusal().Reason != ReasonBodyLimit || x.granted != 0 {
		t.Errorf("%v, %d octets", x.Refusal(), x.granted)
	}
	if out := c.AppendOutput(nil); !bytes.Contains(out, appendUpdate(nil, 0, 48000)) && !bytes.Contains(out, appendFrame(nil, 4, frameWindowUpdate, 0, 0)) {
		t.Errorf("%q", out)
	}
	if x.window != initialWindow-64000 {
		t.Errorf("%d octets may still come", x.window)
	}
}

// TestReadyIsTheResponse compares ready-made responses with written ones.
func TestReadyIsTheResponse(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		for _, status := range []int{200, 201, 204, 205, 304, 404, 500, 99} {
			for _, content := range []string{"", "content", strings.Repeat("x", 20000), strings.Repeat("x", 100000)} {
				var got [2][]byte
				for i := range got {
					var c Conn
					c.Open(&defaults, 1)
					cl := newClient()
					x := new(Exchange)
					in := cl.frame(frameHeaders, flagEndHeaders|flagEndStream, 1, cl.block(":method", method, ":scheme", "http", ":path", "/")).take()
					for len(in) > 0 {
						_, _, m := c.Next(x, in, 1)
						in = in[m:]
					}
					if i == 0 {
						x.SetStatus(status)
						x.ResponseContent().Text(content)
						got[i] = x.AppendResponse(nil, []byte(date))
					} else {
						got[i] = x.AppendReady(nil, []byte(date), NewReady(status, nil, []byte(content)))
					}
					got[i] = c.AppendOutput(got[i])
				}
				if !bytes.Equal(got[0], got[1]) {
					t.Errorf("%s %d, %d octets:\n%.200q\n%.200q", method, status, len(content), got[0], got[1])
				}
			}
		}
	}
	var fields msg.Fields
	fields.Set("Content-Length", "1")
	if r := NewReady(200, &fields, []byte("a")); r.status != 500 || r.content != nil {
		t.Errorf("%+v", r)
	}
}

// TestDeclaredLength holds a response to what its head declared.
func TestDeclaredLength(t *testing.T) {
	for _, tt := range []struct {
		name     string
		declared int64
		pieces   []string
		end      error
	}{
		{"exact", 6, []string{"abc", "", "def"}, nil},
		{"nothing", 0, nil, nil},
		{"any", -1, []string{"a"}, nil},
		{"short", 6, []string{"abc"}, ErrContentLength},
	} {
		c, _, x := inState(t, streamHalfRemote)
		out := x.AppendStreamHead(nil, []byte(date), tt.declared)
		var err error
		for _, p := range tt.pieces {
			if out, err = x.AppendStreamContent(out, []byte(p)); err != nil {
				t.Error(tt.name, err)
			}
		}
		out, err = x.AppendStreamEnd(out)
		if err != tt.end {
			t.Errorf("%s: %v", tt.name, err)
		}
		want := streamClosed
		if tt.end != nil {
			want = streamAborted
		}
		if x.state != want || !c.End(x) {
			t.Errorf("%s: %s", tt.name, x.state)
		}
		if out = c.AppendOutput(out); tt.end != nil && !bytes.HasSuffix(out, appendReset(nil, 1, CodeInternal)) {
			t.Errorf("%s: %q", tt.name, out)
		}
	}
	_, _, x := inState(t, streamHalfRemote)
	x.AppendStreamHead(nil, []byte(date), 2)
	if out, err := x.AppendStreamContent(nil, []byte("abc")); err != ErrContentLength || len(out) > 0 {
		t.Errorf("more than declared: %v, %q", err, out)
	}
}
