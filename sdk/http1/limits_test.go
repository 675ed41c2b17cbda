package http1_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
	"github.com/windhover-go/windhover/sdk/msg"
)

// post is a request with content of n octets, of which the content is to follow.
func post(path string, n int) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", path, n)
}

// waiting are the routes that wait for content, each in its way: it is
// collected, before functions run or after some did, read by a function, or
// read past before the answer. Their MaxBody is lifted.
func waiting(w *world) []string {
	for _, path := range []string{"/loop/body", "/pool/body", "/read"} {
		w.app.routes[path].plan.MaxBody = 1e9
	}
	return []string{"/loop/body", "/pool/body", "/read", "/loop", "/pool"}
}

// TestBodyRate checks the end of the time for content, to the nanosecond and
// to the octet.
func TestBodyRate(t *testing.T) {
	const rate = 240
	for _, path := range waiting(newWorld(t, sdk.Config{})) {
		t.Run(path, func(t *testing.T) {
			w := newWorld(t, sdk.Config{})
			waiting(w)
			p := w.dial(post(path, 5000))
			w.turns()
			w.pass(5*time.Second - 1)
			w.want(p, "in the grace", "", "", false)
			w.pass(1)
			w.want(p, "after it", "HTTP/1.1 408 ", "too long", true)

			p = w.dial(post(path, 5000))
			w.turns()
			w.pass(2 * time.Second)
			p.Send(make([]byte, rate)) // a second
			w.turns()
			w.pass(4*time.Second - 1)
			p.Send(make([]byte, rate/2)) // and a half, in the last moment
			w.turns()
			w.pass(time.Second / 2)
			w.want(p, "after 360 octets", "", "", false)
			w.pass(1)
			w.want(p, "after 6.5 s", "HTTP/1.1 408 ", "", true)

			p = w.dial(post(path, 100*rate))
			w.turns()
			for range 100 {
				w.want(p, "at the rate", "", "", false)
				w.pass(time.Second)
				p.Send(make([]byte, rate))
			}
			w.want(p, "in the end", ok, "", false)
		})
	}
}

// TestBodyEarnsSoMuch checks that octets beyond the rate count for
// KeepAliveTimeout and not for more.
func TestBodyEarnsSoMuch(t *testing.T) {
	for _, path := range waiting(newWorld(t, sdk.Config{})) {
		w := newWorld(t, sdk.Config{})
		waiting(w)
		p := w.dial(post(path, 200_000))
		w.turns()
		p.Send(make([]byte, 100_000)) // 416 s
		w.turns()
		w.pass(130*time.Second - 1)
		w.want(p, path+" in time", "", "", false)
		w.pass(1)
		w.want(p, path+" too late", "HTTP/1.1 408 ", "", true)
	}
}

// TestBodyWithoutRate checks what is left when the rate is lifted: a bound for
// each octet.
func TestBodyWithoutRate(t *testing.T) {
	for _, path := range waiting(newWorld(t, sdk.Config{})) {
		w := newWorld(t, sdk.Config{Limits: sdk.Limits{BodyRate: sdk.Unlimited}})
		waiting(w)
		p := w.dial(post(path, 3))
		w.turns()
		w.pass(130*time.Second - 1)
		p.Send([]byte("a"))
		w.turns()
		w.pass(130*time.Second - 1)
		w.want(p, path+" each octet in time", "", "", false)
		w.pass(1)
		w.want(p, path+" too late", "HTTP/1.1 408 ", "", true)

		w = newWorld(t, sdk.Config{Limits: sdk.Limits{BodyGrace: sdk.Unlimited}})
		waiting(w)
		p = w.dial(post(path, 3))
		w.turns()
		w.pass(time.Hour)
		w.want(p, path+" with endless grace", "", "", false)
	}
}

