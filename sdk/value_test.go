package sdk

import (
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
