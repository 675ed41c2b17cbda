package gen

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"
)

// A pathFunction is a function of the generated file that returns a path.
type pathFunction struct {
	name string
	rt   *route // the first with the path
}

// pathFunctions returns a function for each path, in the order of the
// declaration, and reports the names that the app has already. Methods and hosts
// make no difference, and wildcards of one type are one.
func (a *app) pathFunctions(d *declaration) (list []pathFunction) {
	if !d.paths {
		return nil
	}
	seen := map[string]bool{}
	taken := newNames(nil)
	for _, rt := range d.routes {
		var key strings.Builder
		for _, s := range rt.segments {
			switch {
			case s.rest:
				key.WriteString("/{...}")
			case s.wildcard():
				key.WriteString("/{" + s.kind() + "}")
			default:
				key.WriteString("/" + s.String())
			}
		}
		if seen[key.String()] {
			continue
		}
		seen[key.String()] = true
		name := taken.take("Path" + strings.TrimPrefix(routeName(rt), strings.ToLower(rt.method)))
		if old := a.pkg.Types.Scope().Lookup(name); old != nil {
			a.report(old.Pos(), "name-taken", outputName+" declares "+name+" too",
				[]string{fmt.Sprintf("s.Paths() asks for it: it returns the path of %s (%s)", rt.title(), a.at(rt.pathPos))}, "rename it")
		}
		list = append(list, pathFunction{name, rt})
	}
	return list
}

// paths writes the functions that return paths.
func (e *emitter) paths() {
	for _, f := range e.urls {
		names := newNames(e.scope, "sdk", "strconv")
		var params []jen.Code
		var value *jen.Statement
		text := ""
		add := func(part jen.Code) {
			if value == nil {
				value = jen.Lit(text)
			} else if text != "" {
				value = value.Op("+").Lit(text)
			}
			if text = ""; part != nil {
				value = value.Op("+").Add(part)
			}
		}
		for _, s := range f.rt.segments {
			text += "/"
			if !s.wildcard() {
				text += s.literal
				continue
			}
			name := "segment"
			if s.name != "_" {
				name = s.name
			}
			name = names.take(name)
			typ := jen.Code(jen.String())
			if s.typ != nil {
				typ = e.typ(s.typ)
			}
			params = append(params, jen.Id(name).Add(typ))
			add(formatted(s, name))
		}
		if text != "" || value == nil {
			add(nil)
		}
		e.file.Comment(fmt.Sprintf("// %s returns the path of %s.", f.name, f.rt.path))
		e.file.Func().Id(f.name).Params(params...).String().Block(jen.Return(value))
		e.file.Line()
	}
}

// formatted returns the text of a wildcard's value in a path.
func formatted(s *segment, name string) *jen.Statement {
	value := func(basic string) *jen.Statement {
		if s.typ.String() == basic {
			return jen.Id(name)
		}
		return jen.Id(basic).Parens(jen.Id(name))
	}
	switch kind := s.kind(); {
	case s.rest:
		return jen.Qual(sdkPath, "EscapeRest").Call(jen.Id(name))
	case strings.HasPrefix(kind, "int"):
		return jen.Qual("strconv", "FormatInt").Call(value("int64"), jen.Lit(10))
	case strings.HasPrefix(kind, "uint"):
		return jen.Qual("strconv", "FormatUint").Call(value("uint64"), jen.Lit(10))
	case strings.HasPrefix(kind, "float"):
		bits := strings.TrimPrefix(kind, "float")
		return jen.Qual("strconv", "FormatFloat").Call(value("float64"), jen.LitRune('g'), jen.Op("-").Lit(1), jen.Id(bits))
	case kind == "bool":
		return jen.Qual("strconv", "FormatBool").Call(value("bool"))
	}
	return jen.Qual(sdkPath, "EscapeSegment").Call(jen.Id(name))
}
