package gen

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// documentName is the file that a declaration with decl.OpenAPI embeds.
const documentName = "openapi.json"

// documentMark is in every document that was generated, so that no other file is
// overwritten.
const documentMark = `"x-generated-by": "windhover"`

// OpenAPI reads the app in dir and returns its OpenAPI document (version 3.1), as
// it belongs into the file called name, openapi.json in dir if that is empty. It
// writes nothing. The notes of the result are what the types do not tell.
func OpenAPI(dir, name string) (*Result, error) {
	c, err := analyze(dir)
	if err != nil {
		return nil, err
	}
	return c.document(name)
}

// document returns the OpenAPI document of the app, for the file called name.
func (c *analysis) document(name string) (*Result, error) {
	doc := &document{
		schemas: &schemas{app: c.app, docs: &docs{app: c.app}, names: map[string]bool{}},
		decl:    c.decl, paths: map[string]*pathItem{}, operations: routeNames(c.decl, taskNames()),
	}
	var text bytes.Buffer
	writeJSON(&text, doc.root(), "")
	text.WriteByte('\n')
	r, err := c.result(cmp.Or(name, filepath.Join(c.dir, documentName)), text.Bytes())
	if err != nil {
		return nil, err
	}
	r.Notes = doc.notes.sorted()
	return r, nil
}

// A document is an OpenAPI document as it grows.
type document struct {
	*schemas
	decl       *declaration
	operations map[*route]string // the names of the operations
	order      []*pathItem
	paths      map[string]*pathItem // by path, without the names of wildcards
}

// A pathItem is what has one path.
type pathItem struct {
	template string
	names    []string // of its wildcards
	routes   map[string]*route
	schema   object
}

// root returns the whole document.
func (d *document) root() object {
	title, version := d.decl.title, d.decl.version
	info := object{{"title", cmp.Or(title, path.Base(d.pkg.PkgPath))}, {"version", cmp.Or(version, "0.0.0")}}
	if text := describe(d.decl.doc, "").text; text != "" {
		info.set("description", text)
	}
	paths := object{}
	for _, rt := range d.decl.routes {
		if rt.files == nil { // what a site consists of is no part of its API
			d.route(rt)
		}
	}
	for _, item := range d.order {
		paths.set(item.template, item.schema)
	}
	root := object{{"openapi", "3.1.0"}, {"x-generated-by", "windhover"}, {"info", info}}
	if tags := d.tags(); len(tags) > 0 {
		root.set("tags", tags)
	}
	root.set("paths", paths)
	if components := d.components(); len(components) > 0 {
		root.set("components", object{{"schemas", components}})
	}
	return root
}

// route adds a route to its path.
func (d *document) route(rt *route) {
	item := d.item(rt)
	method := strings.ToLower(rt.method)
	if other := item.routes[method]; other != nil {
		d.notes = append(d.notes, Diagnostic{
			Pos: d.position(rt.pathPos), Code: "not-described", Message: rt.title() + " is not in the document",
			Why: []string{fmt.Sprintf("OpenAPI has one %s for this path: %s (%s); hosts and the types of wildcards make no difference to it", rt.method, other.title(), d.at(other.pathPos))},
		})
		return
	}
	item.routes[method] = rt
	item.schema.set(method, d.operation(rt, item))
}

// item returns what has the path of a route.
func (d *document) item(rt *route) *pathItem {
	var key, template strings.Builder
	var names []string
	for _, s := range rt.segments {
		template.WriteByte('/')
		key.WriteByte('/')
		if !s.wildcard() {
			template.WriteString(strings.TrimSuffix(s.String(), "{$}"))
			key.WriteString(strings.TrimSuffix(s.String(), "{$}"))
			continue
		}
		name := s.name
		if name == "_" {
			name = "segment"
		}
		base := name
		for i := 2; slices.Contains(names, name); i++ {
			name = fmt.Sprint(base, i)
		}
		names = append(names, name)
		template.WriteString("{" + name + "}")
		key.WriteString("{}")
	}
	item := d.paths[key.String()]
	if item == nil {
		item = &pathItem{template: template.String(), names: names, routes: map[string]*route{}}
		d.paths[key.String()] = item
		d.order = append(d.order, item)
	}
	return item
}

// tag returns the tag of a route and the group that gives it: the last literal
// segment of the innermost group that has one.
func tag(rt *route) (name string, group *scope) {
	for s := rt.scope; s != nil && s.parent != nil; s = s.parent {
		own := strings.TrimPrefix(s.prefix, s.parent.prefix)
		for _, segment := range slices.Backward(strings.Split(own, "/")) {
			if segment != "" && segment[0] != '{' {
				return segment, s
			}
		}
	}
	return "", nil
}

// tags returns the tags of the routes, in the order of the declaration.
func (d *document) tags() (tags list) {
	seen := map[string]int{}
	for _, rt := range d.decl.routes {
		name, group := tag(rt)
		if name == "" {
			continue
		}
		if seen[name] == 0 {
			tags = append(tags, object{{"name", name}})
			seen[name] = len(tags)
		}
		t := tags[seen[name]-1].(object)
		if text := describe(group.doc, "").text; text != "" && t.get("description") == nil {
			t.set("description", text)
			tags[seen[name]-1] = t
		}
	}
	return tags
}

// embeds reports whether a route answers with the document.
func (d *declaration) embeds() bool {
	return slices.ContainsFunc(d.routes, func(rt *route) bool { return rt.ready != nil && rt.ready.document })
}
