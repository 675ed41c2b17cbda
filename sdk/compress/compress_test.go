package compress_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	kzstd "github.com/klauspost/compress/zstd"

	"github.com/windhover-go/windhover/sdk/compress"
	"github.com/windhover-go/windhover/sdk/compress/gzipcoder"
	"github.com/windhover-go/windhover/sdk/compress/zstdcoder"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// exchange is a request with a response.
type exchange struct {
	*sdktest.Made
	*sdktest.Recorder
}

// text is content that is worth a coding.
var text = strings.Repeat("all work and no play makes a dull server. ", 100)

// answer returns the response to a request, which a function made and the stage
// completed.
func answer(t *testing.T, s *compress.Stage, function func(res *sdktest.Recorder), fields ...string) exchange {
	t.Helper()
	x := exchange{sdktest.Request("GET /", fields...), sdktest.Response()}
	x.ResponseFields().Set("Content-Type", "text/plain; charset=utf-8")
	x.ResponseContent().Text(text)
	if function != nil {
		function(x.Recorder)
	}
	s.Respond(x)
	return x
}

// decoded returns the content of a response without its coding.
func decoded(t *testing.T, x exchange) string {
	t.Helper()
	var r io.Reader = strings.NewReader(x.Text())
	var err error
	switch coding := x.Field("Content-Encoding"); coding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = kzstd.NewReader(r, kzstd.WithDecoderMaxWindow(zstdcoder.Window))
	case "":
	default:
		t.Fatalf("the coding is %q", coding)
	}
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestNegotiation checks which coding each Accept-Encoding gets.
func TestNegotiation(t *testing.T) {
	s := compress.New(0, zstdcoder.Coding(), gzipcoder.Coding())
	for accept, want := range map[string]string{
		"":                             "",
		"gzip":                         "gzip",
		"GZip":                         "gzip",
		"x-gzip":                       "gzip",
		"zstd":                         "zstd",
		"gzip, deflate, br, zstd":      "zstd",
		"gzip;q=1.0, zstd;q=0.9":       "gzip",
		"gzip;q=0.9, zstd;q=0.901":     "zstd",
		"gzip ; q=0.5 , zstd ; Q=0.5":  "zstd",
		"gzip;q=0":                     "",
		"gzip;q=0.000":                 "",
		"gzip;q=0.001":                 "gzip",
		"*":                            "zstd",
		"*;q=0":                        "",
		"zstd;q=0, *":                  "gzip",
		"gzip;q=0.2, *;q=0.1":          "gzip",
		"identity":                     "",
		"identity, gzip":               "gzip",
		"identity, gzip;q=0.9":         "",
		"identity;q=0.5, gzip;q=0.9":   "gzip",
		"identity;q=0, gzip":           "gzip",
		"br":                           "",
		"gzip;q=2":                     "",
		"gzip;q=1.001":                 "",
		"gzip;q=0.0001":                "",
		"gzip;q=x":                     "",
		"gzip;q=":                      "",
		"gzip;q":                       "",
		"gzip;level=1":                 "",
		"gzip;q=1":                     "gzip",
		"gzip;q=1.":                    "gzip",
		",, gzip,,":                    "gzip",
		"gzipped, g zip":               "",
		"|zstd;q=0|*;q=0.3|gzip;q=0.2": "gzip", // in several lines
	} {
		var fields []string
		for line := range strings.SplitSeq(accept, "|") {
			fields = append(fields, "Accept-Encoding: "+line)
		}
		x := answer(t, s, nil, fields...)
		if got := x.Field("Content-Encoding"); got != want {
			t.Errorf("%q: %q, want %q", accept, got, want)
		}
		if got := x.Field("Vary"); got != "Accept-Encoding" {
			t.Errorf("%q: Vary is %q", accept, got)
		}
		if decoded(t, x) != text || (want != "") != (len(x.Text()) < len(text)/5) {
			t.Errorf("%q: the content is %d octets", accept, len(x.Text()))
		}
	}
	if x := answer(t, s, nil); x.Field("Content-Encoding") != "" || x.Field("Vary") == "" {
		t.Error("a client that says nothing gets a coding, or no Vary")
	}
}

// FuzzNegotiation: whatever the client sends, it gets a coding that it named, or
// any when it takes others, and content that decodes.
func FuzzNegotiation(f *testing.F) {
	for _, seed := range []string{"gzip", "*;q=0.5", "identity;q=0,x-gzip ; q=1.000", ";q=", "gzip;q=1.", "a,,;"} {
		f.Add(seed)
	}
	s := compress.New(0, gzipcoder.Coding())
	f.Fuzz(func(t *testing.T, accept string) {
		x := answer(t, s, nil, "Accept-Encoding: "+accept)
		named := strings.Contains(strings.ToLower(accept), "gzip") || strings.Contains(accept, "*")
		if x.Field("Content-Encoding") != "" && !named || decoded(t, x) != text {
			t.Fatalf("%q: %q", accept, x.ResponseFields().Lines())
		}
	})
}

