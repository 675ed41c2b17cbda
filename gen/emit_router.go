package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"
)

// maxLeaves bounds the patterns that one function tells apart: the time to
// compile a function grows faster than the function.
const maxLeaves = 64

// maxInline bounds the patterns of a place that is no function of its own.
const maxInline = 8

// router writes how a route is chosen.
func (e *emitter) router() {
	e.serverMethods()
	for _, h := range e.tree.hosts {
		if e.hasLiterals(h) {
			e.literals(e.literalFn(h), h.host, h.root.tails("/"), 1)
		}
	}
	e.search()
	if e.finds() {
		e.find()
	}
	for _, h := range e.tree.hosts {
		if h.root.isOpen() {
			e.node(h.root)
		}
	}
}

// finds reports whether the choice among all routes is a function of its own:
// where there is more than one place to look, or it is made more than once.
func (e *emitter) finds() bool {
	return len(e.tree.hosts) > 1 || e.decl.slashes || e.decl.badPath != 0
}

func (e *emitter) hasLiterals(h *hostTree) bool { return len(h.root.tails("")) > 0 }

// hasWildcards reports whether a path has a wildcard.
func (e *emitter) hasWildcards() bool {
	return slices.ContainsFunc(e.tree.hosts, func(h *hostTree) bool { return h.root.isOpen() })
}

// keepsNormal reports whether the task has a buffer for paths.
func (e *emitter) keepsNormal() bool { return e.hasWildcards() || e.decl.slashes }

// literalFn returns the name of the function that compares whole paths.
func (e *emitter) literalFn(h *hostTree) string {
	if h.literalFn == "" {
		h.literalFn = e.fields.take("literalRoute" + upper(h.host))
	}
	return h.literalFn
}

// methodConst returns the msg constant of a method.
func methodConst(method string) *jen.Statement { return jen.Qual(msgPath, "Method"+verbOf(method)) }

// methodSet returns methods as a constant of type sdk.Methods.
func methodSet(list []string) *jen.Statement {
	var set *jen.Statement
	for _, m := range methods {
		if !slices.Contains(list, m) {
			continue
		}
		bit := jen.Lit(1).Op("<<").Add(methodConst(m))
		if set == nil {
			set = bit
		} else {
			set = set.Op("|").Add(bit)
		}
	}
	return set
}

// serverMethods writes the methods that the server has.
func (e *emitter) serverMethods() {
	list := []string{"OPTIONS"}
	for _, rt := range e.decl.routes {
		if list = append(list, rt.method); rt.method == "GET" {
			list = append(list, "HEAD")
		}
	}
	e.file.Add(comment("serverMethods are the methods that a path of the server has."))
	e.file.Const().Add(e.id("serverMethods")).Op("=").Add(methodSet(list))
	e.file.Line()
}

// leaf writes which route answers the method of a path that ends here.
func (e *emitter) leaf(l *leaf) (list []jen.Code) {
	var all []string
	var cases []jen.Code
	for _, method := range methods {
		for _, rt := range l.routes {
			if rt.method != method {
				continue
			}
			var consts []jen.Code
			for _, m := range l.methods(rt) {
				all, consts = append(all, m), append(consts, methodConst(m))
			}
			cases = append(cases, jen.Case(consts...).Block(jen.Return(e.constant(rt))))
		}
	}
	if len(l.routes) > 1 {
		list = append(list, jen.Switch(jen.Id("method")).Block(cases...))
	} else {
		cond := jen.Id("method").Op("==").Add(methodConst(all[0]))
		for _, m := range all[1:] {
			cond = cond.Op("||").Id("method").Op("==").Add(methodConst(m))
		}
		list = append(list, jen.If(cond).Block(jen.Return(e.constant(l.routes[0]))))
	}
	return append(list, jen.Id("t").Dot("allow").Op("|=").Add(methodSet(all)))
}

// chooser begins a function that chooses a route.
func (e *emitter) chooser(name string, params ...jen.Code) *jen.Statement {
	params = append([]jen.Code{jen.Id("method").Qual(msgPath, "Method"), jen.Id("path").Index().Byte()}, params...)
	return e.method(name).Params(params...).Uint16()
}

