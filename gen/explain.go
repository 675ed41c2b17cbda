package gen

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// An Explanation says what answers a request, and why: what windhover explain
// prints.
type Explanation struct {
	// Request is the method, host and path that were asked for.
	Request string `json:"request"`
	// Status is the status of the answer where no route is chosen, and 0 where
	// one is. Answer says what that is, in words.
	Status int    `json:"status,omitempty"`
	Answer string `json:"answer"`
	// Route is the title of the route that is chosen, and Pos where it is
	// declared.
	Route string `json:"route,omitempty"`
	Pos   string `json:"pos,omitempty"`
	// Candidates are the routes that were considered, in the order in which they
	// are tried; Near are some with a path that is not much different, where there
	// is none.
	Candidates []Candidate `json:"candidates"`
	Near       []Candidate `json:"near,omitempty"`
	// Place says where the functions run.
	Place string `json:"place"`
	// Steps are the functions, in the order in which they run.
	Steps []Step `json:"steps"`
	// Kept are the fields of the task: what crosses from one phase to another.
	Kept []string `json:"kept,omitempty"`
	// Answers say what answers errors and panics, and what writes the result.
	Answers []Answer `json:"answers,omitempty"`
	// Limits hold for the request.
	Limits []string `json:"limits,omitempty"`
	// Allocations are what generated code and the SDK allocate for the request;
	// what the functions allocate themselves is not known.
	Allocations []Allocation `json:"allocations"`
}

// A Candidate is a route that was considered.
type Candidate struct {
	Route  string `json:"route"`
	Pos    string `json:"pos"`
	Chosen bool   `json:"chosen,omitempty"`
	// Why says why it was chosen, or not.
	Why string `json:"why,omitempty"`
}

// A Step is a function that runs, or what the server does between two.
type Step struct {
	// Kind is the word that declares the function ("Use", "Finish", "Done"),
	// "handler", or "" for what the server does.
	Kind string `json:"kind,omitempty"`
	// Name is the function, Pos where it is declared, and Use where the
	// declaration names it.
	Name string `json:"name,omitempty"`
	Pos  string `json:"pos,omitempty"`
	Use  string `json:"use,omitempty"`
	// Takes are its parameters and where they come from; Makes are its results and
	// what takes them.
	Takes []string `json:"takes,omitempty"`
	Makes []string `json:"makes,omitempty"`
	// Notes say what else is to know.
	Notes []string `json:"notes,omitempty"`
}

// An Answer is a function that answers.
type Answer struct {
	For  string `json:"for"`
	Name string `json:"name"`
	Pos  string `json:"pos,omitempty"`
}

// An Allocation is memory that is allocated for a request.
type Allocation struct {
	// Least and Most bound how often it is; Most is -1 where the content decides.
	Least int `json:"least"`
	Most  int `json:"most"`
	// Why says what needs it.
	Why string `json:"why"`
}

// explainer writes one explanation.
type explainer struct {
	*analysis
	*Explanation
	names *emitter
	query url.Values
	choice
	method string
}

// Explain reads the app in dir and says what answers a request with a method for
// a target: a path, with a query if there is one. host may be empty.
func Explain(dir, method, host, target string) (*Explanation, error) {
	a, err := analyze(dir)
	if err != nil {
		return nil, err
	}
	path, query, _ := strings.Cut(target, "?")
	name, _, _ := strings.Cut(strings.ToLower(host), ":")
	x := &explainer{
		analysis: a, Explanation: &Explanation{Request: method + " " + host + target}, method: method,
		names:  a.newEmitter(a.decl, a.none, a.tree, a.urls),
		choice: a.tree.choose(a.decl, method, name, path),
	}
	x.query, _ = url.ParseQuery(query) // what is malformed is as if it were not there
	x.candidates(name)
	if x.route != nil {
		x.explainRoute(x.route)
	} else {
		x.explainNone(name)
	}
	return x.Explanation, nil
}

// routePos returns where a route is declared.
func (x *explainer) routePos(rt *route) string { return x.at(rt.pathPos) }

