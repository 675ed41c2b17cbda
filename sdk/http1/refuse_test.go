package http1_test

import (
	"errors"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
)

// newRefusingApp returns an app whose routes answer errors by a function of
// their own. failed is where it was called, of each call: "loop" or "pool".
func newRefusingApp() (a *app, failed *[]string) {
	a, failed = newApp(), new([]string)
	for _, r := range a.routes {
		r.plan.Errors, r.plan.MaxBody = true, 1000
		r.fail = func(_ *app, x *http1.Exchange, err error) {
			place := "pool"
			if strings.Contains(string(debug.Stack()), "netpoll.(*Loop).Turn") {
				place = "loop"
			}
			*failed = append(*failed, place)
			x.SetStatus(sdk.StatusOf(err))
			x.ResponseContent().Reset()
			host, _ := x.RequestField("Host") // of a head that may have come in another turn
			x.ResponseContent().Text("app of ").View(host).Text(": ").Text(err.Error())
		}
	}
	return a, failed
}

// faults are requests in which a fault is found when the route is known.
// PATH is the path of the route, whose limit is 1,000 octets.
var faults = []struct {
	name, send string
	reason     string
	status     int
	text       string // of the error
	fault      string // where Offset is: what stands there, or "" for the end
	late       bool
}{
	{
		name: "declared over the limit", send: "POST PATH HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\nabc",
		reason: "body-limit", status: 413, text: "the content is over the limit of 1000 octets", fault: "Content-Length",
	},
	{
		name: "sent over the limit", send: "POST PATH HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n3e8\r\nb",
		reason: "body-limit", status: 413, text: "the content is over the limit of 1000 octets", fault: "\nb",
	},
	{
		name: "malformed chunk", send: "POST PATH HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\ng\r\n",
		reason: "chunk-size", status: 400, text: "malformed chunk size", fault: "g\r\n",
	},
	{
		name: "malformed trailer", send: "POST PATH HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: \x00\r\n\r\n",
		reason: "field-value", status: 400, text: "malformed field value", fault: "\x00",
	},
	{
		name: "late", send: "POST PATH HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na", late: true,
		reason: "body-timeout", status: 408, text: "the content took too long to arrive",
	},
	{
		name: "late amid a chunk", send: "POST PATH HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na", late: true,
		reason: "body-timeout", status: 408, text: "the content took too long to arrive",
	},
}

// play sends a request in two parts, and lets it be late if it is meant to be.
func (w *world) play(first, second string, late bool) string {
	w.t.Helper()
	p := w.dial(first)
	w.turns()
	if second != "" {
		p.Send([]byte(second))
		w.turns()
	}
	if late {
		w.pass(131 * time.Second)
	}
	if !p.Ended() || p.Broken() {
		w.t.Fatalf("%q, %q: ended %v, reset %v", first, second, p.Ended(), p.Broken())
	}
	return string(p.Received())
}

// TestFaultsAreAnsweredByTheApp checks, for routes in both places and at every
// cut, that the app's function answers what the server finds, where the plan
// says; that the hook is told of it, and that Done runs once.
func TestFaultsAreAnsweredByTheApp(t *testing.T) {
	for _, path := range []string{"/loop/body", "/pool/body", "/loop", "/pool", "/ready"} {
		place := "loop"
		if strings.HasPrefix(path, "/pool") {
			place = "pool"
		}
		for _, f := range faults {
			t.Run(path+" "+f.name, func(t *testing.T) {
				send := strings.ReplaceAll(f.send, "PATH", path)
				for cut := range len(send) {
					a, failed := newRefusingApp()
					var told []sdk.Refusal
					w := newWorldOf(t, a, sdk.Config{OnRefusal: func(r sdk.Refusal) { told = append(told, r) }})
					got := w.play(send[:cut], send[cut:], f.late)
					want := "HTTP/1.1 " + strconv.Itoa(f.status) + " "
					if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "\r\n\r\napp of x: "+f.text+": h1: "+reasonText(f.reason)) ||
						!strings.Contains(got, "Connection: close\r\n") || strings.Count(got, "HTTP/1.1") != 1 {
						t.Fatalf("cut at %d: %q", cut, got)
					}
					if !slices.Equal(*failed, []string{place}) {
						t.Fatalf("cut at %d: answered in %q", cut, *failed)
					}
					next := w.dial("POST /pool/body HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
					w.want(next, "another connection, with the same exchange", ok, "got abc", false)
					if len(a.outcomes) != 2 {
						t.Fatalf("cut at %d: outcomes %+v", cut, a.outcomes)
					}
					var refused *h1.RefusalError
					if out := a.outcomes[0]; out.Status != f.status || sdk.StatusOf(out.Err) != f.status || !errors.As(out.Err, &refused) {
						t.Fatalf("cut at %d: outcome %+v", cut, out)
					}
					offset := len(send)
					if f.fault != "" {
						offset = strings.LastIndex(send, f.fault)
					}
					if len(told) != 1 || told[0].Reason != f.reason || told[0].Status != f.status ||
						told[0].Offset != int64(offset) || string(told[0].Octets) != send[:min(64, strings.Index(send, "\r\n\r\n")+4)] {
						t.Fatalf("cut at %d: told %v; want %s at %d", cut, told, f.reason, offset)
					}
				}
			})
		}
	}
}