// tries writes that what a function finds is the answer.
func (e *emitter) tries(name string, args ...jen.Code) jen.Code {
	r := jen.Id("r").Op(":=").Id("t").Dot(name).Call(append([]jen.Code{jen.Id("method")}, args...)...)
	return jen.If(r, jen.Id("r").Op("!=").Add(e.id("routeNotFound"))).Block(jen.Return(jen.Id("r")))
}

// literals writes the choice among paths without wildcards: one switch, or, for
// very many, a function for each text of the segment at which they part.
func (e *emitter) literals(name, host string, list []tail, at int) {
	title := name + " chooses among the routes without wildcards."
	if at > 1 || host != "" {
		title = fmt.Sprintf("%s chooses among the routes without wildcards below %s.", name, host+list[0].text[:min(at, len(list[0].text))])
	}
	var cases []jen.Code
	shared, keys, parts, at := part(list, at)
	if len(list) <= maxLeaves || len(keys) > maxLeaves {
		for _, t := range list {
			cases = append(cases, jen.Case(jen.Lit(t.text)).Block(e.leaf(t.leaf)...))
		}
		e.file.Comment("// " + title)
		e.chooser(name).Block(jen.Switch(jen.String().Parens(jen.Id("path"))).Block(cases...), jen.Return(e.id("routeNotFound")))
		e.file.Line()
		return
	}
	fns := map[string]string{}
	for _, key := range keys {
		fns[key] = e.fields.take(name + upper(key))
		cases = append(cases, jen.Case(jen.Lit(key)).Block(jen.Return(jen.Id("t").Dot(fns[key]).Call(jen.Id("method"), jen.Id("path")))))
	}
	e.file.Comment("// " + title)
	var body []jen.Code
	if shared != nil {
		body = append(body, jen.If(jen.String().Parens(jen.Id("path")).Op("==").Lit(shared.text)).Block(e.leaf(shared.leaf)...))
	}
	e.chooser(name).Block(append(body,
		jen.If(jen.Len(jen.Id("path")).Op("<").Lit(at)).Block(jen.Return(e.id("routeNotFound"))),
		jen.Switch(jen.String().Parens(jen.Id("path").Index(jen.Lit(at).Op(":").Qual(sdkPath, "SegmentEnd").Call(jen.Id("path"), jen.Lit(at))))).Block(cases...),
		jen.Return(e.id("routeNotFound")))...)
	e.file.Line()
	for _, key := range keys {
		e.literals(fns[key], host, parts[key], at+len(key)+1)
	}
}

// part parts paths by the first segment from at on that they do not share,
// which begins at begin. shared is the path that ends before it, with which the
// others begin; nil: there is none.
func part(list []tail, at int) (shared *tail, keys []string, parts map[string][]tail, begin int) {
	for ; ; at += len(keys[0]) + 1 {
		keys, parts = nil, map[string][]tail{}
		for i, t := range list {
			if len(t.text) < at {
				shared = &list[i]
				continue
			}
			key, _, _ := strings.Cut(t.text[at:], "/")
			if parts[key] == nil {
				keys = append(keys, key)
			}
			parts[key] = append(parts[key], t)
		}
		if shared != nil || len(keys) != 1 {
			return shared, keys, parts, at
		}
	}
}

