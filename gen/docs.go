package gen

import (
	"go/ast"
	doccomment "go/doc/comment"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"strings"
	"unicode"
)

// docs finds the comments and groups of what the app's module declares. Of other
// modules nothing is looked up: where their source lies, and whether it is there,
// differs from one machine to another.
type docs struct {
	*app
	files map[string]map[declaredAt]entry
}

// A declaredAt says where a name is declared in a file.
type declaredAt struct {
	line int
	name string
}

// An entry is what stands at the declaration of a name.
type entry struct {
	text  string       // of its comment
	group *ast.GenDecl // of a constant
}

// of returns what stands at the declaration of obj.
func (d *docs) of(obj types.Object) entry {
	if obj == nil || obj.Pkg() == nil {
		return entry{}
	}
	p := d.fset.Position(obj.Pos())
	name := d.file(obj.Pkg(), p.Filename)
	if name == "" {
		return entry{}
	}
	if d.files == nil {
		d.files = map[string]map[declaredAt]entry{}
	}
	entries, ok := d.files[name]
	if !ok {
		entries = readEntries(name)
		d.files[name] = entries
	}
	return entries[declaredAt{p.Line, obj.Name()}]
}

// file returns the path of a file of a package, by what export data calls it.
func (d *docs) file(p *types.Package, name string) string {
	var dir string
	m := d.pkg.Module
	switch {
	case p == d.pkg.Types:
		dir = d.dir
	case m != nil && (p.Path() == m.Path || strings.HasPrefix(p.Path(), m.Path+"/")):
		dir = filepath.Join(m.Dir, filepath.FromSlash(strings.TrimPrefix(p.Path(), m.Path)))
	default:
		return ""
	}
	return filepath.Join(dir, path.Base(filepath.ToSlash(name)))
}

// readEntries reads a file. One that does not parse has no comments.
func readEntries(name string) map[declaredAt]entry {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	entries := map[declaredAt]entry{}
	note := func(id *ast.Ident, group *ast.GenDecl, comments ...*ast.CommentGroup) {
		e := entry{group: group}
		for _, c := range comments {
			if e.text == "" {
				e.text = c.Text()
			}
		}
		entries[declaredAt{fset.Position(id.Pos()).Line, id.Name}] = e
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			note(n.Name, nil, n.Doc)
		case *ast.GenDecl:
			for _, spec := range n.Specs {
				var alone *ast.CommentGroup
				if !n.Lparen.IsValid() {
					alone = n.Doc
				}
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					note(spec.Name, nil, spec.Doc, alone, spec.Comment)
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						note(id, n, spec.Doc, alone, spec.Comment)
					}
				}
			}
		case *ast.Field:
			for _, id := range n.Names {
				note(id, nil, n.Doc, n.Comment)
			}
		}
		return true
	})
	return entries
}

// above returns the text of the comment that ends on the line before a
// statement. after is where the code before it ends: what stands behind that on
// its line is about it.
func (a *app) above(stmt ast.Stmt, after token.Pos) string {
	line := a.fset.Position(stmt.Pos()).Line
	for _, file := range a.files() {
		if stmt.Pos() < file.FileStart || stmt.Pos() >= file.FileEnd {
			continue
		}
		for _, c := range file.Comments {
			if c.Pos() > after && c.End() <= stmt.Pos() && a.fset.Position(c.End()).Line == line-1 &&
				a.fset.Position(c.Pos()).Line > a.fset.Position(after).Line {
				return c.Text()
			}
		}
	}
	return ""
}

// A description is a comment as a document shows it.
type description struct {
	summary    string // the first sentence, without the period
	rest       string // what follows it
	text       string // all of it
	deprecated bool   // a paragraph begins with "Deprecated: "
}

// describe takes a comment apart. name, if it is not empty, is left out at its
// beginning, so that "GetUser returns a user." says "Returns a user."
func describe(text, name string) description {
	p := doccomment.Parser{
		LookupSym:     func(_, name string) bool { return ast.IsExported(name) },
		LookupPackage: func(name string) (string, bool) { return name, true },
	}
	paragraphs := (&doccomment.Printer{TextWidth: -1, TextCodePrefix: "    "}).Text(p.Parse(text))
	d := description{text: strings.TrimSpace(string(paragraphs))}
	if rest, ok := strings.CutPrefix(d.text, name+" "); ok && name != "" {
		d.text = capitalized(strings.TrimPrefix(strings.TrimPrefix(rest, "says that "), "is "))
	}
	first, _, _ := strings.Cut(d.text, "\n")
	end := sentence(first)
	d.summary, d.rest = strings.TrimSuffix(first[:end], "."), strings.TrimSpace(d.text[end:])
	for part := range strings.SplitSeq(d.text, "\n") {
		d.deprecated = d.deprecated || strings.HasPrefix(part, "Deprecated: ")
	}
	if strings.HasPrefix(d.text, "Deprecated: ") { // a reason is no summary
		d.summary, d.rest = "", d.text
	}
	return d
}

// sentence returns where the first sentence of a paragraph ends: at a period with
// a space and no small letter behind it, but not behind a single capital.
func sentence(text string) int {
	for i := 1; i < len(text)-2; i++ {
		initial := unicode.IsUpper(rune(text[i-1])) && (i < 2 || text[i-2] == ' ' || text[i-2] == '.')
		if text[i] == '.' && text[i+1] == ' ' && !unicode.IsLower(rune(text[i+2])) && !initial {
			return i + 1
		}
	}
	return len(text)
}

func capitalized(text string) string {
	runes := []rune(text)
	if len(runes) > 0 {
		runes[0] = unicode.ToUpper(runes[0])
	}
	return string(runes)
}
