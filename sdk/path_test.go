package sdk_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

func TestIsHost(t *testing.T) {
	for _, tt := range []struct {
		authority string
		want      bool
	}{
		{"api.example.com", true},
		{"API.Example.Com", true},
		{"api.example.com:8080", true},
		{"api.example.com:", true},
		{"api.example.co", false},
		{"api.example.com.", false},
		{"api.example.comx", false},
		{"xapi.example.com", false},
		{"api\x0eexample.com", false}, // the bit of the case alone differs from "."
		{":8080", false},
		{"", false},
	} {
		if got := sdk.IsHost([]byte(tt.authority), "api.example.com"); got != tt.want {
			t.Errorf("%q: %v", tt.authority, got)
		}
	}
}

func TestOtherSlash(t *testing.T) {
	for _, tt := range []struct{ target, want string }{
		{"/users", "/users/"},
		{"/users/", "/users"},
		{"/users?", "/users/"},
		{"/users/?a=/&b=%2F", "/users?a=/&b=%2F"},
		{"/a%2F", "/a%2F/"},
		{"/", "/.//"}, // no route has it
		{"//evil.example/", "/.//evil.example"},
		{"/\\evil.example/", "/./\\evil.example"},
	} {
		got := sdk.OtherSlash(sdktest.Request("GET " + tt.target))
		if got != tt.want {
			t.Errorf("%s: %s; want %s", tt.target, got, tt.want)
		}
	}
}

// TestAppendOtherSlashInPlace checks that the buffer may be that of the path.
func TestAppendOtherSlashInPlace(t *testing.T) {
	for path, want := range map[string]string{"/users": "/users/", "/users/": "/users"} {
		buffer := []byte(path)
		if got := sdk.AppendOtherSlash(buffer[:0], buffer); string(got) != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// FuzzEscape reads back what was escaped: as one segment, and, for a rest, as the
// same segments.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "ann", "a/b", "a b%20/", "..", "ü\x00\xff", "?#[]@!$&'()*+,;=:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		segment, rest := sdk.EscapeSegment(text), sdk.EscapeRest(text)
		for _, escaped := range []string{segment, rest} {
			u, err := url.ParseRequestURI("http://x/" + escaped)
			if err != nil || u.RawQuery != "" || u.Path != "/"+text {
				t.Fatalf("%q becomes %q, which is %+v (%v)", text, escaped, u, err)
			}
			normal, ok := sdk.NormalPath(nil, []byte(escaped))
			if !ok || sdk.Unescape(normal) != text {
				t.Fatalf("%q becomes %q, which is %q", text, escaped, normal)
			}
		}
		if strings.Contains(segment, "/") || strings.Count(rest, "/") != strings.Count(text, "/") {
			t.Fatalf("%q becomes %q and %q", text, segment, rest)
		}
	})
}
