package gen

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// This file chooses a route as generated code does, to explain it. TestReference
// compares the two.

// A choice is what answers a request.
type choice struct {
	route  *route // nil where there is none
	status int    // what answers then: 204 (OPTIONS), 308, 400, 404, 405, 501, or what BadPath says
	allow  []string
	// segments are those of the path, without escapes except those of "/" and "%".
	segments []string
	other    string // of 308: the path that has a route
	loose    bool   // the status is that of BadPath
}

// choose chooses what answers a request for a path.
func (t *tree) choose(d *declaration, method, host, path string) (c choice) {
	if !slices.Contains(append([]string{"CONNECT", "TRACE"}, methods...), method) {
		c.status = 501
		return c
	}
	if !strings.HasPrefix(path, "/") {
		c.allow = serverMethodNames(d)
		c.status = c.without(method)
		return c
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		text, err := url.PathUnescape(part)
		if err != nil {
			c.status, c.segments = 400, nil
			return c
		}
		c.segments = append(c.segments, strings.NewReplacer("%", "%25", "/", "%2F").Replace(text))
	}
	if c.route = t.find(method, host, c.segments, false, &c.allow); c.route != nil {
		return c
	}
	var ignored []string
	if len(c.allow) == 0 && d.badPath != 0 && t.find(method, host, c.segments, true, &ignored) != nil {
		c.status, c.loose = int(d.badPath), true
		return c
	}
	other := append(slices.Clone(c.segments), "")
	if n := len(c.segments); n > 1 && c.segments[n-1] == "" {
		other = c.segments[:n-1]
	}
	if len(c.allow) == 0 && d.slashes && t.find(method, host, other, false, &ignored) != nil {
		c.status, c.other = 308, strings.TrimSuffix(path, "/")
		if c.other == path {
			c.other += "/"
		}
		return c
	}
	if len(c.allow) == 0 && method == "TRACE" {
		c.allow = serverMethodNames(d)
	}
	c.status = c.without(method)
	return c
}

// without returns the status for a path without a route for the method.
func (c *choice) without(method string) int {
	switch {
	case len(c.allow) == 0:
		return 404
	case method == "OPTIONS":
		return 204
	}
	return 405
}

// serverMethodNames returns the methods that a path of the server has.
func serverMethodNames(d *declaration) (list []string) {
	for _, rt := range d.routes {
		if list = append(list, rt.method); rt.method == "GET" {
			list = append(list, "HEAD")
		}
	}
	return append(list, "OPTIONS")
}

// find returns the first route for a request in the total order: one of the host
// before one of every host. It adds the methods of the path to allow until then.
func (t *tree) find(method, host string, path []string, loose bool, allow *[]string) (found *route) {
	for _, h := range t.hosts {
		if h.host != "" && h.host != host {
			continue
		}
		h.root.visit(path, loose, func(l *leaf) bool {
			for _, rt := range l.routes {
				if slices.Contains(l.methods(rt), method) {
					found = rt
				}
				*allow = append(*allow, l.methods(rt)...)
			}
			return found != nil
		})
		if found != nil {
			return found
		}
	}
	return nil
}

// visit calls f with the leaves that match path below n, in the total order,
// until it returns true. Loose, a segment that is not empty need not parse.
func (n *node) visit(path []string, loose bool, f func(*leaf) bool) bool {
	text, last := path[0], len(path) == 1
	if last && text == "" && n.end != nil && f(n.end) {
		return true
	}
	through := func(e *edge) bool {
		if last {
			return e.leaf != nil && f(e.leaf)
		}
		return e.next != nil && e.next.visit(path[1:], loose, f)
	}
	if e := n.literals[text]; e != nil && through(e) {
		return true
	}
	for _, e := range n.wild {
		if (parses(e.segment.kind(), text) || loose && text != "") && through(e) {
			return true
		}
	}
	return n.rest != nil && f(n.rest.leaf)
}

// parses reports whether a segment is a text of a kind.
func parses(kind, text string) bool {
	return text != "" && (kind == "string" || literal(text, kind) != "")
}

// A fit is how a route compares with a path.
type fit struct {
	route *route
	host  bool // it is of this host, or of every host
	bad   int  // the index of the segment that does not parse; -1: none
}

