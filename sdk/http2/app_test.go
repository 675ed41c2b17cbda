package http2_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http2"
)

// app is a pipeline written by hand: routes by path, whatever the method.
type app struct {
	quiet    bool // outcomes are not kept
	mu       sync.Mutex
	outcomes []sdk.Outcome
	causes   []error // why contexts ended
	entered  chan struct{}
}

func newApp() *app { return &app{entered: make(chan struct{}, 1000)} }

// Install implements sdk.App.
func (a *app) Install(s *sdk.Setup) {
	http2.Offer(s, func(x *http2.Exchange) sdk.Task { return &task{app: a, x: x} },
		sdk.ReadyResponse{Status: 200, Fields: []sdk.Field{{Name: "Content-Type", Value: "text/plain"}}, Content: "ready"})
}

// route is what one path does. head runs before the content, body with it.
type route struct {
	plan sdk.Plan
	head func(t *task) (wantBody bool)
	body func(t *task, content []byte)
}

func text(s string) func(*task) bool {
	return func(t *task) bool { t.x.ResponseContent().Text(s); return false }
}

// reset resets the stream with a code that its identifier makes.
func reset(t *task) bool {
	t.x.ResponseContent().Text("not to be seen")
	t.x.ResetStream(0x100 + t.x.StreamID())
	return false
}

func want(*task) bool { return true }

func repeat(t *task, content []byte) {
	t.x.ResponseContent().Text("got ")
	t.x.ResponseContent().Octets(content)
}

// fail answers err, or fails a stream.
func (t *task) fail(err error) bool {
	if err != nil {
		sdk.WriteError(t.x, err)
	}
	return false
}

var routes = map[string]*route{
	"/ready":     {plan: sdk.Plan{Name: "ready", Ready: 1}},
	"/loop":      {plan: sdk.Plan{Place: sdk.OnLoop}, head: text("on the loop")},
	"/pool":      {head: text("off the loop")},
	"/loop/body": {plan: sdk.Plan{Place: sdk.OnLoop, Body: sdk.BodyCollected}, head: want, body: repeat},
	"/pool/body": {plan: sdk.Plan{Body: sdk.BodyCollected, Done: true}, head: want, body: repeat},
	"/small":     {plan: sdk.Plan{Body: sdk.BodyCollected, MaxBody: 10}, head: want, body: repeat},
	"/refuse": {plan: sdk.Plan{Body: sdk.BodyCollected}, head: func(t *task) bool {
		return t.fail(sdk.NewError(403, "no"))
	}},
	"/panic": {head: func(*task) bool { panic("as it was told") }},
	"/echo": {plan: sdk.Plan{Body: sdk.BodyStreamed}, head: func(t *task) bool {
		_, err := io.Copy(t.x.OpenResponse(), t.x.OpenRequest())
		return t.fail(err)
	}},
	"/read": {plan: sdk.Plan{Body: sdk.BodyStreamed}, head: func(t *task) bool {
		content, err := io.ReadAll(t.x.OpenRequest())
		t.x.ResponseContent().Text("read ")
		t.x.ResponseContent().Octets(content)
		return t.fail(err)
	}},
	"/zeros": {plan: sdk.Plan{Streams: true}, head: func(t *task) bool {
		w := t.x.OpenResponseSized(10 << 20)
		piece := make([]byte, 1<<20)
		for range 10 {
			if _, err := w.Write(piece); err != nil {
				return t.fail(err)
			}
		}
		return false
	}},
	"/long": {plan: sdk.Plan{Streams: true}, head: func(t *task) bool {
		_, err := io.WriteString(t.x.OpenResponse(), long)
		return t.fail(err)
	}},
	"/whole": {plan: sdk.Plan{Done: true}, head: text(long)},
	"/short": {plan: sdk.Plan{Streams: true}, head: func(t *task) bool {
		w := t.x.OpenResponseSized(100)
		_, err := io.WriteString(w, "not a hundred octets")
		return t.fail(err)
	}},
	"/trailers": {plan: sdk.Plan{Streams: true, Body: sdk.BodyCollected, Trailers: true}, head: want, body: func(t *task, _ []byte) {
		value, _ := t.x.RequestTrailer("Sum")
		t.x.ResponseTrailers().Set("Sum", value.String())
		_, _ = io.WriteString(t.x.OpenResponse(), "see below")
	}},
	"/wait": {plan: sdk.Plan{Done: true}, head: func(t *task) bool {
		ctx := t.x.Context()
		t.app.entered <- struct{}{}
		<-ctx.Done()
		t.app.mu.Lock()
		t.app.causes = append(t.app.causes, context.Cause(ctx))
		t.app.mu.Unlock()
		return t.fail(sdk.NewError(503, "told to stop"))
	}},
	"/reset/loop": {plan: sdk.Plan{Place: sdk.OnLoop}, head: reset},
	"/reset/pool": {head: reset},
	"/reset/body": {plan: sdk.Plan{Body: sdk.BodyCollected}, head: want, body: func(t *task, _ []byte) { reset(t) }},
	"/reset/late": {plan: sdk.Plan{Streams: true}, head: func(t *task) bool {
		w := t.x.OpenResponse()
		_, _ = io.WriteString(w, "some of it")
		if err := w.Flush(); err != nil {
			return t.fail(err)
		}
		reset(t)
		if _, err := io.WriteString(w, long); !errors.Is(err, sdk.ErrReset) {
			panic("written after a reset")
		}
		return t.fail(sdk.ErrNotFound)
	}},
	"/hints": {head: func(t *task) bool {
		t.x.AddEarlyHint("</a.css>; rel=preload")
		err := t.x.SendEarlyHints()
		t.x.ResponseContent().Text("hinted")
		return t.fail(err)
	}},
	"/upgrade": {plan: sdk.Plan{Streams: true}, head: func(t *task) bool {
		s, err := t.x.OpenUpgrade("parrot")
		if err != nil {
			return t.fail(err)
		}
		_, _ = io.Copy(s, s)
		return false
	}},
	"/peer": {head: func(t *task) bool {
		t.x.ResponseContent().Text(t.x.RemoteAddr().String() + " " + t.x.LocalAddr().String())
		return false
	}},
}