// search writes the choice among all others, and what answers where there is
// none.
func (e *emitter) search() {
	var body []jen.Code
	path, every := jen.Id("path"), e.tree.every()
	normal, keep := jen.Nil(), path.Clone().Op("=").Id("normal")
	if e.hasWildcards() {
		normal = jen.Id("t").Dot("normal").Index(jen.Op(":").Lit(0))
		keep = jen.List(jen.Id("t").Dot("normal"), jen.Id("t").Dot("escaped"), path.Clone()).Op("=").List(jen.Id("normal"), jen.True(), jen.Id("normal"))
	}
	escaped := []jen.Code{
		jen.List(jen.Id("normal"), jen.Id("ok")).Op(":=").Qual(sdkPath, "NormalPath").Call(normal, path.Clone()),
		jen.If(jen.Op("!").Id("ok")).Block(jen.Return(e.id("routeBadPath"))),
		keep,
	}
	if e.hasLiterals(every) && !e.finds() {
		escaped = append(escaped, e.tries(e.literalFn(every), path.Clone()))
	}
	if len(e.decl.routes) > 0 {
		body = append(body, jen.If(jen.Qual("bytes", "IndexByte").Call(path.Clone(), jen.LitRune('%')).Op(">=").Lit(0)).Block(escaped...))
	}
	noPath := jen.If(jen.Len(path.Clone()).Op("==").Lit(0).Op("||").Add(path.Clone()).Index(jen.Lit(0)).Op("!=").LitRune('/')).Block(
		jen.Id("t").Dot("allow").Op("=").Add(e.id("serverMethods")).Comment(`the target is "*", or that of CONNECT`))
	switch {
	case e.finds():
		noPath = noPath.Else().Add(e.tries("find", path.Clone()))
	case e.hasWildcards():
		noPath = noPath.Else().Add(e.tries(e.nodeName(every.root), path.Clone(), jen.Lit(1)))
	}
	body = append(body, noPath)
	body = append(body, e.searchAgain()...)
	body = append(body,
		jen.If(jen.Id("t").Dot("allow").Op("==").Lit(0).Op("&&").Id("method").Op("==").Qual(msgPath, "MethodTrace")).Block(
			jen.Id("t").Dot("allow").Op("=").Add(e.id("serverMethods")).Comment("no path of this server has it")),
		jen.Switch().Block(
			jen.Case(jen.Id("t").Dot("allow").Op("==").Lit(0)).Block(jen.Return(e.id("routeNotFound"))),
			jen.Case(jen.Id("method").Op("==").Qual(msgPath, "MethodOptions")).Block(jen.Return(e.id("routeOptions"))),
		),
		jen.Return(e.id("routeMethodNotAllowed")))
	e.file.Add(comment("search chooses among the routes with wildcards, and says what answers where there", "is none. Escapes are decoded, segment by segment, before anything is compared."))
	e.chooser("search").Block(body...)
	e.file.Line()
}

// searchAgain writes what is looked for where no route has the path: one whose
// segments do not parse, and one with the other form of the path.
func (e *emitter) searchAgain() (body []jen.Code) {
	none := jen.Id("t").Dot("allow").Op("==").Lit(0)
	forget := jen.Id("t").Dot("allow").Op("=").Lit(0).Comment("that is not the path that was asked for")
	if e.decl.badPath != 0 {
		body = append(body, jen.If(none.Clone()).Block(
			jen.Id("t").Dot("loose").Op("=").True(),
			jen.Id("r").Op(":=").Id("t").Dot("find").Call(jen.Id("method"), jen.Id("path")),
			jen.If(jen.Id("t").Dot("loose").Op("=").False(), jen.Id("r").Op("!=").Add(e.id("routeNotFound"))).Block(jen.Return(e.id("routeUnparsed"))),
			forget.Clone()))
	}
	if e.decl.slashes {
		body = append(body, jen.If(none.Clone()).Block(
			jen.Id("t").Dot("normal").Op("=").Qual(sdkPath, "AppendOtherSlash").Call(jen.Id("t").Dot("normal").Index(jen.Op(":").Lit(0)), jen.Id("path")),
			jen.If(jen.Id("t").Dot("find").Call(jen.Id("method"), jen.Id("t").Dot("normal")).Op("!=").Add(e.id("routeNotFound"))).Block(jen.Return(e.id("routeRedirect"))),
			forget.Clone()))
	}
	return body
}

