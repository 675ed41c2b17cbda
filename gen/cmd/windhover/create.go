package main

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"text/template"

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
	Module   string // path of the new module
	Go       string // version for its go line
	Version  string // of windhover, for its require line
	Checkout string // folder of the checkout that windhover runs from, or ""
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
	info, _ := debug.ReadBuildInfo()
	s := start{Module: name, Go: "1.26.0", Version: "v0.0.0", Checkout: checkout()}
	if s.Checkout == "" && info != nil {
		s.Version = ourVersion(info)
	}
	if err := s.write(dir); err != nil {
		return fail(fmt.Errorf("windhover: %w", err), stderr)
	}
	fmt.Fprintf(stdout, "made the app %s; now:\n\n\tcd %s\n\tgo generate ./...\n\tgo run .\n", name, args[0])
	return exitOK
}

// write writes the files of the starter app.
func (s start) write(dir string) error {
	return fs.WalkDir(starter, "starter", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := starter.ReadFile(path)
		if err != nil {
			return err
		}
		t, err := template.New(path).Parse(string(text))
		if err != nil {
			return err
		}
		target := filepath.Join(dir, strings.TrimSuffix(filepath.Base(path), ".txt"))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		f, err := os.Create(target)
		if err != nil {
			return err
		}
		if err := t.Execute(f, s); err != nil {
			_ = f.Close() // the first error says more
			return err
		}
		return f.Close()
	})
}

// checkout returns the folder of the checkout of windhover around the current
// folder, or "".
func checkout() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module "+modulePath+"\n") {
			return filepath.ToSlash(dir)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
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