// reasonText returns what the engine says of a reason.
func reasonText(slug string) string {
	for r := range h1.Reasons {
		if h1.Reason(r).Slug() == slug {
			return h1.Reason(r).String()
		}
	}
	return ""
}

// TestFaultsWithoutAFunction checks that nothing of the app runs for a fault
// when its errors are not its own, and that a ready-made response answers where
// there is one.
func TestFaultsWithoutAFunction(t *testing.T) {
	for _, path := range []string{"/loop/body", "/pool/body"} {
		for _, ready := range []bool{false, true} {
			for _, f := range faults {
				a := newApp()
				if ready {
					a.ready = readyRefusals
				}
				w := newWorldOf(t, a, sdk.Config{})
				got := w.play(strings.ReplaceAll(f.send, "PATH", path), "", f.late)
				want := "\r\nContent-Length: " + strconv.Itoa(len(f.text)+1) + "\r\nConnection: close\r\n\r\n" + f.text + "\n"
				if ready {
					text := strconv.Itoa(f.status) + " of the app"
					want = "\r\nContent-Length: " + strconv.Itoa(len(text)) + "\r\nConnection: close\r\n\r\n" + text
				}
				if !strings.HasPrefix(got, "HTTP/1.1 "+strconv.Itoa(f.status)+" ") || !strings.HasSuffix(got, want) {
					t.Errorf("%s %s, ready-made %v: %q; want %q", path, f.name, ready, got, want)
				}
				if len(a.outcomes) != 1 || a.outcomes[0].Status != f.status || a.outcomes[0].Err == nil || a.outcomes[0].Octets == 0 {
					t.Errorf("%s %s: outcomes %+v", path, f.name, a.outcomes)
				}
			}
		}
	}
}

// readyRefusals are ready-made responses for some refusals.
var readyRefusals = []sdk.ReadyResponse{
	{Status: 400, Content: "400 of the app", Refusal: true},
	{Status: 408, Content: "408 of the app", Refusal: true},
	{Status: 413, Content: "413 of the app", Refusal: true},
}

// TestReadyRefusals checks which refused heads a ready-made response answers,
// and that HEAD gets no content.
func TestReadyRefusals(t *testing.T) {
	for _, tt := range []struct {
		send, status, content string
		late                  bool
	}{
		{send: "GET / HTTP/1.1\r\n\r\n", status: "400 Bad Request", content: "400 of the app"},
		{send: "\x16\x03\x01", status: "400 Bad Request", content: "400 of the app"},
		{send: "HEAD / HTTP/1.1\r\n\r\n", status: "400 Bad Request"},
		{send: "GET / HTTP/2.0\r\n", status: "505 HTTP Version Not Supported", content: "HTTP version not supported\n"},
		{send: "GET / HTTP/1.1\r\nHos", status: "408 Request Timeout", content: "408 of the app", late: true},
		{send: "HEAD / HTTP/1.1\r\nHos", status: "408 Request Timeout", late: true},
	} {
		a := newApp()
		a.ready = readyRefusals
		w := newWorldOf(t, a, sdk.Config{})
		got := w.play(tt.send, "", tt.late)
		head, content, _ := strings.Cut(got, "\r\n\r\n")
		if !strings.HasPrefix(head, "HTTP/1.1 "+tt.status+"\r\n") || content != tt.content ||
			!strings.HasSuffix(head, "\r\nConnection: close") || !strings.Contains(head, "\r\nDate: ") || !strings.Contains(head, "\r\nContent-Length: ") {
			t.Errorf("%q: %q", tt.send, got)
		}
		if len(a.outcomes) != 0 {
			t.Errorf("%q: outcomes %+v", tt.send, a.outcomes)
		}
	}
}

