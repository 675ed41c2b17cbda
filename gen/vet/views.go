package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/buildssa"
	"golang.org/x/tools/go/ssa"

	"github.com/windhover-go/windhover/gen"
)

// KeptViews reports octets of a request that outlive the function they were
// lent to.
var KeptViews = &analysis.Analyzer{
	Name: "keptviews",
	Doc: `report octets of a request that are kept

A msg.View, and sdk.Bytes, are borrowed until the function that received them returns:
then their octets belong to the next request. This analyzer reports a view, a value with
one in it or a slice of its octets that is stored in a package variable or behind a
pointer that came from outside, sent on a channel, handed to a goroutine, or returned by
a function of Use. View.String and View.Append make copies, which may be kept.`,
	URL:      "https://pkg.go.dev/" + modulePath + "/gen/vet",
	Requires: []*analysis.Analyzer{buildssa.Analyzer},
	Run:      runKeptViews,
}

// A viewCheck checks a package.
type viewCheck struct {
	pass  *analysis.Pass
	calls map[*ssa.Function][]*ssa.CallCommon // in the package
	used  map[*types.Func]bool                // named by Use
}

func runKeptViews(pass *analysis.Pass) (any, error) {
	if ours(pass.Pkg.Path()) {
		return nil, nil // it makes the views
	}
	c := &viewCheck{pass: pass, calls: map[*ssa.Function][]*ssa.CallCommon{}, used: map[*types.Func]bool{}}
	for _, n := range gen.NamedFunctions(pass.Fset, pass.Files, pass.Pkg, pass.TypesInfo) {
		if n.Kind == "Use" {
			c.used[n.Func.Origin()] = true
		}
	}
	functions := pass.ResultOf[buildssa.Analyzer].(*buildssa.SSA).SrcFuncs
	for _, f := range functions {
		for _, b := range f.Blocks {
			for _, i := range b.Instrs {
				if call, ok := i.(ssa.CallInstruction); ok {
					if callee := call.Common().StaticCallee(); callee != nil {
						c.calls[callee] = append(c.calls[callee], call.Common())
					}
				}
			}
		}
	}
	generated := map[string]bool{}
	for _, file := range pass.Files {
		generated[pass.Fset.File(file.FileStart).Name()] = ast.IsGenerated(file)
	}
	for _, f := range functions {
		if !generated[pass.Fset.Position(f.Pos()).Filename] {
			c.function(f)
		}
	}
	return nil, nil
}

// function checks one function.
func (c *viewCheck) function(f *ssa.Function) {
	l := newLent(f)
	for _, b := range f.Blocks {
		for _, i := range b.Instrs {
			switch i := i.(type) {
			case *ssa.Store:
				if l.holds(i.Val) {
					c.kept(f, i.Pos(), i.Addr)
				}
			case *ssa.MapUpdate:
				if l.holds(i.Value) || l.holds(i.Key) {
					c.kept(f, i.Pos(), i.Map)
				}
			case *ssa.Send:
				if l.holds(i.X) {
					c.report(i.Pos(), "sends", "on a channel")
				}
			case *ssa.Select:
				for _, s := range i.States {
					if s.Dir == types.SendOnly && l.holds(s.Send) {
						c.report(s.Pos, "sends", "on a channel")
					}
				}
			case *ssa.Go:
				c.goes(l, i.Common(), i.Pos())
			case *ssa.Call:
				c.call(l, i)
			case *ssa.Return:
				if obj, ok := f.Object().(*types.Func); ok && c.used[obj.Origin()] {
					for _, v := range i.Results {
						// A View that crosses is refused by the generator.
						if l.holds(v) && !isLent(v.Type(), lentDepth) {
							c.report(i.Pos(), "returns", "from a function of Use")
						}
					}
				}
			}
		}
	}
}

// call reports a call of a function that keeps what it is given.
func (c *viewCheck) call(l *lent, call *ssa.Call) {
	callee := function(call.Common())
	switch {
	case callee == nil:
	case oneOf(goroutines, callee):
		c.goes(l, call.Common(), call.Pos())
	case oneOf(keepers, callee):
		if slices.ContainsFunc(call.Common().Args, l.holds) {
			c.report(call.Pos(), "hands", "to "+short(callee))
		}
	}
}

// goes reports a goroutine that is handed a view.
func (c *viewCheck) goes(l *lent, call *ssa.CallCommon, pos token.Pos) {
	if l.holds(call.Value) || slices.ContainsFunc(call.Args, l.holds) {
		c.report(pos, "hands", "to a goroutine")
	}
}

