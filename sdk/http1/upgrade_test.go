package http1_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

const (
	offer    = "Host: x\r\nConnection: upgrade\r\nUpgrade: p\r\n"
	switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: p\r\n\r\n"
)

// upgrades adds a route whose function upgrades to "p" and runs f on the
// stream. An error is answered as generated code does it.
func (a *app) upgrades(path string, plan sdk.Plan, f func(x *http1.Exchange, s sdk.UpgradedStream) error) {
	plan.Name, plan.Streams = path, true
	run := func(_ *app, x *http1.Exchange) {
		s, err := x.OpenUpgrade("p")
		if err == nil {
			err = f(x, s)
		}
		if err != nil {
			sdk.WriteError(x, err)
		}
	}
	a.routes[path] = &route{
		plan: plan,
		head: func(a *app, x *http1.Exchange) bool {
			if plan.Body == sdk.BodyCollected {
				return true
			}
			run(a, x)
			return false
		},
		body: func(a *app, x *http1.Exchange, _ []byte) { run(a, x) },
	}
}

// repeat sends back what it reads, up to the peer's end, and then says bye.
func repeat(_ *http1.Exchange, s sdk.UpgradedStream) error {
	if _, err := io.Copy(s, s); err != nil {
		return err
	}
	_, err := io.WriteString(s, ", bye")
	return err
}

// got returns what a peer has received, and empties it.
func (w *world) got(p peer) string {
	w.t.Helper()
	w.turns()
	got := string(p.Received())
	p.Forget()
	return got
}

// TestUpgrade checks the way to the stream: with which requests, and which
// octets are its first.
func TestUpgrade(t *testing.T) {
	const first = "first \x00\xff GET / HTTP/1.1\r\n\r\n"
	for _, tt := range []struct{ name, send, before string }{
		{"bare", "GET /p HTTP/1.1\r\n" + offer + "\r\n", ""},
		{"content that nobody wants", "POST /p HTTP/1.1\r\n" + offer + "Content-Length: 3\r\n\r\nabc", ""},
		{"chunked content that nobody wants", "POST /p HTTP/1.1\r\n" + offer + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ""},
		{"collected content", "POST /p/body HTTP/1.1\r\n" + offer + "Content-Length: 3\r\n\r\nabc", ""},
		{"no content to be collected", "POST /p/body HTTP/1.1\r\n" + offer + "\r\n", ""},
		{"content that is read", "POST /p/read HTTP/1.1\r\n" + offer + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ""},
		{"no content to be read", "POST /p/read HTTP/1.1\r\n" + offer + "\r\n", ""},
		{"content that came unasked", "POST /p/read HTTP/1.1\r\n" + offer + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 100 Continue\r\n\r\n"},
		{"an expectation of nothing", "POST /p HTTP/1.1\r\n" + offer + "Expect: 100-continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for cut := range len(tt.send + first) {
				w := newUpgrading(t)
				p := w.dial((tt.send + first)[:cut])
				w.turns()
				p.Send([]byte((tt.send + first)[cut:]))
				w.turns()
				p.Send([]byte(" and more"))
				if got, want := w.got(p), tt.before+switched+first+" and more"; got != want {
					t.Fatalf("cut at %d: got %q\nwant %q", cut, got, want)
				}
				p.CloseWrite()
				if got := w.got(p); got != ", bye" || !p.Ended() || p.Broken() {
					t.Fatalf("cut at %d: at the end: %q, ended %v, reset %v", cut, got, p.Ended(), p.Broken())
				}
				if want := (sdk.Outcome{Route: w.app.outcomes[0].Route, Status: 101}); len(w.app.outcomes) != 1 || w.app.outcomes[0] != want {
					t.Fatalf("outcomes %+v", w.app.outcomes)
				}
			}
		})
	}
}

