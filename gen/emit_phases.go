package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"
)

// method begins a method of the task.
func (e *emitter) method(name string) *jen.Statement {
	return e.file.Func().Params(jen.Id("t").Op("*").Add(e.id("task"))).Id(name)
}

// phases writes the methods of sdk.Task.
func (e *emitter) phases() {
	e.file.Add(comment("Route implements sdk.Task."))
	choose := []jen.Code{jen.List(jen.Id("method"), jen.Id("path")).Op(":=").List(jen.Id("t").Dot("x").Dot("Method").Call(), jen.Id("t").Dot("x").Dot("RawPath").Call().Dot("Octets").Call())}
	search := jen.Id("t").Dot("route").Op("=").Id("t").Dot("search").Call(jen.Id("method"), jen.Id("path"))
	if len(e.tree.hosts) == 1 && e.hasLiterals(e.tree.every()) {
		choose = append(choose,
			jen.Id("t").Dot("route").Op("=").Id("t").Dot(e.literalFn(e.tree.every())).Call(jen.Id("method"), jen.Id("path")),
			jen.If(jen.Id("t").Dot("route").Op("==").Add(e.id("routeNotFound"))).Block(search))
	} else {
		choose = append(choose, search)
	}
	choose = append(choose, jen.Return(jen.Op("&").Add(e.id("plans")).Index(jen.Id("t").Dot("route"))))
	e.method("Route").Params().Op("*").Qual(sdkPath, "Plan").Block(choose...)
	e.file.Line()
	e.head()
	e.body()
	e.stages()
	e.finish()
	e.recovery()
	e.end()
	if e.readsPath("view") {
		e.file.Add(comment("view returns a part of the path, without escapes: borrowed until the function that", "takes it returns."))
		e.partOfPath("view", jen.Qual(msgPath, "View"), sdkPath, "UnescapeView")
	}
	if e.readsPath("string", "text") {
		e.file.Add(comment("text returns a copy of a part of the path, without escapes."))
		e.partOfPath("text", jen.String(), sdkPath, "Unescape")
	}
	if len(e.filesRoutes()) > 0 {
		e.file.Add(comment("part returns a part of the path as sdk.NormalPath leaves it, borrowed until the", "function that takes it returns."))
		e.partOfPath("part", jen.Qual(msgPath, "View"), msgPath, "ViewOf")
	}
}

// partOfPath writes the method that returns a part of the path.
func (e *emitter) partOfPath(name string, typ jen.Code, pkg, unescape string) {
	e.method(name).Params(jen.List(jen.Id("at"), jen.Id("end")).Int32()).Add(typ).Block(
		jen.Id("path").Op(":=").Id("t").Dot("normal"),
		jen.If(jen.Op("!").Id("t").Dot("escaped")).Block(jen.Id("path").Op("=").Id("t").Dot("x").Dot("RawPath").Call().Dot("Octets").Call()),
		jen.Return(jen.Qual(pkg, unescape).Call(jen.Id("path").Index(jen.Id("at").Op(":").Id("end")))))
	e.file.Line()
}

// readsPath reports whether a wildcard is read as one of the kinds.
func (e *emitter) readsPath(kinds ...string) bool {
	for _, b := range e.bindings() {
		for _, c := range b.calls {
			for _, arg := range c.args {
				if arg.source == fromPath && slices.Contains(kinds, arg.kind) {
					return true
				}
				for _, in := range arg.fields {
					if in.source == fromPath && slices.Contains(kinds, in.kind) {
						return true
					}
				}
			}
		}
	}
	return false
}

// head writes the phases up to the content.
func (e *emitter) head() {
	cases := map[*route]jen.Code{}
	split := false
	for _, rt := range e.decl.routes {
		if rt.readyAt > 0 {
			continue
		}
		call := jen.Id("t").Dot(e.names[rt]).Call()
		if rt.split >= 0 {
			split = true
			cases[rt] = jen.List(jen.Id("wantBody"), jen.Err()).Op("=").Add(call)
			continue
		}
		cases[rt] = jen.Err().Op("=").Add(call)
	}
	e.file.Add(comment("Head implements sdk.Task."))
	var results []jen.Code
	if split {
		results = append(results, jen.Id("wantBody").Bool())
	}
	choose, parts := e.byRoute("head", cases, nil, results, jen.Err().Op("=").Id("t").Dot("noRoute").Call())
	body := []jen.Code{jen.Var().Err().Error(), choose}
	if len(e.laterCalls("Finish")) > 0 || e.responds() {
		if split {
			body = append(body, jen.If(jen.Id("wantBody")).Block(jen.Return(jen.True())))
		}
		body = append(body, e.answer(), jen.Return(jen.False()))
	} else if split {
		body = append(body, jen.If(jen.Err().Op("!=").Nil()).Block(jen.Id("t").Dot("Fail").Call(jen.Err()), jen.Return(jen.False())), jen.Return(jen.Id("wantBody")))
	} else {
		body = append(body, jen.If(jen.Err().Op("!=").Nil()).Block(jen.Id("t").Dot("Fail").Call(jen.Err())), jen.Return(jen.False()))
	}
	e.method("Head").Params().Params(jen.Id("wantBody").Bool()).Block(body...)
	e.file.Line()
	parts()
}

