package conditional_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/conditional"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// The last modification of the representations below, and dates around it.
const (
	before = "Tue, 01 Jun 2021 10:00:00 GMT"
	at     = "Tue, 01 Jun 2021 10:00:01 GMT"
	after  = "Tue, 01 Jun 2021 10:00:02 GMT"
)

var modified = time.Date(2021, 6, 1, 10, 0, 1, 987, time.UTC)

func rep(tag string, t time.Time) conditional.Representation {
	return conditional.Representation{ETag: msg.ViewOf([]byte(tag)), Modified: t}
}

func TestEvaluate(t *testing.T) {
	const ok, fresh, failed = conditional.Proceed, conditional.NotModified, conditional.Failed
	strong, weak, dated := rep(`"a"`, modified), rep(`W/"a"`, modified), rep("", modified)
	bare, absent := rep("", time.Time{}), conditional.Representation{Absent: true}
	for _, c := range []struct {
		name string
		rep  conditional.Representation
		// fields are those of the request, separated by "|".
		fields string
		get    conditional.Verdict // the answer to GET and HEAD
		put    conditional.Verdict // to PUT, POST, PATCH and DELETE
	}{
		{"no precondition", strong, "Accept: */*", ok, ok},
		{"nothing is known", bare, `If-None-Match: "a"|If-Modified-Since: ` + after, ok, ok},

		{"If-None-Match, the tag", strong, `If-None-Match: "a"`, fresh, failed},
		{"another tag", strong, `If-None-Match: "b"`, ok, ok},
		{"compared weakly, weak in the request", strong, `If-None-Match: W/"a"`, fresh, failed},
		{"compared weakly, weak in the response", weak, `If-None-Match: "a"`, fresh, failed},
		{"compared weakly, both", weak, `If-None-Match: W/"a"`, fresh, failed},
		{"in a list", strong, `If-None-Match: "x", W/"y",,"a"`, fresh, failed},
		{"not in a list", strong, `If-None-Match: "x", W/"y" , "aa"`, ok, ok},
		{"in a second line", strong, `If-None-Match: "x"|if-none-match: "a"`, fresh, failed},
		{"a comma within a tag", rep(`"a,b"`, modified), `If-None-Match: "x","a,b"`, fresh, failed},
		{"part of a tag with a comma", strong, `If-None-Match: "x,"a","`, ok, ok},
		{"any", strong, `If-None-Match: *`, fresh, failed},
		{"any, without a tag", bare, `If-None-Match: *`, fresh, failed},
		{"any, of nothing", absent, `If-None-Match: *`, ok, ok},
		{"a tag, of nothing", absent, `If-None-Match: "a"`, ok, ok},
		{"tags have case", strong, `If-None-Match: "A"`, ok, ok},
		{"the mark of weakness has case", strong, `If-None-Match: w/"a"`, ok, ok},
		{"without quotes", strong, `If-None-Match: a`, ok, ok},
		{"without the last quote", strong, `If-None-Match: "a`, ok, ok},
		{"malformed behind the tag", strong, `If-None-Match: "a", b`, fresh, failed},
		{"malformed before the tag", strong, `If-None-Match: b, "a"`, ok, ok},
		{"empty", strong, `If-None-Match:`, ok, ok},
		{"the empty tag", rep(`""`, modified), `If-None-Match: ""`, fresh, failed},
		{"a space within a tag", rep(`"a b"`, modified), `If-None-Match: "a b"`, ok, ok},
		{"octets above ASCII", rep("\"\xe9\"", modified), "If-None-Match: \"\xe9\"", fresh, failed},
		{"what is no tag in the response", rep(`a`, modified), `If-None-Match: a, "a"`, ok, ok},

		{"If-Match, the tag", strong, `If-Match: "a"`, ok, ok},
		{"If-Match, another", strong, `If-Match: "b"`, failed, failed},
		{"If-Match, in a list", strong, `If-Match: "b", "a"`, ok, ok},
		{"compared strongly, weak in the request", strong, `If-Match: W/"a"`, failed, failed},
		{"compared strongly, weak in the response", weak, `If-Match: "a"`, failed, failed},
		{"compared strongly, both weak", weak, `If-Match: W/"a"`, failed, failed},
		{"If-Match, any", bare, `If-Match: *`, ok, ok},
		{"If-Match, any of nothing", absent, `If-Match: *`, failed, failed},
		{"If-Match, malformed", strong, `If-Match: a`, failed, failed},
		{"If-Match without a tag", bare, `If-Match: "a"`, failed, failed},

		{"If-Modified-Since, before", strong, "If-Modified-Since: " + before, ok, ok},
		{"If-Modified-Since, the second", strong, "If-Modified-Since: " + at, fresh, ok},
		{"If-Modified-Since, after", strong, "If-Modified-Since: " + after, fresh, ok},
		{"If-Modified-Since without a date", rep(`"a"`, time.Time{}), "If-Modified-Since: " + after, ok, ok},
		{"If-Modified-Since, malformed", strong, "If-Modified-Since: yesterday", ok, ok},
		{"If-Modified-Since twice", strong, "If-Modified-Since: " + at + "|If-Modified-Since: " + at, ok, ok},
		{"If-Modified-Since, the wrong day", strong, "If-Modified-Since: Wed, 01 Jun 2021 10:00:02 GMT", ok, ok},
		{"If-Modified-Since, of RFC 850", strong, "If-Modified-Since: Tuesday, 01-Jun-21 10:00:01 GMT", fresh, ok},
		{"If-Modified-Since, of asctime", strong, "If-Modified-Since: Tue Jun  1 10:00:01 2021", fresh, ok},

		{"If-Unmodified-Since, before", dated, "If-Unmodified-Since: " + before, failed, failed},
		{"If-Unmodified-Since, the second", dated, "If-Unmodified-Since: " + at, ok, ok},
		{"If-Unmodified-Since, after", dated, "If-Unmodified-Since: " + after, ok, ok},
		{"If-Unmodified-Since without a date", bare, "If-Unmodified-Since: " + before, ok, ok},
		{"If-Unmodified-Since, malformed", dated, "If-Unmodified-Since: never", ok, ok},
		{"If-Unmodified-Since of nothing", absent, "If-Unmodified-Since: " + before, ok, ok},

		// The order of RFC 9110 section 13.2.2.
		{"If-Match before If-Unmodified-Since", strong, `If-Match: "a"|If-Unmodified-Since: ` + before, ok, ok},
		{"If-Match fails before If-None-Match", strong, `If-None-Match: "a"|If-Match: "b"`, failed, failed},
		{"If-Match holds, then If-None-Match", strong, `If-None-Match: "a"|If-Match: "a"`, fresh, failed},
		{"If-Unmodified-Since fails first", strong, `If-None-Match: "a"|If-Unmodified-Since: ` + before, failed, failed},
		{"If-None-Match in place of If-Modified-Since", strong, `If-None-Match: "b"|If-Modified-Since: ` + after, ok, ok},
		{"If-None-Match holds, the date does not", strong, `If-None-Match: "a"|If-Modified-Since: ` + before, fresh, failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := sdktest.Request("GET /", strings.Split(c.fields, "|")...)
			for _, m := range []msg.Method{msg.MethodGet, msg.MethodHead} {
				if got := conditional.Evaluate(m, x, c.rep); got != c.get {
					t.Errorf("%s: %d, want %d", m, got.Status(), c.get.Status())
				}
			}
			for _, m := range []msg.Method{msg.MethodPut, msg.MethodPost, msg.MethodPatch, msg.MethodDelete} {
				if got := conditional.Evaluate(m, x, c.rep); got != c.put {
					t.Errorf("%s: %d, want %d", m, got.Status(), c.put.Status())
				}
			}
			for _, m := range []msg.Method{msg.MethodConnect, msg.MethodOptions, msg.MethodTrace} {
				if got := conditional.Evaluate(m, x, c.rep); got != ok {
					t.Errorf("%s: %d", m, got.Status())
				}
			}
		})
	}
}

