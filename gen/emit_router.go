package gen

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dave/jennifer/jen"
)

// methodCases returns the msg constants of the methods that a set of routes
// answers.
func (e *emitter) methodCases(m *methodRoutes) (list []jen.Code) {
	list = append(list, jen.Qual(msgPath, "Method"+verbOf(m.method)))
	if m.method == "GET" && !e.hasMethod("HEAD") {
		list = append(list, jen.Qual(msgPath, "MethodHead"))
	}
	return list
}

func (e *emitter) hasMethod(method string) bool {
	return slices.ContainsFunc(e.rt, func(m *methodRoutes) bool { return m.method == method })
}

// router writes how a route is chosen.
func (e *emitter) router() {
	if e.hasLiterals() {
		e.literals()
	}
	e.search()
	for _, m := range e.rt {
		if m.tree != nil {
			e.node(m, m.tree)
		}
	}
	e.allowed()
}

func (e *emitter) hasLiterals() bool {
	return slices.ContainsFunc(e.rt, func(m *methodRoutes) bool { return len(m.literals) > 0 })
}

// literals writes the choice among the routes without wildcards.
func (e *emitter) literals() {
	var methods []jen.Code
	for _, m := range e.rt {
		if len(m.literals) == 0 {
			continue
		}
		var paths []jen.Code
		for _, rt := range m.literals {
			paths = append(paths, jen.Case(jen.Lit(rt.literalPath())).Block(jen.Return(e.constant(rt))))
		}
		methods = append(methods, jen.Case(e.methodCases(m)...).Block(jen.Switch(jen.String().Parens(jen.Id("path"))).Block(paths...)))
	}
	e.file.Add(comment("literalRoute chooses among the routes without wildcards."))
	e.file.Func().Add(e.id("literalRoute")).Params(jen.Id("method").Qual(msgPath, "Method"), jen.Id("path").Index().Byte()).Uint16().Block(
		jen.Switch(jen.Id("method")).Block(methods...), jen.Return(e.id("routeNotFound")))
	e.file.Line()
}

// search writes the choice among all others, and what answers where there is
// none.
func (e *emitter) search() {
	var body, cases []jen.Code
	if e.hasWildcards() {
		escaped := []jen.Code{
			jen.List(jen.Id("normal"), jen.Id("ok")).Op(":=").Qual(sdkPath, "NormalPath").Call(jen.Id("t").Dot("normal").Index(jen.Op(":").Lit(0)), jen.Id("path")),
			jen.If(jen.Op("!").Id("ok")).Block(jen.Return(e.id("routeBadPath"))),
			jen.List(jen.Id("t").Dot("normal"), jen.Id("t").Dot("escaped"), jen.Id("path")).Op("=").List(jen.Id("normal"), jen.True(), jen.Id("normal")),
		}
		if e.hasLiterals() {
			escaped = append(escaped, jen.If(jen.Id("r").Op(":=").Add(e.id("literalRoute")).Call(jen.Id("method"), jen.Id("path")), jen.Id("r").Op("!=").Add(e.id("routeNotFound"))).Block(jen.Return(jen.Id("r"))))
		}
		body = append(body, jen.If(jen.Qual("bytes", "IndexByte").Call(jen.Id("path"), jen.LitRune('%')).Op(">=").Lit(0)).Block(escaped...))
		for _, m := range e.rt {
			if m.tree == nil {
				continue
			}
			cases = append(cases, jen.Case(e.methodCases(m)...).Block(
				jen.If(jen.Id("r").Op(":=").Id("t").Dot(e.nodeName(m, m.tree)).Call(jen.Id("path"), jen.Lit(1)), jen.Id("r").Op("!=").Add(e.id("routeNotFound"))).Block(jen.Return(jen.Id("r")))))
		}
	} else if e.hasLiterals() {
		body = append(body, jen.If(jen.Qual("bytes", "IndexByte").Call(jen.Id("path"), jen.LitRune('%')).Op(">=").Lit(0)).Block(
			jen.List(jen.Id("normal"), jen.Id("ok")).Op(":=").Qual(sdkPath, "NormalPath").Call(jen.Nil(), jen.Id("path")),
			jen.If(jen.Op("!").Id("ok")).Block(jen.Return(e.id("routeBadPath"))),
			jen.If(jen.Id("r").Op(":=").Add(e.id("literalRoute")).Call(jen.Id("method"), jen.Id("normal")), jen.Id("r").Op("!=").Add(e.id("routeNotFound"))).Block(jen.Return(jen.Id("r"))),
			jen.Id("path").Op("=").Id("normal"),
		))
	}
	if len(cases) > 0 {
		body = append(body, jen.Switch(jen.Id("method")).Block(cases...))
	}
	body = append(body,
		jen.Id("t").Dot("allow").Op("=").Id("t").Dot("allowed").Call(jen.Id("path")),
		jen.If(jen.Id("t").Dot("allow").Op("==").Lit(0).Op("&&").Id("method").Op("==").Qual(msgPath, "MethodTrace")).Block(
			jen.Id("t").Dot("allow").Op("=").Id("t").Dot("allowed").Call(jen.Nil()).Comment("no path of this server has it")),
		jen.Switch().Block(
			jen.Case(jen.Id("t").Dot("allow").Op("==").Lit(0)).Block(jen.Return(e.id("routeNotFound"))),
			jen.Case(jen.Id("method").Op("==").Qual(msgPath, "MethodOptions")).Block(jen.Return(e.id("routeOptions"))),
		),
		jen.Return(e.id("routeMethodNotAllowed")))
	e.file.Add(comment("search chooses among the routes with wildcards, and says what answers where there", "is none. Escapes are decoded, segment by segment, before anything is compared."))
	e.file.Func().Params(jen.Id("t").Op("*").Add(e.id("task"))).Id("search").Params(jen.Id("method").Qual(msgPath, "Method"), jen.Id("path").Index().Byte()).Uint16().Block(body...)
	e.file.Line()
}