// byRoute writes the choice of what runs for a route: a switch, or, where there
// are more than maxLeaves routes, one over the functions that parts writes.
// These are called name and a number, take what param is, and return results
// and the error. otherwise runs where there is no route; it may be nil.
func (e *emitter) byRoute(name string, cases map[*route]jen.Code, param *jen.Statement, results []jen.Code, otherwise jen.Code) (choose jen.Code, parts func()) {
	if len(cases) <= maxLeaves {
		var list []jen.Code
		for _, rt := range e.decl.routes {
			if cases[rt] != nil {
				list = append(list, jen.Case(e.constant(rt)).Block(cases[rt]))
			}
		}
		if otherwise != nil {
			list = append(list, jen.Default().Block(otherwise))
		}
		return jen.Switch(jen.Id("t").Dot("route")).Block(list...), func() {}
	}
	var fns []string
	var bodies [][]jen.Code
	left, args, params := []jen.Code{}, []jen.Code{}, []jen.Code{}
	if len(results) > 0 {
		left = append(left, jen.Id("wantBody"))
	}
	if param != nil {
		args, params = append(args, jen.Id("content")), append(params, param)
	}
	left = append(left, jen.Err())
	var list []jen.Code
	firstRoute := e.firstRoute()
	for i := 0; i < firstRoute+len(e.decl.routes); i += maxLeaves {
		var part []jen.Code
		for k := max(i, firstRoute); k < min(i+maxLeaves, firstRoute+len(e.decl.routes)); k++ {
			if rt := e.decl.routes[k-firstRoute]; cases[rt] != nil {
				part = append(part, jen.Case(e.constant(rt)).Block(cases[rt]))
			}
		}
		if len(part) == 0 && (i > 0 || otherwise == nil) {
			continue
		}
		if i == 0 && otherwise != nil {
			part = append(part, jen.Default().Block(otherwise))
		}
		fns, bodies = append(fns, e.fields.take(fmt.Sprintf("%s%d", name, i/maxLeaves))), append(bodies, part)
		list = append(list, jen.Case(jen.Lit(i/maxLeaves)).Block(jen.List(left...).Op("=").Id("t").Dot(fns[len(fns)-1]).Call(args...)))
	}
	parts = func() {
		for i, fn := range fns {
			e.file.Comment(fmt.Sprintf("// %s is a part of %s: a function for every route would be too large to compile quickly.", fn, upper(name)))
			e.method(fn).Params(params...).Params(append(slices.Clone(results), jen.Err().Error())...).Block(
				jen.Switch(jen.Id("t").Dot("route")).Block(bodies[i]...), jen.Return(jen.List(left...)))
			e.file.Line()
		}
	}
	return jen.Switch(jen.Id("t").Dot("route").Op("/").Lit(maxLeaves)).Block(list...), parts
}

// body writes the phases that have the content.
func (e *emitter) body() {
	cases := map[*route]jen.Code{}
	for _, rt := range e.decl.routes {
		if rt.split >= 0 {
			cases[rt] = jen.Err().Op("=").Id("t").Dot(e.names[rt] + "Body").Call(jen.Id("content"))
		}
	}
	e.file.Add(comment("Body implements sdk.Task."))
	if len(cases) == 0 {
		e.method("Body").Params(jen.Index().Byte()).Block(jen.Comment("No route takes content."))
		e.file.Line()
		return
	}
	content := jen.Id("content").Index().Byte()
	choose, parts := e.byRoute("body", cases, content, nil, nil)
	e.method("Body").Params(content.Clone()).Block(
		jen.Var().Err().Error(),
		choose,
		e.answer())
	e.file.Line()
	parts()
}

// answer writes what follows the functions of a route: those of Finish, and the
// answer to an error.
func (e *emitter) answer() jen.Code {
	fail := jen.Id("t").Dot("Fail").Call(jen.Err())
	if e.responds() {
		return jen.Id("t").Dot("respond").Call(jen.Err())
	}
	if len(e.laterCalls("Finish")) == 0 {
		return jen.If(jen.Err().Op("!=").Nil()).Block(fail)
	}
	return jen.If(jen.Err().Op("=").Id("t").Dot("finish").Call(jen.Err()), jen.Err().Op("!=").Nil()).Block(fail)
}

// finish writes the functions of Finish.
func (e *emitter) finish() {
	calls := e.laterCalls("Finish")
	if len(calls) == 0 {
		return
	}
	var body []jen.Code
	slices.Reverse(calls)
	for _, c := range calls {
		args := e.arguments(c.args, fromError, jen.Err())
		bit := jen.Id(e.done[c.step])
		run := []jen.Code{jen.Id("t").Dot("armed").Op("&^=").Add(bit)}
		target := e.callee(c.fn).Call(args...)
		if c.fn.hasErr {
			run = append(run, jen.If(jen.Id("failed").Op(":=").Add(target), jen.Id("failed").Op("!=").Nil()).Block(jen.Err().Op("=").Id("failed")))
		} else {
			run = append(run, target)
		}
		body = append(body, jen.If(jen.Id("t").Dot("armed").Op("&").Add(bit).Op("!=").Lit(0)).Block(run...))
	}
	e.file.Add(comment("finish runs the functions of Finish that were passed, the last first, and returns", "the error to answer."))
	e.method("finish").Params(jen.Err().Error()).Error().Block(append(body, jen.Return(jen.Err()))...)
	e.file.Line()
}