// candidates fills in the routes that were considered.
func (x *explainer) candidates(host string) {
	for _, f := range x.decl.fits(host, x.segments) {
		rt := f.route
		c := Candidate{Route: rt.title(), Pos: x.routePos(rt), Chosen: rt == x.route}
		var answers []string
		for _, l := range x.leavesOf(rt) {
			answers = append(answers, l.methods(rt)...)
		}
		switch {
		case c.Chosen:
			c.Why = x.whyChosen(rt)
		case !f.host:
			c.Why = fmt.Sprintf("is for the host %s alone", rt.host)
		case f.bad >= 0:
			s := rt.segments[f.bad]
			c.Why = fmt.Sprintf("%q is not %s, which {%s} has to be", plain(x.segments[f.bad]), article(s.kind()), s.name)
		case !slices.Contains(answers, x.method):
			c.Why = "answers " + strings.Join(answers, " and ") + ", not " + x.method
		default:
			_, why := order(x.route, rt)
			if why == "" {
				why = "the route of " + x.route.method + " has the same path, and answers " + x.method
			}
			c.Why = "comes later: " + why
		}
		x.Candidates = append(x.Candidates, c)
	}
}

// leavesOf returns the leaf that a route belongs to.
func (x *explainer) leavesOf(rt *route) (list []*leaf) {
	for _, h := range x.tree.hosts {
		if h.host == rt.host {
			h.root.visit(x.segments, true, func(l *leaf) bool {
				if slices.Contains(l.routes, rt) {
					list = append(list, l)
				}
				return false
			})
		}
	}
	return list
}

// whyChosen says what the wildcards of the chosen route are.
func (x *explainer) whyChosen(rt *route) string {
	var parts []string
	for i, s := range rt.segments {
		if s.wildcard() {
			text := plain(x.segments[i])
			if s.rest {
				text = plain(strings.Join(x.segments[i:], "/"))
			}
			what := fmt.Sprintf("%s is %q", s, text)
			if s.typ != nil {
				what += ", " + article(s.kind())
			}
			parts = append(parts, what)
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "every segment is literal")
	}
	if x.method == "HEAD" && rt.method == "GET" {
		parts = append(parts, "GET answers HEAD too")
	}
	return "chosen: " + strings.Join(parts, "; ")
}

// plain returns a segment, or several, without escapes.
func plain(segment string) string {
	return strings.NewReplacer("%2F", "/", "%25", "%").Replace(segment)
}

// explainRoute says what a route does.
func (x *explainer) explainRoute(rt *route) {
	x.Route, x.Pos = rt.title(), x.routePos(rt)
	x.Answer = "is answered by " + x.Route
	switch {
	case rt.isKnown():
		x.Place = "on the event loop: the response is ready-made, and no function runs"
	case rt.onLoop:
		x.Place = "on the event loop"
	default:
		x.Place = "on a goroutine of the pool"
	}
	x.steps(&rt.binding, func() {
		x.stages(rt)
		switch {
		case rt.ready != nil:
			x.server(fmt.Sprintf("%d, %s: known when the pipeline is generated", rt.ready.status, rt.ready.mediaType))
		case rt.files != nil:
			x.server("a file of " + rt.files.text + " is sent, or a part of it; 404 where there is none")
		case x.method == "HEAD":
			x.server("the response is sent, without its content")
		case rt.streams:
			x.server("the response has been sent while the handler ran")
		default:
			x.server("the response is sent")
		}
	})
	x.keeps(rt)
	if len(rt.calls) > 0 {
		x.answerers(rt)
	}
	x.limits(rt)
	x.allocations(&rt.binding, rt.decode)
	x.results(rt)
	if rt.files != nil && !rt.onLoop {
		x.allocates(0, byContent, "what the system tells of a file, and what is read of it")
	}
}

// stages adds what changes the response of a route before it is sent.
func (x *explainer) stages(rt *route) {
	if st := rt.etag; st != nil && rt.ready == nil && !rt.streams {
		x.server(fmt.Sprintf("ETag (%s): a response of GET gets an entity tag; 304 and 412 where the request asks for them", x.at(st.pos)))
	}
	if st := rt.compress; st != nil && rt.ready == nil {
		x.server(fmt.Sprintf("Compress (%s): content is encoded as %s where the client accepts it", x.at(st.pos), strings.Join(st.codings, " or ")))
	}
}

// server adds what the server does to the steps.
func (x *explainer) server(what string) { x.Steps = append(x.Steps, Step{Notes: []string{what}}) }

// steps fills in the functions. sent adds what the server does in between.
func (x *explainer) steps(b *binding, sent func()) {
	for i, c := range b.calls {
		if i == b.split {
			x.server("the content is read as a whole; until here it has not been asked for")
		}
		s := x.step(b, c)
		if c.later() {
			s.Takes, s.Notes = nil, []string{"from here on it will run, at its place below"}
		}
		x.Steps = append(x.Steps, s)
	}
	for _, kind := range []string{"Finish", "Done"} {
		if kind == "Done" {
			sent()
		}
		for _, c := range slices.Backward(b.calls) {
			if c.step != nil && c.step.kind == kind {
				x.Steps = append(x.Steps, x.step(b, c))
			}
		}
	}
}

