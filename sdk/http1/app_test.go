package http1_test

import (
	"context"
	"io"
	"sync"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
	"github.com/windhover-go/windhover/sdk/https"
)

// app is a pipeline written by hand: routes by path, whatever the method.
type app struct {
	routes   map[string]*route
	panicsAt string              // a path that panics when its route is chosen
	ready    []sdk.ReadyResponse // for refused requests

	mu       sync.Mutex
	outcomes []sdk.Outcome
	canceled []error // causes that /wait saw
}

// route is what one path does. head runs before the content, body with it.
type route struct {
	plan sdk.Plan
	head func(a *app, x *http1.Exchange) (wantBody bool)
	body func(a *app, x *http1.Exchange, content []byte)
	fail func(a *app, x *http1.Exchange, err error)
}

// Install implements sdk.App.
func (a *app) Install(s *sdk.Setup) {
	ready := []sdk.ReadyResponse{{Status: 200, Fields: []sdk.Field{{Name: "Content-Type", Value: "text/plain"}}, Content: "ready"}}
	http1.Offer(s, func(x *http1.Exchange) sdk.Task { return &task{app: a, x: x} }, append(ready, a.ready...)...)
	if *secure {
		https.Offer(s)
	}
}

// task implements sdk.Task.
type task struct {
	app *app
	x   *http1.Exchange
	at  *route
}

func (t *task) Route() *sdk.Plan {
	path := string(t.x.RawPath().Octets())
	if path == t.app.panicsAt {
		panic("no route")
	}
	t.at = t.app.routes[path]
	if t.at == nil {
		t.at = &nowhere
	}
	return &t.at.plan
}

func (t *task) Head() (wantBody bool) { return t.at.head(t.app, t.x) }

func (t *task) Body(content []byte) { t.at.body(t.app, t.x, content) }

func (t *task) Fail(err error) { t.at.fail(t.app, t.x, err) }

func (t *task) End(out sdk.Outcome) {
	t.app.mu.Lock()
	t.app.outcomes = append(t.app.outcomes, out)
	t.app.mu.Unlock()
	t.at = nil
}

var nowhere = route{
	plan: sdk.Plan{Name: "404", Place: sdk.OnLoop},
	head: func(_ *app, x *http1.Exchange) bool { sdk.WriteError(x, sdk.ErrNotFound); return false },
}

