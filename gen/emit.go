package gen

import (
	"bytes"
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"
)

// An emitter writes the pipeline of one declaration.
type emitter struct {
	app  *app
	decl *declaration
	none *binding // what runs where there is no route
	tree *tree
	urls []pathFunction
	file *jen.File

	scope  *names // of the package
	fields *names // fields and methods of the task
	names  map[*route]string
	ready  []*response // those without a phase, in order; 0 is the answer 404
	limits []*step     // those of Limit, in order
	coders []*stage    // those of Compress that differ, in order
	done   map[*step]string
	ids    map[string]string // what the package-level names of the file became
	used   map[string]bool   // the features that functions take

	packages map[string]string // what a package is called by the files, by its path
}

// newEmitter returns an emitter that has chosen its names.
func (a *app) newEmitter(d *declaration, none *binding, tree *tree, urls []pathFunction) *emitter {
	e := &emitter{
		app: a, decl: d, none: none, tree: tree, urls: urls,
		file:   jen.NewFilePathName(a.pkg.PkgPath, a.pkg.Name),
		scope:  newNames(nil, a.pkg.Types.Scope().Names()...),
		fields: taskNames(),
		done:   map[*step]string{}, ids: map[string]string{}, used: map[string]bool{},
		packages: map[string]string{},
	}
	e.imports()
	e.prepare()
	return e
}

// emit returns the text of the generated file.
func (e *emitter) emit() ([]byte, error) {
	e.header()
	e.exchange()
	e.pipeline()
	e.plans()
	e.task()
	e.phases()
	e.router()
	for _, rt := range e.decl.routes {
		if rt.readyAt == 0 {
			e.route(rt)
		}
	}
	if !e.noneIsReady() || len(e.decl.routes) > 0 {
		e.noRoute()
	}
	e.failure()
	e.paths()
	return e.render()
}

// render returns the text of the file.
func (e *emitter) render() ([]byte, error) {
	var b bytes.Buffer
	if err := e.file.Render(&b); err != nil {
		return nil, fmt.Errorf("windhover: internal error: what was generated is not Go: %w", err)
	}
	return groupImports(b.Bytes()), nil
}

// id returns a package-level name of the file, or, where the app has it, one
// like it.
func (e *emitter) id(name string) *jen.Statement {
	if e.ids[name] == "" {
		e.ids[name] = e.scope.take(name)
	}
	return jen.Id(e.ids[name])
}

// groupImports puts a blank line between the imports of the standard library
// and the others, as goimports does.
func groupImports(src []byte) []byte {
	begin := bytes.Index(src, []byte("\nimport (\n"))
	if begin < 0 {
		return src
	}
	begin += len("\nimport (\n")
	end := begin + bytes.Index(src[begin:], []byte("\n)"))
	var std, others []string
	for line := range strings.SplitSeq(string(src[begin:end]), "\n") {
		_, path, _ := strings.Cut(line, `"`)
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			others = append(others, line)
		} else {
			std = append(std, line)
		}
	}
	if len(std) > 0 && len(others) > 0 {
		std = append(std, "")
	}
	return slices.Concat(src[:begin], []byte(strings.Join(append(std, others...), "\n")), src[end:])
}

// imports names the packages that the file may import as their package clauses
// do, so that no import needs an alias, unless the app has the name.
func (e *emitter) imports() {
	ours := map[string]string{
		"bytes": "bytes", sdkPath: "sdk", msgPath: "msg", http1Path: "http1", http2Path: "http2", httpsPath: "https", jsonPath: "json", formPath: "form",
		codingPath: "coding", codingPath + "/gzip": "gzip", codingPath + "/zstd": "zstd",
		"time": "time", etagPath: "etag", compressPath: "compress", compressPath + "/gzipcoder": "gzipcoder", compressPath + "/zstdcoder": "zstdcoder",
		filesPath: "files",
	}
	for _, path := range slices.Sorted(maps.Keys(ours)) {
		e.importName(path, ours[path])
	}
	named := map[string]string{}
	note := func(p *types.Package) {
		if p != nil && p != e.app.pkg.Types && ours[p.Path()] == "" {
			named[p.Path()] = p.Name()
		}
	}
	noteType := func(t types.Type) { eachName(t, func(o *types.TypeName) { note(o.Pkg()) }) }
	for _, fn := range e.functions() {
		if fn.object == nil {
			continue // Limit
		}
		if note(fn.object.Pkg()); fn.service != nil && fn.service.variable != nil {
			note(fn.service.variable.Pkg())
		}
		for _, t := range fn.typeArgs {
			noteType(t)
		}
		noteType(fn.sig)
		for p := range fn.sig.Params().Variables() {
			if st, ok := p.Type().Underlying().(*types.Struct); ok {
				noteType(st)
			}
			if elem := formOf(p.Type()); elem != nil {
				noteType(elem.Underlying())
			}
		}
	}
	for _, s := range e.decl.services {
		noteType(s.typ)
	}
	for _, path := range slices.Sorted(maps.Keys(named)) {
		e.importName(path, named[path])
	}
}

