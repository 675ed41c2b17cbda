package gen

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// staticcheck checks every generated file below root, a module, with staticcheck
// and for unused names, all at once.
func staticcheck(t *testing.T, root string) {
	t.Helper()
	linter, err := exec.LookPath("golangci-lint")
	if err != nil {
		t.Skip("golangci-lint, which has staticcheck, is not in PATH: bench/tools installs it, and .ci/run does so")
	}
	config := `version: "2"
linters:
  default: none
  enable: [staticcheck, unused]
  settings:
    staticcheck:
      checks: [all, -ST1000]
  exclusions:
    generated: disable
issues:
  max-issues-per-linter: 0
  max-same-issues: 0
`
	write(t, filepath.Join(root, ".golangci.yml"), config)
	// It is lenient with generated files: what is generated here passes as any
	// other.
	files, err := filepath.Glob(filepath.Join(root, "*", outputName))
	if err != nil || len(files) == 0 {
		t.Fatal("nothing is generated:", err)
	}
	for _, name := range files {
		text, failed := os.ReadFile(name)
		if failed != nil {
			t.Fatal(failed)
		}
		write(t, name, strings.Replace(string(text), header, "// Written from ", 1))
	}
	cmd := exec.Command(linter, "run", "--allow-parallel-runners", "--show-stats=false", "--output.text.print-issued-lines=false", "--issues-exit-code=0", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	cmd.Env = append(os.Environ(), "GOLANGCI_LINT_CACHE="+t.TempDir()) // of packages that are gone after the test
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, outputName+":") {
			t.Error(strings.TrimSpace(line))
		}
	}
}
