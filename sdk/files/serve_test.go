package files_test

import (
	"bytes"
	"embed"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/files"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

//go:embed all:testdata/site
var site embed.FS

func itoa(n int) string { return strconv.Itoa(n) }

const alphabet = "abcdefghijklmnopqrstuvwxyz"

// at is when the files of the tests were last modified.
var at = time.Date(2024, 2, 29, 12, 0, 1, 5, time.UTC)

// A kind is one of the ways to have files.
type kind struct {
	name  string
	files func(o files.Options) *files.Files
	dated bool // files have a date
}

// kinds are the same files in all ways.
func kinds(t *testing.T) []kind {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, must(fs.Sub(site, "testdata/site"))); err != nil {
		t.Fatal(err)
	}
	tree := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		tree[name] = &fstest.MapFile{Data: content, ModTime: at}
		return errorsOf(err, os.Chtimes(filepath.Join(dir, name), at, at))
	})
	if err != nil {
		t.Fatal(err)
	}
	return []kind{
		{"a directory", func(o files.Options) *files.Files { return files.Dir(dir, o) }, true},
		{"an fs.FS", func(o files.Options) *files.Files { return files.FS(tree, "", o) }, true},
		{"an fs.FS that is read forward", func(o files.Options) *files.Files { return files.FS(forward{tree}, "", o) }, true},
		{"an embed.FS", func(o files.Options) *files.Files { return files.Embed(site, "testdata/site", o) }, false},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// forward is a tree whose files have no ReadAt and no Seek.
type forward struct{ fs fs.FS }

func (f forward) Open(name string) (fs.File, error) {
	file, err := f.fs.Open(name)
	return struct{ fs.File }{file}, err
}

// TestContent is what a file is sent with.
func TestContent(t *testing.T) {
	for _, k := range kinds(t) {
		f := k.files(files.Options{CacheControl: "public, max-age=60"})
		if f.Err() != nil {
			t.Fatal(f.Err())
		}
		for path, content := range map[string]string{"letters.txt": alphabet, "": "<p>index\n", "docs/": "<p>docs\n", "empty.css": ""} {
			x, err := get(f, "GET /assets/"+path)
			if err != nil || x.Status() != 200 || x.Text() != content {
				t.Errorf("%s, %q: %d, %q, %v", k.name, path, x.Status(), x.Text(), err)
				continue
			}
			media := map[string]string{"letters.txt": "text/plain; charset=utf-8", "empty.css": "text/css; charset=utf-8"}[path]
			if media == "" {
				media = "text/html; charset=utf-8"
			}
			for name, want := range map[string]string{
				"Content-Type": media, "X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes",
				"Cache-Control": "public, max-age=60", "Vary": "", "Content-Encoding": "", "Content-Range": "",
			} {
				if got := x.Field(name); got != want {
					t.Errorf("%s, %q: %s: %q; want %q", k.name, path, name, got, want)
				}
			}
			if date := x.Field("Last-Modified"); k.dated != (date == "Thu, 29 Feb 2024 12:00:01 GMT") {
				t.Errorf("%s, %q: Last-Modified: %q", k.name, path, date)
			}
			if tag := x.Field("ETag"); len(tag) < 5 || tag[0] != '"' || tag[len(tag)-1] != '"' {
				t.Errorf("%s, %q: ETag: %q", k.name, path, tag)
			}
		}
		if x, err := get(f, "GET /assets/docs?a=1"); err != nil || x.Status() != 308 || x.Field("Location") != "/assets/docs/?a=1" {
			t.Errorf("%s: %d %q, %v", k.name, x.Status(), x.Field("Location"), err)
		}
		for _, path := range []string{"bare", "bare/", "docs/.hidden", ".hidden", "nowhere", "docs//", "letters.txt/"} {
			if x, err := get(f, "GET /assets/"+path); err != sdk.ErrNotFound {
				t.Errorf("%s: %q is answered %d, %v", k.name, path, x.Status(), err)
			}
		}
	}
}

// TestConditional asks again with what the first answer said.
func TestConditional(t *testing.T) {
	for _, k := range kinds(t) {
		f := k.files(files.Options{CacheControl: "no-cache"})
		first, _ := get(f, "GET /assets/letters.txt")
		tag, date := first.Field("ETag"), first.Field("Last-Modified")
		for _, tt := range []struct {
			name   string
			fields []string
			status int
			dated  bool // only where files have a date
		}{
			{"the same tag", []string{"If-None-Match: " + tag}, 304, false},
			{"another tag", []string{`If-None-Match: "x"`}, 200, false},
			{"the same date", []string{"If-Modified-Since: " + date}, 304, true},
			{"an earlier date", []string{"If-Modified-Since: Thu, 29 Feb 2024 12:00:00 GMT"}, 200, true},
			{"If-Match", []string{"If-Match: " + tag}, 200, false},
			{"If-Match of another", []string{`If-Match: "x"`}, 412, false},
			{"If-Unmodified-Since", []string{"If-Unmodified-Since: " + date}, 200, true},
			{"If-Unmodified-Since of before", []string{"If-Unmodified-Since: Thu, 29 Feb 2024 12:00:00 GMT"}, 412, true},
			{"before Range", []string{"Range: bytes=0-1", "If-None-Match: " + tag}, 304, false},
			{"If-Range, the tag", []string{"Range: bytes=0-1", "If-Range: " + tag}, 206, false},
			{"If-Range, another tag", []string{"Range: bytes=0-1", `If-Range: "x"`}, 200, false},
			{"If-Range, the date", []string{"Range: bytes=0-1", "If-Range: " + date}, 206, true},
			{"If-Range, another date", []string{"Range: bytes=0-1", "If-Range: Thu, 29 Feb 2024 12:00:00 GMT"}, 200, true},
			{"If-Range of what is not satisfiable", []string{"Range: bytes=50-", `If-Range: "x"`}, 200, false},
		} {
			if tt.dated && !k.dated {
				continue
			}
			x, err := get(f, "GET /assets/letters.txt", tt.fields...)
			status := x.Status()
			if err != nil {
				status = sdk.StatusOf(err)
			}
			if status != tt.status {
				t.Errorf("%s, %s: %d; want %d", k.name, tt.name, status, tt.status)
			}
			if status == 304 && (x.Field("ETag") != tag || x.Field("Cache-Control") != "no-cache" || x.Text() != "" || x.Field("Content-Type") != "") {
				t.Errorf("%s, %s: ETag %q, Cache-Control %q, content %q", k.name, tt.name, x.Field("ETag"), x.Field("Cache-Control"), x.Text())
			}
		}
	}
}

// TestRanges asks for parts, and reads what comes as net/http reads it.
func TestRanges(t *testing.T) {
	for _, k := range kinds(t) {
		f := k.files(files.Options{})
		for _, tt := range []struct{ line, field, status, contentRange, content string }{
			{"GET", "bytes=0-2", "206", "bytes 0-2/26", "abc"},
			{"GET", "bytes=-2", "206", "bytes 24-25/26", "yz"},
			{"GET", "bytes=24-99", "206", "bytes 24-25/26", "yz"},
			{"GET", "bytes=1-2,99-", "206", "bytes 1-2/26", "bc"},
			{"GET", "bytes=26-", "416", "bytes */26", ""},
			{"GET", "bytes=2-1", "200", "", alphabet},
			{"GET", "bytes=0-25,0-0", "200", "", alphabet},
			{"HEAD", "bytes=0-2", "200", "", alphabet}, // the server leaves the content out
		} {
			x, err := get(f, tt.line+" /assets/letters.txt", "Range: "+tt.field)
			status := itoa(x.Status())
			if err != nil {
				status = itoa(sdk.StatusOf(err))
				sdk.WriteError(x, err)
				if x.Field("ETag") != "" || x.Field("Last-Modified") != "" {
					t.Errorf("%s, %s: the error has the fields of the file", k.name, tt.field)
				}
			} else if x.Text() != tt.content {
				t.Errorf("%s, %s: %q", k.name, tt.field, x.Text())
			}
			if status != tt.status || x.Field("Content-Range") != tt.contentRange {
				t.Errorf("%s, %s: %s, %q; want %s, %q", k.name, tt.field, status, x.Field("Content-Range"), tt.status, tt.contentRange)
			}
		}
		if x, _ := get(f, "GET /assets/letters.txt", "Range: bytes=0-1", "Range: bytes=2-3"); x.Status() != 200 {
			t.Errorf("%s: two fields Range are answered %d", k.name, x.Status())
		}
		x, err := get(f, "GET /assets/letters.txt", "Range: bytes=20-21, 0-2 ,-1")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(k.name, "forward") {
			if x.Status() != 200 || x.Text() != alphabet {
				t.Errorf("%s: several ranges are answered %d, %q", k.name, x.Status(), x.Text())
			}
			continue
		}
		wantParts(t, x, []string{"uv", "abc", "z"}, []string{"bytes 20-21/26", "bytes 0-2/26", "bytes 25-25/26"})
	}
}

// wantParts checks a message of several ranges.
func wantParts(t *testing.T, x exchange, contents, ranges []string) {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(x.Field("Content-Type"))
	if err != nil || kind != "multipart/byteranges" || x.Status() != 206 || x.Field("Content-Range") != "" {
		t.Fatalf("%d, %q, Content-Range %q", x.Status(), x.Field("Content-Type"), x.Field("Content-Range"))
	}
	if !strings.HasPrefix(x.Text(), "--"+parameters["boundary"]) || !strings.HasSuffix(x.Text(), "--\r\n") {
		t.Errorf("%q", x.Text())
	}
	r := multipart.NewReader(strings.NewReader(x.Text()), parameters["boundary"])
	for i := range contents {
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(p)
		if string(content) != contents[i] || p.Header.Get("Content-Range") != ranges[i] || p.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("part %d: %q, %v", i, content, p.Header)
		}
	}
	if _, err := r.NextRawPart(); err != io.EOF {
		t.Errorf("behind the parts: %v", err)
	}
}

