package vet_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
	"golang.org/x/tools/txtar"

	"github.com/windhover-go/windhover/gen/vet"
)

const modulePath = "github.com/windhover-go/windhover"

// module returns the folder of a module with the files of an archive, which
// uses this one.
func module(t *testing.T, archive string) string {
	t.Helper()
	root := t.TempDir()
	a, err := txtar.ParseFile(filepath.Join("testdata", archive))
	if err != nil {
		t.Fatal(err)
	}
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	mod = bytes.Replace(mod, []byte("module "+modulePath), []byte("module example.com/scenarios"), 1)
	mod = fmt.Appendf(mod, "\nrequire %s v0.0.0\n\nreplace %s => %s\n", modulePath, modulePath, filepath.ToSlash(repo))
	a.Files = append(a.Files, txtar.File{Name: "go.mod", Data: mod}, txtar.File{Name: "go.sum", Data: sum})
	for _, f := range a.Files {
		path := filepath.Join(root, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestKeptViews(t *testing.T) {
	analysistest.Run(t, module(t, "views.txtar"), vet.KeptViews, "./...")
}

func TestOnLoop(t *testing.T) {
	analysistest.Run(t, module(t, "onloop.txtar"), vet.OnLoop, "./...")
}

// TestVetTool runs the windhover command as a tool of go vet. It has nothing
// against our examples.
func TestVetTool(t *testing.T) {
	if err := analysis.Validate(vet.Analyzers()); err != nil {
		t.Error(err)
	}
	tool := filepath.Join(t.TempDir(), "windhover")
	if out, err := exec.Command("go", "build", "-o", tool, "../cmd/windhover").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for archive, says := range map[string]string{
		"onloop.txtar": "app.go:77:2: store.Load (os.ReadFile) blocks the event loop, on which Calls runs for GET /loop/calls",
		"views.txtar":  "app.go:57:2: this keeps octets of the request in package variable latest",
	} {
		cmd := exec.Command("go", "vet", "-vettool="+tool, "./...")
		cmd.Dir = module(t, archive)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), says) {
			t.Errorf("%s: %v\n%s\nwant %q", archive, err, out, says)
		}
	}
	cmd := exec.Command("go", "vet", "-vettool="+tool, "./...")
	cmd.Dir = filepath.Join("..", "..", "examples")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("examples: %v\n%s", err, out)
	}
}
