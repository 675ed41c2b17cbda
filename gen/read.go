package gen

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A scope is the server or a group of a declaration.
type scope struct {
	parent  *scope
	host    string // in lower case, of the paths below it; "" for every host
	prefix  string // of the paths below it, those of its parents included
	pos     token.Pos
	steps   []*step // its own, in order
	errors  *step
	recover *step
	encode  *step
	onLoop  bool
	maxBody int64
	decode  *decoding  // of the routes below; nil: none
	fails   []*failure // that are declared so far
	doc     string     // the comment above it
	stages             // of the routes below
	routes  int        // routes declared in it and below so far
	lastPos token.Pos  // of the last of them
}

// A step is a function of Use, Finish, Done, Errors, Recover or Encode at its
// place, or a Limit.
type step struct {
	kind  string // "Use", "Finish", …
	fn    *function
	scope *scope
	// after is how many routes its scope had when it was declared.
	after int
	order int    // how many were declared before it, anywhere
	limit int64  // of Limit: how many exchanges may come past it at once
	field string // of the Pipeline, for Limit

	args []*argument // of Errors, Recover and Encode; see bind.go
	// mediaType is that of what a function of Errors returns, "" where its
	// encoder says it.
	mediaType string
}

// A route is one declared route.
type route struct {
	scope     *scope
	method    string // "GET"
	host      string // in lower case; "" for every host
	path      string // with the prefixes
	pathPos   token.Pos
	segments  []*segment
	handler   *function
	ready     *response
	files     *fileTree // of Files
	steps     []*step   // that apply to it, outermost and first declared first
	onLoop    bool
	allowBody bool
	maxBody   int64
	decode    *decoding
	status    int64 // when the handler has returned; 0: as it sets
	statusPos token.Pos
	fails     []*failure // its own and those of its scopes
	doc       string     // the comment above it
	stages
	readyAt int // 1 + the index of the response that answers it without a function

	binding
}

// A decoding is what Decode says: the content codings that are removed.
type decoding struct {
	limit   int64
	codings []string
	pos     token.Pos
}

// A response is one that is known when the declaration is read.
type response struct {
	status    int64
	mediaType string
	text      string
	document  bool      // it is the app's OpenAPI document
	pos       token.Pos // of the status
}

// A service is a parameter of the declaration behind the first, or what stands
// for one: a variable of a package, a field of one of these, or what a part of
// the declaration is given.
type service struct {
	name string // as it is called where it is used: app, app.Billing
	typ  types.Type
	pos  token.Pos

	root     *service   // the parameter of the declaration; nil for a variable
	variable *types.Var // of a package
	fields   []string   // that lead from the root or the variable to it
}

// A declaration is what the declaring function says.
type declaration struct {
	server   *scope
	scopes   []*scope
	services []*service
	routes   []*route
	refusals []*response // at most one for each status
	stages   []*stage    // all, in order
	pos      token.Pos
	strict   bool  // overlapping routes are errors
	paths    bool  // functions that return paths are wanted
	slashes  bool  // the other form of a path is a redirection
	badPath  int64 // answers a segment that does not parse; 0 is as for any other
	tls      bool  // TLS is declared
	http1    bool  // HTTP/1.1 is declared
	http2    bool  // HTTP/2 is declared
	// partial says that a function of Use could not be resolved, so that what
	// it provides is not known.
	partial bool

	title   string // of the app's document; "" when API is not declared
	version string
	doc     string // the comment above API
}

// protocols returns the packages of the protocols that are offered.
func (d *declaration) protocols() (paths []string) {
	if d.http1 || !d.http2 {
		paths = append(paths, http1Path)
	}
	if d.http2 {
		paths = append(paths, http2Path)
	}
	return paths
}

// reader reads the body of the declaration, and of the functions that it calls.
type reader struct {
	app  *app
	decl *declaration
	// names are the scopes and services that parameters stand for.
	names    map[types.Object]any
	services []*service      // that functions can take, the innermost part's first
	calls    []*ast.FuncDecl // that are being read, to notice recursion
	steps    int             // functions of Use, Finish and Done so far
	doc      string          // the comment above the statement that is read
}

