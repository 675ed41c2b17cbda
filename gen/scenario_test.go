package gen

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/tools/txtar"

	"github.com/windhover-go/windhover/h1"
)

var update = flag.Bool("update", false, "rewrite what testdata/*.txtar want")

// A scenario is an app and what has to come of it: testdata/NAME.txtar. Its
// comment says what it shows; its Go files are the package of the app. It has
//
//	want/pipeline_gen.go   what is generated, or
//	want/errors.txt        what is refused, and how
//	want/terminal.txt      the same on a terminal without colour (optional)
//	want/errors.json       the same for editors (optional)
//	tests.txt              asks for tests (its content has no meaning); they are run
//	                       and are in want/pipeline_gen_test.go (optional)
//	want/routes.txt        what windhover routes prints (optional)
//	want/openapi.json      the OpenAPI document (optional)
//	want/openapi.txt       what it cannot describe (optional)
//	want/explain.txt       what windhover explain prints of requests, which are
//	                       lines of it: "> METHOD PATH", with a host in front of
//	                       the path if it matters (optional)
//	want/graph.mmd         what windhover graph prints (optional)
//	requests.txt           requests to the app, which func App() sdk.App of the
//	                       package returns, and the answers (optional)
//
// Generated pipelines are built, vetted, looked at by staticcheck (where
// golangci-lint is in PATH) and run all at once.
type scenario struct {
	name    string
	file    string
	archive *txtar.Archive
	dir     string
	result  *Result
}

// scenarioModule is the module that scenarios are packages of.
const scenarioModule = "example.com/scenarios"

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios:", err)
	}
	root := newModule(t)
	var all []*scenario
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &scenario{name: strings.TrimSuffix(filepath.Base(file), ".txtar"), file: file, archive: archive}
		s.dir = filepath.Join(root, s.name)
		s.write(t)
		all = append(all, s)
	}
	t.Run("generate", func(t *testing.T) {
		for _, s := range all {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				s.generate(t)
			})
		}
	})
	if t.Failed() {
		return
	}
	if slices.ContainsFunc(all, func(s *scenario) bool { return s.result == nil && !s.has("want/errors.txt") }) {
		save(t, all)
		return // -run chose some of them, and only the whole module builds
	}
	run(t, root, "go", "vet", "./...")
	t.Run("staticcheck", func(t *testing.T) { staticcheck(t, root) })
	run(t, root, "go", append([]string{"test", "-bench=.", "-benchtime=1x"}, withTests(all)...)...)
	answers := answers(t, root, all)
	for _, s := range all {
		if s.has("requests.txt") {
			s.compare(t, "requests.txt", answers[s.name])
		}
	}
	save(t, all)
}