// TestBodyRateOfWhatIsReadPast checks that a client that was answered is left
// alone as long as it is fast enough, and then the connection ends.
func TestBodyRateOfWhatIsReadPast(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial(post("/refuse", 1000))
	w.want(p, "answered", "HTTP/1.1 403 ", "", false)
	w.pass(time.Second)
	p.Send(make([]byte, 240))
	w.turns()
	w.pass(5*time.Second - 1)
	w.want(p, "in time", "", "", false)
	w.pass(1)
	w.want(p, "too late", "", "", true)
}

// TestBodyRateDoesNotCountWhatNobodyWants checks that only the time passes for
// the client in which a function waits for it.
func TestBodyRateDoesNotCountWhatNobodyWants(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	var waiter netpoll.Waiter
	w.app.routes["/slow"] = &route{
		plan: sdk.Plan{Name: "slow", Body: sdk.BodyStreamed},
		head: func(_ *app, x *http1.Exchange) bool {
			buf := make([]byte, 10)
			var err error
			for err == nil {
				waiter.Wait() // it has other things to do
				_, err = x.OpenRequest().Read(buf)
			}
			sdk.WriteError(x, err)
			return false
		},
	}
	waiter = w.Network.Scheduler().Waiter()
	p := w.dial(post("/slow", 1000))
	w.turns()
	w.pass(100 * time.Second)
	waiter.Wake()
	w.turns() // it waits for content now
	w.pass(3 * time.Second)
	p.Send([]byte("hello"))
	w.turns()
	w.pass(100 * time.Second)
	waiter.Wake()
	w.turns()
	w.pass(2*time.Second + 5*time.Second/240 - 1)
	w.want(p, "in time", "", "", false)
	w.pass(1)
	w.want(p, "too late", "HTTP/1.1 408 ", "too long", true)
	if out := w.app.outcomes; len(out) != 1 || out[0].Status != 408 {
		t.Errorf("outcomes %+v", out)
	}
}

// TestBodyRateStandsStill checks that the time does not pass while the client
// cannot send, because its connection is not read before it takes its answers.
func TestBodyRateStandsStill(t *testing.T) {
	w := newWorld(t, sdk.Config{Limits: sdk.Limits{ResponseGrace: time.Minute}})
	w.app.routes["/big"] = big(sdk.Plan{Name: "big", Place: sdk.OnLoop}, 100_000)
	p := w.dial("")
	w.turns()
	p.SetWindow(1000)
	p.StopReading()
	p.Send([]byte("GET /big HTTP/1.1\r\nHost: x\r\n\r\n" + post("/loop/body", 3)))
	w.turns()
	w.pass(30 * time.Second)
	p.SetWindow(1e6)
	p.StartReading()
	w.turns()
	if p.Ended() || len(p.Received()) < 100_000 {
		t.Fatalf("ended %v after %d octets", p.Ended(), len(p.Received()))
	}
	p.Forget()
	w.pass(5*time.Second - 1)
	w.want(p, "in time", "", "", false)
	w.pass(1)
	w.want(p, "too late", "HTTP/1.1 408 ", "", true)
}

// TestLateContentOfAStartedResponse checks that a response that has begun is
// not followed by another one, and that the connection ends.
func TestLateContentOfAStartedResponse(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	p := w.dial(post("/echo", 100) + "abc")
	w.turns()
	w.pass(6 * time.Second)
	if got := string(p.Received()); !strings.HasPrefix(got, ok) || strings.Contains(got, "408") || strings.HasSuffix(got, "0\r\n\r\n") || !p.Ended() {
		t.Errorf("got %q, ended %v", got, p.Ended())
	}
}

// big is a route that answers with n octets at once.
func big(plan sdk.Plan, n int) *route {
	return &route{plan: plan, head: func(_ *app, x *http1.Exchange) bool {
		x.ResponseContent().Octets(make([]byte, n))
		return false
	}}
}

