package gen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dave/jennifer/jen"
)

// prepareStages chooses the names of what the Pipeline has for its stages.
func (e *emitter) prepareStages() {
	var services []string
	for _, s := range e.decl.services {
		services = append(services, s.name)
	}
	fields := newNames(nil, services...)
	for _, rt := range e.decl.routes {
		for _, c := range rt.calls {
			if !c.limits() || slices.Contains(e.limits, c.step) {
				continue
			}
			name := upper(c.step.scope.prefix)
			if !slices.Contains(c.step.scope.steps, c.step) {
				name = upper(e.names[rt])
			}
			c.step.field = fields.take("limit" + name)
			e.done[c.step] = e.scope.take("armed" + upper(c.step.field))
			e.limits = append(e.limits, c.step)
		}
	}
	slices.SortFunc(e.limits, func(a, b *step) int { return a.order - b.order })
	for _, st := range e.decl.stages {
		if st.word != "Compress" || !st.used || len(st.codings) == 0 {
			continue
		}
		same := slices.IndexFunc(e.coders, func(o *stage) bool { return o.compressWord() == st.compressWord() })
		if same >= 0 {
			st.field = e.coders[same].field
			continue
		}
		st.field = fields.take("compress")
		e.coders = append(e.coders, st)
	}
}

// compressWord returns the line of the declaration.
func (st *stage) compressWord() string {
	args := []string{strconv.FormatInt(st.minimum, 10)}
	for _, name := range st.codings {
		args = append(args, strconv.Quote(name))
	}
	return "s.Compress(" + strings.Join(args, ", ") + ")"
}

// pipelineStages returns the fields of the Pipeline for stages, and the values
// of those that are not ready as they are.
func (e *emitter) pipelineStages() (fields, values []jen.Code) {
	for _, st := range e.limits {
		fields = append(fields, jen.Id(st.field).Qual(sdkPath, "Slots").Comment("of s."+st.fn.name))
	}
	for _, st := range e.coders {
		fields = append(fields, jen.Id(st.field).Op("*").Qual(compressPath, "Stage").Comment("of "+st.compressWord()))
		values = append(values, jen.Id(st.field).Op(":").Add(e.id("new"+upper(st.field))).Call())
	}
	if len(fields) > 0 && len(e.decl.services) > 0 {
		fields = append([]jen.Code{jen.Line()}, fields...)
	}
	return fields, values
}

// stageFeatures adds the features that the stages take.
func (e *emitter) stageFeatures(used map[string]bool) {
	if e.etags() || len(e.coders) > 0 {
		used["RequestHeaders"], used["ResponseStatus"] = true, true
	}
}

// etags reports whether a route has ETag, and times whether one has Timeout.
func (e *emitter) etags() bool {
	return slices.ContainsFunc(e.decl.routes, func(rt *route) bool { return rt.etag != nil })
}

func (e *emitter) times() bool {
	return slices.ContainsFunc(e.decl.routes, func(rt *route) bool { return rt.timeout != nil })
}

// responds reports whether a response is completed by a stage.
func (e *emitter) responds() bool { return e.etags() || e.times() || len(e.coders) > 0 }

// stages writes what completes responses.
func (e *emitter) stages() {
	if !e.responds() {
		return
	}
	var body []jen.Code
	fail := jen.Id("t").Dot("Fail").Call(jen.Err())
	if e.times() {
		body = append(body, jen.Err().Op("=").Qual(sdkPath, "OrTimeout").Call(jen.Id("t").Dot("x"), jen.Err()))
	}
	if len(e.laterCalls("Finish")) > 0 {
		body = append(body, jen.Err().Op("=").Id("t").Dot("finish").Call(jen.Err()))
	}
	if e.etags() {
		body = append(body, jen.If(jen.Err().Op("==").Nil()).Block(e.etagCall()))
	}
	if len(e.coders) > 0 {
		body = append(body, jen.If(jen.Err().Op("!=").Nil()).Block(fail, jen.Return()), jen.Id("t").Dot("compress").Call())
	} else {
		body = append(body, jen.If(jen.Err().Op("!=").Nil()).Block(fail))
	}
	e.file.Add(comment("respond completes what the functions of a route have made, or answers their error."))
	e.method("respond").Params(jen.Err().Error()).Block(body...)
	e.file.Line()
	e.compress()
}