// newUpgrading returns a world whose app upgrades in every way.
func newUpgrading(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, sdk.Config{})
	w.app.upgrades("/p", sdk.Plan{}, repeat)
	w.app.upgrades("/p/body", sdk.Plan{Body: sdk.BodyCollected}, repeat)
	w.app.upgrades("/p/read", sdk.Plan{Body: sdk.BodyStreamed}, repeat)
	unread := w.app.routes["/p/read"].head
	w.app.routes["/p/read"].head = func(a *app, x *http1.Exchange) bool {
		_, _ = io.ReadAll(x.OpenRequest())
		return unread(a, x)
	}
	w.app.routes["/p/unread"] = &route{plan: sdk.Plan{Name: "unread", Body: sdk.BodyStreamed, Streams: true}, head: unread}
	return w
}

// TestUpgradeWaitsForTheContent checks the order of 100 and 101.
func TestUpgradeWaitsForTheContent(t *testing.T) {
	for _, path := range []string{"/p/read", "/p/body"} {
		w := newUpgrading(t)
		p := w.dial("POST " + path + " HTTP/1.1\r\n" + offer + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
		if got := w.got(p); got != "HTTP/1.1 100 Continue\r\n\r\n" {
			t.Fatalf("%s: got %q before the content", path, got)
		}
		p.Send([]byte("abcd"))
		if got := w.got(p); got != switched+"d" {
			t.Fatalf("%s: got %q behind the content", path, got)
		}
	}
}

// TestRefusedUpgrades checks what is not upgraded, and that the connection can
// be used for the next request where it was good for one.
func TestRefusedUpgrades(t *testing.T) {
	for _, tt := range []struct {
		name, send, status, content string
		ended                       bool
	}{
		{"no offer", "GET /p HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 426 ", "\r\nConnection: Upgrade\r\nUpgrade: p\r\n", false},
		{"another offer", "GET /p HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: q\r\n\r\n", "HTTP/1.1 426 ", "wants the protocol p\n", false},
		{"HTTP/1.0", "GET /p HTTP/1.0\r\n" + offer + "\r\n", "HTTP/1.1 426 ", "\r\nUpgrade: p\r\n", true},
		{"unread content", "POST /p/unread HTTP/1.1\r\n" + offer + "Content-Length: 3\r\n\r\nabc", "HTTP/1.1 400 ", "before the content was read", false},
		{"content that is not asked for", "POST /p HTTP/1.1\r\n" + offer + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", "HTTP/1.1 400 ", "before the content was read", true},
		{"much content", "POST /p HTTP/1.1\r\n" + offer + "Content-Length: 3000000\r\n\r\n", "HTTP/1.1 400 ", "before the content was read", true},
		{"no route for it", "GET /loop HTTP/1.1\r\n" + offer + "\r\n", ok, "on the loop", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newUpgrading(t)
			p := w.dial(tt.send)
			w.want(p, tt.name, tt.status, tt.content, tt.ended)
			if !tt.ended {
				p.Send([]byte(getLoop))
				w.want(p, "the next", ok, "on the loop", false)
			}
		})
	}
}

// TestUpgradeFixesTheResponse checks what can be done before and after.
func TestUpgradeFixesTheResponse(t *testing.T) {
	const request = "GET /f HTTP/1.1\r\n" + offer + "\r\n"
	w := newWorld(t, sdk.Config{})
	for name, f := range map[string]func(x *http1.Exchange) error{
		"twice": func(x *http1.Exchange) error {
			_, err := x.OpenUpgrade("p")
			_, again := x.OpenUpgrade("p")
			return errors.Join(err, want(again, sdk.ErrTooLate))
		},
		"after OpenResponse": func(x *http1.Exchange) error {
			x.OpenResponse()
			_, err := x.OpenUpgrade("p")
			return want(err, sdk.ErrTooLate)
		},
		"before OpenResponse": func(x *http1.Exchange) error {
			_, err := x.OpenUpgrade("p")
			_, late := x.OpenResponse().Write(make([]byte, 100_000))
			return errors.Join(err, want(late, sdk.ErrTooLate), want(x.OpenResponse().Flush(), sdk.ErrTooLate))
		},
		"before SendEarlyHints": func(x *http1.Exchange) error {
			_, err := x.OpenUpgrade("p")
			x.AddEarlyHint("</a.css>")
			return errors.Join(err, want(x.SendEarlyHints(), sdk.ErrTooLate))
		},
		"a field that cannot be sent": func(x *http1.Exchange) error {
			x.ResponseFields().Set("A", "b\r\nc: d")
			_, err := x.OpenUpgrade("p")
			return want(err, x.ResponseFields().Err())
		},
		"no name of a protocol": func(x *http1.Exchange) error {
			if _, err := x.OpenUpgrade("p\r\nc: d"); sdk.StatusOf(err) != 500 {
				return fmt.Errorf("the status is not 500: %w", err)
			}
			return nil
		},
		"fields": func(x *http1.Exchange) error {
			x.SetStatus(418)
			x.ResponseFields().Set("Sec-WebSocket-Accept", "a")
			x.ResponseFields().Set("Connection", "close")
			x.ResponseContent().Text("content")
			_, err := x.OpenUpgrade("p")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.app.routes["/f"] = &route{plan: sdk.Plan{Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
				if err := f(x); err != nil {
					t.Error(err)
				}
				return false
			}}
			p := w.dial(request)
			got := w.got(p)
			if n := strings.Count(got, "HTTP/1.1 "); n != 1 || strings.Contains(got, "\nc: d") || p.Broken() {
				t.Errorf("got %q", got)
			}
			if fields := strings.Replace(switched, "Connection", "Sec-WebSocket-Accept: a\r\nConnection", 1); name == "fields" && got != fields {
				t.Errorf("got %q; want %q", got, fields)
			}
		})
	}
	t.Run("the plan does not stream", func(t *testing.T) {
		w.app.upgrades("/q", sdk.Plan{}, repeat)
		w.app.routes["/q"].plan.Streams = false
		w.want(w.dial(strings.Replace(request, "/f", "/q", 1)), "refused", "HTTP/1.1 500 ", "", false)
	})
}