// TestRespond checks what is encoded, and what becomes of the fields.
func TestRespond(t *testing.T) {
	set := func(lines ...string) func(res *sdktest.Recorder) {
		return func(res *sdktest.Recorder) {
			for i := 0; i < len(lines); i += 2 {
				res.ResponseFields().Set(lines[i], lines[i+1])
			}
		}
	}
	status := func(n int) func(res *sdktest.Recorder) { return func(res *sdktest.Recorder) { res.SetStatus(n) } }
	length := func(n int) func(res *sdktest.Recorder) {
		return func(res *sdktest.Recorder) {
			res.ResponseContent().Reset()
			res.ResponseContent().Text(text[:n])
		}
	}
	s := compress.New(0, gzipcoder.Coding())
	for _, c := range []struct {
		name     string
		function func(res *sdktest.Recorder)
		coding   string
		vary     string
		etag     string
	}{
		{"text", nil, "gzip", "Accept-Encoding", ""},
		{"the minimum", length(compress.DefaultMinimum), "gzip", "Accept-Encoding", ""},
		{"below the minimum", length(compress.DefaultMinimum - 1), "", "", ""},
		{"JSON", set("Content-Type", "application/json"), "gzip", "Accept-Encoding", ""},
		{"a kind of JSON", set("Content-Type", "application/problem+json"), "gzip", "Accept-Encoding", ""},
		{"SVG", set("Content-Type", "image/SVG+xml"), "gzip", "Accept-Encoding", ""},
		{"an image", set("Content-Type", "image/png"), "", "", ""},
		{"a film", set("Content-Type", "video/mp4"), "", "", ""},
		{"an archive", set("Content-Type", "application/zip"), "", "", ""},
		{"octets", set("Content-Type", "application/octet-stream"), "", "", ""},
		{"a long type", set("Content-Type", "text/"+strings.Repeat("a", 100)), "", "", ""},
		{"no type", func(res *sdktest.Recorder) { res.ResponseFields().Delete("Content-Type") }, "", "", ""},
		{"an error", status(404), "gzip", "Accept-Encoding", ""},
		{"a part", status(206), "", "", ""},
		{"no content", status(204), "", "", ""},
		{"a range", set("Content-Range", "bytes 0-1/2"), "", "", ""},
		{"encoded already", set("Content-Encoding", "br"), "br", "", ""},
		{"with a digest", set("Repr-Digest", "sha-256=:AA==:"), "", "", ""},
		{"no-transform", set("Cache-Control", "private, No-Transform"), "", "", ""},
		{"another Cache-Control", set("Cache-Control", "max-age=3"), "gzip", "Accept-Encoding", ""},
		{"a Vary", set("Vary", "Accept"), "gzip", "Accept, Accept-Encoding", ""},
		{"a Vary that says it", set("Vary", "Accept, accept-encoding"), "gzip", "Accept, accept-encoding", ""},
		{"a Vary of everything", set("Vary", "*"), "gzip", "*", ""},
		{"a strong tag", set("ETag", `"a"`), "gzip", "Accept-Encoding", `W/"a"`},
		{"a weak tag", set("ETag", `W/"a"`), "gzip", "Accept-Encoding", `W/"a"`},
		{"a tag, not encoded", set("ETag", `"a"`, "Content-Type", "image/png"), "", "", `"a"`},
		{"not modified", func(res *sdktest.Recorder) { set("ETag", `"a"`)(res); res.SetStatus(304) }, "", "Accept-Encoding", `W/"a"`},
		{"not modified, of any type", func(res *sdktest.Recorder) { res.ResponseContent().Reset(); res.SetStatus(304) }, "", "Accept-Encoding", ""},
	} {
		x := answer(t, s, c.function, "Accept-Encoding: gzip")
		var vary []string
		for i := range x.ResponseFields().Count() {
			if name, value := x.ResponseFields().At(i); name.EqualFold("Vary") {
				vary = append(vary, value.String())
			}
		}
		if got := x.Field("Content-Encoding"); got != c.coding || strings.Join(vary, ", ") != c.vary || x.Field("ETag") != c.etag {
			t.Errorf("%s: %q", c.name, x.ResponseFields().Lines())
		}
		if c.coding == "gzip" && !strings.HasPrefix(text, decoded(t, x)) {
			t.Errorf("%s: the content is another", c.name)
		}
	}
	if x := answer(t, s, set("Accept-Ranges", "bytes"), "Accept-Encoding: gzip"); x.Field("Accept-Ranges") != "" {
		t.Error("encoded content offers ranges")
	}
}

