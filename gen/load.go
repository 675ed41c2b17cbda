package gen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Paths of the packages that declarations and their functions name.
const (
	modulePath = "github.com/windhover-go/windhover"
	declPath   = modulePath + "/gen/decl"
	sdkPath    = modulePath + "/sdk"
	msgPath    = modulePath + "/sdk/msg"
	http1Path  = modulePath + "/sdk/http1"
	http2Path  = modulePath + "/sdk/http2"
	httpsPath  = modulePath + "/sdk/https"
	jsonPath   = modulePath + "/sdk/json"
	formPath   = modulePath + "/sdk/form"
	codingPath = modulePath + "/sdk/coding"

	etagPath     = modulePath + "/sdk/etag"
	gentestPath  = modulePath + "/gen/gentest"
	compressPath = modulePath + "/sdk/compress"
)

// generation is the name of the constant of package sdk that says what generated
// code it fits.
const generation = "Generated2"

// outputName is the file that is generated.
const outputName = "pipeline_gen.go"

// stub stands for the generated file while the app is read, so that neither
// its presence nor its content has a part in what is generated: the app can be
// read before the first generation, and when the file is stale or broken.
const stub = `package %s

type Pipeline struct{}

func NewPipeline(services ...any) *Pipeline { return nil }

func (p *Pipeline) Install(s any) {}

func (p *Pipeline) Bind(x Exchange) any { return nil }

type Exchange interface{}
`

// An app is a loaded package with a declaration.
type app struct {
	pkg       *packages.Package
	fset      *token.FileSet
	info      *types.Info // of all that is read as source
	dir       string
	declare   *ast.FuncDecl
	funcs     map[types.Object]*ast.FuncDecl // of all that is read as source
	outsiders []*packages.Package            // other packages that declare parts of it
	parsed    map[*token.File]bool           // what positions are exact of
	imported  map[string]*packages.Package   // by path, from export data
	sdk       *types.Package                 // nil when the package imports nothing

	tests map[string]bool // what the package's test files declare, when tests are asked for

	problems DeclarationErrors
}

// load reads the package in dir. Dependencies come from export data. The
// package itself is parsed and checked here: for its own export data the go
// command would compile it, which takes longer than everything else.
func load(dir string) (*app, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	a := &app{fset: token.NewFileSet(), dir: dir, parsed: map[*token.File]bool{}}
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedModule | packages.NeedTypesSizes,
		Dir:  dir,
	}, ".")
	if err != nil {
		return nil, fmt.Errorf("windhover: cannot load %s: %w", dir, err)
	}
	if len(pkgs) == 0 {
		// The go command refused the module, which go/packages does not tell.
		list := exec.Command("go", "list", ".")
		list.Dir = dir
		out, _ := list.CombinedOutput() // what it says is the error
		return nil, fmt.Errorf("windhover: cannot load %s:\n\t%s", dir, strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "\n\t"))
	}
	if len(pkgs) != 1 || len(pkgs[0].CompiledGoFiles) == 0 {
		return nil, fmt.Errorf("windhover: there is no Go package in %s%s", dir, loadErrors(pkgs))
	}
	a.pkg = pkgs[0]
	if err := a.parse(a.pkg, a.pkg.CompiledGoFiles); err != nil {
		return nil, fmt.Errorf("windhover: cannot load %s: %w", dir, err)
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("windhover: cannot load %s: %w", dir, err)
	}
	return a, nil
}

// parse parses the files of a package, with the stub in place of the generated
// file.
func (a *app) parse(pkg *packages.Package, names []string) error {
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		mode := parser.ParseComments | parser.SkipObjectResolution
		if filepath.Base(name) == outputName {
			src, mode = fmt.Appendf(nil, stub, packageName(name, src)), parser.SkipObjectResolution
		}
		file, err := parser.ParseFile(a.fset, name, src, mode)
		if file == nil {
			return err
		}
		// What the parser has against it, the compiler says better. As for
		// types, what of the declaration is understood is read.
		pkg.Syntax = append(pkg.Syntax, file)
		a.parsed[a.fset.File(file.FileStart)] = true
	}
	return nil
}

