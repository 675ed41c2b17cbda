package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNewApp does what the README says: it makes an app in a new module,
// generates, tests and serves it; changes a route, and sees that the generated
// file is out of date until it is generated again.
func TestNewApp(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=readonly")
	dir := filepath.Join(t.TempDir(), "shop")
	var stdout, stderr bytes.Buffer
	if code := run([]string{"new", dir}, &stdout, &stderr); code != exitOK {
		t.Fatalf("new: exit code %d\n%s", code, stderr.String())
	}
	if !strings.Contains(stdout.String(), "go generate ./...") {
		t.Errorf("new says %q", stdout.String())
	}
	goRun(t, dir, "generate", "./...")
	goRun(t, dir, "vet", "./...")
	goRun(t, dir, "test", "./...")
	if got := get(t, dir, "/hello/you"); got != "Hello, you!\n" {
		t.Errorf("/hello/you answers %q", got)
	}

	path := filepath.Join(dir, "api.go")
	api, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err = os.WriteFile(path, bytes.Replace(api, []byte("/hello/{name}"), []byte("/hi/{name}"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	stdout.Reset()
	stderr.Reset()
	if code := run([]string{"generate", "-check", dir}, &stdout, &stderr); code != exitApp {
		t.Errorf("-check of a stale file: exit code %d", code)
	}
	if !strings.Contains(stdout.String(), "\n+//\tGET   /hi/{name} ") || !strings.Contains(stderr.String(), "pipeline_gen.go: out of date with api.go [stale]\n\tfix: go generate ") {
		t.Errorf("-check says\n%s%s", stdout.String(), stderr.String())
	}
	goRun(t, dir, "generate", "./...")
	if code := run([]string{"generate", "-check", dir}, &stdout, &stderr); code != exitOK {
		t.Errorf("-check after generate: exit code %d\n%s%s", code, stdout.String(), stderr.String())
	}
	if got := get(t, dir, "/hi/you"); got != "Hello, you!\n" {
		t.Errorf("/hi/you answers %q", got)
	}

	if code := run([]string{"new", dir}, &stdout, &stderr); code != exitApp {
		t.Errorf("new in a folder that is not empty: exit code %d", code)
	}
}

// TestGeneratedTests asks for tests of a new app, and sees them pass, notice a
// declaration that changed and a route on the loop that allocates, and kept up to
// date.
func TestGeneratedTests(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=mod")
	dir := filepath.Join(t.TempDir(), "shop")
	windhover := func(code int, says string, args ...string) {
		t.Helper()
		var out bytes.Buffer
		if got := run(args, &out, &out); got != code || !strings.Contains(out.String(), says) {
			t.Errorf("%q: exit code %d and\n%s\nwant %d and %q", args, got, out.String(), code, says)
		}
	}
	windhover(exitOK, "", "new", dir)
	windhover(exitApp, "declares newTestPipeline [no-test-pipeline]", "generate", "-tests", dir)
	replace(t, filepath.Join(dir, "notes_test.go"), "func TestNotes", "func newTestPipeline(tb testing.TB) *Pipeline { return NewPipeline(new(App)) }\n\nfunc TestNotes")
	windhover(exitOK, "", "generate", "-tests", dir)
	goRun(t, dir, "test", ".")

	api := filepath.Join(dir, "api.go")
	replace(t, api, `"/{id}", app.GetNote)`, `"/{id}", app.GetNote).OnLoop()`)
	goTestFails(t, dir, "pipeline_gen.go: out of date with api.go [stale]", "GET /notes/{id}: GetNote, on the loop")
	windhover(exitOK, "", "generate", dir)
	windhover(exitOK, "", "generate", "-check", dir)
	goRun(t, dir, "test", ".")

	replace(t, api, `"/hello/{name}", Hello)`, `"/hello/{name}", Hello).OnLoop()`)
	replace(t, api, "s.Get(\"/healthz\"", "s.Get(\"/wave\", Wave).OnLoop()\n\ts.Get(\"/healthz\"")
	replace(t, filepath.Join(dir, "notes.go"), "// App is", "// Wave keeps memory.\nfunc Wave() { kept = append(kept, make([]byte, 64)) }\n\nvar kept [][]byte\n\n// App is")
	windhover(exitApp, "pipeline_gen_test.go: out of date with api.go [stale]", "generate", "-check", dir)
	windhover(exitOK, "", "generate", dir) // the tests, too
	goTestFails(t, dir, "TestAllocations/GET_/wave", "allocations; want at most 0. If they are meant, say so: var testAllocations = map[string]float64{\"GET /wave\": 1}")
}

// replace replaces a text in a file.
func replace(t *testing.T, path, before, after string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte(before)) {
		t.Fatalf("%s has no %q (%v)", path, before, err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte(before), []byte(after), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

// goTestFails runs the tests in dir, which have to fail with texts.
func goTestFails(t *testing.T, dir string, texts ...string) {
	t.Helper()
	cmd := exec.Command("go", "test", ".")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	for _, text := range texts {
		if err == nil || !strings.Contains(string(out), text) {
			t.Errorf("go test: %v\n%s\nwant a failure with %q", err, out, text)
		}
	}
}

// goRun runs the go command in dir.
func goRun(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// get builds and serves the app in dir, and returns the answer to one request.
func get(t *testing.T, dir, target string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "app")
	goRun(t, dir, "build", "-o", binary, ".")
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "WINDHOVER_URLS=http://127.0.0.1:0", "WINDHOVER_LOOPS=1")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err = cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // it has nothing to lose
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, url, _ := strings.Cut(strings.TrimSpace(line), "listening on ")
	client := http.Client{Timeout: 10 * time.Second}
	res, err := client.Get(url + target)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestUsage checks what wrong arguments are answered, and that an edited file
// is not overwritten.
func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{nil, exitUsage, "windhover generate [-check]"},
		{[]string{"help"}, exitOK, "windhover generate [-check]"},
		{[]string{"genrate"}, exitUsage, "there is no command \"genrate\"\n\tdid you mean generate?\n"},
		{[]string{"help"}, exitOK, "windhover generate -tests [dir]"},
		{[]string{"help"}, exitOK, "windhover watch [dir] [-- args]"},
		{[]string{"generate", "-tests", "-check", "a", "b"}, exitUsage, `cannot make sense of ["a" "b"]`},
		{[]string{"generate", "-chek"}, exitUsage, `cannot make sense of ["-chek"]`},
		{[]string{"routes", "a", "b"}, exitUsage, `cannot make sense of ["a" "b"]`},
		{[]string{"routes", "testdata/none"}, exitApp, "windhover: cannot load"},
		{[]string{"routes", "../../../examples/hello"}, exitOK, "GET  /hello/{name}  Hello, on the loop\n"},
		{[]string{"openapi", "-o"}, exitUsage, `cannot make sense of ["-o"]`},
		{[]string{"openapi", "-o", "a", "-check", "a"}, exitUsage, `cannot make sense of ["-o" "a" "-check" "a"]`},
		{[]string{"openapi", "testdata/none"}, exitApp, "windhover: cannot load"},
		{[]string{"openapi", "../../../examples/hello"}, exitOK, `"title": "hello"`},
		{[]string{"new"}, exitUsage, "new takes the folder of the new app"},
		{[]string{"new", "/tmp/a b"}, exitUsage, `"a b" cannot be the name of a module`},
		{[]string{"version"}, exitOK, "windhover "},
		{[]string{"version", "x"}, exitUsage, "version takes no arguments"},
	} {
		var out bytes.Buffer
		if code := run(tt.args, &out, &out); code != tt.code || !strings.Contains(out.String(), tt.says) {
			t.Errorf("%q: exit code %d and\n%s\nwant %d and %q", tt.args, code, out.String(), tt.code, tt.says)
		}
	}
}

func TestEditedOutputStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "app")
	var out bytes.Buffer
	if code := run([]string{"new", dir}, &out, &out); code != exitOK {
		t.Fatal(out.String())
	}
	path := filepath.Join(dir, "pipeline_gen.go")
	const mine = "package main\n\n// mine\n"
	if err := os.WriteFile(path, []byte(mine), 0o644); err != nil {
		t.Fatal(err)
	}
	code := run([]string{"generate", dir}, &out, &out)
	if got, err := os.ReadFile(path); err != nil || string(got) != mine {
		t.Errorf("%q, %v", got, err)
	}
	if code != exitApp || !strings.Contains(out.String(), "[edited-output]") {
		t.Errorf("exit code %d and\n%s", code, out.String())
	}
}
