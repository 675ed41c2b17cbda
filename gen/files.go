package gen

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"io/fs"
	"path"
	"strings"

	"github.com/dave/jennifer/jen"
)

// A fileTree is where the files of a route of Files are.
type fileTree struct {
	maker string // the function of package files that opens it: Dir, FS or Embed
	dir   string // of Dir the directory; of the others what is below it
	text  string // how the declaration names it

	service *service // of FS and Embed

	cacheControl  string
	precompressed bool
	field         string // of the Pipeline
}

// files reads a call that declares a route of files.
func (r *reader) files(s *scope, call *ast.CallExpr) *route {
	a := r.app
	prefix, ok := r.path(call.Args[0])
	if ok && !strings.HasSuffix(prefix, "/") {
		a.report(call.Args[0].Pos(), "bad-pattern", fmt.Sprintf("the path of files is %q, which does not end with /", prefix),
			[]string{"the names of the files stand behind it"}, fmt.Sprintf("write %q", withoutRest(prefix)+"/"))
		ok = false
	}
	name := "path"
	if strings.Contains(s.prefix+prefix, "{path") {
		name = "file"
	}
	rt := &route{
		scope: s, method: "GET", host: s.host, path: s.prefix + prefix + "{" + name + "...}", pathPos: call.Args[0].Pos(),
		onLoop: s.onLoop,
	}
	for _, sc := range s.chain() {
		rt.steps = append(rt.steps, sc.steps...)
	}
	valid := ok && r.pattern(rt)
	rt.files = r.fileTree(call)
	for _, sc := range s.chain() {
		sc.routes++
		sc.lastPos = call.Pos()
	}
	if valid && rt.files != nil {
		r.decl.routes = append(r.decl.routes, rt)
	}
	return rt
}

// withoutRest returns a path without the wildcard for its rest, and without a
// slash at its end.
func withoutRest(path string) string {
	if i := strings.LastIndexByte(path, '/'); strings.HasSuffix(path, "...}") {
		path = path[:i]
	}
	return strings.TrimSuffix(path, "/")
}

// fileTree reads the arguments of Files behind the path.
func (r *reader) fileTree(call *ast.CallExpr) *fileTree {
	a, from := r.app, call.Args[1]
	tree := &fileTree{text: types.ExprString(from)}
	t := a.info.TypeOf(from)
	if t == nil || invalid(t) {
		return nil // the compiler says more
	}
	basic, _ := t.Underlying().(*types.Basic)
	switch {
	case basic != nil && basic.Info()&types.IsString != 0:
		tree.maker = "Dir"
		var ok bool
		if tree.dir, ok = r.constant(from, "this directory"); !ok {
			return nil
		}
		if tree.dir == "" || strings.ContainsRune(tree.dir, 0) {
			a.report(from.Pos(), "bad-directory", fmt.Sprintf("%q is not the name of a directory", tree.dir), nil, `write it relative to the folder that the program is started in, such as "assets"`)
			return nil
		}
		if len(call.Args) > 2 {
			a.report(call.Args[2].Pos(), "bad-directory", "a directory has no other behind it", nil, fmt.Sprintf("write it as one, such as %q", path.Join(tree.dir, "dist")))
			return nil
		}
		return tree
	case isNamed(t, "embed", "FS"):
		tree.maker = "Embed"
	case isFS(t):
		tree.maker = "FS"
	default:
		a.report(from.Pos(), "not-files", fmt.Sprintf("%s is %s, which has no files", tree.text, article(a.typeName(t))), nil,
			`name a directory, such as "assets", or a variable or service of type embed.FS or fs.FS`)
		return nil
	}
	if tree.service = r.operand(from); tree.service == nil || !r.below(tree, call.Args[2:]) {
		return nil
	}
	return tree
}

// below reads the directory of an fs.FS that the files are in.
func (r *reader) below(tree *fileTree, args []ast.Expr) bool {
	if len(args) == 0 {
		return true
	}
	dir, ok := r.constant(args[0], "this directory")
	if ok && (!fs.ValidPath(dir) || len(args) > 1) {
		r.app.report(args[0].Pos(), "bad-directory", fmt.Sprintf("%q is not a directory of an fs.FS, or not the only one", dir),
			[]string{"its names have slashes between, and neither one at their ends nor dots"}, `write one, such as "web/dist"`)
		return false
	}
	tree.dir = dir
	return ok
}

// isFS reports whether t has the method of fs.FS.
func isFS(t types.Type) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, false, nil, "Open")
	f, ok := obj.(*types.Func)
	if !ok {
		return false
	}
	sig := f.Type().(*types.Signature)
	return sig.Params().Len() == 1 && types.Identical(sig.Params().At(0).Type(), types.Typ[types.String]) &&
		sig.Results().Len() == 2 && isNamed(sig.Results().At(0).Type(), "io/fs", "File") && isError(sig.Results().At(1).Type())
}