// TestPrecompressed asks for files that have siblings.
func TestPrecompressed(t *testing.T) {
	for _, k := range kinds(t) {
		f := k.files(files.Options{Precompressed: true})
		for _, tt := range []struct{ path, accept, coding, content string }{
			{"app.js", "", "", "original\n"},
			{"app.js", "gzip", "gzip", "gzipped\n"},
			{"app.js", "gzip, br", "br", "brotli\n"},
			{"app.js", "gzip, br;q=0.9", "gzip", "gzipped\n"},
			{"app.js", "zstd", "", "original\n"}, // app.js.zst is a directory
			{"app.js", "identity, br;q=0.5", "", "original\n"},
			{"app.js.gz", "gzip", "", "gzipped\n"},
			{"docs/", "br", "br", "brotli docs\n"},
			{"letters.txt", "gzip, br", "", alphabet},
		} {
			var fields []string
			if tt.accept != "" {
				fields = append(fields, "Accept-Encoding: "+tt.accept)
			}
			x, err := get(f, "GET /assets/"+tt.path, fields...)
			if err != nil || x.Text() != tt.content || x.Field("Content-Encoding") != tt.coding || x.Field("Vary") != "Accept-Encoding" {
				t.Errorf("%s: %s, %q: %q %q, Vary %q, %v", k.name, tt.path, tt.accept, x.Field("Content-Encoding"), x.Text(), x.Field("Vary"), err)
			}
			media := map[string]string{"app.js": "text/javascript; charset=utf-8", "app.js.gz": "application/gzip", "docs/": "text/html; charset=utf-8", "letters.txt": "text/plain; charset=utf-8"}[tt.path]
			if x.Field("Content-Type") != media {
				t.Errorf("%s: %s, %q: %s", k.name, tt.path, tt.accept, x.Field("Content-Type"))
			}
		}
		plain, _ := get(f, "GET /assets/app.js")
		coded, _ := get(f, "GET /assets/app.js", "Accept-Encoding: br")
		if plain.Field("ETag") == coded.Field("ETag") {
			t.Errorf("%s: %s is the tag of both", k.name, coded.Field("ETag"))
		}
		part, err := get(f, "GET /assets/app.js", "Accept-Encoding: br", "Range: bytes=0-1")
		if err != nil || part.Status() != 206 || part.Text() != "br" || part.Field("Content-Encoding") != "br" {
			t.Errorf("%s: a part: %d, %q, %v", k.name, part.Status(), part.Text(), err)
		}
		parts, err := get(f, "GET /assets/app.js", "Accept-Encoding: br", "Range: bytes=0-1,3-4")
		if err != nil || parts.Status() != 200 || parts.Text() != "brotli\n" {
			t.Errorf("%s: several parts: %d, %q, %v", k.name, parts.Status(), parts.Text(), err)
		}
		fresh, err := get(f, "GET /assets/app.js", "Accept-Encoding: br", "If-None-Match: "+coded.Field("ETag"))
		if err != nil || fresh.Status() != 304 || fresh.Field("Vary") != "Accept-Encoding" {
			t.Errorf("%s: again: %d, Vary %q, %v", k.name, fresh.Status(), fresh.Field("Vary"), err)
		}
	}
}

