package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/gen"
)

// hello is an app with two routes, on and off the loop.
const hello = "../../../examples/hello"

// broken makes an app with one mistake, in a module of its own, which is the
// current folder until the test ends.
func broken(t *testing.T) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	var out bytes.Buffer
	if code := run([]string{"new", dir}, &out, &out); code != exitOK {
		t.Fatal(out.String())
	}
	const app = `package main

import "github.com/windhover-go/windhover/gen/decl"

var _ = decl.App(declare)

func declare(s *decl.Server) {
	s.Get("/users/{id", GetUser)
}

func GetUser(id int64) {}
`
	if err := os.WriteFile(filepath.Join(dir, "api.go"), []byte(app), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
}

// TestExplain checks what windhover explain and graph do with their arguments;
// what they print of apps is shown by the scenarios of package gen.
func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"explain", "GET", "/hello/you", hello}, exitOK, "GET /hello/you is answered by GET /hello/{name} (api.go:"},
		{[]string{"explain", "get", "/hello/you", hello}, exitOK, "GET /hello/you is answered by GET /hello/{name} (api.go:"},
		{[]string{"explain", "-host", "example.com", "GET", "/hello/you", hello}, exitOK, "GET example.com/hello/you is answered by"},
		{[]string{"explain", "OPTIONS", "*", hello}, exitOK, "OPTIONS * is answered 204, with Allow: "},
		{[]string{"explain", "-json", "GET", "/hello/you", hello}, exitOK, `"route": "GET /hello/{name}"`},
		{[]string{"explain", "GET", "hello", hello}, exitUsage, `"hello" is not a path: it begins with /`},
		{[]string{"explain", "GET", "/a", "b", "c"}, exitUsage, "cannot make sense of"},
		{[]string{"explain", "-x"}, exitUsage, "cannot make sense of"},
		{[]string{"explain", "-color=blue"}, exitUsage, "cannot make sense of"},
		{[]string{"explain"}, exitOK, "no-producer              A function takes a value that nothing before it provides\n"},
		{[]string{"explain", "no-producer"}, exitOK, "no-producer\n\nA function takes a value"},
		{[]string{"explain", "[no-producer]"}, exitOK, "no-producer\n\nA function takes a value"},
		{[]string{"explain", "-json", "no-producer"}, exitOK, `"code": "no-producer"`},
		{[]string{"explain", "no-producr"}, exitUsage, "there is no code \"no-producr\"\n\tdid you mean no-producer?"},
		{[]string{"explain", "/users"}, exitUsage, "windhover explain METHOD PATH explains a request"},
		{[]string{"graph", hello}, exitOK, "flowchart LR\n"},
		{[]string{"graph", "-json", hello}, exitUsage, ""},
		{[]string{"graph", "testdata/none"}, exitApp, "windhover: cannot load"},
	} {
		var out bytes.Buffer
		if code := run(tt.args, &out, &out); code != tt.code || !strings.Contains(out.String(), tt.says) {
			t.Errorf("%q: exit code %d and\n%s\nwant %d and %q", tt.args, code, out.String(), tt.code, tt.says)
		}
	}
}

