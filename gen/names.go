package gen

import (
	"fmt"
	"go/token"
	"go/types"
	"strings"
	"unicode"
)

// names hands out identifiers that nothing else in a scope has.
type names struct {
	taken map[string]bool
	outer *names
}

func newNames(outer *names, taken ...string) *names {
	n := &names{taken: map[string]bool{}, outer: outer}
	for _, t := range taken {
		n.taken[t] = true
	}
	return n
}

func (n *names) has(name string) bool {
	return n != nil && (n.taken[name] || n.outer.has(name))
}

// take returns name, with a number behind it where name is taken.
func (n *names) take(name string) string {
	base := name
	for i := 2; n.has(name) || token.IsKeyword(name) || types.Universe.Lookup(name) != nil; i++ {
		name = fmt.Sprintf("%s%d", base, i)
	}
	n.taken[name] = true
	return name
}

// lower makes the first word of a name lower case: UserID is userID, URL is
// url.
func lower(name string) string {
	runes := []rune(name)
	for i, c := range runes {
		if i > 0 && i+1 < len(runes) && unicode.IsUpper(c) && unicode.IsLower(runes[i+1]) {
			break
		}
		if !unicode.IsUpper(c) {
			break
		}
		runes[i] = unicode.ToLower(c)
	}
	return string(runes)
}

// taskNames returns the names that every task has.
func taskNames() *names {
	return newNames(nil, "p", "x", "route", "loose", "find", "armed", "allow", "normal", "escaped", "search", "text", "view", "part", "Fail", "finish", "respond", "compress", "noRoute", "Route", "Head", "Body", "Recover", "End")
}

// routeNames returns the names of the routes' functions, and takes them from
// fields.
func routeNames(d *declaration, fields *names) map[*route]string {
	list := map[*route]string{}
	for _, rt := range d.routes {
		list[rt] = fields.take(routeName(rt))
		fields.taken[list[rt]+"Body"] = true
	}
	return list
}

// routeName returns the name of a route's function: getUsersID.
func routeName(rt *route) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(rt.method))
	for _, s := range rt.segments {
		switch {
		case s.end && len(rt.segments) == 1:
			b.WriteString("Root")
		case s.end:
			b.WriteString("Slash")
		case s.wildcard() && s.name != "_":
			b.WriteString(upper(s.name))
		case s.wildcard():
			b.WriteString("Any")
		default:
			b.WriteString(upper(s.literal))
		}
	}
	return b.String()
}

// upper makes a text the later part of an identifier: no-content is NoContent.
func upper(text string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		switch word {
		case "api", "css", "csv", "html", "http", "https", "id", "ip", "json", "tls", "uri", "url", "uuid", "xml":
			b.WriteString(strings.ToUpper(word))
			continue
		}
		runes := []rune(word)
		runes[0] = unicode.ToUpper(runes[0])
		b.WriteString(string(runes))
	}
	return b.String()
}
