package main

import (
	"flag"
	"io"
	"path/filepath"

	"github.com/windhover-go/windhover/gen"
)

// openAPI implements windhover openapi.
func openAPI(args []string, stdout, stderr io.Writer) int {
	var to, check string
	o, rest, ok := options(args, stdout, stderr, func(f *flag.FlagSet) {
		f.StringVar(&to, "o", "", "")
		f.StringVar(&check, "check", "", "")
	})
	if !ok {
		return exitUsage
	}
	dir, ok := o.folder(rest)
	if !ok {
		return exitUsage
	}
	file := to + check
	if to != "" && check != "" {
		o.unknown(args)
		return exitUsage
	}
	if file != "" {
		var err error
		if file, err = filepath.Abs(file); err != nil {
			return o.fail(err)
		}
	}
	document, err := gen.OpenAPI(dir, file)
	if err != nil {
		return o.fail(err)
	}
	if len(document.Notes) > 0 && !o.json {
		o.diagnostics(stderr, document.Notes)
	}
	if file == "" {
		if _, err := stdout.Write(document.Text); err != nil {
			return o.fail(err)
		}
		return exitOK
	}
	command := "windhover openapi -o " + relative(file)
	if dir != "." {
		command += " " + dir
	}
	return o.write([]*gen.Result{document}, check != "", command)
}
