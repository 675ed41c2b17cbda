package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/windhover-go/windhover/gen"
)

// explain implements windhover explain: of a request, of a code, or the list of
// codes.
func explain(args []string, stdout, stderr io.Writer) int {
	var host string
	o, rest, ok := options(args, stdout, stderr, func(f *flag.FlagSet) { f.StringVar(&host, "host", "", "") })
	switch {
	case !ok:
		return exitUsage
	case len(rest) == 0:
		return o.codes()
	case len(rest) == 1:
		return o.code(rest[0])
	}
	method, target := rest[0], rest[1]
	dir, ok := o.folder(rest[2:])
	if !ok {
		return exitUsage
	}
	if target != "*" && !strings.HasPrefix(target, "/") {
		fmt.Fprintf(stderr, "windhover: %q is not a path: it begins with /, as in windhover explain GET /users/7\n", target)
		return exitUsage
	}
	x, err := gen.Explain(dir, strings.ToUpper(method), host, target)
	if err != nil {
		return o.fail(err)
	}
	if o.json {
		report := gen.NewReport("", nil)
		report.Explanation = x
		return o.report(report)
	}
	fmt.Fprint(stdout, x)
	return exitOK
}

// codes lists the codes of errors.
func (o *output) codes() int {
	if o.json {
		return o.pages(gen.Codes())
	}
	for _, line := range gen.CodeTable() {
		fmt.Fprintln(o.stdout, line)
	}
	return exitOK
}

// code prints the page about a code.
func (o *output) code(name string) int {
	name = strings.Trim(name, "[]")
	page, ok := gen.Page(name)
	if !ok {
		fix := "windhover explain lists the codes; windhover explain METHOD PATH explains a request"
		if near := gen.Near(name, gen.Codes()); near != "" {
			fix = "did you mean " + near + "?"
		}
		fmt.Fprintf(o.stderr, "windhover: there is no code %q\n\t%s\n", name, fix)
		return exitUsage
	}
	if o.json {
		return o.pages([]string{name})
	}
	fmt.Fprint(o.stdout, page)
	return exitOK
}

// pages prints the pages about codes for other programs.
func (o *output) pages(codes []string) int {
	report := gen.NewReport("", nil)
	for _, code := range codes {
		page, _ := gen.Page(code)
		report.Codes = append(report.Codes, gen.ReportedCode{Code: code, Page: page})
	}
	return o.report(report)
}

// graph implements windhover graph.
func graph(args []string, stdout, stderr io.Writer) int {
	o, rest, ok := options(args, stdout, stderr, nil)
	if !ok || o.json {
		return exitUsage
	}
	dir, ok := o.folder(rest)
	if !ok {
		return exitUsage
	}
	text, err := gen.Graph(dir)
	if err != nil {
		return o.fail(err)
	}
	fmt.Fprint(stdout, text)
	return exitOK
}