// TestResponseRate checks that a client that does not take its answer is cut
// off, wherever the answer waits, and that one that does is served.
func TestResponseRate(t *testing.T) {
	const size = 60_000 // under the high-water mark, and 250 s at the rate
	routes := map[string]*route{
		"/big/loop": big(sdk.Plan{Name: "big loop", Place: sdk.OnLoop}, size),
		"/big/pool": big(sdk.Plan{Name: "big pool"}, size),
		"/big/stream": {plan: sdk.Plan{Name: "big stream", Streams: true}, head: func(a *app, x *http1.Exchange) bool {
			ctx := x.Context()
			out := x.OpenResponseSized(size)
			for range size {
				if _, err := out.Write([]byte("a")); err != nil {
					a.canceled = append(a.canceled, err, context.Cause(ctx))
					break
				}
			}
			return false
		}},
	}
	for path, r := range routes {
		for _, end := range []string{"", "Connection: close\r\n"} {
			t.Run(path+" "+end, func(t *testing.T) {
				w := newWorld(t, sdk.Config{})
				w.app.routes[path] = r
				ask := func() peer {
					p := w.dial("")
					w.turns()
					p.SetWindow(1000)
					p.StopReading()
					p.Send([]byte("GET " + path + " HTTP/1.1\r\nHost: x\r\n" + end + "\r\n"))
					w.turns()
					return p
				}
				p := ask()
				w.pass(5*time.Second - 1)
				if p.Ended() {
					t.Fatal("the connection ends too early")
				}
				w.pass(1)
				if !p.Closed() || !p.Broken() {
					t.Fatal("the client is not cut off")
				}
				if out := w.app.outcomes[0]; path != "/big/loop" && out.Err != sdk.ErrTooSlow || path == "/big/loop" && out.Err != nil {
					t.Errorf("the outcome is %+v", out)
				}
				if path == "/big/stream" && !slices.Equal(w.app.canceled, []error{sdk.ErrTooSlow, sdk.ErrTooSlow}) {
					t.Errorf("the function saw %v", w.app.canceled)
				}

				p = ask()
				for range 260 {
					p.Take(240)
					w.turns()
					w.pass(time.Second)
				}
				if n := len(p.Received()); n < size || p.Broken() {
					t.Errorf("a client that takes 240 octets a second got %d, reset %v", n, p.Broken())
				}
			})
		}
	}
}

// TestResponseWithoutRate checks what is left when the rate is lifted.
func TestResponseWithoutRate(t *testing.T) {
	w := newWorld(t, sdk.Config{Limits: sdk.Limits{ResponseRate: sdk.Unlimited}})
	w.app.routes["/big"] = big(sdk.Plan{Name: "big", Place: sdk.OnLoop}, 20_000)
	p := w.dial("")
	w.turns()
	p.SetWindow(1000)
	p.StopReading()
	p.Send([]byte("GET /big HTTP/1.1\r\nHost: x\r\n\r\n"))
	w.turns()
	w.pass(130*time.Second - 1)
	p.Take(1)
	w.turns()
	w.pass(1)
	w.pass(130*time.Second - 1)
	if p.Ended() {
		t.Fatal("the connection ends too early")
	}
	w.pass(1)
	if !p.Closed() {
		t.Fatal("the client is not cut off")
	}
}

// TestConnectionRequests checks that the last response that a connection may
// have announces its end, and that nothing follows it.
func TestConnectionRequests(t *testing.T) {
	for _, path := range []string{"/loop", "/pool", "/ready", "/echo"} {
		for _, most := range []int{1, 3} {
			w := newWorld(t, sdk.Config{Limits: sdk.Limits{ConnectionRequests: most}})
			request := "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"
			p := w.dial(strings.Repeat(request, most+2))
			for range 10 {
				w.turns()
			}
			got := string(p.Received())
			if n := strings.Count(got, ok); n != most || !p.Ended() || p.Broken() {
				t.Errorf("%s: %d answers, ended %v, reset %v; want %d", path, n, p.Ended(), p.Broken(), most)
			}
			if n := strings.Count(got, "Connection: close\r\n"); n != 1 || !strings.Contains(got[strings.LastIndex(got, ok):], "Connection: close\r\n") {
				t.Errorf("%s: %d answers announce the end; want the last: %q", path, n, got)
			}
			p = w.dial("")
			for range most - 1 {
				p.Send([]byte(request))
				w.want(p, path+" one by one", ok, "", false)
			}
			p.Send([]byte(request))
			w.want(p, path+" the last", ok, "", true)
		}
	}
}

