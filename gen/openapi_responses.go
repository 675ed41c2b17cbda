package gen

import (
	"cmp"
	"encoding/json"
	"fmt"
	"mime"
	"slices"
	"strings"

	"github.com/windhover-go/windhover/sdk/msg"
)

// A reply is a response of a route, or several with one status.
type reply struct {
	key     string // "200", "2XX", "default"
	about   []string
	content object
	// texts are the reasons of the errors that are declared.
	texts []string
}

// replies are the responses of a route.
type replies struct{ list []*reply }

// add adds a response, or a further reason for one that is there.
func (r *replies) add(key, about string) *reply {
	for _, old := range r.list {
		if old.key == key {
			if !slices.Contains(old.about, about) {
				old.about = append(old.about, about)
			}
			return old
		}
	}
	r.list = append(r.list, &reply{key: key, about: []string{about}})
	return r.list[len(r.list)-1]
}

// responses returns the responses of a route: what its handler returns, the errors
// that are declared, and what the server answers by what it reads.
func (d *document) responses(rt *route) object {
	r := &replies{}
	if rt.ready != nil {
		d.known(r, rt.ready)
	} else {
		d.result(r, rt)
	}
	failures := &replies{}
	d.refused(failures, rt)
	for _, f := range rt.fails {
		one := failures.add(fmt.Sprint(f.status), f.about())
		one.texts = append(one.texts, cmp.Or(f.reason, msg.StatusText(int(f.status))))
	}
	flow := slices.ContainsFunc(rt.calls, func(c *call) bool { return c.fn.hasFlow })
	switch {
	case flow:
		failures.add("default", "Any other answer.")
	case slices.ContainsFunc(rt.calls, func(c *call) bool { return c.fn.hasErr }):
		failures.add("default", "Any other error.")
	}
	for _, f := range failures.list {
		old := slices.ContainsFunc(r.list, func(o *reply) bool { return o.key == f.key })
		for _, about := range f.about {
			one := r.add(f.key, about)
			if !old && (f.key != "default" || !flow) { // one that ends an exchange writes what it wants
				one.content = d.errorContent(rt, f)
			}
		}
	}
	slices.SortStableFunc(r.list, func(a, b *reply) int { return strings.Compare(a.key, b.key) })
	responses := object{}
	for _, one := range r.list {
		response := object{{"description", strings.Join(one.about, " ")}}
		if one.content != nil {
			response.set("content", one.content)
		}
		responses.set(one.key, response)
	}
	return responses
}

// known adds a response that is known when the declaration is read.
func (d *document) known(r *replies, res *response) {
	one := r.add(fmt.Sprint(res.status), statusText(res.status))
	if res.status == 204 || res.status == 304 {
		return
	}
	mediaType, _, err := mime.ParseMediaType(res.mediaType)
	if err != nil {
		return // it was reported
	}
	example := object{}
	isJSON := mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
	switch {
	case res.document:
		example.set("schema", object{{"type", "object"}})
	case isJSON && json.Valid([]byte(res.text)):
		example = object{{"schema", schemaOf(json.RawMessage(res.text))}, {"example", json.RawMessage(res.text)}}
	default:
		example = object{{"schema", object{{"type", "string"}}}, {"example", res.text}}
	}
	one.content = object{{mediaType, example}}
}

// statusText returns the name of a status code.
func statusText(status int64) string {
	return cmp.Or(msg.StatusText(int(status)), fmt.Sprintf("Status %d", status))
}

// result adds what the handler of a route answers.
func (d *document) result(r *replies, rt *route) {
	writes, upgrades := false, false
	for p := range rt.handler.sig.Params().Variables() {
		switch feature(p.Type()) {
		case "Response", "ResponseStream":
			writes = true
		case "Upgrade":
			writes, upgrades = true, true
		}
	}
	if len(rt.handler.values) == 0 {
		switch {
		case rt.status != 0:
			r.add(fmt.Sprint(rt.status), statusText(rt.status))
			return
		case upgrades:
			r.add("101", statusText(101))
			fallthrough
		case writes:
			r.add("default", "What the handler writes.")
			return
		}
		r.add("200", statusText(200))
		return
	}
	status := cmp.Or(rt.status, 200)
	key, about := fmt.Sprint(status), statusText(status)
	if writes && rt.status == 0 {
		key, about = "2XX", "Success" // it can set another
	}
	one := r.add(key, about)
	if encode := rt.scope.encodes(); encode != nil && !isJSONEncode(encode.fn) {
		d.note(rt.handler.use, fmt.Sprintf("the content of %s is not in the document", rt.title()), fmt.Sprintf("%s writes it (%s)", encode.fn.name, d.at(encode.fn.use)))
		return
	}
	one.content = media("application/json", d.of(rt.handler.values[0], jsonOut, rt.handler.pos))
}

