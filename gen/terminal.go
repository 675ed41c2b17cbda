package gen

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// ended returns the diagnostics with their ends: that of the largest expression
// that begins at the place and does not leave the line, or of the token there.
func (a *app) ended(list DeclarationErrors) DeclarationErrors {
	for i := range list {
		d := &list[i]
		if d.Pos.Column == 0 || d.End.Line != 0 {
			continue
		}
		for _, file := range a.files() {
			if a.fset.Position(file.Package).Filename == d.Pos.Filename {
				d.End = a.endOf(file, d.Pos)
			}
		}
	}
	return list
}

// endOf returns where what begins at a place ends.
func (a *app) endOf(file *ast.File, at token.Position) (end token.Position) {
	f := a.fset.File(file.Package)
	if at.Line > f.LineCount() {
		return end // a line directive, as those of cgo
	}
	pos := f.LineStart(at.Line) + token.Pos(at.Column-1)
	if there := a.position(pos); there.Line != at.Line || there.Column != at.Column {
		return end
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil || pos < n.Pos() || pos >= n.End() {
			return false
		}
		if e, ok := n.(ast.Expr); ok && n.Pos() == pos && end.Line == 0 {
			if to := a.fset.Position(e.End()); to.Line == at.Line {
				end = to
			}
		}
		return true
	})
	if end.Line == 0 {
		end = tokenEnd(at)
	}
	return end
}

// tokenEnd returns where the token at a place ends.
func tokenEnd(at token.Position) (end token.Position) {
	line, ok := sourceLine(at)
	if !ok || at.Column > len(line) {
		return end
	}
	rest := []byte(line[at.Column-1:])
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(rest)), rest, nil, 0)
	_, tok, text := s.Scan()
	if text == "" {
		text = tok.String()
	}
	end = at
	end.Column += len(text)
	end.Offset += len(text)
	return end
}

// sourceLine returns a line of a source file.
func sourceLine(at token.Position) (line string, ok bool) {
	src, err := os.ReadFile(at.Filename)
	if err != nil || at.Line == 0 {
		return "", false
	}
	lines := bytes.Split(src, []byte("\n"))
	if at.Line > len(lines) {
		return "", false
	}
	return strings.TrimSuffix(string(lines[at.Line-1]), "\r"), true
}

// The escape sequences of colours (ECMA-48 section 8.3.117).
const (
	bold   = "\x1b[1m"
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	green  = "\x1b[32m"
	dim    = "\x1b[2m"
	reset  = "\x1b[0m"
)

// Terminal returns the diagnostics as a person reads them on a terminal: as
// Render does, with the line of the source below each place and carets under what
// is meant, and in colour if color is set.
func (d DeclarationErrors) Terminal(dir string, color bool) string {
	var b strings.Builder
	paint := func(code, text string) string {
		if !color || text == "" {
			return text
		}
		return code + text + reset
	}
	for i, g := range d {
		if i == maxDiagnostics {
			fmt.Fprintf(&b, "and %d more\n", len(d)-i)
			break
		}
		tone := red
		if strings.HasPrefix(g.Message, "note: ") {
			tone = yellow
		}
		fmt.Fprintf(&b, "%s %s %s\n", paint(bold, place(g.Pos, dir)+":"), paint(tone, g.Message), paint(dim, "["+g.Code+"]"))
		if line, marks, ok := g.excerpt(); ok {
			number := fmt.Sprint(g.Pos.Line)
			space := strings.Repeat(" ", len(number))
			fmt.Fprintf(&b, "%s %s\n", paint(dim, "  "+number+" |"), line)
			fmt.Fprintf(&b, "%s %s\n", paint(dim, "  "+space+" |"), paint(tone, marks))
		}
		for _, why := range g.Why {
			fmt.Fprintf(&b, "\t%s\n", why)
		}
		if g.Fix != "" {
			fmt.Fprintf(&b, "\t%s %s\n", paint(green, "fix:"), g.Fix)
		}
	}
	return b.String()
}

// maxExcerpt bounds the columns of an excerpt.
const maxExcerpt = 100

// excerpt returns the line of a diagnostic, and below it the carets.
func (g *Diagnostic) excerpt() (line, marks string, ok bool) {
	text, ok := sourceLine(g.Pos)
	if !ok || g.Pos.Column == 0 || g.Pos.Column > len(text) {
		return "", "", false
	}
	from := g.Pos.Column - 1
	to := from + 1
	if g.End.Line == g.Pos.Line && g.End.Column > g.Pos.Column {
		to = min(g.End.Column-1, len(text))
	}
	if at := strings.Index(text[from:to], g.Part); g.Part != "" && at >= 0 {
		from += at
		to = from + len(g.Part)
	}
	expand := func(s string) string { return strings.ReplaceAll(s, "\t", "    ") }
	before, meant, after := expand(text[:from]), expand(text[from:to]), expand(text[to:])
	before = strings.TrimLeft(before, " ")
	if over := utf8.RuneCountInString(before) - maxExcerpt/2; over > 0 && utf8.RuneCountInString(before+meant+after) > maxExcerpt {
		before = "…" + string([]rune(before)[over:])
	}
	if room := maxExcerpt - utf8.RuneCountInString(before+meant); utf8.RuneCountInString(after) > max(room, 0) {
		after = string([]rune(after)[:max(room, 0)]) + "…"
	}
	return before + meant + after, strings.Repeat(" ", utf8.RuneCountInString(before)) + strings.Repeat("^", max(1, utf8.RuneCountInString(meant))), true
}

// relativeTo returns the name of a file as it is short to read from dir.
func relativeTo(dir, name string) string {
	if dir == "" {
		return filepath.ToSlash(name)
	}
	if rel, err := filepath.Rel(dir, name); err == nil && !strings.HasPrefix(rel, "..") {
		name = rel
	}
	return filepath.ToSlash(name)
}