// fits returns the routes whose literals, number of segments and end are those of
// a path, in the total order.
func (d *declaration) fits(host string, path []string) (list []fit) {
	for _, rt := range d.routes {
		if bad, ok := rt.fit(path); ok {
			list = append(list, fit{route: rt, host: rt.host == "" || rt.host == host, bad: bad})
		}
	}
	slices.SortStableFunc(list, func(a, b fit) int {
		c, _ := order(a.route, b.route)
		return c
	})
	return list
}

// fit compares the segments of a route with a path.
func (rt *route) fit(path []string) (bad int, ok bool) {
	bad = -1
	for i, s := range rt.segments {
		switch {
		case i >= len(path):
			return bad, false
		case s.rest:
			return bad, true
		case s.end:
			return bad, i == len(path)-1 && path[i] == ""
		case s.wildcard():
			if path[i] == "" {
				return bad, false
			}
			if bad < 0 && !parses(s.kind(), path[i]) {
				bad = i
			}
		case s.literal != path[i]:
			return bad, false
		}
	}
	return bad, len(path) == len(rt.segments)
}

// order compares two routes that fit one path in the total order, and says why
// the one that comes first does.
func order(a, b *route) (c int, why string) {
	if a.host != b.host {
		if a.host == "" {
			return 1, "a route of the host comes before one of every host"
		}
		return -1, "a route of the host comes before one of every host"
	}
	for i := range min(len(a.segments), len(b.segments)) {
		x, y := a.segments[i], b.segments[i]
		if c = cmp.Compare(x.rank(), y.rank()); c != 0 {
			if c > 0 {
				x, y = y, x
			}
			return c, narrower(x, y)
		}
	}
	return 0, ""
}

// rank returns the place of a segment in the total order.
func (s *segment) rank() int {
	switch {
	case s.rest:
		return 100
	case s.wildcard():
		return 1 + rank(s.kind())
	}
	return 0
}

// narrower says why x comes before y.
func narrower(x, y *segment) string {
	switch {
	case !x.wildcard() && y.rest && x.end:
		return fmt.Sprintf("{$} is the end where %s is any number of segments", y)
	case !x.wildcard():
		return fmt.Sprintf("%q is literal where %s is not", x.literal, y)
	case y.rest:
		return fmt.Sprintf("%s is one segment where %s is any number", x, y)
	}
	return fmt.Sprintf("%s (%s) is narrower than %s (%s)", x, x.kind(), y, y.kind())
}

// maxNear bounds the routes that are shown for a path that has none.
const maxNear = 3

// near returns the routes whose paths are a few edits away from one, the nearest
// first.
func (d *declaration) near(host string, path []string) (list []*route) {
	distances := map[*route]int{}
	for _, rt := range d.routes {
		if far, ok := rt.far(path); ok && (rt.host == "" || rt.host == host) {
			distances[rt] = far
			list = append(list, rt)
		}
	}
	slices.SortStableFunc(list, func(a, b *route) int { return cmp.Compare(distances[a], distances[b]) })
	return list[:min(len(list), maxNear)]
}

// far returns how many edits a path is away from the route; ok is false when it
// is not near. Each literal can be two edits away, and a segment can be
// missing, too much or of the wrong type.
func (rt *route) far(path []string) (far int, ok bool) {
	const most = 4
	pattern := rt.segments
	same := 0
	for i := range max(len(pattern), len(path)) {
		switch {
		case i >= len(path) || i >= len(pattern):
			if i < len(pattern) && pattern[i].rest {
				break
			}
			far += 2
		case pattern[i].rest:
			return far, far <= most && same > 0
		case pattern[i].end:
			if path[i] != "" {
				far += 2
			}
		case pattern[i].wildcard():
			if !parses(pattern[i].kind(), path[i]) {
				far += 2
			}
		default:
			d := distance(strings.ToLower(pattern[i].literal), strings.ToLower(path[i]))
			if pattern[i].literal == path[i] || d <= 2 && d < len(pattern[i].literal) {
				same++
			} else {
				return 0, false
			}
			far += d
		}
	}
	return far, far <= most && same > 0
}