// TestConnectionRequestsDiffer checks the jitter: a tenth, in both directions.
func TestConnectionRequestsDiffer(t *testing.T) {
	w := newWorld(t, sdk.Config{Limits: sdk.Limits{ConnectionRequests: 50}})
	counts := map[int]int{}
	for range 200 {
		p := w.dial(strings.Repeat(getLoop, 60))
		w.turns()
		counts[strings.Count(string(p.Received()), ok)]++
		p.CloseWrite()
		w.turns()
	}
	for n := 45; n <= 55; n++ {
		if counts[n] == 0 {
			t.Errorf("no connection of 200 ends after %d requests", n)
		}
		delete(counts, n)
	}
	if len(counts) > 0 {
		t.Errorf("some end after other numbers of requests: %v", counts)
	}
}

// TestConnectionAge checks what an old connection gets: the end without a word
// when it is idle, else an announcement with the next response.
func TestConnectionAge(t *testing.T) {
	w := newWorld(t, sdk.Config{Limits: sdk.Limits{ConnectionAge: 100 * time.Second}})
	var idle []peer
	for range 100 {
		idle = append(idle, w.dial(getLoop))
	}
	w.turns()
	w.turns()
	ages := map[int]int{}
	for second := range 120 {
		for _, p := range idle {
			if !p.Ended() {
				continue
			}
			if got := string(p.Received()); !strings.HasPrefix(got, ok) || strings.Contains(got, "close") || p.Broken() {
				t.Fatalf("an idle connection ends with %q, reset %v", got, p.Broken())
			}
			ages[second/5*5]++
		}
		idle = slices.DeleteFunc(idle, peer.Ended)
		w.pass(time.Second)
	}
	for _, age := range []int{90, 95, 100, 105} {
		if ages[age] == 0 {
			t.Errorf("no connection of 100 ends after %d s", age)
		}
	}
	if len(idle) > 0 || len(ages) > 5 || len(ages) == 5 && ages[110] == 0 {
		t.Errorf("ages by 5 s: %v; %d do not end", ages, len(idle))
	}

	for _, path := range []string{"/loop", "/pool", "/ready", "/echo"} {
		w := newWorld(t, sdk.Config{Limits: sdk.Limits{ConnectionAge: 100 * time.Second, HeadTimeout: time.Hour}})
		request := "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"
		p := w.dial(request)
		w.turns()
		w.pass(89 * time.Second)
		w.want(p, path+" young", ok, "", false)
		p.Send([]byte(request[:20]))
		w.turns()
		w.pass(22 * time.Second)
		w.want(p, path+" old, and not idle", "", "", false)
		p.Send([]byte(request[20:]))
		w.want(p, path+" old", ok, "", true)
	}
}

// full returns a world whose limit of connections is reached, and who has them.
func full(t *testing.T, limits sdk.Limits, most int) (w *world, peers []peer) {
	t.Helper()
	w = newWorld(t, sdk.Config{Limits: limits})
	for range most {
		peers = append(peers, w.dial(getLoop))
	}
	w.turns()
	for _, p := range peers {
		w.want(p, "under the limit", ok, "on the loop", false)
	}
	return w, peers
}

// away checks that the next connection is turned away, and that is all.
func (w *world) isFull(why string) {
	w.t.Helper()
	p := w.dial("")
	w.want(p, why, "", "", false) // nothing before the request
	p.Send([]byte(getLoop))
	w.turns()
	for _, line := range []string{"HTTP/1.1 503 Service Unavailable\r\n", "\r\nDate: ", "\r\nContent-Length: 0\r\n", "\r\nConnection: close\r\n"} {
		if got := string(p.Received()); !strings.Contains(got, line) || !strings.HasSuffix(got, "\r\n\r\n") {
			w.t.Fatalf("%s: turned away with %q", why, got)
		}
	}
	if p.Closed() || !p.Ended() {
		w.t.Fatalf("%s: the close is not a lingering one", why)
	}
	p.Send([]byte("more"))
	p.CloseWrite()
	w.turns()
	if !p.Closed() || p.Broken() {
		w.t.Fatalf("%s: closed %v, reset %v", why, p.Closed(), p.Broken())
	}
}