// save writes what came of the scenarios, where that is asked for.
func save(t *testing.T, all []*scenario) {
	t.Helper()
	for _, s := range all {
		if !*update {
			return
		}
		if err := os.WriteFile(s.file, txtar.Format(s.archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// withTests returns the packages with generated tests.
func withTests(all []*scenario) (list []string) {
	for _, s := range all {
		if s.result != nil && s.result.Tests != nil {
			list = append(list, "./"+s.name)
		}
	}
	return list
}

// newModule returns the folder of a module that uses the one under test.
func newModule(tb testing.TB) string {
	tb.Helper()
	root := tb.TempDir()
	repo, err := filepath.Abs("..")
	if err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile("../go.mod") // for what it requires
	if err != nil {
		tb.Fatal(err)
	}
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		tb.Fatal(err)
	}
	text = bytes.Replace(text, []byte("module "+modulePath), []byte("module "+scenarioModule), 1)
	text = fmt.Appendf(text, "\nrequire %s v0.0.0\n\nreplace %s => %s\n", modulePath, modulePath, filepath.ToSlash(repo))
	for name, content := range map[string][]byte{"go.mod": text, "go.sum": sums} {
		if err := os.WriteFile(filepath.Join(root, name), content, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return root
}

// write writes the files of the app.
func (s *scenario) write(t *testing.T) {
	t.Helper()
	for _, f := range s.archive.Files {
		if strings.HasPrefix(f.Name, "want/") || f.Name == "requests.txt" || f.Name == "tests.txt" {
			continue
		}
		path := filepath.Join(s.dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(path) != ".go" { // files that are served tell when they were changed
			at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (s *scenario) has(name string) bool {
	return slices.ContainsFunc(s.archive.Files, func(f txtar.File) bool { return f.Name == name })
}

// generate generates the pipeline and compares it, or the errors.
func (s *scenario) generate(t *testing.T) {
	t.Helper()
	generate := Generate
	if s.has("tests.txt") {
		generate = GenerateTests
	}
	result, err := generate(s.dir)
	if refused, ok := errors.AsType[DeclarationErrors](err); ok {
		if !s.has("want/errors.txt") {
			t.Fatalf("refused:\n%s", refused.Render(s.dir))
		}
		s.compare(t, "want/errors.txt", refused.Render(s.dir))
		if s.has("want/terminal.txt") {
			s.compare(t, "want/terminal.txt", refused.Terminal(s.dir, false))
		}
		if s.has("want/errors.json") {
			s.compare(t, "want/errors.json", string(NewReport(s.dir, refused).JSON()))
		}
		// What is refused need not compile, and is not part of what is built.
		if err = os.RemoveAll(s.dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.has("want/errors.txt") {
		t.Fatalf("accepted; want\n%s", s.want("want/errors.txt"))
	}
	for _, file := range result.Files() {
		if err = file.Write(); err != nil {
			t.Fatal(err)
		}
	}
	s.result = result
	s.document(t)
	s.compare(t, "want/pipeline_gen.go", string(result.Text))
	if result.Tests != nil {
		s.compare(t, "want/pipeline_gen_test.go", string(result.Tests.Text))
	}
	if s.has("want/routes.txt") {
		s.compare(t, "want/routes.txt", strings.Join(append(result.Routes, ""), "\n")+result.Notes.Render(s.dir))
	}
	if s.has("want/explain.txt") {
		s.compare(t, "want/explain.txt", explanations(t, s.dir, s.want("want/explain.txt"), string(result.Text)))
	}
	if s.has("want/graph.mmd") {
		text, failed := Graph(s.dir)
		if failed != nil {
			t.Fatal(failed)
		}
		s.compare(t, "want/graph.mmd", text)
		checkFlowchart(t, text)
	}
	again, err := Generate(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range again.Files() {
		if o.Changed() {
			t.Errorf("a second generation, with the output in place, differs:\n%s", o.Diff())
		}
	}
	if len(again.Files()) != len(result.Files()) {
		t.Error("a second generation, with tests in place, makes none")
	}
}

// document makes the OpenAPI document of the app, and compares it where the
// scenario has one.
func (s *scenario) document(t *testing.T) {
	t.Helper()
	document, err := OpenAPI(s.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(document.Text) {
		t.Errorf("the document is not JSON:\n%s", document.Text)
	}
	if !s.has("want/openapi.json") {
		return
	}
	if s.result.Document != nil && document.Changed() {
		t.Errorf("what generate writes is another document:\n%s", document.Diff())
	}
	s.compare(t, "want/openapi.json", string(document.Text))
	if notes := document.Notes.Render(s.dir); notes != "" || s.has("want/openapi.txt") {
		s.compare(t, "want/openapi.txt", notes)
	}
}

// explanations returns text with what is explained of each request in it. What is
// said to be kept has to be a field in the generated text.
func explanations(t *testing.T, dir, text, generated string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		request, ok := strings.CutPrefix(strings.TrimSpace(line), "> ")
		if !ok {
			continue
		}
		method, target, _ := strings.Cut(request, " ")
		at := max(0, strings.Index(target, "/"))
		x, err := Explain(dir, method, target[:at], target[at:])
		if err != nil {
			t.Fatal(err)
		}
		for _, kept := range x.Kept {
			name, _, _ := strings.Cut(kept, " ")
			if !regexp.MustCompile(`(?s)type task struct \{.*\n\t` + name + ` .*\n\}`).MatchString(generated) {
				t.Errorf("%s: no field is %s", request, kept)
			}
		}
		checkOrder(t, x, generated)
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "> %s\n%s", request, x)
	}
	return b.String()
}

// checkOrder checks that generated code names the functions of a route in the
// order that is explained: those up to the handler in the functions of the route,
// and the others in finish and End.
func checkOrder(t *testing.T, x *Explanation, generated string) {
	t.Helper()
	if x.Route == "" {
		return
	}
	text := strings.Join(regexp.MustCompile(`(?s)// \w+ is `+regexp.QuoteMeta(x.Route)+`[.,:].*?\n\}\n`).FindAllString(generated, -1), "") +
		strings.Join(regexp.MustCompile(`(?s)func \(t \*task\) (finish|End)\(.*?\n\}\n`).FindAllString(generated, -1), "")
	for _, step := range x.Steps {
		if step.Kind == "" || step.Kind == "Limit" { // that is no function
			continue
		}
		name := step.Name[strings.LastIndex(step.Name, ".")+1:]
		at := regexp.MustCompile(`\b` + name + `[()]`).FindStringIndex(text)
		if at == nil {
			t.Errorf("%s: generated code does not call %s (%s) at its place", x.Request, step.Name, step.Kind)
			return
		}
		text = text[at[1]:]
	}
}

func (s *scenario) want(name string) string {
	for _, f := range s.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// compare compares a text with a file of the scenario.
func (s *scenario) compare(t *testing.T, name, got string) {
	t.Helper()
	if want := s.want(name); got != want && !*update {
		t.Errorf("%s: %s", s.name, diff.Diff(name, []byte(want), "got", []byte(got)))
	}
	for i := range s.archive.Files {
		if s.archive.Files[i].Name == name {
			s.archive.Files[i].Data = []byte(got)
			return
		}
	}
	s.archive.Files = append(s.archive.Files, txtar.File{Name: name, Data: []byte(got)})
}

func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.Bytes()
}

// answers runs a program that sends the requests of every scenario to its app,
// and returns the requests with the answers, by scenario.
func answers(t *testing.T, root string, all []*scenario) map[string]string {
	t.Helper()
	var program, requests bytes.Buffer
	program.WriteString("package main\n\nimport (\n\t\"os\"\n\n")
	var calls bytes.Buffer
	in := new(txtar.Archive)
	for i, s := range all {
		if !s.has("requests.txt") {
			continue
		}
		fmt.Fprintf(&program, "\tapp%d %q\n", i, scenarioModule+"/"+s.name)
		fmt.Fprintf(&calls, "\tplay(%q, app%d.App())\n", s.name, i)
		in.Files = append(in.Files, txtar.File{Name: s.name, Data: []byte(s.want("requests.txt"))})
	}
	requests.Write(txtar.Format(in))
	fmt.Fprintf(&program, ")\n\nfunc main() {\n\tread(os.Args[1])\n%s}\n", calls.Bytes())
	dir := filepath.Join(root, "play")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	player, err := os.ReadFile("testdata/play.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"main.go": program.Bytes(), "play.go": player, "requests.txtar": requests.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := txtar.Parse(run(t, root, "go", "run", "./play", filepath.Join(dir, "requests.txtar")))
	got := map[string]string{}
	for _, f := range out.Files {
		got[f.Name] = string(f.Data)
	}
	return got
}

// TestRefusalStatuses compares the statuses of Refusals with those of the
// engine, and with what their documentation says.
func TestRefusalStatuses(t *testing.T) {
	var want []int64
	for r := 1; r < h1.Reasons; r++ {
		want = append(want, int64(h1.Reason(r).Refusal(false).Status))
	}
	slices.Sort(want)
	statuses := refusalStatuses()
	if want = slices.Compact(want); !slices.Equal(want, statuses) {
		t.Errorf("the engine refuses with %v; the generator knows %v", want, statuses)
	}
	words, err := os.ReadFile("decl/decl.go")
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Trim(fmt.Sprint(statuses[:len(statuses)-1]), "[]")
	sentence := fmt.Sprintf("The statuses are %s and %d.", strings.ReplaceAll(list, " ", ", "), statuses[len(statuses)-1])
	if !strings.Contains(string(words), sentence) {
		t.Errorf("decl.go does not say: %s", sentence)
	}
}