// kept reports a store to an address that outlives f.
func (c *viewCheck) kept(f *ssa.Function, pos token.Pos, addr ssa.Value) {
	switch r := root(addr).(type) {
	case *ssa.Global:
		c.report(pos, "keeps", "in package variable "+r.Name())
	case *ssa.Parameter:
		if !isPointing(r.Type()) || c.isLocal(f, r, nil) {
			return // a copy, or a variable of the caller
		}
		c.report(pos, "keeps", "behind "+r.Name()+", which came from outside")
	}
}

// isPointing reports whether what is stored behind a value of type t is seen by
// others.
func isPointing(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Slice:
		return true
	}
	return false
}

// isLocal reports whether the functions of the package that call f give it nothing
// but variables of their own for p, and there are such calls.
func (c *viewCheck) isLocal(f *ssa.Function, p *ssa.Parameter, seen []*ssa.Function) bool {
	if slices.Contains(seen, f) {
		return true
	}
	index := -1
	for i, q := range f.Params {
		if q == p {
			index = i
		}
	}
	for _, call := range c.calls[f] {
		switch r := root(call.Args[index]).(type) {
		case *ssa.Alloc, *ssa.MakeMap, *ssa.MakeSlice:
		case *ssa.Parameter:
			if !c.isLocal(r.Parent(), r, append(seen, f)) {
				return false
			}
		default:
			return false
		}
	}
	return len(c.calls[f]) > 0
}

// report reports what is done with borrowed octets, and where they go.
func (c *viewCheck) report(pos token.Pos, does, where string) {
	c.pass.Reportf(pos, "this %s octets of the request %s: they are borrowed until the function that received them returns; copy them, with View.String or View.Append", does, where)
}

// function returns what is called, or nil when that is not known.
func function(call *ssa.CallCommon) *types.Func {
	if call.IsInvoke() {
		return call.Method
	}
	if f := call.StaticCallee(); f != nil {
		obj, _ := f.Object().(*types.Func)
		if obj == nil && f.Origin() != nil {
			obj, _ = f.Origin().Object().(*types.Func)
		}
		return obj
	}
	return nil
}

// root returns what an address or a map is a part of: a variable, a parameter, or
// what made it.
func root(v ssa.Value) ssa.Value {
	for {
		switch a := v.(type) {
		case *ssa.FieldAddr:
			v = a.X
		case *ssa.IndexAddr:
			v = a.X
		case *ssa.UnOp:
			if a.Op != token.MUL {
				return v
			}
			v = a.X
		case *ssa.Slice:
			v = a.X
		case *ssa.ChangeType:
			v = a.X
		default:
			return v
		}
	}
}

// lentDepth bounds how deep in a type a view is looked for.
const lentDepth = 4

// isLent reports whether a value of type t has borrowed octets in it by its type.
func isLent(t types.Type, depth int) bool {
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil {
		switch n.Obj().Pkg().Path() + "." + n.Obj().Name() {
		case msgPath + ".View", sdkPath + ".Bytes", sdkPath + ".File":
			return true
		}
		if n.TypeArgs().Len() == 0 && ours(n.Obj().Pkg().Path()) {
			return false // it is its own business
		}
	}
	if depth == 0 {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for f := range u.Fields() {
			if isLent(f.Type(), depth-1) {
				return true
			}
		}
	case *types.Slice:
		return isLent(u.Elem(), depth-1)
	case *types.Array:
		return isLent(u.Elem(), depth-1)
	case *types.Pointer:
		return isLent(u.Elem(), depth-1)
	case *types.Map:
		return isLent(u.Elem(), depth-1) || isLent(u.Key(), depth-1)
	}
	return false
}

// canHold reports whether a value of type t can be octets or lead to some: a
// string is a copy, as is an array, and a number is none.
func canHold(t types.Type, depth int) bool {
	switch u := t.Underlying().(type) {
	case *types.Interface, *types.Signature, *types.Tuple:
		return true
	case *types.Slice:
		b, basic := u.Elem().Underlying().(*types.Basic)
		return basic && b.Kind() == types.Byte || !basic && depth > 0 && canHold(u.Elem(), depth-1)
	case *types.Pointer:
		return depth > 0 && canHold(u.Elem(), depth-1)
	case *types.Array:
		return depth > 0 && canHold(u.Elem(), depth-1)
	case *types.Map:
		return depth > 0 && (canHold(u.Elem(), depth-1) || canHold(u.Key(), depth-1))
	case *types.Struct:
		for f := range u.Fields() {
			if depth > 0 && canHold(f.Type(), depth-1) {
				return true
			}
		}
	}
	return false
}

