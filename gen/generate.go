package gen

import (
	"bytes"
	"errors"
	"fmt"
	"go/token"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
)

// Result is what a generation made.
type Result struct {
	// Path is the file that is generated, Text what belongs into it and Old
	// what was there, nil if there was none.
	Path string
	Text []byte
	Old  []byte
	// Source is the name of the file with the declaration.
	Source string
	// Routes is the table of routes, a line each.
	Routes []string
	// Notes are what a reader may want to know of the routes, and no errors.
	Notes DeclarationErrors
	// Document is the OpenAPI document that the file embeds, nil where no route
	// answers with decl.OpenAPI.
	Document *Result
	// Tests are the tests of the pipeline, nil when none are asked for.
	Tests *Result

	analysis *analysis
}

// Diff returns what Write would change, as a unified diff.
func (r *Result) Diff() string {
	name := filepath.Base(r.Path)
	return string(diff.Diff(name, r.Old, name+" (generated now)", r.Text))
}

// Changed reports whether the file is not up to date.
func (r *Result) Changed() bool { return r.Old == nil || !bytes.Equal(r.Old, r.Text) }

// Files returns what is generated: the document first, if there is one, for the
// pipeline does not compile without it, and the tests last.
func (r *Result) Files() (list []*Result) {
	for _, file := range []*Result{r.Document, r, r.Tests} {
		if file != nil {
			list = append(list, file)
		}
	}
	return list
}

// Generate reads the app in dir and returns the pipeline that belongs to it.
// It writes nothing. An error of type DeclarationErrors is about the app, any other
// about its surroundings. Tests are made where there are generated ones.
func Generate(dir string) (*Result, error) {
	_, err := os.Stat(filepath.Join(dir, testsName))
	return generate(dir, err == nil)
}

// GenerateTests is Generate with tests.
func GenerateTests(dir string) (*Result, error) { return generate(dir, true) }

func generate(dir string, tests bool) (*Result, error) {
	c, err := analyze(dir)
	if err != nil {
		return nil, err
	}
	if tests {
		if c.readTests(c.decl); len(c.problems) > 0 {
			return nil, c.problems.sorted()
		}
	}
	e := c.newEmitter(c.decl, c.none, c.tree, c.urls)
	text, err := e.emit()
	if err != nil {
		return nil, err
	}
	r, err := c.result(filepath.Join(c.dir, outputName), text)
	if err != nil {
		return nil, err
	}
	r.Routes, r.Notes = routeTable(c.decl), c.notes
	if c.decl.embeds() {
		if r.Document, err = c.document(""); err != nil {
			return nil, err
		}
	}
	if tests {
		if text, err = e.tests(); err != nil {
			return nil, err
		}
		if r.Tests, err = c.result(filepath.Join(c.dir, testsName), text); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// An analysis is what is known of an app without faults.
type analysis struct {
	*app
	decl  *declaration
	none  *binding // what runs where there is no route
	tree  *tree
	urls  []pathFunction
	notes DeclarationErrors
}

// analyze reads the app in dir.
func analyze(dir string) (*analysis, error) {
	a, err := load(dir)
	if err != nil {
		return nil, err
	}
	if a.find(); a.declare != nil {
		a.compiles()
		a.skew()
	}
	if len(a.problems) > 0 {
		return nil, a.ended(a.problems.sorted())
	}
	c := &analysis{app: a, decl: a.read()}
	c.none = a.bind(c.decl)
	a.checkStages(c.decl)
	c.tree = a.router(c.decl)
	if len(a.problems) == 0 {
		c.notes = a.overlaps(c.decl, c.tree)
	}
	c.urls = a.pathFunctions(c.decl)
	if len(a.problems) > 0 {
		return nil, a.ended(a.problems.sorted())
	}
	c.notes = a.ended(c.notes)
	return c, nil
}

// result returns what belongs into a file.
func (c *analysis) result(path string, text []byte) (*Result, error) {
	r := &Result{Path: path, Text: text, Source: c.sourceName(), analysis: c}
	var err error
	if r.Old, err = os.ReadFile(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("windhover: %w", err)
	}
	return r, nil
}

// Write writes the file if it has changed: to a new file that then takes the
// place of the old one, so that it is never half there.
func (r *Result) Write() error {
	if !r.Changed() {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(r.Path), ".windhover-*")
	if err != nil {
		return fmt.Errorf("windhover: %w", err)
	}
	_, err = f.Write(r.Text)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), r.Path)
	}
	if err != nil {
		return fmt.Errorf("windhover: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// Outdated returns the diagnostic of a file that is not what would be generated
// now. fix is the command that writes it.
func (r *Result) Outdated(fix string) DeclarationErrors {
	return DeclarationErrors{{
		Pos: token.Position{Filename: r.Path}, Code: "stale",
		Message: "out of date with " + r.Source, Fix: fix,
	}}
}

// NotGenerated returns the diagnostic of a file that somebody wrote.
func (r *Result) NotGenerated() DeclarationErrors {
	return DeclarationErrors{{
		Pos: token.Position{Filename: r.Path}, Code: "edited-output",
		Message: "was not generated by windhover, or its first line was edited",
		Fix:     "move what is in it to another file, delete it, and generate again",
	}}
}

// header is how the generated file begins.
const header = "// Code generated by windhover from "

// Edited reports whether the file that is there was not generated: writing
// would destroy somebody's work.
func (r *Result) Edited() bool {
	return r.Old != nil && !bytes.HasPrefix(r.Old, []byte(header)) && !bytes.Contains(r.Old, []byte(documentMark))
}
