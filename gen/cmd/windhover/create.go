package main

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// starter is the app that windhover new makes. Names end in .txt so that the
// go command does not take them for packages of this module.
//
//go:embed starter
var starter embed.FS

const modulePath = "github.com/windhover-go/windhover"

// A start is what the files of the starter app are filled in with.
type start struct {
	Module   string   // path of the new module
	Version  string   // of windhover, for its require line
	Replace  string   // folder that windhover is read from, or "" for a version
	Indirect []string // what windhover requires, "path version"
	sums     []byte   // go.sum
}

// create implements windhover new.
func create(args []string, stdout, stderr io.Writer) int {
	if len(args) != 1 || args[0] == "" || args[0][0] == '-' {
		fmt.Fprintf(stderr, "windhover: new takes the folder of the new app\n\n%s", usage)
		return exitUsage
	}
	dir, err := filepath.Abs(args[0])
	if err != nil {
		return fail(err, stderr)
	}
	name := filepath.Base(dir)
	if err := module.CheckImportPath(name); err != nil || strings.Contains(name, ".") {
		fmt.Fprintf(stderr, "windhover: %q cannot be the name of a module; use letters, digits, - and _\n", name)
		return exitUsage
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		fmt.Fprintf(stderr, "windhover: %s is not empty; nothing was written\n\tfix: name a new folder\n", args[0])
		return exitApp
	}
	s := start{Module: name}
	if err := s.locate(); err != nil {
		return fail(fmt.Errorf("windhover: %w", err), stderr)
	}
	if err := s.write(dir); err != nil {
		return fail(fmt.Errorf("windhover: %w", err), stderr)
	}
	fmt.Fprintf(stdout, "made the app %s; now:\n\n\tcd %s\n\tgo generate ./...\n\tgo run .\n", name, args[0])
	return exitOK
}

// locate finds the windhover that the current folder uses: a checkout, or what
// a module here requires. The new app requires the same, and what that
// requires, so that nothing is downloaded anew.
func (s *start) locate() error {
	out, err := exec.Command("go", "list", "-m", "-json", modulePath).Output()
	var found struct {
		Version, Dir string
		Main         bool
		Replace      *struct{ Version string }
	}
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	if err != nil || found.Dir == "" {
		return errors.New("run new in a checkout of windhover, or in a module that requires it: the new app gets the same version")
	}
	s.Version = cmp.Or(found.Version, "v0.0.0")
	if found.Main || found.Replace != nil && found.Replace.Version == "" {
		s.Replace = filepath.ToSlash(found.Dir)
	}
	text, err := os.ReadFile(filepath.Join(found.Dir, "go.mod"))
	if err != nil {
		return err
	}
	file, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return err
	}
	for _, r := range file.Require {
		s.Indirect = append(s.Indirect, r.Mod.Path+" "+r.Mod.Version)
	}
	if s.sums, err = os.ReadFile(filepath.Join(found.Dir, "go.sum")); err != nil || s.Replace != "" {
		return err
	}
	// The sum of windhover itself is in the go.sum of the module that requires it.
	own, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return err
	}
	text, err = os.ReadFile(filepath.Join(filepath.Dir(string(own)), "go.sum"))
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte(modulePath+" ")) {
			s.sums = append(s.sums, line...)
		}
	}
	return err
}

// write writes the files of the starter app.
func (s *start) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := starter.ReadDir("starter")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		t, err := template.ParseFS(starter, "starter/"+entry.Name())
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := t.Execute(&text, s); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, strings.TrimSuffix(entry.Name(), ".txt")), text.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), s.sums, 0o644)
}

// version implements windhover version.
func version(args []string, stdout, stderr io.Writer) int {
	if len(args) != 0 {
		fmt.Fprintf(stderr, "windhover: version takes no arguments\n\n%s", usage)
		return exitUsage
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Fprintln(stderr, "windhover: the binary does not say its version")
		return exitApp
	}
	fmt.Fprintln(stdout, "windhover", ourVersion(info), info.GoVersion)
	return exitOK
}

// ourVersion returns the version of windhover's module in a binary.
func ourVersion(info *debug.BuildInfo) string {
	if info.Main.Path == modulePath {
		return info.Main.Version
	}
	for _, d := range info.Deps {
		if d.Path == modulePath {
			return d.Version
		}
	}
	return "(devel)"
}