// end writes the functions of Done and the reset.
func (e *emitter) end() {
	keep := []jen.Code{jen.Id("p").Op(":").Id("t").Dot("p"), jen.Id("x").Op(":").Id("t").Dot("x")}
	if e.keepsNormal() {
		keep = append(keep, jen.Id("normal").Op(":").Id("t").Dot("normal"))
	}
	reset := jen.Op("*").Id("t").Op("=").Add(e.id("task")).Values(keep...)
	steps, finish := e.laterCalls("Done"), e.laterCalls("Finish")
	e.file.Add(comment("End implements sdk.Task."))
	param := jen.Qual(sdkPath, "Outcome")
	if slices.ContainsFunc(steps, func(c *call) bool {
		return slices.ContainsFunc(c.args, func(a *argument) bool { return a.source == fromOutcome })
	}) || len(finish) > 0 {
		param = jen.Id("out").Qual(sdkPath, "Outcome")
	}
	give := append(e.giveBack(), reset)
	if len(steps) == 0 && len(finish) == 0 {
		e.method("End").Params(param).Block(give...)
		e.file.Line()
		return
	}
	body := []jen.Code{jen.Defer().Func().Params().Block(give...).Call().Comment("also when a function panics")}
	if len(finish) > 0 {
		body = append(body, jen.Id("_").Op("=").Id("t").Dot("finish").Call(jen.Id("out").Dot("Err")).Comment("those of an exchange that was cut short"))
	}
	slices.Reverse(steps)
	for _, c := range steps {
		args := e.arguments(c.args, fromOutcome, jen.Id("out"))
		body = append(body, jen.If(jen.Id("t").Dot("armed").Op("&").Id(e.done[c.step]).Op("!=").Lit(0)).Block(e.callee(c.fn).Call(args...)))
	}
	e.method("End").Params(param).Block(body...)
	e.file.Line()
}

// arguments returns the expressions of arguments that need nothing before, with
// given for those that come from the caller.
func (e *emitter) arguments(args []*argument, from source, given jen.Code) (list []jen.Code) {
	for _, arg := range args {
		if arg.source == from {
			list = append(list, given)
		} else {
			list = append(list, e.simple(arg))
		}
	}
	return list
}

// failure writes what answers an error: one that a function returned, or one
// that the server found when the route was known.
func (e *emitter) failure() {
	write := func(st *step) []jen.Code {
		if st == nil {
			return []jen.Code{jen.Qual(sdkPath, "WriteError").Call(jen.Id("t").Dot("x"), jen.Err())}
		}
		args := e.arguments(st.args, fromError, jen.Err())
		if len(st.fn.values) > 0 {
			return e.failureValue(st, e.callee(st.fn).Call(args...))
		}
		discard := jen.Id("t").Dot("x").Dot("ResponseContent").Call().Dot("Reset").Call()
		return []jen.Code{discard, e.callee(st.fn).Call(args...)}
	}
	body := e.innermost((*scope).handlesErrors, write)
	if e.used["SendFile"] { // likewise
		body = append([]jen.Code{jen.Id("t").Dot("x").Dot("SetResponseFile").Call(jen.Nil())}, body...)
	}
	if e.used["ResponseTrailers"] { // of the content that is replaced
		body = append([]jen.Code{jen.Id("t").Dot("x").Dot("ResponseTrailers").Call().Dot("Reset").Call()}, body...)
	}
	if len(e.laterCalls("Finish")) > 0 { // of what the server found; the others have run
		body = append([]jen.Code{jen.Err().Op("=").Id("t").Dot("finish").Call(jen.Err())}, body...)
	}
	if len(e.coders) > 0 {
		body = append(body, jen.Id("t").Dot("compress").Call())
	}
	e.file.Add(comment("Fail implements sdk.Task. It answers an error, of the functions as well."))
	e.method("Fail").Params(jen.Err().Error()).Block(body...)
	e.file.Line()
}

// failureValue writes the call of a function for errors that returns a value, and
// what sends it.
func (e *emitter) failureValue(st *step, target *jen.Statement) []jen.Code {
	out := newNames(e.scope, "t", "err", "sdk", "json").take("out")
	status := jen.Qual(sdkPath, "StatusOf").Call(jen.Err())
	body := []jen.Code{
		jen.Qual(sdkPath, "BeginError").Call(jen.Id("t").Dot("x"), status),
	}
	if st.mediaType != "" { // before the function, which can set another
		body = append(body, jen.Id("t").Dot("x").Dot("ResponseFields").Call().Dot("Set").Call(jen.Lit("Content-Type"), jen.Lit(st.mediaType)))
	}
	body = append(body, jen.Id(out).Op(":=").Add(target))
	call, hasErr := e.encoding(st.scope.encodes(), out, st.fn.values[0])
	if !hasErr {
		return append(body, call)
	}
	return append(body, jen.If(jen.Err().Op(":=").Add(call), jen.Err().Op("!=").Nil()).Block(
		jen.Qual(sdkPath, "WriteError").Call(jen.Id("t").Dot("x"), jen.Err())))
}

