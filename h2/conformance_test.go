package h2

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestConformancePage checks that every row of CONFORMANCE.md is closed, and
// that the tests that it names are there.
func TestConformancePage(t *testing.T) {
	page, err := os.ReadFile("CONFORMANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(?:([a-z0-9/]+) )?((?:Test|Fuzz)[^`]*)`")
	files := map[string]*testFiles{}
	rows := 0
	for i, line := range strings.Split(string(page), "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| Section") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 4 {
			t.Errorf("line %d has %d cells; want 4", i+1, len(cells))
			continue
		}
		disposition, _, _ := strings.Cut(cells[2], ":")
		switch disposition {
		case "met":
			if !named.MatchString(cells[3]) {
				t.Errorf("line %d: met, and no test shows it", i+1)
			}
		case "the app's duty", "the host's duty", "not applicable":
			if cells[2] == disposition {
				t.Errorf("line %d does not say why", i+1)
			}
		default:
			t.Errorf("line %d: the disposition is %q", i+1, cells[2])
		}
		if strings.Contains(line, "GAP") {
			t.Errorf("line %d has a gap", i+1)
		}
		for _, m := range named.FindAllStringSubmatch(line, -1) {
			folder := filepath.Join("..", filepath.FromSlash(m[1]))
			if m[1] == "" {
				folder = "."
			}
			if files[folder] == nil {
				files[folder] = readTests(t, folder)
			}
			if !files[folder].has(m[2]) {
				t.Errorf("line %d: there is no %s in %s", i+1, m[2], folder)
			}
		}
	}
	if rows < 80 {
		t.Errorf("%d rows; the page has lost some", rows)
	}
}

// testFiles are the tests of a folder and the names of their cases.
type testFiles struct {
	functions map[string]bool
	texts     map[string]bool // string literals, as subtests are named for them
}

func readTests(t *testing.T, folder string) *testFiles {
	t.Helper()
	out := &testFiles{functions: map[string]bool{}, texts: map[string]bool{}}
	names, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				out.functions[n.Name.Name] = n.Recv == nil
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					out.texts[strings.Trim(n.Value, "`\"")] = true
				}
			}
			return true
		})
	}
	transcripts, _ := filepath.Glob(filepath.Join(folder, "testdata", "*.txt"))
	for _, name := range transcripts {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if title, ok := strings.CutPrefix(line, "--- "); ok {
				out.texts[strings.TrimSuffix(filepath.Base(name), ".txt")+"/"+strings.TrimSpace(title)] = true
			}
		}
	}
	return out
}

// has reports whether there is a test, such as TestBodies/two_chunks.
func (f *testFiles) has(name string) bool {
	function, sub, found := strings.Cut(name, "/")
	return f.functions[function] && (!found || f.texts[sub])
}