// task implements sdk.Task.
type task struct {
	app *app
	x   *http2.Exchange
	at  *route
}

func (t *task) Route() *sdk.Plan {
	t.at = routes[t.x.RawPath().String()]
	if t.at == nil {
		t.at = &route{plan: sdk.Plan{Name: "404", Place: sdk.OnLoop}, head: func(t *task) bool { return t.fail(sdk.ErrNotFound) }}
	}
	return &t.at.plan
}
func (t *task) Head() (wantBody bool) { return t.at.head(t) }
func (t *task) Body(content []byte)   { t.at.body(t, content) }
func (t *task) Fail(err error)        { t.fail(err) }
func (t *task) End(out sdk.Outcome) {
	if !t.app.quiet {
		t.app.mu.Lock()
		t.app.outcomes = append(t.app.outcomes, out)
		t.app.mu.Unlock()
	}
	t.at = nil
}

// ended waits for n outcomes, and returns them.
func (a *app) ended(t *testing.T, n int) []sdk.Outcome {
	t.Helper()
	for range 1000 {
		a.mu.Lock()
		outcomes := a.outcomes
		a.mu.Unlock()
		if len(outcomes) >= n {
			return outcomes
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d exchanges ended; want %d", len(a.outcomes), n)
	return nil
}

// serve serves the app, and returns where, a client, and what ends it.
func serve(t *testing.T, a *app, config sdk.Config) (base string, client *http.Client, s *sdk.Server, stop func()) {
	t.Helper()
	config.Endpoints, config.Loops = []string{"http://127.0.0.1:0"}, 1
	if config.OnPanic == nil {
		config.OnPanic = func(sdk.Panic) {}
	}
	s, err := sdk.New(a, config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	stop = sync.OnceFunc(func() {
		cancel()
		transport.CloseIdleConnections()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return "http://" + s.Addresses()[0].String(), &http.Client{Transport: transport, Timeout: 30 * time.Second}, s, stop
}

// post sends a request with content, and returns the answer.
func post(t *testing.T, client *http.Client, url, content string) (res *http.Response, answer string) {
	t.Helper()
	res, err := client.Post(url, "text/plain", strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// dial returns a connection to who serves at base.
func dial(t *testing.T, base string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}