// TestConnections checks the limit of connections, and that a place is free
// again however a connection ended.
func TestConnections(t *testing.T) {
	for name, limits := range map[string]sdk.Limits{
		"Connections":          {Connections: 3},
		"ConnectionsPerSource": {ConnectionsPerSource: 3},
		"both":                 {Connections: 3, ConnectionsPerSource: 3},
	} {
		t.Run(name, func(t *testing.T) {
			w, peers := full(t, limits, 3)
			w.isFull("at the limit")
			for end, f := range map[string]func(p peer){
				"ended":    func(p peer) { p.CloseWrite() },
				"reset":    func(p peer) { p.Reset() },
				"refused":  func(p peer) { p.Send([]byte("nonsense\r\n\r\n")); p.CloseWrite() },
				"closed":   func(p peer) { p.Send([]byte("GET /pool HTTP/1.0\r\n\r\n")); p.CloseWrite() },
				"panicked": func(p peer) { p.Send([]byte("GET /panic/late HTTP/1.1\r\nHost: x\r\n\r\n")) },
				"reset while it was lent": func(p peer) {
					p.Send([]byte(post("/echo", 3)))
					w.turns()
					p.Reset()
				},
			} {
				f(peers[0])
				w.turns()
				w.turns()
				peers[0] = w.dial(getLoop)
				w.want(peers[0], "after one was "+end, ok, "on the loop", false)
				w.isFull("and no more")
			}
			w.pass(131 * time.Second)
			for range 3 {
				w.want(w.dial(getLoop), "after all were idle for too long", ok, "on the loop", false)
			}
			w.isFull("and no more")
		})
	}
}

// TestTurnedAwayAreBounded checks that only so many wait for their 503, with or
// without a request, and for how long.
func TestTurnedAwayAreBounded(t *testing.T) {
	w, _ := full(t, sdk.Limits{Connections: 1, KeepAliveTimeout: sdk.Unlimited}, 1)
	var away []peer
	for range 64 {
		away = append(away, w.dial(""))
	}
	w.turns()
	w.turns()
	if n := w.Loop.Conns(); n != 65 {
		t.Fatalf("%d connections are open; want 65", n)
	}
	p := w.dial(getLoop)
	w.turns()
	if len(p.Received()) > 0 || !p.Closed() || w.Loop.Conns() != 65 {
		t.Errorf("one more gets %q, closed %v", p.Received(), p.Closed())
	}
	w.pass(5*time.Second - 1)
	w.want(away[0], "in time", "", "", false)
	w.pass(1)
	for _, p := range away {
		w.want(p, "without a request", "HTTP/1.1 503 ", "", true)
	}
	w.pass(5 * time.Second)
	if n := w.Loop.Conns(); n != 1 {
		t.Errorf("%d connections are open; want 1", n)
	}
	w.isFull("later")
}

// TestTurnedAwayDrains checks that they do not hold up a shutdown.
func TestTurnedAwayDrains(t *testing.T) {
	w, peers := full(t, sdk.Limits{Connections: 1}, 1)
	p := w.dial("")
	w.turns()
	w.Host.Drain()
	w.turns()
	w.want(p, "in a shutdown", "HTTP/1.1 503 ", "", true)
	p.CloseWrite()
	peers[0].CloseWrite()
	w.turns()
	if n := w.Loop.Conns(); n != 0 {
		t.Errorf("%d connections are open", n)
	}
}

// readingKernel notes the most that is read at once.
type readingKernel struct {
	netpoll.Kernel
	most int
}

func (k *readingKernel) Read(fd int, p []byte) (int, error) {
	k.most = max(k.most, len(p))
	return k.Kernel.Read(fd, p)
}