// check finds the types of the package, and of the other packages that declare
// parts of the app: as long as there are more of them.
func (a *app) check() error {
	for {
		if err := a.load(); err != nil {
			return err
		}
		a.funcs = map[types.Object]*ast.FuncDecl{}
		a.info = &types.Info{
			Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
			Instances: map[*ast.Ident]types.Instance{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
		}
		for _, pkg := range a.sources() {
			a.types(pkg)
		}
		if more, err := a.findOutsiders(); err != nil || !more {
			return err
		}
	}
}

// types finds the types of one package.
func (a *app) types(pkg *packages.Package) {
	pkg.TypeErrors = nil
	config := types.Config{
		Sizes:       pkg.TypesSizes,
		FakeImportC: true, // where the files are not those that cgo made
		Importer: importerFunc(func(path string) (*types.Package, error) {
			if path == "unsafe" {
				return types.Unsafe, nil
			}
			if p := a.imported[path]; p != nil && usable(p) {
				return p.Types, nil
			}
			return nil, fmt.Errorf("could not import %s", path)
		}),
		Error: func(err error) {
			if e, ok := errors.AsType[types.Error](err); ok {
				pkg.TypeErrors = append(pkg.TypeErrors, e)
			}
		},
	}
	if m := pkg.Module; m != nil && m.GoVersion != "" {
		config.GoVersion = "go" + m.GoVersion
	}
	// The errors are collected above; what they do not concern is known.
	pkg.Types, _ = config.Check(pkg.PkgPath, a.fset, pkg.Syntax, a.info)
	for _, file := range pkg.Syntax {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				a.funcs[a.info.Defs[f.Name]] = f
			}
		}
	}
}

// importerFunc implements types.Importer.
type importerFunc func(path string) (*types.Package, error)

// Import implements types.Importer.
func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// load loads the packages that the files import, and the outsiders themselves,
// from export data.
func (a *app) load() error {
	var paths []string
	for _, pkg := range a.sources() {
		if pkg != a.pkg {
			paths = append(paths, pkg.PkgPath)
		}
		for _, file := range pkg.Syntax {
			for _, spec := range file.Imports {
				if path, err := strconv.Unquote(spec.Path.Value); err == nil && path != "unsafe" && path != "C" {
					paths = append(paths, path)
				}
			}
		}
	}
	a.imported = map[string]*packages.Package{}
	if len(paths) == 0 {
		return nil // no pattern would mean the package itself
	}
	paths = append(paths, sdkPath) // which fits, see skew
	slices.Sort(paths)
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedModule | packages.NeedTypes | packages.NeedTypesSizes,
		Dir:  a.dir,
		Fset: a.fset,
	}, slices.Compact(paths)...)
	for _, p := range loaded {
		a.imported[p.PkgPath] = p
	}
	if p := a.imported[sdkPath]; p != nil && usable(p) {
		a.sdk = p.Types
	}
	return err
}

// usable reports whether the types of a loaded package are known.
func usable(p *packages.Package) bool {
	return p.Types != nil && (len(p.Errors) == 0 || p.Types.Complete())
}

func loadErrors(pkgs []*packages.Package) string {
	var b strings.Builder
	for _, p := range pkgs {
		for _, e := range p.Errors {
			b.WriteString("\n\t" + e.Error())
		}
	}
	return b.String()
}

// packageName returns the name in the package clause of src, or that of the
// package's other files, which the stub has to fit.
func packageName(name string, src []byte) string {
	if f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.PackageClauseOnly); err == nil {
		return f.Name.Name
	}
	others, _ := filepath.Glob(filepath.Join(filepath.Dir(name), "*.go"))
	for _, other := range others {
		if filepath.Base(other) == outputName || strings.HasSuffix(other, "_test.go") {
			continue
		}
		if f, err := parser.ParseFile(token.NewFileSet(), other, nil, parser.PackageClauseOnly); err == nil {
			return f.Name.Name
		}
	}
	return "main"
}

