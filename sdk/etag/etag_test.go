package etag_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/etag"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// exchange is a request with a response.
type exchange struct {
	*sdktest.Made
	*sdktest.Recorder
}

// answer returns the response to a request that a function made.
func answer(t *testing.T, function func(res *sdktest.Recorder), line string, fields ...string) (exchange, error) {
	t.Helper()
	x := exchange{sdktest.Request(line, fields...), sdktest.Response()}
	x.ResponseFields().Set("Content-Type", "text/plain")
	x.ResponseContent().Text("hello")
	if function != nil {
		function(x.Recorder)
	}
	return x, etag.Respond(x)
}

func TestTag(t *testing.T) {
	seen := map[string]string{}
	for name, function := range map[string]func(res *sdktest.Recorder){
		"plain":            nil,
		"another content":  func(res *sdktest.Recorder) { res.ResponseContent().Text("!") },
		"another type":     func(res *sdktest.Recorder) { res.ResponseFields().Set("Content-Type", "text/html") },
		"another language": func(res *sdktest.Recorder) { res.ResponseFields().Set("Content-Language", "en") },
		"another coding":   func(res *sdktest.Recorder) { res.ResponseFields().Set("Content-Encoding", "en") },
		"a long type":      func(res *sdktest.Recorder) { res.ResponseFields().Set("Content-Type", strings.Repeat("a", 500)) },
	} {
		x, err := answer(t, function, "GET /")
		tag := x.Field("ETag")
		if err != nil || len(tag) != 34 || tag[0] != '"' || tag[33] != '"' {
			t.Errorf("%s: %q, %v", name, tag, err)
		}
		if other := seen[tag]; other != "" {
			t.Errorf("%s has the tag of %s", name, other)
		}
		seen[tag] = name
		again, _ := answer(t, function, "HEAD /")
		if again.Field("ETag") != tag {
			t.Errorf("%s: HEAD has %q, GET %q", name, again.Field("ETag"), tag)
		}
		cached, err := answer(t, function, "GET /", "If-None-Match: "+tag)
		if err != nil || cached.Status() != 304 || cached.Text() != "" || cached.Field("ETag") != tag || cached.Field("Content-Type") != "" {
			t.Errorf("%s: %d %q %q, %v", name, cached.Status(), cached.Text(), cached.ResponseFields().Lines(), err)
		}
	}
}

func TestRespond(t *testing.T) {
	const early, late = "Tue, 01 Jun 2021 10:00:00 GMT", "Tue, 01 Jun 2021 10:00:09 GMT"
	versioned := func(res *sdktest.Recorder) {
		res.ResponseFields().Set("ETag", `"v1"`)
		res.ResponseFields().Set("Last-Modified", early)
		res.ResponseFields().Set("Cache-Control", "max-age=1")
		res.ResponseFields().Set("Vary", "Accept")
	}
	status := func(n int) func(res *sdktest.Recorder) { return func(res *sdktest.Recorder) { res.SetStatus(n) } }
	for _, c := range []struct {
		name     string
		function func(res *sdktest.Recorder)
		line     string
		field    string
		want     int
	}{
		{"no condition", versioned, "GET /", "", 200},
		{"the app's tag", versioned, "GET /", `If-None-Match: "v1"`, 304},
		{"the app's tag, HEAD", versioned, "HEAD /", `If-None-Match: "v1"`, 304},
		{"another tag", versioned, "GET /", `If-None-Match: "v2"`, 200},
		{"the app's date", versioned, "GET /", "If-Modified-Since: " + late, 304},
		{"a malformed date of the app", func(res *sdktest.Recorder) { res.ResponseFields().Set("Last-Modified", "now") }, "GET /", "If-Modified-Since: " + late, 200},
		{"If-Match fails", versioned, "GET /", `If-Match: "v2"`, 412},
		{"If-Match holds", versioned, "GET /", `If-Match: "v1"`, 200},
		{"an error stays one", func(res *sdktest.Recorder) { versioned(res); res.SetStatus(404) }, "GET /", `If-None-Match: "v1"`, 404},
		{"a redirection", status(302), "GET /", "If-None-Match: *", 302},
		{"a part", status(206), "GET /", "If-None-Match: *", 206},
		{"another method", versioned, "POST /", `If-None-Match: "v1"`, 200},
		{"without content", func(res *sdktest.Recorder) { res.ResponseContent().Reset() }, "GET /", "If-None-Match: *", 200},
	} {
		x, err := answer(t, c.function, c.line, fieldLines(c.field)...)
		got := x.Status()
		if err != nil {
			got = sdk.StatusOf(err)
		}
		if got != c.want {
			t.Errorf("%s: %d, %v; want %d", c.name, got, err, c.want)
		}
		if got == 412 && !errors.Is(err, sdk.ErrPreconditionFailed) {
			t.Errorf("%s: %v", c.name, err)
		}
		if got == 304 && (x.Field("Cache-Control") == "" || x.Field("Vary") == "" || x.Field("ETag") != `"v1"` || x.Field("Last-Modified") != "") {
			t.Errorf("%s: the fields are %q", c.name, x.ResponseFields().Lines())
		}
	}
	if x, _ := answer(t, nil, "POST /"); x.Field("ETag") != "" {
		t.Error("the answer to POST has a tag")
	}
}

func fieldLines(line string) []string {
	if line == "" {
		return nil
	}
	return []string{line}
}

// bare is a request with two fields, as a server has them.
type bare struct {
	*sdktest.Recorder
	method msg.Method
	fields [][2][]byte
}

func (x *bare) Method() msg.Method                            { return x.method }
func (x *bare) RawPath() msg.View                             { return msg.View{} }
func (x *bare) Authority() msg.View                           { return msg.View{} }
func (x *bare) RawQuery() msg.View                            { return msg.View{} }
func (x *bare) RequestFieldCount() int                        { return len(x.fields) }
func (x *bare) RequestField(string) (value msg.View, ok bool) { return msg.View{}, false }
func (x *bare) RequestFieldAt(i int) (name, value msg.View) {
	return msg.ViewOf(x.fields[i][0]), msg.ViewOf(x.fields[i][1])
}

// TestAllocations: neither a tag nor a 304 costs memory.
func TestAllocations(t *testing.T) {
	made, _ := answer(t, nil, "GET /")
	for _, match := range []string{"", made.Field("ETag")} {
		x := &bare{sdktest.Response(), msg.MethodGet, [][2][]byte{{[]byte("If-None-Match"), []byte(match)}}}
		got := testing.AllocsPerRun(100, func() {
			x.SetStatus(200)
			x.ResponseFields().Reset()
			x.ResponseContent().Reset()
			x.ResponseFields().Set("Content-Type", "text/plain")
			x.ResponseContent().Text("hello")
			if err := etag.Respond(x); err != nil {
				t.Fatal(err)
			}
		})
		if got > 0 || (x.Status() == 304) != (match != "") {
			t.Errorf("%q: %d with %v allocations", match, x.Status(), got)
		}
	}
}

func BenchmarkRespond(b *testing.B) {
	x := &bare{sdktest.Response(), msg.MethodGet, nil}
	x.ResponseContent().Text(strings.Repeat("0123456789", 6554))
	b.SetBytes(int64(x.ResponseContent().Len()))
	for b.Loop() {
		x.ResponseFields().Reset()
		if err := etag.Respond(x); err != nil {
			b.Fatal(err)
		}
	}
}