// importName has the package at path called name, or, where the app has the
// name, like it.
func (e *emitter) importName(path, name string) {
	if e.packages[path] == "" {
		free := name
		if e.scope.has(name) && strings.HasPrefix(path, sdkPath+"/") {
			free = "sdk" + name
		}
		e.packages[path] = e.scope.take(free)
	}
	if e.packages[path] != name {
		e.file.ImportAlias(path, e.packages[path])
		return
	}
	e.file.ImportName(path, name)
}

// functions returns every function that the file may call.
func (e *emitter) functions() (list []*function) {
	for _, b := range e.bindings() {
		for _, c := range b.calls {
			list = append(list, c.fn)
		}
	}
	for _, s := range e.decl.scopes {
		for _, st := range []*step{s.errors, s.recover, s.encode} {
			if st != nil {
				list = append(list, st.fn)
			}
		}
	}
	return list
}

// prepare chooses the names, the fields of the task and the ready responses.
func (e *emitter) prepare() {
	for _, word := range []string{"Pipeline", "NewPipeline", "Exchange"} {
		e.scope.taken[word] = true
	}
	for _, f := range e.urls {
		e.scope.taken[f.name] = true
	}
	e.names = routeNames(e.decl, e.fields)
	e.ready = []*response{
		{status: 404, mediaType: textPlain, text: "Not Found\n"}, {status: 400, mediaType: textPlain, text: "Bad Request\n"},
	}
	for _, rt := range e.decl.routes {
		if rt.isKnown() {
			e.ready = append(e.ready, rt.ready)
			rt.readyAt = len(e.ready)
		}
	}
	e.prepareFiles()
	known := map[string][]string{}
	for _, h := range e.tree.hosts {
		e.wildcardFields(h.root, nil, known)
	}
	for _, rt := range e.decl.routes {
		for _, s := range rt.wildcards() {
			if s.shared != nil {
				s.field = s.shared.field
			}
		}
		e.crossings(&rt.binding)
	}
	e.crossings(e.none)
	e.prepareStages()
}

// wildcardFields gives a field to each wildcard below n that is read: one for
// all of a name and kind, but for those on one way, whose fields are in used.
func (e *emitter) wildcardFields(n *node, used []string, known map[string][]string) {
	if n == nil {
		return
	}
	for _, edge := range n.edges() {
		used := used
		if s := edge.segment; s != nil && s.read {
			key := s.kind() + " " + s.name
			if i := slices.IndexFunc(known[key], func(f string) bool { return !slices.Contains(used, f) }); i >= 0 {
				s.field = known[key][i]
			} else {
				s.field = e.fields.take(s.name)
				known[key] = append(known[key], s.field)
			}
			used = append(slices.Clip(used), s.field)
		}
		e.wildcardFields(edge.next, used, known)
	}
}

// crossings gives a field to each value that is used in a later phase than its
// own.
func (e *emitter) crossings(b *binding) {
	for i, c := range b.calls {
		for _, arg := range c.args {
			if arg.source != fromValue {
				continue
			}
			if b.crosses(arg.value, i) {
				e.cross(arg.value)
			}
		}
		if c.later() && e.done[c.step] == "" {
			e.done[c.step] = e.scope.take("armed" + upper(c.fn.object.Name()))
		}
	}
}

