package gen

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var referenceCases = flag.Int("cases", 10_000, "requests that TestReference compares")

// A pattern is a route of a random declaration, as the reference reads it: the
// specification of the routing, written as simply as it can be.
type pattern struct {
	method   string
	segments []string // literal; "{kind}"; last: "{...}" or "{$}"
}

// String returns the pattern as a declaration has it, with the wildcards named
// by their place.
func (p pattern) String() string {
	var b strings.Builder
	for i, s := range p.segments {
		switch {
		case s == "{...}":
			fmt.Fprintf(&b, "/{w%d...}", i)
		case s == "{$}" || s[0] != '{':
			b.WriteString("/" + s)
		default:
			fmt.Fprintf(&b, "/{w%d}", i)
		}
	}
	return b.String()
}

// kinds are what random wildcards parse as, the narrowest first.
var kinds = []string{"bool", "uint8", "int64", "string"}

// parses reports whether a decoded segment is a text of a kind.
func parses(kind, text string) bool {
	var err error
	switch kind {
	case "bool":
		return text == "true" || text == "false"
	case "uint8":
		_, err = strconv.ParseUint(text, 10, 8)
	case "int64":
		if strings.HasPrefix(text, "+") {
			return false
		}
		_, err = strconv.ParseInt(text, 10, 64)
	case "string":
		return text != ""
	}
	return err == nil
}

// match reports whether a path, split and decoded, is one of the pattern.
func (p pattern) match(path []string) bool {
	for i, s := range p.segments {
		switch {
		case s == "{...}":
			return i < len(path)
		case s == "{$}":
			return i == len(path)-1 && path[i] == ""
		case i >= len(path):
			return false
		case s[0] == '{':
			if !parses(strings.Trim(s, "{}"), path[i]) {
				return false
			}
		case s != path[i]:
			return false
		}
	}
	return len(path) == len(p.segments)
}

// compare orders the patterns that match one path: segment by segment, a
// literal before a wildcard, a narrower kind before a wider one, and the rest
// last.
func (p pattern) compare(q pattern) int {
	rank := func(s string) int {
		switch {
		case s[0] != '{' || s == "{$}":
			return 0
		case s == "{...}":
			return 1 + len(kinds)
		}
		return 1 + slices.Index(kinds, strings.Trim(s, "{}"))
	}
	for i := range min(len(p.segments), len(q.segments)) {
		if c := cmp.Compare(rank(p.segments[i]), rank(q.segments[i])); c != 0 {
			return c
		}
	}
	return 0
}

// choose returns the plan's name for a request: that of the first route that
// matches in the total order, or 404, 405, 400 or OPTIONS.
func choose(routes []pattern, method, path string) string {
	raw := strings.Split(path[1:], "/")
	segments := make([]string, len(raw))
	for i, s := range raw {
		var err error
		if segments[i], err = url.PathUnescape(s); err != nil {
			return "400"
		}
	}
	known := false
	best := func(method string) *pattern {
		var best *pattern
		for i := range routes {
			if !routes[i].match(segments) {
				continue
			}
			known = true
			if routes[i].method == method && (best == nil || routes[i].compare(*best) < 0) {
				best = &routes[i]
			}
		}
		return best
	}
	p := best(method)
	if method == "HEAD" {
		// A route of HEAD hides that of GET with the same pattern only; among
		// others the order decides.
		if q := best("GET"); q != nil && (p == nil || q.compare(*p) < 0) {
			p = q
		}
	}
	switch {
	case p != nil:
		return p.method + " " + p.String()
	case !known:
		return "404"
	case method == "OPTIONS":
		return "OPTIONS"
	}
	return "405"
}

// randomRoutes makes a declaration without two equal patterns: a small one with
// wildcards of text alone, which ServeMux may accept, or any other.
func randomRoutes(r *rand.Rand, small bool) (routes []pattern) {
	literals := []string{"a", "b", "users", "7", "true", "300", "x.y"}
	seen := map[string]bool{}
	most, wild := 25, kinds
	if small {
		most, wild = 5, []string{"string"}
	}
	for range 1 + r.IntN(most) {
		p := pattern{method: []string{"GET", "GET", "GET", "POST", "DELETE", "HEAD"}[r.IntN(6)]}
		for range 1 + r.IntN(4) {
			if r.IntN(5) < 3 {
				p.segments = append(p.segments, literals[r.IntN(len(literals))])
			} else {
				p.segments = append(p.segments, "{"+wild[r.IntN(len(wild))]+"}")
			}
		}
		switch r.IntN(8) {
		case 0:
			p.segments = append(p.segments, "{...}")
		case 1:
			p.segments = append(p.segments, "{$}")
		}
		if key := p.method + strings.Join(p.segments, "/"); !seen[key] {
			seen[key] = true
			routes = append(routes, p)
		}
	}
	return routes
}

