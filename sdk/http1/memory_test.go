package http1_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// A world is a server in memory and what a test does to it.
type world struct {
	*sdktest.Server
	t   *testing.T
	app *app
}

func newWorld(t *testing.T, config sdk.Config) *world {
	t.Helper()
	return newWorldOf(t, newApp(), config)
}

func newWorldOf(t *testing.T, a *app, config sdk.Config) *world {
	t.Helper()
	w := newWorldWith(t, a, config)
	w.app = a
	return w
}

// newWorldWith is newWorldOf with another app.
func newWorldWith(t *testing.T, a sdk.App, config sdk.Config) *world {
	t.Helper()
	if config.OnPanic == nil {
		config.OnPanic = func(sdk.Panic) {}
	}
	s, err := sdktest.NewServer(a, sim.NewCalm(), secured(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.End(); err != nil {
			t.Error(err)
		}
		if n := s.Network.Open(); n != 0 {
			t.Errorf("%d descriptors stay", n)
		}
	})
	return &world{Server: s, t: t}
}

// dial returns a peer that has sent octets.
func (w *world) dial(send string) peer {
	w.t.Helper()
	p, err := connect(w.Server)
	if err != nil {
		w.t.Fatal(err)
	}
	p.Send([]byte(send))
	return p
}

// turns lets the server do all it can do at this time.
func (w *world) turns() {
	w.t.Helper()
	for range 50 {
		if err := w.Step(0); err != nil {
			w.t.Fatal(err)
		}
	}
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.Network.Advance(int64(d))
	w.turns()
}

// want checks that a peer got an answer with a status line and content, and
// whether the server ended the connection. It empties what was received.
func (w *world) want(p peer, why, status, content string, ended bool) {
	w.t.Helper()
	w.turns()
	got := string(p.Received())
	switch {
	case status == "" && got != "":
		w.t.Fatalf("%s: got %q; want nothing", why, got)
	case !strings.HasPrefix(got, status) || !strings.Contains(got, content):
		w.t.Fatalf("%s: got %q; want %s and %q", why, got, status, content)
	case p.Ended() != ended:
		w.t.Fatalf("%s: the connection has ended: %v; got %q", why, p.Ended(), got)
	case status != "" && ended && !strings.Contains(got, "Connection: close\r\n"):
		w.t.Fatalf("%s: the connection ends, but %q does not say so", why, got)
	case p.Broken():
		w.t.Fatalf("%s: the connection was reset; the answer may be lost", why)
	}
	p.Forget()
}

const (
	ok      = "HTTP/1.1 200 OK\r\n"
	getLoop = "GET /loop HTTP/1.1\r\nHost: x\r\n\r\n"
)

func TestContentOverTheRoutesLimit(t *testing.T) {
	for _, path := range []string{"/loop/body", "/pool/body", "/read"} {
		w := newWorld(t, sdk.Config{})
		fits := w.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat("a", 1000))
		w.want(fits, path+" at the limit", ok, "aaa", false)
		declared := w.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
		w.want(declared, path+" declared over it", "HTTP/1.1 413 ", "limit of 1000 octets", true)
		chunked := w.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + strings.Repeat("a", 1001) + "\r\n0\r\n\r\n")
		w.want(chunked, path+" sent over it", "HTTP/1.1 413 ", "", true)
	}
}

func TestLimitOfRouteCanExceedTheServers(t *testing.T) {
	w := newWorld(t, sdk.Config{Limits: sdk.Limits{}})
	w.app.routes["/pool/body"].plan.MaxBody = 40_000_000
	p := w.dial("POST /pool/body HTTP/1.1\r\nHost: x\r\nContent-Length: 40000001\r\n\r\n")
	w.want(p, "over the route's limit", "HTTP/1.1 413 ", "40000000", true)
	p = w.dial("POST /pool/body HTTP/1.1\r\nHost: x\r\nContent-Length: 35000000\r\n\r\n")
	w.want(p, "under it", "", "", false)
}

func TestContinue(t *testing.T) {
	for _, path := range []string{"/loop/body", "/pool/body", "/read"} {
		w := newWorld(t, sdk.Config{})
		p := w.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
		w.want(p, path+" wants the content", "HTTP/1.1 100 Continue\r\n\r\n", "", false)
		p.Send([]byte("abc"))
		w.want(p, path+" has it", ok, "abc", false)
		p.Send([]byte(getLoop))
		w.want(p, "next", ok, "on the loop", false)
		eager := w.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc")
		w.want(eager, path+" when the content is there already", ok, "abc", false)
	}
}

