package files

import (
	"slices"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/sdktest"
)

// TestAccepted is the field Accept-Encoding of RFC 9110 section 12.5.3.
func TestAccepted(t *testing.T) {
	for fields, want := range map[string]string{
		"":                          "",
		"Accept-Encoding:":          "",
		"Accept-Encoding: gzip":     "gzip",
		"Accept-Encoding: x-gzip":   "gzip",
		"Accept-Encoding: GZIP, Br": "br gzip",
		"Accept-Encoding: gzip, deflate, br, zstd":          "br zstd gzip",
		"Accept-Encoding: deflate":                          "",
		"Accept-Encoding: gzip;q=0":                         "",
		"Accept-Encoding: gzip;q=0.000, br;q=0.001":         "br",
		"Accept-Encoding: br;q=0.5, gzip;q=1.0, zstd;q=0.7": "gzip zstd br",
		"Accept-Encoding: br; q=0.5 , gzip ;Q=0.501":        "gzip br",
		"Accept-Encoding: *":                                "br zstd gzip",
		"Accept-Encoding: *;q=0.1, zstd":                    "zstd br gzip",
		"Accept-Encoding: br;q=0, *":                        "zstd gzip",
		"Accept-Encoding: *;q=0":                            "",
		"Accept-Encoding: identity":                         "",
		"Accept-Encoding: identity;q=0.5, gzip;q=0.4, br":   "br",
		"Accept-Encoding: identity;q=0.5, gzip;q=0.5":       "gzip",
		"Accept-Encoding: identity;q=0, gzip":               "gzip",
		"Accept-Encoding: gzip|Accept-Encoding: br":         "br gzip",
		"Accept-Encoding: gzip;q=1.001":                     "",
		"Accept-Encoding: gzip;q=2":                         "",
		"Accept-Encoding: gzip;q=.5":                        "",
		"Accept-Encoding: gzip;q=0.1234":                    "",
		"Accept-Encoding: gzip;q=-1":                        "",
		"Accept-Encoding: gzip;q=":                          "",
		"Accept-Encoding: gzip;":                            "",
		"Accept-Encoding: gzip;q=1.":                        "gzip",
		"Accept-Encoding: gzip;level=1":                     "",
		"Accept-Encoding: gzipped, abr":                     "",
	} {
		var list []string
		if fields != "" {
			list = strings.Split(fields, "|")
		}
		p := accepted(sdktest.Request("GET /", list...))
		var got []string
		for _, v := range p.all() {
			got = append(got, v.coding())
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %v; want %s", fields, got, want)
		}
	}
}

// TestMediaTypes checks that the table can be searched, and what is not in it.
func TestMediaTypes(t *testing.T) {
	if !slices.IsSortedFunc(mediaTypes[:], func(a, b [2]string) int { return strings.Compare(a[0], b[0]) }) {
		t.Error("the table is not sorted")
	}
	for i, m := range mediaTypes {
		if i > 0 && m[0] == mediaTypes[i-1][0] || m[0] != strings.ToLower(m[0]) || m[0][0] != '.' {
			t.Errorf("%s stands there twice, or cannot be found", m[0])
		}
	}
	for name, want := range map[string]string{
		"index.html": "text/html; charset=utf-8", "a/b.c/IMG.JPG": "image/jpeg", "app.min.js": "text/javascript; charset=utf-8",
		"README": Unknown, "a.unheard": Unknown, "a.": Unknown, "": Unknown, "a.html/b": Unknown, "js": Unknown,
	} {
		if got := MediaType(name); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
}