// read reads the declaration.
func (a *app) read() *declaration {
	d := &declaration{server: &scope{pos: a.declare.Pos()}, pos: a.declare.Pos()}
	d.scopes = []*scope{d.server}
	r := &reader{app: a, decl: d, names: map[types.Object]any{}}
	first := true
	for _, field := range a.declare.Type.Params.List {
		for _, name := range field.Names {
			obj := a.info.Defs[name]
			if first {
				r.names[obj], first = d.server, false
				continue
			}
			s := &service{name: name.Name, typ: obj.Type(), pos: name.Pos()}
			s.root = s
			r.names[obj] = s
			d.services = append(d.services, s)
		}
	}
	r.services = d.services
	r.body(d.server, a.declare)
	return d
}

func (r *reader) body(s *scope, f *ast.FuncDecl) {
	r.calls = append(r.calls, f)
	r.statements(s, f.Body)
	r.calls = r.calls[:len(r.calls)-1]
}

func (r *reader) statements(s *scope, body *ast.BlockStmt) {
	before := body.Lbrace
	for _, stmt := range body.List {
		r.doc = r.app.above(stmt, before)
		before = stmt.End()
		e, ok := stmt.(*ast.ExprStmt)
		call, isCall := (*ast.CallExpr)(nil), false
		if ok {
			call, isCall = ast.Unparen(e.X).(*ast.CallExpr)
		}
		if !isCall {
			what := statementName(stmt)
			r.app.report(stmt.Pos(), "control-flow", what+" is not allowed in a declaration",
				[]string{"the declaration is read when code is generated and never runs, so nothing in it can depend on a run"},
				"declare routes always, and decide in their functions; or declare another app in another package")
			continue
		}
		r.call(s, call)
	}
}

func statementName(s ast.Stmt) string {
	switch s := s.(type) {
	case *ast.IfStmt:
		return "if"
	case *ast.ForStmt, *ast.RangeStmt:
		return "for"
	case *ast.SwitchStmt, *ast.TypeSwitchStmt:
		return "switch"
	case *ast.SelectStmt:
		return "select"
	case *ast.DeferStmt:
		return "defer"
	case *ast.GoStmt:
		return "go"
	case *ast.ReturnStmt:
		return "return"
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			return ":="
		}
		return "an assignment"
	case *ast.DeclStmt:
		return "a declaration of a variable or type"
	case *ast.BlockStmt:
		return "a block"
	}
	return "this statement"
}

// call reads one call, and returns the route that it declares, if it does.
func (r *reader) call(s *scope, call *ast.CallExpr) *route {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		r.part(s, call)
		return nil
	}
	if inner, chained := ast.Unparen(sel.X).(*ast.CallExpr); chained {
		if rt := r.call(s, inner); rt != nil {
			r.modify(rt, sel.Sel.Name, call)
			return rt
		}
		return nil
	}
	id, ok := ast.Unparen(sel.X).(*ast.Ident)
	if !ok {
		r.part(s, call)
		return nil
	}
	on, isScope := r.names[r.app.info.Uses[id]].(*scope)
	if !isScope {
		r.part(s, call)
		return nil
	}
	if on != s {
		outer := "the group " + quoted(on.prefix)
		if on == r.decl.server {
			outer = "the server"
		}
		r.app.report(call.Pos(), "outer-scope", fmt.Sprintf("%s here is %s, not the group %s", id.Name, outer, quoted(s.prefix)), nil,
			"name the parameter of the group function "+id.Name+", or call it on the group")
		return nil
	}
	return r.word(s, sel.Sel.Name, call)
}

// word reads a call on the server or a group.
func (r *reader) word(s *scope, name string, call *ast.CallExpr) *route {
	if method, ok := verbs[name]; ok {
		return r.route(s, method, call)
	}
	switch name {
	case "Files":
		return r.files(s, call)
	case "Use", "Finish", "Done":
		for _, arg := range call.Args {
			fn := r.function(arg, "a function of "+name)
			if fn == nil {
				r.decl.partial = true
				continue
			}
			s.steps = append(s.steps, &step{kind: name, fn: fn, scope: s, after: s.routes, order: r.steps})
			r.steps++
		}
	case "Errors":
		r.answerer(s, &s.errors, name, call)
	case "Recover":
		r.answerer(s, &s.recover, name, call)
	case "Encode":
		r.answerer(s, &s.encode, name, call)
	case "Refusals":
		for _, arg := range call.Args {
			r.refusal(arg)
		}
	case "OnLoop":
		s.onLoop = true
	case "MaxBody":
		s.maxBody = r.number(call.Args[0])
	case "Decode":
		s.decode = r.decoding(call)
	case "Timeout", "ETag", "Compress":
		r.stage(&s.stages, name, call).scope = s
	case "Limit":
		s.steps = append(s.steps, r.limit(s, call))
	case "Group":
		r.group(s, call)
	case "Host":
		r.host(s, call)
	case "HTTP1":
		r.decl.http1 = true
	case "HTTP2":
		r.decl.http2 = true
	case "TLS":
		r.decl.tls = true
	case "StrictRoutes":
		r.decl.strict = true
	case "Paths":
		r.decl.paths = true
	case "RedirectSlash":
		r.decl.slashes = true
	case "BadPath":
		r.badPath(call)
	case "API":
		r.api(call)
	case "Fails":
		for _, f := range r.failures(call) {
			f.after = s.routes
			s.fails = append(s.fails, f)
		}
	}
	return nil
}

