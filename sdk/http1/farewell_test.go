package http1_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
	"github.com/windhover-go/windhover/sdk/https"
)

// lost is an app whose route /lost collects content off the loop, and whose End
// asks the exchange for what functions of Done may ask it for, and can wait.
type lost struct {
	*app
	wait    chan struct{}
	began   atomic.Int32
	ended   chan sdk.Outcome
	started bool // the response is sent in part before the content is wanted
}

func (l *lost) Install(s *sdk.Setup) {
	http1.Offer(s, func(x *http1.Exchange) sdk.Task { return &lostTask{task{app: l.app, x: x}, l} })
	if *secure {
		https.Offer(s)
	}
}

type lostTask struct {
	task
	lost *lost
}

func (t *lostTask) End(out sdk.Outcome) {
	l, mine := t.lost, t.at.plan.Name == "lost"
	t.task.End(out)
	if !mine {
		return
	}
	l.began.Add(1)
	if t.x.RemoteAddr() == (netip.AddrPort{}) {
		panic("the peer's address is gone")
	}
	t.x.LocalAddr()
	t.x.TLSState()
	t.x.Context()
	if err := t.x.SendEarlyHints(); err == nil {
		panic("hints were sent")
	}
	if _, err := t.x.OpenResponse().Write(make([]byte, 64<<10)); err == nil {
		panic("a response was written")
	}
	if _, err := t.x.OpenRequest().Read(make([]byte, 1)); err == nil {
		panic("content was read")
	}
	if l.wait != nil {
		<-l.wait
	}
	l.ended <- out
}

func newLost() *lost {
	l := &lost{app: newApp(), ended: make(chan sdk.Outcome, 1)}
	l.routes["/lost"] = &route{
		plan: sdk.Plan{Name: "lost", Body: sdk.BodyCollected, MaxBody: 10, Done: true},
		head: func(_ *app, x *http1.Exchange) bool {
			if l.started {
				_ = x.OpenResponse().Flush()
			}
			return true
		},
		body: func(*app, *http1.Exchange, []byte) {},
	}
	return l
}

// TestLostExchangesEndOffTheLoop: when the client goes between the head and the
// content, or what it sends is refused there, what runs then is not run by the
// loop, on which the route's functions never run.
func TestLostExchangesEndOffTheLoop(t *testing.T) {
	const head = "POST /lost HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, tt := range map[string]struct {
		send    string // behind the head
		reset   bool
		abort   bool
		started bool
		answer  string
		cause   error
	}{
		"reset":                    {reset: true, cause: sdk.ErrPeerClosed},
		"reset amid content":       {send: "3\r\na", reset: true, cause: sdk.ErrPeerClosed},
		"shutdown":                 {abort: true, cause: sdk.ErrShutdown},
		"malformed":                {send: "x\r\n", answer: "HTTP/1.1 400 "},
		"over the limit":           {send: "b\r\n", answer: "HTTP/1.1 413 "},
		"malformed, but it began":  {send: "x\r\n", started: true, answer: ok},
		"reset, after it began":    {reset: true, started: true, answer: ok, cause: sdk.ErrPeerClosed},
		"shutdown, after it began": {abort: true, started: true, answer: ok, cause: sdk.ErrShutdown},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLost()
			l.started = tt.started
			panics := 0
			w := newWorldWith(t, l, sdk.Config{OnPanic: func(p sdk.Panic) { panics++; t.Errorf("%v", p.Value) }})
			p := w.dial(head)
			w.turns() // the functions want the content
			if l.began.Load() != 0 {
				t.Fatal("it has ended already")
			}
			p.Send([]byte(tt.send))
			if tt.reset {
				p.Reset()
			}
			if tt.abort {
				w.Host.Abort()
			}
			for range 20 {
				if err := w.Loop.Turn(0); err != nil { // units stand still
					t.Fatal(err)
				}
			}
			if l.began.Load() != 0 {
				t.Fatal("the loop ran what ends the exchange")
			}
			w.turns()
			if n := l.began.Load(); n != 1 {
				t.Fatalf("it was ended %d times", n)
			}
			out := <-l.ended
			if out.Route != "lost" || out.Err == nil || tt.cause != nil && !errors.Is(out.Err, tt.cause) {
				t.Errorf("outcome %+v", out)
			}
			if got := string(p.Received()); !strings.HasPrefix(got, tt.answer) {
				t.Errorf("got %q; want %s", got, tt.answer)
			}
			if panics > 0 {
				t.Errorf("%d panics", panics)
			}
			if tt.abort {
				return
			}
			next := w.dial(getLoop)
			w.want(next, "next", ok, "on the loop", false)
		})
	}
}

// TestLostExchangeBlocksNobody: the end of a lost exchange may block, and the loop
// goes on; the server waits for it before it has ended.
func TestLostExchangeBlocksNobody(t *testing.T) {
	l := newLost()
	l.wait = make(chan struct{})
	s, err := sdk.New(l, sdk.Config{Loops: 1, Endpoints: []string{"http://127.0.0.1:0"}, OnPanic: func(p sdk.Panic) { t.Errorf("%v", p.Value) }})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(t.Context()) }()
	addr := s.Addresses()[0].String()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err = io.WriteString(c, "POST /lost HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err = c.Read(make([]byte, 100)); err != nil { // 100 (Continue): the functions want the content
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
	for l.began.Load() == 0 {
		if got := converse(t, addr, getLoop); !strings.HasPrefix(got, ok) {
			t.Fatalf("got %q", got)
		}
	}
	if got := converse(t, addr, getLoop); !strings.HasPrefix(got, ok) {
		t.Errorf("while it ends: got %q", got)
	}
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(t.Context()) }()
	select {
	case err := <-served:
		t.Fatal("the server has ended before the exchange:", err)
	case l.wait <- struct{}{}:
	}
	if err := errors.Join(<-down, <-served); err != nil {
		t.Error(err)
	}
	if out := <-l.ended; !errors.Is(out.Err, sdk.ErrPeerClosed) && !errors.Is(out.Err, sdk.ErrShutdown) {
		t.Errorf("outcome %+v", out)
	}
}