// TestTags checks that a tag follows the file, and that of an embedded one its
// content.
func TestTags(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f := files.Dir(dir, files.Options{})
	seen := map[string]string{}
	future := time.Now().Add(time.Hour)
	for _, tt := range []struct {
		content  string
		modified time.Time
	}{{"one", at}, {"two", at.Add(time.Nanosecond)}, {"three", at}, {"three", future}} {
		if err := errorsOf(os.WriteFile(path, []byte(tt.content), 0o644), os.Chtimes(path, tt.modified, tt.modified)); err != nil {
			t.Fatal(err)
		}
		x, err := get(f, "GET /assets/a")
		if err != nil || x.Text() != tt.content || seen[x.Field("ETag")] != "" {
			t.Errorf("%s: %q, tag %s is that of %q, %v", tt.content, x.Text(), x.Field("ETag"), seen[x.Field("ETag")], err)
		}
		seen[x.Field("ETag")] = tt.content
		if (x.Field("Last-Modified") == "") != tt.modified.Equal(future) {
			t.Errorf("modified at %v: Last-Modified: %q", tt.modified, x.Field("Last-Modified"))
		}
	}
	undated, _ := get(files.FS(fstest.MapFS{"a": {Data: []byte("a")}}, "", files.Options{}), "GET /assets/a")
	if undated.Field("ETag") != "" || undated.Field("Last-Modified") != "" {
		t.Errorf("a file without a date has %q, %q", undated.Field("ETag"), undated.Field("Last-Modified"))
	}
	whole, _ := get(files.Embed(site, "testdata/site", files.Options{}), "GET /assets/docs/")
	below, _ := get(files.Embed(site, "testdata/site/docs", files.Options{}), "GET /assets/")
	if whole.Field("ETag") != below.Field("ETag") {
		t.Errorf("the same content has the tags %s and %s", whole.Field("ETag"), below.Field("ETag"))
	}
}

