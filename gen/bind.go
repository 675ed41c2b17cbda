package gen

import (
	"fmt"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// source says where an argument comes from.
type source uint8

const (
	fromFeature source = iota // the exchange
	fromContext               // the exchange's context
	fromValue                 // a function of Use
	fromService               // a parameter of the declaration
	fromPath                  // a wildcard
	fromQuery                 // sdk.Query
	fromHeader                // sdk.Header
	fromCookie                // sdk.Cookie
	fromStruct                // a struct with tags
	fromJSON                  // the content, decoded
	fromForm                  // the content, decoded; and its fields
	fromBytes                 // the content
	fromStream                // the content as it arrives
	fromOutcome               // the outcome of the exchange
	fromError                 // the error to answer
	fromPanic                 // the value of a panic
	fromResult                // what a handler returned
)

// An argument is what one parameter is given.
type argument struct {
	source  source
	typ     types.Type
	param   string
	value   *value
	service *service
	segment *segment
	kind    string // of a scalar
	key     string // of a query or a field
	elem    types.Type
	fields  []input
}

// takesContent reports whether the content of the request is read for it.
func (arg *argument) takesContent() bool {
	return arg.source == fromJSON || arg.source == fromForm || arg.source == fromBytes || arg.source == fromStream
}

// An input is one field of a struct with tags.
type input struct {
	field   string
	v       *types.Var // the field
	source  source
	key     string
	typ     types.Type // without the pointer
	kind    string
	pointer bool
	slice   bool   // typ is of its elements
	def     string // Go literal of the default; "" when there is none
	max     int64  // octets of a file; 0 when there is no limit of its own
	segment *segment
}

// A value is a result of a function of Use.
type value struct {
	typ   types.Type
	call  *call
	used  bool
	field string // of the task, when it crosses a phase
}

// A call is a function of a route at its place in the chain.
type call struct {
	step    *step // nil for the handler
	fn      *function
	args    []*argument
	results []*value
}

func (c *call) done() bool { return c.step != nil && c.step.kind == "Done" }

func (c *call) finish() bool { return c.step != nil && c.step.kind == "Finish" }

// later reports whether the call is one of a later phase: its line only notes
// that the exchange came past it.
func (c *call) later() bool { return c.done() || c.finish() }

// binding is how the functions of a route get what they take.
type binding struct {
	calls   []*call
	split   int // index of the first call that takes the content; -1: none
	streams bool
	reads   bool // a call streams the content in
	// trailers: a call takes the trailer section of the request.
	trailers bool
}

// binder binds the functions of a declaration.
type binder struct {
	app  *app
	decl *declaration
	// route is what is bound, nil for what answers 404 and 405.
	route *route
	name  string // "GET /users/{id}"
	// failed says that a parameter could not be bound.
	failed bool
}

// bind binds every route, and what answers where there is none.
func (a *app) bind(d *declaration) (none *binding) {
	for _, rt := range d.routes {
		b := &binder{app: a, decl: d, route: rt, name: rt.title()}
		b.checkLimits(rt)
		rt.binding = *b.chain(rt.steps, rt.handler)
		if rt.files != nil {
			b.filesOf(rt)
		}
		b.checkRoute(rt)
	}
	a.countLater(d)
	b := &binder{app: a, decl: d, name: "404 and 405"}
	none = b.chain(withoutLimits(d.server.steps), nil)
	for _, s := range d.scopes {
		if s.errors != nil {
			b.answerer(s.errors)
		}
		if s.recover != nil {
			b.answerer(s.recover)
		}
		if s.encode != nil {
			b.answerer(s.encode)
		}
		useless := func(pos token.Pos, after int, what string) {
			if s.routes > 0 && after == s.routes {
				a.report(pos, "use-after-routes", fmt.Sprintf("s.%s comes after every route of its group and applies to none", what),
					[]string{"it applies to what is declared below it"}, "move it above line "+fmt.Sprint(a.position(s.firstRoute(d)).Line))
			}
		}
		for _, st := range s.steps {
			useless(st.fn.use, st.after, fmt.Sprintf("%s(%s)", st.kind, b.source(st.fn)))
		}
		for _, f := range s.fails {
			useless(f.pos, f.after, "Fails")
		}
	}
	return none
}

// countLater checks that a task has a bit for each function of Finish and Done.
func (a *app) countLater(d *declaration) {
	const most = 64
	n := 0
	count := func(steps []*step) {
		for _, st := range steps {
			if st.kind == "Use" {
				continue
			}
			if n++; n == most+1 {
				a.report(st.fn.use, "too-many-functions", fmt.Sprintf("the declaration has more than %d of Finish, Done and Limit", most), nil, "let one function call several")
			}
		}
	}
	for _, s := range d.scopes {
		count(s.steps)
	}
	for _, rt := range d.routes {
		count(rt.ownLimits())
	}
}

// firstRoute returns where the first route of a scope is declared.
func (s *scope) firstRoute(d *declaration) token.Pos {
	for _, rt := range d.routes {
		if slices.Contains(rt.scope.chain(), s) {
			return rt.pathPos
		}
	}
	return s.lastPos
}

// chain binds the functions of Use, Finish and Done, and the handler.
func (b *binder) chain(steps []*step, handler *function) *binding {
	out := &binding{split: -1}
	var values []*value
	for _, st := range steps {
		c := &call{step: st, fn: st.fn}
		b.args(c, values, steps)
		for _, t := range st.fn.values {
			v := &value{typ: t, call: c}
			for _, old := range values {
				if types.Identical(old.typ, t) && st.kind == "Use" {
					b.app.report(st.fn.use, "two-producers", fmt.Sprintf("two functions provide %s for %s", article(b.app.typeName(t)), b.name),
						[]string{producer(b.app, old.call.fn), producer(b.app, st.fn)},
						fmt.Sprintf("give one its own type: type Other %s", b.app.typeName(t)))
				}
			}
			c.results = append(c.results, v)
			values = append(values, v)
		}
		if st.kind == "Done" && (len(st.fn.values) > 0 || st.fn.hasErr || st.fn.hasFlow) {
			b.app.report(st.fn.use, "signature-result", st.fn.name+" is a function of Done and returns something; the response has been sent", nil, "return nothing; log what goes wrong")
		}
		if st.kind == "Finish" && (len(st.fn.values) > 0 || st.fn.hasFlow) {
			b.app.report(st.fn.use, "signature-result", fmt.Sprintf("%s is a function of Finish and returns %s; nothing runs after it that could take a value", st.fn.name, b.app.typeName(st.fn.sig.Results())), nil, "return nothing, or an error that replaces the answer")
		}
		out.calls = append(out.calls, c)
	}
	if handler != nil {
		c := &call{fn: handler}
		b.args(c, values, steps)
		b.handlerResults(handler)
		for _, t := range handler.values {
			c.results = append(c.results, &value{typ: t, call: c, used: true})
		}
		out.calls = append(out.calls, c)
	}
	b.content(out)
	b.sections(out)
	b.crossings(out)
	return out
}

// crossings reports values that are used in a later phase than their own and
// contain a borrowed view, or have a type that the task cannot name.
func (b *binder) crossings(out *binding) {
	for i, c := range out.calls {
		for _, arg := range c.args {
			if arg.source != fromValue || !out.crosses(arg.value, i) {
				continue
			}
			if name := b.app.hidden(arg.value.typ); name != "" {
				b.hidden(arg.value.call.fn.use, fmt.Sprintf("%s returns %s, which is not exported and still used in a later phase, by %s", arg.value.call.fn.name, name, c.fn.name))
			}
			if isView(arg.value.typ, 3) {
				b.app.report(arg.value.call.fn.use, "view-crosses", fmt.Sprintf("%s of %s contains a msg.View and is still used in a later phase, by %s", b.app.typeName(arg.value.typ), arg.value.call.fn.name, c.fn.name),
					[]string{"a view is borrowed until the function that received it returns"}, "return a copy: view.String()")
			}
		}
	}
}

// crosses reports whether a value that call i takes was made in another phase.
func (out *binding) crosses(v *value, i int) bool {
	made := slices.Index(out.calls, v.call)
	return out.calls[i].later() || out.split >= 0 && made < out.split && i >= out.split
}

// refusesCodings reports whether the content has to be without a content coding:
// it is JSON or a form, which is read, and Decode is not declared. As octets it is
// the app's business.
func (rt *route) refusesCodings() bool {
	return rt.decode == nil && slices.ContainsFunc(rt.calls, func(c *call) bool {
		return slices.ContainsFunc(c.args, func(arg *argument) bool { return arg.source == fromJSON || arg.source == fromForm })
	})
}

// finishes reports whether a function of Finish is among the calls.
func (out *binding) finishes() bool { return slices.ContainsFunc(out.calls, (*call).finish) }

// producer returns a function of Use, at any place, that returns a t.
func (b *binder) producer(t types.Type) *step {
	for _, sc := range b.decl.scopes {
		for _, st := range sc.steps {
			if st.kind == "Use" && slices.ContainsFunc(st.fn.values, func(r types.Type) bool { return types.Identical(types.Unalias(r), t) }) {
				return st
			}
		}
	}
	return nil
}

func producer(a *app, fn *function) string {
	return fmt.Sprintf("%s  %s  (%s)", fn.name, a.at(fn.pos), a.at(fn.use))
}

// handlerResults checks the results of a handler.
func (b *binder) handlerResults(fn *function) {
	if len(fn.values) > 1 || fn.hasFlow || len(fn.values) == 1 && types.Identical(fn.values[0], types.Typ[types.Bool]) && fn.sig.Results().Len() == 2 {
		b.app.report(fn.use, "signature-result", fmt.Sprintf("%s returns %s; a handler returns nothing, error, a value, or a value and error",
			fn.name, b.app.typeName(fn.sig.Results())), []string{"declared at " + b.app.at(fn.pos)}, "return one struct, and an error such as sdk.ErrNotFound where there is none")
		return
	}
	if len(fn.values) == 0 {
		return
	}
	b.resultHasJSON(fn, b.route.scope)
	for p := range fn.sig.Params().Variables() {
		if streams(p.Type()) {
			b.app.report(fn.use, "signature-result", fmt.Sprintf("%s takes sdk.%s and returns a value to be sent", fn.name, feature(p.Type())), []string{"the response has one content"}, "write the value to the stream, or do not take it")
		}
	}
}

// resultHasJSON checks that the result of a function, if it has one, can be sent.
func (b *binder) resultHasJSON(fn *function, s *scope) {
	if len(fn.values) == 0 || s.encodes() != nil {
		return
	}
	if why := notJSON(fn.values[0], nil); why != "" {
		b.app.report(fn.use, "json-unsupported", fmt.Sprintf("%s returns %s, which has no JSON", fn.name, b.app.typeName(fn.values[0])), []string{why}, `return a type without it, or tag the field json:"-"`)
	}
}

// content finds out who takes the content of the request.
func (b *binder) content(out *binding) {
	var first *call
	for i, c := range out.calls {
		for _, arg := range c.args {
			reads := arg.takesContent()
			if arg.source == fromFeature && streams(arg.typ) {
				out.streams = true
			}
			if !reads {
				continue
			}
			if first != nil {
				b.app.report(c.fn.use, "two-bodies", fmt.Sprintf("two parameters of %s read the content", b.name),
					[]string{producer(b.app, first.fn), producer(b.app, c.fn)}, "let the first return what the second needs, or read the content in one of them only")
				continue
			}
			first = c
			if b.route == nil {
				b.app.report(c.fn.use, "server-use-reads-body", c.fn.name+" takes the content, but functions of the server run for every route, and for 404 and 405",
					[]string{"many of those requests have no content, and that of others would be read for nothing"}, "use it in s.Group, around the routes whose content it is for")
			}
			if arg.source == fromStream {
				out.reads = true
			} else {
				out.split = i
			}
		}
	}
}

// sections checks who takes what comes behind the content of the request, and
// before the end of the response.
func (b *binder) sections(out *binding) {
	reader := slices.IndexFunc(out.calls, func(c *call) bool { return slices.ContainsFunc(c.args, (*argument).takesContent) })
	for i, c := range out.calls {
		for _, arg := range c.args {
			if arg.source != fromFeature {
				continue
			}
			switch name := feature(arg.typ); name {
			case "RequestTrailers":
				out.trailers = true
				if reader < 0 || i < reader && !c.later() {
					b.trailersTooEarly(out, c, reader)
				}
			case "SendFile", "ResponseTrailers", "EarlyHints", "Reset":
				if c.done() {
					b.app.report(c.fn.use, "response-sent", fmt.Sprintf("%s is a function of Done and takes sdk.%s", c.fn.name, name),
						[]string{"the response has been sent when it runs"}, fmt.Sprintf("take sdk.%s in the handler, or in a function that is declared with s.Use", name))
				}
			}
		}
	}
}

// trailersTooEarly reports a call that takes the trailer section of the request
// when the content is not read. reader is the index of the call that reads it,
// or -1.
func (b *binder) trailersTooEarly(out *binding, c *call, reader int) {
	why := "the trailer section comes behind the content, which no function of " + b.name + " takes"
	fix := "take the content there too, as sdk.Bytes, sdk.JSON, sdk.Form or sdk.Body"
	switch {
	case c.step != nil && c.step.scope == b.decl.server:
		why = "functions of the server run for 404 and 405 too, where no function takes the content"
		fix = "use it in s.Group, for routes that take the content"
	case reader >= 0:
		after := out.calls[reader].fn
		why = fmt.Sprintf("the trailer section comes behind the content, which %s takes (%s)", after.name, b.app.at(after.use))
		fix = fmt.Sprintf("take sdk.RequestTrailers in %s, or behind it", after.name)
	}
	b.app.report(c.fn.use, "trailers-before-content", c.fn.name+" takes sdk.RequestTrailers before the content is read", []string{why}, fix)
}

// checkRoute checks what concerns a route as a whole.
func (b *binder) checkRoute(rt *route) {
	bodyless := rt.method == "GET" || rt.method == "HEAD" || rt.method == "DELETE"
	if bodyless && !rt.allowBody && (rt.split >= 0 || rt.reads) {
		b.app.report(rt.pathPos, "body-on-get", fmt.Sprintf("%s reads the content of the request", b.name),
			[]string{"clients and proxies drop the content of " + rt.method}, "use query parameters, s.Post, or s."+verbOf(rt.method)+"(…).AllowBody()")
	}
	if rt.onLoop && (rt.reads || rt.streams) {
		b.app.report(rt.pathPos, "stream-on-loop", fmt.Sprintf("%s streams, and is declared OnLoop", b.name),
			[]string{"a function that streams waits for the client, and would hold up every connection of its loop"}, "remove OnLoop, or take sdk.JSON, sdk.Bytes or sdk.Response instead")
	}
	if rt.decode != nil && rt.reads {
		b.app.report(rt.pathPos, "nothing-to-decode", fmt.Sprintf("%s takes the content as it arrives, and is declared Decode", b.name),
			[]string{fmt.Sprintf("Decode (%s) decodes content that was collected", b.app.at(rt.decode.pos))}, "take sdk.Bytes, sdk.JSON or sdk.Form, or declare the route where Decode is not")
	}
	b.finishes(rt)
	b.status(rt)
	var takes []string
	for _, s := range rt.wildcards() {
		if s.name == "_" || s.read || b.failed {
			continue // what could not be bound may have been meant to read it
		}
		for _, c := range rt.calls {
			if c.limits() {
				continue
			}
			takes = append(takes, fmt.Sprintf("%s has the parameters %s", c.fn.name, b.app.typeName(c.fn.sig.Params())))
		}
		reader := "a function of the route"
		if rt.handler != nil {
			reader = rt.handler.name
		}
		b.app.report(rt.pathPos, "unused-wildcard", fmt.Sprintf("nobody reads {%s} of %q", s.name, rt.path), takes,
			fmt.Sprintf("add %s string to %s, or write {_} if it is meant to be ignored", s.name, reader))
	}
}

// status checks what Status says of a route.
func (b *binder) status(rt *route) {
	bad := func(message, fix string) { b.app.report(rt.statusPos, "bad-status", message, nil, fix) }
	switch {
	case rt.status == 0:
	case rt.status < 200 || rt.status > 399:
		bad(fmt.Sprintf("%d is not the status code of a success", rt.status), "use a number from 200 to 399, and return an error for others")
	case rt.ready != nil:
		bad(fmt.Sprintf("the response of %s has its status already", b.name), fmt.Sprintf("write %d there", rt.status))
	case rt.streams:
		bad(fmt.Sprintf("%s streams: its status is sent before the handler returns", b.name), "set it in the handler: res.SetStatus(…)")
	case len(rt.handler.values) > 0 && (rt.status == 204 || rt.status == 205 || rt.status == 304):
		bad(fmt.Sprintf("%s returns a value, and a response with status %d has no content", rt.handler.name, rt.status), "use another status, or return nothing")
	}
}

// finishes checks that no function of Finish comes too late for its response.
func (b *binder) finishes(rt *route) {
	if !rt.streams {
		return
	}
	for _, c := range rt.calls {
		if !c.finish() {
			continue
		}
		var why []string
		for _, s := range rt.calls {
			if slices.ContainsFunc(s.args, func(arg *argument) bool { return arg.source == fromFeature && sendsEarly(arg.typ) }) {
				why = append(why, fmt.Sprintf("%s streams (%s); s.Finish(%s) at %s would run after the head was sent", s.fn.name, b.app.at(s.fn.pos), b.source(c.fn), b.app.at(c.fn.use)))
			}
		}
		if len(why) == 0 {
			return // a file is sent when they have run
		}
		b.app.report(rt.pathPos, "stream-and-finish", fmt.Sprintf("%s streams, so %s cannot change its response", b.name, c.fn.name), why,
			fmt.Sprintf("declare the route above s.Finish(%s) or outside its group, make it s.Done(%s), or take sdk.Response in the handler", b.source(c.fn), b.source(c.fn)))
		return // the others have the same cure
	}
}

func verbOf(method string) string { return method[:1] + strings.ToLower(method[1:]) }

// An answering is what a function of Errors, Recover or Encode has to be like.
type answering struct {
	takes       func(types.Type) bool
	from        source
	what, write string
	when, why   string
	fix         string
}

// answerings are the kinds, by the word that declares them.
var answerings = map[string]answering{
	"Errors": {
		isError, fromError, "answer errors", "(err error, res sdk.Response), without results or with a value",
		"an error is answered", "an error can come before any function of Use has run",
		"take the error, features such as sdk.Response, and services",
	},
	"Recover": {
		isAny, fromPanic, "answer panics", "(value any, res sdk.Response), without results",
		"a panic is answered", "any function of Use can have panicked",
		"take the value of the panic, an any, features such as sdk.Response, and services",
	},
	"Encode": {
		isAny, fromResult, "encode results", "(res sdk.Response, value any) error",
		"a result is encoded", "it encodes what many routes return, whose values differ",
		"take the result, an any, features such as sdk.Response, and services",
	},
}

// answerer binds a function of Errors, Recover or Encode.
func (b *binder) answerer(st *step) {
	is := answerings[st.kind]
	takesIt := false
	for p := range st.fn.sig.Params().Variables() {
		switch t := p.Type(); {
		case is.takes(t):
			takesIt = true
			st.args = append(st.args, &argument{source: is.from, typ: t})
		case isContext(t):
			st.args = append(st.args, &argument{source: fromContext, typ: t})
		case feature(t) != "" && !streams(t) && feature(t) != "RequestTrailers":
			b.declared(st.fn, p)
			st.args = append(st.args, &argument{source: fromFeature, typ: t})
		case st.fn.takes(t) != nil:
			st.args = append(st.args, &argument{source: fromService, typ: t, service: st.fn.takes(t)})
		default:
			b.app.report(b.posOf(st.fn, p), "no-producer", fmt.Sprintf("%s takes %s %s, which is not there when %s", st.fn.name, p.Name(), b.app.typeName(t), is.when),
				[]string{is.why}, is.fix)
		}
	}
	returns := st.fn.sig.Results().Len() > 0
	switch st.kind {
	case "Encode":
		returns = len(st.fn.values) > 0 || st.fn.hasFlow
	case "Errors":
		returns = len(st.fn.values) > 1 || st.fn.hasErr || st.fn.hasFlow
		b.resultHasJSON(st.fn, st.scope)
		if st.mediaType != "" && len(st.fn.values) == 0 {
			b.app.report(st.fn.use, "signature-result", st.fn.name+" returns nothing that could be "+st.mediaType, nil, "return a value, or leave out the media type and set Content-Type")
		}
	}
	if !takesIt || returns {
		b.app.report(st.fn.use, "signature-result", st.fn.name+" cannot "+is.what, nil, "write func "+st.fn.object.Name()+is.write)
	}
}

// posOf returns where a parameter of a function is declared, or, for one of a
// package whose lines alone are known, where the declaration names the function.
func (b *binder) posOf(fn *function, p *types.Var) token.Pos {
	for i := range fn.sig.Params().Len() {
		if fn.sig.Params().At(i) == p && b.app.exact(fn.source.Params().At(i).Pos()) {
			return fn.source.Params().At(i).Pos()
		}
	}
	return fn.use
}

// args binds the parameters of a call.
func (b *binder) args(c *call, values []*value, steps []*step) {
	for p := range c.fn.sig.Params().Variables() {
		arg := b.arg(c, p, values, steps)
		if arg == nil || c.later() && !b.late(c, p, arg) || b.hides(c.fn, arg, b.posOf(c.fn, p)) {
			b.failed = true
			continue
		}
		c.args = append(c.args, arg)
	}
}

// hides reports an argument that generated code makes of a type that it cannot
// write.
func (b *binder) hides(fn *function, arg *argument, pos token.Pos) bool {
	made := []types.Type{arg.typ}
	switch arg.source {
	case fromFeature, fromContext, fromValue, fromService, fromBytes, fromStream, fromOutcome, fromError, fromPanic, fromResult:
		return false
	case fromJSON, fromForm, fromStruct, fromPath, fromQuery, fromHeader, fromCookie:
	}
	for _, in := range arg.fields {
		made = append(made, in.typ)
	}
	for _, t := range made {
		if name := b.app.hidden(t); name != "" {
			b.hidden(pos, fmt.Sprintf("%s takes %s, which is not exported", fn.name, name))
			return true
		}
	}
	return false
}

// hidden reports a type of another package that generated code has to write.
func (b *binder) hidden(pos token.Pos, message string) {
	b.app.report(pos, "unexported-elsewhere", message, []string{fmt.Sprintf("%s, in package %s, has to name the type", outputName, b.app.pkg.Name)}, "export the type")
}

// late checks a parameter of a function of Finish or Done: where it cannot be
// read any more, or its absence could not be answered, a function of Use has to
// read it.
func (b *binder) late(c *call, p *types.Var, arg *argument) bool {
	what := ""
	switch arg.source {
	case fromQuery, fromHeader, fromCookie, fromStruct:
		what = "has to be answered when it does not parse"
	case fromJSON, fromForm, fromBytes, fromStream:
		what = "is read before the response is made"
	case fromPath:
		if arg.kind == "text" {
			what = "has to be answered when it does not parse"
		}
	case fromFeature:
		if c.finish() && sendsEarly(arg.typ) {
			what = "would send the head that s.Finish is there to change"
		}
	case fromContext, fromValue, fromService, fromOutcome, fromError, fromPanic, fromResult:
	}
	if what == "" {
		return true
	}
	b.app.report(b.posOf(c.fn, p), "no-producer", fmt.Sprintf("%s, a function of %s, takes %s, which %s", c.fn.name, c.step.kind, b.app.typeName(p.Type()), what),
		[]string{"it runs when the handler has returned, or failed"}, "let a function of Use take it and return it as a value")
	return false
}

// declared checks that the server declares what offers a feature.
func (b *binder) declared(fn *function, p *types.Var) {
	name := feature(p.Type())
	var what, word string
	switch {
	case name == "TLS" && !b.decl.tls:
		what, word = "TLS", "s.TLS()"
	case name == "Reset" && !b.decl.http2:
		what, word = "HTTP/2", "s.HTTP2()"
	default:
		return
	}
	b.app.report(b.posOf(fn, p), "feature-not-declared", fn.name+" takes sdk."+name+", but the server does not declare "+what, nil,
		"add "+word+" in "+b.app.declare.Name.Name+" ("+b.app.at(b.decl.pos)+")")
}

// arg binds one parameter by its type alone.
func (b *binder) arg(c *call, p *types.Var, values []*value, steps []*step) *argument {
	t := p.Type()
	arg := &argument{typ: t, param: p.Name()}
	elem, kind := optional(t)
	switch {
	case feature(t) != "":
		b.declared(c.fn, p)
		arg.source = fromFeature
		return arg
	case isContext(t):
		arg.source = fromContext
		return arg
	case jsonOf(t) != nil:
		arg.source, arg.elem = fromJSON, jsonOf(t)
		if why := notJSON(arg.elem, nil); why != "" {
			b.app.report(b.posOf(c.fn, p), "json-unsupported", fmt.Sprintf("%s of %s is %s, which has no JSON", p.Name(), c.fn.name, b.app.typeName(arg.elem)), []string{why}, `use a type without it, or tag the field json:"-"`)
		}
		return arg
	case formOf(t) != nil:
		return b.form(c, arg, p)
	case isNamed(t, sdkPath, "Bytes"):
		arg.source = fromBytes
		return arg
	case isNamed(t, sdkPath, "Body"):
		arg.source = fromStream
		return arg
	case isNamed(t, sdkPath, "Outcome"):
		if !c.done() {
			b.app.report(b.posOf(c.fn, p), "no-producer", c.fn.name+" takes sdk.Outcome, which is not known before the response was sent", nil, "declare it with s.Done")
			return nil
		}
		arg.source = fromOutcome
		return arg
	case isError(t) && c.finish():
		arg.source = fromError
		return arg
	case kind != "":
		return b.optional(c, arg, p, elem, kind)
	}
	return b.value(c, arg, p, values, steps)
}

// places names where an optional value comes from, in errors and in answers.
var places = map[source]struct{ tag, in, answer string }{
	fromPath:   {"path", "the path", ""},
	fromQuery:  {"query", "the query", "query"},
	fromHeader: {"header", "a field", "field"},
	fromCookie: {"cookie", "a cookie", "cookie"},
	fromForm:   {"form", "a form", "form field"},
}

// optional binds sdk.Query[T], sdk.Header[T] and sdk.Cookie[T].
func (b *binder) optional(c *call, arg *argument, p *types.Var, elem types.Type, kind string) *argument {
	arg.elem, arg.kind = elem, scalar(elem)
	arg.source, arg.key = fromQuery, arg.param
	switch kind {
	case "Header":
		arg.source, arg.key = fromHeader, headerName(arg.param)
	case "Cookie":
		arg.source = fromCookie
	}
	if arg.kind == "" {
		b.unsupported(b.posOf(c.fn, p), arg.param, c.fn.name, elem, places[arg.source].in)
		return nil
	}
	if arg.param == "" || arg.param == "_" {
		b.app.report(b.posOf(c.fn, p), "unnamed-parameter", fmt.Sprintf("a parameter of %s is sdk.%s and has no name", c.fn.name, kind), []string{"the name is the key"}, "name it")
		return nil
	}
	return arg
}

// value binds what is none of the fixed types: values, services, structs and
// path wildcards.
func (b *binder) value(c *call, arg *argument, p *types.Var, values []*value, steps []*step) *argument {
	t := types.Unalias(arg.typ)
	var found *value
	for _, v := range values {
		if types.Identical(types.Unalias(v.typ), t) {
			found = v
		}
	}
	svc := c.fn.takes(t)
	segment := b.wildcard(p.Name())
	ambiguous := segment != nil && scalar(t) != "" && (c.step == nil || c.step.scope != b.decl.server) // the server's functions read no path
	switch {
	case ambiguous && (found != nil || svc != nil):
		from := "the service " + b.app.typeName(t)
		if found != nil {
			from = found.call.fn.name + " returns " + article(b.app.typeName(t)) + " (" + b.app.at(found.call.fn.use) + ")"
		}
		b.app.report(b.posOf(c.fn, p), "two-sources", fmt.Sprintf("%s of %s could come from two places", p.Name(), c.fn.name),
			[]string{fmt.Sprintf("the path %q has {%s} (%s), and %s", b.route.path, p.Name(), b.app.at(b.route.pathPos), from)},
			"rename the parameter if you want the value, or give it the type string if you want the path's text")
		return nil
	case found != nil:
		if svc != nil {
			b.twoProducers(c.fn, p, fmt.Sprintf("%s  returns one  (%s)", found.call.fn.name, b.app.at(found.call.fn.use)), svc.line(b.app))
		}
		found.used = true
		arg.source, arg.value = fromValue, found
		return arg
	case svc != nil:
		if other := b.decl.twin(svc); other != nil {
			b.twoProducers(c.fn, p, svc.line(b.app), other.line(b.app))
		}
		arg.source, arg.service = fromService, svc
		return arg
	}
	if st, ok := t.Underlying().(*types.Struct); ok && scalar(t) == "" && b.producer(t) == nil {
		return b.structure(c, arg, p, st)
	}
	return b.path(c, arg, p, segment, steps)
}

// twoProducers reports a parameter whose value two things provide, a line each.
func (b *binder) twoProducers(fn *function, p *types.Var, lines ...string) {
	name := b.app.typeName(p.Type())
	b.app.report(b.posOf(fn, p), "two-producers", fmt.Sprintf("%s takes %s, and there are two", fn.name, article(name)), lines,
		"give one its own type, such as type Other struct{ "+name+" }")
}

// line says what a service is.
func (s *service) line(a *app) string {
	return fmt.Sprintf("%s  is a service  (%s)", s.name, a.at(s.pos))
}

// twin returns the other parameter of the declaration with the type of s.
func (d *declaration) twin(s *service) *service {
	for _, other := range d.services {
		if other != s && types.Identical(types.Unalias(other.typ), types.Unalias(s.typ)) {
			return other
		}
	}
	return nil
}

func (b *binder) wildcard(name string) *segment {
	if b.route == nil || name == "_" || name == "" {
		return nil
	}
	for _, s := range b.route.segments {
		if s.name == name {
			return s
		}
	}
	return nil
}

// path binds a wildcard.
func (b *binder) path(c *call, arg *argument, p *types.Var, s *segment, steps []*step) *argument {
	kind := scalar(arg.typ)
	if s == nil {
		b.unbound(c, p, kind, steps)
		return nil
	}
	if kind == "" || s.rest && kind != "string" && kind != "view" {
		from := "the path segment {" + s.name + "}"
		if s.rest && kind != "" {
			from = "{" + s.name + "...}, which can be several segments"
		}
		b.unsupported(b.posOf(c.fn, p), p.Name(), c.fn.name, arg.typ, from)
		return nil
	}
	b.read(s, arg.typ, kind)
	arg.source, arg.segment, arg.kind = fromPath, s, kind
	return arg
}

// read notes that a wildcard is read as t.
func (b *binder) read(s *segment, t types.Type, kind string) {
	s.read = true
	if isText(kind) {
		s.text = true
	}
	if !isText(kind) && (s.typ == nil || rank(kind) < rank(scalar(s.typ))) {
		s.typ = t
	}
}

// unbound reports a parameter that nothing provides.
func (b *binder) unbound(c *call, p *types.Var, kind string, steps []*step) {
	a := b.app
	t := a.typeName(p.Type())
	pos := b.posOf(c.fn, p)
	if b.decl.partial {
		return // a function that could not be resolved may provide it
	}
	if kind != "" && p.Name() != "" && p.Name() != "_" {
		b.unboundScalar(c, p, pos, t)
		return
	}
	var why []string
	var runs []string
	for _, st := range steps {
		if st.kind == "Use" && st.fn != c.fn {
			runs = append(runs, st.fn.name)
		}
	}
	why = append(why, fmt.Sprintf("%s runs: %s   (%s)", b.name, strings.Join(append(runs, c.fn.name), ", "), a.at(c.fn.use)))
	fix := fmt.Sprintf("declare a function that returns %s with s.Use before it, or make it a parameter of %s", article(t), a.declare.Name.Name)
	if st := b.producer(types.Unalias(p.Type())); st != nil && st.fn != c.fn {
		why = append(why, fmt.Sprintf("%s returns %s, but it does not run before this (%s)", st.fn.name, article(t), a.at(st.fn.use)))
		fix = fmt.Sprintf("move s.Use(%s) above line %d, or into the group that has the route", b.source(st.fn), a.position(c.fn.use).Line)
	}
	a.report(pos, "no-producer", fmt.Sprintf("%s needs %s, but nothing before it provides one", c.fn.name, article(t)), append(why, b.table(c)...), fix)
}

// nearWildcard says which wildcard was probably meant by the key of a tag.
func (b *binder) nearWildcard(key string) (fix string) {
	var names []string
	if b.route != nil {
		for _, s := range b.route.wildcards() {
			names = append(names, s.name)
		}
	}
	if n := Near(key, names); n != "" {
		return fmt.Sprintf("did you mean path:%q?", n)
	}
	return "name a wildcard of the path in the tag"
}

// unboundScalar reports a parameter that could come from the path, and does
// not.
func (b *binder) unboundScalar(c *call, p *types.Var, pos token.Pos, t string) {
	a := b.app
	switch {
	case c.step != nil && c.step.scope == b.decl.server:
		a.report(pos, "server-use-reads-path", fmt.Sprintf("%s reads {%s}, but functions of the server run for every route, and for 404 and 405", c.fn.name, p.Name()),
			[]string{"it is used at " + a.at(c.fn.use)}, "use it in s.Group, or take sdk.Outcome in s.Done where the route is known")
		return
	case c.step != nil:
		a.report(pos, "wildcard-out-of-scope", fmt.Sprintf("%s reads {%s}, but not every route that it runs for has it", c.fn.name, p.Name()),
			[]string{fmt.Sprintf("%s is used by the group at %s; without {%s}: %s", c.fn.name, a.at(c.step.scope.pos), p.Name(), b.without(c.step, p.Name()))},
			fmt.Sprintf("move s.%s(%s) into a group whose prefix has {%s}", c.step.kind, b.source(c.fn), p.Name()))
		return
	}
	has := "the path has no wildcard"
	var names []string
	for _, s := range b.route.wildcards() {
		names = append(names, s.name)
	}
	fix := fmt.Sprintf("put {%s} into the path, or read the query with %s sdk.Query[%s]", p.Name(), p.Name(), t)
	if len(names) > 0 {
		has = "the path has {" + strings.Join(names, "}, {") + "}"
		n := Near(p.Name(), names)
		if n == "" {
			n = names[0]
		}
		fix = fmt.Sprintf("rename the parameter to %s, or read the query with %s sdk.Query[%s]", n, p.Name(), t)
	}
	a.report(pos, "not-a-wildcard", fmt.Sprintf("parameter %s of %s is not in the path %q", p.Name(), c.fn.name, b.route.path),
		append([]string{article(t) + " can only come from the path; " + has}, b.table(c)...), fix)
}

// source returns how a declaration names a function.
func (b *binder) source(fn *function) string {
	switch {
	case fn.object == nil: // of Limit
		return fn.method
	case fn.service != nil:
		return fn.service.name + "." + fn.method
	case fn.object.Pkg() != b.app.pkg.Types:
		return fn.object.Pkg().Name() + "." + fn.object.Name()
	}
	return fn.object.Name()
}

// without lists the routes that a step applies to and that lack a wildcard.
func (b *binder) without(st *step, name string) string {
	var list []string
	for _, rt := range b.decl.routes {
		if slices.Contains(rt.steps, st) && !slices.ContainsFunc(rt.segments, func(s *segment) bool { return s.name == name }) {
			list = append(list, fmt.Sprintf("%s (%s)", rt.title(), b.app.at(rt.pathPos)))
		}
	}
	const most = 3
	if len(list) > most {
		list = append(list[:most], fmt.Sprintf("and %d more", len(list)-most))
	}
	return strings.Join(list, ", ")
}

// table shows where each parameter of a function comes from.
func (b *binder) table(c *call) (lines []string) {
	lines = append(lines, "parameters of "+c.fn.name+" ("+b.app.at(c.fn.pos)+"):")
	for p := range c.fn.sig.Params().Variables() {
		from := "?"
		switch t := p.Type(); {
		case feature(t) != "" || isContext(t):
			from = "feature"
		case jsonOf(t) != nil || formOf(t) != nil || isNamed(t, sdkPath, "Bytes") || isNamed(t, sdkPath, "Body"):
			from = "content"
		case c.fn.takes(t) != nil:
			from = "service"
		case b.wildcard(p.Name()) != nil:
			from = "path"
		}
		if _, kind := optional(p.Type()); kind != "" {
			from = strings.ToLower(kind)
		}
		for _, arg := range c.args {
			if arg.param == p.Name() && arg.source == fromValue {
				from = arg.value.call.fn.name
			}
		}
		lines = append(lines, fmt.Sprintf("  %-10s %-24s %s", p.Name(), b.app.typeName(p.Type()), from))
	}
	return lines
}

// unsupported reports a type that no text can be read as. what is the name of
// the parameter or field.
func (b *binder) unsupported(pos token.Pos, what, of string, t types.Type, from string) {
	name := b.app.typeName(t)
	fix := "make it a string, or a type of your own with UnmarshalText"
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() == b.app.pkg.Types {
		fix = fmt.Sprintf("add func (v *%s) UnmarshalText(text []byte) error, or make it a string", name)
	} else if scalar(t) != "" {
		fix = "make it a string"
	}
	b.app.report(pos, "unsupported-path-type", fmt.Sprintf("%s of %s has type %s, which cannot be read from %s", what, of, name, from),
		[]string{"supported: string, bool, integers, floats, types based on those, types with UnmarshalText([]byte) error, msg.View"}, fix)
}

// article puts the indefinite article before the name of a type.
func article(name string) string {
	if strings.ContainsAny(name[:1], "aeioAEIO") {
		return "an " + name
	}
	return "a " + name
}

// structure binds a struct whose fields carry tags.
func (b *binder) structure(c *call, arg *argument, p *types.Var, st *types.Struct) *argument {
	arg.source = fromStruct
	tagged, untagged := b.fields(c, arg, arg.typ, st, fromPath, fromQuery, fromHeader, fromCookie)
	if len(tagged) == 0 {
		b.unboundStruct(c, arg, p, st)
		return nil
	}
	b.mixedTags(c, arg.typ, tagged[0], untagged, "query")
	return arg
}

// form binds sdk.Form[T].
func (b *binder) form(c *call, arg *argument, p *types.Var) *argument {
	arg.source, arg.elem = fromForm, formOf(p.Type())
	name := b.app.typeName(arg.elem)
	st, ok := arg.elem.Underlying().(*types.Struct)
	if !ok {
		b.app.report(b.posOf(c.fn, p), "form-unsupported", fmt.Sprintf("%s of %s is %s, which is no struct", p.Name(), c.fn.name, name), nil,
			"declare a struct whose fields carry form tags: Name string `form:\"name\"`")
		return nil
	}
	tagged, untagged := b.fields(c, arg, arg.elem, st, fromForm)
	if len(tagged) == 0 {
		b.app.report(b.posOf(c.fn, p), "form-unsupported", fmt.Sprintf("%s of %s is %s, which has no field with a form tag", p.Name(), c.fn.name, name), nil,
			"tag its fields: Name string `form:\"name\"`")
		return nil
	}
	b.mixedTags(c, arg.elem, tagged[0], untagged, "form")
	return arg
}

// fields binds the fields of a struct with the tags of from. tagged are those
// that have exactly one of them.
func (b *binder) fields(c *call, arg *argument, t types.Type, st *types.Struct, from ...source) (tagged, untagged []*types.Var) {
	a := b.app
	for i := range st.NumFields() {
		f := st.Field(i)
		if !f.Exported() {
			continue
		}
		tag := reflect.StructTag(st.Tag(i))
		in := input{field: f.Name(), v: f, typ: f.Type()}
		n := 0
		for _, s := range from {
			if key, ok := tag.Lookup(places[s].tag); ok {
				in.source, in.key = s, key
				n++
			}
		}
		if n != 1 {
			untagged = append(untagged, f)
			continue
		}
		tagged = append(tagged, f)
		if p, ok := f.Type().(*types.Pointer); ok {
			in.pointer, in.typ = true, p.Elem()
		}
		if elem := repeated(f.Type()); elem != nil && (in.source == fromQuery || in.source == fromForm) {
			in.slice, in.typ = true, elem
		}
		in.kind = scalar(in.typ)
		if in.source == fromForm && isNamed(in.typ, sdkPath, "File") {
			in.kind = "file"
		}
		if in.kind == "" {
			b.unsupported(b.fieldPos(c, f), "field "+f.Name(), a.typeName(t), f.Type(), places[in.source].in)
			continue
		}
		if in.source == fromPath {
			if in.segment = b.wildcard(in.key); in.segment == nil {
				a.report(b.fieldPos(c, f), "not-a-wildcard", fmt.Sprintf("field %s of %s is path:%q, and %s has no {%s}", f.Name(), a.typeName(t), in.key, b.name, in.key), nil, b.nearWildcard(in.key))
				continue
			}
			b.read(in.segment, in.typ, in.kind)
		}
		if def, ok := tag.Lookup("default"); ok {
			if in.def = literal(def, in.kind); in.def == "" || in.slice {
				a.report(b.fieldPos(c, f), "tag-default-invalid", fmt.Sprintf("field %s of %s has default:%q, which is not of type %s", f.Name(), a.typeName(t), def, a.typeName(f.Type())), nil, "write a default of that type, or make the field a pointer, which is nil when nothing is sent")
			}
		}
		if text, ok := tag.Lookup("max"); ok && in.source == fromForm {
			var err error
			if in.max, err = strconv.ParseInt(text, 10, 64); err != nil || in.max <= 0 || in.kind != "file" {
				a.report(b.fieldPos(c, f), "tag-max-invalid", fmt.Sprintf("field %s of %s has max:%q", f.Name(), a.typeName(t), text), []string{"max is the most octets of a file, of a field of type sdk.File or []sdk.File"}, "write a positive number there, or remove the tag")
			}
		}
		arg.fields = append(arg.fields, in)
	}
	return tagged, untagged
}

// unboundStruct reports a struct that nothing provides and whose fields do not
// say where they come from.
func (b *binder) unboundStruct(c *call, arg *argument, p *types.Var, st *types.Struct) {
	a := b.app
	t := a.typeName(arg.typ)
	if b.decl.partial {
		return
	}
	if s := b.wildcard(p.Name()); s != nil {
		b.unsupported(b.posOf(c.fn, p), p.Name(), c.fn.name, arg.typ, fmt.Sprintf("the path segment %s", s))
		return
	}
	fix := fmt.Sprintf("for a JSON body write %s sdk.JSON[%s]; for query parameters tag the fields: Name string `query:\"name\"`", arg.param, t)
	for i := range st.NumFields() {
		if _, ok := reflect.StructTag(st.Tag(i)).Lookup("form"); ok {
			fix = fmt.Sprintf("for a form write %s sdk.Form[%s]", arg.param, t)
		}
	}
	before := fmt.Sprintf("no function of Use before %s returns a %s, and its fields have no path, query, header or cookie tags", b.name, t)
	a.report(b.posOf(c.fn, p), "unbound-struct", fmt.Sprintf("where should %s (%s) of %s come from?", arg.param, t, c.fn.name), append([]string{before}, b.table(c)...), fix)
}

// mixedTags reports the fields of a struct that have no tag, where tagged has
// one.
func (b *binder) mixedTags(c *call, t types.Type, tagged *types.Var, untagged []*types.Var, tag string) {
	for _, f := range untagged {
		b.app.report(b.fieldPos(c, f), "mixed-tags", fmt.Sprintf("field %s of %s has no tag that says where it comes from, or several; the others have one", f.Name(), b.app.typeName(t)),
			[]string{fmt.Sprintf("%s has one (%s)", tagged.Name(), b.app.at(tagged.Pos()))}, fmt.Sprintf("add `%s:%q`, or unexport the field", tag, strings.ToLower(f.Name())))
	}
}

// repeated returns the type of the elements of a slice that has a value for each
// time a key was sent; nil where a type is not read like that.
func repeated(t types.Type) types.Type {
	s, ok := t.Underlying().(*types.Slice)
	if !ok || unmarshalsText(t) || types.Identical(s.Elem(), types.Typ[types.Byte]) {
		return nil
	}
	return s.Elem()
}

// fieldPos returns where a field of an input struct is declared, as posOf does
// for parameters.
func (b *binder) fieldPos(c *call, f *types.Var) token.Pos {
	if f.Pkg() != b.app.pkg.Types {
		return c.fn.use
	}
	return f.Pos()
}

// notJSON says why a type has no JSON, or nothing.
func notJSON(t types.Type, seen []types.Type) string {
	if slices.ContainsFunc(seen, func(s types.Type) bool { return types.Identical(s, t) }) {
		return ""
	}
	seen = append(seen, t)
	if has(t, "MarshalJSON") || has(t, "MarshalText") {
		return ""
	}
	switch u := t.Underlying().(type) {
	case *types.Chan, *types.Signature:
		return fmt.Sprintf("%s has no JSON", types.TypeString(t, (*types.Package).Name))
	case *types.Basic:
		if u.Info()&types.IsComplex != 0 || u.Kind() == types.UnsafePointer {
			return u.Name() + " has no JSON"
		}
	case *types.Pointer:
		return notJSON(u.Elem(), seen)
	case *types.Slice:
		return notJSON(u.Elem(), seen)
	case *types.Array:
		return notJSON(u.Elem(), seen)
	case *types.Map:
		return notJSON(u.Elem(), seen)
	case *types.Struct:
		for i := range u.NumFields() {
			f := u.Field(i)
			if !f.Exported() || strings.HasPrefix(reflect.StructTag(u.Tag(i)).Get("json"), "-") {
				continue
			}
			if why := notJSON(f.Type(), seen); why != "" {
				return "field " + f.Name() + ": " + why
			}
		}
	}
	return ""
}

func has(t types.Type, method string) bool {
	obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(t), true, nil, method)
	_, ok := obj.(*types.Func)
	return ok
}