// TestContinueComesBeforeTheHead: a function that sends its head before another
// takes the content does not leave the client without 100, which could not be
// sent behind the head (RFC 9110 section 15.2).
func TestContinueComesBeforeTheHead(t *testing.T) {
	a := newApp()
	a.routes["/early"] = &route{
		plan: sdk.Plan{Name: "early", Body: sdk.BodyCollected, Streams: true},
		head: func(_ *app, x *http1.Exchange) bool {
			out := x.OpenResponse()
			_, _ = out.Write([]byte("early"))
			_ = out.Flush()
			return true
		},
		body: func(_ *app, x *http1.Exchange, content []byte) { _, _ = x.OpenResponse().Write(content) },
	}
	w := newWorldOf(t, a, sdk.Config{})
	p := w.dial("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
	w.turns()
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 100 Continue\r\n\r\n"+ok) || strings.Count(got, "100 Continue") != 1 || !strings.HasSuffix(got, "early\r\n") {
		t.Fatalf("got %q", got)
	}
	p.Forget()
	p.Send([]byte("abc"))
	w.want(p, "the content", "3\r\nabc\r\n0\r\n\r\n", "", false)
	p.Send([]byte(getLoop))
	w.want(p, "next", ok, "on the loop", false)
	p.Send([]byte("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"))
	w.turns()
	if got := string(p.Received()); strings.Contains(got, "100 Continue") {
		t.Errorf("it was there already: got %q", got)
	}
}

// TestRefusedContentIsNotAskedFor checks that who is refused does not get 100,
// and that the connection ends, for nobody knows whether content follows.
func TestRefusedContentIsNotAskedFor(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
	w.want(p, "refused", "HTTP/1.1 403 ", "Forbidden", true)
}

func TestUnreadContentIsReadPast(t *testing.T) {
	for _, path := range []string{"/loop", "/pool", "/ready", "/nowhere", "/refuse"} {
		w := newWorld(t, sdk.Config{})
		p := w.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
		w.turns()
		if early := path == "/refuse"; (len(p.Received()) > 0) != early {
			t.Errorf("%s was answered %q before the end of the request; only who wants the content answers early", path, p.Received())
		}
		p.Forget()
		p.Send([]byte("def" + getLoop))
		w.want(p, "after unread content of "+path, "HTTP/1.1 ", "on the loop", false)
		chunked := w.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
		w.turns()
		chunked.Send([]byte("zz"))
		status := "HTTP/1.1 400 "
		if path == "/refuse" {
			status = "HTTP/1.1 403 "
		}
		w.turns()
		if got := string(chunked.Received()); !strings.HasPrefix(got, status) || !chunked.Ended() {
			t.Errorf("malformed unread content of %s: got %q, ended %v", path, got, chunked.Ended())
		}

		large := w.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\nabc")
		w.want(large, "unread and large", "HTTP/1.1 ", "", true)
		endless := w.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 256 << 10 / 1024 {
			endless.Send([]byte("400\r\n" + strings.Repeat("a", 1024) + "\r\n"))
			w.turns()
		}
		if got := string(endless.Received()); !strings.HasPrefix(got, "HTTP/1.1 ") || !endless.Ended() || path != "/refuse" && !strings.Contains(got, "Connection: close\r\n") {
			t.Errorf("unread and without an end, %s: got %q, ended %v", path, got, endless.Ended())
		}
	}
}

func TestHeadTimeout(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial("")
	w.pass(100 * time.Second)
	p.Send([]byte("GET / HTTP/1.1\r\nA: "))
	w.turns()
	for range 29 {
		w.pass(time.Second)
		p.Send([]byte("E")) // octets do not move the deadline
		w.want(p, "in time", "", "", false)
	}
	w.pass(2 * time.Second)
	w.want(p, "too late", "HTTP/1.1 408 ", "too long", true)
}

