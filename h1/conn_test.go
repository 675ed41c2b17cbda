package h1

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/windhover-go/windhover/sdk/msg"
)

// defaults are the limits of most tests.
var defaults = msg.Limits{}.WithDefaults()

// read feeds the parts to a connection in turn, as reads would deliver them,
// finishes each exchange as soon as its request is complete, and returns what
// was found, one line for each event. Runs of content are joined: where they
// are cut is not part of the answer.
//
// Exchanges are taken and given back as a host does it, and poisoned input
// follows what is presented, so that nothing can depend on either.
func read(limits *msg.Limits, parts ...string) string {
	return readAs(msg.PolicyStrict, limits, parts...)
}

// readAs is read with a policy.
func readAs(policy msg.Policy, limits *msg.Limits, parts ...string) string {
	log, _ := readFault(policy, limits, parts...)
	return log
}

// readFault is readAs, and returns where the fault of the refused request lies,
// too: -1 when none was refused.
func readFault(policy msg.Policy, limits *msg.Limits, parts ...string) (log string, fault int64) {
	r := reader{limits: limits, fault: -1}
	r.c.Policy = policy
	for _, part := range parts {
		r.feed(part)
	}
	if r.content != nil {
		r.flush()
	}
	return r.log.String(), r.fault
}

type reader struct {
	fault   int64
	limits  *msg.Limits
	c       Conn
	x       *Exchange
	in      []byte
	log     strings.Builder
	content []byte
}

func (r *reader) feed(part string) {
	// A fresh copy for each call: nothing may be kept of the one before.
	r.in = append(append(make([]byte, 0, len(r.in)+len(part)+8), r.in...), part...)
	copy(r.in[len(r.in):cap(r.in)], "\x00\x00\x00\x00\x00\x00\x00\x00")
	for {
		if r.x == nil {
			r.x = &Exchange{}
		}
		ev, n := r.c.Next(r.x, r.in, r.limits)
		if ev != EventContent && ev != EventNone && r.content != nil {
			r.flush()
		}
		switch ev {
		case EventHead:
			r.head()
			r.x.Pin()
			r.x.KeepTrailers()
		case EventContent:
			if r.x.RequestTrailerCount() != 0 {
				panic("trailers before the end")
			}
			r.content = append(r.content, r.x.Content()...)
		case EventEnd:
			for i := range r.x.RequestTrailerCount() {
				name, value := r.x.RequestTrailerAt(i)
				fmt.Fprintf(&r.log, "trailer %s=%s\n", name, value)
			}
			r.log.WriteString("end\n")
			if !r.c.Finish(r.x) {
				r.log.WriteString("close\n")
			}
			r.x.Reset()
			r.x = nil
		case EventRefused:
			again, m := r.c.Next(&Exchange{}, []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), r.limits)
			if again != EventRefused || m != 0 {
				panic("a refused connection goes on")
			}
			if s := r.log.String(); !strings.HasSuffix(s, refusedLine(r.x)) {
				r.log.WriteString(refusedLine(r.x))
				r.fault = r.x.FaultAt(r.x.Refusal().Reason, r.in[n:], r.limits)
			}
			r.in = nil
			return
		case EventNone:
			if !r.c.InExchange() && r.x != nil {
				r.x.Reset()
				r.x = nil
			}
			r.in = r.in[n:]
			return
		}
		r.in = r.in[n:]
	}
}

func refusedLine(x *Exchange) string {
	return fmt.Sprintf("refused %d %s\n", x.Refusal().Status, x.Refusal().Reason)
}

func (r *reader) flush() {
	fmt.Fprintf(&r.log, "content %q\n", r.content)
	r.content = nil
}

func (r *reader) head() {
	x := r.x
	fmt.Fprintf(&r.log, "%s %s", x.MethodText(), x.RawPath())
	if x.RawQuery().Len() > 0 {
		fmt.Fprintf(&r.log, " ?%s", x.RawQuery())
	}
	fmt.Fprintf(&r.log, " @%s 1.%d %d\n", x.Authority(), x.Minor(), x.ContentLength())
	for i := range x.RequestFieldCount() {
		name, value := x.RequestFieldAt(i)
		if !name.EqualFold("Host") {
			fmt.Fprintf(&r.log, "  %s=%s\n", name, value)
		}
	}
}

// everyCut checks that in gives want when it arrives whole, octet by octet, and
// cut in two at every place, and that it is at fault at the same place.
func everyCut(t *testing.T, limits *msg.Limits, in, want string) {
	t.Helper()
	everyCutAs(t, msg.PolicyStrict, limits, in, want)
}

// everyCutAs is everyCut with a policy.
func everyCutAs(t *testing.T, policy msg.Policy, limits *msg.Limits, in, want string) {
	t.Helper()
	got, place := readFault(policy, limits, in)
	if got != want {
		t.Fatalf("whole:\n%swant:\n%s", got, want)
	}
	octets := make([]string, len(in))
	for i := range octets {
		octets[i] = in[i : i+1]
	}
	if got, fault := readFault(policy, limits, octets...); got != want || fault != place {
		t.Fatalf("octet by octet:\n%sat %d; want:\n%sat %d", got, fault, want, place)
	}
	for cut := range len(in) + 1 {
		if got, fault := readFault(policy, limits, in[:cut], in[cut:]); got != want || fault != place {
			t.Fatalf("cut at %d:\n%sat %d; want:\n%sat %d", cut, got, fault, want, place)
		}
	}
}

func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(Conn{}); n > 64 {
		t.Errorf("a Conn has %d octets; want at most 64", n)
	}
	t.Logf("Conn %d, Exchange %d octets", unsafe.Sizeof(Conn{}), unsafe.Sizeof(Exchange{}))
}
