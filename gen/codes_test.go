package gen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// emittedCodes returns the codes in the source of the generator: the second
// argument of report, and the fields Code of diagnostics.
func emittedCodes(t *testing.T) (codes []string) {
	t.Helper()
	fset := token.NewFileSet()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	note := func(e ast.Expr) {
		lit, ok := e.(*ast.BasicLit)
		if !ok {
			t.Errorf("%s: a code is a literal, so that it can be found", fset.Position(e.Pos()))
			return
		}
		code, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, code)
	}
	noteField := func(n *ast.CompositeLit) {
		for _, e := range n.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			value, _ := kv.Value.(*ast.Ident)
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Code" && (value == nil || value.Name != "code") { // that is report
				note(kv.Value)
			}
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "report" && len(n.Args) == 5 {
					note(n.Args[1])
				}
			case *ast.CompositeLit:
				if id, ok := n.Type.(*ast.Ident); n.Type == nil || ok && id.Name == "Diagnostic" {
					noteField(n)
				}
			}
			return true
		})
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// TestPages checks that there is a page for each code, and no other, and a
// scenario.
func TestPages(t *testing.T) {
	want := emittedCodes(t)
	got := Codes()
	for _, code := range want {
		if !slices.Contains(got, code) {
			t.Errorf("write codes/%s.md: the generator reports it", code)
		}
	}
	for _, code := range got {
		if !slices.Contains(want, code) {
			t.Errorf("remove codes/%s.md: nothing reports it", code)
		}
	}
	scenarios, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for _, name := range scenarios {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(text)
	}
	for _, code := range got {
		if !strings.Contains(shown.String(), "["+code+"]\n") && !slices.Contains(withoutExample, code) {
			t.Errorf("no scenario shows %s", code)
		}
	}
	table := CodeTable()
	if len(table) != len(got) {
		t.Errorf("%d lines for %d codes", len(table), len(got))
	}
	for _, line := range table {
		if len(line) > 200 {
			t.Errorf("a long first sentence: %s", line)
		}
	}
	text, ok := Page("no-producer")
	if !ok || !strings.HasPrefix(text, "no-producer\n\nA function takes a value") || !strings.Contains(text, "\nWrong\n\n\tfunc declare(") {
		t.Errorf("the page is\n%s", text)
	}
	if _, ok := Page("no-such-code"); ok {
		t.Error("there is a page that is not there")
	}
	if got := Near("no-producr", Codes()); got != "no-producer" {
		t.Errorf("near no-producr is %q", got)
	}
}

// TestVersionSkew refuses an app whose module has another SDK than generated
// code needs.
func TestVersionSkew(t *testing.T) {
	root := t.TempDir()
	declaration, err := os.ReadFile("decl/decl.go")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "sdk", "go.mod"), "module "+modulePath+"\n\ngo 1.26.0\n")
	write(t, filepath.Join(root, "sdk", "gen", "decl", "decl.go"), string(declaration))
	write(t, filepath.Join(root, "sdk", "sdk", "sdk.go"), "package sdk\n\nconst Generated1 = 1\n")
	write(t, filepath.Join(root, "app", "go.mod"), "module example.com/app\n\ngo 1.26.0\n\nrequire "+modulePath+" v0.1.0\n\nreplace "+modulePath+" => ../sdk\n")
	write(t, filepath.Join(root, "app", "api.go"), "package app\n\nimport \""+declPath+"\"\n\nvar _ = decl.App(declare)\n\nfunc declare(s *decl.Server) {}\n")
	_, err = Generate(filepath.Join(root, "app"))
	refused, ok := errors.AsType[DeclarationErrors](err)
	if !ok || len(refused) != 1 || refused[0].Code != "version-skew" || refused[0].Pos.Line != 7 {
		t.Errorf("answered %v", err)
	}
}

// withoutExample are the codes that are not about a declaration alone. Other
// tests show them: TestStale, TestEditedOutputStays, TestVersionSkew, scenarios
// with want/openapi.txt, and the one without a pipeline for tests.
var withoutExample = []string{"edited-output", "no-test-pipeline", "not-described", "stale", "version-skew"}

// examples are the code of a page below a title.
var examples = regexp.MustCompile("(?s)## (Wrong|Right)\n(?:[^#]*?\n)?```go\n(.*?)```\n")

// packages are what examples import when they name it.
var packagePaths = map[string]string{"decl": declPath, "sdk": sdkPath, "msg": msgPath, "context": "context", "errors": "errors", "time": "time"}

// TestExamples runs the generator on the examples of the pages: each wrong one is
// refused with the code, and each right one is not refused.
func TestExamples(t *testing.T) {
	root := newModule(t)
	for _, code := range Codes() {
		page, err := pages.ReadFile("codes/" + code + ".md")
		if err != nil {
			t.Fatal(err)
		}
		found := examples.FindAllStringSubmatch(string(page), -1)
		if slices.Contains(withoutExample, code) {
			if len(found) > 0 {
				t.Errorf("%s has examples", code)
			}
			continue
		}
		if len(found) != 2 || found[0][1] != "Wrong" || found[1][1] != "Right" {
			t.Errorf("%s has not one wrong and one right example", code)
			continue
		}
		for _, e := range found {
			title, text := e[1], e[2]
			t.Run(code+"/"+title, func(t *testing.T) {
				t.Parallel()
				dir := filepath.Join(root, strings.ReplaceAll(code, "-", "")+title)
				write(t, filepath.Join(dir, "api.go"), example(text))
				_, err := analyze(dir)
				refused, _ := errors.AsType[DeclarationErrors](err)
				if err != nil && refused == nil {
					t.Fatal(err)
				}
				has := slices.ContainsFunc(refused, func(d Diagnostic) bool { return d.Code == code })
				if title == "Wrong" && !has || title == "Right" && refused != nil {
					t.Errorf("the example of %s is answered\n%s\n%s", code, refused.Render(dir), example(text))
				}
			})
		}
	}
}

// example makes a file of the code of a page.
func example(text string) string {
	var imports []string
	for name, path := range packagePaths {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(text) {
			imports = append(imports, strconv.Quote(path))
		}
	}
	slices.Sort(imports)
	if strings.Contains(text, "func declare(") && !strings.Contains(text, "decl.App") {
		text = "var _ = decl.App(declare)\n\n" + text
	}
	return fmt.Sprintf("package api\n\nimport (\n\t%s\n)\n\n%s", strings.Join(imports, "\n\t"), text)
}