func TestKeepAliveTimeout(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial(getLoop)
	w.want(p, "first", ok, "on the loop", false)
	w.pass(129 * time.Second)
	p.Send([]byte(getLoop))
	w.want(p, "just in time", ok, "on the loop", false)
	w.pass(131 * time.Second)
	w.want(p, "idle", "", "", true)

	p = w.dial("GET /pool HTTP/1.1\r\nHost: x\r\n\r\n")
	w.want(p, "off the loop", ok, "off the loop", false)
	w.pass(131 * time.Second)
	w.want(p, "idle after a unit", "", "", true)

	w.app.routes["/slow"] = &route{plan: sdk.Plan{Name: "slow"}, head: func(*app, *http1.Exchange) bool {
		w.Network.Advance(int64(60 * time.Second))
		return false
	}}
	p = w.dial("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	w.want(p, "off the loop, slow", ok, "", false)
	w.pass(129 * time.Second)
	w.want(p, "idle since the answer", "", "", false)
}

func TestCompleteRequestIsNotHeldBack(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial(getLoop + "POST /loop/body HTTP/1.1\r\nHost: x\r\nContent-Le")
	w.want(p, "the first", ok, "on the loop", false)
	p.Send([]byte("ngth: 1\r\n\r\n"))
	w.want(p, "the second waits for its content", "", "", false)
	p.Send([]byte("z"))
	w.want(p, "the second", ok, "got z", false)
}

// countingKernel counts the writes of a loop.
type countingKernel struct {
	netpoll.Kernel
	writes int
}

func (k *countingKernel) Write(fd int, p []byte) (int, error) {
	k.writes++
	return k.Kernel.Write(fd, p)
}

func TestPipelinedAnswersLeaveInOneWrite(t *testing.T) {
	network := sim.NewCalm()
	inner, err := network.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	k := &countingKernel{Kernel: inner}
	l, h, err := sdk.NewLoop(k, sdk.Config{}, sdk.NewPool(1))
	if err != nil {
		t.Fatal(err)
	}
	fd, addr, err := network.Listen(netip.MustParseAddrPort("127.0.0.1:0"), netpoll.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var setup sdk.Setup
	newApp().Install(&setup)
	if err = l.Serve(fd, setup.Accept(h, msg.PolicyStrict)); err != nil {
		t.Fatal(err)
	}
	p, err := network.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	p.Send([]byte(strings.Repeat(getLoop, 64)))
	for range 10 {
		if err := l.Turn(0); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(string(p.Received()), "on the loop"); n != 64 || k.writes != 1 {
		t.Errorf("%d answers in %d writes; want 64 in 1", n, k.writes)
	}
	p.Send([]byte(strings.Repeat(getLoop, 65)))
	p.Forget()
	for range 10 {
		if err := l.Turn(0); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(string(p.Received()), "on the loop"); n != 65 || k.writes != 3 {
		t.Errorf("%d answers in %d writes; want 65 in 2 turns", n, k.writes-1)
	}
}

func TestDrain(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	idle := w.dial(getLoop)
	w.want(idle, "before", ok, "", false)
	fresh := w.dial("")
	half := w.dial("GET /loop HT")
	collecting := w.dial("POST /pool/body HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
	w.turns()
	w.Host.Drain()
	w.want(idle, "idle", "", "", true)
	w.want(fresh, "fresh", "", "", true)
	half.Send([]byte("TP/1.1\r\nHost: x\r\n\r\n"))
	w.want(half, "in its head", ok, "on the loop", true)
	collecting.Send([]byte("bc"))
	w.want(collecting, "in its content", ok, "got abc", true)
}

// TestDrainBeforeAStream checks that a stream which begins while the server
// drains says that it is the last response.
func TestDrainBeforeAStream(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
	for range 3 { // it is accepted and lent, and its function does not run
		if err := w.Loop.Turn(0); err != nil {
			t.Fatal(err)
		}
	}
	w.Host.Drain()
	w.want(p, "before its response", ok, "abc", true)
}

// TestEndsOfThePeer checks that a peer which has finished sending still gets
// its answers, all of them.
func TestEndsOfThePeer(t *testing.T) {
	for _, send := range []string{
		getLoop, "GET /pool HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		strings.Repeat(getLoop, 200), strings.Repeat("GET /pool HTTP/1.1\r\nHost: x\r\n\r\n", 100),
	} {
		w := newWorld(t, sdk.Config{})
		p := w.dial(send)
		p.CloseWrite()
		for range 10 {
			w.turns()
		}
		if n, m := strings.Count(string(p.Received()), ok), strings.Count(send, "HTTP/1.1"); n != m || !p.Ended() {
			t.Errorf("%.40q: %d answers, ended %v; want %d and the end", send, n, p.Ended(), m)
		}
	}
}

// TestPeerEndsAmidItsContent checks that an incomplete request is no request:
// nobody is told of its content, and the connection ends.
func TestPeerEndsAmidItsContent(t *testing.T) {
	for path, answered := range map[string]bool{"/loop/body": false, "/pool/body": false, "/loop": false, "/refuse": true, "/read": false} {
		w := newWorld(t, sdk.Config{})
		p := w.dial("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
		w.turns()
		p.CloseWrite()
		w.turns()
		if got := string(p.Received()); strings.Contains(got, ok) || (got != "") != answered && path != "/read" || !p.Ended() {
			t.Errorf("%s: got %q, ended %v", path, got, p.Ended())
		}
	}
}

func TestShortResponseEndsTheConnection(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial("GET /short HTTP/1.1\r\nHost: x\r\n\r\n" + getLoop)
	w.turns()
	if got := string(p.Received()); strings.Contains(got, "on the loop") || !p.Ended() {
		t.Errorf("got %q, ended %v; the client cannot tell where the next answer begins", got, p.Ended())
	}
}

// TestErrorsBeforeTheHead checks that a stream whose head has not left yet can
// still be answered with an error, whatever went wrong.
func TestErrorsBeforeTheHead(t *testing.T) {
	const post = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, tt := range []struct {
		name, send, status string
		ended              bool
	}{
		{"a panic", "GET /panic/early HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 500 ", false},
		{"more content than announced", "GET /long HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 500 ", false},
		{"a field that cannot be sent", "GET /split/stream HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 500 ", false},
		{"a malformed chunk size", post + "zz", "HTTP/1.1 400 ", true},
		{"a malformed chunk behind one", post + "1\r\na\r\nzz", "HTTP/1.1 400 ", true},
	} {
		w := newWorld(t, sdk.Config{})
		w.want(w.dial(tt.send), tt.name, tt.status, "Content-Length: ", tt.ended)
		if strings.HasPrefix(tt.send, "POST") {
			p := w.dial("")
			for i := range tt.send {
				p.Send([]byte{tt.send[i]})
				w.turns()
			}
			if tt.name == "a malformed chunk size" {
				w.want(p, tt.name+", octet by octet", tt.status, "Content-Length: ", true)
			} else if got := string(p.Received()); !strings.HasPrefix(got, ok) || strings.HasSuffix(got, "0\r\n\r\n") || !p.Ended() {
				t.Errorf("%s, octet by octet: got %q, ended %v; want a response that is cut off", tt.name, got, p.Ended())
			}
		}
	}
}

// TestCutOffIsSeen checks that a response which is delimited by the end of its
// connection, and fails, ends in a reset.
func TestCutOffIsSeen(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial("GET /panic/late HTTP/1.0\r\n\r\n")
	w.turns()
	if !strings.HasSuffix(string(p.Received()), "half") || !p.Broken() {
		t.Errorf("got %q, reset %v", p.Received(), p.Broken())
	}
}

// TestRoutePanics checks that the server outlives generated code that panics
// while it chooses a route.
func TestRoutePanics(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	w.app.panicsAt = "/route"
	w.want(w.dial("GET /route HTTP/1.1\r\nHost: x\r\n\r\n"), "routing panics", "HTTP/1.1 500 ", "", true)
	w.want(w.dial(getLoop), "the next", ok, "on the loop", false)
}

func TestPanics(t *testing.T) {
	var panics []sdk.Panic
	w := newWorld(t, sdk.Config{OnPanic: func(p sdk.Panic) { panics = append(panics, p) }})
	p := w.dial("GET /panic HTTP/1.1\r\nHost: x\r\n\r\n")
	w.turns()
	if strings.Contains(string(p.Received()), "X-Half") {
		t.Error("what the function wrote before it panicked is sent")
	}
	w.want(p, "on the loop", "HTTP/1.1 500 ", "Internal Server Error", false)
	p.Send([]byte("GET /panic/late HTTP/1.1\r\nHost: x\r\n\r\n"))
	w.turns()
	if got := string(p.Received()); strings.HasSuffix(got, "0\r\n\r\n") || !p.Ended() {
		t.Errorf("a response that a panic cut short looks complete: %q, ended %v", got, p.Ended())
	}
	if len(panics) != 2 || panics[0].Route != "panic" || panics[0].Value != "on purpose" || !strings.Contains(string(panics[0].Stack), "app_test.go") {
		t.Errorf("reported: %v", panics)
	}
	for i, out := range w.app.outcomes {
		if !errors.Is(out.Err, sdk.ErrPanicked) {
			t.Errorf("outcome %d: %+v", i, out)
		}
	}
}

func TestOutcomes(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial(getLoop + "GET /pool HTTP/1.1\r\nHost: x\r\n\r\nHEAD /loop HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
	w.turns()
	late := w.dial("POST /pool/body HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
	w.turns()
	late.Reset()
	w.turns()
	want := []sdk.Outcome{
		{Route: "loop", Status: 200, Octets: 11},
		{Route: "pool", Status: 200, Octets: 12},
		{Route: "loop", Status: 200, Octets: 0},
		{Route: "404", Status: 404, Octets: 10},
		{Route: "pool body", Status: 0, Err: sdk.ErrPeerClosed},
	}
	if len(w.app.outcomes) != len(want) {
		t.Fatalf("outcomes %+v; peer got %q", w.app.outcomes, p.Received())
	}
	for i, out := range w.app.outcomes {
		if out != want[i] {
			t.Errorf("outcome %d is %+v; want %+v", i, out, want[i])
		}
	}
}

// TestUnitWaitsForEarlierOutput checks the requests of a peer that takes the
// answers before them late.
func TestUnitWaitsForEarlierOutput(t *testing.T) {
	// slow returns a peer that has sent octets and reads nothing.
	slow := func(w *world, send string) peer {
		p := w.dial("")
		p.SetWindow(50)
		p.StopReading()
		p.Send([]byte(getLoop + send))
		w.turns()
		return p
	}
	t.Run("and then it has finished sending", func(t *testing.T) {
		w := newWorld(t, sdk.Config{})
		p := slow(w, "GET /pool HTTP/1.1\r\nHost: x\r\n\r\n")
		p.CloseWrite()
		w.turns()
		p.StartReading()
		w.turns()
		if got := string(p.Received()); !strings.HasSuffix(got, "off the loop") || !p.Ended() || p.Broken() {
			t.Errorf("got %q, ended %v, reset %v", got, p.Ended(), p.Broken())
		}
	})
	t.Run("and sends on", func(t *testing.T) {
		w := newWorld(t, sdk.Config{})
		p := slow(w, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
		p.Send([]byte("def"))
		w.turns()
		p.StartReading()
		w.turns()
		p.Send([]byte("ghi" + getLoop))
		w.turns()
		if got := string(p.Received()); !strings.Contains(got, "6\r\nabcdef\r\n3\r\nghi\r\n0\r\n\r\nHTTP/1.1 200 OK") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("and ends within the content", func(t *testing.T) {
		for _, path := range []string{"/refuse", "/pool/body", "/read"} {
			w := newWorld(t, sdk.Config{})
			p := slow(w, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
			p.CloseWrite()
			w.turns()
			p.StartReading()
			w.turns()
			if !p.Ended() || p.Broken() {
				t.Errorf("%s: ended %v, reset %v", path, p.Ended(), p.Broken())
			}
		}
	})
	t.Run("and never does", func(t *testing.T) {
		w := newWorld(t, sdk.Config{})
		p := w.dial(getLoop)
		w.turns()
		w.pass(100 * time.Second) // of a deadline that does not count for what follows
		p.SetWindow(50)
		p.StopReading()
		p.Send([]byte(getLoop + "GET /pool HTTP/1.1\r\nHost: x\r\n\r\n"))
		w.turns()
		w.pass(5*time.Second - 1)
		if p.Ended() {
			t.Error("the connection ends too early")
		}
		w.pass(1)
		if n := w.Loop.Conns(); n != 0 || len(w.app.outcomes) != 3 || w.app.outcomes[2].Err != sdk.ErrTooSlow {
			t.Errorf("%d connections are open; outcomes %+v", n, w.app.outcomes)
		}
	})
}

// TestTurnFullOfAnswers checks what follows a turn with as many answers as one
// may have.
func TestTurnFullOfAnswers(t *testing.T) {
	for _, n := range []int{2, 3, 4} {
		w := newWorld(t, sdk.Config{Limits: sdk.Limits{Limits: msg.Limits{Pipelined: 2}}})
		p := w.dial(strings.Repeat(getLoop, n))
		p.CloseWrite()
		w.turns()
		if got := strings.Count(string(p.Received()), ok); got != n || !p.Ended() || p.Broken() {
			t.Errorf("%d requests and the end: %d answers, ended %v, reset %v", n, got, p.Ended(), p.Broken())
		}

		p = w.dial("G")
		w.turns()
		p.Send([]byte(strings.Repeat(getLoop, n)[1:]))
		w.turns()
		w.pass(100 * time.Second)
		if p.Ended() {
			t.Errorf("after %d requests the connection ends with the timeout of the first one's head", n)
		}
		w.pass(31 * time.Second)
		if !p.Ended() {
			t.Errorf("after %d requests the connection does not end", n)
		}
	}
}

// TestDeadlineAfterALoan checks that a deadline set before the functions ran
// does not count for what the loop waits for after them.
func TestDeadlineAfterALoan(t *testing.T) {
	for path, late := range map[string]string{"/pool/body": "HTTP/1.1 408 ", "/refuse": ""} {
		w := newWorld(t, sdk.Config{})
		p := w.dial("P")
		w.turns()
		p.Send([]byte("OST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"))
		w.turns()
		p.Forget()
		w.pass(5*time.Second - 1)
		w.want(p, path+" in time", "", "", false)
		w.pass(1)
		w.want(p, path+" too late", late, "", true)
	}
}

// TestTurnIsBoundedByOutput checks that requests wait while more than
// ResponseBufferHigh octets of answers do.
func TestTurnIsBoundedByOutput(t *testing.T) {
	w := newWorld(t, sdk.Config{Limits: sdk.Limits{Limits: msg.Limits{ResponseBufferHigh: 1000, ResponseBufferLow: 500}}})
	p := w.dial("")
	p.SetWindow(10)
	p.StopReading()
	p.Send([]byte(strings.Repeat(getLoop, 50)))
	w.turns()
	if n := len(w.app.outcomes); n < 10 || n > 1000/80 {
		t.Errorf("%d requests are answered, with 85 octets or so each", n)
	}
	p.SetWindow(100_000)
	p.StartReading()
	w.turns()
	if n := strings.Count(string(p.Received()), ok); n != 50 {
		t.Errorf("%d answers; want 50", n)
	}
}

// TestHeadOutlivesTheContent checks that functions which run after the content
// has come see the fields that came before it.
func TestHeadOutlivesTheContent(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial("POST /loop/field HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\nX-Name: Kes\r\n\r\n")
	w.turns()
	p.Send([]byte(strings.Repeat("a", 500)))
	w.want(p, "after the content", ok, "the name is Kes", false)
}

// TestContentThatAUnitLeaves checks that content which a function did not read
// is read past, wherever it ends.
func TestContentThatAUnitLeaves(t *testing.T) {
	const head = "POST /unheard HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n"
	for _, cut := range []int{0, 3, 6, 6 + len(getLoop)} {
		w := newWorld(t, sdk.Config{})
		rest := "abcdef" + getLoop
		p := w.dial(head + rest[:cut])
		w.turns()
		p.Send([]byte(rest[cut:]))
		w.turns()
		if got := string(p.Received()); !strings.Contains(got, "not listening"+ok) || !strings.HasSuffix(got, "on the loop") {
			t.Errorf("cut at %d: got %q", cut, got)
		}
	}
}

// TestMalformedContentAfterTheAnswer checks that a request is answered once.
func TestMalformedContentAfterTheAnswer(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial("POST /refuse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
	w.want(p, "before the content", "HTTP/1.1 403 ", "Forbidden", false)
	p.Send([]byte("zz\r\n"))
	w.want(p, "malformed", "", "", true)
	if len(w.app.outcomes) != 1 {
		t.Errorf("outcomes %+v", w.app.outcomes)
	}
}

// TestFailureReleasesTheConnection checks that after a response which a panic
// cut short nothing is waited for.
func TestFailureReleasesTheConnection(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial("GET /panic/late HTTP/1.1\r\nHost: x\r\n\r\n")
	w.turns()
	if !p.Closed() {
		t.Error("the connection stays open")
	}
}