// step describes a function.
func (x *explainer) step(b *binding, c *call) Step {
	s := Step{Kind: "handler", Name: c.fn.name, Pos: x.at(c.fn.pos), Use: x.at(c.fn.use)}
	if c.step != nil {
		s.Kind = c.step.kind
	}
	for _, arg := range c.args {
		s.Takes = append(s.Takes, x.takes(arg))
	}
	for _, v := range c.results {
		s.Makes = append(s.Makes, x.makes(b, c, v))
	}
	switch {
	case c.fn.hasErr && c.step == nil:
		s.Notes = append(s.Notes, "its error is answered")
	case c.fn.hasErr && c.finish():
		s.Notes = append(s.Notes, "its error replaces the answer")
	case c.fn.hasErr:
		s.Notes = append(s.Notes, "its error ends the request")
	}
	if slices.ContainsFunc(c.args, readsText) {
		status := int64(404)
		if x.decl.badPath != 0 {
			status = x.decl.badPath
		}
		s.Notes = append(s.Notes, fmt.Sprintf("what UnmarshalText refuses is answered %d", status))
	}
	if c.fn.hasFlow {
		s.Notes = append(s.Notes, "sdk.Stop ends the request, answered")
	}
	return s
}

// readsText reports whether a wildcard is read with UnmarshalText, when its route
// has been chosen.
func readsText(arg *argument) bool {
	return arg.source == fromPath && arg.kind == "text" || slices.ContainsFunc(arg.fields, func(in input) bool {
		return in.source == fromPath && in.kind == "text"
	})
}

// makes says what becomes of a result.
func (x *explainer) makes(b *binding, c *call, v *value) string {
	name := x.typeName(v.typ)
	if c.step == nil {
		return name
	}
	var users []string
	for _, other := range b.calls {
		for _, arg := range other.args {
			if arg.value == v {
				users = append(users, other.fn.name)
			}
		}
	}
	if len(users) == 0 {
		return name + " for nobody"
	}
	return name + " for " + strings.Join(users, " and ")
}

// takes says where an argument comes from.
func (x *explainer) takes(arg *argument) string {
	switch arg.source {
	case fromFeature:
		return "sdk." + feature(arg.typ)
	case fromContext:
		return "the context of the exchange"
	case fromValue:
		return fmt.Sprintf("%s of %s", x.typeName(arg.typ), arg.value.call.fn.name)
	case fromService:
		return "the service " + arg.service.name
	case fromPath:
		return fmt.Sprintf("%s as %s", arg.segment, x.typeName(arg.typ))
	case fromQuery, fromHeader, fromCookie:
		return fmt.Sprintf("%s %s as %s", places[arg.source].answer, arg.key, x.typeName(arg.elem))
	case fromStruct, fromForm:
		var fields []string
		for _, in := range arg.fields {
			fields = append(fields, places[in.source].tag+" "+in.key)
		}
		return fmt.Sprintf("%s (%s)", x.typeName(arg.typ), strings.Join(fields, ", "))
	case fromJSON:
		return "the content, decoded from JSON, as " + x.typeName(arg.elem)
	case fromBytes:
		return "the content"
	case fromStream:
		return "the content as it arrives"
	case fromOutcome:
		return "sdk.Outcome"
	case fromError:
		return "the error that will be answered, or nil"
	case fromPanic, fromResult:
	}
	return x.typeName(arg.typ)
}

// keeps fills in the fields of the task that a route has.
func (x *explainer) keeps(rt *route) {
	for _, s := range rt.wildcards() {
		switch {
		case s.field == "":
		case s.typ != nil:
			x.Kept = append(x.Kept, fmt.Sprintf("%s %s, of the path", s.field, s.kind()))
			if s.text {
				x.Kept = append(x.Kept, fmt.Sprintf("%[1]sAt and %[1]sEnd, where it is in the path", s.field))
			}
		default:
			x.Kept = append(x.Kept, fmt.Sprintf("%[1]sAt and %[1]sEnd, where %[2]s is in the path", s.field, s))
		}
	}
	x.keptValues(&rt.binding)
}

