package sdk

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// FuzzCookie reads the cookie c of any text: what is found agrees with net/http
// where that accepts the text as a whole.
func FuzzCookie(f *testing.F) {
	for _, seed := range []string{"", "c=1", "a=b; c=2; c=3", `c="q"; d`, "cc=1;c=", " c=\t;c=x", "c", "c=a b", "C=1;=;c=1=2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, found := cookie([]byte(text), "c")
		if found && !strings.Contains(text, "c="+string(value)) {
			t.Fatalf("%q is not of %q", value, text)
		}
		isControl := func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
		if !isCookieValue(value) || strings.ContainsFunc(text, isControl) {
			return // no field value has a control octet
		}
		list, err := http.ParseCookie(text)
		if err != nil {
			return
		}
		for _, c := range list {
			if c.Name != "c" {
				continue
			}
			want := c.Value
			if c.Quoted {
				want = `"` + want + `"`
			}
			if string(value) != want {
				t.Fatalf("%q: the cookie c is %q; net/http reads %q", text, value, want)
			}
			return
		}
		if found {
			t.Fatalf("%q: the cookie c is %q; net/http has none", text, value)
		}
	})
}

// TestBadValue: the text of the error says what would have been right, in words
// that are no Go.
func TestBadValue(t *testing.T) {
	for _, bits := range []int{8, 16, 32} {
		signed, unsigned := int64(1)<<(bits-1), int64(1)<<bits
		for kind, want := range map[string]string{
			fmt.Sprint("int", bits):  fmt.Sprintf("no whole number from %d to %d", -signed, signed-1),
			fmt.Sprint("uint", bits): fmt.Sprintf("no whole number from 0 to %d", unsigned-1),
		} {
			if got := unlike(kind); got != want {
				t.Errorf("%s: %s; want %s", kind, got, want)
			}
		}
	}
	for _, kind := range []string{"string", "view", "bool", "int", "int64", "uint", "uint64", "float32", "float64"} {
		if got := BadValue("query n", []byte("x"), kind).Error(); strings.Contains(got, "type") || !strings.HasPrefix(got, `the query n is "x", which is `) {
			t.Errorf("%s: %s", kind, got)
		}
	}
	if got := BadValue("query day", []byte(strings.Repeat("x", 100)), "Weekday").Error(); got != `the query day is "`+strings.Repeat("x", 80)+`…", which is not of the type Weekday` {
		t.Error(got)
	}
}
