package files_test

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/files"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// exchange is a request and its response.
type exchange struct {
	*sdktest.Made
	*sdktest.Recorder
}

// get serves what stands behind /assets/ in the path of a request, as a generated
// route does.
func get(f *files.Files, line string, fields ...string) (x exchange, err error) {
	x = exchange{sdktest.Request(line, fields...), sdktest.Response()}
	normal, ok := sdk.NormalPath(nil, x.RawPath().Octets())
	if !ok {
		return x, sdk.ErrBadRequest
	}
	rest, ok := strings.CutPrefix(string(normal), "/assets/")
	if !ok {
		return x, errors.New("not a path of the route")
	}
	err = f.Serve(x, msg.ViewOf([]byte(rest)))
	x.Close()
	return x, err
}

const secret = "a secret outside"

// newTree makes a directory with a file for each way that a path can go wrong,
// beside one with a secret.
func newTree(tb testing.TB) (dir string) {
	tb.Helper()
	top := tb.TempDir()
	dir = filepath.Join(top, "assets")
	for name, content := range map[string]string{
		"secret.txt": secret, "outside/secret.txt": secret, "outside/index.html": secret, "assets-2/secret.txt": secret,
		"assets/a.txt": "a", "assets/sub/b.txt": "b", "assets/sub/index.html": "the index", "assets/bare/c.txt": "c",
		"assets/.hidden": secret, "assets/.git/config": secret, "assets/sub/.env": secret,
		"assets/.well-known/security.txt": "contact", "assets/.well-known/.hidden": secret, "assets/sub/.well-known/x": secret,
		"assets/100%.txt": "percent", "assets/a b ü.txt": "space", "assets/odd\xff.txt": "octets", "assets/%2e%2e": "dots",
		"assets/back\\slash.txt": secret, "assets/new\nline.txt": secret, "assets/wrong/index.html/d.txt": "d",
	} {
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	for name, target := range map[string]string{
		"file-out": "../secret.txt", "dir-out": "../outside", "dir-beside": "../assets-2", "up": "..", "root": "/",
		"absolute": filepath.Join(dir, "a.txt"), "twice": "sub/up-out", "sub/up-out": "../../secret.txt",
		"inside": "sub/b.txt", "sub/inside": "../a.txt", "loop": "loop", "dangling": "nowhere",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			tb.Fatal(err)
		}
	}
	makePipe(tb, filepath.Join(dir, "pipe"))
	return dir
}

// TestPaths serves every kind of path of a real directory.
func TestPaths(t *testing.T) {
	f := files.Dir(newTree(t), files.Options{})
	if f.Err() != nil {
		t.Fatal(f.Err())
	}
	for path, want := range map[string]string{ // a content, "", or a status
		"a.txt": "a", "sub/b.txt": "b", "sub/": "the index", "sub/index.html": "the index",
		"sub": "308", "bare": "404", "bare/": "404", "": "404", "nowhere": "404", "a.txt/": "404", "a.txt/b": "404",
		"wrong": "404", "wrong/": "404", "wrong/index.html": "404", "wrong/index.html/d.txt": "d",

		"..": "404", "../secret.txt": "404", "sub/../a.txt": "404", "sub/../../secret.txt": "404", "%2e%2e/secret.txt": "404",
		"%2E%2e%2fsecret.txt": "404", "..%2fsecret.txt": "404", "..%5csecret.txt": "404", "..\\secret.txt": "404",
		"sub/%2e%2e/%2e%2e/secret.txt": "404", "%252e%252e": "dots", "%252e%252e/secret.txt": "404", ".": "404", "./a.txt": "404",
		"sub/./b.txt": "404", "/a.txt": "404", "//a.txt": "404", "sub//b.txt": "404", "sub/%2Fb.txt": "404", "sub%2Fb.txt": "404",
		"/etc/passwd": "404", "%2Fetc%2Fpasswd": "404", "a.txt%00": "404", "a.txt%00.html": "404", "%00": "404", "a%0a": "404",
		"new%0aline.txt": "404", "back%5Cslash.txt": "404", "back\\slash.txt": "404", "a.txt%7f": "404",

		".hidden": "404", ".git/config": "404", ".git": "404", "sub/.env": "404", "%2ehidden": "404",
		".well-known/security.txt": "contact", ".well-known/.hidden": "404", "sub/.well-known/x": "404", ".well-known": "404",

		"file-out": "404", "dir-out/secret.txt": "404", "dir-out": "404", "dir-out/": "404", "dir-beside/secret.txt": "404",
		"up/secret.txt": "404", "root/etc/passwd": "404", "absolute": "404", "twice": "404", "sub/up-out": "404", "loop": "404",
		"dangling": "404", "inside": "b", "sub/inside": "a", "pipe": "404",

		"100%25.txt": "percent", "a%20b%20%C3%BC.txt": "space", "odd%FF.txt": "octets", "A.TXT": "404",
		strings.Repeat("x", 300): "404", strings.Repeat("x/", 3000): "404",
	} {
		x, err := get(f, "GET /assets/"+path)
		got := x.Text()
		switch {
		case err != nil:
			got = itoa(sdk.StatusOf(err))
		case x.Status() != 200:
			got = itoa(x.Status())
		}
		if got != want {
			t.Errorf("%.80q: %q; want %q", path, got, want)
		}
		if want == "404" && !errors.Is(err, sdk.ErrNotFound) {
			t.Errorf("%.80q: %v; want sdk.ErrNotFound itself", path, err)
		}
		if want == "308" && x.Field("Location") != "/assets/"+path+"/" {
			t.Errorf("%q: redirected to %q", path, x.Field("Location"))
		}
	}
}