// newApp returns an app with one route for each way that a request can go.
func newApp() *app {
	text := func(text string) func(*app, *http1.Exchange) bool {
		return func(_ *app, x *http1.Exchange) bool { x.ResponseContent().Text(text); return false }
	}
	want := func(*app, *http1.Exchange) bool { return true }
	repeat := func(_ *app, x *http1.Exchange, content []byte) {
		x.ResponseContent().Text("got ").Octets(content)
	}
	return &app{routes: map[string]*route{
		"/ready": {plan: sdk.Plan{Name: "ready", Place: sdk.OnLoop, Ready: 1}},
		"/loop":  {plan: sdk.Plan{Name: "loop", Place: sdk.OnLoop}, head: text("on the loop")},
		"/pool":  {plan: sdk.Plan{Name: "pool"}, head: text("off the loop")},
		"/loop/body": {
			plan: sdk.Plan{Name: "loop body", Place: sdk.OnLoop, Body: sdk.BodyCollected, MaxBody: 1000},
			head: want, body: repeat,
		},
		"/pool/body": {plan: sdk.Plan{Name: "pool body", Body: sdk.BodyCollected, MaxBody: 1000}, head: want, body: repeat},
		"/loop/trailers": {
			plan: sdk.Plan{Name: "loop trailers", Place: sdk.OnLoop, Body: sdk.BodyCollected, Trailers: true}, head: want,
			body: func(_ *app, x *http1.Exchange, content []byte) { tellTrailers(x, content) },
		},
		"/pool/trailers": {
			plan: sdk.Plan{Name: "pool trailers", Body: sdk.BodyCollected, Trailers: true}, head: want,
			body: func(_ *app, x *http1.Exchange, content []byte) { tellTrailers(x, content) },
		},
		"/read/trailers": {plan: sdk.Plan{Name: "read trailers", Body: sdk.BodyStreamed, Trailers: true}, head: func(_ *app, x *http1.Exchange) bool {
			if n := x.RequestTrailerCount(); n != 0 {
				x.ResponseContent().Text("early: ").Int(int64(n))
			}
			content, err := io.ReadAll(x.OpenRequest())
			if err != nil {
				sdk.WriteError(x, err)
				return false
			}
			tellTrailers(x, content)
			return false
		}},
		"/loop/trailed": {plan: sdk.Plan{Name: "loop trailed", Place: sdk.OnLoop}, head: func(_ *app, x *http1.Exchange) bool {
			x.ResponseContent().Text("abc")
			trail(x)
			return false
		}},
		"/pool/trailed": {plan: sdk.Plan{Name: "pool trailed"}, head: func(_ *app, x *http1.Exchange) bool {
			x.ResponseContent().Text("abc")
			trail(x)
			return false
		}},
		"/stream/trailed": {plan: sdk.Plan{Name: "stream trailed", Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
			out := x.OpenResponse()
			_, _ = io.WriteString(out, "abc")
			_ = out.Flush()
			trail(x)
			return false
		}},
		"/sized/trailed": {plan: sdk.Plan{Name: "sized trailed", Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
			trail(x)
			_, _ = io.WriteString(x.OpenResponseSized(3), "abc")
			return false
		}},
		"/short/trailed": {plan: sdk.Plan{Name: "short trailed", Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
			trail(x)
			_, _ = io.WriteString(x.OpenResponseSized(4), "abc")
			return false
		}},
		"/refuse": {plan: sdk.Plan{Name: "refuse", Body: sdk.BodyCollected}, head: func(_ *app, x *http1.Exchange) bool {
			sdk.WriteError(x, sdk.ErrForbidden)
			return false
		}},
		"/echo": {plan: sdk.Plan{Name: "echo", Body: sdk.BodyStreamed, Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
			if _, err := io.Copy(x.OpenResponse(), x.OpenRequest()); err != nil {
				sdk.WriteError(x, err)
			}
			return false
		}},
		"/loop/field": {
			plan: sdk.Plan{Name: "loop field", Place: sdk.OnLoop, Body: sdk.BodyCollected}, head: want,
			body: func(_ *app, x *http1.Exchange, _ []byte) {
				value, _ := x.RequestField("X-Name")
				x.ResponseContent().Text("the name is ").View(value)
			},
		},
		"/unheard": {plan: sdk.Plan{Name: "unheard", Body: sdk.BodyStreamed}, head: text("not listening")},
		"/read": {plan: sdk.Plan{Name: "read", Body: sdk.BodyStreamed, MaxBody: 1000}, head: func(_ *app, x *http1.Exchange) bool {
			content, err := io.ReadAll(x.OpenRequest())
			if err != nil {
				sdk.WriteError(x, err)
				return false
			}
			x.ResponseContent().Text("read ").Octets(content)
			return false
		}},
		"/short": {plan: sdk.Plan{Name: "short", Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
			_, _ = io.WriteString(x.OpenResponseSized(100), "too short")
			return false
		}},
		"/panic": {plan: sdk.Plan{Name: "panic", Place: sdk.OnLoop}, head: func(_ *app, x *http1.Exchange) bool {
			x.ResponseFields().Set("X-Half", "done")
			panic("on purpose")
		}},
		"/panic/late": {plan: sdk.Plan{Name: "panic late", Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
			out := x.OpenResponse()
			_, _ = io.WriteString(out, "half")
			_ = out.Flush()
			panic("on purpose")
		}},
		"/panic/early": {plan: sdk.Plan{Name: "panic early", Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
			_, _ = io.WriteString(x.OpenResponseSized(100), "not sent yet")
			panic("on purpose")
		}},
		"/long": {plan: sdk.Plan{Name: "long", Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
			if _, err := io.WriteString(x.OpenResponseSized(3), "too long"); err != nil {
				sdk.WriteError(x, err)
			}
			return false
		}},
		"/split/stream": {plan: sdk.Plan{Name: "split stream", Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
			x.ResponseFields().Set("X-Name", "a\r\nInjected: yes")
			_ = x.OpenResponse().Flush()
			return false
		}},
		"/split": {plan: sdk.Plan{Name: "split", Place: sdk.OnLoop}, head: func(_ *app, x *http1.Exchange) bool {
			x.ResponseFields().Set("X-Name", "a\r\nInjected: yes")
			return false
		}},
		"/done": {plan: sdk.Plan{Name: "done", Place: sdk.OnLoop, Done: true}, head: text("done")},
		"/wait": {plan: sdk.Plan{Name: "wait"}, head: func(a *app, x *http1.Exchange) bool {
			ctx := x.Context()
			<-ctx.Done()
			a.mu.Lock()
			a.canceled = append(a.canceled, context.Cause(ctx))
			a.mu.Unlock()
			x.ResponseContent().Text("waited")
			return false
		}},
	}}
}

// tellTrailers answers with the content and the trailer section of the request.
func tellTrailers(x *http1.Exchange, content []byte) {
	out := x.ResponseContent().Octets(content)
	for i := range x.RequestTrailerCount() {
		name, value := x.RequestTrailerAt(i)
		out.Octet(' ').View(name).Octet('=').View(value)
	}
	if v, ok := x.RequestTrailer("sum"); ok {
		out.Text(" sum is ").View(v)
	}
	if _, ok := x.RequestField("Sum"); ok {
		out.Text(" merged")
	}
	out.Octet('.')
}

// trail adds a trailer section to the response, with what the query holds.
func trail(x *http1.Exchange) {
	x.ResponseTrailers().Add("Sum", "6")
	if q := x.RawQuery(); q.Len() > 0 {
		x.ResponseTrailers().Add(q.String(), "a")
	}
}
