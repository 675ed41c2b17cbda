package gen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxOverlaps bounds the overlaps that are looked for: there can be as many as
// pairs of routes.
const maxOverlaps = 100

// overlapping finds pairs of routes of which neither is the narrower one, and
// that match one path all the same.
type overlapping struct {
	*app
	order map[*route]int // the place in the declaration
	found []Diagnostic
	pairs []overlap
}

// An overlap is a pair of routes that overlap.
type overlap struct {
	winner, loser *route
	path          string // that both match
	why           string // the winner comes first
}

// A contest is how two patterns compare up to one segment of both.
type contest struct {
	path    string // that both match so far
	side    int    // which was the first to be narrower: 0 the first, 1 the second, -1 none yet
	why     string
	crossed bool // then the other was
}

// narrower returns the contest after a segment at which one side is narrower
// than the other.
func (c contest) narrower(side int, why string) contest {
	switch {
	case c.side < 0:
		c.side, c.why = side, why
	case c.side != side:
		c.crossed = true
	}
	return c
}

// overlaps returns a note for each pair of routes that overlap, or reports them
// where the declaration is strict.
func (a *app) overlaps(d *declaration, t *tree) (notes DeclarationErrors) {
	o := &overlapping{app: a, order: map[*route]int{}}
	for i, rt := range d.routes {
		o.order[rt] = i
	}
	for _, h := range t.hosts {
		o.pair(h.root, h.root, contest{side: -1})
	}
	t.overlaps = o.pairs
	for _, found := range o.found {
		if !d.strict {
			found.Message = "note: " + found.Message
			notes = append(notes, found)
			continue
		}
		found.Why = append(found.Why, "s.StrictRoutes() is declared: every path has one route that is the narrowest in every segment")
		found.Fix = "change one path, or give a wildcard a type that the text of the other is not of"
		a.problems = append(a.problems, found)
	}
	return notes.sorted()
}

// pair compares the routes below m with those below n. Where the two are one
// place, each pair comes once.
func (o *overlapping) pair(m, n *node, c contest) {
	if m == nil || n == nil || len(o.found) >= maxOverlaps {
		return
	}
	ways, others := m.ways(), n.ways()
	for i, x := range ways {
		if m == n {
			others = ways[i:]
		}
		for _, y := range others {
			o.step(x, y, c)
		}
	}
	if m == n {
		return
	}
	o.leaves(m.end, n.end, c, "/")
	const why = "{$} is the end where %s is any number of segments"
	if n.rest != nil {
		o.leaves(m.end, n.rest.leaf, c.narrower(0, fmt.Sprintf(why, n.rest.segment)), "/")
	}
	if m.rest != nil {
		o.leaves(m.rest.leaf, n.end, c.narrower(1, fmt.Sprintf(why, m.rest.segment)), "/")
	}
}

// A way is an edge with its text: that of the literal, or of the wildcard.
type way struct {
	*edge
	literal string
}

func (w way) String() string {
	if w.segment == nil {
		return strconv.Quote(w.literal)
	}
	return w.segment.String()
}

// ways returns what a path can go on with at n.
func (n *node) ways() (list []way) {
	for text, e := range n.literals {
		list = append(list, way{edge: e, literal: text})
	}
	slices.SortFunc(list, func(a, b way) int { return strings.Compare(a.literal, b.literal) })
	for _, e := range n.wild {
		list = append(list, way{edge: e})
	}
	if n.rest != nil {
		list = append(list, way{edge: n.rest})
	}
	return list
}

// step compares what begins with x with what begins with y.
func (o *overlapping) step(x, y way, c contest) {
	xs, ys := x.segment, y.segment
	switch {
	case xs != nil && xs.rest && ys != nil && ys.rest:
		if x.edge != y.edge {
			o.leaves(x.leaf, y.leaf, c, "/")
		}
		return
	case ys != nil && ys.rest:
		o.below(x, c.narrower(0, fmt.Sprintf("%s is one segment where %s is any number", x, y)), y.leaf, false)
		return
	case xs != nil && xs.rest:
		o.below(y, c.narrower(1, fmt.Sprintf("%s is one segment where %s is any number", y, x)), x.leaf, true)
		return
	}
	c, ok := meet(x, y, c)
	if !ok {
		return
	}
	if x.edge != y.edge {
		o.leaves(x.leaf, y.leaf, c, "")
	}
	o.pair(x.next, y.next, c)
}