// find finds the declaration: the function that decl.App is given, or else the
// only one whose first parameter is a *decl.Server.
func (a *app) find() {
	var named, typed []*ast.FuncDecl
	for _, file := range a.pkg.Syntax {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 || !a.isDecl(call.Fun, "App") {
				return true
			}
			if id, ok := ast.Unparen(call.Args[0]).(*ast.Ident); ok && a.funcs[a.info.Uses[id]] != nil {
				named = append(named, a.funcs[a.info.Uses[id]])
				return true
			}
			a.report(call.Args[0].Pos(), "no-declaration", "decl.App takes the name of a function of this package",
				nil, "write var _ = decl.App(declare) and func declare(s *decl.Server) { … }")
			return true
		})
	}
	for obj, f := range a.funcs {
		if f.Recv == nil && f.Body != nil && obj.Pkg() == a.pkg.Types && a.takesServer(f) {
			typed = append(typed, f)
		}
	}
	a.reserved()
	switch {
	case len(a.problems) > 0:
	case len(named) > 1:
		a.report(named[1].Pos(), "two-servers-same-name", "this package declares two apps",
			[]string{"the first is " + named[0].Name.Name + " (" + a.at(named[0].Pos()) + ")"}, "move one to a package of its own")
	case len(named) == 1:
		a.declare = named[0]
	case len(typed) == 1:
		a.declare = typed[0]
	default:
		a.problems = append(a.problems, Diagnostic{
			Pos: token.Position{Filename: filepath.Join(a.dir, "api.go"), Line: 1}, Code: "no-declaration",
			Message: "no function with a *decl.Server parameter is given to decl.App in package " + a.pkg.Name,
			Fix:     "start with: var _ = decl.App(declare) and func declare(s *decl.Server) { s.Get(\"/\", Hello) }",
		})
	}
}

// compiles reports what the compiler has against the declaration and the
// functions that it calls: what does not compile has no meaning that could be
// read. What else of the package does not compile is of no concern here.
func (a *app) compiles() {
	for _, f := range a.funcs {
		if f != a.declare && !a.declares(f) {
			continue
		}
		for _, e := range a.typeErrors() {
			if e.Soft || e.Pos < f.Pos() || e.Pos >= f.End() || strings.Contains(e.Msg, "cannot infer") {
				continue // the last is reported as generic-handler
			}
			lines := strings.Split(strings.ReplaceAll(e.Msg, a.dir+string(filepath.Separator), ""), "\n")
			if strings.Contains(e.Msg, "not exported by package") || strings.Contains(e.Msg, "cannot refer to unexported") {
				a.report(e.Pos, "unexported-elsewhere", lines[0], []string{"generated code can call no more than this package can"}, "export it, or call it from a function of this package")
				continue
			}
			why := []string{"the compiler says so; a declaration is read when it compiles"}
			for _, l := range lines[1:] {
				why = append(why, strings.TrimSpace(l))
			}
			a.report(e.Pos, "does-not-compile", lines[0], why, a.meant(f, e.Pos))
		}
	}
}

// skew reports an SDK that what is generated does not fit.
func (a *app) skew() {
	if a.sdk == nil || a.sdk.Scope().Lookup(generation) != nil {
		return
	}
	a.report(a.declare.Pos(), "version-skew", "this windhover does not fit the version of "+modulePath+" that the module of the app requires",
		[]string{"what it generates needs sdk." + generation + ", which is not there"},
		"run it as go tool windhover, which is always the module's own, or change the version that go.mod requires")
}

// reserved reports names of the app that the generated file declares for its
// users.
func (a *app) reserved() {
	for _, file := range a.pkg.Syntax {
		if filepath.Base(a.fset.Position(file.Pos()).Filename) == outputName {
			continue
		}
		for _, d := range file.Decls {
			for _, id := range declared(d) {
				if id.Name == "Pipeline" || id.Name == "NewPipeline" || id.Name == "Exchange" {
					a.report(id.Pos(), "name-taken", outputName+" declares "+id.Name+" too", nil, "rename it, or move the declaration of the app to a package of its own")
				}
			}
		}
	}
}

