package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/windhover-go/windhover/gen"
)

// OnLoop reports calls and channel operations that block, in functions that the
// declaration of the package puts on the event loop (OnLoop), and in what they
// call.
var OnLoop = &analysis.Analyzer{
	Name: "onloop",
	Doc: `report what blocks the event loop

A route that is declared OnLoop promises that its functions never block: while one does,
every connection of its loop waits. This analyzer reports known blocking calls
(time.Sleep, net, net/http, database/sql, os files, os/exec, fmt.Scan, waiting for
goroutines) and channel operations without a default, in the functions of such routes
and in the functions that they call. Locks are not reported.`,
	URL:       "https://pkg.go.dev/" + modulePath + "/gen/vet",
	Run:       runOnLoop,
	FactTypes: []analysis.Fact{new(Blocks)},
}

// Blocks is a fact about a function: it blocks, by a call or operation.
type Blocks struct{ By string }

// AFact implements analysis.Fact.
func (*Blocks) AFact() {}

// String returns what a test of facts compares.
func (b *Blocks) String() string { return "blocks by " + b.By }

// A wait is a place where a function blocks.
type wait struct {
	pos  token.Pos
	what string // "time.Sleep", "a receive from a channel"
	by   string // what it calls that blocks, when it is of another package; or ""
}

// A body is what matters of a function: its own waits, and what it calls in its
// package.
type body struct {
	waits []wait
	calls []*types.Func
}

// A loopCheck checks a package.
type loopCheck struct {
	pass   *analysis.Pass
	bodies map[*types.Func]*body
	told   map[token.Pos]bool
}

func runOnLoop(pass *analysis.Pass) (any, error) {
	c := &loopCheck{pass: pass, bodies: map[*types.Func]*body{}, told: map[token.Pos]bool{}}
	if ours(pass.Pkg.Path()) || pass.Module == nil || pass.Module.Path == "" {
		return nil, nil // of the standard library, the table has what blocks
	}
	for _, file := range pass.Files {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if obj, isFunc := pass.TypesInfo.Defs[nameOf(f)].(*types.Func); ok && isFunc && f.Body != nil {
				b := &body{}
				c.bodies[obj] = b
				c.read(b, f.Body)
			}
		}
	}
	named := gen.NamedFunctions(pass.Fset, pass.Files, pass.Pkg, pass.TypesInfo)
	if len(named) == 0 { // the package of an app is at the top: no other one calls its functions
		for f := range c.bodies {
			if by := c.blocks(f, map[*types.Func]bool{}); by != "" {
				pass.ExportObjectFact(f, &Blocks{by})
			}
		}
	}
	for _, n := range named {
		if len(n.OnLoop) == 0 {
			continue
		}
		if _, here := c.bodies[n.Func.Origin()]; !here {
			if by := c.factOf(n.Func); by != "" {
				c.report(n.Pos, "%s blocks (%s), and runs on the event loop for %s", short(n.Func), by, routes(n.OnLoop))
			}
			continue
		}
		c.follow(n, n.Func.Origin(), nil)
	}
	return nil, nil
}

// nameOf returns the name of a function, or nil.
func nameOf(f *ast.FuncDecl) *ast.Ident {
	if f == nil {
		return nil
	}
	return f.Name
}

// read notes what blocks in n.
func (c *loopCheck) read(b *body, n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			for _, arg := range n.Call.Args {
				c.read(b, arg)
			}
			return false
		case *ast.FuncLit:
			return false // it is read where it is called
		case *ast.CallExpr:
			c.call(b, n)
		case *ast.SelectStmt:
			c.choice(b, n)
			return false
		case *ast.SendStmt:
			b.waits = append(b.waits, wait{pos: n.Arrow, what: "a send to a channel"})
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				b.waits = append(b.waits, wait{pos: n.Pos(), what: "a receive from a channel"})
			}
		case *ast.RangeStmt:
			if t := c.pass.TypesInfo.TypeOf(n.X); t != nil {
				if _, ok := t.Underlying().(*types.Chan); ok {
					b.waits = append(b.waits, wait{pos: n.Pos(), what: "a range over a channel"})
				}
			}
		}
		return true
	})
}