// TestHookSeesRefusedHeads checks what the hook is told of heads, at every cut.
func TestHookSeesRefusedHeads(t *testing.T) {
	for _, tt := range []struct {
		send, reason string
		offset       int64
		late         bool
	}{
		{"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "field-name", 20, false},
		{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "length-coding", 44, false},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "tls", 0, false},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http2-preface", 0, false},
		{"GET / HTTP/1.1\r\nHos", "head-timeout", 19, true},
		{"GET /" + strings.Repeat("a", 9000), "request-line-limit", 8193, false},
	} {
		for cut := range min(len(tt.send), 60) {
			for _, ahead := range []string{"", "\r\n", getLoop} {
				var told []sdk.Refusal
				w := newWorld(t, sdk.Config{OnRefusal: func(r sdk.Refusal) { told = append(told, r) }})
				w.play(ahead+tt.send[:cut], tt.send[cut:], tt.late)
				if len(told) != 1 || told[0].Reason != tt.reason || told[0].Offset != tt.offset || !told[0].RemoteAddr.IsValid() ||
					!strings.HasPrefix(tt.send, string(told[0].Octets)) || len(told[0].Octets) > 64 || len(told[0].Octets) == 0 {
					t.Fatalf("%.40q behind %q cut at %d: %v; want %s at %d", tt.send, ahead, cut, told, tt.reason, tt.offset)
				}
			}
		}
	}
}

// TestRefusalAfterTheAnswer checks that the hook is told of a fault in content
// that nobody wanted, and which head it came with.
func TestRefusalAfterTheAnswer(t *testing.T) {
	for path, first := range map[string]string{"/refuse": "HTTP/1.1 403 ", "/unheard": ok} {
		var told []sdk.Refusal
		w := newWorld(t, sdk.Config{OnRefusal: func(r sdk.Refusal) { told = append(told, r) }})
		head := "POST " + path + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		got := w.play(head+"3\r\nab", "c\r\nz", false)
		if !strings.HasPrefix(got, first) || strings.Count(got, "HTTP/1.1") != 1 {
			t.Errorf("%s: %q", path, got)
		}
		if len(told) != 1 || told[0].Reason != "chunk-size" || told[0].Status != 0 ||
			told[0].Offset != int64(len(head)+8) || !strings.HasPrefix(head, string(told[0].Octets)) {
			t.Errorf("%s: %v", path, told)
		}
	}
}

// TestStreamedFaultsAreCounted checks that the function of a route which reads
// its content as it arrives has the error, and that it is counted.
func TestStreamedFaultsAreCounted(t *testing.T) {
	var told []sdk.Refusal
	w := newWorld(t, sdk.Config{OnRefusal: func(r sdk.Refusal) { told = append(told, r) }})
	got := w.play("POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", "", false)
	if !strings.Contains(got, "limit of 1000 octets") || len(told) != 0 || w.count("body-limit") != 1 {
		t.Errorf("%q; told %v, counted %d", got, told, w.count("body-limit"))
	}
}

// count returns how many requests were refused for a reason.
func (w *world) count(reason string) uint64 {
	for _, c := range w.Host.RefusalCounts() {
		if c.Reason == reason {
			return c.Count
		}
	}
	w.t.Fatal("no count of", reason)
	return 0
}

// TestHookIsBounded checks Config.RefusalRate: what is left out is counted and
// told, and nothing more than the rate is told of in a second.
func TestHookIsBounded(t *testing.T) {
	for _, rate := range []int{0, 3, sdk.Unlimited} {
		var told []sdk.Refusal
		w := newWorld(t, sdk.Config{RefusalRate: rate, OnRefusal: func(r sdk.Refusal) { told = append(told, r) }})
		most := map[int]int{0: 10, 3: 3, sdk.Unlimited: 25}[rate]
		for range 25 {
			w.dial("\x16")
			w.turns()
		}
		if len(told) != most {
			t.Fatalf("rate %d: told of %d in a second; want %d", rate, len(told), most)
		}
		w.pass(time.Second)
		w.dial("\x16")
		w.turns()
		w.dial("\x16")
		w.turns()
		if len(told) != most+2 || told[most].Suppressed != uint64(25-most) || told[most+1].Suppressed != 0 {
			t.Errorf("rate %d: then told %v", rate, told[most:])
		}
		if n := w.count("tls"); n != 27 {
			t.Errorf("rate %d: counted %d; want 27", rate, n)
		}
	}
}