func TestStatus(t *testing.T) {
	for v, want := range map[conditional.Verdict]int{conditional.Proceed: 0, conditional.NotModified: 304, conditional.Failed: 412} {
		if v.Status() != want {
			t.Errorf("%d: %d", v, v.Status())
		}
	}
}

func TestMayRange(t *testing.T) {
	strong, weak := rep(`"a"`, modified), rep(`W/"a"`, modified)
	for _, c := range []struct {
		name   string
		rep    conditional.Representation
		fields string
		want   bool
	}{
		{"no If-Range", strong, "Range: bytes=0-1", true},
		{"the tag", strong, `If-Range: "a"`, true},
		{"another tag", strong, `If-Range: "b"`, false},
		{"a weak tag in the request", strong, `If-Range: W/"a"`, false},
		{"a weak tag in the response", weak, `If-Range: W/"a"`, false},
		{"a list", strong, `If-Range: "a", "b"`, false},
		{"the date", strong, "If-Range: " + at, true},
		{"an earlier date", strong, "If-Range: " + before, false},
		{"a later date", strong, "If-Range: " + after, false},
		{"a date without one", rep("", time.Time{}), "If-Range: " + at, false},
		{"malformed", strong, "If-Range: a", false},
		{"twice", strong, `If-Range: "a"|If-Range: "a"`, false},
		{"nothing", conditional.Representation{Absent: true}, `If-Range: "a"`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := sdktest.Request("GET /", strings.Split(c.fields, "|")...)
			if got := conditional.MayRange(x, c.rep, modified.Add(time.Hour)); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	x := sdktest.Request("GET /", "If-Range: "+at)
	if conditional.MayRange(x, strong, modified) {
		t.Error("a date that is not over is a strong validator")
	}
	if !conditional.MayRange(x, strong, modified.Add(time.Second)) {
		t.Error("a date that is over is not a strong validator")
	}
}

func TestParseDate(t *testing.T) {
	want := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	for text, ok := range map[string]bool{
		"Sun, 06 Nov 1994 08:49:37 GMT":     true,
		"Sunday, 06-Nov-94 08:49:37 GMT":    true,
		"Sun Nov  6 08:49:37 1994":          true,
		"Sun Nov 06 08:49:37 1994":          false,
		"Sat, 06 Nov 1994 08:49:37 GMT":     false,
		"sun, 06 nov 1994 08:49:37 GMT":     false,
		"Sun, 06 Nov 1994 08:49:37 UTC":     false,
		"Sun, 06 Nov 1994 08:49:37 +0000":   false,
		"Sun, 6 Nov 1994 08:49:37 GMT":      false,
		"Sun, 31 Feb 1994 08:49:37 GMT":     false,
		"Sun, 06 Nov 1994 08:49:37.5 GMT":   false,
		"Sun, 06 Nov 1994 24:49:37 GMT":     false,
		"Sunday, 06-Nov-94 08:49:37 GMT  ":  false,
		strings.Repeat("S", 1<<16):          false,
		"":                                  false,
		"Sunday, 06-Nov-1994 08:49:37 GMT":  false,
		"Sun, 06 Nov 1994 08:49:37 GMT, 06": false,
	} {
		if got, valid := conditional.ParseDate([]byte(text)); valid != ok || ok && !got.Equal(want) {
			t.Errorf("%.40q: %v, %v", text, got, valid)
		}
	}
	if got := string(conditional.AppendDate(nil, want.In(time.FixedZone("", 3600)))); got != "Sun, 06 Nov 1994 08:49:37 GMT" {
		t.Error(got)
	}
}

// FuzzParseDate: what is read is what net/http reads.
func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{before, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := conditional.ParseDate(b)
		if !ok {
			return
		}
		if want, err := http.ParseTime(string(b)); err != nil || !want.Equal(got) {
			t.Fatalf("%q: %v; net/http: %v, %v", b, got, want, err)
		}
	})
}