// cacheControl reads a call of CacheControl.
func (r *reader) cacheControl(rt *route, call *ast.CallExpr) {
	v := r.app.info.Types[call.Args[0]].Value
	switch {
	case v == nil:
		r.notConstant(call.Args[0], "this value")
	case !printable(constant.StringVal(v)) || strings.TrimSpace(constant.StringVal(v)) == "":
		r.app.report(call.Args[0].Pos(), "bad-field-value", fmt.Sprintf("%q is not a value of Cache-Control", constant.StringVal(v)), nil,
			`write directives, such as "public, max-age=31536000, immutable"`)
	case rt.files != nil:
		rt.files.cacheControl = constant.StringVal(v)
	}
}

// filesOf binds a route of files: it reads the rest of its path, and sends files.
func (b *binder) filesOf(rt *route) {
	rest := rt.segments[len(rt.segments)-1]
	rest.read, rest.text = true, true
	if !rt.onLoop {
		rt.streams = true
	} else if rt.files.maker != "Embed" {
		b.app.report(rt.pathPos, "files-on-loop", fmt.Sprintf("%s reads files, and is declared OnLoop", b.name),
			[]string{"to read from a disk can take long, and would hold up every connection of the loop"},
			"remove OnLoop, from the group or server as well, or embed the files: an embed.FS is kept in memory")
	}
}

// filesPath is the package that generated code serves files with.
const filesPath = modulePath + "/sdk/files"

// filesRoutes returns the routes of Files.
func (e *emitter) filesRoutes() (list []*route) {
	for _, rt := range e.decl.routes {
		if rt.files != nil {
			list = append(list, rt)
		}
	}
	return list
}

// prepareFiles gives a field of the Pipeline to each route of Files.
func (e *emitter) prepareFiles() {
	taken := newNames(nil, "Install", "Bind", "openFiles")
	for _, s := range e.decl.services {
		taken.taken[s.name] = true
	}
	for _, rt := range e.filesRoutes() {
		name := "files"
		for _, s := range rt.segments {
			if !s.wildcard() && !s.end {
				name = camel(s.literal)
			}
		}
		rt.files.field = taken.take(name)
	}
}

// newWithFiles writes NewPipeline, and what opens the files of a new Pipeline:
// there no parameter hides a package.
func (e *emitter) newWithFiles(params, values []jen.Code) {
	p := "p"
	for _, s := range e.decl.services {
		if s.name == p {
			p = "pipeline"
		}
	}
	e.file.Func().Id("NewPipeline").Params(params...).Op("*").Id("Pipeline").Block(
		jen.Id(p).Op(":=").Op("&").Id("Pipeline").Values(values...),
		jen.Id(p).Dot("openFiles").Call(),
		jen.Return(jen.Id(p)))
	e.file.Line()
	var body []jen.Code
	for _, rt := range e.filesRoutes() {
		tree := rt.files
		var args []jen.Code
		if tree.maker != "Dir" {
			args = append(args, serviceOf(jen.Id("p"), tree.service))
		}
		args = append(args, jen.Lit(tree.dir), e.fileOptions(rt))
		body = append(body, jen.Id("p").Dot(tree.field).Op("=").Qual(filesPath, tree.maker).Call(args...))
	}
	e.file.Add(comment("openFiles opens what the routes of Files serve. What is not there, Install tells."))
	e.file.Func().Params(jen.Id("p").Op("*").Id("Pipeline")).Id("openFiles").Params().Block(body...)
	e.file.Line()
}

// fileOptions returns what the declaration says of files.
func (e *emitter) fileOptions(rt *route) jen.Code {
	var dict []jen.Code
	if rt.files.cacheControl != "" {
		dict = append(dict, jen.Id("CacheControl").Op(":").Lit(rt.files.cacheControl))
	}
	if rt.files.precompressed {
		dict = append(dict, jen.Id("Precompressed").Op(":").True())
	}
	if rt.onLoop {
		dict = append(dict, jen.Id("OnLoop").Op(":").True())
	}
	return jen.Qual(filesPath, "Options").Values(dict...)
}

// serveFiles returns the call that answers with a file.
func (f *functionText) serveFiles(rt *route) jen.Code {
	serve := "Serve"
	if rt.onLoop {
		serve = "ServeOnLoop"
	}
	rest := rt.segments[len(rt.segments)-1].field
	return jen.Id("t").Dot("p").Dot(rt.files.field).Dot(serve).Call(jen.Id("t").Dot("x"), jen.Id("t").Dot("part").Call(jen.Id("t").Dot(rest+"At"), jen.Id("t").Dot(rest+"End")))
}