// TestNotShorter: what a coding makes longer is sent as it is.
func TestNotShorter(t *testing.T) {
	s := compress.New(1, gzipcoder.Coding(), zstdcoder.Coding())
	for _, coding := range []string{"gzip", "zstd"} {
		x := exchange{sdktest.Request("GET /", "Accept-Encoding: "+coding), sdktest.Response()}
		x.ResponseFields().Set("Content-Type", "text/plain")
		x.ResponseFields().Set("ETag", `"a"`)
		x.ResponseContent().Text("short")
		if s.Respond(x); x.Text() != "short" || x.Field("Content-Encoding") != "" || x.Field("Vary") == "" || x.Field("ETag") != `"a"` {
			t.Errorf("%s: %q %q", coding, x.Text(), x.ResponseFields().Lines())
		}
	}
}

// TestOnLoop: what would take long on the loop is sent as it is.
func TestOnLoop(t *testing.T) {
	s := compress.New(0, gzipcoder.Coding())
	for n, want := range map[int]string{compress.LoopMaximum: "gzip", compress.LoopMaximum + 1: ""} {
		x := exchange{sdktest.Request("GET /", "Accept-Encoding: gzip"), sdktest.Response()}
		x.ResponseFields().Set("Content-Type", "text/plain")
		x.ResponseContent().Text(strings.Repeat("a", n))
		if s.RespondOnLoop(x); x.Field("Content-Encoding") != want {
			t.Errorf("%d octets: %q", n, x.Field("Content-Encoding"))
		}
	}
}

// waiting is an encoder that waits in the middle of its work.
type waiting struct{ begun, goOn chan struct{} }

func (w waiting) AppendEncoded(dst, _ []byte) []byte {
	w.begun <- struct{}{}
	<-w.goOn
	return append(dst, 'x')
}

// TestMaxEncoders: when all encoders are in use, content is sent as it is, and
// afterwards they are used again.
func TestMaxEncoders(t *testing.T) {
	made := 0
	w := waiting{make(chan struct{}), make(chan struct{})}
	s := compress.New(0, compress.Coding{Name: "gzip", New: func() compress.Encoder { made++; return w }})
	for range 2 {
		var all sync.WaitGroup
		for range compress.MaxEncoders {
			all.Go(func() { answer(t, s, nil, "Accept-Encoding: gzip") })
			<-w.begun
		}
		if x := answer(t, s, nil, "Accept-Encoding: gzip"); x.Field("Content-Encoding") != "" || x.Text() != text {
			t.Error("more encoders than may are in use")
		}
		for range compress.MaxEncoders {
			w.goOn <- struct{}{}
		}
		all.Wait()
	}
	if made != compress.MaxEncoders {
		t.Errorf("%d encoders were made", made)
	}
}

// bare is a request with one field, as a server has it.
type bare struct {
	*sdktest.Recorder
	name, accept []byte
}

func (x *bare) RequestFieldCount() int                        { return 1 }
func (x *bare) RequestField(string) (value msg.View, ok bool) { return msg.View{}, false }
func (x *bare) RequestFieldAt(int) (name, value msg.View) {
	return msg.ViewOf(x.name), msg.ViewOf(x.accept)
}

var _ compress.Exchange = (*bare)(nil)

// TestAllocations: a response costs no memory when an encoder has been made.
func TestAllocations(t *testing.T) {
	s := compress.New(0, gzipcoder.Coding(), zstdcoder.Coding())
	for _, accept := range []string{"br", "gzip", "x-gzip, zstd;q=0.1", "zstd"} {
		x := &bare{sdktest.Response(), []byte("Accept-Encoding"), []byte(accept)}
		length := 0
		respond := func() {
			x.ResponseFields().Reset()
			x.ResponseContent().Reset()
			x.ResponseFields().Set("Content-Type", "application/json")
			x.ResponseFields().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
			x.ResponseContent().Text(text)
			s.Respond(x)
			length = x.ResponseContent().Len()
		}
		if got := testing.AllocsPerRun(100, respond); got > 0 {
			t.Errorf("%s: %v allocations", accept, got)
		}
		if (length < len(text)) != (accept != "br") {
			t.Errorf("%s: %d octets", accept, length)
		}
	}
}

// TestEncoderMemory: an encoder is not larger than its package says.
func TestEncoderMemory(t *testing.T) {
	content := bytes.Repeat([]byte(text), 50) // more than a window
	for _, c := range []compress.Coding{gzipcoder.Coding(), zstdcoder.Coding()} {
		var e compress.Encoder
		dst := make([]byte, 0, len(content))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		e = c.New()
		e.AppendEncoded(dst, content)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 850<<10 {
			t.Errorf("%s: %d octets", c.Name, n)
		} else {
			t.Logf("%s: %d octets", c.Name, n)
		}
		runtime.ReadMemStats(&before)
		w := c.NewStream()
		w.Reset(io.Discard)
		if _, err := w.Write(content); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s, streaming: %d octets", c.Name, n)
		} else {
			t.Logf("%s, streaming: %d octets", c.Name, n)
		}
		if got := string(e.AppendEncoded([]byte("before "), content)); !strings.HasPrefix(got, "before ") {
			t.Errorf("%s: what stood in dst is gone", c.Name)
		}
	}
}
