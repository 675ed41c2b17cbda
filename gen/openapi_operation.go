package gen

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// operation returns what a route does.
func (d *document) operation(rt *route, item *pathItem) object {
	op := object{}
	if name, _ := tag(rt); name != "" {
		op.set("tags", list{name})
	}
	doc := describe(rt.doc, "")
	if rt.doc == "" && rt.handler != nil {
		doc = describe(d.docs.of(rt.handler.object).text, rt.handler.object.Name())
	}
	if doc.summary != "" {
		op.set("summary", doc.summary)
	}
	if doc.rest != "" {
		op.set("description", doc.rest)
	}
	op.set("operationId", d.operations[rt])
	if parameters := d.parameters(rt, item); len(parameters) > 0 {
		op.set("parameters", parameters)
	}
	if body := d.requestBody(rt); body != nil {
		op.set("requestBody", body)
	}
	op.set("responses", d.responses(rt))
	if doc.deprecated {
		op.set("deprecated", true)
	}
	if rt.host != "" {
		op.set("servers", list{object{{"url", "//" + rt.host}}})
	}
	return op
}

// A parameter is a value that functions of a route read.
type parameter struct {
	in, name string
	required bool
	schemas  []typed
	doc      description
}

// A typed is a schema of a kind of value, which is as scalar returns it.
type typed struct {
	kind   string
	schema object
}

// parameters returns the parameters of a route: those of its path, and what the
// functions before the response take.
func (d *document) parameters(rt *route, item *pathItem) (all list) {
	var found []*parameter
	for i, s := range rt.wildcards() {
		p := &parameter{in: "path", name: item.names[i], required: true, schemas: []typed{{schema: d.segment(rt, s)}}}
		if s.rest {
			p.doc.text = "The rest of the path, slashes included."
		}
		found = append(found, p)
	}
	add := func(p *parameter) {
		i := slices.IndexFunc(found, func(o *parameter) bool { return o.in == p.in && strings.EqualFold(o.name, p.name) })
		if i < 0 {
			found = append(found, p)
			return
		}
		old := found[i]
		old.required = old.required || p.required && p.in != "path"
		old.doc.text = cmp.Or(old.doc.text, p.doc.text)
		old.doc.deprecated = old.doc.deprecated || p.doc.deprecated
		if p.in != "path" {
			old.schemas = append(old.schemas, p.schemas...)
		}
	}
	for _, c := range rt.calls {
		if c.later() {
			continue // it reads the path alone
		}
		for _, arg := range c.args {
			if arg.source == fromQuery || arg.source == fromHeader || arg.source == fromCookie {
				add(&parameter{in: places[arg.source].tag, name: arg.key, schemas: []typed{{arg.kind, d.of(arg.elem, textIn, c.fn.pos)}}})
			}
			for _, in := range arg.fields {
				if in.source != fromForm {
					add(d.input(rt, item, in, c))
				}
			}
		}
	}
	for _, p := range found {
		if p.in == "header" && slices.Contains([]string{"accept", "content-type", "authorization"}, strings.ToLower(p.name)) {
			d.note(rt.pathPos, fmt.Sprintf("the field %s of %s is not in the document", p.name, rt.title()), "OpenAPI ignores parameters with this name: it has other means for them")
			continue
		}
		all = append(all, p.object())
	}
	return all
}

// input returns the parameter that a field of a struct with tags is.
func (d *document) input(rt *route, item *pathItem, in input, c *call) *parameter {
	p := &parameter{in: places[in.source].tag, name: in.key, doc: describe(d.docs.of(in.v).text, "")}
	if in.source == fromPath {
		p.name = item.names[slices.Index(rt.wildcards(), in.segment)]
		return p
	}
	p.required = !in.pointer && !in.slice && in.def == ""
	p.schemas = []typed{{in.kind, d.field(in, c)}}
	return p
}

// field returns the schema of a field of a struct with tags.
func (d *document) field(in input, c *call) object {
	schema := object{{"type", "string"}, {"contentMediaType", "application/octet-stream"}}
	if in.kind != "file" {
		schema = slices.Clone(d.of(in.typ, textIn, c.fn.pos))
	} else if in.max > 0 {
		schema.set("maxLength", in.max)
	}
	if in.slice {
		schema = object{{"type", "array"}, {"items", schema}}
	}
	if in.def != "" {
		schema.set("default", defaultValue(in.def, in.kind))
	}
	return schema
}