// randomPath makes a path that often matches one of the routes.
func randomPath(r *rand.Rand, routes []pattern) string {
	texts := []string{"a", "b", "users", "7", "true", "300", "x.y", "-5", "007", "", "%61", "a%2Fb", "%zz", "9223372036854775808", "c", "+7", "TRUE"}
	p := routes[r.IntN(len(routes))]
	var b strings.Builder
	for _, s := range p.segments {
		switch {
		case r.IntN(6) == 0:
			b.WriteString("/" + texts[r.IntN(len(texts))])
		case s == "{...}":
			for range r.IntN(3) {
				b.WriteString("/" + texts[r.IntN(len(texts))])
			}
		case s == "{$}":
			b.WriteString("/")
		case s[0] == '{':
			b.WriteString("/" + texts[r.IntN(len(texts))])
		default:
			b.WriteString("/" + s)
		}
	}
	if r.IntN(10) == 0 {
		b.WriteString("/")
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// declareRandom returns the source of an app with routes.
func declareRandom(name string, routes []pattern) string {
	var declaration, functions bytes.Buffer
	fmt.Fprintf(&declaration, "package %s\n\nimport \"github.com/windhover-go/windhover/gen/decl\"\n\nvar _ = decl.App(declare)\n\nfunc declare(s *decl.Server) {\n", name)
	for i, p := range routes {
		fmt.Fprintf(&declaration, "\ts.%s(%q, F%d)\n", verbOf(p.method), p.String(), i)
		var params []string
		for j, s := range p.segments {
			switch {
			case s == "{...}":
				params = append(params, fmt.Sprintf("w%d string", j))
			case s != "{$}" && s[0] == '{':
				params = append(params, fmt.Sprintf("w%d %s", j, strings.Trim(s, "{}")))
			}
		}
		fmt.Fprintf(&functions, "\nfunc F%d(%s) {}\n", i, strings.Join(params, ", "))
	}
	return declaration.String() + "}\n" + functions.String()
}

// chooser is the part of the program that asks generated pipelines.
const chooser = `package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// exchange is a request line, and a response that nobody looks at.
type exchange struct {
	*sdktest.Recorder
	method msg.Method
	path   []byte
}

func (x *exchange) Method() msg.Method { return x.method }
func (x *exchange) RawPath() msg.View  { return msg.ViewOf(x.path) }
func (x *exchange) RawQuery() msg.View { return msg.View{} }

func ask(file string, bind func(x *exchange) sdk.Task) {
	f, err := os.Open(file)
	if err != nil {
		panic(err)
	}
	x := &exchange{Recorder: sdktest.Response()}
	task := bind(x)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		method, path, _ := strings.Cut(lines.Text(), " ")
		x.method, x.path = msg.ParseMethod([]byte(method)), []byte(path)
		fmt.Println(task.Route().Name)
		task.End(sdk.Outcome{})
	}
}
`

// TestReference compares the routes that generated code chooses with those of
// a naive interpreter, over random declarations and paths, and the interpreter
// with http.ServeMux where that accepts the declaration. The flag -cases says how
// many.
func TestReference(t *testing.T) {
	const apps = 40
	root := newModule(t)
	r := rand.New(rand.NewPCG(1, 2))
	var program, calls bytes.Buffer
	program.WriteString("package main\n\nimport (\n\t\"github.com/windhover-go/windhover/sdk\"\n\n")
	var want, requests []string
	muxes := 0
	for i := range apps {
		name := fmt.Sprintf("app%d", i)
		routes := randomRoutes(r, i%2 == 0)
		dir := filepath.Join(root, name)
		var asked bytes.Buffer
		mux := serveMux(routes)
		for range *referenceCases / apps {
			method, path := []string{"GET", "HEAD", "POST", "DELETE", "OPTIONS"}[r.IntN(5)], randomPath(r, routes)
			fmt.Fprintln(&asked, method, path)
			requests = append(requests, name+": "+method+" "+path)
			chosen := choose(routes, method, path)
			want = append(want, chosen)
			if mux != nil && method == "GET" {
				muxes++
				compareMux(t, mux, routes, path, chosen)
			}
		}
		write(t, filepath.Join(dir, "app.go"), declareRandom(name, routes))
		write(t, filepath.Join(dir, "requests.txt"), asked.String())
		result, err := Generate(dir)
		if err != nil {
			t.Fatalf("%v\n%s", err, declareRandom(name, routes))
		}
		if err := result.Write(); err != nil {
			t.Fatal(err)
		}
		compareNotes(t, result.Notes, routes, asked.String())
		fmt.Fprintf(&program, "\t%q\n", scenarioModule+"/"+name)
		fmt.Fprintf(&calls, "\task(%q, func(x *exchange) sdk.Task { return %s.NewPipeline().Bind(x) })\n", filepath.Join(dir, "requests.txt"), name)
	}
	fmt.Fprintf(&program, ")\n\nfunc main() {\n%s}\n", calls.Bytes())
	write(t, filepath.Join(root, "ask", "main.go"), program.String())
	write(t, filepath.Join(root, "ask", "ask.go"), chooser)
	got := strings.Split(strings.TrimSpace(string(run(t, root, "go", "run", "./ask"))), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d answers to %d requests", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: generated code chooses %s; the reference %s", requests[i], got[i], want[i])
		}
	}
	if muxes < *referenceCases/50 {
		t.Errorf("ServeMux saw %d requests; the declarations are not what it accepts", muxes)
	}
}

