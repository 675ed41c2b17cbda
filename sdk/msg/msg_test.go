package msg

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestMethod(t *testing.T) {
	for m := MethodGet; m <= MethodPatch; m++ {
		if got := ParseMethod([]byte(m.String())); got != m {
			t.Errorf("%s is parsed as %d", m, got)
		}
		if got := ParseMethod([]byte(strings.ToLower(m.String()))); got != MethodUnknown {
			t.Errorf("%s without regard to case", m)
		}
	}
	for _, unknown := range []string{"", "GE", "GETS", "PROPFIND", "GET "} {
		if got := ParseMethod([]byte(unknown)); got != MethodUnknown || got.String() != "" {
			t.Errorf("%q is parsed as %d", unknown, got)
		}
	}
}

func TestView(t *testing.T) {
	b := []byte("Hello")
	v := ViewOf(b[:4])
	if v.Len() != 4 || v.At(1) != 'e' || v.String() != "Hell" || string(v.Append([]byte("x"))) != "xHell" || string(v.Octets()) != "Hell" {
		t.Error("octets")
	}
	if s := v.Slice(1, 3); !s.Equal("el") || s.Len() != 2 {
		t.Error("slice", s)
	}
	if _ = append(v.Octets(), '!'); b[4] != 'o' {
		t.Error("an append writes into what lies behind")
	}
	if _ = append(v.Slice(0, 1).Octets(), '!'); b[1] != 'e' {
		t.Error("an append writes into what lies behind a slice")
	}
	if !v.Equal("Hell") || v.Equal("hell") || v.Equal("Hello") || v.Equal("") {
		t.Error("Equal")
	}
	if (View{}).Len() != 0 || !(View{}).Equal("") || !(View{}).EqualFold("") {
		t.Error("zero value")
	}
}

// TestEqualFold compares every pair of octets.
func TestEqualFold(t *testing.T) {
	lower := func(c int) int {
		if c >= 'A' && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}
	for a := range 256 {
		for b := range 256 {
			if got := ViewOf([]byte{byte(a)}).EqualFold(string([]byte{byte(b)})); got != (lower(a) == lower(b)) {
				t.Errorf("%#02x and %#02x: %t", a, b, got)
			}
		}
	}
	if ViewOf([]byte("ab")).EqualFold("a") || !ViewOf([]byte("Content-TYPE")).EqualFold("content-type") {
		t.Error("words")
	}
}

func TestBuffer(t *testing.T) {
	var b Buffer
	b.Text("a").Octets([]byte("b")).Octet('c').View(ViewOf([]byte("d"))).Int(-42)
	if n, err := fmt.Fprintf(&b, "%s", "e"); n != 1 || err != nil {
		t.Error(n, err)
	}
	if string(b.Collected()) != "abcd-42e" || b.Len() != 8 || b.Cap() < 8 {
		t.Errorf("%q", b.Collected())
	}
	own := make([]byte, 3, 10)
	if old := b.Adopt(own); len(old) != 0 || cap(old) < 8 || b.Len() != 0 || b.Cap() != 10 {
		t.Error("Adopt")
	}
	b.Text("xy")
	if own[0] != 'x' {
		t.Error("does not use what it adopted")
	}
	if b.Reset(); b.Len() != 0 || b.Cap() != 10 {
		t.Error("Reset")
	}
}

func TestLimits(t *testing.T) {
	got := Limits{}.WithDefaults()
	want := Limits{
		RequestLine: 8192, FieldSection: 32768, Fields: 100, RequestBody: 30_000_000, ChunkLine: 256,
		ResponseBufferHigh: 65536, ResponseBufferLow: 16384, Pipelined: 64,
	}
	if got != want {
		t.Errorf("defaults %+v", got)
	}
	const all = int(^uint(0) >> 1)
	got = Limits{
		RequestLine: Unlimited, FieldSection: Unlimited, Fields: Unlimited, RequestBody: Unlimited, ChunkLine: Unlimited,
		ResponseBufferHigh: Unlimited, ResponseBufferLow: Unlimited, Pipelined: Unlimited,
	}.WithDefaults()
	if got != (Limits{all, all, all, 1<<63 - 1, all, all, all, all}) {
		t.Errorf("unlimited %+v", got)
	}
	if set := (Limits{1, 2, 3, 4, 5, 6, 7, 8}); set.WithDefaults() != set || got.WithDefaults() != got {
		t.Error("what is set is changed")
	}
}

// TestStatusText compares with the standard library, but for the phrases that
// RFC 9110 changed and the codes that are not registered.
func TestStatusText(t *testing.T) {
	differ := map[int]string{
		104: "Upload Resumption Supported",
		413: "Content Too Large",
		414: "URI Too Long",
		416: "Range Not Satisfiable",
		418: "",
		422: "Unprocessable Content",
	}
	for code := -1; code < 1000; code++ {
		want, ok := differ[code]
		if !ok {
			want = http.StatusText(code)
		}
		if got := StatusText(code); got != want {
			t.Errorf("%d: %q; want %q", code, got, want)
		}
	}
}