// find writes the choice among all routes: those of the host before those of
// every host.
func (e *emitter) find() {
	look := func(h *hostTree) (list []jen.Code) {
		if e.hasLiterals(h) {
			list = append(list, e.tries(e.literalFn(h), jen.Id("path")))
		}
		if h.root.isOpen() {
			list = append(list, e.tries(e.nodeName(h.root), jen.Id("path"), jen.Lit(1)))
		}
		return list
	}
	var body, cases []jen.Code
	title := []string{"find chooses among all routes."}
	for _, h := range e.tree.hosts[:len(e.tree.hosts)-1] {
		cases = append(cases, jen.Case(jen.Qual(sdkPath, "IsHost").Call(jen.Id("authority"), jen.Lit(h.host))).Block(look(h)...))
	}
	if len(cases) > 0 {
		title = []string{"find chooses among all routes: those of the host before those of every host."}
		body = append(body, jen.Switch(jen.Id("authority").Op(":=").Id("t").Dot("x").Dot("Authority").Call().Dot("Octets").Call(), jen.Empty()).Block(cases...))
	}
	body = append(body, look(e.tree.every())...)
	e.file.Add(comment(title...))
	e.chooser("find").Block(append(body, jen.Return(e.id("routeNotFound")))...)
	e.file.Line()
}

// nodeName returns the name of the function of a node.
func (e *emitter) nodeName(n *node) string {
	if n.fn == "" {
		n.fn = e.fields.take("below" + upper(n.prefix))
	}
	return n.fn
}

// A nodeText is the function of a node as it grows.
type nodeText struct {
	*emitter
	inline bool    // small places behind this one are part of the function
	later  []*node // the others
}

// node writes the function that chooses at one place of the paths, and those
// of the places behind it. What has no wildcard from there on was looked for
// before it is called.
func (e *emitter) node(n *node) {
	small := 0
	for _, edge := range n.edges() {
		if size := edge.next.size(); size <= maxInline {
			small += size
		}
	}
	f := &nodeText{emitter: e, inline: small <= maxLeaves}
	body := append(f.place(n, 0), jen.Return(e.id("routeNotFound")))
	name := e.nodeName(n)
	e.file.Comment(fmt.Sprintf("// %s chooses among the routes with wildcards below %s/. The segment begins at at.", name, n.prefix))
	e.chooser(name, jen.Id("at").Int()).Block(body...)
	e.file.Line()
	for _, next := range f.later {
		e.node(next)
	}
}

// place writes the choice at one place.
func (f *nodeText) place(n *node, depth int) (body []jen.Code) {
	body = f.overlaps(n)
	segment := jen.String().Parens(jen.Id("path").Index(jen.Id("at").Op(":").Id("end")))
	open := n.openLiterals()
	if len(open) > 0 || len(n.wild) > 0 {
		body = append(body, jen.Id("end").Op(":=").Qual(sdkPath, "SegmentEnd").Call(jen.Id("path"), jen.Id("at")))
	}
	follows := jen.Id("end").Op("<").Len(jen.Id("path"))
	switch {
	case len(open) == 1:
		body = append(body, jen.If(segment.Clone().Op("==").Lit(open[0]).Op("&&").Add(follows)).Block(f.follow(n.literals[open[0]].next, depth)...))
	case len(open) > 1:
		var cases []jen.Code
		for _, text := range open {
			cases = append(cases, jen.Case(jen.Lit(text)).Block(jen.If(follows.Clone()).Block(f.follow(n.literals[text].next, depth)...)))
		}
		body = append(body, jen.Switch(segment).Block(cases...))
	}
	for _, w := range n.wild {
		body = append(body, f.wild(w, depth))
	}
	if n.rest != nil {
		if s := n.rest.segment; s.text && s.field != "" {
			body = append(body, jen.List(jen.Id("t").Dot(s.field+"At"), jen.Id("t").Dot(s.field+"End")).Op("=").List(jen.Int32().Parens(jen.Id("at")), jen.Int32().Parens(jen.Len(jen.Id("path")))))
		}
		body = append(body, f.leaf(n.rest.leaf)...)
	}
	return body
}

