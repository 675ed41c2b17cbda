// Command windhover reads the declaration of an app and generates its
// pipeline.
//
//	//go:generate go tool windhover generate
//
// Run it without arguments for what it can do.
package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/windhover-go/windhover/gen"
	"github.com/windhover-go/windhover/gen/vet"
)

func main() {
	if isVet(os.Args[1:]) {
		unitchecker.Main(vet.Analyzers()...) // it does not return
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// isVet reports whether go vet -vettool runs the command: it asks for a version
// that is one of the binary, for the flags, or for a package to be looked at.
func isVet(args []string) bool {
	return len(args) > 0 && (args[0] == "-V=full" || args[0] == "-flags" || strings.HasSuffix(args[len(args)-1], ".cfg"))
}

const usage = `windhover compiles the declaration of an app to pipeline_gen.go.

	windhover generate [-check] [dir]   write pipeline_gen.go; with -check write nothing,
	                                    print what would change, and exit 1 if anything would
	windhover generate -tests [dir]     write pipeline_gen_test.go, too; where it is, generate
	                                    keeps it up to date
	windhover openapi [-o file] [dir]   print the OpenAPI document of the app, or write it to a file;
	                                    -check file is as that of generate
	windhover routes [dir]              list the routes: method, path, functions, place
	windhover explain METHOD PATH [dir] say what answers a request and why: the route, its functions
	                                    in order, what they take and make, limits, memory; -host HOST
	windhover explain [CODE]            say more of the code of an error, or list the codes
	windhover graph [dir]               draw the declaration as a mermaid flowchart
	windhover watch [dir] [-- args]     generate, build and run the app in dir with args, and
	                                    again whenever its source changes, until Ctrl-C
	windhover new dir                   make a starter app in a new module
	windhover cert [-force] [name ...]  write cert.pem and key.pem, for https on this machine
	                                    and the names; -force replaces what is there
	windhover version                   print the version of the module

dir is the folder of the declaration's package, the current one if it is left out. -json
(generate, routes, explain) prints one JSON document for editors. On a terminal errors come
with their source and in colour: -color=never, -color=always or NO_COLOR change that.
In a package, go generate runs it: //go:generate go tool windhover generate

As a tool of go vet it finds octets of a request that are kept, and calls that block the
event loop: go vet -vettool=$(go tool -n windhover) ./...
`

// Exit codes: 1 for an app that is wrong or out of date, 2 for wrong usage.
const (
	exitOK = iota
	exitApp
	exitUsage
)

// A command runs with its arguments and returns an exit code.
type command func(args []string, stdout, stderr io.Writer) int

func run(args []string, stdout, stderr io.Writer) int {
	commands := map[string]command{
		"generate": generate, "openapi": openAPI, "routes": routes, "explain": explain, "graph": graph, "watch": watch,
		"new": create, "cert": cert, "version": version,
	}
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	c, ok := commands[args[0]]
	if !ok {
		hint := ""
		if near := gen.Near(args[0], slices.Sorted(maps.Keys(commands))); near != "" {
			hint = "\tdid you mean " + near + "?\n"
		}
		fmt.Fprintf(stderr, "windhover: there is no command %q\n%s\n%s", args[0], hint, usage)
		return exitUsage
	}
	return c(args[1:], stdout, stderr)
}

// generate implements windhover generate.
func generate(args []string, stdout, stderr io.Writer) int {
	check, read := false, gen.Generate
	o, rest, ok := options(args, stdout, stderr, func(f *flag.FlagSet) {
		f.BoolVar(&check, "check", false, "")
		f.BoolFunc("tests", "", func(string) error { read = gen.GenerateTests; return nil })
	})
	if !ok {
		return exitUsage
	}
	dir, ok := o.folder(rest)
	if !ok {
		return exitUsage
	}
	result, err := read(dir)
	if err != nil {
		return o.fail(err)
	}
	return o.write(result.Files(), check, "go generate "+pattern(dir))
}

// write writes files, or checks that they are up to date. fix brings them there.
func (o *output) write(files []*gen.Result, check bool, fix string) int {
	var problems gen.DeclarationErrors
	for _, file := range files {
		switch {
		case file.Edited():
			problems = append(problems, file.NotGenerated()...)
		case check && file.Changed():
			if !o.json {
				fmt.Fprint(o.stdout, file.Diff())
			}
			problems = append(problems, file.Outdated(fix)...)
		}
	}
	if len(problems) > 0 {
		return o.fail(problems)
	}
	report := files[len(files)-1].Report(workingDir())
	for _, file := range files {
		if err := file.Write(); err != nil {
			return o.fail(err)
		}
	}
	if o.json {
		return o.report(report)
	}
	return exitOK
}

// routes implements windhover routes.
func routes(args []string, stdout, stderr io.Writer) int {
	o, rest, ok := options(args, stdout, stderr, nil)
	if !ok {
		return exitUsage
	}
	dir, ok := o.folder(rest)
	if !ok {
		return exitUsage
	}
	result, err := gen.Generate(dir)
	if err != nil {
		return o.fail(err)
	}
	if o.json {
		report := result.Report(workingDir())
		report.Routes = result.Declared(workingDir())
		return o.report(report)
	}
	for _, line := range result.Routes {
		fmt.Fprintln(stdout, line)
	}
	if len(result.Notes) > 0 {
		fmt.Fprintln(stdout)
		o.diagnostics(stdout, result.Notes)
	}
	return exitOK
}

// relative returns a path as it is short to read.
func relative(path string) string {
	if rel, err := filepath.Rel(workingDir(), path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// pattern returns the argument of go generate for a folder.
func pattern(dir string) string {
	if dir == "." || filepath.IsAbs(dir) {
		return dir
	}
	return "./" + filepath.ToSlash(filepath.Clean(dir))
}