// innermost writes a choice among the functions for errors or for panics, by
// the route.
func (e *emitter) innermost(of func(*scope) *step, write func(*step) []jen.Code) []jen.Code {
	var cases []jen.Code
	for _, s := range e.decl.scopes[1:] {
		own := of(s)
		if own == nil || own.scope != s {
			continue
		}
		var routes []jen.Code
		for _, rt := range e.decl.routes {
			if of(rt.scope) == own {
				routes = append(routes, e.constant(rt))
			}
		}
		if len(routes) > 0 {
			cases = append(cases, jen.Case(routes...).Block(write(own)...))
		}
	}
	body := write(of(e.decl.server))
	if len(cases) > 0 {
		cases = append(cases, jen.Default().Block(body...))
		body = []jen.Code{jen.Switch(jen.Id("t").Dot("route")).Block(cases...)}
	}
	return body
}

// recovery writes what answers a panic, where Finish or Recover is declared;
// elsewhere the server does it alone.
func (e *emitter) recovery() {
	finish := len(e.laterCalls("Finish")) > 0
	declared := slices.ContainsFunc(e.decl.scopes, func(s *scope) bool { return s.recover != nil })
	if !finish && !declared {
		return
	}
	var body []jen.Code
	if finish {
		body = append(body, jen.Id("_").Op("=").Id("t").Dot("finish").Call(jen.Qual(sdkPath, "ErrPanicked")).Comment("the panic is what is answered"))
	}
	value := "_"
	body = append(body, e.innermost((*scope).handlesPanics, func(st *step) []jen.Code {
		if st == nil {
			return []jen.Code{jen.Qual(sdkPath, "WriteError").Call(jen.Id("t").Dot("x"), jen.Qual(sdkPath, "ErrPanicked"))}
		}
		var args []jen.Code
		for _, arg := range st.args {
			if arg.source == fromPanic {
				args, value = append(args, jen.Id("value")), "value"
				continue
			}
			args = append(args, e.simple(arg))
		}
		return []jen.Code{e.callee(st.fn).Call(args...)}
	})...)
	if len(e.coders) > 0 {
		body = append(body, jen.Id("t").Dot("compress").Call())
	}
	e.file.Add(comment("Recover implements sdk.Recoverer: it answers a panic."))
	e.method("Recover").Params(jen.Id(value).Any()).Block(body...)
	e.file.Line()
}

// noRoute writes what runs where there is no route.
func (e *emitter) noRoute() {
	f := e.function(false)
	for _, c := range e.none.calls {
		f.call(c)
	}
	allow := jen.Id("t").Dot("x").Dot("ResponseFields").Call().Dot("Set").Call(jen.Lit("Allow"), jen.Id("t").Dot("allow").Dot("With").Call(jen.Qual(msgPath, "MethodOptions")).Dot("Allow").Call())
	f.body = append(f.body, jen.Switch(jen.Id("t").Dot("route")).Block(
		jen.Case(e.id("routeOptions")).Block(
			jen.Id("t").Dot("x").Dot("SetStatus").Call(jen.Lit(204)), allow.Clone(), jen.Return(jen.Nil())),
		jen.Case(e.id("routeMethodNotAllowed")).Block(allow.Clone(), jen.Return(jen.Qual(sdkPath, "ErrMethodNotAllowed"))),
		jen.Case(e.id("routeBadPath")).Block(jen.Return(jen.Qual(sdkPath, "ErrBadRequest"))),
		e.extraCases(),
	), jen.Return(jen.Qual(sdkPath, "ErrNotFound")))
	e.file.Add(comment("noRoute answers where there is no route, and OPTIONS."))
	e.method("noRoute").Params().Error().Block(f.body...)
	e.file.Line()
}

// extraCases writes the answers that only some apps have.
func (e *emitter) extraCases() jen.Code {
	cases := jen.Null()
	if e.decl.badPath != 0 {
		cases.Case(e.id("routeUnparsed")).Block(jen.Return(e.unparsed()))
		if e.decl.slashes {
			cases.Line()
		}
	}
	if e.decl.slashes {
		x := jen.Id("t").Dot("x")
		cases.Case(e.id("routeRedirect")).Block(
			x.Clone().Dot("SetStatus").Call(jen.Lit(308)),
			x.Clone().Dot("ResponseFields").Call().Dot("Set").Call(jen.Lit("Location"), jen.Qual(sdkPath, "OtherSlash").Call(x.Clone())),
			jen.Return(jen.Nil()))
	}
	return cases
}

// unparsed returns the error for a path with a segment that does not parse.
func (e *emitter) unparsed() jen.Code {
	switch e.decl.badPath {
	case 0:
		return jen.Qual(sdkPath, "ErrNotFound")
	case 400:
		return jen.Qual(sdkPath, "ErrBadRequest")
	}
	return jen.Qual(sdkPath, "NewError").Call(jen.Lit(int(e.decl.badPath)), jen.Lit(""))
}

