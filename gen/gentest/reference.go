package gentest

import (
	"cmp"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A Pattern is a route as the reference reads it.
type Pattern struct {
	Method string
	Host   string // "" for every host
	// Segments are the decoded segments of the path: a literal; "{int64}" with
	// what a wildcard parses as; last, "{...}" or "{$}".
	Segments []string
	// Name is that of the route's plan.
	Name string
}

// A Reference is the specification of the routing, written as simply as it can
// be: no tree, no state, every route looked at for every request.
type Reference struct {
	Routes        []Pattern
	BadPath       int // status; 0: not declared
	RedirectSlash bool
}

// Patterns returns the reference for a declaration.
func Patterns(d Declared) Reference {
	ref := Reference{BadPath: d.BadPath, RedirectSlash: d.RedirectSlash}
	for _, r := range d.Routes {
		p := Pattern{Name: r.Plan.Name}
		var target string
		p.Method, target, _ = strings.Cut(r.Plan.Name, " ")
		slash := strings.IndexByte(target, '/')
		p.Host = target[:slash]
		kinds := strings.Fields(r.Kinds)
		for s := range strings.SplitSeq(target[slash+1:], "/") {
			switch {
			case s == "" || s == "{$}":
				s = "{$}"
			case strings.HasSuffix(s, "...}"):
				s, kinds = "{...}", kinds[1:]
			case s[0] == '{':
				s, kinds = "{"+kinds[0]+"}", kinds[1:]
			}
			p.Segments = append(p.Segments, s)
		}
		ref.Routes = append(ref.Routes, p)
	}
	return ref
}

// Kinds are what wildcards can parse as, the narrowest first.
func Kinds() []string {
	return []string{
		"bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int", "uint", "int64", "uint64", "float32", "float64", "string",
	}
}

// parses reports whether a decoded segment is a text of a kind.
func parses(kind, text string) bool {
	if kind == "bool" {
		return text == "true" || text == "false"
	}
	sized := strings.TrimLeft(kind, "uintfloa")
	bits, err := strconv.Atoi(sized)
	if err != nil {
		bits = strconv.IntSize
	}
	switch strings.TrimSuffix(kind, sized) {
	case "uint":
		_, err = strconv.ParseUint(text, 10, bits)
		return err == nil && !strings.HasPrefix(text, "+") && len(text) <= 20
	case "int":
		_, err = strconv.ParseInt(text, 10, bits)
		return err == nil && !strings.HasPrefix(text, "+") && len(strings.TrimPrefix(text, "-")) <= 20
	case "float":
		n, err := strconv.ParseFloat(text, 64)
		if bits == 32 {
			n = float64(float32(n))
		}
		return err == nil && !strings.HasPrefix(text, "+") && strings.Trim(text, "0123456789-+.eE") == "" && !math.IsInf(n, 0)
	}
	return text != ""
}

// Match reports whether a path, split and decoded, is one of the pattern; loose,
// if every segment that is not empty parses.
func (p *Pattern) Match(path []string, loose bool) bool {
	for i, s := range p.Segments {
		switch {
		case s == "{...}":
			return i < len(path)
		case s == "{$}":
			return i == len(path)-1 && path[i] == ""
		case i >= len(path):
			return false
		case s[0] == '{':
			if !parses(strings.Trim(s, "{}"), path[i]) && (!loose || path[i] == "") {
				return false
			}
		case s != path[i]:
			return false
		}
	}
	return len(path) == len(p.Segments)
}

// Compare orders the patterns that match one host and path: one of a host before
// one of every host, then segment by segment, a literal before a wildcard, a
// narrower kind before a wider one, and the rest last.
func (p *Pattern) Compare(q *Pattern) int {
	kinds := Kinds()
	rank := func(s string) int {
		switch {
		case s[0] != '{' || s == "{$}":
			return 0
		case s == "{...}":
			return 1 + len(kinds)
		}
		return 1 + slices.Index(kinds, strings.Trim(s, "{}"))
	}
	if c := cmp.Compare(len(q.Host), len(p.Host)); c != 0 {
		return c // one of them is empty
	}
	for i := range min(len(p.Segments), len(q.Segments)) {
		if c := cmp.Compare(rank(p.Segments[i]), rank(q.Segments[i])); c != 0 {
			return c
		}
	}
	return 0
}

// Choose returns the name of the plan for a request: that of the first route that
// matches in the total order, or 404, 405, 400 or OPTIONS; or the status of BadPath
// or 308, where that is declared.
func (d *Reference) Choose(method, authority, path string) string {
	raw := strings.Split(strings.TrimPrefix(path, "/"), "/")
	segments := make([]string, len(raw))
	for i, s := range raw {
		var err error
		if segments[i], err = url.PathUnescape(s); err != nil {
			return "400"
		}
	}
	known := true // the target "*" and that of CONNECT
	var p *Pattern
	host, _, _ := strings.Cut(lower(authority), ":")
	if strings.HasPrefix(path, "/") {
		p, known = d.best(method, host, segments, false)
	}
	switch {
	case p != nil:
		return p.Name
	case known && method == "OPTIONS":
		return "OPTIONS"
	case known:
		return "405"
	}
	if p, _ := d.best(method, host, segments, true); d.BadPath != 0 && p != nil {
		return strconv.Itoa(d.BadPath)
	}
	other := append(slices.Clip(segments), "")
	if n := len(segments); n > 1 && segments[n-1] == "" {
		other = segments[:n-1]
	}
	if p, _ := d.best(method, host, other, false); d.RedirectSlash && p != nil {
		return "308"
	}
	if method == "TRACE" {
		return "405" // no path has it
	}
	return "404"
}

// lower returns an ASCII text in lower case; others stay as they are.
func lower(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}, s)
}

// best returns the first route for a request in the total order, and whether
// there is one for any method.
func (d *Reference) best(method, host string, segments []string, loose bool) (best *Pattern, known bool) {
	for i := range d.Routes {
		p := &d.Routes[i]
		if p.Host != "" && p.Host != host || !p.Match(segments, loose) {
			continue
		}
		known = true
		// A route of HEAD hides that of GET with the same pattern only; among
		// others the order decides.
		if p.Method != method && (method != "HEAD" || p.Method != "GET") {
			continue
		}
		if best == nil || p.Compare(best) < 0 || p.Compare(best) == 0 && p.Method == method {
			best = p
		}
	}
	return best, known
}

// example returns a path that often matches.
func (p *Pattern) example() string {
	var b strings.Builder
	for _, s := range p.Segments {
		switch {
		case s == "{$}":
			s = ""
		case s == "{bool}":
			s = "true"
		case s[0] == '{':
			s = "7"
		}
		b.WriteString("/" + s)
	}
	return b.String()
}