// TestRequestBuffer checks that no more is read than the buffer takes, and that
// a head of the largest size that is allowed fits.
func TestRequestBuffer(t *testing.T) {
	network := sim.NewCalm()
	inner, err := network.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	const line, section = 100, 300
	limits := sdk.Limits{Limits: msg.Limits{RequestLine: line, FieldSection: section}, RequestBuffer: line + section + 3}
	if _, _, err = sdk.NewLoop(inner, sdk.Config{Limits: limits}, sdk.NewPool(1)); err == nil || !strings.Contains(err.Error(), "RequestBuffer") {
		t.Errorf("a buffer that is too small is accepted: %v", err)
	}
	limits.RequestBuffer++
	k := &readingKernel{Kernel: inner}
	l, h, err := sdk.NewLoop(k, sdk.Config{Limits: limits}, sdk.NewPool(1))
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
	target := "GET /loop?" + strings.Repeat("q", line-len("GET /loop? HTTP/1.1")) + " HTTP/1.1\r\n"
	field := "Host: x\r\nA: " + strings.Repeat("a", section-len("Host: x\r\nA: \r\n")) + "\r\n"
	head := target + field + "\r\n"
	for _, piece := range []string{head[:1], head[1 : len(head)-1], head[len(head)-1:] + strings.Repeat(head, 20)} {
		p.Send([]byte(piece))
		for range 50 {
			if err := l.Turn(0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := strings.Count(string(p.Received()), "on the loop"); n != 21 {
		t.Errorf("%d answers; want 21: %q", n, p.Received())
	}
	if k.most > limits.RequestBuffer {
		t.Errorf("up to %d octets are read at once; want %d at most", k.most, limits.RequestBuffer)
	}
}

// TestTooSlowIsInTheChain checks what an app's error function can ask.
func TestTooSlowIsInTheChain(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	w.app.routes["/ask"] = &route{plan: sdk.Plan{Name: "ask", Body: sdk.BodyStreamed}, head: func(a *app, x *http1.Exchange) bool {
		_, err := io.ReadAll(x.OpenRequest())
		a.canceled = append(a.canceled, err)
		return false
	}}
	p := w.dial(post("/ask", 3) + post("/loop/body", 3)[:0])
	w.turns()
	w.pass(5 * time.Second)
	w.want(p, "an answer of the app's own", ok, "", true)
	if len(w.app.canceled) != 1 || !errors.Is(w.app.canceled[0], sdk.ErrTooSlow) || sdk.StatusOf(w.app.canceled[0]) != 408 {
		t.Errorf("the function saw %v", w.app.canceled)
	}
	w.dial(post("/loop/body", 3))
	w.turns()
	w.pass(5 * time.Second)
	if out := w.app.outcomes; len(out) != 2 || !errors.Is(out[1].Err, sdk.ErrTooSlow) || out[1].Status != 408 {
		t.Errorf("outcomes %+v", out)
	}
}

// TestUpgradesHaveAllTheTime checks that the rates do not hold for another
// protocol, which may be silent for as long as it likes.
func TestUpgradesHaveAllTheTime(t *testing.T) {
	w := newWorld(t, sdk.Config{})
	w.app.routes["/up"] = &route{plan: sdk.Plan{Name: "up", Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
		u, err := x.OpenUpgrade("talk")
		if err != nil {
			sdk.WriteError(x, err)
			return false
		}
		buf := make([]byte, 10)
		n, _ := u.Read(buf)
		_, _ = u.Write(append(make([]byte, 10_000), buf[:n]...))
		return false
	}}
	p := w.dial("")
	w.turns()
	p.SetWindow(1000)
	p.StopReading()
	p.Send([]byte("GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n"))
	w.turns()
	w.pass(time.Hour)
	p.Send([]byte("hello"))
	w.turns()
	w.pass(time.Hour)
	p.StartReading()
	w.turns()
	if got := string(p.Received()); !strings.HasPrefix(got, "HTTP/1.1 101 ") || !strings.HasSuffix(got, "hello") || p.Broken() {
		t.Errorf("got %d octets, reset %v", len(got), p.Broken())
	}
}
