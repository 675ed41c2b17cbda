package gen

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// A tree tells the routes of a declaration apart.
type tree struct {
	hosts []*hostTree // in the order of the declaration; that of every host is the last
	// overlaps are routes of which neither is the narrower one.
	overlaps []overlap
}

// A hostTree tells the paths of a host apart.
type hostTree struct {
	host      string // "" for every host
	root      *node
	literalFn string // the name of the function for paths without wildcards, once it has one
}

// every returns the tree of the routes of every host.
func (t *tree) every() *hostTree { return t.hosts[len(t.hosts)-1] }

// A node is a place in the paths, just behind a slash: what can stand there.
type node struct {
	prefix   string // the paths that lead here, for names and comments
	literals map[string]*edge
	wild     []*edge // narrower kinds first, text last
	rest     *edge   // {name...}
	end      *leaf   // {$}
	fn       string  // the name of its function, once it has one
}

// An edge is one segment and what can follow it.
type edge struct {
	segment *segment // of a wildcard: that of the first route, whose field all share
	leaf    *leaf    // the path ends behind it
	next    *node    // a slash follows
}

// A leaf is where a path ends: the routes with one pattern, each with a method
// of its own.
type leaf struct{ routes []*route }

// add adds a route. It returns the one that has the same method already, if
// there is one.
func (l *leaf) add(rt *route) (same *route) {
	for _, other := range l.routes {
		if other.method == rt.method {
			return other
		}
	}
	l.routes = append(l.routes, rt)
	return nil
}

// methods returns the methods that a route of the leaf answers: GET answers
// HEAD where that has no route of its own.
func (l *leaf) methods(rt *route) []string {
	if rt.method == "GET" && !slices.ContainsFunc(l.routes, func(o *route) bool { return o.method == "HEAD" }) {
		return []string{"GET", "HEAD"}
	}
	return []string{rt.method}
}

// add adds a route below n, whose segments from i on are still to come. It
// returns the route that has the same pattern and method, if there is one.
func (n *node) add(rt *route, i int) (same *route) {
	s := rt.segments[i]
	switch {
	case s.end:
		if n.end == nil {
			n.end = &leaf{}
		}
		return n.end.add(rt)
	case s.rest:
		if n.rest == nil {
			n.rest = &edge{segment: s, leaf: &leaf{}}
		}
		n.rest.share(s)
		return n.rest.leaf.add(rt)
	}
	e := n.edge(s)
	if i == len(rt.segments)-1 {
		if e.leaf == nil {
			e.leaf = &leaf{}
		}
		return e.leaf.add(rt)
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
			e.share(s)
			return e
		}
	}
	e := &edge{segment: s}
	n.wild = append(n.wild, e)
	slices.SortStableFunc(n.wild, func(a, b *edge) int { return cmp.Compare(rank(a.segment.kind()), rank(b.segment.kind())) })
	return e
}

// share makes s another name of the edge's wildcard.
func (e *edge) share(s *segment) {
	if e.segment == s {
		return
	}
	s.shared = e.segment
	e.segment.text = e.segment.text || s.text
	e.segment.read = e.segment.read || s.read
}

// edges returns the edges from n, in the order in which they are tried.
func (n *node) edges() (list []*edge) {
	for _, text := range slices.Sorted(maps.Keys(n.literals)) {
		list = append(list, n.literals[text])
	}
	list = append(list, n.wild...)
	if n.rest != nil {
		list = append(list, n.rest)
	}
	return list
}

// A tail is an end of a path without wildcards.
type tail struct {
	text string
	*leaf
}

// tails returns the ends without wildcards of the paths below n, in
// alphabetical order, with prefix in front.
func (n *node) tails(prefix string) (list []tail) {
	if n == nil {
		return nil
	}
	if n.end != nil {
		list = append(list, tail{prefix, n.end})
	}
	for text, e := range n.literals {
		if e.leaf != nil {
			list = append(list, tail{prefix + text, e.leaf})
		}
		list = append(list, e.next.tails(prefix+text+"/")...)
	}
	slices.SortFunc(list, func(a, b tail) int { return strings.Compare(a.text, b.text) })
	return list
}

// isOpen reports whether a path below n has a wildcard.
func (n *node) isOpen() bool {
	return n != nil && (len(n.wild) > 0 || n.rest != nil || len(n.openLiterals()) > 0)
}

// openLiterals returns the segments at n that a wildcard comes behind.
func (n *node) openLiterals() (list []string) {
	for text, e := range n.literals {
		if e.next.isOpen() {
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return list
}

// size returns the number of patterns below n.
func (n *node) size() (size int) {
	if n == nil {
		return 0
	}
	if n.end != nil {
		size++
	}
	for _, e := range n.edges() {
		if e.leaf != nil {
			size++
		}
		size += e.next.size()
	}
	return size
}

// kind returns what a wildcard is parsed as while the route is chosen: a basic
// kind, or "string".
func (s *segment) kind() string {
	if s.typ == nil {
		return "string"
	}
	return scalar(s.typ)
}

// router sorts the routes of a declaration into a tree, and reports those that
// are declared twice.
func (a *app) router(d *declaration) *tree {
	t := &tree{}
	roots := map[string]*node{}
	add := func(host string) {
		if roots[host] == nil {
			roots[host] = &node{prefix: host, literals: map[string]*edge{}}
			t.hosts = append(t.hosts, &hostTree{host: host, root: roots[host]})
		}
	}
	for _, rt := range d.routes {
		if rt.host != "" {
			add(rt.host)
		}
	}
	add("")
	for _, rt := range d.routes {
		if same := roots[rt.host].add(rt, 0); same != nil {
			a.report(rt.pathPos, "duplicate-route", rt.title()+" is declared twice",
				[]string{"first: " + same.title() + " at " + a.at(same.pathPos) + "; parameter names do not make patterns different"},
				"remove one, or change the path")
		}
	}
	return t
}
