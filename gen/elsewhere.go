package gen

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// sources returns the packages that are read as source: the app's, and the
// outsiders.
//
// An outsider is another package with functions that declare parts of the app.
// Whoever imports it, the app as well, knows it from its export data, and a type
// of the one is not identical to its twin of the other: what is named in the
// source is looked up there, by outside and outsideType, before anything is
// bound.
func (a *app) sources() []*packages.Package {
	return slices.Concat([]*packages.Package{a.pkg}, a.outsiders)
}

// files returns the files of all that is read as source.
func (a *app) files() (all []*ast.File) {
	for _, pkg := range a.sources() {
		all = append(all, pkg.Syntax...)
	}
	return all
}

// typeErrors returns what the compiler has against all that is read as source.
func (a *app) typeErrors() (all []types.Error) {
	for _, pkg := range a.sources() {
		all = append(all, pkg.TypeErrors...)
	}
	return all
}

// findOutsiders parses the packages of the functions of other packages that the
// parts known so far call with a server or group, and reports whether there are
// new ones.
func (a *app) findOutsiders() (more bool, err error) {
	var paths []string
	for _, f := range a.funcs {
		if !a.declares(f) {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if fn, ok := a.info.Uses[id].(*types.Func); ok && a.isPart(fn) && a.source(fn.Pkg().Path()) == nil {
					paths = append(paths, fn.Pkg().Path())
				}
			}
			return true
		})
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		known := a.imported[path]
		outsider := &packages.Package{Name: known.Name, PkgPath: path, Module: known.Module, TypesSizes: known.TypesSizes}
		if err := a.parse(outsider, known.GoFiles); err != nil {
			return false, err
		}
		a.outsiders = append(a.outsiders, outsider)
	}
	return len(paths) > 0, nil
}

// isPart reports whether a function takes a server or group first, and is none
// of the words of a declaration.
func (a *app) isPart(fn *types.Func) bool {
	sig := fn.Type().(*types.Signature)
	return sig.Recv() == nil && sig.Params().Len() > 0 && isScope(sig.Params().At(0).Type())
}

// isScope reports whether t is a server or group of a declaration.
func isScope(t types.Type) bool {
	return isNamed(deref(t), declPath, "Server") || isNamed(deref(t), declPath, "Group")
}

// source returns the package with a path that is read as source, or nil.
func (a *app) source(path string) *packages.Package {
	for _, pkg := range a.sources() {
		if pkg.PkgPath == path {
			return pkg
		}
	}
	return nil
}

// part returns the source of a function that declares a part, or nil.
func (a *app) part(obj types.Object) *ast.FuncDecl {
	fn, ok := obj.(*types.Func)
	if !ok || !a.isPart(fn) {
		return nil
	}
	if pkg := a.source(fn.Pkg().Path()); pkg != nil {
		return a.funcs[pkg.Types.Scope().Lookup(fn.Name())]
	}
	return nil
}

// isOutsider reports whether p is the source of an outsider.
func (a *app) isOutsider(p *types.Package) bool {
	return slices.ContainsFunc(a.outsiders, func(o *packages.Package) bool { return o.Types == p })
}

// outside returns what generated code knows a package-level name of an outsider
// as: nil when it does not know it. What others declare is returned as it is.
func (a *app) outside(obj types.Object) types.Object {
	if obj.Pkg() == nil || !a.isOutsider(obj.Pkg()) {
		return obj
	}
	if !obj.Exported() {
		return nil
	}
	return a.imported[obj.Pkg().Path()].Types.Scope().Lookup(obj.Name())
}

// outsideType returns a type of an outsider as generated code knows it, or nil.
func (a *app) outsideType(t types.Type) types.Type {
	twins := false
	eachName(t, func(o *types.TypeName) { twins = twins || o.Pkg() != nil && a.isOutsider(o.Pkg()) })
	if !twins {
		return t
	}
	var elem types.Type
	switch t := t.(type) {
	case *types.Alias:
		return a.outsideNamed(t.Obj(), t.TypeArgs())
	case *types.Named:
		return a.outsideNamed(t.Obj(), t.TypeArgs())
	case *types.Pointer:
		if elem = a.outsideType(t.Elem()); elem != nil {
			return types.NewPointer(elem)
		}
	case *types.Slice:
		if elem = a.outsideType(t.Elem()); elem != nil {
			return types.NewSlice(elem)
		}
	case *types.Array:
		if elem = a.outsideType(t.Elem()); elem != nil {
			return types.NewArray(elem, t.Len())
		}
	case *types.Map:
		if key, elem := a.outsideType(t.Key()), a.outsideType(t.Elem()); key != nil && elem != nil {
			return types.NewMap(key, elem)
		}
	}
	return nil
}

// outsideNamed returns a type with a name as generated code knows it, or nil.
func (a *app) outsideNamed(o *types.TypeName, args *types.TypeList) types.Type {
	known := a.outside(o)
	if known == nil || args.Len() == 0 {
		if known == nil {
			return nil
		}
		return known.Type()
	}
	var list []types.Type
	for arg := range args.Types() {
		t := a.outsideType(arg)
		if t == nil {
			return nil
		}
		list = append(list, t)
	}
	t, err := types.Instantiate(nil, known.Type(), list, false)
	if err != nil {
		return nil
	}
	return t
}

// eachName calls visit for each name that the text of a type has.
func eachName(t types.Type, visit func(*types.TypeName)) {
	named := func(o *types.TypeName, args *types.TypeList) {
		visit(o)
		for arg := range args.Types() {
			eachName(arg, visit)
		}
	}
	switch t := t.(type) {
	case *types.Alias:
		named(t.Obj(), t.TypeArgs())
	case *types.Named:
		named(t.Obj(), t.TypeArgs())
	case *types.Pointer:
		eachName(t.Elem(), visit)
	case *types.Slice:
		eachName(t.Elem(), visit)
	case *types.Array:
		eachName(t.Elem(), visit)
	case *types.Chan:
		eachName(t.Elem(), visit)
	case *types.Map:
		eachName(t.Key(), visit)
		eachName(t.Elem(), visit)
	case *types.Struct:
		for f := range t.Fields() {
			eachName(f.Type(), visit)
		}
	case *types.Signature:
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for v := range tuple.Variables() {
				eachName(v.Type(), visit)
			}
		}
	}
}

// hidden returns the name of a type that generated code cannot write, as it
// occurs in t, or "".
func (a *app) hidden(t types.Type) (name string) {
	eachName(t, func(o *types.TypeName) {
		if o.Pkg() != nil && o.Pkg() != a.pkg.Types && !o.Exported() {
			name = o.Pkg().Name() + "." + o.Name()
		}
	})
	return name
}

// unloaded reports that the package before the dot of e could not be loaded, if
// that is so.
func (a *app) unloaded(e ast.Expr) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := ast.Unparen(sel.X).(*ast.Ident)
	if !ok {
		return false
	}
	name, ok := a.info.Uses[id].(*types.PkgName)
	if !ok {
		return false
	}
	path := name.Imported().Path()
	p := a.imported[path]
	if p == nil || len(p.Errors) == 0 || a.info.Uses[sel.Sel] != nil {
		return false
	}
	var why []string
	for _, e := range p.Errors {
		for line := range strings.SplitSeq(strings.TrimSpace(e.Msg), "\n") {
			why = append(why, strings.TrimSpace(line))
		}
	}
	a.report(e.Pos(), "does-not-compile", "package "+path+" cannot be loaded", why, "")
	return true
}