// cross makes a value a field of the task: the same one in every route that
// its function runs in.
func (e *emitter) cross(v *value) {
	if v.field != "" {
		return
	}
	all := []*binding{e.none}
	for _, rt := range e.decl.routes {
		all = append(all, &rt.binding)
	}
	i := slices.Index(v.call.results, v)
	for _, b := range all {
		for _, c := range b.calls {
			if c.step == v.call.step && c.results[i].field != "" {
				v.field = c.results[i].field
			}
		}
	}
	if v.field == "" {
		v.field = e.fields.take(lower(valueName(v)))
	}
}

// valueName returns a name for a value: that of its type.
func valueName(v *value) string {
	switch t := types.Unalias(deref(v.typ)).(type) {
	case *types.Named:
		return t.Obj().Name()
	case *types.Basic:
		return t.Name() + "Value"
	}
	return "value"
}

// noneIsReady reports whether no function runs where there is no route.
func (e *emitter) noneIsReady() bool {
	return len(e.none.calls) == 0 && e.decl.server.errors == nil
}

// header writes the first lines and the table of routes.
func (e *emitter) header() {
	e.file.HeaderComment("// Code generated by windhover from " + e.app.sourceName() + ". DO NOT EDIT.")
	lines := []string{"If this file does not compile, run go generate.", ""}
	for _, line := range routeTable(e.decl) {
		lines = append(lines, "\t"+line)
	}
	for _, l := range lines {
		if l != "" && l[0] != '\t' {
			l = " " + l
		}
		e.file.Comment("//" + l)
	}
	e.file.Line()
}

// comment writes a comment of several lines.
func comment(lines ...string) *jen.Statement {
	s := &jen.Statement{}
	for i, l := range lines {
		if i > 0 {
			s.Line()
		}
		s.Comment(l)
	}
	return s
}