// isJSONEncode reports whether a function of Encode is that of package json.
func isJSONEncode(fn *function) bool {
	return fn.object.Pkg().Path() == jsonPath && fn.object.Name() == "Encode"
}

// errorContent returns the content of an error of a route, nil where it is not
// known.
func (d *document) errorContent(rt *route, f *reply) object {
	if st := rt.scope.handlesErrors(); st != nil {
		return d.errorValue(st)
	}
	text := object{{"schema", object{{"type", "string"}}}}
	var distinct []string
	for _, t := range f.texts {
		if !slices.Contains(distinct, t) {
			distinct = append(distinct, t)
		}
	}
	switch len(distinct) {
	case 0:
	case 1:
		text.set("example", distinct[0]+"\n")
	default:
		examples := object{}
		for i, t := range distinct {
			examples.set(fmt.Sprint(i+1), object{{"value", t + "\n"}})
		}
		text.set("examples", examples)
	}
	return object{{"text/plain", text}}
}

// errorValue returns the content that a function for errors makes, nil where its
// type does not tell it.
func (d *document) errorValue(st *step) object {
	if len(st.fn.values) == 0 {
		d.note(st.fn.use, fmt.Sprintf("what %s answers is not in the document", st.fn.name), "a function of Errors that returns a value has it there")
		return nil
	}
	if encode := st.scope.encodes(); encode != nil && !isJSONEncode(encode.fn) {
		return nil
	}
	return media(cmp.Or(st.mediaType, "application/json"), d.of(st.fn.values[0], jsonOut, st.fn.pos))
}

// refused adds what the server answers by itself when what it reads does not fit.
func (d *document) refused(r *replies, rt *route) {
	arg, _ := rt.content()
	reads := arg != nil && (arg.source == fromJSON || arg.source == fromForm)
	if slices.ContainsFunc(rt.wildcards(), rt.parses) {
		r.add(fmt.Sprint(cmp.Or(d.decl.badPath, 404)), "A segment of the path is not of its type.")
	}
	for _, c := range rt.calls {
		reads = reads || !c.later() && slices.ContainsFunc(c.args, (*argument).canBeRefused)
	}
	if reads {
		r.add("400", "A value is missing or malformed.")
	}
	if arg == nil {
		return
	}
	limit := "The content is too large."
	if rt.maxBody > 0 {
		limit = fmt.Sprintf("The content has more than %d octets.", rt.maxBody)
	}
	r.add("413", limit)
	if arg.source == fromJSON {
		r.add("415", "The content is not JSON.")
	}
	if arg.source == fromForm {
		r.add("415", "The content is not a form.")
	}
	if rt.decode != nil {
		r.add("415", "The content has another content coding.")
	}
}

// parses reports whether a wildcard of a route is read as a type that not every
// text is.
func (rt *route) parses(s *segment) bool {
	return s.typ != nil || slices.ContainsFunc(rt.calls, func(c *call) bool {
		return slices.ContainsFunc(c.args, func(arg *argument) bool {
			return arg.segment == s && arg.kind == "text" ||
				slices.ContainsFunc(arg.fields, func(in input) bool { return in.segment == s && in.kind == "text" })
		})
	})
}

// canBeRefused reports whether a request can lack what an argument takes, or have
// another type in its place.
func (arg *argument) canBeRefused() bool {
	free := func(kind string) bool { return kind == "string" || kind == "view" }
	if arg.source == fromQuery {
		return true // its escapes can be malformed
	}
	if arg.source == fromHeader || arg.source == fromCookie {
		return !free(arg.kind)
	}
	return slices.ContainsFunc(arg.fields, func(in input) bool {
		return in.source == fromQuery || in.source != fromPath && (!free(in.kind) || !in.pointer && in.def == "")
	})
}
