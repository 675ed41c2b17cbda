package gen

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/packages"
)

// A Named is a function that a declaration names.
type Named struct {
	// Func is the function, of a generic one the generic.
	Func *types.Func
	// Pos is where it is named.
	Pos token.Pos
	// Kind is the word that names it: "Use", "Finish", …, and "" for a handler.
	Kind string
	// OnLoop are the routes that it runs for on the event loop: "GET /users/{id}".
	OnLoop []string
}

// NamedFunctions returns the functions that the declaration of a package names,
// in the order of their names in it, for tools that look at them. There are
// none when the package has no declaration. What is wrong with the declaration
// is not said here.
func NamedFunctions(fset *token.FileSet, files []*ast.File, pkg *types.Package, info *types.Info) []Named {
	if !slices.ContainsFunc(pkg.Imports(), func(p *types.Package) bool { return p.Path() == declPath }) {
		return nil
	}
	a := &app{
		pkg:  &packages.Package{Name: pkg.Name(), PkgPath: pkg.Path(), Types: pkg, Syntax: files},
		fset: fset, info: info, funcs: map[types.Object]*ast.FuncDecl{},
	}
	for _, file := range files {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				a.funcs[info.Defs[f.Name]] = f
			}
		}
	}
	if a.find(); a.declare == nil {
		return nil
	}
	d := a.read()
	at := map[*function]*Named{}
	note := func(fn *function, kind string, rt *route) {
		f, ok := fn.object.(*types.Func)
		if !ok {
			return
		}
		if at[fn] == nil {
			at[fn] = &Named{Func: f, Pos: fn.use, Kind: kind}
		}
		if rt.onLoop {
			at[fn].OnLoop = append(at[fn].OnLoop, rt.title())
		}
	}
	for _, rt := range d.routes {
		if rt.handler != nil {
			note(rt.handler, "", rt)
		}
		for _, st := range append(slices.Clip(rt.steps), rt.scope.handlesErrors(), rt.scope.handlesPanics(), rt.scope.encodes()) {
			if st != nil {
				note(st.fn, st.kind, rt)
			}
		}
	}
	var list []Named
	for _, n := range at {
		list = append(list, *n)
	}
	slices.SortFunc(list, func(a, b Named) int { return int(a.Pos - b.Pos) })
	return list
}