// want returns an error unless err is what is wanted.
func want(err, wanted error) error {
	if err == nil || !errors.Is(err, wanted) {
		return fmt.Errorf("want %w; got %w", wanted, err)
	}
	return nil
}

// TestUpgradedEnds checks how a connection ends, and what the outcome says.
func TestUpgradedEnds(t *testing.T) {
	oops := errors.New("oops")
	for _, tt := range []struct {
		name   string
		f      func(x *http1.Exchange, s sdk.UpgradedStream) error
		err    error // of the outcome
		broken bool
	}{
		{"the function returns", func(*http1.Exchange, sdk.UpgradedStream) error { return nil }, nil, false},
		{"with an error", func(*http1.Exchange, sdk.UpgradedStream) error { return oops }, sdk.ErrTooLate, false},
		{"closed", func(_ *http1.Exchange, s sdk.UpgradedStream) error {
			for range 2 {
				if err := s.Close(); err != nil {
					return err
				}
			}
			_, read := s.Read(make([]byte, 1))
			_, write := s.Write([]byte("x"))
			for _, err := range []error{read, write, s.CloseWrite()} {
				if err != io.ErrClosedPipe {
					return fmt.Errorf("after Close: %w", err)
				}
			}
			return nil
		}, nil, false},
		{"half closed", func(_ *http1.Exchange, s sdk.UpgradedStream) error {
			if err := s.CloseWrite(); err != nil {
				return err
			}
			for _, err := range []error{s.CloseWrite(), func() error { _, err := s.Write([]byte("x")); return err }()} {
				if err != io.ErrClosedPipe {
					return fmt.Errorf("after CloseWrite: %w", err)
				}
			}
			_, err := io.ReadFull(s, make([]byte, 5))
			return err
		}, nil, false},
		{"it panics", func(*http1.Exchange, sdk.UpgradedStream) error { panic("on purpose") }, sdk.ErrPanicked, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, sdk.Config{})
			w.app.upgrades("/p", sdk.Plan{}, func(x *http1.Exchange, s sdk.UpgradedStream) error {
				if _, err := s.Write([]byte("hello")); err != nil {
					return err
				}
				return tt.f(x, s)
			})
			p := w.dial("GET /p HTTP/1.1\r\n" + offer + "\r\n")
			if got := w.got(p); got != switched+"hello" || !p.Ended() {
				t.Fatalf("got %q, ended %v", got, p.Ended())
			}
			if len(w.app.outcomes) == 0 {
				p.Send([]byte("abcde")) // to who has closed one half
				w.turns()
			}
			if w.app.outcomes[0].Status != 101 || w.app.outcomes[0].Err != tt.err {
				t.Errorf("outcome %+v; want error %v", w.app.outcomes[0], tt.err)
			}
			p.Send([]byte("more")) // lingering: nothing is reset while the peer still sends
			w.turns()
			if p.Broken() != tt.broken {
				t.Errorf("reset %v", p.Broken())
			}
			p.CloseWrite()
			w.turns()
			if n := w.Loop.Conns(); n != 0 {
				t.Errorf("%d connections stay", n)
			}
		})
	}
}

