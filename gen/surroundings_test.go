package gen

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plainApp is an app that the surroundings of which are varied.
var plainApp = map[string]string{
	"api.go": `package api

import "github.com/windhover-go/windhover/gen/decl"

var _ = decl.App(declare)

func declare(s *decl.Server, app *App) {
	s.Get("/users/{id}", app.GetUser)
	s.Get("/where", Where)
}
`,
	"users.go": `package api

import "github.com/windhover-go/windhover/sdk"

type App struct{}

func (a *App) GetUser(id int64, res sdk.Response) {}

func Where(res sdk.Response) {}
`,
}

// TestSurroundings: what else is in the folder of an app, and what was generated
// before, has no part in what is generated.
func TestSurroundings(t *testing.T) {
	root := newModule(t)
	generate := func(t *testing.T, name string, files map[string]string) string {
		t.Helper()
		dir := filepath.Join(root, name)
		for file, text := range files {
			write(t, filepath.Join(dir, file), text)
		}
		result, err := Generate(dir)
		if err != nil {
			t.Fatal(err)
		}
		return string(result.Text)
	}
	want := generate(t, "plain", plainApp)
	other := strings.ReplaceAll(want, "GetUser", "GetUsers")
	for name, files := range map[string]map[string]string{
		"up-to-date":      {outputName: want},
		"corrupt":         {outputName: want[:len(want)/2]},
		"empty":           {outputName: ""},
		"other-package":   {outputName: strings.Replace(want, "package api", "package apis", 1)},
		"stale":           {outputName: other},
		"other-version":   {outputName: strings.Replace(want, "sdk.Generated", "sdk.Generated9", 1)},
		"type-errors":     {"broken.go": "package api\n\nvar x int = \"text\"\n\nfunc unrelated() { return NewPipeline(1).Gone() }\n"},
		"syntax-errors":   {"broken.go": "package api\n\nfunc unrelated() { if }\n"},
		"generated-names": {"main.go": "package api\n\nfunc serve() { var t task; _ = t.getWhere }\n"},
		"tests":           {"api_test.go": "package api\n\nfunc Where() {}\n", "outer_test.go": "package api_test\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { x }\n"},
		"build-tags":      {"where_plan9.go": "package api\n\nfunc Where() int { return 1 }\n", "ignored.go": "//go:build ignore\n\npackage main\n\nfunc main() {}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			all := maps.Clone(plainApp)
			maps.Copy(all, files)
			if got := generate(t, name, all); got != want {
				t.Errorf("generated\n%s\nwant\n%s", got, want)
			}
		})
	}
	t.Run("cgo", func(t *testing.T) {
		if _, err := exec.LookPath("gcc"); err != nil {
			t.Skip("cgo needs gcc, which is not there")
		}
		t.Setenv("CGO_ENABLED", "1")
		all := maps.Clone(plainApp)
		all["cgo.go"] = "package api\n\n// int one(void) { return 1; }\nimport \"C\"\n\nfunc one() int { return int(C.one()) }\n"
		if got := generate(t, "cgo", all); got != want {
			t.Errorf("generated\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("vendor", func(t *testing.T) {
		for _, name := range entries(t, root) {
			if name != "plain" && !strings.HasPrefix(name, "go.") {
				if err := os.RemoveAll(filepath.Join(root, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
		write(t, filepath.Join(root, "plain", outputName), want) // for what it imports
		run(t, root, "go", "mod", "vendor")
		t.Setenv("GOFLAGS", "-mod=vendor")
		if got := generate(t, "plain", plainApp); got != want {
			t.Errorf("generated\n%s\nwant\n%s", got, want)
		}
		run(t, root, "go", "vet", "./plain")
	})
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// TestPartOfAnotherModule: a part of the declaration can be in another module
// of a workspace, and is a source like any other there.
func TestPartOfAnotherModule(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"api", "billing"} {
		module := newModule(t)
		for _, file := range []string{"go.mod", "go.sum"} {
			text, err := os.ReadFile(filepath.Join(module, file))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(root, name, file), strings.Replace(string(text), "module "+scenarioModule, "module example.com/"+name, 1))
		}
	}
	write(t, filepath.Join(root, "go.work"), "go 1.26.0\n\nuse (\n\t./api\n\t./billing\n)\n")
	write(t, filepath.Join(root, "billing", "billing.go"), `package billing

import (
	"github.com/windhover-go/windhover/gen/decl"
	"github.com/windhover-go/windhover/sdk"
)

type Service struct{}

func Routes(s *decl.Group, svc *Service) {
	s.Get("/{id}", svc.Invoice)
	s.Get("/hidden", hidden)
}

func (s *Service) Invoice(id int64, res sdk.Response) {}

func hidden(res sdk.Response) {}
`)
	// A pipeline of its own, which does not compile, is none of the app's business.
	write(t, filepath.Join(root, "billing", outputName), "package billing\n\nfunc {\n")
	write(t, filepath.Join(root, "api", "api.go"), `package api

import (
	"github.com/windhover-go/windhover/gen/decl"

	"example.com/billing"
)

var _ = decl.App(declare)

type App struct{ Billing *billing.Service }

func declare(s *decl.Server, app *App) {
	s.Group("/billing", func(s *decl.Group) { billing.Routes(s, app.Billing) })
}
`)
	t.Setenv("GOWORK", "")
	dir := filepath.Join(root, "api")
	_, err := Generate(dir)
	refused, ok := errors.AsType[DeclarationErrors](err)
	if !ok || len(refused) != 1 || !strings.HasPrefix(refused.Render(dir), "../billing/billing.go:12:19: hidden is not exported by package billing [unexported-elsewhere]\n") {
		t.Fatal(err)
	}
	if err = os.Remove(filepath.Join(root, "billing", outputName)); err != nil {
		t.Fatal(err)
	}
	rename(t, filepath.Join(root, "billing", "billing.go"), "hidden", "Hidden")
	result, err := Generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err = result.Write(); err != nil {
		t.Fatal(err)
	}
	if want := "GET  /billing/{id}    (*billing.Service).Invoice"; !slices.Contains(result.Routes, want) {
		t.Errorf("routes %q, want %q", result.Routes, want)
	}
	run(t, dir, "go", "vet", "./...")
}

// rename replaces a name in a file.
func rename(t *testing.T, path, old, name string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.ReplaceAll(string(text), old, name))
}