// below compares a pattern that takes any rest with all that begins with w.
// swapped says that w's side is the second.
func (o *overlapping) below(w way, c contest, rest *leaf, swapped bool) {
	if !c.crossed || len(o.found) >= maxOverlaps {
		return // what begins with w is narrower throughout
	}
	c.path += "/" + w.sample()
	report := func(l *leaf, end string) {
		if swapped {
			o.leaves(rest, l, c, end)
		} else {
			o.leaves(l, rest, c, end)
		}
	}
	if w.segment != nil && w.segment.rest {
		report(w.leaf, "")
		return
	}
	report(w.leaf, "")
	if w.next == nil {
		return
	}
	report(w.next.end, "/")
	for _, next := range w.next.ways() {
		o.below(next, c, rest, swapped)
	}
}

// leaves notes that routes that end at one path overlap.
func (o *overlapping) leaves(l, m *leaf, c contest, end string) {
	if l == nil || m == nil || !c.crossed {
		return
	}
	for _, x := range l.routes {
		for _, y := range m.routes {
			if x.method == y.method {
				o.note(x, y, c, end)
			}
		}
	}
}

func (o *overlapping) note(x, y *route, c contest, end string) {
	a, winner, loser := o.app, x, y
	if c.side == 1 {
		winner, loser = y, x
	}
	first, second := x, y
	if o.order[x] > o.order[y] {
		first, second = y, x
	}
	o.pairs = append(o.pairs, overlap{winner, loser, c.path + end, c.why})
	o.found = append(o.found, Diagnostic{
		Pos: a.position(second.pathPos), Code: "overlap",
		Message: fmt.Sprintf("%s and %s both match %s", first.title(), second.title(), first.host+c.path+end),
		Why:     []string{fmt.Sprintf("%s (%s) wins over %s (%s): %s", winner.path, a.at(winner.pathPos), loser.path, a.at(loser.pathPos), c.why)},
	})
}

// sample returns a segment that w matches.
func (w way) sample() string {
	if w.segment == nil {
		return w.literal
	}
	return sampleOf(w.segment.kind())
}

func sampleOf(kind string) string {
	switch kind {
	case "string":
		return "x"
	case "bool":
		return "true"
	}
	return "1"
}

// meet compares two segments. ok is false when no text is matched by both.
func meet(x, y way, c contest) (_ contest, ok bool) {
	xs, ys := x.segment, y.segment
	switch {
	case xs == nil && ys == nil:
		c.path += "/" + x.literal
		return c, x.literal == y.literal
	case xs == nil:
		c = c.narrower(0, fmt.Sprintf("%s is literal where %s is not", x, y))
		c.path += "/" + x.literal
		return c, literal(x.literal, ys.kind()) != "" || ys.kind() == "string"
	case ys == nil:
		c = c.narrower(1, fmt.Sprintf("%s is literal where %s is not", y, x))
		c.path += "/" + y.literal
		return c, literal(y.literal, xs.kind()) != "" || xs.kind() == "string"
	}
	p, q := xs.kind(), ys.kind()
	if p == q {
		c.path += "/" + sampleOf(p)
		return c, true
	}
	if rank(p) > rank(q) {
		p, q = q, p
		c = c.narrower(1, fmt.Sprintf("%s (%s) is narrower than %s (%s)", y, p, x, q))
	} else {
		c = c.narrower(0, fmt.Sprintf("%s (%s) is narrower than %s (%s)", x, p, y, q))
	}
	c.path += "/" + sampleOf(p)
	if p == "bool" {
		return c, q == "string"
	}
	c.crossed = c.crossed || !within(p, q)
	return c, true
}

// within reports whether every text of kind p is one of kind q, which ranks
// behind it.
func within(p, q string) bool {
	return !strings.HasPrefix(p, "int") || !strings.HasPrefix(q, "uint")
}

// parts returns the place at which the routes of an overlap part.
func (t *tree) parts(o overlap) *node {
	var n *node
	for _, h := range t.hosts {
		if h.host == o.winner.host {
			n = h.root
		}
	}
	for i, s := range o.winner.segments {
		other := o.loser.segments[i]
		if order := s.rank() - other.rank(); order != 0 || s.wildcard() && s.kind() != other.kind() || s.literal != other.literal || s.rest || s.end {
			return n
		}
		n = n.edge(s).next
	}
	return n
}