// TestHookMayPanic checks that a panic of the hook is reported and changes
// nothing else.
func TestHookMayPanic(t *testing.T) {
	var panics []sdk.Panic
	w := newWorld(t, sdk.Config{
		OnRefusal: func(sdk.Refusal) { panic("on purpose") },
		OnPanic:   func(p sdk.Panic) { panics = append(panics, p) },
	})
	if got := w.play("\x16", "", false); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
		t.Errorf("answered %q", got)
	}
	if len(panics) != 1 || panics[0].Route != "OnRefusal" || panics[0].Value != "on purpose" {
		t.Errorf("reported %v", panics)
	}
}

// TestFailMayPanic checks that a panic of the function for errors is answered
// as any other.
func TestFailMayPanic(t *testing.T) {
	for _, path := range []string{"/loop/body", "/pool/body"} {
		a, _ := newRefusingApp()
		a.routes[path].fail = func(*app, *http1.Exchange, error) { panic("on purpose") }
		w := newWorldOf(t, a, sdk.Config{})
		got := w.play("POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", "", false)
		if !strings.HasPrefix(got, "HTTP/1.1 500 ") || !strings.Contains(got, "Connection: close\r\n") {
			t.Errorf("%s: %q", path, got)
		}
		if len(a.outcomes) != 1 || a.outcomes[0].Status != 500 || !errors.Is(a.outcomes[0].Err, sdk.ErrPanicked) {
			t.Errorf("%s: %+v", path, a.outcomes)
		}
	}
}

// TestFaultWaitsForEarlierAnswers checks that a unit that answers a fault begins
// when what stands before its answer is sent, and that nothing is read
// behind the fault.
func TestFaultWaitsForEarlierAnswers(t *testing.T) {
	a, failed := newRefusingApp()
	w := newWorldOf(t, a, sdk.Config{})
	got := w.play(strings.Repeat(getLoop, 3)+"POST /pool/body HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"+getLoop, "", false)
	if strings.Count(got, ok) != 3 || strings.Count(got, "HTTP/1.1 413 ") != 1 || !strings.HasSuffix(got, reasonText("body-limit")) {
		t.Errorf("%q", got)
	}
	if !slices.Equal(*failed, []string{"pool"}) {
		t.Errorf("answered in %q", *failed)
	}
}