// answerer reads a call that declares the function for errors, panics or results.
func (r *reader) answerer(s *scope, at **step, name string, call *ast.CallExpr) {
	fn := r.function(call.Args[0], "the function of "+name)
	if fn == nil {
		return
	}
	if old := *at; old != nil {
		what := map[string]string{"Errors": "errors", "Recover": "panics", "Encode": "results"}[name]
		r.app.report(call.Pos(), "two-producers", "a second function for "+what+" at the same place",
			[]string{"the first is " + old.fn.name + " (" + r.app.at(old.fn.use) + ")"}, "remove one, or put the routes into a group")
	}
	*at = &step{kind: name, fn: fn, scope: s, mediaType: r.errorType(call)}
}

// errorType reads the media type of what a function of Errors returns, "" where
// none is declared.
func (r *reader) errorType(call *ast.CallExpr) (text string) {
	if len(call.Args) > 2 {
		r.app.report(call.Args[2].Pos(), "bad-media-type", "errors have one media type", nil, "leave out all but the first")
	}
	if len(call.Args) > 1 {
		if known, ok := r.constant(call.Args[1], "this media type"); ok {
			r.checkMediaType(call.Args[1].Pos(), known)
			text = known
		}
	}
	return text
}

func (r *reader) group(s *scope, call *ast.CallExpr) {
	prefix, ok := r.path(call.Args[0])
	if !ok {
		return
	}
	r.scope(&scope{parent: s, host: s.host, prefix: s.prefix + strings.TrimSuffix(prefix, "/"), doc: r.doc}, call)
}

// host reads a call that declares the routes of a host.
func (r *reader) host(s *scope, call *ast.CallExpr) {
	name, ok := r.constant(call.Args[0], "this host")
	if !ok {
		return
	}
	if name == "" || strings.Trim(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._") != "" {
		r.app.report(call.Args[0].Pos(), "bad-host", fmt.Sprintf("%q is not the name of a host", name),
			[]string{"a host has letters, digits, hyphens and dots; its port does not count"}, `write it as in s.Host("api.example.com", …)`)
		return
	}
	r.scope(&scope{parent: s, host: strings.ToLower(name)}, call)
}

// badPath reads a call of BadPath.
func (r *reader) badPath(call *ast.CallExpr) {
	switch status := r.number(call.Args[0]); {
	case status < 400 || status > 499:
		r.app.report(call.Args[0].Pos(), "bad-status", fmt.Sprintf("%d is not a status code that says that a request is wrong", status), nil, "use 404, 400 or another number from 400 to 499")
	case status != 404:
		r.decl.badPath = status
	}
}

// scope reads what a call declares in g.
func (r *reader) scope(g *scope, call *ast.CallExpr) {
	g.pos, g.onLoop, g.maxBody, g.decode, g.stages = call.Args[0].Pos(), g.parent.onLoop, g.parent.maxBody, g.parent.decode, g.parent.stages
	r.decl.scopes = append(r.decl.scopes, g)
	if f, ok := ast.Unparen(call.Args[1]).(*ast.FuncLit); ok {
		if names := f.Type.Params.List[0].Names; len(names) == 1 {
			r.names[r.app.info.Defs[names[0]]] = g
		}
		r.statements(g, f.Body)
		return
	}
	if f := r.named(call.Args[1]); f != nil {
		r.enter(g, f, nil, call.Pos())
	}
}