// TestForms checks how errors are printed: as lines, with the source and in
// colour, and for other programs.
func TestForms(t *testing.T) {
	broken(t)
	const place = "api.go:8:8:"
	const why = `"/users/{id" has a { without }`
	for _, tt := range []struct {
		name    string
		args    []string
		noColor string
		want    string
	}{
		{"lines", []string{"generate"}, "", place + " " + why + " [bad-pattern]\n\tfix: write a wildcard as {name}\n\nwindhover explain bad-pattern says more.\n"},
		{"never", []string{"routes", "-color=never"}, "", place + " " + why + " [bad-pattern]\n\tfix: write a wildcard as {name}\n\nwindhover explain bad-pattern says more.\n"},
		{"colour", []string{"generate", "-color=always"}, "1", // what is asked for comes before NO_COLOR
			"\x1b[1m" + place + "\x1b[0m \x1b[1;31m" + why + "\x1b[0m \x1b[2m[bad-pattern]\x1b[0m\n" +
				"\x1b[2m  8 |\x1b[0m s.Get(\"/users/{id\", GetUser)\n" +
				"\x1b[2m    |\x1b[0m \x1b[1;31m              ^^^\x1b[0m\n" +
				"\t\x1b[32mfix:\x1b[0m write a wildcard as {name}\n\nwindhover explain bad-pattern says more.\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", tt.noColor)
			var stdout, stderr bytes.Buffer
			if code := run(tt.args, &stdout, &stderr); code != exitApp || stdout.Len() > 0 || stderr.String() != tt.want {
				t.Errorf("exit code %d, %s and\n%q\nwant\n%q", code, stdout.String(), stderr.String(), tt.want)
			}
		})
	}
	for _, args := range [][]string{{"generate", "-json"}, {"generate", "-check", "-json"}, {"routes", "-json"}, {"explain", "-json", "GET", "/"}} {
		var stdout, stderr bytes.Buffer
		code := run(args, &stdout, &stderr)
		var report gen.Report
		if err := json.Unmarshal(stdout.Bytes(), &report); err != nil || code != exitApp || stderr.Len() > 0 {
			t.Fatalf("%q: exit code %d, %v, %s", args, code, err, stderr.String())
		}
		want := gen.ReportedDiagnostic{
			ReportedPosition: gen.ReportedPosition{File: "api.go", Line: 8, Column: 8}, EndLine: 8, EndColumn: 20,
			Severity: "error", Code: "bad-pattern", Message: why, Fix: "write a wildcard as {name}",
		}
		if report.Version != 1 || report.OK || len(report.Diagnostics) != 1 || report.Diagnostics[0].Message != want.Message ||
			report.Diagnostics[0].ReportedPosition != want.ReportedPosition || report.Diagnostics[0].EndColumn != want.EndColumn || report.Diagnostics[0].Fix != want.Fix {
			t.Errorf("%q: %+v; want %+v", args, report, want)
		}
	}
}

// TestTerminal checks that a terminal is told apart from a file.
func TestTerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a device for characters, as terminals are
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	t.Setenv("TERM", "xterm")
	if isTerminal(file) || isTerminal(new(bytes.Buffer)) || !isTerminal(device) {
		t.Error("a file is a terminal, or a device is none")
	}
	t.Setenv("TERM", "dumb")
	if isTerminal(device) {
		t.Error("a dumb terminal shows colours")
	}
}

// TestJSON checks the reports of an app that is right, and of one that cannot be
// loaded.
func TestJSON(t *testing.T) {
	get := func(code int, args ...string) (r gen.Report) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if got := run(args, &stdout, &stderr); got != code || stderr.Len() > 0 {
			t.Fatalf("%q: exit code %d, %s%s", args, got, stdout.String(), stderr.String())
		}
		d := json.NewDecoder(&stdout)
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := get(exitOK, "generate", "-check", "-json", hello); !r.OK || r.Changed || !filepath.IsAbs(r.Output) { // it is not below this folder
		t.Errorf("generate: %+v", r)
	}
	r := get(exitOK, "routes", "-json", hello)
	if len(r.Routes) != 3 || !strings.HasSuffix(r.Routes[1].File, "/examples/hello/api.go") || r.Routes[1].Line == 0 || r.Routes[1].Handler != "Hello" {
		t.Errorf("routes: %+v", r)
	}
	if r := get(exitApp, "routes", "-json", "testdata/none"); r.OK || !strings.Contains(r.Error, "cannot load") {
		t.Errorf("no folder: %+v", r)
	}
	if r := get(exitOK, "explain", "-json"); len(r.Codes) != len(gen.Codes()) {
		t.Errorf("%d codes", len(r.Codes))
	}
}