// segment returns the schema of a wildcard: that of the narrowest type that it is
// read as.
func (d *document) segment(rt *route, s *segment) object {
	if s.typ != nil {
		return d.of(s.typ, textIn, rt.pathPos)
	}
	for _, c := range rt.calls {
		for _, arg := range c.args {
			if arg.segment == s && arg.kind != "view" {
				return d.of(arg.typ, textIn, c.fn.pos)
			}
			for _, in := range arg.fields {
				if in.segment == s && in.kind != "view" {
					return d.of(in.typ, textIn, c.fn.pos)
				}
			}
		}
	}
	return object{{"type", "string"}}
}

// object returns the parameter as it is written. What several functions read has
// to be of each of their types.
func (p *parameter) object() object {
	o := object{{"name", p.name}, {"in", p.in}}
	if p.doc.text != "" {
		o.set("description", p.doc.text)
	}
	if p.required {
		o.set("required", true)
	}
	if p.doc.deprecated {
		o.set("deprecated", true)
	}
	var distinct list
	var texts []string
	for _, s := range p.schemas {
		wider := slices.ContainsFunc(p.schemas, func(o typed) bool { return isPart(o.kind, s.kind) })
		if text := schemaText(&variant{schema: s.schema}); !wider && !slices.Contains(texts, text) {
			distinct, texts = append(distinct, s.schema), append(texts, text)
		}
	}
	schema := distinct[0]
	if len(distinct) > 1 {
		schema = object{{"allOf", distinct}}
	}
	o.set("schema", schema)
	return o
}

// isPart reports whether every text that is of one kind is of another one too,
// which is the wider.
func isPart(kind, wider string) bool {
	if kind == "" || isText(kind) || kind == wider {
		return false
	}
	if isText(wider) {
		return wider != "text"
	}
	bits := func(kind, of string) (n int) {
		if rest, ok := strings.CutPrefix(kind, of); ok {
			if n, _ = strconv.Atoi(rest); n == 0 {
				n = 64 // int and uint
			}
		}
		return n
	}
	i, u := bits(kind, "int"), bits(kind, "uint")
	i2, u2 := bits(wider, "int"), bits(wider, "uint")
	return i > 0 && i < i2 || u > 0 && (u < u2 || u < i2)
}

// content returns what takes the content of the requests of a route, or nil.
func (rt *route) content() (*argument, *call) {
	for _, c := range rt.calls {
		for _, arg := range c.args {
			if arg.takesContent() {
				return arg, c
			}
		}
	}
	return nil, nil
}

// requestBody returns the content of the requests of a route, or nil.
func (d *document) requestBody(rt *route) object {
	arg, c := rt.content()
	if arg == nil {
		return nil
	}
	var about []string
	if rt.maxBody > 0 {
		about = append(about, fmt.Sprintf("At most %d octets.", rt.maxBody))
	}
	if rt.decode != nil {
		about = append(about, fmt.Sprintf("The content coding %s is decoded, to at most %d octets.", strings.Join(rt.decode.codings, " or "), rt.decode.limit))
	}
	body := object{}
	if len(about) > 0 {
		body.set("description", strings.Join(about, " "))
	}
	body.set("content", object{{"*/*", object{}}})
	if arg.source == fromJSON {
		body.set("content", media("application/json", d.of(arg.elem, jsonIn, c.fn.pos)))
		body.set("required", true)
	}
	if arg.source == fromForm {
		d.formBody(&body, arg, c)
	}
	return body
}

func media(mediaType string, schema object) object {
	return object{{mediaType, object{{"schema", schema}}}}
}

// formBody adds the content of a form.
func (d *document) formBody(body *object, arg *argument, c *call) {
	properties, required, needsFile := object{}, list{}, false
	for _, in := range arg.fields {
		schema := d.field(in, c)
		if doc := describe(d.docs.of(in.v).text, ""); doc.text != "" {
			schema.set("description", doc.text)
		}
		properties.set(in.key, schema)
		if !in.pointer && !in.slice && in.def == "" {
			required = append(required, in.key)
			needsFile = needsFile || in.kind == "file"
		}
	}
	schema := object{{"type", "object"}, {"properties", properties}}
	if len(required) > 0 {
		schema.set("required", required)
	}
	content := media("multipart/form-data", schema)
	if !needsFile { // no other form of content has files
		content = append(media("application/x-www-form-urlencoded", schema), content...)
	}
	body.set("content", content)
	if len(required) > 0 {
		body.set("required", true)
	}
}
