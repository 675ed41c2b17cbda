package gen

import (
	"fmt"
	"go/token"
	"go/types"
	"strings"
)

// A segment is one part of a path.
type segment struct {
	literal string // of a literal, as it stands in a path that is not decoded further
	name    string // of a wildcard, "_" for one that nobody reads
	rest    bool   // {name...}
	end     bool   // {$}

	// Of a wildcard, once its readers are known:
	typ   types.Type // what it is parsed as while the route is chosen; nil for text
	text  bool       // it is read as text too
	field string     // of the task; text is between field+"At" and field+"End"
	read  bool
	// shared is the segment of another route whose field this one has, for
	// they are parsed at once.
	shared *segment
}

func (s *segment) wildcard() bool { return s.name != "" }

// String returns the segment as it is declared.
func (s *segment) String() string {
	switch {
	case s.end:
		return "{$}"
	case s.rest:
		return "{" + s.name + "...}"
	case s.wildcard():
		return "{" + s.name + "}"
	}
	return s.literal
}

// pattern parses the path of a route.
func (r *reader) pattern(rt *route) bool {
	meant := ""
	bad := func(message, fix string) bool {
		r.app.report(rt.pathPos, "bad-pattern", message, nil, fix)
		r.app.problems[len(r.app.problems)-1].Part = meant
		return false
	}
	if rt.path == "" {
		rt.path = "/"
	}
	parts := strings.Split(rt.path[1:], "/")
	if rt.path == "/" {
		rt.segments = []*segment{{end: true}}
		return true
	}
	seen := map[string]bool{}
	for i, part := range parts {
		last := i == len(parts)-1
		if meant = part; part == "" {
			meant = "//"
		}
		switch {
		case part == "" && last:
			rt.segments = append(rt.segments, &segment{end: true})
		case part == "":
			return bad(fmt.Sprintf("%q has an empty segment", rt.path), "remove one of the two slashes")
		case part == "{$}":
			if !last {
				return bad(fmt.Sprintf("%q has {$} before its end", rt.path), "move {$} to the end, or remove it")
			}
			rt.segments = append(rt.segments, &segment{end: true})
		case strings.ContainsAny(part, "{}"):
			name, ok := strings.CutPrefix(part, "{")
			inner, closed := strings.CutSuffix(name, "}")
			if !ok || !closed || strings.ContainsAny(inner, "{}") {
				switch opened, shut := strings.Count(part, "{"), strings.Count(part, "}"); {
				case opened > shut:
					return bad(fmt.Sprintf("%q has a { without }", rt.path), "write a wildcard as {name}")
				case opened < shut:
					return bad(fmt.Sprintf("%q has a } without {", rt.path), "write a wildcard as {name}")
				}
				return bad(fmt.Sprintf("%q mixes text and wildcard in the segment %q", rt.path, part), "make the wildcard a segment of its own, or read the whole segment and cut it in the handler")
			}
			inner, rest := strings.CutSuffix(inner, "...")
			if rest && !last {
				return bad(fmt.Sprintf("%q has {%s...} before its end", rt.path, inner), "move it to the end, or write {"+inner+"}")
			}
			if inner != "_" && !token.IsIdentifier(inner) {
				return bad(fmt.Sprintf("{%s} in %q is not a Go identifier", inner, rt.path), "use a name that can be a parameter, such as {"+camel(inner)+"}")
			}
			if inner != "_" && seen[inner] {
				return bad(fmt.Sprintf("%q has {%s} twice", rt.path, inner), "rename one")
			}
			seen[inner] = true
			rt.segments = append(rt.segments, &segment{name: inner, rest: rest})
		case part == "." || part == "..":
			return bad(fmt.Sprintf("%q has the segment %q, which clients remove", rt.path, part), "write the path without it")
		default:
			for _, c := range []byte(part) {
				if meant = string(c); c <= ' ' || c >= 0x7f || strings.IndexByte("?#\"<>\\^`|", c) >= 0 {
					return bad(fmt.Sprintf("%q has the character %q, which a path is never sent with", rt.path, c), "write the segment as a wildcard, or without it")
				}
			}
			rt.segments = append(rt.segments, &segment{literal: strings.ReplaceAll(part, "%", "%25")})
		}
	}
	return true
}

// camel turns user-id into userID.
func camel(s string) string {
	var b strings.Builder
	for i, word := range strings.FieldsFunc(s, func(c rune) bool {
		return c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) {
		switch {
		case i == 0:
			b.WriteString(word)
		case strings.EqualFold(word, "id"):
			b.WriteString("ID")
		default:
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	if b.Len() == 0 || !token.IsIdentifier(b.String()) {
		return "name"
	}
	return b.String()
}

// wildcards returns the wildcards of a route.
func (rt *route) wildcards() (list []*segment) {
	for _, s := range rt.segments {
		if s.wildcard() {
			list = append(list, s)
		}
	}
	return list
}