// FuzzName serves any path of a directory beside secrets: what is served is what
// net/http serves from the same place, and never a secret.
func FuzzName(f *testing.F) {
	dir := newTree(f)
	for _, seed := range []string{"a.txt", "sub/", "sub", "../secret.txt", "%2e%2e/secret.txt", "dir-out/secret.txt", "sub//b.txt", "100%25.txt", "odd%FF.txt", "a.txt%00", ".git/config", "absolute", "inside"} {
		f.Add(seed)
	}
	served := files.Dir(dir, files.Options{})
	tree := os.DirFS(dir)
	f.Fuzz(func(t *testing.T, path string) {
		if strings.ContainsAny(path, "?# ") {
			return
		}
		x, err := get(served, "GET /assets/"+path)
		if strings.Contains(x.Text(), secret) {
			t.Fatalf("%q is a secret", path)
		}
		if err != nil || x.Status() != 200 || strings.HasSuffix(path, "index.html") {
			return
		}
		u, err := url.ParseRequestURI("/" + path)
		if err != nil {
			t.Fatalf("%q is served and no path: %v", path, err)
		}
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.URL = u
		rec := httptest.NewRecorder()
		http.FileServerFS(tree).ServeHTTP(rec, req)
		if name := u.Path; fs.ValidPath(strings.Trim(name, "/")) && (rec.Code != 200 || rec.Body.String() != x.Text()) {
			t.Fatalf("%q is %q; net/http answers %d with %q", path, x.Text(), rec.Code, rec.Body)
		}
	})
}

// failing is a tree whose files cannot be opened, for the reason that is in it.
type failing struct{ err error }

func (f failing) Open(name string) (fs.File, error) {
	if name == "." {
		return fstest.MapFS{}.Open(".")
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: f.err}
}

// TestErrors is what answers a file that cannot be opened.
func TestErrors(t *testing.T) {
	for err, want := range map[error]int{
		fs.ErrNotExist: 404, fs.ErrInvalid: 404, syscall.ENOTDIR: 404, syscall.ELOOP: 404, syscall.ENAMETOOLONG: 404, syscall.ENXIO: 404,
		fs.ErrPermission: 403, syscall.EACCES: 403, syscall.EMFILE: 503, syscall.ENFILE: 503, syscall.EIO: 500,
	} {
		_, got := get(files.FS(failing{err}, "", files.Options{}), "GET /assets/a")
		if sdk.StatusOf(got) != want || want != 404 && !errors.Is(got, err) {
			t.Errorf("%v: %v; want %d", err, got, want)
		}
	}
}

// TestStart is what is wrong with files when the server starts.
func TestStart(t *testing.T) {
	dir := newTree(t)
	tree := os.DirFS(dir)
	for name, tt := range map[string]struct {
		files *files.Files
		want  string // "" for nothing
	}{
		"a directory":          {files.Dir(dir, files.Options{}), ""},
		"no directory":         {files.Dir(filepath.Join(dir, "nowhere"), files.Options{}), "does not exist: make it"},
		"a file":               {files.Dir(filepath.Join(dir, "a.txt"), files.Options{}), "is no directory"},
		"a link out, as given": {files.Dir(filepath.Join(dir, "dir-out"), files.Options{}), ""},
		"below a file":         {files.Dir(filepath.Join(dir, "a.txt", "b"), files.Options{}), "a.txt/b"},
		"an fs.FS":             {files.FS(tree, "", files.Options{}), ""},
		"below it":             {files.FS(tree, "sub", files.Options{}), ""},
		"not below it":         {files.FS(tree, "nowhere", files.Options{}), `"nowhere" is not among the files`},
		"out of it":            {files.FS(tree, "../outside", files.Options{}), `"../outside" is not among the files`},
		"a file below it":      {files.FS(tree, "a.txt", files.Options{}), `"a.txt" among the files is no directory`},
		"nil":                  {files.FS(nil, "", files.Options{}), "is nil"},
	} {
		err := tt.files.Err()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v; want %q", name, err, tt.want)
		}
		if _, got := get(tt.files, "GET /assets/a"); err != nil && got != err {
			t.Errorf("%s: a request is answered %v", name, got)
		}
	}
}
