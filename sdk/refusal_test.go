package sdk

import (
	"errors"
	"fmt"
	"testing"
)

// TestRefusalString checks that a refusal is printed without what a terminal or
// a log could take for its own.
func TestRefusalString(t *testing.T) {
	r := Refusal{Reason: "tls", Status: 400, Octets: []byte("\x16\x03\n\x1b[0m\u202e\""), Suppressed: 2}
	const want = `refused tls (400) from a peer without an address at octet 0 of "\x16\x03\n\x1b[0m\u202e\"", and 2 before it`
	if got := fmt.Sprint(r); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// TestRefusalsOfNobody checks what costs nothing: without a hook none is wanted,
// and none is left out.
func TestRefusalsOfNobody(t *testing.T) {
	h := &Host{}
	r := h.Refusals("p", []string{"", "a", "b"})
	if n := testing.AllocsPerRun(100, func() {
		r.Count(2)
		if r.Wanted(1) {
			t.Error("wanted")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if h.refusalRate.leftOut != 0 {
		t.Error("left out what nobody wants")
	}
	if h.Refusals("p", []string{"", "a", "b"}) != r {
		t.Error("another policy counts apart")
	}
	if got := fmt.Sprint(h.RefusalCounts()); got != "[{a 0} {b 101}]" {
		t.Error(got)
	}
}

// TestRate checks where a second ends, and what is left out of it.
func TestRate(t *testing.T) {
	const second = 1_000_000_000
	r := rate{most: 2}
	for i, tt := range []struct {
		now  int64
		want bool
	}{
		{5 * second, true},
		{5*second + 1, true},
		{5*second + 2, false},
		{6*second - 1, false},
		{6 * second, true},
		{7*second - 1, true},
		{7*second - 1, false},
		{7 * second, true},
	} {
		if got := r.allows(tt.now); got != tt.want {
			t.Errorf("event %d at %d: %v", i, tt.now, got)
		}
	}
	if n := r.take(); n != 3 || r.take() != 0 {
		t.Errorf("%d were left out", n)
	}
}

// TestRefusalErrors checks what the app is told of a request that an engine
// refused: the status and the engine's error always, ErrTooSlow of a slow one
// only.
func TestRefusalErrors(t *testing.T) {
	refusal := errors.New("refused")
	for _, tt := range []struct {
		err    error
		status int
		text   string
		slow   bool
	}{
		{ContentLimitError(413, 1<<40, refusal), 413, "the content is over the limit of 1099511627776 octets: refused", false},
		{TooSlowError(408, "body-timeout", refusal), 408, "body-timeout: refused", true},
	} {
		if StatusOf(tt.err) != tt.status || tt.err.Error() != tt.text {
			t.Errorf("%d %v; want %d %s", StatusOf(tt.err), tt.err, tt.status, tt.text)
		}
		if !errors.Is(tt.err, refusal) || errors.Is(tt.err, ErrTooSlow) != tt.slow {
			t.Errorf("%v: is the refusal: %v, too slow: %v", tt.err, errors.Is(tt.err, refusal), errors.Is(tt.err, ErrTooSlow))
		}
	}
}
