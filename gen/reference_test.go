package gen

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/gen/gentest"
)

var referenceCases = flag.Int("cases", 10_000, "requests that TestReference compares")

// A pattern is a route of a random declaration, as the reference reads it.
type pattern struct {
	gentest.Pattern
	first int  // the number in the name of the first wildcard
	blank uint // bit i says that segment i is {_}
}

// wildcard returns the name of the wildcard at a place, and what it parses as; it
// has no kind where nobody reads it.
func (p pattern) wildcard(i int) (name, kind string) {
	switch s := p.Segments[i]; {
	case s == "{$}" || s[0] != '{':
		return "", ""
	case p.blank&(1<<i) != 0:
		return "_", ""
	case s == "{...}":
		kind = "string"
	default:
		kind = strings.Trim(s, "{}")
	}
	return fmt.Sprintf("w%d%c", p.first+i, kind[0]), kind
}

// title returns the name of the pattern's plan.
func (p pattern) title() string { return p.Method + " " + p.Host + p.String() }

// String returns the path of the pattern as a declaration has it.
func (p pattern) String() string {
	var b strings.Builder
	for i, s := range p.Segments {
		switch name, _ := p.wildcard(i); {
		case name == "":
			b.WriteString("/" + s)
		case s == "{...}":
			b.WriteString("/{" + name + "...}")
		default:
			b.WriteString("/{" + name + "}")
		}
	}
	return b.String()
}

// values returns what the function of the pattern is given for a path.
func (p pattern) values(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range segments {
		segments[i], _ = url.PathUnescape(segments[i]) // it was chosen
	}
	var b strings.Builder
	for i, s := range p.Segments {
		switch _, kind := p.wildcard(i); {
		case s == "{...}":
			fmt.Fprintf(&b, " %q", strings.Join(segments[i:], "/"))
		case kind == "":
		case kind == "string":
			fmt.Fprintf(&b, " %q", segments[i])
		case kind == "bool":
			b.WriteString(" " + segments[i])
		default:
			n, _ := strconv.ParseInt(segments[i], 10, 64) // it parses
			fmt.Fprintf(&b, " %d", n)
		}
	}
	return b.String()
}

// kinds are what random wildcards parse as, the narrowest first.
var kinds = []string{"bool", "uint8", "int64", "string"}

// A random is a random declaration.
type random struct {
	routes  []pattern
	badPath bool // 422
	slashes bool
}

// hosts are those of random declarations.
var hosts = []string{"a.example", "b.example"}

// given returns what the function of the route that is chosen is given.
func (d random) given(chosen, path string) string {
	for _, p := range d.routes {
		if p.title() == chosen {
			return p.values(path)
		}
	}
	return ""
}

// reference returns the specification of the declaration's routing.
func (d random) reference() *gentest.Reference {
	ref := &gentest.Reference{RedirectSlash: d.slashes}
	if d.badPath {
		ref.BadPath = 422
	}
	for _, p := range d.routes {
		p.Name = p.title()
		ref.Routes = append(ref.Routes, p.Pattern)
	}
	return ref
}

// Sizes of random declarations, in routes.
const (
	small = 5 // with wildcards of text alone, which ServeMux may accept
	large = 400
)