// A lent knows which values of a function are borrowed octets, or have some in
// them.
type lent struct {
	filled map[ssa.Value]bool // variables of the function that one is stored in
	known  map[ssa.Value]bool // values that were asked for; false while they are
}

// newLent finds the variables of f that borrowed octets are stored in: again,
// until there are no more of them.
func newLent(f *ssa.Function) *lent {
	l := &lent{filled: map[ssa.Value]bool{}}
	for again := true; again; {
		again = false
		l.known = map[ssa.Value]bool{}
		note := func(at, v ssa.Value) {
			r := root(at)
			if _, global := r.(*ssa.Global); !global && !l.filled[r] && l.holds(v) {
				l.filled[r], again = true, true
			}
		}
		for _, b := range f.Blocks {
			for _, i := range b.Instrs {
				switch i := i.(type) {
				case *ssa.Store:
					note(i.Addr, i.Val)
				case *ssa.MapUpdate:
					note(i.Map, i.Value)
					note(i.Map, i.Key)
				}
			}
		}
	}
	l.known = map[ssa.Value]bool{}
	return l
}

// holds reports whether v is borrowed octets, or has some in it.
func (l *lent) holds(v ssa.Value) bool {
	if !canHold(v.Type(), lentDepth+1) {
		return false
	}
	if is, ok := l.known[v]; ok {
		return is
	}
	l.known[v] = false
	l.known[v] = l.filled[v] || l.from(v)
	return l.known[v]
}

// from reports whether v gets borrowed octets from where it comes from.
func (l *lent) from(v ssa.Value) bool {
	switch v := v.(type) {
	case *ssa.Parameter:
		isReceiver := v.Parent().Signature.Recv() != nil && v == v.Parent().Params[0]
		return !isReceiver && isLent(v.Type(), lentDepth)
	case *ssa.FreeVar:
		return isLent(v.Type(), lentDepth)
	case *ssa.Call:
		return l.result(v.Common(), v.Type())
	case *ssa.Extract:
		return l.holds(v.Tuple)
	case *ssa.Phi:
		return slices.ContainsFunc(v.Edges, l.holds)
	case *ssa.MakeClosure:
		return slices.ContainsFunc(v.Bindings, l.holds)
	case *ssa.UnOp:
		return v.Op == token.MUL && l.holds(root(v.X))
	case *ssa.Field:
		return l.holds(v.X)
	case *ssa.FieldAddr:
		return l.holds(root(v.X))
	case *ssa.Index:
		return l.holds(v.X)
	case *ssa.IndexAddr:
		return l.holds(root(v.X))
	case *ssa.Lookup:
		return l.holds(v.X)
	case *ssa.Slice:
		return l.holds(v.X)
	case *ssa.ChangeType:
		return l.holds(v.X)
	case *ssa.ChangeInterface:
		return l.holds(v.X)
	case *ssa.MakeInterface:
		return l.holds(v.X)
	case *ssa.TypeAssert:
		return l.holds(v.X)
	}
	return false
}

// result reports whether the result of a call has borrowed octets in it.
func (l *lent) result(call *ssa.CallCommon, t types.Type) bool {
	given := slices.ContainsFunc(call.Args, l.holds)
	if b, ok := call.Value.(*ssa.Builtin); ok {
		if b.Name() != "append" {
			return false
		}
		slice, ok := t.Underlying().(*types.Slice)
		return l.holds(call.Args[0]) || ok && given && canHold(slice.Elem(), lentDepth)
	}
	f := function(call)
	if f == nil {
		return given && resultLent(t)
	}
	pkg, name := fullName(f)
	switch {
	case pkg == msgPath && name == "ViewOf", pkg == msgPath && name == "View.Slice", pkg == msgPath && name == "View.Octets":
		return given
	case oneOf(slicers, f):
		return given
	case ours(pkg) && !strings.HasSuffix(pkg, "/sdktest"):
		return resultLent(t)
	}
	return given && resultLent(t)
}

// resultLent reports whether one of the results of a call is lent by its type.
func resultLent(t types.Type) bool {
	tuple, ok := t.(*types.Tuple)
	if !ok {
		return isLent(t, lentDepth)
	}
	for v := range tuple.Variables() {
		if isLent(v.Type(), lentDepth) {
			return true
		}
	}
	return false
}