// TestUpgradedBackPressure checks that a writer waits for a peer that does not
// read, while the other direction goes on; and that no timeout ends that.
func TestUpgradedBackPressure(t *testing.T) {
	const most = 64 << 10 // the peer's window
	for _, closes := range []bool{false, true} {
		w := newWorld(t, sdk.Config{})
		var stream sdk.UpgradedStream
		var read int64
		var readErr, writeErr error
		w.app.upgrades("/p", sdk.Plan{}, func(_ *http1.Exchange, s sdk.UpgradedStream) error {
			stream = s
			done := w.Network.Scheduler().Waiter()
			w.Network.Scheduler().Go(func() {
				_, writeErr = s.Write(make([]byte, 1<<20))
				done.Wake()
			})
			read, readErr = io.Copy(io.Discard, s)
			done.Wait()
			return nil
		})
		p := w.dial("GET /p HTTP/1.1\r\n" + offer + "\r\n")
		p.StopReading()
		for range 100 {
			p.Send(make([]byte, 10_000))
			w.pass(10 * time.Second)
		}
		if n := len(p.Received()); n > most || p.Ended() {
			t.Fatalf("%d octets were sent to a peer that does not read; ended %v", n, p.Ended())
		}
		if closes {
			if err := stream.Close(); err != nil {
				t.Fatal(err)
			}
		} else {
			p.CloseWrite()
			p.StartReading()
		}
		w.turns()
		wantErr, wantGot := error(nil), len(switched)+1<<20
		if closes {
			wantErr, wantGot = io.ErrClosedPipe, most
		}
		got := len(p.Received())
		if *secure && closes && got < wantGot && got >= wantGot-16<<10 {
			got = wantGot // the last record is not complete
		}
		if read != 1_000_000 || readErr != wantErr || writeErr != wantErr || got != wantGot || !p.Ended() || p.Broken() {
			t.Errorf("read %d octets, %v, wrote until %v; the peer got %d, ended %v, reset %v",
				read, readErr, writeErr, len(p.Received()), p.Ended(), p.Broken())
		}
	}
}