// choice reads a select: with a default, its operations do not block.
func (c *loopCheck) choice(b *body, n *ast.SelectStmt) {
	blocks := true
	for _, clause := range n.Body.List {
		comm := clause.(*ast.CommClause)
		blocks = blocks && comm.Comm != nil
		for _, stmt := range comm.Body {
			c.read(b, stmt)
		}
	}
	if blocks {
		b.waits = append(b.waits, wait{pos: n.Pos(), what: "a select without default"})
	}
}

// call reads a call, and the function literals that run in it.
func (c *loopCheck) call(b *body, call *ast.CallExpr) {
	if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		c.read(b, lit.Body)
		return
	}
	f, ok := typeutil.Callee(c.pass.TypesInfo, call).(*types.Func)
	if !ok {
		return
	}
	f = f.Origin()
	if f.Pkg() != nil && calling[f.Pkg().Path()] && !oneOf(goroutines, f) {
		for _, arg := range call.Args {
			if lit, ok := ast.Unparen(arg).(*ast.FuncLit); ok {
				c.read(b, lit.Body)
			}
		}
	}
	switch {
	case oneOf(blocking, f):
		b.waits = append(b.waits, wait{pos: call.Pos(), what: short(f)})
	case f.Pkg() == c.pass.Pkg:
		b.calls = append(b.calls, f)
	default:
		if by := c.factOf(f); by != "" {
			b.waits = append(b.waits, wait{pos: call.Pos(), what: short(f), by: by})
		}
	}
}

// factOf returns by what a function of another package blocks, or "".
func (c *loopCheck) factOf(f *types.Func) string {
	var fact Blocks
	if f.Pkg() != nil && f.Pkg() != c.pass.Pkg && c.pass.ImportObjectFact(f.Origin(), &fact) {
		return fact.By
	}
	return ""
}

// blocks returns by what a function of the package blocks, or "".
func (c *loopCheck) blocks(f *types.Func, seen map[*types.Func]bool) string {
	b := c.bodies[f]
	if b == nil || seen[f] {
		return ""
	}
	seen[f] = true
	if len(b.waits) > 0 {
		if w := b.waits[0]; w.by != "" {
			return w.by
		}
		return b.waits[0].what
	}
	for _, g := range b.calls {
		if by := c.blocks(g, seen); by != "" {
			return by
		}
	}
	return ""
}

// follow reports what blocks in f, which n is or calls through path.
func (c *loopCheck) follow(n gen.Named, f *types.Func, path []*types.Func) {
	b := c.bodies[f]
	if b == nil || slices.Contains(path, f) {
		return
	}
	path = append(slices.Clip(path), f)
	for _, w := range b.waits {
		what := w.what
		if w.by != "" {
			what += " (" + w.by + ")"
		}
		runs := f.Name() + " runs"
		if len(path) > 1 {
			runs = n.Func.Name() + " calls it"
			if len(path) > 2 {
				runs += " through " + path[1].Name()
			}
			runs = f.Name() + " runs: " + runs
		}
		c.report(w.pos, "%s blocks the event loop, on which %s for %s", what, runs, routes(n.OnLoop))
	}
	for _, g := range b.calls {
		c.follow(n, g, path)
	}
}

// routes names the first of routes, and how many more there are.
func routes(list []string) string {
	if len(list) > 1 {
		return list[0] + " and others"
	}
	return strings.Join(list, "")
}

// report reports a place once.
func (c *loopCheck) report(pos token.Pos, format string, args ...any) {
	if !c.told[pos] {
		c.told[pos] = true
		c.pass.Reportf(pos, format, args...)
	}
}