// randomRoutes makes a declaration of up to most routes, without two equal
// patterns.
func randomRoutes(r *rand.Rand, most int) (routes []pattern) {
	withHosts := most != small && r.IntN(3) == 0
	literals := []string{"a", "b", "users", "7", "true", "300", "x.y"}
	seen := map[string]bool{}
	wild, literal, n := kinds, 4, 1+r.IntN(most)
	switch most {
	case small:
		wild = []string{"string"}
	case large: // so many paths without wildcards that they are parted
		literal, n = 5, most
	}
	common := most == large && r.IntN(2) == 0 // most paths begin with the same segment
	for range n {
		p := pattern{Pattern: gentest.Pattern{Method: []string{"GET", "GET", "GET", "POST", "DELETE", "HEAD"}[r.IntN(6)]}, first: r.IntN(3)}
		more := 1 + r.IntN(4)
		if common && r.IntN(20) > 0 {
			p.Segments = append(p.Segments, literals[0])
			more--
		}
		for range more {
			if r.IntN(6) < literal {
				p.Segments = append(p.Segments, literals[r.IntN(len(literals))])
				continue
			}
			kind := wild[r.IntN(len(wild))]
			if kind == "string" && most != small && r.IntN(3) == 0 {
				p.blank |= 1 << len(p.Segments)
			}
			p.Segments = append(p.Segments, "{"+kind+"}")
		}
		switch r.IntN(8) {
		case 0:
			p.Segments = append(p.Segments, "{...}")
		case 1:
			p.Segments = append(p.Segments, "{$}")
		}
		if withHosts && r.IntN(2) == 0 {
			p.Host = hosts[r.IntN(len(hosts))]
		}
		if key := p.Method + p.Host + "/" + strings.Join(p.Segments, "/"); !seen[key] {
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
	for _, s := range p.Segments {
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
func declareRandom(name string, d random) string {
	var declaration, functions bytes.Buffer
	fmt.Fprintf(&declaration, "package %s\n\nimport (\n\t\"fmt\"\n\n\t\"github.com/windhover-go/windhover/gen/decl\"\n\t\"github.com/windhover-go/windhover/sdk\"\n)\n\nvar _ = decl.App(declare)\n\nfunc declare(s *decl.Server) {\n", name)
	if d.badPath {
		declaration.WriteString("\ts.BadPath(422)\n")
	}
	if d.slashes {
		declaration.WriteString("\ts.RedirectSlash()\n")
	}
	for i, p := range d.routes {
		line := fmt.Sprintf("\ts.%s(%q, F%d)\n", verbOf(p.Method), p.String(), i)
		if p.Host != "" {
			line = fmt.Sprintf("\ts.Host(%q, func(s *decl.Group) {\n%s\t})\n", p.Host, line)
		}
		declaration.WriteString(line)
		params, texts, names := []string{"res sdk.Response"}, "", ""
		for j := range p.Segments {
			name, kind := p.wildcard(j)
			switch kind {
			case "":
				continue
			case "string":
				texts += " %q"
			default:
				texts += " %v"
			}
			params, names = append(params, name+" "+kind), names+", "+name
		}
		fmt.Fprintf(&functions, "\nfunc F%d(%s) { fmt.Fprintf(res.ResponseContent(), %q%s) }\n", i, strings.Join(params, ", "), texts, names)
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

// exchange is a request line and a response.
type exchange struct {
	*sdktest.Recorder
	method    msg.Method
	authority []byte
	path      []byte
}

func (x *exchange) Method() msg.Method { return x.method }
func (x *exchange) RawPath() msg.View  { return msg.ViewOf(x.path) }
func (x *exchange) RawQuery() msg.View { return msg.View{} }
func (x *exchange) Authority() msg.View { return msg.ViewOf(x.authority) }

func ask(file string, bind func(x *exchange) sdk.Task) {
	f, err := os.Open(file)
	if err != nil {
		panic(err)
	}
	x := &exchange{Recorder: sdktest.Response()}
	task := bind(x)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		method, target, _ := strings.Cut(lines.Text(), " ")
		path := strings.Index(target, "/")
		x.method, x.authority, x.path = msg.ParseMethod([]byte(method)), []byte(target[:path]), []byte(target[path:])
		x.Recorder = sdktest.Response()
		name := task.Route().Name
		if task.Head(); !strings.Contains(name, " ") { // no route
			x.ResponseContent().Reset()
		}
		fmt.Printf("%s\t%s\n", name, x.ResponseContent().Collected())
		task.End(sdk.Outcome{})
	}
}
`

// TestReference compares the routes that generated code chooses, and the values of
// their wildcards, with those of a naive interpreter, over random declarations
// and paths, and the interpreter with http.ServeMux where that accepts the
// declaration. The flag -cases says how many.
func TestReference(t *testing.T) {
	const apps = 40
	root := newModule(t)
	r := rand.New(rand.NewPCG(1, 2))
	var program, calls bytes.Buffer
	program.WriteString("package main\n\nimport (\n\t\"github.com/windhover-go/windhover/sdk\"\n\n")
	var want, values, requests []string
	muxes := 0
	for i := range apps {
		name := fmt.Sprintf("app%d", i)
		d := random{routes: randomRoutes(r, []int{small, 25, small, large, small, 25, small, 25}[i%8]), badPath: i%5 == 1, slashes: i%3 == 1}
		routes, reference := d.routes, d.reference()
		dir := filepath.Join(root, name)
		var asked bytes.Buffer
		mux := serveMux(routes)
		for range *referenceCases / apps {
			method, path := []string{"GET", "HEAD", "POST", "DELETE", "OPTIONS", "TRACE"}[r.IntN(6)], randomPath(r, routes)
			authority := []string{"", "a.example", "B.Example:80", "c.example", "a.example.org"}[r.IntN(5)]
			fmt.Fprintln(&asked, method, authority+path)
			requests = append(requests, name+": "+method+" "+authority+path)
			chosen := reference.Choose(method, authority, path)
			want, values = append(want, chosen), append(values, d.given(chosen, path))
			if mux != nil && method == "GET" {
				muxes++
				compareMux(t, mux, routes, path, chosen)
			}
		}
		write(t, filepath.Join(dir, "app.go"), declareRandom(name, d))
		write(t, filepath.Join(dir, "requests.txt"), asked.String())
		result, err := Generate(dir)
		if err != nil {
			t.Fatalf("%v\n%s", err, declareRandom(name, d))
		}
		if err := result.Write(); err != nil {
			t.Fatal(err)
		}
		compareNotes(t, result.Notes, routes, asked.String())
		compareChoices(t, dir, asked.String(), want[len(want)-*referenceCases/apps:])
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
		name, given, _ := strings.Cut(got[i], "\t")
		if name != want[i] || given != values[i] {
			t.Errorf("%s: generated code chooses %s with%s; the reference %s with%s", requests[i], name, given, want[i], values[i])
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
	for i := range min(len(p.Segments), len(q.Segments)) {
		one, other := gentest.Pattern{Segments: p.Segments[i : i+1]}, gentest.Pattern{Segments: q.Segments[i : i+1]}
		c := one.Compare(&other)
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
		byName[p.title()] = p
	}
	noted := map[string]bool{}
	for _, note := range notes {
		pair, path, _ := strings.Cut(strings.TrimPrefix(note.Message, "note: "), " both match ")
		first, second, _ := strings.Cut(pair, " and ")
		noted[pair] = true
		p, q := byName[first], byName[second]
		path = strings.TrimPrefix(path, p.Host)
		if segments := strings.Split(path[1:], "/"); p.Host != q.Host || !p.Match(segments, false) || !q.Match(segments, false) || !p.crosses(q) {
			t.Errorf("%s of %v", note.Message, routes)
		}
	}
	if len(notes) >= maxOverlaps {
		return
	}
	for request := range strings.Lines(requests) {
		_, path, _ := strings.Cut(strings.TrimSpace(request), "/")
		segments := strings.Split(path, "/")
		if strings.Contains(path, "%") {
			continue
		}
		for i, p := range routes {
			for _, q := range routes[i+1:] {
				pair := p.title() + " and " + q.title()
				if p.Method == q.Method && p.Host == q.Host && p.Match(segments, false) && q.Match(segments, false) && p.crosses(q) && !noted[pair] {
					t.Errorf("%s both match %s, and none of %d notes says so", pair, path, len(notes))
				}
			}
		}
	}
}

// compareChoices compares what is explained with what the reference chooses.
func compareChoices(t *testing.T, dir, requests string, want []string) {
	t.Helper()
	a, err := analyze(dir)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for request := range strings.Lines(requests) {
		method, target, _ := strings.Cut(strings.TrimSpace(request), " ")
		at := strings.Index(target, "/")
		host, _, _ := strings.Cut(strings.ToLower(target[:at]), ":")
		c := a.tree.choose(a.decl, method, host, target[at:])
		got := strconv.Itoa(c.status)
		switch {
		case c.route != nil:
			got = c.route.title()
		case c.status == 204:
			got = "OPTIONS"
		}
		if got != want[i] {
			t.Errorf("%s: explain chooses %s; the reference %s", strings.TrimSpace(request), got, want[i])
		}
		i++
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
		if p.Method != "GET" {
			continue
		}
		if p.Host != "" {
			return nil
		}
		for _, s := range p.Segments {
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
		if chosen == "405" || chosen == "400" || chosen == "308" {
			return
		}
	}
	if pattern != chosen {
		t.Errorf("GET %s: ServeMux chooses %s; the reference %s of %v", path, pattern, chosen, routes)
	}
}
