package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/windhover-go/windhover/gen"
)

// openAPI implements windhover openapi.
func openAPI(args []string, stdout, stderr io.Writer) int {
	var file, flag string
	var rest []string
	for len(args) > 0 {
		arg := "-" + strings.TrimLeft(args[0], "-")
		if args[0] == "" || args[0][0] != '-' || arg != "-o" && arg != "-check" || len(args) < 2 || flag != "" {
			rest, args = append(rest, args[0]), args[1:]
			continue
		}
		flag, file, args = arg, args[1], args[2:]
	}
	dir, ok := folder(rest, stderr)
	if !ok {
		return exitUsage
	}
	if flag != "" {
		var err error
		if file, err = filepath.Abs(file); err != nil {
			return fail(err, stderr)
		}
	}
	document, err := gen.OpenAPI(dir, file)
	if err != nil {
		return fail(err, stderr)
	}
	wd, _ := os.Getwd() // without it, names are absolute
	fmt.Fprint(stderr, document.Notes.Render(wd))
	if flag == "" {
		if _, err := stdout.Write(document.Text); err != nil {
			return fail(err, stderr)
		}
		return exitOK
	}
	command := "windhover openapi -o " + relative(file)
	if dir != "." {
		command += " " + dir
	}
	return write([]*gen.Result{document}, flag == "-check", command, stdout, stderr)
}