// TestUpgradedOutlivesItsFunction checks that a goroutine which the function
// left behind is let go before the exchange is used for another request, and
// then cannot reach it.
func TestUpgradedOutlivesItsFunction(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	var stream sdk.UpgradedStream
	var leaves netpoll.Waiter // the function
	var atOnce error
	left := map[string]error{}
	w.app.upgrades("/p", sdk.Plan{}, func(_ *http1.Exchange, s sdk.UpgradedStream) error {
		stream = s
		w.Network.Scheduler().Go(func() { _, left["read"] = s.Read(make([]byte, 1)) })
		w.Network.Scheduler().Go(func() { _, left["write"] = s.Write(make([]byte, 1<<20)) })
		leaves = w.Network.Scheduler().Waiter()
		leaves.Wait()
		_, atOnce = s.Read(make([]byte, 1))
		return nil
	})
	p := w.dial("GET /p HTTP/1.1\r\n" + offer + "\r\n")
	p.StopReading()
	w.turns()
	leaves.Wake()
	w.turns()
	if atOnce == nil || errors.Is(atOnce, io.ErrClosedPipe) {
		t.Errorf("who reads beside another gets %v", atOnce)
	}
	if left["read"] != io.ErrClosedPipe || left["write"] != io.ErrClosedPipe || len(w.app.outcomes) != 1 || w.app.outcomes[0].Err != nil {
		t.Fatalf("left: %v, outcomes %+v", left, w.app.outcomes)
	}
	w.app.routes["/wait"].head = func(*app, *http1.Exchange) bool {
		_, read := stream.Read(make([]byte, 1))
		_, write := stream.Write([]byte("x"))
		for _, err := range []error{read, write, stream.CloseWrite()} {
			if err != io.ErrClosedPipe {
				t.Errorf("when the exchange is over: %v", err)
			}
		}
		if err := stream.Close(); err != nil {
			t.Error(err)
		}
		return false
	}
	w.want(w.dial("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"), "another request", ok, "Content-Length: 0", false)
}

// TestUpgradedAndShutdown checks that the function learns that the server shuts
// down, can say goodbye, and is waited for; that it is aborted when the server
// stops waiting; and that nothing is upgraded from then on.
func TestUpgradedAndShutdown(t *testing.T) {
	for _, stubborn := range []bool{false, true} {
		w := newWorld(t, sdk.Config{})
		var ctx context.Context
		var last error
		w.app.upgrades("/p", sdk.Plan{}, func(x *http1.Exchange, s sdk.UpgradedStream) error {
			ctx = x.Context()
			for {
				if _, last = s.Read(make([]byte, 1)); last != nil {
					return last
				}
				if _, err := io.WriteString(s, "goodbye"); err != nil || !stubborn {
					return err
				}
			}
		})
		upgrade := "GET /p HTTP/1.1\r\n" + offer + "\r\n"
		p, half := w.dial(upgrade), w.dial(upgrade[:10])
		w.turns()
		if ctx.Err() != nil {
			t.Fatal("the context has ended")
		}
		w.Host.Drain()
		if context.Cause(ctx) != sdk.ErrShutdown {
			t.Fatalf("the context: %v", context.Cause(ctx))
		}
		half.Send([]byte(upgrade[10:]))
		w.want(half, "upgrading late", "HTTP/1.1 503 ", "", true)
		w.pass(time.Hour)
		p.Send([]byte("x"))
		if got := w.got(p); got != switched+"goodbye" || p.Ended() == stubborn || p.Broken() {
			t.Errorf("got %q, ended %v, reset %v", got, p.Ended(), p.Broken())
		}
		if !stubborn {
			continue
		}
		w.Host.Abort()
		w.turns()
		if last != sdk.ErrShutdown || !p.Ended() || w.app.outcomes[len(w.app.outcomes)-1].Err != sdk.ErrShutdown {
			t.Errorf("reading ends with %v; outcomes %+v", last, w.app.outcomes)
		}
	}
}

