package http1_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
)

// tellEnd answers with what ended a context.
func tellEnd(x *http1.Exchange, ctx context.Context) {
	_, bounded := ctx.Deadline()
	x.ResponseContent().Text("bounded ").Text(map[bool]string{true: "yes", false: "no"}[bounded])
	if x.ContextExpired() {
		x.ResponseContent().Text(", expired")
	}
	if err := ctx.Err(); err != nil {
		x.ResponseContent().Text(", ").Text(err.Error()).Text(", ").Text(context.Cause(ctx).Error())
	}
}

const expired = "bounded yes, expired, context deadline exceeded, the request took too long"

// TestContextWithin checks that a context ends when the time of the exchange is
// over, which begins when its head is complete, and not for the next exchange.
func TestContextWithin(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	w.app.routes["/short"] = &route{plan: sdk.Plan{Name: "short"}, head: func(_ *app, x *http1.Exchange) bool {
		if x.ContextExpired() {
			t.Error("expired before it is there")
		}
		ctx := x.ContextWithin(time.Millisecond)
		<-ctx.Done()
		if x.Context() != ctx || x.ContextWithin(time.Hour) != ctx {
			t.Error("a second context")
		}
		tellEnd(x, ctx)
		return false
	}}
	w.app.routes["/long"] = &route{plan: sdk.Plan{Name: "long"}, head: func(_ *app, x *http1.Exchange) bool {
		tellEnd(x, x.ContextWithin(time.Hour))
		return false
	}}
	w.app.routes["/any"] = &route{plan: sdk.Plan{Name: "any"}, head: func(_ *app, x *http1.Exchange) bool {
		ctx := x.Context()
		if x.ContextWithin(0) != ctx {
			t.Error("a second context")
		}
		tellEnd(x, ctx)
		return false
	}}
	w.app.routes["/body"] = &route{
		plan: sdk.Plan{Name: "body", Body: sdk.BodyCollected}, head: func(*app, *http1.Exchange) bool { return true },
		body: func(_ *app, x *http1.Exchange, _ []byte) { tellEnd(x, x.ContextWithin(2*time.Second)) },
	}
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	p := w.dial(get("/short"))
	w.turns()
	w.want(p, "the time is over", ok, expired, false)
	for path, want := range map[string]string{"/long": "bounded yes", "/any": "bounded no"} {
		p = w.dial(get(path))
		w.turns()
		w.want(p, path, ok, want, false)
	}
	p = w.dial("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
	w.turns()
	w.pass(3 * time.Second)
	p.Send([]byte("b"))
	w.turns()
	w.want(p, "the content came late", ok, expired, false)
}

// TestContextWithinEnds checks over a socket that what ends a context without a
// time ends one with it, earlier than that.
func TestContextWithinEnds(t *testing.T) {
	a := newApp()
	a.routes["/within"] = &route{plan: sdk.Plan{Name: "within"}, head: func(_ *app, x *http1.Exchange) bool {
		ctx := x.ContextWithin(time.Hour)
		<-ctx.Done()
		tellEnd(x, ctx)
		return false
	}}
	addr, _ := serve(t, a, sdk.Config{Loops: 1})
	c, over, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err = io.WriteString(c, "GET /within HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = c.CloseWrite()
	_ = over.CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	got, err := io.ReadAll(c)
	if want := "bounded yes, context canceled, " + sdk.ErrPeerClosed.Error(); err != nil || !strings.HasSuffix(string(got), want) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestResponseStatus checks what a stage reads.
func TestResponseStatus(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	w.app.routes["/status"] = &route{plan: sdk.Plan{Name: "status", Place: sdk.OnLoop}, head: func(_ *app, x *http1.Exchange) bool {
		x.ResponseContent().Int(int64(x.ResponseStatus())).Octet(' ')
		x.SetStatus(201)
		x.ResponseContent().Int(int64(x.ResponseStatus()))
		return false
	}}
	p := w.dial("GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
	w.turns()
	w.want(p, "the status", "HTTP/1.1 201 Created", "200 201", false)
}