// TestAgainstServeContent compares answers with those of net/http.
func TestAgainstServeContent(t *testing.T) {
	f := files.Embed(site, "testdata/site", files.Options{})
	first, _ := get(f, "GET /assets/letters.txt")
	tag := first.Field("ETag")
	for _, fields := range [][]string{
		nil,
		{"Range: bytes=3-5"},
		{"Range: bytes=-4"},
		{"Range: bytes=26-"},
		{"Range: bytes=0-"},
		{"If-None-Match: " + tag},
		{"If-None-Match: *"},
		{"If-Match: " + tag},
		{`If-Match: "x"`},
		{"Range: bytes=3-5", "If-Range: " + tag},
		{"Range: bytes=3-5", `If-Range: "x"`},
		{"Range: bytes=3-5", "If-Range: W/" + tag},
	} {
		req := httptest.NewRequest(http.MethodGet, "/letters.txt", nil)
		for _, field := range fields {
			name, value, _ := strings.Cut(field, ": ")
			req.Header.Add(name, value)
		}
		rec := httptest.NewRecorder()
		rec.Header().Set("ETag", tag)
		http.ServeContent(rec, req, "letters.txt", time.Time{}, strings.NewReader(alphabet))
		x, err := get(f, "GET /assets/letters.txt", fields...)
		status := x.Status()
		if err != nil {
			status = sdk.StatusOf(err)
		} else if x.Text() != rec.Body.String() {
			t.Errorf("%v: %q; net/http sends %q", fields, x.Text(), rec.Body)
		}
		if status != rec.Code || x.Field("Content-Range") != rec.Header().Get("Content-Range") {
			t.Errorf("%v: %d, %q; net/http answers %d, %q", fields, status, x.Field("Content-Range"), rec.Code, rec.Header().Get("Content-Range"))
		}
	}
}

