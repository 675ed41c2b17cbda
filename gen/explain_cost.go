package gen

import (
	"fmt"
	"slices"
	"strings"
)

// This file says what generated code and the SDK allocate. TestExplainedAllocations
// counts.

// byContent is the Most of what the content decides.
const byContent = -1

func (x *explainer) allocates(least, most int, why string) {
	x.Allocations = append(x.Allocations, Allocation{least, most, why})
}

// allocations fills in what the arguments of functions need.
func (x *explainer) allocations(b *binding, d *decoding) {
	context := false
	for i, c := range b.calls {
		if i == b.split && d != nil {
			x.allocates(0, byContent, "decoding the content, when it is sent as "+strings.Join(d.codings, " or "))
		}
		for _, arg := range c.args {
			if arg.source == fromContext && !context {
				context = true
				x.allocates(2, 2, "the context of the exchange and what cancels it, for "+c.fn.name)
			}
			x.argument(c, arg)
		}
	}
}

// argument adds what one argument needs.
func (x *explainer) argument(c *call, arg *argument) {
	switch arg.source {
	case fromPath:
		x.pathText(arg.segment, arg.kind, c.fn.name)
	case fromQuery:
		x.queryText(arg.key, arg.kind, c.fn.name)
	case fromHeader, fromCookie:
		x.fieldText(places[arg.source].answer+" "+arg.key, arg.kind, c.fn.name)
	case fromStruct:
		x.structure(arg)
	case fromJSON:
		x.allocates(1, byContent, fmt.Sprintf("the %s of %s, and what encoding/json needs to decode it", x.typeName(arg.elem), c.fn.name))
	case fromForm:
		x.allocates(1, byContent, fmt.Sprintf("the %s of %s, and the texts of the form", x.typeName(arg.elem), c.fn.name))
	case fromFeature, fromContext, fromValue, fromService, fromBytes, fromStream, fromOutcome, fromError, fromPanic, fromResult:
	}
}

// structure adds what the fields of a struct with tags need.
func (x *explainer) structure(arg *argument) {
	for _, in := range arg.fields {
		what := "field " + in.field + " of " + x.typeName(arg.typ)
		switch {
		case in.source == fromPath:
			x.pathText(in.segment, in.kind, what)
		case in.source == fromQuery && in.slice:
			if n := len(x.query[in.key]); n > 0 {
				x.allocates(1, byContent, what+": a slice, and its texts")
			}
		case in.source == fromQuery:
			x.queryText(in.key, in.kind, what)
		default:
			x.fieldText(places[in.source].answer+" "+in.key, in.kind, what)
		}
		if in.pointer {
			x.allocates(0, 1, what+": a pointer, when it is sent and the function keeps it")
		}
	}
}

// pathText adds what a wildcard needs that is read as text.
func (x *explainer) pathText(s *segment, kind, reader string) {
	i := slices.Index(x.route.segments, s)
	text := strings.Join(x.segments[i:i+1], "/")
	if s.rest {
		text = strings.Join(x.segments[i:], "/")
	}
	escaped := strings.Contains(text, "%")
	switch {
	case kind == "string" && escaped:
		x.allocates(1, 2, fmt.Sprintf("a copy of %s for %s, without its escapes", s, reader))
	case kind == "string" && len(text) > 1: // the runtime has the texts of one octet
		x.allocates(1, 1, fmt.Sprintf("a copy of %s for %s; a msg.View has none", s, reader))
	case kind == "view" && escaped:
		x.allocates(1, 1, fmt.Sprintf("a copy of %s for %s, without its escapes", s, reader))
	case kind == "text":
		x.allocates(1, byContent, fmt.Sprintf("copies of %s for UnmarshalText of %s", s, reader))
	}
}

// queryText adds what a value of the query needs.
func (x *explainer) queryText(key, kind, reader string) {
	if !x.query.Has(key) {
		return
	}
	text := x.query.Get(key)
	switch {
	case kind == "text":
		x.allocates(1, byContent, fmt.Sprintf("copies of query %s for UnmarshalText of %s", key, reader))
	case kind == "string" && len(text) > 1:
		x.allocates(1, 2, fmt.Sprintf("a copy of query %s for %s; a msg.View has none", key, reader))
	case strings.HasPrefix(kind, "float"):
		x.allocates(0, 1, fmt.Sprintf("the text of query %s for %s", key, reader))
	}
}

// fieldText adds what a field or a cookie needs: whether it is sent is not known.
func (x *explainer) fieldText(what, kind, reader string) {
	switch {
	case kind == "text":
		x.allocates(0, byContent, fmt.Sprintf("copies of %s for UnmarshalText of %s, when it is sent", what, reader))
	case kind == "string":
		x.allocates(0, 1, fmt.Sprintf("a copy of %s for %s, when it is sent; a msg.View has none", what, reader))
	case strings.HasPrefix(kind, "float"):
		x.allocates(0, 1, fmt.Sprintf("the text of %s for %s, when it is sent", what, reader))
	}
}

// results adds what the result of a handler needs.
func (x *explainer) results(rt *route) {
	if rt.handler == nil || len(rt.handler.values) == 0 {
		return
	}
	last := rt.calls[len(rt.calls)-1]
	name := x.typeName(last.results[0].typ)
	if st := rt.scope.encodes(); st != nil {
		x.allocates(0, byContent, fmt.Sprintf("the %s for %s, and what that needs", name, st.fn.name))
		return
	}
	x.allocates(2, byContent, fmt.Sprintf("the %s of %s, and its text in JSON", name, last.fn.name))
}

// bounds returns the sum of allocations; most is -1 where the content decides.
func bounds(list []Allocation) (least, most int) {
	for _, a := range list {
		least += a.Least
		if a.Most == byContent || most == byContent {
			most = byContent
		} else {
			most += a.Most
		}
	}
	return least, most
}