// overlaps writes comments on the routes that part at n and match one path all the
// same.
func (f *nodeText) overlaps(n *node) (comments []jen.Code) {
	const most = 3
	more := 0
	for _, o := range f.tree.overlaps {
		if f.tree.parts(o) != n {
			continue
		}
		if len(comments) == most {
			more++
			continue
		}
		lines := folded(fmt.Sprintf("%s and %s both match %s: %s wins, for %s.", o.winner.title(), o.loser.title(), o.path, o.winner.path, o.why))
		comments = append(comments, comment(lines...))
	}
	if more > 0 {
		comments = append(comments, jen.Comment(fmt.Sprintf("So do %d other pairs: see windhover routes.", more)))
	}
	return comments
}

// follow writes the choice at the place behind a segment and a slash: here when
// there is one way and little behind it, in a function of its own otherwise.
func (f *nodeText) follow(n *node, depth int) []jen.Code {
	const maxDepth = 2
	ways := len(n.openLiterals()) + len(n.wild)
	alone := ways == 1 && n.rest == nil || ways == 0 && n.rest.segment.field != ""
	if f.inline && alone && depth < maxDepth && n.size() <= maxInline {
		return append([]jen.Code{jen.Id("at").Op(":=").Id("end").Op("+").Lit(1)}, f.place(n, depth+1)...)
	}
	f.later = append(f.later, n)
	return []jen.Code{f.tries(f.nodeName(n), jen.Id("path"), jen.Id("end").Op("+").Lit(1))}
}

// wild writes what a wildcard leads to.
func (f *nodeText) wild(w *edge, depth int) jen.Code {
	var tails []tail
	if w.leaf != nil {
		tails = append(tails, tail{"", w.leaf})
	}
	tails = append(tails, w.next.tails("/")...)
	cond, keep := f.matches(w.segment)
	rest := jen.String().Parens(jen.Id("path").Index(jen.Id("end").Op(":")))
	if len(tails) == 1 && !w.next.isOpen() {
		if tails[0].text == "" {
			cond = cond.Op("&&").Id("end").Op("==").Len(jen.Id("path"))
		} else {
			cond = cond.Op("&&").Add(rest).Op("==").Lit(tails[0].text)
		}
		return jen.If(cond).Block(append(keep, f.leaf(tails[0].leaf)...)...)
	}
	body := keep
	var cases []jen.Code
	for _, t := range tails {
		cases = append(cases, jen.Case(jen.Lit(t.text)).Block(f.leaf(t.leaf)...))
	}
	switch {
	case len(tails) == 1 && tails[0].text == "":
		body = append(body, jen.If(jen.Id("end").Op("==").Len(jen.Id("path"))).Block(f.leaf(tails[0].leaf)...))
	case len(tails) > 0:
		body = append(body, jen.Switch(rest).Block(cases...))
	}
	if w.next.isOpen() {
		body = append(body, jen.If(jen.Id("end").Op("<").Len(jen.Id("path"))).Block(f.follow(w.next, depth)...))
	}
	return jen.If(cond).Block(body...)
}

// matches returns the condition that a segment is one of a wildcard, and what
// remembers it. What a wildcard that leads nowhere remembered is not read: the
// wildcards on one way have fields of their own.
func (f *nodeText) matches(s *segment) (cond *jen.Statement, keep []jen.Code) {
	if s.text && s.field != "" {
		keep = append(keep, jen.List(jen.Id("t").Dot(s.field+"At"), jen.Id("t").Dot(s.field+"End")).Op("=").List(jen.Int32().Parens(jen.Id("at")), jen.Int32().Parens(jen.Id("end"))))
	}
	if s.typ == nil {
		return jen.Id("end").Op(">").Id("at"), keep
	}
	value := "_"
	if s.field != "" {
		value = "value"
		keep = append([]jen.Code{jen.Id("t").Dot(s.field).Op("=").Id("value")}, keep...)
	}
	parse := f.parser(s.kind(), nil).Call(jen.Id("path").Index(jen.Id("at").Op(":").Id("end")))
	ok := jen.Id("ok")
	if f.decl.badPath != 0 {
		ok = jen.Parens(jen.Id("ok").Op("||").Id("t").Dot("loose").Op("&&").Id("end").Op(">").Id("at"))
	}
	return jen.List(jen.Id(value), jen.Id("ok")).Op(":=").Add(parse).Op(";").Add(ok), keep
}