// folded breaks a text into lines of a comment.
func folded(text string) (lines []string) {
	const most = 80
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > most {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// exchange writes the features that the app's functions take.
func (e *emitter) exchange() {
	used := e.used
	used["Request"], used["Response"] = true, true
	note := func(arg *argument) {
		switch arg.source {
		case fromFeature:
			used[feature(arg.typ)] = true
		case fromContext:
			used["Lifetime"] = true
		case fromHeader, fromCookie:
			used["RequestHeaders"] = true
		case fromJSON, fromForm:
			used["RequestBody"] = true
		case fromStream:
			used["RequestStream"] = true
		case fromStruct:
			for _, in := range arg.fields {
				if in.source == fromHeader || in.source == fromCookie {
					used["RequestHeaders"] = true
				}
			}
		case fromValue, fromService, fromPath, fromQuery, fromBytes, fromOutcome, fromError, fromPanic, fromResult:
		}
	}
	calls := func(b *binding, timed bool) {
		for _, c := range b.calls {
			for _, arg := range c.args {
				if timed && !c.later() && takesContext(arg) {
					used["TimedLifetime"] = true
				}
				if timed && !c.later() && arg.source == fromContext {
					continue
				}
				note(arg)
			}
		}
	}
	calls(e.none, false)
	for _, rt := range e.decl.routes {
		calls(&rt.binding, rt.timeout != nil)
		if rt.split >= 0 && (rt.decode != nil || rt.refusesCodings()) {
			used["RequestHeaders"] = true
		}
	}
	for _, rt := range e.filesRoutes() {
		used["RequestHeaders"] = true
		used["SendFile"] = used["SendFile"] || !rt.onLoop
	}
	for _, s := range e.decl.scopes {
		for _, st := range []*step{s.errors, s.recover, s.encode} {
			if st == nil {
				continue
			}
			for _, arg := range st.args {
				note(arg)
			}
		}
	}
	e.stageFeatures(used)
	var members []jen.Code
	for _, name := range features {
		if used[name] {
			members = append(members, jen.Qual(sdkPath, name))
		}
	}
	e.file.Add(comment("Exchange is what a server offers to run this pipeline: the features that its",
		"functions take, and no more."))
	e.file.Type().Id("Exchange").Interface(members...)
	e.file.Line()
}

// pipeline writes the type that is served.
func (e *emitter) pipeline() {
	var fields, params, values []jen.Code
	for _, s := range e.decl.services {
		fields = append(fields, jen.Id(s.name).Add(e.typ(s.typ)))
		params = append(params, jen.Id(s.name).Add(e.typ(s.typ)))
		values = append(values, jen.Id(s.name).Op(":").Id(s.name))
	}
	more, made := e.pipelineStages()
	fields, values = append(fields, more...), append(values, made...)
	tells := []jen.Code{}
	for _, rt := range e.filesRoutes() {
		fields = append(fields, jen.Id(rt.files.field).Op("*").Qual(filesPath, "Files").Comment("of "+rt.title()))
		tells = append(tells, jen.Id("s").Dot("Require").Call(jen.Id("p").Dot(rt.files.field).Dot("Err").Call()))
	}
	e.file.Add(comment("Pipeline is the app. It is served by sdk.Run or sdk.New."))
	e.file.Type().Id("Pipeline").Struct(fields...)
	e.file.Line()
	e.file.Add(comment("NewPipeline returns the app with its services."))
	if len(tells) == 0 {
		e.file.Func().Id("NewPipeline").Params(params...).Op("*").Id("Pipeline").Block(
			jen.Return(jen.Op("&").Id("Pipeline").Values(values...)))
		e.file.Line()
	} else {
		e.newWithFiles(params, values)
	}
	e.file.Comment("This line does not compile with an SDK that this file does not fit: run go generate.")
	e.file.Const().Id("_").Op("=").Qual(sdkPath, "Generated2")
	e.file.Line()
	for _, st := range e.coders {
		e.newCompress(st)
	}
	offers := tells
	for _, protocol := range e.decl.protocols() {
		offer := []jen.Code{
			jen.Id("s"),
			jen.Func().Params(jen.Id("x").Op("*").Qual(protocol, "Exchange")).Qual(sdkPath, "Task").Block(jen.Return(jen.Id("p").Dot("Bind").Call(jen.Id("x")))),
		}
		if len(e.ready) > 0 {
			offer = append(offer, e.id("readyResponses").Call().Op("..."))
		}
		offers = append(offers, jen.Qual(protocol, "Offer").Call(offer...))
	}
	e.file.Add(comment("Install implements sdk.App."))
	if e.decl.tls {
		offers = append(offers, jen.Qual(httpsPath, "Offer").Call(jen.Id("s")))
	}
	e.file.Func().Params(jen.Id("p").Op("*").Id("Pipeline")).Id("Install").Params(jen.Id("s").Op("*").Qual(sdkPath, "Setup")).Block(offers...)
	e.file.Line()
	e.file.Add(comment("Bind returns a task that runs the pipeline over x, for one request after another."))
	e.file.Func().Params(jen.Id("p").Op("*").Id("Pipeline")).Id("Bind").Params(jen.Id("x").Id("Exchange")).Qual(sdkPath, "Task").Block(
		jen.Return(jen.Op("&").Add(e.id("task")).Values(jen.Id("p").Op(":").Id("p"), jen.Id("x").Op(":").Id("x"))))
	e.file.Line()
	e.readyResponses()
	e.document()
}

func (e *emitter) readyResponses() {
	fields := func(mediaType string) *jen.Statement {
		return jen.Index().Qual(sdkPath, "Field").Values(jen.Values(jen.Id("Name").Op(":").Lit("Content-Type"), jen.Id("Value").Op(":").Lit(mediaType)))
	}
	var list []jen.Code
	for i, r := range slices.Concat(e.ready, e.decl.refusals) {
		of := fields(r.mediaType)
		if r.mediaType == textPlain {
			of = jen.Id("text")
		}
		value := []jen.Code{
			jen.Id("Status").Op(":").Lit(int(r.status)),
			jen.Id("Fields").Op(":").Add(of),
			jen.Id("Content").Op(":").Add(e.text(r)),
		}
		if i >= len(e.ready) {
			value = append(value, jen.Id("Refusal").Op(":").True())
		}
		list = append(list, jen.Line().Values(value...))
	}
	list = append(list, jen.Line())
	e.file.Add(comment("readyResponses returns the responses that are sent without running a function.", "A plan's Ready is 1 + the index in it."))
	e.file.Func().Add(e.id("readyResponses")).Params().Index().Qual(sdkPath, "ReadyResponse").Block(
		jen.Id("text").Op(":=").Add(fields(textPlain)),
		jen.Return(jen.Index().Qual(sdkPath, "ReadyResponse").Values(list...)))
	e.file.Line()
}

// text returns the text of a response that is known.
func (e *emitter) text(r *response) *jen.Statement {
	if r.document {
		return e.id("openAPI")
	}
	return jen.Lit(r.text)
}

// document embeds the app's OpenAPI document, where a route answers with it.
func (e *emitter) document() {
	if !e.decl.embeds() {
		return
	}
	e.file.Anon("embed")
	e.file.Add(comment("openAPI is the OpenAPI document of the app, as windhover openapi prints it."))
	e.file.Comment("//")
	e.file.Comment("//go:embed " + documentName)
	e.file.Var().Add(e.id("openAPI")).String()
	e.file.Line()
}

// constant returns a route's number.
func (e *emitter) constant(rt *route) *jen.Statement { return e.id("route" + upper(e.names[rt])) }

// extras are the answers where there is no route that only some apps have, by the
// name of their route and that of their plan.
func (e *emitter) extras() (list [][2]string) {
	if e.decl.badPath != 0 {
		list = append(list, [2]string{"routeUnparsed", fmt.Sprint(e.decl.badPath)})
	}
	if e.decl.slashes {
		list = append(list, [2]string{"routeRedirect", "308"})
	}
	return list
}

// firstRoute returns the number of the first declared route: those before it
// answer where there is none.
func (e *emitter) firstRoute() int { return 4 + len(e.extras()) }

// plans writes the numbers of the routes and what is known of each.
func (e *emitter) plans() {
	numbers := []jen.Code{
		e.id("routeNotFound").Op("=").Iota(), e.id("routeBadPath"), e.id("routeMethodNotAllowed"), e.id("routeOptions"),
	}
	noneFields := func(name string, ready int) jen.Code {
		dict := []jen.Code{jen.Id("Name").Op(":").Lit(name)}
		if e.noneIsReady() || e.decl.server.onLoop {
			dict = append(dict, jen.Id("Place").Op(":").Qual(sdkPath, "OnLoop"))
		}
		if e.none.streams {
			dict = append(dict, jen.Id("Streams").Op(":").True())
		}
		if e.none.hasDone() {
			dict = append(dict, jen.Id("Done").Op(":").True())
		}
		if e.decl.server.errors != nil || e.none.finishes() {
			dict = append(dict, jen.Id("Errors").Op(":").True())
		}
		if e.noneIsReady() && ready > 0 {
			dict = append(dict, jen.Id("Ready").Op(":").Lit(ready))
		}
		return jen.Values(dict...)
	}
	list := []jen.Code{
		jen.Line().Add(e.id("routeNotFound")).Op(":").Add(noneFields("404", 1)),
		jen.Line().Add(e.id("routeBadPath")).Op(":").Add(noneFields("400", 2)),
		jen.Line().Add(e.id("routeMethodNotAllowed")).Op(":").Add(noneFields("405", 0)),
		jen.Line().Add(e.id("routeOptions")).Op(":").Add(noneFields("OPTIONS", 0)),
	}
	for _, extra := range e.extras() {
		numbers = append(numbers, e.id(extra[0]))
		list = append(list, jen.Line().Add(e.id(extra[0])).Op(":").Add(noneFields(extra[1], 0)))
	}
	for _, rt := range e.decl.routes {
		numbers = append(numbers, e.constant(rt))
		list = append(list, jen.Line().Add(e.constant(rt)).Op(":").Add(e.plan(rt)))
	}
	list = append(list, jen.Line())
	e.file.Add(comment("The routes, in the order of the declaration."))
	e.file.Const().Defs(numbers...)
	e.file.Line()
	e.file.Add(comment("plans is what is known of each route. It is read-only."))
	e.file.Var().Add(e.id("plans")).Op("=").Index(jen.Op("...")).Qual(sdkPath, "Plan").Values(list...)
	e.file.Line()
}

func (e *emitter) plan(rt *route) jen.Code {
	dict := []jen.Code{jen.Id("Name").Op(":").Lit(rt.title())}
	add := func(name string, value jen.Code) { dict = append(dict, jen.Id(name).Op(":").Add(value)) }
	errors := rt.scope.handlesErrors() != nil || rt.finishes()
	if rt.onLoop || rt.readyAt > 0 && !errors {
		add("Place", jen.Qual(sdkPath, "OnLoop"))
	}
	switch {
	case rt.reads:
		add("Body", jen.Qual(sdkPath, "BodyStreamed"))
	case rt.split >= 0:
		add("Body", jen.Qual(sdkPath, "BodyCollected"))
	}
	if rt.maxBody > 0 {
		add("MaxBody", jen.Lit(int(rt.maxBody)))
	}
	if rt.trailers {
		add("Trailers", jen.True())
	}
	if rt.streams {
		add("Streams", jen.True())
	}
	if rt.hasDone() {
		add("Done", jen.True())
	}
	if errors {
		add("Errors", jen.True())
	}
	if rt.readyAt > 0 {
		add("Ready", jen.Lit(rt.readyAt))
	}
	return jen.Values(dict...)
}

// hasDone reports whether functions of Done run.
func (out *binding) hasDone() bool { return slices.ContainsFunc(out.calls, (*call).done) }

// task writes the state of an exchange.
func (e *emitter) task() {
	fields := []jen.Code{
		jen.Id("p").Op("*").Id("Pipeline"), jen.Id("x").Id("Exchange"), jen.Line(),
		jen.Id("route").Uint16(),
		jen.Id("allow").Qual(sdkPath, "Methods").Comment("of the path, for 405 and OPTIONS"),
	}
	if len(e.done) > 0 {
		fields = append(fields, jen.Id("armed").Uint64().Comment(e.armedComment()))
	}
	if e.hasWildcards() {
		fields = append(fields, jen.Id("escaped").Bool().Comment("the path had escapes: it is in normal"))
	}
	if e.keepsNormal() {
		fields = append(fields, jen.Id("normal").Index().Byte())
	}
	if e.decl.badPath != 0 {
		fields = append(fields, jen.Id("loose").Bool().Comment("segments need not parse"))
	}
	seen := map[string]bool{}
	add := func(name string, typ jen.Code, why string) {
		if name != "" && !seen[name] {
			if len(seen) == 0 {
				fields = append(fields, jen.Line())
			}
			seen[name] = true
			fields = append(fields, jen.Id(name).Add(typ).Comment(why))
		}
	}
	for _, rt := range e.decl.routes {
		for _, s := range rt.wildcards() {
			why := fmt.Sprintf("%s of %s", s, rt.title())
			if s.typ != nil && s.read {
				add(s.field, jen.Id(s.kind()), why)
			}
			if s.text && s.field != "" {
				add(s.field+"At", jen.Int32(), "where "+why+" begins")
				add(s.field+"End", jen.Int32(), "and ends")
			}
		}
	}
	for _, b := range e.bindings() {
		for _, c := range b.calls {
			for _, v := range c.results {
				if v.field != "" {
					add(v.field, e.typ(v.typ), "from "+c.fn.name)
				}
			}
		}
	}
	e.file.Add(comment("task is the state of one exchange: what crosses from one phase to another, and", "no more."))
	e.file.Type().Add(e.id("task")).Struct(fields...)
	e.file.Line()
	e.armedBits()
}

func (e *emitter) bindings() []*binding {
	all := []*binding{e.none}
	for _, rt := range e.decl.routes {
		all = append(all, &rt.binding)
	}
	return all
}

// laterPhases names the phases after the handler that the declaration has.
func (e *emitter) laterPhases(and string) string {
	var names []string
	for _, kind := range []string{"Finish", "Done"} {
		if len(e.laterCalls(kind)) > 0 {
			names = append(names, kind)
		}
	}
	return strings.Join(names, " "+and+" ")
}

// laterCalls returns the calls of Finish or Done, or of both for "", each step
// once and in the order of the declaration.
func (e *emitter) laterCalls(kind string) (list []*call) {
	seen := map[*step]bool{}
	for _, b := range e.bindings() {
		for _, c := range b.calls {
			if (c.later() || c.limits()) && !seen[c.step] && (kind == "" || c.step.kind == kind) {
				seen[c.step] = true
				list = append(list, c)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *call) int { return a.step.order - b.step.order })
	return list
}

func (e *emitter) armedBits() {
	var bits []jen.Code
	for i, c := range e.laterCalls("") {
		if i == 0 {
			bits = append(bits, jen.Id(e.done[c.step]).Uint64().Op("=").Lit(1).Op("<<").Iota())
			continue
		}
		bits = append(bits, jen.Id(e.done[c.step]))
	}
	if len(bits) > 0 {
		e.file.Add(comment(folded(e.armedBitsComment())...))
		e.file.Const().Defs(bits...)
		e.file.Line()
	}
}
