package gen

import (
	"cmp"
	"slices"
	"strings"
)

// A node is a place in the paths of the routes of one method, just behind a
// slash: what can stand there.
type node struct {
	prefix   string // the paths that lead here, for names and comments
	literals map[string]*edge
	wild     []*edge // narrower kinds first, text last
	rest     *route  // {name...}
	end      *route  // {$}
	fn       string  // the name of its function
}

// An edge is one segment and what can follow it.
type edge struct {
	segment *segment // of a wildcard: that of the first route, whose field all share
	leaf    *route   // the path ends behind it
	next    *node    // a slash follows
}

// add adds a route below n, whose segments from i on are still to come. It
// returns the route that has the same pattern, if there is one.
func (n *node) add(rt *route, i int) (same *route) {
	s := rt.segments[i]
	switch {
	case s.end:
		if n.end != nil {
			return n.end
		}
		n.end = rt
		return nil
	case s.rest:
		if n.rest != nil {
			return n.rest
		}
		n.rest = rt
		return nil
	}
	e := n.edge(s)
	if i == len(rt.segments)-1 {
		if e.leaf != nil {
			return e.leaf
		}
		e.leaf = rt
		return nil
	}
	if e.next == nil {
		e.next = &node{prefix: n.prefix + "/" + s.String(), literals: map[string]*edge{}}
	}
	return e.next.add(rt, i+1)
}

// edge returns the edge of a segment. Wildcards of one kind share one, so that
// what follows them is compared as a whole.
func (n *node) edge(s *segment) *edge {
	if !s.wildcard() {
		if n.literals[s.literal] == nil {
			n.literals[s.literal] = &edge{}
		}
		return n.literals[s.literal]
	}
	for _, e := range n.wild {
		if e.segment.kind() == s.kind() {
			e.segment.text = e.segment.text || s.text
			s.shared = e.segment
			return e
		}
	}
	e := &edge{segment: s}
	n.wild = append(n.wild, e)
	slices.SortStableFunc(n.wild, func(a, b *edge) int { return cmp.Compare(rank(a.segment.kind()), rank(b.segment.kind())) })
	return e
}

// kind returns what a wildcard is parsed as while the route is chosen: a basic
// kind, or "string".
func (s *segment) kind() string {
	if s.typ == nil {
		return "string"
	}
	return scalar(s.typ)
}

// isLiteral reports whether a route has no wildcard: then its whole path is
// compared.
func (rt *route) isLiteral() bool { return len(rt.wildcards()) == 0 }

// literalPath returns the path of a route without wildcards as it is sent.
func (rt *route) literalPath() string {
	var b strings.Builder
	for _, s := range rt.segments {
		b.WriteString("/" + s.literal)
	}
	return b.String()
}

// A methodRoutes is the routes of one method.
type methodRoutes struct {
	method   string
	literals []*route
	tree     *node // nil when there is no route with a wildcard
}

// router sorts the routes of a declaration by method, and reports those that
// are declared twice.
func (a *app) router(d *declaration) (list []*methodRoutes) {
	for _, method := range methods {
		m := &methodRoutes{method: method}
		seen := map[string]*route{}
		if method == "HEAD" && !slices.ContainsFunc(d.routes, func(rt *route) bool { return rt.method == "HEAD" }) {
			continue // answered by the routes of GET
		}
		for _, rt := range d.routes {
			if rt.method == method {
				a.place(m, rt, seen)
			}
		}
		for _, rt := range d.routes {
			if method == "HEAD" && rt.method == "GET" {
				a.place(m, rt, seen)
			}
		}
		if len(m.literals) > 0 || m.tree != nil {
			list = append(list, m)
		}
	}
	return list
}

// place adds a route to those of a method. Where HEAD has the pattern of a
// route of GET, HEAD's own is kept.
func (a *app) place(m *methodRoutes, rt *route, seen map[string]*route) {
	var same *route
	if rt.isLiteral() {
		if same = seen[rt.literalPath()]; same == nil {
			seen[rt.literalPath()] = rt
			m.literals = append(m.literals, rt)
		}
	} else {
		if m.tree == nil {
			m.tree = &node{literals: map[string]*edge{}}
		}
		same = m.tree.add(rt, 0)
	}
	if same != nil && same.method == rt.method && rt.method == m.method {
		a.report(rt.pathPos, "duplicate-route", rt.method+" "+rt.path+" is declared twice",
			[]string{"first: " + same.method + " " + same.path + " at " + a.at(same.pathPos) + "; parameter names do not make patterns different"},
			"remove one, or change the path")
	}
}
