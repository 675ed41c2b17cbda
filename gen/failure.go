package gen

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

// A failure is an error that Fails names.
type failure struct {
	status int64
	reason string // what is sent; "" for the name of the status
	doc    string // the comment of the variable
	pos    token.Pos
	after  int // how many routes its scope had when it was declared
}

// about returns what a document says of the error.
func (f *failure) about() string {
	if f.doc != "" {
		return f.doc
	}
	return capitalized(strings.TrimSuffix(cmp.Or(f.reason, statusText(f.status)), ".")) + "."
}

// sdkErrors are the errors of package sdk that have a status. A test compares them
// with the package.
var sdkErrors = map[string]int64{
	"ErrTimeout": 503, "ErrBusy": 503, "ErrPreconditionFailed": 412, "ErrBadRequest": 400, "ErrUnauthorized": 401, "ErrForbidden": 403, "ErrNotFound": 404, "ErrMethodNotAllowed": 405,
	"ErrConflict": 409, "ErrUnavailable": 503,
}

// failures reads a call of Fails.
func (r *reader) failures(call *ast.CallExpr) (list []*failure) {
	for _, arg := range call.Args {
		f := r.failure(arg)
		switch {
		case f == nil:
			r.app.report(arg.Pos(), "error-not-known", fmt.Sprintf("the status of %s is not known when the declaration is read", types.ExprString(arg)),
				[]string{"every error without one is answered 500, and its text is not sent"},
				`name an error of package sdk, or a variable of this package that is sdk.NewError(409, "taken")`)
		case f.status < 400 || f.status > 599:
			r.app.report(arg.Pos(), "bad-status", fmt.Sprintf("%d is not a status code of an error", f.status), nil, "use a number from 400 to 599")
		default:
			f.pos = arg.Pos()
			list = append(list, f)
		}
	}
	return list
}

// failure returns the error that an expression is, nil where it is not known.
func (r *reader) failure(e ast.Expr) *failure {
	var id *ast.Ident
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		id = e
	case *ast.SelectorExpr:
		id = e.Sel
	default:
		return r.errorValue(e)
	}
	v, ok := r.app.info.Uses[id].(*types.Var)
	if !ok || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() {
		return nil
	}
	if v.Pkg().Path() == sdkPath {
		if status := sdkErrors[v.Name()]; status != 0 {
			return &failure{status: status}
		}
		return nil
	}
	f := r.errorValue(r.app.initial(v))
	if f != nil {
		f.doc = describe((&docs{app: r.app}).of(v).text, v.Name()).text
	}
	return f
}

// initial returns what a variable is declared as, or nil.
func (a *app) initial(v *types.Var) ast.Expr {
	for _, file := range a.files() {
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				spec := spec.(*ast.ValueSpec) // of var
				for i, name := range spec.Names {
					if a.info.Defs[name] == v && len(spec.Values) == len(spec.Names) {
						return spec.Values[i]
					}
				}
			}
		}
	}
	return nil
}

// errorValue returns the error that is made by sdk.NewError(409, "taken") or
// &sdk.StatusError{Status: 409, Reason: "taken"}, or nil.
func (r *reader) errorValue(e ast.Expr) *failure {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return r.errorValue(e.X)
	case *ast.CallExpr:
		if r.app.isSDK(e.Fun, "NewError") && len(e.Args) == 2 {
			return r.statusError(e.Args[0], e.Args[1])
		}
	case *ast.UnaryExpr:
		lit, ok := e.X.(*ast.CompositeLit)
		if !ok || e.Op != token.AND || !isNamed(r.app.info.TypeOf(lit), sdkPath, "StatusError") {
			return nil
		}
		parts := map[string]ast.Expr{}
		for _, element := range lit.Elts {
			pair, ok := element.(*ast.KeyValueExpr)
			if !ok {
				return nil
			}
			if name, ok := pair.Key.(*ast.Ident); ok {
				parts[name.Name] = pair.Value
			}
		}
		return r.statusError(parts["Status"], parts["Reason"])
	}
	return nil
}

// statusError returns the error with a status and a reason, which have to be
// constants. reason may be nil.
func (r *reader) statusError(status, reason ast.Expr) *failure {
	f := &failure{}
	value := r.app.info.Types[status].Value
	if value == nil {
		return nil
	}
	f.status, _ = constant.Int64Val(constant.ToInt(value))
	if reason == nil {
		return f
	}
	if value = r.app.info.Types[reason].Value; value == nil {
		return nil
	}
	f.reason = constant.StringVal(value)
	return f
}

// isSDK reports whether e names a function of package sdk.
func (a *app) isSDK(e ast.Expr, name string) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	obj := a.info.Uses[sel.Sel]
	return obj != nil && obj.Pkg() != nil && obj.Pkg().Path() == sdkPath && obj.Name() == name
}

// api reads a call of API.
func (r *reader) api(call *ast.CallExpr) {
	r.decl.title, _ = r.constant(call.Args[0], "this title")
	r.decl.version, _ = r.constant(call.Args[1], "this version")
	r.decl.doc = r.doc
}