// crosses reports whether neither of two patterns that match one path is the
// narrower one, or as wide, in every segment.
func (p pattern) crosses(q pattern) bool {
	less, more := false, false
	for i := range min(len(p.segments), len(q.segments)) {
		c := pattern{segments: p.segments[i : i+1]}.compare(pattern{segments: q.segments[i : i+1]})
		less, more = less || c < 0, more || c > 0
	}
	return less && more
}

// compareNotes checks that what notes say overlaps does, and that they name all
// that overlaps on the paths of requests.
func compareNotes(t *testing.T, notes []Diagnostic, routes []pattern, requests string) {
	t.Helper()
	byName := map[string]pattern{}
	for _, p := range routes {
		byName[p.method+" "+p.String()] = p
	}
	noted := map[string]bool{}
	for _, note := range notes {
		pair, path, _ := strings.Cut(strings.TrimPrefix(note.Message, "note: "), " both match ")
		first, second, _ := strings.Cut(pair, " and ")
		noted[pair] = true
		p, q := byName[first], byName[second]
		if segments := strings.Split(path[1:], "/"); !p.match(segments) || !q.match(segments) || !p.crosses(q) {
			t.Errorf("%s of %v", note.Message, routes)
		}
	}
	if len(notes) >= maxOverlaps {
		return
	}
	for request := range strings.Lines(requests) {
		_, path, _ := strings.Cut(strings.TrimSpace(request), " ")
		segments := strings.Split(path[1:], "/")
		if strings.Contains(path, "%") {
			continue
		}
		for i, p := range routes {
			for _, q := range routes[i+1:] {
				pair := p.method + " " + p.String() + " and " + q.method + " " + q.String()
				if p.method == q.method && p.match(segments) && q.match(segments) && p.crosses(q) && !noted[pair] {
					t.Errorf("%s both match %s, and nothing says so", pair, path)
				}
			}
		}
	}
}

func write(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// serveMux returns a ServeMux with the routes of GET whose wildcards are all
// texts, or nil when it refuses them.
func serveMux(routes []pattern) (mux *http.ServeMux) {
	defer func() {
		if recover() != nil {
			mux = nil
		}
	}()
	mux = http.NewServeMux()
	n := 0
	for _, p := range routes {
		if p.method != "GET" {
			continue
		}
		for _, s := range p.segments {
			if s[0] == '{' && s != "{...}" && s != "{$}" && s != "{string}" {
				return nil
			}
		}
		mux.Handle("GET "+p.String(), found{})
		n++
	}
	if n == 0 {
		return nil
	}
	return mux
}

// found is the handler of a pattern.
type found struct{}

// ServeHTTP implements http.Handler.
func (found) ServeHTTP(http.ResponseWriter, *http.Request) {}

// compareMux compares the reference with ServeMux for a path that needs no
// cleaning, which ServeMux would answer with a redirection.
func compareMux(t *testing.T, mux *http.ServeMux, routes []pattern, path, chosen string) {
	t.Helper()
	u, err := url.Parse(path)
	if err != nil || strings.Contains(path, "//") || strings.HasSuffix(path, "/") && chosen == "404" {
		return
	}
	h, pattern := mux.Handler(&http.Request{Method: "GET", URL: u, Host: "x"})
	if _, ok := h.(found); !ok && pattern != "" {
		return // a redirection to the pattern
	}
	if pattern == "" {
		pattern = "404"
		if chosen == "405" || chosen == "400" {
			return
		}
	}
	if pattern != chosen {
		t.Errorf("GET %s: ServeMux chooses %s; the reference %s of %v", path, pattern, chosen, routes)
	}
}
