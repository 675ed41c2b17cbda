package gen

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"time"
)

// stages are the stages of a route that are no functions: words that hold for
// what is declared below them. Limit is a step (step.limit).
type stages struct {
	timeout  *stage
	etag     *stage
	compress *stage
}

// A stage is what one word says.
type stage struct {
	word  string // "Timeout", "ETag", "Compress"
	pos   token.Pos
	scope *scope // nil: it is said of a route alone
	used  bool   // a route has it

	within  time.Duration // of Timeout
	minimum int64         // of Compress, in octets
	codings []string      // of Compress
	field   string        // of the Pipeline, for Compress
}

// stage reads a call of one of the words.
func (r *reader) stage(at *stages, name string, call *ast.CallExpr) *stage {
	st := &stage{word: name, pos: wordPos(call)}
	r.decl.stages = append(r.decl.stages, st)
	switch name {
	case "Timeout":
		st.within = r.duration(st, call.Args[0])
		at.timeout = st
	case "ETag":
		at.etag = st
	case "Compress":
		st.minimum = r.number(call.Args[0])
		if st.minimum < 0 {
			st.used = true
			r.app.report(call.Args[0].Pos(), "bad-coding", "the minimum of Compress is negative", nil, "write how many octets are worth a coding, such as 1<<10, or 0 for that")
		}
		st.codings = r.codings(call.Args[1:], "made")
		if at.compress = st; len(call.Args) == 1 {
			at.compress, st.used = nil, true // no coding: what is around it ends here
		}
	}
	return st
}

// wordPos returns where the word of a call stands, which may be one of several
// in a line.
func wordPos(call *ast.CallExpr) token.Pos {
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		return sel.Sel.Pos()
	}
	return call.Pos()
}

// duration reads the constant time.Duration of a stage, which is positive.
func (r *reader) duration(st *stage, e ast.Expr) time.Duration {
	tv := r.app.info.Types[e]
	if tv.Value == nil {
		st.used = true
		r.notConstant(e, "this duration")
		return 1
	}
	n, exact := constant.Int64Val(constant.ToInt(tv.Value))
	switch {
	case !isNamed(tv.Type, "time", "Duration"):
		st.used = true // said already
		r.app.report(e.Pos(), "bad-timeout", fmt.Sprintf("%s is %s, not a time.Duration", types.ExprString(e), article(types.Default(tv.Type).String())), nil, "write it with a unit, such as 2*time.Second")
	case !exact || n <= 0:
		st.used = true
		r.app.report(e.Pos(), "bad-timeout", "the time of Timeout is not positive", nil, "write how long the functions may take, such as 2*time.Second, or remove the line")
	}
	return time.Duration(n)
}

// codings reads the names of content codings.
func (r *reader) codings(args []ast.Expr, how string) (names []string) {
	for _, arg := range args {
		v := r.app.info.Types[arg].Value
		if v == nil {
			r.notConstant(arg, "this coding")
			continue
		}
		name := constant.StringVal(v)
		if name != "gzip" && name != "zstd" || slices.Contains(names, name) {
			r.app.report(arg.Pos(), "bad-coding", fmt.Sprintf("%q is not a content coding that can be %s, or is there twice", name, how), nil, nearCoding(name))
			continue
		}
		names = append(names, name)
	}
	return names
}

// limit reads a call of Limit: a step, so that what stands before it runs for
// requests that are refused too. It has a function in name alone.
func (r *reader) limit(s *scope, call *ast.CallExpr) *step {
	e := call.Args[0]
	n := r.number(e)
	if n <= 0 && r.app.info.Types[e].Value != nil {
		r.app.report(e.Pos(), "bad-limit", fmt.Sprintf("a limit of %d lets no request in", n), nil, "write how many requests may run at once, 1 or more")
	}
	text := types.ExprString(e)
	r.steps++
	return &step{kind: "Limit", scope: s, after: s.routes, order: r.steps - 1, limit: n, fn: &function{
		name: "Limit(" + text + ")", method: text, use: wordPos(call), pos: wordPos(call), sig: types.NewSignatureType(nil, nil, nil, nil, nil, false),
	}}
}

// limits reports whether the call is that of Limit.
func (c *call) limits() bool { return c.step != nil && c.step.limit > 0 }

// withoutLimits returns steps for what Limit does not hold for.
func withoutLimits(steps []*step) []*step {
	return slices.DeleteFunc(slices.Clone(steps), func(st *step) bool { return st.kind == "Limit" })
}

// ownLimits returns the steps of Limit that are said of the route alone.
func (rt *route) ownLimits() []*step {
	return slices.DeleteFunc(slices.Clone(rt.steps), func(st *step) bool {
		return st.kind != "Limit" || slices.Contains(st.scope.steps, st)
	})
}

