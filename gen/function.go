package gen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A function is one of the app's that a declaration names.
type function struct {
	name string    // as it is shown: GetUser, (*App).GetUser
	use  token.Pos // where it is named
	pos  token.Pos // where it is declared
	sig  *types.Signature

	// How generated code names it: a method of a service, or a function of a
	// package.
	service  *service
	method   string
	object   types.Object
	typeArgs []types.Type

	declared *types.Func      // as its package declares it: object, or its twin in the source of an outsider
	source   *types.Signature // of declared, for the places of its parameters
	services []*service       // that it can take, the innermost part's first

	values  []types.Type // results, but a trailing error and Flow
	hasErr  bool
	hasFlow bool
}

// function resolves an argument of the declaration. role says what it is, for
// the error.
func (r *reader) function(e ast.Expr, role string) *function {
	a := r.app
	fn := &function{use: e.Pos(), services: r.services}
	target := ast.Unparen(e)
	if ix, ok := target.(*ast.IndexExpr); ok {
		target = ix.X
	} else if ix, ok := target.(*ast.IndexListExpr); ok {
		target = ix.X
	}
	var id *ast.Ident
	switch t := target.(type) {
	case *ast.FuncLit:
		a.report(e.Pos(), "handler-literal", "a function literal cannot be "+role,
			[]string{"generated code must be able to call it by name"}, "move it to a function of this package: func name(…) { … }")
		return nil
	case *ast.Ident:
		id = t
	case *ast.SelectorExpr:
		id = t.Sel
		if a.unloaded(t) {
			return nil
		}
		if a.isPackage(t.X) {
			break
		}
		if fn.service = r.operand(t.X); fn.service == nil {
			return nil
		}
		fn.method = t.Sel.Name
	default:
		a.report(e.Pos(), "handler-literal", types.ExprString(e)+" cannot be "+role, []string{"generated code must be able to call it by name"},
			"name a function of this package, or a method of a service")
		return nil
	}
	source, ok := a.info.Uses[id].(*types.Func)
	if !ok {
		r.notFunction(e, id, role)
		return nil
	}
	obj := r.callable(fn, source, e)
	if obj == nil {
		return nil
	}
	fn.object, fn.declared, fn.pos = obj, source, source.Pos()
	fn.sig, fn.source = obj.Type().(*types.Signature), source.Type().(*types.Signature)
	if inst, ok := a.info.Instances[id]; ok {
		if !r.instance(fn, inst, e) {
			return nil
		}
	} else if fn.sig.TypeParams().Len() > 0 {
		a.report(e.Pos(), "generic-handler", obj.Name()+" is generic and not instantiated", nil, "write "+obj.Name()+"[User]")
		return nil
	}
	fn.name = obj.Name()
	if recv := fn.sig.Recv(); recv != nil {
		fn.name = "(" + types.TypeString(recv.Type(), a.qualifier) + ")." + obj.Name()
		if _, pointer := recv.Type().(*types.Pointer); !pointer {
			fn.name = types.TypeString(recv.Type(), a.qualifier) + "." + obj.Name()
		}
	} else if obj.Pkg() != a.pkg.Types {
		fn.name = obj.Pkg().Name() + "." + obj.Name()
	}
	return r.signature(fn, e)
}

// callable returns a function as generated code knows it, which is the only one
// that calls it.
func (r *reader) callable(fn *function, source *types.Func, e ast.Expr) types.Object {
	a := r.app
	obj := a.outside(source)
	if fn.service != nil {
		obj, _, _ = types.LookupFieldOrMethod(fn.service.typ, true, a.pkg.Types, fn.method)
	}
	if obj, ok := obj.(*types.Func); ok && (obj.Pkg() == a.pkg.Types || obj.Exported()) {
		return obj
	}
	a.unexported(e, source)
	return nil
}

// unexported reports a name of another package that generated code cannot use.
func (a *app) unexported(e ast.Expr, obj types.Object) {
	a.report(e.Pos(), "unexported-elsewhere", types.ExprString(e)+" is not exported by package "+obj.Pkg().Name(),
		[]string{fmt.Sprintf("%s, in package %s, has to name it; it is declared at %s", outputName, a.pkg.Name, a.at(obj.Pos()))},
		fmt.Sprintf("export %s, or use it in an exported function", obj.Name()))
}

// instance makes fn an instance of a generic function.
func (r *reader) instance(fn *function, inst types.Instance, e ast.Expr) bool {
	fn.sig, fn.source = inst.Type.(*types.Signature), inst.Type.(*types.Signature)
	for t := range inst.TypeArgs.Types() {
		known := r.app.outsideType(t)
		if hidden := r.app.hidden(t); known == nil || hidden != "" {
			r.app.report(e.Pos(), "unexported-elsewhere", fmt.Sprintf("%s is not exported, and is what %s is instantiated with", hidden, fn.object.Name()), nil, "export it")
			return false
		}
		fn.typeArgs = append(fn.typeArgs, known)
	}
	if known, err := types.Instantiate(nil, fn.object.Type(), fn.typeArgs, false); err == nil {
		fn.sig = known.(*types.Signature)
	}
	return true
}