// keptValues fills in the values that cross from one phase to another.
func (x *explainer) keptValues(b *binding) {
	for _, c := range b.calls {
		for _, v := range c.results {
			if v.field == "" {
				continue
			}
			var users []string
			for i, other := range b.calls {
				if slices.ContainsFunc(other.args, func(arg *argument) bool { return arg.value == v }) && b.crosses(v, i) {
					users = append(users, other.fn.name)
				}
			}
			if len(users) > 0 {
				x.Kept = append(x.Kept, fmt.Sprintf("%s %s, of %s for %s", v.field, x.typeName(v.typ), c.fn.name, strings.Join(users, " and ")))
			}
		}
	}
}

// answerers fills in what answers errors and panics, and what writes results.
func (x *explainer) answerers(rt *route) {
	x.answerer("errors", rt.scope.handlesErrors(), "sdk.WriteError")
	x.answerer("panics", rt.scope.handlesPanics(), "500, and Config.OnPanic is told")
	if rt.handler != nil && len(rt.handler.values) > 0 {
		x.answerer("the result", rt.scope.encodes(), "JSON")
	}
}

func (x *explainer) answerer(what string, st *step, otherwise string) {
	a := Answer{For: what, Name: otherwise}
	if st != nil {
		a.Name, a.Pos = st.fn.name, x.at(st.fn.pos)
	}
	x.Answers = append(x.Answers, a)
}

// limits fills in the limits of a route.
func (x *explainer) limits(rt *route) {
	if st := rt.timeout; st != nil {
		x.Limits = append(x.Limits, fmt.Sprintf("time: %v for the functions' context (Timeout, %s); an error behind it is answered 503", st.within, x.at(st.pos)))
	}
	if rt.split < 0 && !rt.reads {
		return
	}
	limit := "content: the limit RequestBody, for MaxBody is not declared"
	if rt.maxBody > 0 {
		limit = fmt.Sprintf("content: at most %d octets (MaxBody)", rt.maxBody)
	}
	x.Limits = append(x.Limits, limit+"; more is answered 413")
	if rt.decode != nil {
		x.Limits = append(x.Limits, fmt.Sprintf("decoded from %s: at most %d octets (Decode, %s)", strings.Join(rt.decode.codings, " or "), rt.decode.limit, x.at(rt.decode.pos)))
	}
}

// explainNone says what answers where there is no route.
func (x *explainer) explainNone(host string) {
	x.Status = x.status
	allow := slices.Compact(slices.Sorted(slices.Values(append(x.allow, "OPTIONS"))))
	switch x.status {
	case 501:
		x.Answer, x.Place = "is refused 501: no route can have the method "+x.method, "on the event loop, by the server"
		return
	case 400:
		x.Answer = "is answered 400: an escape in the path is malformed"
	case 204:
		x.Answer = "is answered 204, with Allow: " + strings.Join(allow, ", ")
	case 308:
		x.Answer = fmt.Sprintf("is answered 308 (RedirectSlash): %s has a route", x.other)
	case 405:
		x.Answer = "is answered 405, with Allow: " + strings.Join(allow, ", ")
	default:
		x.Answer = fmt.Sprintf("is answered %d: no route has the path", x.status)
	}
	if x.loose {
		x.Answer = fmt.Sprintf("is answered %d (BadPath): a segment is not of the type of its wildcard", x.status)
	}
	if x.status == 404 && len(x.Candidates) == 0 {
		for _, rt := range x.decl.near(host, x.segments) {
			x.Near = append(x.Near, Candidate{Route: rt.title(), Pos: x.routePos(rt)})
		}
	}
	x.Place = "on a goroutine of the pool, as functions of the server do where s.OnLoop() is not declared"
	if x.names.noneIsReady() || x.decl.server.onLoop {
		x.Place = "on the event loop"
	}
	if len(x.none.calls) == 0 {
		x.Place += ": no function runs"
	} else {
		x.steps(x.none, func() { x.server("the response is sent") })
	}
	x.keptValues(x.none)
	if x.status >= 400 {
		x.answerer("the error", x.decl.server.errors, "sdk.WriteError")
	}
	x.allocations(x.none, nil)
	switch {
	case x.loose:
	case x.status == 204 || x.status == 405:
		x.allocates(1, 1, "the value of Allow")
	case x.status == 308:
		x.allocates(2, 4, "the value of Location")
	case x.status == 400:
		x.allocates(0, 1, "a place to remove the escapes of the path")
	}
}