// notAPath is the condition that path does not begin with a slash.
func (e *emitter) notAPath() jen.Code {
	return jen.Len(jen.Id("path")).Op("==").Lit(0).Op("||").Id("path").Index(jen.Lit(0)).Op("!=").LitRune('/')
}

// nodeName returns the name of the function of a node.
func (e *emitter) nodeName(m *methodRoutes, n *node) string {
	if n.fn == "" {
		n.fn = e.fields.take("below" + upper(verbOf(m.method)) + upper(n.prefix))
	}
	return n.fn
}

// node writes the function that chooses at one place of the paths, and those
// of the places behind it.
func (e *emitter) node(m *methodRoutes, n *node) {
	name := e.nodeName(m, n)
	at, end, path := jen.Id("at"), jen.Id("end"), jen.Id("path")
	var body []jen.Code
	if n.end != nil {
		body = append(body, jen.If(jen.Id("at").Op("==").Len(path.Clone())).Block(jen.Return(e.constant(n.end))))
	}
	var nodes []*node
	if len(n.literals) > 0 || len(n.wild) > 0 {
		body = append(body, jen.Id("end").Op(":=").Qual(sdkPath, "SegmentEnd").Call(path.Clone(), at.Clone()))
	}
	segment := jen.Id("path").Index(jen.Id("at").Op(":").Id("end"))
	// follow writes what a segment leads to, under a condition if there is one;
	// keep remembers the segment.
	follow := func(e2 *edge, cond *jen.Statement, keep []jen.Code) (list []jen.Code) {
		and := func(c *jen.Statement) *jen.Statement {
			if cond == nil {
				return c
			}
			return cond.Clone().Op("&&").Add(c)
		}
		if e2.leaf != nil {
			list = append(list, jen.If(and(end.Clone().Op("==").Len(path.Clone()))).Block(append(slices.Clone(keep), jen.Return(e.constant(e2.leaf)))...))
		}
		if e2.next != nil {
			nodes = append(nodes, e2.next)
			list = append(list, jen.If(and(end.Clone().Op("<").Len(path.Clone()))).Block(
				jen.If(jen.Id("r").Op(":=").Id("t").Dot(e.nodeName(m, e2.next)).Call(path.Clone(), end.Clone().Op("+").Lit(1)), jen.Id("r").Op("!=").Add(e.id("routeNotFound"))).Block(
					append(slices.Clone(keep), jen.Return(jen.Id("r")))...)))
		}
		return list
	}
	if len(n.literals) > 0 {
		var cases []jen.Code
		for _, text := range slices.Sorted(maps.Keys(n.literals)) {
			cases = append(cases, jen.Case(jen.Lit(text)).Block(follow(n.literals[text], nil, nil)...))
		}
		body = append(body, jen.Switch(jen.String().Parens(segment.Clone())).Block(cases...))
	}
	for _, w := range n.wild {
		keep := e.keep(w.segment)
		if w.segment.typ == nil {
			body = append(body, follow(w, end.Clone().Op(">").Add(at.Clone()), keep)...)
			continue
		}
		if w.segment.field == "" {
			body = append(body, jen.If(jen.List(jen.Id("_"), jen.Id("ok")).Op(":=").Add(e.parser(w.segment.kind(), nil)).Call(segment.Clone()), jen.Id("ok")).Block(follow(w, nil, keep)...))
			continue
		}
		keep = append([]jen.Code{jen.Id("t").Dot(w.segment.field).Op("=").Id("value")}, keep...)
		body = append(body, jen.If(jen.List(jen.Id("value"), jen.Id("ok")).Op(":=").Add(e.parser(w.segment.kind(), nil)).Call(segment.Clone()), jen.Id("ok")).Block(follow(w, nil, keep)...))
	}
	if n.rest != nil {
		s := n.rest.segments[len(n.rest.segments)-1]
		if s.text && s.field != "" {
			body = append(body, jen.List(jen.Id("t").Dot(s.field+"At"), jen.Id("t").Dot(s.field+"End")).Op("=").List(jen.Int32().Parens(jen.Id("at")), jen.Int32().Parens(jen.Len(jen.Id("path")))))
		}
		body = append(body, jen.Return(e.constant(n.rest)))
	} else {
		body = append(body, jen.Return(e.id("routeNotFound")))
	}
	e.file.Comment(fmt.Sprintf("// %s chooses among the routes of %s below %s/. The segment begins at at.", name, m.method, n.prefix))
	e.file.Func().Params(jen.Id("t").Op("*").Add(e.id("task"))).Id(name).Params(jen.Id("path").Index().Byte(), jen.Id("at").Int()).Uint16().Block(body...)
	e.file.Line()
	for _, next := range nodes {
		e.node(m, next)
	}
}

