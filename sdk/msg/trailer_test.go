package msg

import (
	"errors"
	"strings"
	"testing"
)

func TestMayTrail(t *testing.T) {
	longest := 0
	for name := range strings.FieldsSeq(`
		Content-Length Transfer-Encoding Trailer TE Connection Keep-Alive Proxy-Connection Upgrade
		Host
		Cache-Control Expect Max-Forwards Pragma Range If-Match If-None-Match If-Modified-Since If-Unmodified-Since If-Range
		Authorization Proxy-Authorization WWW-Authenticate Proxy-Authenticate Cookie Set-Cookie
		Age Date Expires Location Retry-After Vary Warning
		Content-Encoding Content-Type Content-Range
	`) {
		for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if MayTrail(spelled) || MayTrail([]byte(spelled)) {
				t.Errorf("%s may trail", spelled)
			}
		}
		longest = max(longest, len(name))
		for _, near := range []string{name + "s", "x" + name[1:], name[:len(name)-1] + "_"} {
			if !MayTrail(near) {
				t.Errorf("%s may not trail", near)
			}
		}
	}
	if longest != maxTrailName {
		t.Errorf("the longest name has %d octets, not %d", longest, maxTrailName)
	}
	for _, name := range []string{"ETag", "Server-Timing", "Authentication-Info", "Content-Digest", "Grpc-Status", "a", "", strings.Repeat("a", 1000), "connect\x49on\x00", "\x48ost\x80"} {
		if !MayTrail(name) {
			t.Errorf("%q may not trail", name)
		}
	}
	if n := testing.AllocsPerRun(100, func() { MayTrail("Content-Length") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTrailersErr(t *testing.T) {
	for _, tt := range []struct {
		name, value, blamed string
		want                error
	}{
		{"Server-Timing", "a", "", nil},
		{"host", "a", "host", ErrFieldTrailer},
		{"Connection", "close", "Connection", ErrFieldTrailer},
		{"a b", "a", "a b", ErrFieldName},
	} {
		var f Fields
		f.Set("ETag", `"a"`)
		f.Set(tt.name, tt.value)
		err := f.TrailersErr()
		var refused *FieldError
		if !errors.Is(err, tt.want) || err != nil && (!errors.As(err, &refused) || refused.Name != tt.blamed) {
			t.Errorf("%s: %s: %v; want %v", tt.name, tt.value, err, tt.want)
		}
	}
}
