package gen

import (
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// A Diagnostic is what is wrong at one place of an app, why, and how to mend
// it, in the words of the app.
type Diagnostic struct {
	// Pos is the place: file, line and column. The column is 0 where only the
	// line is known, and the line where it is the whole file.
	Pos token.Position
	// End is where what is meant ends, on the same line; its line is 0 where that
	// is not known.
	End token.Position
	// Part is the part between Pos and End that is meant, such as a segment of a
	// path. It may be empty.
	Part string
	// Message says what is wrong, in one line.
	Message string
	// Code is the stable name of the kind of error, a slug.
	Code string
	// Why are further lines: the reason, with other places.
	Why []string
	// Fix says what to do. It may be empty.
	Fix string
}

// maxDiagnostics bounds the diagnostics that are shown at once.
const maxDiagnostics = 20

// DeclarationErrors are what is wrong with the declaration of an app, all at once.
// They implement error.
type DeclarationErrors []Diagnostic

// Error returns all of them, as they are shown to the user.
func (d DeclarationErrors) Error() string { return d.Render("") }

// Render returns the diagnostics with file names relative to dir: at most 20,
// each "file:line:col: message [code]" and indented lines below it.
func (d DeclarationErrors) Render(dir string) string {
	var b strings.Builder
	for i, g := range d {
		if i == maxDiagnostics {
			fmt.Fprintf(&b, "and %d more\n", len(d)-i)
			break
		}
		fmt.Fprintf(&b, "%s: %s [%s]\n", place(g.Pos, dir), g.Message, g.Code)
		for _, why := range g.Why {
			fmt.Fprintf(&b, "\t%s\n", why)
		}
		if g.Fix != "" {
			fmt.Fprintf(&b, "\tfix: %s\n", g.Fix)
		}
	}
	return b.String()
}

// sorted returns the diagnostics by position, each once.
func (d DeclarationErrors) sorted() DeclarationErrors {
	slices.SortStableFunc(d, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(d, func(a, b Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Message == b.Message
	})
}

// place renders a position relative to dir, or as it is where that is shorter.
func place(p token.Position, dir string) string {
	name := relativeTo(dir, p.Filename)
	if rel, err := filepath.Rel(dir, p.Filename); err == nil && dir != "" && len(rel) < len(name) {
		name = filepath.ToSlash(rel)
	}
	switch {
	case p.Line == 0:
		return name
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", name, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", name, p.Line, p.Column)
}

// Near returns the candidate that is at most two edits away from name, or "".
func Near(name string, candidates []string) string {
	best, found := 3, ""
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < best {
			best, found = d, c
		}
	}
	return found
}

// distance is the Levenshtein distance of two short names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := diagonal
			if a[i] != b[j] {
				next = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