// route writes the function of a route, or the two of one that takes content.
func (e *emitter) route(rt *route) {
	title := rt.title()
	f := e.function(rt.split >= 0)
	f.encode, f.status, f.timeout = rt.scope.encodes(), rt.status, rt.timeout
	if rt.streams {
		f.stream = rt.compress
	}
	end := len(rt.calls)
	if rt.split >= 0 {
		end = rt.split
	}
	for _, c := range rt.calls[:end] {
		f.call(c)
	}
	name := e.names[rt]
	switch {
	case rt.split >= 0:
		if rt.refusesCodings() {
			f.body = append(f.body, jen.If(jen.Err().Op(":=").Qual(codingPath, "RequireNone").Call(jen.Id("t").Dot("x"), jen.Id("t").Dot("x")), jen.Err().Op("!=").Nil()).Block(f.returns(jen.Err())))
		}
		f.body = append(f.body, jen.Return(jen.List(jen.True(), jen.Nil())))
		e.file.Comment(fmt.Sprintf("// %s is %s, up to its content.", name, title))
		e.method(name).Params().Params(jen.Id("wantBody").Bool(), jen.Err().Error()).Block(f.body...)
		e.file.Line()
		g := e.function(false)
		g.encode, g.status, g.timeout, g.stream = f.encode, f.status, f.timeout, f.stream
		g.decode(rt.decode)
		for _, c := range rt.calls[rt.split:] {
			g.call(c)
		}
		e.file.Comment(fmt.Sprintf("// %sBody is %s, with its content.", name, title))
		e.method(name + "Body").Params(jen.Id("content").Index().Byte()).Error().Block(g.body...)
		e.file.Line()
		return
	case rt.files != nil:
		f.body = append(f.body, jen.Return(f.serveFiles(rt)))
	case rt.ready != nil:
		f.body = append(f.body,
			jen.Id("t").Dot("x").Dot("SetStatus").Call(jen.Lit(int(rt.ready.status))),
			jen.Id("t").Dot("x").Dot("ResponseFields").Call().Dot("Set").Call(jen.Lit("Content-Type"), jen.Lit(rt.ready.mediaType)),
			jen.Id("t").Dot("x").Dot("ResponseContent").Call().Dot("Text").Call(e.text(rt.ready)),
			jen.Return(jen.Nil()))
	}
	if rt.files != nil {
		title += ": the files of " + rt.files.text
	}
	e.file.Comment(fmt.Sprintf("// %s is %s.", name, title))
	e.method(name).Params().Error().Block(f.body...)
	e.file.Line()
}

// A functionText is the body of one function as it grows.
type functionText struct {
	*emitter
	names   *names
	local   map[*value]string
	pair    bool   // it returns (wantBody, err)
	encode  *step  // what encodes the result; nil for JSON
	status  int64  // when the handler has returned; 0: as it sets
	timeout *stage // nil: the context has no time of its own
	stream  *stage // what encodes a response that the handler streams; nil: nothing
	// streamed is the name of that response, when it has been opened.
	streamed string
	body     []jen.Code
}

func (e *emitter) function(pair bool) *functionText {
	return &functionText{emitter: e, names: newNames(e.scope, "t", "err", "content", "wantBody"), local: map[*value]string{}, pair: pair}
}

func (f *functionText) returns(err jen.Code) jen.Code {
	if f.pair {
		return jen.Return(jen.List(jen.False(), err))
	}
	return jen.Return(err)
}

func (f *functionText) ifErr() jen.Code {
	return jen.If(jen.Err().Op("!=").Nil()).Block(f.returns(jen.Err()))
}

// call writes the call of a function with what it needs before, and what its
// results mean after.
func (f *functionText) call(c *call) {
	if c.limits() {
		f.take(c.step)
		return
	}
	if c.later() {
		f.body = append(f.body, jen.Id("t").Dot("armed").Op("|=").Id(f.done[c.step]).Comment("s."+c.step.kind+"("+c.fn.name+")"))
		return
	}
	if c.step == nil && f.stream != nil {
		f.openStream()
	}
	var args []jen.Code
	for _, arg := range c.args {
		args = append(args, f.argument(arg))
	}
	target := f.callee(c.fn).Call(args...)
	if c.step == nil && f.stream != nil {
		f.endStream(c, target)
		return
	}
	if c.step == nil {
		f.handler(c, target)
		return
	}
	f.use(c, target)
}

