package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/windhover-go/windhover/gen"
)

// An output is where a command writes, and in which form.
type output struct {
	stdout, stderr io.Writer
	json           bool
	color          string // auto, always or never
}

// options reads the flags of a command. set adds its own to those that all
// commands have.
func options(args []string, stdout, stderr io.Writer, set func(*flag.FlagSet)) (o *output, rest []string, ok bool) {
	o = &output{stdout: stdout, stderr: stderr}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.json, "json", false, "")
	flags.StringVar(&o.color, "color", "auto", "")
	if set != nil {
		set(flags)
	}
	if err := flags.Parse(args); err != nil || o.color != "auto" && o.color != "always" && o.color != "never" {
		return o, nil, o.unknown(args)
	}
	return o, flags.Args(), true
}

// unknown says that arguments mean nothing. It returns false.
func (o *output) unknown(args []string) bool {
	fmt.Fprintf(o.stderr, "windhover: cannot make sense of %q\n\n%s", args, usage)
	return false
}

// folder returns the folder that arguments name.
func (o *output) folder(args []string) (dir string, ok bool) {
	switch {
	case len(args) == 0:
		return ".", true
	case len(args) == 1 && args[0] != "":
		return args[0], true
	}
	return "", o.unknown(args)
}

// workingDir returns what names of files are relative to; without it, they are
// absolute.
func workingDir() string {
	wd, _ := os.Getwd()
	return wd
}

// diagnostics prints diagnostics: as lines, or, on a terminal, with the source.
func (o *output) diagnostics(w io.Writer, list gen.DeclarationErrors) {
	terminal := isTerminal(w)
	color := o.color == "always" || o.color == "auto" && terminal && os.Getenv("NO_COLOR") == ""
	if terminal || color {
		fmt.Fprint(w, list.Terminal(workingDir(), color))
		return
	}
	fmt.Fprint(w, list.Render(workingDir()))
}

// isTerminal reports whether w is a terminal, or another device that shows
// characters.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// fail prints an error and returns the exit code.
func (o *output) fail(err error) int {
	list, ok := errors.AsType[gen.DeclarationErrors](err)
	switch {
	case o.json && ok:
		return o.report(gen.NewReport(workingDir(), list))
	case o.json:
		report := gen.NewReport("", nil)
		report.OK, report.Error = false, err.Error()
		return o.report(report)
	case ok:
		o.diagnostics(o.stderr, list)
		fmt.Fprintf(o.stderr, "\nwindhover explain %s says more.\n", codesOf(list))
	default:
		fmt.Fprintln(o.stderr, err)
	}
	return exitApp
}

// codesOf returns the code of diagnostics that have one in common, or what stands
// for it.
func codesOf(list gen.DeclarationErrors) string {
	for _, d := range list {
		if d.Code != list[0].Code {
			return "CODE"
		}
	}
	return list[0].Code
}

// report prints a report and returns the exit code.
func (o *output) report(r *gen.Report) int {
	if _, err := o.stdout.Write(r.JSON()); err != nil || !r.OK {
		return exitApp
	}
	return exitOK
}

// fail prints an error of a command without options and returns the exit code.
func fail(err error, stderr io.Writer) int { return (&output{stderr: stderr}).fail(err) }
