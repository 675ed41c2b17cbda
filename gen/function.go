package gen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// A function is one of the app's that a declaration names.
type function struct {
	name string    // as it is shown: GetUser, (*App).GetUser
	use  token.Pos // where it is named
	pos  token.Pos // where it is declared
	sig  *types.Signature

	// How generated code names it: a method of a service or of a package
	// variable, or a function of a package.
	service  *service
	variable types.Object
	method   string
	object   types.Object
	typeArgs []types.Type

	values  []types.Type // results, but a trailing error and Flow
	hasErr  bool
	hasFlow bool
}

// function resolves an argument of the declaration. role says what it is, for
// the error.
func (r *reader) function(e ast.Expr, role string) *function {
	a := r.app
	fn := &function{use: e.Pos()}
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
		if !r.receiver(fn, t) {
			return nil
		}
	default:
		a.report(e.Pos(), "handler-literal", types.ExprString(e)+" cannot be "+role, []string{"generated code must be able to call it by name"},
			"name a function of this package, or a method of a service")
		return nil
	}
	obj, ok := a.info.Uses[id].(*types.Func)
	if !ok {
		r.notFunction(e, id, role)
		return nil
	}
	fn.object, fn.pos, fn.sig = obj, obj.Pos(), obj.Type().(*types.Signature)
	if inst, ok := a.info.Instances[id]; ok {
		fn.sig = inst.Type.(*types.Signature)
		for t := range inst.TypeArgs.Types() {
			fn.typeArgs = append(fn.typeArgs, t)
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

// receiver resolves what stands before the dot.
func (r *reader) receiver(fn *function, sel *ast.SelectorExpr) bool {
	a := r.app
	id, ok := ast.Unparen(sel.X).(*ast.Ident)
	if !ok {
		a.report(sel.Pos(), "unknown-service", types.ExprString(sel.X)+" is not a parameter of the declaration", nil,
			"add it to the parameters of "+a.declare.Name.Name+", and NewPipeline gets it too")
		return false
	}
	switch obj := a.info.Uses[id].(type) {
	case *types.PkgName:
		return true
	case *types.Var:
		fn.method = sel.Sel.Name
		if s, ok := r.names[obj].(*service); ok {
			fn.service = s
			return true
		}
		if obj.Parent() == a.pkg.Types.Scope() {
			fn.variable = obj
			return true
		}
	}
	a.report(sel.Pos(), "unknown-service", id.Name+" is not a parameter of the declaration", nil,
		"add it to the parameters of "+a.declare.Name.Name+", and NewPipeline gets it too")
	return false
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
	if fn.object.Pkg() != a.pkg.Types && !fn.object.Exported() {
		a.report(e.Pos(), "unexported-elsewhere", fn.name+" is not exported by its package", nil, "export it, or call it from a function of this package")
		return nil
	}
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
				if f := a.funcs[fn.object]; f != nil {
					for _, e := range a.pkg.TypeErrors {
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