// FuzzTags: a list matches only a tag that stands in it, strongly only where it
// matches weakly, and "*" any.
func FuzzTags(f *testing.F) {
	for _, seed := range []string{`"a"`, `W/"a", "b"`, "*", `"a,b"`, `,, "`, "W/"} {
		f.Add(seed, `"a"`)
	}
	f.Fuzz(func(t *testing.T, list, tag string) {
		x := fields{{[]byte("If-None-Match"), []byte(list)}}
		weakly := conditional.Evaluate(msg.MethodGet, x, rep(tag, time.Time{})) == conditional.NotModified
		x[0][0] = []byte("If-Match")
		strongly := conditional.Evaluate(msg.MethodGet, x, rep(tag, time.Time{})) == conditional.Proceed
		if weakly && list != "*" && (tag == "" || !strings.Contains(list, strings.TrimPrefix(tag, "W/"))) || strongly && !weakly {
			t.Fatalf("%q, %q: weakly %v, strongly %v", list, tag, weakly, strongly)
		}
	})
}

// fields are a request's, as a server has them.
type fields [][2][]byte

// RequestField implements sdk.RequestHeaders.
func (f fields) RequestField(string) (value msg.View, ok bool) { return msg.View{}, false }

// RequestFieldCount implements sdk.RequestHeaders.
func (f fields) RequestFieldCount() int { return len(f) }

// RequestFieldAt implements sdk.RequestHeaders.
func (f fields) RequestFieldAt(i int) (name, value msg.View) {
	return msg.ViewOf(f[i][0]), msg.ViewOf(f[i][1])
}

// TestAllocations: preconditions cost no memory, whether they hold or not.
func TestAllocations(t *testing.T) {
	long := rep(`"`+strings.Repeat("a", 100)+`"`, modified)
	for _, c := range [][2]string{
		{"If-None-Match", `"x", ` + long.ETag.String()},
		{"If-Modified-Since", at},
		{"If-Modified-Since", "Tuesday, 01-Jun-21 10:00:01 GMT"},
		{"If-Modified-Since", "Tue Jun  1 10:00:01 2021"},
		{"If-Match", `"b"`},
		{"If-Range", at},
		{"If-Range", `"b"`},
	} {
		x := fields{{[]byte("Accept"), []byte("*/*")}, {[]byte(c[0]), []byte(c[1])}}
		var headers sdk.RequestHeaders = x
		got := testing.AllocsPerRun(100, func() {
			conditional.Evaluate(msg.MethodGet, headers, long)
			conditional.MayRange(headers, long, modified)
		})
		if got > 0 {
			t.Errorf("%s: %s: %v allocations", c[0], c[1], got)
		}
	}
}