// TestUpgradeDuringShutdown checks the context of an exchange that begins to be
// a stream, or asks for its context, in the very moment.
func TestUpgradeDuringShutdown(t *testing.T) {
	for name, drain := range map[string]func(w *world, x *http1.Exchange) context.Context{
		"before the context is asked for": func(w *world, x *http1.Exchange) context.Context { w.Host.Drain(); return x.Context() },
		"after":                           func(w *world, x *http1.Exchange) context.Context { ctx := x.Context(); w.Host.Drain(); return ctx },
	} {
		w := newWorld(t, sdk.Config{})
		var cause error
		w.app.upgrades("/p", sdk.Plan{}, func(x *http1.Exchange, _ sdk.UpgradedStream) error {
			cause = context.Cause(drain(w, x))
			return nil
		})
		w.dial("GET /p HTTP/1.1\r\n" + offer + "\r\n")
		w.turns()
		if cause != sdk.ErrShutdown {
			t.Errorf("%s: %v", name, cause)
		}
	}
}

// TestPeerEndsUpgraded checks what the function sees of a peer's end.
func TestPeerEndsUpgraded(t *testing.T) {
	for _, reset := range []bool{false, true} {
		w := newWorld(t, sdk.Config{})
		var ctx context.Context
		var errs []error
		w.app.upgrades("/p", sdk.Plan{}, func(x *http1.Exchange, s sdk.UpgradedStream) error {
			ctx = x.Context()
			for range 2 {
				_, err := s.Read(make([]byte, 1))
				errs = append(errs, err)
			}
			_, err := s.Write([]byte("x"))
			errs = append(errs, err, s.CloseWrite())
			if n, err := s.Read(nil); n != 0 || errors.Is(err, io.EOF) {
				t.Errorf("reading nothing: %d, %v", n, err)
			}
			return nil
		})
		p := w.dial("GET /p HTTP/1.1\r\n" + offer + "\r\n")
		w.turns()
		want := []error{io.EOF, io.EOF, nil, nil}
		var outcome error
		cause := context.Canceled // the exchange is over
		if p.CloseWrite(); reset {
			p.Reset()
			outcome, cause = sdk.ErrPeerClosed, sdk.ErrPeerClosed
			want = []error{outcome, outcome, outcome, outcome}
		}
		w.turns()
		if !slices.Equal(errs, want) || w.app.outcomes[0].Err != outcome || context.Cause(ctx) != cause {
			t.Errorf("errors %v, outcome %+v, context %v", errs, w.app.outcomes[0], context.Cause(ctx))
		}
		// What uses the exchange next is told again.
		w.dial("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").CloseWrite()
		w.turns()
		if !slices.Equal(w.app.canceled, []error{sdk.ErrPeerClosed}) {
			t.Errorf("the next exchange ends with %v", w.app.canceled)
		}
	}
}

// TestUpgradedFailsOnce checks that the first failure is the one that stays,
// and that a peer which is gone gets no stream.
func TestUpgradedFailsOnce(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	var goesOn netpoll.Waiter
	var errs []error
	w.app.routes["/p"] = &route{plan: sdk.Plan{Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
		goesOn = w.Network.Scheduler().Waiter()
		goesOn.Wait()
		s, err := x.OpenUpgrade("p")
		if err == nil {
			_, err = s.Read(make([]byte, 1))
			w.Host.Abort()
			_, err2 := s.Write([]byte("x"))
			errs = append(errs, err2)
		} else {
			sdk.WriteError(x, err)
		}
		errs = append(errs, err)
		return false
	}}
	for _, early := range []bool{true, false} {
		p := w.dial("GET /p HTTP/1.1\r\n" + offer + "\r\n")
		w.turns()
		if early {
			p.Reset()
		}
		goesOn.Wake()
		w.turns()
		p.Reset()
		w.turns()
	}
	for _, out := range w.app.outcomes {
		errs = append(errs, out.Err)
	}
	if len(errs) != 5 || slices.ContainsFunc(errs, func(err error) bool { return err != sdk.ErrPeerClosed }) {
		t.Errorf("got %v; want what came first", errs)
	}
}