// keep writes that the text of a wildcard is remembered.
func (e *emitter) keep(s *segment) []jen.Code {
	if !s.text || s.field == "" {
		return nil
	}
	return []jen.Code{jen.List(jen.Id("t").Dot(s.field+"At"), jen.Id("t").Dot(s.field+"End")).Op("=").List(jen.Int32().Parens(jen.Id("at")), jen.Int32().Parens(jen.Id("end")))}
}

// allowed writes which methods a path has.
func (e *emitter) allowed() {
	body := []jen.Code{jen.Var().Id("allow").Qual(sdkPath, "Methods")}
	all := []jen.Code{jen.Qual(msgPath, "MethodOptions")}
	for _, m := range e.rt {
		if m.method == "OPTIONS" {
			continue
		}
		method := jen.Qual(msgPath, "Method"+verbOf(m.method))
		with := []jen.Code{method}
		if m.method == "GET" {
			with = append(with, jen.Qual(msgPath, "MethodHead"))
		}
		if m.method != "HEAD" || !e.hasMethod("GET") {
			all = append(all, with...)
		}
		var cond *jen.Statement
		if len(m.literals) > 0 {
			cond = e.id("literalRoute").Call(method, jen.Id("path")).Op("!=").Add(e.id("routeNotFound"))
		}
		if m.tree != nil {
			tree := jen.Id("t").Dot(e.nodeName(m, m.tree)).Call(jen.Id("path"), jen.Lit(1)).Op("!=").Add(e.id("routeNotFound"))
			if cond != nil {
				tree = cond.Op("||").Add(tree)
			}
			cond = tree
		}
		body = append(body, jen.If(cond).Block(jen.Id("allow").Op("=").Id("allow").Dot("With").Call(with...)))
	}
	star := jen.Id("allow").Dot("With").Call(all...)
	body = slices.Insert(body, 1, jen.Code(jen.If(e.notAPath()).Block(jen.Return(star))))
	body = append(body,
		jen.If(jen.Id("allow").Op("!=").Lit(0)).Block(jen.Id("allow").Op("=").Id("allow").Dot("With").Call(jen.Qual(msgPath, "MethodOptions"))),
		jen.Return(jen.Id("allow")))
	e.file.Add(comment("allowed returns the methods that path has, and all of the server for a target that", "is not a path: \"*\" of OPTIONS, and that of CONNECT."))
	e.file.Func().Params(jen.Id("t").Op("*").Add(e.id("task"))).Id("allowed").Params(jen.Id("path").Index().Byte()).Qual(sdkPath, "Methods").Block(body...)
	e.file.Line()
}