// part reads a call of a function that declares a part.
func (r *reader) part(s *scope, call *ast.CallExpr) {
	f := r.named(call.Fun)
	if f == nil {
		return
	}
	arg, ok := ast.Unparen(call.Args[0]).(*ast.Ident)
	if !ok || r.names[r.app.info.Uses[arg]] != s {
		r.elsewhere(call.Fun)
		return
	}
	r.enter(s, f, call.Args[1:], call.Pos())
}

// named returns the function that declares a part and is named by e, and
// reports other expressions.
func (r *reader) named(e ast.Expr) *ast.FuncDecl {
	var id *ast.Ident
	switch t := ast.Unparen(e).(type) {
	case *ast.Ident:
		id = t
	case *ast.SelectorExpr:
		if r.app.unloaded(t) {
			return nil
		}
		id = t.Sel
	}
	if id != nil {
		if f := r.app.part(r.app.info.Uses[id]); f != nil && f.Body != nil {
			return f
		}
	}
	r.elsewhere(e)
	return nil
}

// enter reads f with its first parameter standing for s.
func (r *reader) enter(s *scope, f *ast.FuncDecl, args []ast.Expr, pos token.Pos) {
	if i := slices.Index(r.calls, f); i >= 0 {
		r.recursion(r.calls[i:], pos)
		return
	}
	var params []types.Object
	for _, field := range f.Type.Params.List {
		for _, name := range field.Names {
			params = append(params, r.app.info.Defs[name])
		}
	}
	if len(params) == 0 {
		return
	}
	r.names[params[0]] = s
	outer := r.services
	var own []*service
	for i, arg := range args {
		given := r.operand(arg)
		if given == nil || i+1 >= len(params) {
			continue
		}
		p := &service{name: params[i+1].Name(), typ: given.typ, pos: params[i+1].Pos(), root: given.root, variable: given.variable, fields: given.fields}
		if t := r.app.outsideType(params[i+1].Type()); t != nil {
			p.typ = t // an interface perhaps, which its functions take
		}
		r.names[params[i+1]] = p
		own = append(own, p)
	}
	r.services = slices.Concat(own, outer)
	r.body(s, f)
	r.services = outer
}

// recursion reports a part of a declaration that calls itself, by way of the
// others in cycle.
func (r *reader) recursion(cycle []*ast.FuncDecl, pos token.Pos) {
	why := []string{"the declaration is read, never run, so that would not end"}
	var others []string
	for _, f := range cycle[1:] {
		others = append(others, f.Name.Name)
		why = append(why, fmt.Sprintf("%s is at %s", f.Name.Name, r.app.at(f.Pos())))
	}
	message := cycle[0].Name.Name + " calls itself"
	if len(others) > 0 {
		message += ", by way of " + strings.Join(others, " and ")
	}
	r.app.report(pos, "control-flow", message, why, "declare the routes one by one")
}

// elsewhere reports a function that declares no part.
func (r *reader) elsewhere(e ast.Expr) {
	name := types.ExprString(e)
	if _, ok := ast.Unparen(e).(*ast.CallExpr); ok {
		name = "this function"
	}
	r.app.report(e.Pos(), "control-flow", name+" cannot be called in a declaration",
		[]string{"a declaration calls its first parameter, and functions that take that parameter first"},
		"move what is declared into a function: func routes(s *decl.Group) { … }")
}

// route reads a call that declares a route.
func (r *reader) route(s *scope, method string, call *ast.CallExpr) *route {
	path, ok := r.path(call.Args[0])
	rt := &route{
		scope: s, method: method, host: s.host, path: s.prefix + path, pathPos: call.Args[0].Pos(),
		onLoop: s.onLoop, maxBody: s.maxBody, decode: s.decode, stages: s.stages, doc: r.doc,
	}
	if path == "/" && s.prefix != "" {
		rt.path = s.prefix
	}
	for _, sc := range s.chain() {
		rt.steps = append(rt.steps, sc.steps...)
		rt.fails = append(rt.fails, sc.fails...)
	}
	valid := ok && r.pattern(rt)
	if known, is := r.known(call.Args[1]); is {
		rt.ready = known
	} else if rt.handler = r.function(call.Args[1], "a handler"); rt.handler == nil {
		valid = false
	}
	for _, sc := range s.chain() {
		sc.routes++
		sc.lastPos = call.Pos()
	}
	if valid {
		r.decl.routes = append(r.decl.routes, rt)
	}
	return rt
}