// use writes the call of a function of Use.
func (f *functionText) use(c *call, target *jen.Statement) {
	if v := c.results; len(v) == 1 && v[0].field != "" && !c.fn.hasErr && !c.fn.hasFlow {
		f.body = append(f.body, jen.Id("t").Dot(v[0].field).Op("=").Add(target))
		return
	}
	var left []jen.Code
	var fields []jen.Code
	fresh := false
	for _, v := range c.results {
		switch {
		case v.field != "":
			name := f.names.take(lower(valueName(v)))
			left = append(left, jen.Id(name))
			fields = append(fields, jen.Id("t").Dot(v.field).Op("=").Id(name))
			f.local[v] = name
			fresh = true
		case v.used:
			name := f.names.take(lower(valueName(v)))
			left = append(left, jen.Id(name))
			f.local[v] = name
			fresh = true
		default:
			left = append(left, jen.Id("_"))
		}
	}
	flow := "flow"
	if c.fn.hasFlow && fresh { // else it has a block of its own
		flow = f.names.take(flow)
	}
	ordered := f.ordered(c, left, flow)
	stops := jen.Id(flow).Op("==").Qual(sdkPath, "Stop")
	switch {
	case !c.fn.hasErr && !c.fn.hasFlow && !fresh:
		f.body = append(f.body, target)
	case c.fn.hasFlow && !fresh && !c.fn.hasErr && len(left) == 0:
		f.body = append(f.body, jen.If(target.Op("==").Qual(sdkPath, "Stop")).Block(f.returns(jen.Nil())))
	case c.fn.hasFlow && !fresh && !c.fn.hasErr:
		f.body = append(f.body, jen.If(jen.List(ordered...).Op(":=").Add(target), stops).Block(f.returns(jen.Nil())))
	case c.fn.hasFlow && !fresh:
		f.body = append(f.body, jen.If(jen.List(ordered...).Op(":=").Add(target), jen.Err().Op("!=").Nil()).Block(f.returns(jen.Err())).Else().If(stops).Block(f.returns(jen.Nil())))
	case c.fn.hasFlow:
		f.body = append(f.body, jen.List(ordered...).Op(":=").Add(target))
		if c.fn.hasErr {
			f.body = append(f.body, f.ifErr())
		}
		f.body = append(f.body, jen.If(stops).Block(f.returns(jen.Nil())))
	case c.fn.hasErr && !fresh:
		f.body = append(f.body, jen.If(jen.List(ordered...).Op(":=").Add(target), jen.Err().Op("!=").Nil()).Block(f.returns(jen.Err())))
	case c.fn.hasErr:
		f.body = append(f.body, jen.List(ordered...).Op(":=").Add(target), f.ifErr())
	default:
		f.body = append(f.body, jen.List(ordered...).Op(":=").Add(target))
	}
	f.body = append(f.body, fields...)
}

// ordered returns the left side of a call in the order of its results. flow is
// the name of an sdk.Flow.
func (f *functionText) ordered(c *call, values []jen.Code, flow string) (left []jen.Code) {
	for t := range c.fn.sig.Results().Variables() {
		switch {
		case isNamed(t.Type(), sdkPath, "Flow"):
			left = append(left, jen.Id(flow))
		case isError(t.Type()) && c.fn.hasErr:
			left = append(left, jen.Err())
		default:
			left, values = append(left, values[0]), values[1:]
		}
	}
	return left
}

// handler writes the call of a route's handler, which ends the function.
func (f *functionText) handler(c *call, target *jen.Statement) {
	var status []jen.Code
	if f.status != 0 {
		status = []jen.Code{jen.Id("t").Dot("x").Dot("SetStatus").Call(jen.Lit(int(f.status)))}
	}
	switch {
	case len(c.results) == 0 && c.fn.hasErr && status != nil:
		f.body = append(f.body, jen.If(jen.Err().Op(":=").Add(target), jen.Err().Op("!=").Nil()).Block(f.returns(jen.Err())), status[0], f.returns(jen.Nil()))
		return
	case len(c.results) == 0 && c.fn.hasErr:
		f.body = append(f.body, f.returns(target))
		return
	case len(c.results) == 0:
		f.body = append(append(append(f.body, target), status...), f.returns(jen.Nil()))
		return
	}
	out := f.names.take("out")
	if c.fn.hasErr {
		f.body = append(f.body, jen.List(jen.Id(out), jen.Err()).Op(":=").Add(target), f.ifErr())
	} else {
		f.body = append(f.body, jen.Id(out).Op(":=").Add(target))
	}
	f.body = append(f.body, status...)
	call, hasErr := f.encoding(f.encode, out, c.results[0].typ)
	if hasErr {
		f.body = append(f.body, f.returns(call))
		return
	}
	f.body = append(f.body, call, f.returns(jen.Nil()))
}

// decode writes what removes the coding of the content.
func (f *functionText) decode(d *decoding) {
	if d == nil {
		return
	}
	args := []jen.Code{jen.Id("t").Dot("x"), jen.Id("t").Dot("x"), jen.Id("content"), jen.Lit(int(d.limit))}
	for _, name := range d.codings {
		args = append(args, jen.Qual(codingPath+"/"+name, "Coding").Call())
	}
	f.body = append(f.body, jen.List(jen.Id("content"), jen.Err()).Op(":=").Qual(codingPath, "Decode").Call(args...), f.ifErr())
}

// encoding returns the call of the encoder that is declared, or of that of JSON,
// with a pointer to the result, and whether it returns an error.
func (e *emitter) encoding(encode *step, out string, t types.Type) (call *jen.Statement, hasErr bool) {
	value := jen.Op("&").Id(out)
	if encode == nil {
		return jen.Qual(jsonPath, "Encode").Call(jen.Id("t").Dot("x"), value), true
	}
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Interface:
		value = jen.Id(out)
	}
	return e.callee(encode.fn).Call(e.arguments(encode.args, fromResult, value)...), encode.fn.hasErr
}

// argument returns the expression of an argument, and writes what it needs
// before.
func (f *functionText) argument(arg *argument) jen.Code {
	switch arg.source {
	case fromValue:
		if name, ok := f.local[arg.value]; ok {
			return jen.Id(name)
		}
	case fromJSON:
		in := f.names.take(argName(arg, "in"))
		f.body = append(f.body,
			jen.Id(in).Op(":=").New(f.typ(arg.elem)),
			jen.If(jen.Err().Op(":=").Qual(jsonPath, "Decode").Call(jen.Id("t").Dot("x"), jen.Id("content"), jen.Id(in)), jen.Err().Op("!=").Nil()).Block(f.returns(jen.Err())))
		return jen.Id(in)
	case fromQuery, fromHeader, fromCookie:
		return f.optional(arg.source, argName(arg, "value"), arg.key, arg.kind, arg.elem)
	case fromStruct:
		return f.structure(arg)
	case fromForm:
		return f.form(arg)
	case fromPath:
		if arg.kind == "text" {
			return f.unmarshal(arg.segment, arg.typ, argName(arg, "value"))
		}
	case fromFeature:
		f.startTime(arg)
	case fromContext, fromService, fromBytes, fromStream, fromOutcome, fromError, fromPanic, fromResult:
	}
	return f.simple(arg)
}

