package gen

import (
	"fmt"
	"slices"
	"strings"
)

// Graph reads the app in dir and returns its declaration as a mermaid flowchart:
// a request comes past the functions of the server and its groups to its route.
func Graph(dir string) (string, error) {
	a, err := analyze(dir)
	if err != nil {
		return "", err
	}
	g := &grapher{analysis: a, steps: map[*step]string{}}
	g.line(0, "flowchart LR")
	g.line(1, "%%%% green runs on the event loop, blue on the pool")
	g.line(1, `request(["request"])`)
	g.scope(a.decl.server, 1)
	g.edges = append(g.edges, g.edge(g.last(a.decl.server.steps), "none"))
	for _, e := range g.edges {
		g.line(1, "%s", e)
	}
	g.line(1, "classDef loop fill:#e6f4ea,stroke:#1e8e3e,color:#000")
	g.line(1, "classDef pool fill:#e8f0fe,stroke:#1967d2,color:#000")
	for _, class := range []string{"loop", "pool"} {
		if ids := g.places[class]; len(ids) > 0 {
			g.line(1, "class %s %s", strings.Join(ids, ","), class)
		}
	}
	return g.text.String(), nil
}

// grapher draws one declaration.
type grapher struct {
	*analysis
	text   strings.Builder
	steps  map[*step]string // the names of their nodes
	edges  []string
	places map[string][]string // the nodes of routes, by where they run
}

func (g *grapher) line(depth int, format string, args ...any) {
	g.text.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&g.text, format, args...)
	g.text.WriteString("\n")
}

func (g *grapher) edge(from, to string) string { return from + " --> " + to }

// last returns the node of the last of steps, or the request.
func (g *grapher) last(steps []*step) string {
	if len(steps) == 0 {
		return "request"
	}
	return g.steps[steps[len(steps)-1]]
}

// scope draws the server or a group with what is in it, as a box.
func (g *grapher) scope(s *scope, depth int) {
	title := "server"
	if s != g.decl.server {
		title = s.host + s.prefix
	}
	for _, of := range []struct {
		what string
		*step
	}{{"errors", s.errors}, {"panics", s.recover}, {"results", s.encode}} {
		if of.step != nil {
			title += fmt.Sprintf("; %s: %s", of.what, of.fn.name)
		}
	}
	g.line(depth, "subgraph s%d[%s]", slices.Index(g.decl.scopes, s), label(title))
	before := "request"
	if s.parent != nil {
		before = g.last(g.outer(s))
	}
	for _, st := range s.steps {
		id := fmt.Sprintf("f%d", len(g.steps))
		g.steps[st] = id
		when := map[string]string{"Finish": "before the response is sent", "Done": "when it has been sent"}[st.kind]
		g.line(depth+1, "%s[%s]", id, label(st.kind+" "+st.fn.name, when))
		g.edges = append(g.edges, g.edge(before, id))
		before = id
	}
	for i, rt := range g.decl.routes {
		if rt.scope == s {
			g.route(rt, i, depth+1)
		}
	}
	if s == g.decl.server {
		g.line(depth+1, "none([%s])", label("404, 405, OPTIONS"))
	}
	for _, inner := range g.decl.scopes {
		if inner.parent == s && inner.routes > 0 {
			g.scope(inner, depth+1)
		}
	}
	g.line(depth, "end")
}

// outer returns the steps that come before those of a group: those of a route in
// it that are not its own.
func (g *grapher) outer(s *scope) (list []*step) {
	for _, rt := range g.decl.routes {
		chain := rt.scope.chain()
		if !slices.Contains(chain, s) {
			continue
		}
		for _, st := range rt.steps {
			if inside := slices.Index(chain, st.scope) >= slices.Index(chain, s); !inside {
				list = append(list, st)
			}
		}
		return list
	}
	return nil
}

// route draws a route.
func (g *grapher) route(rt *route, i, depth int) {
	id := fmt.Sprintf("r%d", i)
	lines := []string{rt.title(), rt.answeredBy()}
	switch {
	case rt.reads:
		lines = append(lines, "takes the content as it arrives")
	case rt.split >= 0:
		lines = append(lines, "takes the content")
	}
	g.line(depth, "%s([%s])", id, label(lines...))
	g.edges = append(g.edges, g.edge(g.last(rt.steps), id))
	place := "pool"
	if rt.onLoop || rt.isKnown() {
		place = "loop"
	}
	if g.places == nil {
		g.places = map[string][]string{}
	}
	g.places[place] = append(g.places[place], id)
}

// label returns lines as the text of a node: in quotes, and with what has a meaning
// in them or in HTML written as entities.
func label(lines ...string) string {
	escape := strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;", "\n", " ")
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, escape.Replace(l))
		}
	}
	return `"` + strings.Join(out, "<br/>") + `"`
}
