package coding_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"strings"
	"testing"

	kzstd "github.com/klauspost/compress/zstd"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/coding"
	"github.com/windhover-go/windhover/sdk/coding/gzip"
	"github.com/windhover-go/windhover/sdk/coding/zstd"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := stdgzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t *testing.T, text string, options ...kzstd.EOption) string {
	t.Helper()
	var b bytes.Buffer
	w, err := kzstd.NewWriter(&b, options...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDecode(t *testing.T) {
	const limit = 1 << 20
	fits := strings.Repeat("a", limit)
	for name, tt := range map[string]struct {
		fields  []string
		content string
		want    string
		status  int // 0: decoded
	}{
		"no coding":             {nil, "as it is", "as it is", 0},
		"identity":              {[]string{"Content-Encoding: identity"}, "as it is", "as it is", 0},
		"gzip":                  {[]string{"Content-Encoding: gzip"}, gzipped(t, "text"), "text", 0},
		"x-gzip, case":          {[]string{"content-encoding: X-GZip"}, gzipped(t, "text"), "text", 0},
		"gzip, two members":     {[]string{"Content-Encoding: gzip"}, gzipped(t, "a") + gzipped(t, "b"), "ab", 0},
		"gzip at the limit":     {[]string{"Content-Encoding: gzip"}, gzipped(t, fits), fits, 0},
		"gzip over the limit":   {[]string{"Content-Encoding: gzip"}, gzipped(t, fits+"a"), "", 413},
		"gzip, cut":             {[]string{"Content-Encoding: gzip"}, gzipped(t, "text")[:20], "", 400},
		"gzip, garbage behind":  {[]string{"Content-Encoding: gzip"}, gzipped(t, "text") + "x", "", 400},
		"gzip, nothing":         {[]string{"Content-Encoding: gzip"}, "", "", 400},
		"zstd":                  {[]string{"Content-Encoding: zstd"}, zstandard(t, "text"), "text", 0},
		"zstd at the limit":     {[]string{"Content-Encoding: zstd"}, zstandard(t, fits), fits, 0},
		"zstd over the limit":   {[]string{"Content-Encoding: zstd"}, zstandard(t, fits+"a"), "", 413},
		"zstd, cut":             {[]string{"Content-Encoding: zstd"}, zstandard(t, "text")[:8], "", 400},
		"zstd, large window":    {[]string{"Content-Encoding: zstd"}, zstandard(t, strings.Repeat(fits, 20), kzstd.WithWindowSize(16<<20)), "", 400},
		"unknown":               {[]string{"Content-Encoding: br"}, "x", "", 415},
		"several":               {[]string{"Content-Encoding: gzip, gzip"}, gzipped(t, gzipped(t, "text")), "", 415},
		"several lines":         {[]string{"Content-Encoding: gzip", "Content-Encoding: zstd"}, "x", "", 415},
		"identity beside a one": {[]string{"Content-Encoding: gzip, identity,"}, gzipped(t, "text"), "text", 0},
	} {
		t.Run(name, func(t *testing.T) {
			res := sdktest.Response()
			got, err := coding.Decode(sdktest.Request("POST /", tt.fields...), res, []byte(tt.content), limit, gzip.Coding(), zstd.Coding())
			if tt.status == 0 {
				if err != nil || string(got) != tt.want {
					t.Fatalf("%d octets, %v; want %d", len(got), err, len(tt.want))
				}
				return
			}
			if err == nil || sdk.StatusOf(err) != tt.status {
				t.Fatalf("%v; want %d", err, tt.status)
			}
			if accepted := res.Field("Accept-Encoding"); (tt.status == 415) != (accepted == "gzip, zstd") {
				t.Errorf("Accept-Encoding is %q", accepted)
			}
		})
	}
}

// TestRequireNone: without Decode, only content without a coding is understood
// (RFC 9110 section 15.5.16).
func TestRequireNone(t *testing.T) {
	for name, ok := range map[string]bool{"": true, "identity": true, "Identity, ,identity": true, "gzip": false, "identity, gzip": false, "gzip, gzip": false} {
		res := sdktest.Response()
		err := coding.RequireNone(sdktest.Request("POST /", "Content-Encoding: "+name), res)
		if (err == nil) != ok || err != nil && sdk.StatusOf(err) != 415 {
			t.Errorf("%q: %v", name, err)
		}
		if accepted := res.Field("Accept-Encoding"); (accepted == "identity") == ok {
			t.Errorf("%q: Accept-Encoding is %q", name, accepted)
		}
	}
}