// etagCall writes the stage ETag. It looks at the method and at the status
// itself, so that only routes of GET and HEAD without it have to be told apart.
func (e *emitter) etagCall() jen.Code {
	set := jen.Err().Op("=").Qual(etagPath, "Respond").Call(jen.Id("t").Dot("x"))
	var with, without []jen.Code
	for _, rt := range e.decl.routes {
		switch {
		case rt.etag != nil:
			with = append(with, e.constant(rt))
		case !rt.isKnown() && (rt.method == "GET" || rt.method == "HEAD"):
			without = append(without, e.constant(rt))
		}
	}
	switch {
	case len(without) == 0:
		return set
	case len(without) < len(with):
		return jen.Switch(jen.Id("t").Dot("route")).Block(
			jen.Case(without...).Comment("without s.ETag()"),
			jen.Default().Block(set))
	}
	return jen.Switch(jen.Id("t").Dot("route")).Block(jen.Case(with...).Block(set))
}

// A compression is how the response of a route is encoded: not at all when st
// is nil.
type compression struct {
	st     *stage
	onLoop bool
}

// compression returns how the routes of a stage are encoded.
func (e *emitter) compression(st *stage, onLoop bool) compression {
	if st == nil {
		return compression{}
	}
	same := slices.IndexFunc(e.coders, func(o *stage) bool { return o.field == st.field })
	return compression{e.coders[same], onLoop}
}

// compress writes the stage Compress, of the answers to errors too. It is not
// for responses that stream, which have been sent: those are encoded on their way.
func (e *emitter) compress() {
	if len(e.coders) == 0 {
		return
	}
	var kinds []compression
	routes := map[compression][]jen.Code{}
	note := func(k compression, constants ...jen.Code) {
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
		routes[k] = append(routes[k], constants...)
	}
	for _, rt := range e.decl.routes {
		if !rt.isKnown() {
			st := rt.compress
			if rt.streams {
				st = nil
			}
			note(e.compression(st, rt.onLoop), e.constant(rt))
		}
	}
	if !e.noneIsReady() { // else what answers there is short
		none := []jen.Code{e.id("routeNotFound"), e.id("routeBadPath"), e.id("routeMethodNotAllowed"), e.id("routeOptions")}
		for _, extra := range e.extras() {
			none = append(none, e.id(extra[0]))
		}
		note(e.compression(e.noneCompress(), e.decl.server.onLoop), none...)
	}
	// The kind that most routes have is the default.
	slices.SortStableFunc(kinds, func(a, b compression) int { return len(routes[a]) - len(routes[b]) })
	var cases []jen.Code
	for i, k := range kinds {
		code := jen.Comment("as it is")
		if k.st != nil {
			name := "Respond"
			if k.onLoop {
				name = "RespondOnLoop"
			}
			code = jen.Id("t").Dot("p").Dot(k.st.field).Dot(name).Call(jen.Id("t").Dot("x"))
		}
		switch last := i == len(kinds)-1; {
		case len(kinds) == 1:
			cases = append(cases, code)
		case last && k.st != nil:
			cases = append(cases, jen.Default().Block(code))
		case !last && (k.st != nil || kinds[len(kinds)-1].st != nil):
			cases = append(cases, jen.Case(routes[k]...).Block(code))
		}
	}
	if len(kinds) > 1 {
		cases = []jen.Code{jen.Switch(jen.Id("t").Dot("route")).Block(cases...)}
	}
	e.file.Add(comment("compress encodes the content of a response that is about to be sent."))
	e.method("compress").Params().Block(cases...)
	e.file.Line()
}

// noneCompress returns the stage that encodes what answers where there is no
// route, or nil.
func (e *emitter) noneCompress() *stage {
	if st := e.decl.server.compress; st != nil && st.field != "" && !e.none.streams {
		return st
	}
	return nil
}

// newCompress writes the function that makes a stage.
func (e *emitter) newCompress(st *stage) {
	name := "new" + upper(st.field)
	args := []jen.Code{jen.Lit(int(st.minimum))}
	for _, coding := range st.codings {
		args = append(args, jen.Qual(compressPath+"/"+coding+"coder", "Coding").Call())
	}
	e.file.Add(comment(fmt.Sprintf("%s returns the stage of %s.", e.ids[name], st.compressWord())))
	e.file.Func().Add(e.id(name)).Params().Op("*").Qual(compressPath, "Stage").Block(jen.Return(jen.Qual(compressPath, "New").Call(args...)))
	e.file.Line()
}