// TestOnLoop serves files from memory.
func TestOnLoop(t *testing.T) {
	f := files.Embed(site, "testdata/site", files.Options{OnLoop: true, Precompressed: true, CacheControl: "no-cache"})
	if f.Err() != nil {
		t.Fatal(f.Err())
	}
	serve := func(path string, fields ...string) (exchange, error) {
		x := exchange{sdktest.Request("GET /assets/"+path, fields...), sdktest.Response()}
		return x, f.ServeOnLoop(x, msg.ViewOf([]byte(path)))
	}
	for path, want := range map[string]string{"letters.txt": alphabet, "": "<p>index\n", "docs/": "<p>docs\n", "empty.css": "", "nowhere": "404", "docs": "308", ".hidden": "404", "..": "404"} {
		x, err := serve(path)
		got := x.Text()
		if err != nil {
			got = itoa(sdk.StatusOf(err))
		} else if x.Status() != 200 {
			got = itoa(x.Status())
		}
		if got != want {
			t.Errorf("%q: %q; want %q", path, got, want)
		}
	}
	if x, err := serve("letters.txt", "Range: bytes=3-5"); err != nil || x.Status() != 206 || x.Text() != "def" {
		t.Errorf("a part: %d, %q, %v", x.Status(), x.Text(), err)
	}
	if x, err := serve("app.js", "Accept-Encoding: gzip"); err != nil || x.Text() != "gzipped\n" || x.Field("Content-Encoding") != "gzip" {
		t.Errorf("gzip: %q, %v", x.Text(), err)
	}
	x, err := serve("letters.txt", "Range: bytes=20-21, 0-2")
	if err != nil {
		t.Fatal(err)
	}
	wantParts(t, x, []string{"uv", "abc"}, []string{"bytes 20-21/26", "bytes 0-2/26"})

	x = exchange{sdktest.Request("GET /assets/letters.txt", "Accept-Encoding: gzip"), sdktest.Response()}
	rest := msg.ViewOf([]byte("letters.txt"))
	var responder files.Responder = bare{x}
	if n := testing.AllocsPerRun(100, func() {
		x.ResponseFields().Reset()
		x.ResponseContent().Reset()
		if err := f.ServeOnLoop(responder, rest); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if !bytes.Equal(x.ResponseContent().Collected(), []byte(alphabet)) {
		t.Error("the content is another")
	}
}

// bare is an exchange whose request has no fields, which sdktest copies.
type bare struct{ exchange }

func (bare) RequestFieldCount() int { return 0 }
