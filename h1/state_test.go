package h1

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// golden compares got with a file of testdata, or rewrites that.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s\n(-update rewrites it)", path, got, want)
	}
}

// TestTransitions walks every cell of the table and prints it as documentation.
func TestTransitions(t *testing.T) {
	var doc strings.Builder
	doc.WriteString("The states of a connection, and where each event leads.\n" +
		"An event that is not listed for a state is illegal there.\n")
	for s := range connStates {
		fmt.Fprintf(&doc, "\n%s\n", s)
		for e := range connEvents {
			cell := transitions[s][e]
			switch {
			case cell.legal:
				fmt.Fprintf(&doc, "  %-12s -> %s\n", e, cell.to)
				c := Conn{state: s}
				if c.on(e); c.state != cell.to {
					t.Errorf("%s in %s leads to %s", e, s, c.state)
				}
			case cell.to != 0:
				t.Errorf("%s in %s is illegal and leads to %s", e, s, cell.to)
			case invariant.Enabled && !panics(func() { (&Conn{state: s}).on(e) }):
				t.Errorf("%s in %s is not noticed", e, s)
			}
		}
	}
	golden(t, "states.txt", doc.String())
}

// TestTransitionsLead checks what the table as a whole promises.
func TestTransitionsLead(t *testing.T) {
	reached := map[connState]bool{connIdle: true}
	for range connStates {
		for s := range connStates {
			for e := range connEvents {
				if reached[s] && transitions[s][e].legal {
					reached[transitions[s][e].to] = true
				}
			}
		}
	}
	for s := range connStates {
		if !reached[s] {
			t.Errorf("%s is never reached", s)
		}
		if s != connIdle && s != connHead && !transitions[s][onClose].legal {
			t.Errorf("an exchange cannot be finished in %s", s)
		}
	}
	for e := range connEvents {
		for _, s := range []connState{connUpgraded, connRefused, connClosed} {
			if cell := transitions[s][e]; cell.legal && cell.to != s && cell.to != connClosed {
				t.Errorf("%s leads out of %s", e, s)
			}
		}
	}
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

// TestRefusals walks every refusal.
func TestRefusals(t *testing.T) {
	for r := ReasonNone + 1; r < reasonCount; r++ {
		for i, refusal := range refusals[r] {
			if refusal.Reason != r || refusal.Head != (i == 1) || refusal.Author != AuthorPeer ||
				msg.StatusText(refusal.Status) == "" || refusal.Status < 400 || r.String() == "" ||
				refusal.Error() != "h1: "+r.String() {
				t.Errorf("refusal %d: %+v", r, refusal)
			}
		}
	}
	if got := (reasonCount + 1).String(); got != ReasonNone.String() {
		t.Error(got)
	}
	if got := (reasonCount + 1).Slug(); got != "" {
		t.Error(got)
	}
}

// TestSlugs checks that the names of the reasons are what they were: logs and
// metrics of others depend on them. A new reason is a new word here.
func TestSlugs(t *testing.T) {
	const want = `
empty-lines method method-unknown target target-form scheme version version-unknown request-line-limit
line-end field-name field-value field-fold field-section-limit fields-limit
host-missing host-repeated host-malformed expectation
length length-repeat length-coding coding coding-unknown coding-version body-limit
chunk-size chunk-extension chunk-line chunk-line-limit chunk-data
tls http2-preface head-timeout body-timeout`
	var got []string
	for r := Reason(1); int(r) < Reasons; r++ {
		got = append(got, r.Slug())
	}
	if !slices.Equal(got, strings.Fields(want)) {
		t.Errorf("%q", got)
	}
	slices.Sort(got)
	if n := len(slices.Compact(got)); n != Reasons-1 || got[0] == "" {
		t.Errorf("%d names for %d reasons", n, Reasons-1)
	}
}

// TestOctets derives the table of octets from the grammar.
func TestOctets(t *testing.T) {
	const alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for i, got := range octets {
		c := byte(i)
		in := func(set string) bool { return strings.IndexByte(set, c) >= 0 }
		var want uint8
		if in("!#$%&'*+-.^_`|~" + alphanumeric) {
			want |= octetToken
		}
		if c == '\t' || c >= ' ' && c != 0x7f {
			want |= octetValue
		}
		if c > ' ' && c < 0x7f && !in("#?%") {
			want |= octetPath
		}
		if in("-._~" + alphanumeric) {
			want |= octetHost
		}
		if got != want {
			t.Errorf("octet %#02x: %#02x; want %#02x", i, got, want)
		}
	}
}

// TestValueEnd compares the scan of eight octets at a time with the table, for
// each octet at each place.
func TestValueEnd(t *testing.T) {
	for length := range 20 {
		for at := range length {
			for c := range 256 {
				for _, fill := range []byte{'a', '\t', 0xff, 0x80, ' ', 0x1f} {
					b := []byte(strings.Repeat(string([]byte{fill}), length))
					b[at] = byte(c)
					want := 0
					for want < length && octets[b[want]]&octetValue != 0 {
						want++
					}
					if got := valueEnd(b, 0); int(got) != want {
						t.Fatalf("%q: %d; want %d", b, got, want)
					}
				}
			}
		}
	}
}