func argName(arg *argument, otherwise string) string {
	if arg.param == "" || arg.param == "_" {
		return otherwise
	}
	return arg.param
}

// readers are the functions of package sdk that read an optional value.
var readers = map[source]string{fromQuery: "QueryOf", fromHeader: "HeaderOf", fromCookie: "CookieOf"}

// optional reads a query, field or cookie value into a local variable.
func (f *functionText) optional(from source, name, key, kind string, elem types.Type) jen.Code {
	return f.read(jen.Qual(sdkPath, readers[from]), jen.Id("t").Dot("x"), name, key, kind, elem)
}

// read reads a value with the function read into a local variable.
func (f *functionText) read(read, of jen.Code, name, key, kind string, elem types.Type) jen.Code {
	name = f.names.take(name)
	f.body = append(f.body,
		jen.List(jen.Id(name), jen.Err()).Op(":=").Add(read).Call(of, jen.Lit(key), jen.Lit(kindName(f.app, kind, elem)), f.parser(kind, elem)),
		f.ifErr())
	return jen.Id(name)
}

func kindName(a *app, kind string, t types.Type) string {
	if kind == "text" {
		return a.typeName(t)
	}
	return kind
}

// unmarshal reads a wildcard with UnmarshalText. A text that does not parse is
// a path that is not there.
func (f *functionText) unmarshal(s *segment, t types.Type, name string) jen.Code {
	name = f.names.take(name)
	ok := f.names.take("ok")
	f.body = append(f.body,
		jen.List(jen.Id(name), jen.Id(ok)).Op(":=").Add(f.parser("text", t)).Call(jen.Index().Byte().Parens(f.pathText(s))),
		jen.If(jen.Op("!").Id(ok)).Block(f.returns(f.unparsed())))
	return jen.Id(name)
}

// structure reads a struct with tags into a local variable.
func (f *functionText) structure(arg *argument) jen.Code {
	in := f.names.take(argName(arg, "in"))
	f.body = append(f.body, jen.Var().Id(in).Add(f.typ(arg.typ)))
	for _, field := range arg.fields {
		target := jen.Id(in).Dot(field.field)
		if field.source == fromPath {
			var value jen.Code
			if field.kind == "text" {
				value = f.unmarshal(field.segment, field.typ, lower(field.field))
			} else {
				value = f.path(field.segment, field.typ, field.kind)
			}
			f.body = append(f.body, target.Op("=").Add(value))
			continue
		}
		if field.slice {
			values := f.read(jen.Qual(sdkPath, "QueriesOf"), jen.Id("t").Dot("x"), lower(field.field), field.key, field.kind, field.typ)
			f.body = append(f.body, target.Op("=").Add(values))
			continue
		}
		name := f.optional(field.source, lower(field.field), field.key, field.kind, field.typ).(*jen.Statement)
		f.assign(target, name, field)
	}
	return jen.Id(in)
}

// form reads the content as a form into a fresh struct.
func (f *functionText) form(arg *argument) jen.Code {
	in := f.names.take(argName(arg, "in"))
	fields := f.names.take("fields")
	f.body = append(f.body,
		jen.Id(in).Op(":=").New(f.typ(arg.elem)),
		jen.List(jen.Id(fields), jen.Err()).Op(":=").Qual(formPath, "Parse").Call(jen.Id("t").Dot("x"), jen.Id("content")),
		f.ifErr())
	for _, field := range arg.fields {
		target, local := jen.Id(in).Dot(field.field), lower(field.field)
		one, all := "ValueOf", "ValuesOf"
		if field.kind == "file" {
			one, all = "FileOf", "FilesOf"
		}
		if field.slice {
			one = all
		}
		var value jen.Code
		if field.kind == "file" {
			local = f.names.take(local)
			f.body = append(f.body, jen.List(jen.Id(local), jen.Err()).Op(":=").Qual(formPath, one).Call(jen.Id(fields), jen.Lit(field.key), jen.Lit(int(field.max))), f.ifErr())
			value = jen.Id(local)
		} else {
			value = f.read(jen.Qual(formPath, one), jen.Id(fields), local, field.key, field.kind, field.typ)
		}
		if field.slice {
			f.body = append(f.body, target.Op("=").Add(value))
			continue
		}
		f.assign(target, value.(*jen.Statement), field)
	}
	return jen.Id(in)
}