// checkLimits takes the limits away from a route whose response is known now.
func (b *binder) checkLimits(rt *route) {
	if rt.ready == nil {
		return
	}
	for _, st := range rt.ownLimits() {
		b.app.report(st.fn.use, "stage-without-effect", "Limit has no effect on "+b.name, []string{"its response is known now, and sent without running a function"}, "remove it here")
	}
	rt.steps = withoutLimits(rt.steps)
}

// takes reports whether a function that runs before the response takes what is
// says.
func (out *binding) takes(is func(*argument) bool) bool {
	return slices.ContainsFunc(out.calls, func(c *call) bool { return !c.later() && slices.ContainsFunc(c.args, is) })
}

func takesContext(arg *argument) bool {
	return arg.source == fromContext || arg.source == fromFeature && feature(arg.typ) == "Lifetime"
}

func takesUpgrade(arg *argument) bool {
	return arg.source == fromFeature && feature(arg.typ) == "Upgrade"
}

// isKnown reports whether the response of a route is sent without a function.
func (rt *route) isKnown() bool { return rt.ready != nil && len(rt.calls) == 0 }

// checkStages takes the stages away from the routes that they do not hold for,
// and reports those that hold for none.
func (a *app) checkStages(d *declaration) {
	for _, rt := range d.routes {
		for _, at := range []struct {
			stage **stage
			why   string // it has no effect
		}{
			{&rt.timeout, rt.untimed()}, {&rt.etag, rt.unvalidated()}, {&rt.compress, rt.uncompressed()},
		} {
			st := *at.stage
			switch {
			case st == nil:
			case at.why == "":
				st.used = true
			default:
				*at.stage = nil
				if st.scope == nil && !d.partial {
					a.report(st.pos, "stage-without-effect", fmt.Sprintf("%s has no effect on %s", st.word, rt.title()), []string{at.why}, "remove it here")
				}
			}
		}
	}
	for _, st := range d.stages {
		if st.scope != nil && !st.used && !d.partial && st.scope.routes > 0 {
			a.report(st.pos, "stage-without-effect", fmt.Sprintf("s.%s has no effect on any route", st.word), []string{stageNeeds[st.word]}, "move it above the routes that it is for, or remove it")
		}
	}
}

// stageNeeds says which routes a stage holds for.
var stageNeeds = map[string]string{
	"Timeout":  "it holds for routes below it that are off the loop and have a function that takes a context.Context",
	"ETag":     "it holds for routes of GET and HEAD below it whose response is made by a function and not streamed",
	"Compress": "it holds for routes below it whose response is made by a function",
}

// untimed says why Timeout has no effect on a route, or nothing.
func (rt *route) untimed() string {
	switch {
	case rt.onLoop:
		return "functions on the loop never block, so there is nothing to be cancelled"
	case rt.takes(takesUpgrade):
		return "after an upgrade the connection is open for as long as the two sides like"
	case !rt.takes(takesContext):
		return "it ends the context of the functions, and none of them takes a context.Context"
	}
	return ""
}

// unvalidated says why ETag has no effect on a route, or nothing.
func (rt *route) unvalidated() string {
	switch {
	case rt.isKnown():
		return "its response is known now, and sent as it is"
	case rt.method != "GET" && rt.method != "HEAD":
		return "only what answers GET and HEAD is what a later request can be compared with"
	case rt.streams:
		return "its response is streamed, and an entity tag is sent before the content is known"
	}
	return ""
}

// uncompressed says why Compress has no effect on a route, or nothing.
func (rt *route) uncompressed() string {
	switch {
	case rt.isKnown():
		return "its response is known now, and sent as it is"
	case rt.streams && !rt.handlerStreams():
		return "its response is streamed by a function of Use, or its connection can change to another protocol"
	}
	return ""
}

func takesStream(arg *argument) bool {
	return arg.source == fromFeature && feature(arg.typ) == "ResponseStream"
}

// handlerStreams reports whether the handler streams the response, and no other
// function does.
func (rt *route) handlerStreams() bool {
	for i, c := range rt.calls {
		if last := i == len(rt.calls)-1; slices.ContainsFunc(c.args, takesStream) != last || slices.ContainsFunc(c.args, takesUpgrade) {
			return false
		}
	}
	return rt.handler != nil
}

// stageNote returns what the table of routes says of the stages.
func (rt *route) stageNote() (note string) {
	if rt.timeout != nil {
		note += ", within " + rt.timeout.within.String()
	}
	switch {
	case rt.etag != nil && rt.compress != nil:
		note += ", with ETag and Compress"
	case rt.etag != nil:
		note += ", with ETag"
	case rt.compress != nil:
		note += ", with Compress"
	}
	return note
}