// TestUpgradeBehindOthers checks the stream of a client that has sent other
// requests before, does not read their answers at once, and sends on.
func TestUpgradeBehindOthers(t *testing.T) {
	w := newUpgrading(t)
	p := w.dial("")
	p.SetWindow(50)
	p.StopReading()
	p.Send([]byte(getLoop + "GET /pool HTTP/1.1\r\nHost: x\r\n\r\nGET /p HTTP/1.1\r\n" + offer + "\r\none"))
	w.turns()
	p.Send([]byte(", two"))
	w.turns()
	p.StartReading()
	w.turns()
	p.Send([]byte(", three"))
	if got := w.got(p); strings.Count(got, ok) != 2 || !strings.HasSuffix(got, switched+"one, two, three") {
		t.Errorf("got %q", got)
	}
}

// TestSimUpgraded lets both sides send at any moment, each with two goroutines,
// over seeded schedules: every octet arrives in its order, and what ends the
// exchange ends it for all.
func TestSimUpgraded(t *testing.T) {
	seeds := uint64(1000)
	if testing.Short() {
		seeds = 100
	}
	for seed := range seeds {
		simUpgraded(t, seed)
	}
}

func simUpgraded(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	toServer, toPeer := octetsOf(r, r.IntN(5000)), octetsOf(r, r.IntN(5000))
	network := sim.New(seed, sim.Faults{})
	a := newApp()
	var got []byte
	var errs []error
	var stream sdk.UpgradedStream
	a.upgrades("/p", sdk.Plan{}, func(_ *http1.Exchange, s sdk.UpgradedStream) error {
		stream = s
		network.Scheduler().Go(func() {
			for left := toPeer; len(left) > 0; {
				n, err := s.Write(left[:1+r.IntN(len(left))])
				if left = left[n:]; err != nil {
					errs = append(errs, err)
					return
				}
			}
			if seed%2 == 0 {
				errs = append(errs, s.CloseWrite())
			}
		})
		for {
			buf := make([]byte, 1+r.IntN(300))
			n, err := s.Read(buf)
			if got = append(got, buf[:n]...); err != nil {
				errs = append(errs, err)
				return nil
			}
		}
	})
	s, err := sdktest.NewServer(a, network, sdk.Config{Limits: sdk.Limits{DrainTimeout: sdk.Unlimited}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := network.Dial(s.Address)
	if err != nil {
		t.Fatal(err)
	}
	p.SetWindow(1 + r.IntN(1000))
	p.Send(slices.Concat([]byte("GET /p HTTP/1.1\r\n"+offer+"\r\n"), toServer))
	steps := func(why string, done func() bool) {
		t.Helper()
		for range 20_000 {
			if done() {
				return
			}
			for range r.IntN(4) {
				network.Scheduler().Step()
			}
			if err := s.Loop.Turn(-1); err != nil {
				t.Fatal(err)
			}
		}
		t.Fatalf("seed %d: %s does not happen; the server read %d octets, the peer got %d, errors %v", seed, why, len(got), len(p.Received()), errs)
	}
	all := append([]byte(switched), toPeer...)
	if seed%4 == 3 {
		n := r.IntN(len(toServer) + 1)
		steps("the beginning", func() bool { return stream != nil && len(got) >= n })
		_ = stream.Close() // at any moment
	} else {
		steps("all of it", func() bool { return len(got) == len(toServer) && len(p.Received()) == len(all) })
	}
	p.CloseWrite()
	steps("the end", func() bool { return p.Closed() && s.Loop.Conns() == 0 })
	if !bytes.HasPrefix(toServer, got) || !bytes.HasPrefix(all, p.Received()) || p.Broken() {
		t.Fatalf("seed %d: octets are out of order, or the peer was reset: %v", seed, p.Broken())
	}
	for _, err := range errs {
		if err != nil && err != io.EOF && err != io.ErrClosedPipe { // the function can return before the writer
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	if len(a.outcomes) != 1 || a.outcomes[0].Err != nil {
		t.Fatalf("seed %d: outcomes %+v", seed, a.outcomes)
	}
	if err := s.End(); err != nil {
		t.Fatal(err)
	}
}

// octetsOf returns n octets.
func octetsOf(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