// declared returns the package-level names that d declares.
func declared(d ast.Decl) (ids []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			ids = append(ids, d.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				ids = append(ids, s.Name)
			case *ast.ValueSpec:
				ids = append(ids, s.Names...)
			}
		}
	}
	return ids
}

// declares reports whether f takes a server or group first, and so can be a
// part of the declaration.
func (a *app) declares(f *ast.FuncDecl) bool {
	if f.Recv != nil || f.Body == nil || len(f.Type.Params.List) == 0 {
		return false
	}
	t := a.info.TypeOf(f.Type.Params.List[0].Type)
	return t != nil && (isNamed(deref(t), declPath, "Server") || isNamed(deref(t), declPath, "Group"))
}

// meant returns which name was probably meant by the one at pos.
func (a *app) meant(f *ast.FuncDecl, pos token.Pos) (fix string) {
	var name string
	var candidates []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Pos() == pos {
				name, candidates = n.Sel.Name, a.members(n.X)
			}
		case *ast.Ident:
			if n.Pos() == pos && name == "" {
				name, candidates = n.Name, append(a.parameters(f), a.info.Defs[f.Name].Pkg().Scope().Names()...)
			}
		}
		return true
	})
	if n := Near(name, candidates); n != "" && n != name {
		return "did you mean " + n + "?"
	}
	return ""
}

// parameters returns the names of a function's parameters.
func (a *app) parameters(f *ast.FuncDecl) (names []string) {
	for _, field := range f.Type.Params.List {
		for _, id := range field.Names {
			names = append(names, id.Name)
		}
	}
	return names
}

// members returns the methods of an expression's type, or the names that a
// package exports.
func (a *app) members(e ast.Expr) (names []string) {
	if id, ok := e.(*ast.Ident); ok {
		if p, ok := a.info.Uses[id].(*types.PkgName); ok {
			return p.Imported().Scope().Names()
		}
	}
	if t := a.info.TypeOf(e); t != nil {
		set := types.NewMethodSet(t)
		for m := range set.Methods() {
			names = append(names, m.Obj().Name())
		}
	}
	return names
}

// sourceName returns the name of the file with the declaration.
func (a *app) sourceName() string {
	return filepath.Base(a.fset.Position(a.declare.Pos()).Filename)
}

// takesServer reports whether the first parameter of f is a *decl.Server.
func (a *app) takesServer(f *ast.FuncDecl) bool {
	sig, ok := a.info.Defs[f.Name].Type().(*types.Signature)
	return ok && sig.Params().Len() > 0 && isNamed(deref(sig.Params().At(0).Type()), declPath, "Server")
}

// isDecl reports whether e names a function or method of package decl.
func (a *app) isDecl(e ast.Expr, name string) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	obj := a.info.Uses[sel.Sel]
	return obj != nil && obj.Pkg() != nil && obj.Pkg().Path() == declPath && obj.Name() == name
}

// report notes an error at a place.
func (a *app) report(pos token.Pos, code, message string, why []string, fix string) {
	a.problems = append(a.problems, Diagnostic{Pos: a.position(pos), Code: code, Message: message, Why: why, Fix: fix})
}

// position returns a place in what was parsed exactly, and others as far as they
// are known: export data has lines, but not always columns.
func (a *app) position(pos token.Pos) token.Position {
	p := a.fset.Position(pos)
	if !a.exact(pos) {
		p.Column = 0
	}
	return p
}

// exact reports whether pos is in a file that was parsed.
func (a *app) exact(pos token.Pos) bool { return pos.IsValid() && a.parsed[a.fset.File(pos)] }

// at renders a place, for the reasons of an error.
func (a *app) at(pos token.Pos) string {
	p := a.position(pos)
	p.Column = 0
	return place(p, a.dir)
}

// deref returns what a pointer points to, and other types as they are.
func deref(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// isNamed reports whether t is the type with that name.
func isNamed(t types.Type, path, name string) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == path && n.Obj().Name() == name
}