// assign writes what becomes of an optional value: a field of a struct.
func (f *functionText) assign(target, name *jen.Statement, field input) {
	switch {
	case field.pointer:
		f.body = append(f.body, jen.If(name.Clone().Dot("OK")).Block(target.Op("=").Op("&").Add(name.Clone()).Dot("Value")))
	case field.def != "":
		f.body = append(f.body, target.Op("=").Add(name.Clone()).Dot("Or").Call(jen.Id(field.def)))
	default:
		f.body = append(f.body,
			jen.If(jen.Op("!").Add(name.Clone()).Dot("OK")).Block(f.returns(jen.Qual(sdkPath, "Missing").Call(jen.Lit(places[field.source].answer), jen.Lit(field.key)))),
			target.Op("=").Add(name.Clone()).Dot("Value"))
	}
}

// simple returns the expression of an argument that needs nothing before.
func (e *emitter) simple(arg *argument) jen.Code {
	switch arg.source {
	case fromFeature:
		return jen.Id("t").Dot("x")
	case fromContext:
		return jen.Id("t").Dot("x").Dot("Context").Call()
	case fromValue:
		return jen.Id("t").Dot(arg.value.field)
	case fromService:
		return serviceOf(jen.Id("t").Dot("p"), arg.service)
	case fromPath:
		return e.path(arg.segment, arg.typ, arg.kind)
	case fromBytes:
		return jen.Id("content")
	case fromStream:
		return jen.Id("t").Dot("x").Dot("OpenRequest").Call()
	case fromQuery, fromHeader, fromCookie, fromStruct, fromJSON, fromForm, fromOutcome, fromError, fromPanic, fromResult:
	}
	panic("gen: an argument that needs statements before it")
}

// path returns the value of a wildcard as t.
func (e *emitter) path(s *segment, t types.Type, kind string) jen.Code {
	var value *jen.Statement
	basic := "string"
	switch kind {
	case "view":
		return jen.Id("t").Dot("view").Call(jen.Id("t").Dot(s.field+"At"), jen.Id("t").Dot(s.field+"End"))
	case "string":
		value = e.pathText(s)
	default:
		value, basic = jen.Id("t").Dot(s.field), s.kind()
		if s.shared != nil {
			basic = s.shared.kind()
		}
	}
	if types.TypeString(types.Unalias(t), nil) == basic {
		return value
	}
	return e.typ(t).(*jen.Statement).Parens(value)
}

func (e *emitter) pathText(s *segment) *jen.Statement {
	return jen.Id("t").Dot("text").Call(jen.Id("t").Dot(s.field+"At"), jen.Id("t").Dot(s.field+"End"))
}

// parser returns the function that parses a kind; t nil is the basic type.
func (e *emitter) parser(kind string, t types.Type) *jen.Statement {
	typ := jen.Code(jen.Id(kind))
	if t != nil {
		typ = e.typ(t)
	}
	if kind == "view" {
		return jen.Qual(sdkPath, "ParseView")
	}
	name := "Parse" + upper(strings.TrimRight(kind, "0123456789"))
	return jen.Qual(sdkPath, name).Types(typ)
}

// serviceOf returns a service of the pipeline p.
func serviceOf(p *jen.Statement, s *service) *jen.Statement {
	code := p
	if s.variable != nil {
		code = jen.Qual(s.variable.Pkg().Path(), s.variable.Name())
	} else {
		code = code.Dot(s.root.name)
	}
	for _, field := range s.fields {
		code = code.Dot(field)
	}
	return code
}

// callee returns how generated code names a function.
func (e *emitter) callee(fn *function) *jen.Statement {
	var s *jen.Statement
	switch {
	case fn.service != nil:
		s = serviceOf(jen.Id("t").Dot("p"), fn.service).Dot(fn.method)
	default:
		s = jen.Qual(fn.object.Pkg().Path(), fn.object.Name())
	}
	if len(fn.typeArgs) > 0 {
		var args []jen.Code
		for _, t := range fn.typeArgs {
			args = append(args, e.typ(t))
		}
		s = s.Types(args...)
	}
	return s
}

// typ returns a type as generated code writes it.
func (e *emitter) typ(t types.Type) jen.Code {
	named := func(o *types.TypeName, args *types.TypeList) jen.Code {
		s := jen.Id(o.Name())
		if o.Pkg() != nil {
			s = jen.Qual(o.Pkg().Path(), o.Name())
		}
		var list []jen.Code
		for a := range args.Types() {
			list = append(list, e.typ(a))
		}
		if len(list) > 0 {
			s = s.Types(list...)
		}
		return s
	}
	switch t := t.(type) {
	case *types.Alias:
		return named(t.Obj(), t.TypeArgs())
	case *types.Named:
		return named(t.Obj(), t.TypeArgs())
	case *types.Pointer:
		return jen.Op("*").Add(e.typ(t.Elem()))
	case *types.Slice:
		return jen.Index().Add(e.typ(t.Elem()))
	case *types.Array:
		return jen.Index(jen.Lit(int(t.Len()))).Add(e.typ(t.Elem()))
	case *types.Map:
		return jen.Map(e.typ(t.Key())).Add(e.typ(t.Elem()))
	case *types.Struct:
		var fields []jen.Code
		for i := range t.NumFields() {
			f := jen.Null()
			if !t.Field(i).Embedded() {
				f = jen.Id(t.Field(i).Name())
			}
			if f.Add(e.typ(t.Field(i).Type())); t.Tag(i) != "" {
				f.Lit(t.Tag(i))
			}
			fields = append(fields, f)
		}
		return jen.Struct(fields...)
	}
	return jen.Id(types.TypeString(t, e.app.qualifier))
}