// TestFaultAfterTheResponseBegan checks that a response which a function opened
// before the content came is aborted by a fault in it, not followed by another.
func TestFaultAfterTheResponseBegan(t *testing.T) {
	a, failed := newRefusingApp()
	a.routes["/begun"] = &route{
		plan: sdk.Plan{Name: "begun", Body: sdk.BodyCollected, Streams: true, Errors: true},
		head: func(_ *app, x *http1.Exchange) bool {
			_ = x.OpenResponse().Flush()
			return true
		},
		fail: a.routes["/pool"].fail,
	}
	w := newWorldOf(t, a, sdk.Config{})
	p := w.dial("POST /begun HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
	w.turns()
	p.Send([]byte("z"))
	w.turns()
	if got := string(p.Received()); strings.Count(got, "HTTP/1.1") > 1 || strings.HasSuffix(got, "0\r\n\r\n") || !p.Broken() {
		t.Errorf("%q; reset %v", got, p.Broken())
	}
	if len(a.outcomes) != 1 || a.outcomes[0].Status != 200 || sdk.StatusOf(a.outcomes[0].Err) != 400 || len(*failed) != 0 {
		t.Errorf("outcomes %+v, failed in %q", a.outcomes, *failed)
	}
}

// TestFaultBeforeTheResponseBegan checks that a response which was opened, and of
// which nothing was sent, gives way to the answer to a fault.
func TestFaultBeforeTheResponseBegan(t *testing.T) {
	for _, errors := range []bool{false, true} {
		a, failed := newRefusingApp()
		a.routes["/opened"] = &route{
			plan: sdk.Plan{Name: "opened", Body: sdk.BodyCollected, Streams: true, Errors: errors},
			head: func(_ *app, x *http1.Exchange) bool {
				_, _ = x.OpenResponse().Write([]byte("not sent"))
				return true
			},
			fail: a.routes["/pool"].fail,
		}
		w := newWorldOf(t, a, sdk.Config{})
		got := w.play("POST /opened HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "z", false)
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") || strings.Contains(got, "not sent") || strings.HasPrefix(strings.SplitN(got, "\r\n\r\n", 2)[1], "app") != errors {
			t.Errorf("%q", got)
		}
		if len(a.outcomes) != 1 || a.outcomes[0].Status != 400 || sdk.StatusOf(a.outcomes[0].Err) != 400 || (len(*failed) == 1) != errors {
			t.Errorf("outcomes %+v, failed in %q", a.outcomes, *failed)
		}
	}
}

// TestRefusedContentIsNotRead checks that a function for errors cannot read what
// was refused.
func TestRefusedContentIsNotRead(t *testing.T) {
	a, _ := newRefusingApp()
	a.routes["/read"].fail = func(_ *app, x *http1.Exchange, err error) {
		n, readErr := x.OpenRequest().Read(make([]byte, 10))
		x.ResponseContent().Int(int64(n))
		if errors.Is(readErr, err) {
			x.ResponseContent().Text(" octets and the same error")
		}
	}
	w := newWorldOf(t, a, sdk.Config{})
	got := w.play("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\nabc", "", false)
	if !strings.HasSuffix(got, "\r\n\r\n0 octets and the same error") {
		t.Errorf("%q", got)
	}
}

// TestPeerGoneBeforeTheUnit checks that Done runs once when the peer goes while
// its fault is answered.
func TestPeerGoneBeforeTheUnit(t *testing.T) {
	a, _ := newRefusingApp()
	w := newWorldOf(t, a, sdk.Config{})
	p := w.dial("POST /pool/body HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
	for range 3 {
		_ = w.Loop.Turn(0)
	}
	p.Reset()
	w.turns()
	if len(a.outcomes) != 1 || a.outcomes[0].Err == nil {
		t.Errorf("outcomes %+v", a.outcomes)
	}
}

// TestReasonsAreDocumented checks that package sdk tells of each reason, and of
// no other.
func TestReasonsAreDocumented(t *testing.T) {
	source, err := os.ReadFile("../refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(source), "// The reasons,")
	list, _, ok2 := strings.Cut(list, "\n// In HTTP/2,") // which has a test of its own
	if !ok || !ok2 {
		t.Fatal("the documentation of sdk.Refusal has no list of reasons")
	}
	var got []string
	for line := range strings.SplitSeq(list, "//   - ") {
		names, _, ok := strings.Cut(strings.ReplaceAll(line, "\n//", ""), ":")
		if !ok || strings.HasPrefix(line, " whose") {
			continue
		}
		for name := range strings.SplitSeq(names, ",") {
			got = append(got, strings.TrimSpace(name))
		}
	}
	var want []string
	for r := 1; r < h1.Reasons; r++ {
		want = append(want, h1.Reason(r).Slug())
	}
	if !slices.Equal(got, want) {
		t.Errorf("documented %q\nwant %q", got, want)
	}
}

// TestRefusalsOverSocket checks the hook and the counts of a server with several
// loops.
func TestRefusalsOverSocket(t *testing.T) {
	told := make(chan sdk.Refusal, 100)
	a, _ := newRefusingApp()
	addr, s := serve(t, a, sdk.Config{Loops: 2, OnRefusal: func(r sdk.Refusal) { told <- r }})
	for range 8 {
		if got := converse(t, addr, "GET / HTTP/1.1\r\n\r\n"); !strings.Contains(got, "Host is missing") {
			t.Errorf("answered %q", got)
		}
	}
	got := converse(t, addr, "POST /pool/body HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
	if !strings.Contains(got, "app of x: the content is over the limit") {
		t.Errorf("answered %q", got)
	}
	for range 9 {
		if r := <-told; r.Reason != "host-missing" && r.Reason != "body-limit" {
			t.Error(r)
		}
	}
	counts := s.Refusals()
	if len(counts) != h1.Reasons-1 || counts[0].Reason != h1.Reason(1).Slug() {
		t.Errorf("counts %v", counts)
	}
	for _, c := range counts {
		if want := map[string]uint64{"host-missing": 8, "body-limit": 1}[c.Reason]; c.Count != want {
			t.Errorf("%s: %d; want %d", c.Reason, c.Count, want)
		}
	}
}