// take writes what takes a slot of a limit.
func (f *functionText) take(st *step) {
	f.body = append(f.body,
		jen.If(jen.Err().Op(":=").Id("t").Dot("p").Dot(st.field).Dot("Take").Call(jen.Id("t").Dot("x"), jen.Lit(int(st.limit))), jen.Err().Op("!=").Nil()).Block(f.returns(jen.Err())),
		jen.Id("t").Dot("armed").Op("|=").Id(f.done[st]).Comment("s."+st.fn.name))
}

// giveBack returns what gives the slots back that were taken.
func (e *emitter) giveBack() (body []jen.Code) {
	for _, st := range slices.Backward(e.limits) {
		body = append(body, jen.If(jen.Id("t").Dot("armed").Op("&").Id(e.done[st]).Op("!=").Lit(0)).Block(jen.Id("t").Dot("p").Dot(st.field).Dot("Give").Call()))
	}
	return body
}

// openStream writes what encodes the response that the handler streams.
func (f *functionText) openStream() {
	f.streamed = f.names.take("stream")
	f.body = append(f.body,
		jen.Id(f.streamed).Op(":=").Id("t").Dot("p").Dot(f.stream.field).Dot("Stream").Call(jen.Id("t").Dot("x")).Comment(f.stream.compressWord()),
		jen.Defer().Id(f.streamed).Dot("Release").Call().Comment("also when the handler panics"))
}

// endStream writes the call of a handler whose response is encoded as it streams.
func (f *functionText) endStream(c *call, target *jen.Statement) {
	end := jen.Id(f.streamed).Dot("End")
	if c.fn.hasErr {
		f.body = append(f.body, f.returns(end.Call(target)))
		return
	}
	f.body = append(f.body, target, f.returns(end.Call(jen.Nil())))
}

// simple returns the expression of an argument that needs nothing before. In a
// route with Timeout the context has a time, and with Compress the stream is
// encoded.
func (f *functionText) simple(arg *argument) jen.Code {
	if takesStream(arg) && f.streamed != "" {
		return jen.Id(f.streamed)
	}
	if arg.source == fromContext && f.timeout != nil {
		return jen.Id("t").Dot("x").Dot("ContextWithin").Call(duration(f.timeout.within))
	}
	return f.emitter.simple(arg)
}

// startTime gives the context of a route with Timeout its time before a function
// asks sdk.Lifetime for it.
func (f *functionText) startTime(arg *argument) {
	if f.timeout != nil && takesContext(arg) {
		f.body = append(f.body, jen.Id("t").Dot("x").Dot("ContextWithin").Call(duration(f.timeout.within)).Comment("of sdk.Lifetime"))
	}
}

// duration returns the expression of a duration, in its largest unit.
func duration(d time.Duration) jen.Code {
	for _, unit := range []struct {
		name string
		d    time.Duration
	}{
		{"Hour", time.Hour},
		{"Minute", time.Minute},
		{"Second", time.Second},
		{"Millisecond", time.Millisecond},
		{"Microsecond", time.Microsecond},
		{"Nanosecond", time.Nanosecond},
	} {
		switch {
		case d == unit.d:
			return jen.Qual("time", unit.name)
		case d%unit.d == 0:
			return jen.Lit(int(d/unit.d)).Op("*").Qual("time", unit.name)
		}
	}
	return jen.Lit(int(d)) // never: every duration is of whole nanoseconds
}

// armedComment says what the bits of task.armed are of.
func (e *emitter) armedComment() string {
	var parts []string
	if phases := e.laterPhases("and"); phases != "" {
		parts = append(parts, "the functions of "+phases+" that were passed")
	}
	if len(e.limits) > 0 {
		parts = append(parts, "the slots of Limit that were taken")
	}
	return strings.Join(parts, ", and ")
}

// armedBitsComment says what the bits of task.armed mean.
func (e *emitter) armedBitsComment() string {
	text := "The bits of task.armed:"
	if phases := e.laterPhases("or"); phases != "" {
		text += " a function of " + phases + " runs if the exchange came past its line"
	}
	if len(e.limits) > 0 {
		if !strings.HasSuffix(text, ":") {
			text += ";"
		}
		text += " a slot of Limit is given back if it was taken"
	}
	return text + "."
}