// isPackage reports whether e is the name of a package.
func (a *app) isPackage(e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	_, ok = a.info.Uses[id].(*types.PkgName)
	return ok
}

// operand resolves what a method is called on, and what a part of the
// declaration is given: a service, a variable of a package, or a field of one.
func (r *reader) operand(e ast.Expr) *service {
	a := r.app
	switch t := ast.Unparen(e).(type) {
	case *ast.Ident:
		obj := a.info.Uses[t]
		if s, ok := r.names[obj].(*service); ok {
			return s
		}
		if v, ok := obj.(*types.Var); ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
			return r.variable(t, v)
		}
	case *ast.SelectorExpr:
		v, ok := a.info.Uses[t.Sel].(*types.Var)
		if !ok {
			break
		}
		if a.isPackage(t.X) {
			return r.variable(t, v)
		}
		of := r.operand(t.X)
		if of == nil {
			return nil
		}
		known, _, _ := types.LookupFieldOrMethod(of.typ, true, a.pkg.Types, v.Name())
		if known == nil || known.Pkg() != a.pkg.Types && !known.Exported() {
			a.unexported(t, v)
			return nil
		}
		return &service{name: of.name + "." + v.Name(), typ: known.Type(), pos: v.Pos(), root: of.root, variable: of.variable, fields: append(slices.Clip(of.fields), v.Name())}
	}
	a.report(e.Pos(), "unknown-service", types.ExprString(e)+" is not a parameter of the declaration", nil,
		"add it to the parameters of "+a.declare.Name.Name+", and NewPipeline gets it too")
	return nil
}

// variable returns a variable of a package as a service.
func (r *reader) variable(e ast.Expr, v *types.Var) *service {
	known, ok := r.app.outside(v).(*types.Var)
	if !ok {
		r.app.unexported(e, v)
		return nil
	}
	return &service{name: types.ExprString(e), typ: known.Type(), pos: v.Pos(), variable: known}
}

// takes returns the service that the function gets as a t, or nil.
func (fn *function) takes(t types.Type) *service {
	for _, s := range fn.services {
		if types.Identical(types.Unalias(s.typ), types.Unalias(t)) {
			return s
		}
	}
	return nil
}

// notFunction reports a name that is not that of a function.
func (r *reader) notFunction(e ast.Expr, id *ast.Ident, role string) {
	what := " is not a function and cannot be "
	if _, ok := r.app.info.Uses[id].(*types.Var); ok {
		what = " is a variable, which cannot be "
	}
	r.app.report(e.Pos(), "handler-literal", types.ExprString(e)+what+role, []string{"generated code must be able to call it by name"},
		"name a function of this package, or a method of a service")
}

// signature checks what every function has to be like.
func (r *reader) signature(fn *function, e ast.Expr) *function {
	a := r.app
	if fn.sig.Variadic() {
		a.report(e.Pos(), "variadic-handler", fn.name+" takes any number of arguments", []string{"generated code gives each parameter one value"}, "take a slice, or a fixed number of parameters")
		return nil
	}
	if a.broken(fn) {
		return nil
	}
	results := fn.sig.Results()
	for i := range results.Len() {
		t := results.At(i).Type()
		switch {
		case isError(t) && i == results.Len()-1:
			fn.hasErr = true
		case isNamed(t, sdkPath, "Flow"):
			fn.hasFlow = true
		default:
			fn.values = append(fn.values, t)
		}
	}
	return fn
}

// broken reports a signature that the compiler does not understand.
func (a *app) broken(fn *function) bool {
	for _, tuple := range []*types.Tuple{fn.sig.Params(), fn.sig.Results()} {
		for v := range tuple.Variables() {
			if invalid(v.Type()) {
				why, fix := fmt.Sprintf("the type of %s is not known (%s)", v.Name(), a.at(v.Pos())), ""
				if f := a.funcs[fn.declared]; f != nil {
					for _, e := range a.typeErrors() {
						if e.Pos >= f.Type.Pos() && e.Pos < f.Type.End() {
							why, fix = fmt.Sprintf("the compiler says: %s (%s)", e.Msg, a.at(e.Pos)), a.meant(f, e.Pos)
							break
						}
					}
				}
				a.report(fn.use, "does-not-compile", fn.name+" cannot be read until its signature compiles", []string{why}, fix)
				return true
			}
		}
	}
	return false
}

// invalid reports whether a type has a part that does not compile.
func invalid(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return t.Kind() == types.Invalid
	case *types.Pointer:
		return invalid(t.Elem())
	case *types.Slice:
		return invalid(t.Elem())
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			if invalid(arg) {
				return true
			}
		}
	}
	return false
}

func isAny(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("any").Type()) }

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// qualifier names packages by their names, and this one not at all.
func (a *app) qualifier(p *types.Package) string {
	if p == a.pkg.Types {
		return ""
	}
	return p.Name()
}

func (a *app) typeName(t types.Type) string { return types.TypeString(t, a.qualifier) }