// title returns how a route is shown: its method, host and path.
func (rt *route) title() string { return rt.method + " " + rt.host + rt.path }

// chain returns the scopes around s, outermost first, s last.
func (s *scope) chain() (list []*scope) {
	for ; s != nil; s = s.parent {
		list = append([]*scope{s}, list...)
	}
	return list
}

// handlesErrors returns the innermost function for errors, or nil.
func (s *scope) handlesErrors() *step { return s.innermost(func(s *scope) *step { return s.errors }) }

// handlesPanics returns the innermost function for panics, or nil.
func (s *scope) handlesPanics() *step { return s.innermost(func(s *scope) *step { return s.recover }) }

// encodes returns the innermost function for results, or nil.
func (s *scope) encodes() *step { return s.innermost(func(s *scope) *step { return s.encode }) }

// innermost returns the step of the innermost scope around s that has one.
func (s *scope) innermost(of func(*scope) *step) *step {
	for ; s != nil; s = s.parent {
		if st := of(s); st != nil {
			return st
		}
	}
	return nil
}

func (r *reader) modify(rt *route, name string, call *ast.CallExpr) {
	switch name {
	case "OnLoop":
		rt.onLoop = true
	case "MaxBody":
		rt.maxBody = r.number(call.Args[0])
	case "Decode":
		rt.decode = r.decoding(call)
	case "Timeout", "ETag", "Compress":
		r.stage(&rt.stages, name, call)
	case "Limit":
		rt.steps = append(rt.steps, r.limit(rt.scope, call))
	case "AllowBody":
		rt.allowBody = true
	case "Status":
		rt.status, rt.statusPos = r.number(call.Args[0]), call.Args[0].Pos()
	case "Fails":
		rt.fails = append(rt.fails, r.failures(call)...)
	case "CacheControl":
		r.cacheControl(rt, call)
	case "Precompressed":
		if rt.files != nil {
			rt.files.precompressed = true
		}
	}
}

// decoding reads a call of Decode.
func (r *reader) decoding(call *ast.CallExpr) *decoding {
	d := &decoding{limit: r.number(call.Args[0]), pos: call.Args[0].Pos()}
	if d.limit <= 0 {
		r.app.report(d.pos, "bad-coding", "the limit of the decoded content is not positive", []string{"content that is small when it is sent can be large when it is decoded"}, "write how many octets the routes take, such as 8<<20")
	}
	d.codings = r.codings(call.Args[1:], "decoded")
	if len(call.Args) == 1 {
		r.app.report(d.pos, "bad-coding", "Decode names no content coding", nil, `name "gzip", "zstd" or both behind the limit`)
	}
	return d
}

// nearCoding says which content coding was probably meant.
func nearCoding(name string) (fix string) {
	if n := Near(name, []string{"gzip", "zstd"}); n != "" && n != name {
		return fmt.Sprintf("did you mean %q?", n)
	}
	return `name "gzip" and "zstd", or one of them`
}

func (r *reader) number(e ast.Expr) int64 {
	v := r.app.info.Types[e].Value
	if v == nil {
		r.notConstant(e, "this number")
		return 1
	}
	n, _ := constant.Int64Val(constant.ToInt(v))
	return n
}

func (r *reader) path(e ast.Expr) (string, bool) {
	v := r.app.info.Types[e].Value
	if v == nil || v.Kind() != constant.String {
		r.notConstant(e, "this path")
		return "", false
	}
	path := constant.StringVal(v)
	if path != "" && path[0] != '/' {
		r.app.report(e.Pos(), "bad-pattern", fmt.Sprintf("%q does not begin with /", path), nil, fmt.Sprintf("write %q", "/"+path))
		return "", false
	}
	return path, true
}

func (r *reader) notConstant(e ast.Expr, what string) {
	why := "the declaration is read, never run, so it has no value here"
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		if obj := r.app.info.Uses[id]; obj != nil {
			why = fmt.Sprintf("the declaration is read, never run, so %s (a variable, %s) has no value here", id.Name, r.app.at(obj.Pos()))
		}
	}
	fix := "make it a constant"
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		fix = "make it const " + id.Name + " = …"
	}
	r.app.report(e.Pos(), "path-not-constant", what+" is not a constant", []string{why}, fix)
}

func quoted(prefix string) string { return fmt.Sprintf("%q", prefix) }
