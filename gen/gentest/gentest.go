// Package gentest is what the tests call that windhover generates for an app
// (windhover generate -tests). They hold the app to what its pipeline promises:
// that its declaration, when it runs, says what windhover read (Declaration);
// that the router chooses as a naive interpreter of the declaration does
// (FuzzRoute); and that its routes on the loop allocate nothing (Allocations).
package gentest

import (
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/gen/decl"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// A Declared is a declaration as windhover read it.
type Declared struct {
	// Source is the file of the declaration.
	Source string
	// Routes are its routes, in order.
	Routes []Route
	// BadPath is the status of BadPath; 0 when it is not declared or 404.
	BadPath int
	// RedirectSlash says that RedirectSlash is declared.
	RedirectSlash bool
}

// A Route is a route as windhover read it.
type Route struct {
	// Plan is its plan in the pipeline.
	Plan *sdk.Plan
	// Function is the name of its handler, the status of a response that is
	// known, or "files".
	Function string
	// Behind are the names of the functions of Use that apply to it, separated by
	// spaces.
	Behind string
	// Kinds are what its wildcards parse as while it is chosen, in order and
	// separated by spaces: "int64 string".
	Kinds string
	// Request is a request to it, as sdktest.Do takes it.
	Request []string
	// Allocates says which of its parameters and results cost allocations; "" when
	// none does.
	Allocates string
}

// Declaration runs the declaration and compares its routes with those of the
// pipeline.
func Declaration(tb testing.TB, declared Declared, declaration func(s *decl.Server)) {
	tb.Helper()
	var read, ran []string
	for _, r := range declared.Routes {
		read = append(read, line(r.Plan.Name, r.Function, strings.Fields(r.Behind), r.Plan.Place == sdk.OnLoop))
	}
	for _, r := range decl.Record(declaration) {
		var behind []string
		for _, f := range r.Behind {
			behind = append(behind, nameOf(f))
		}
		ran = append(ran, line(r.Method+" "+r.Host+r.Path, nameOf(r.Function), behind, r.OnLoop))
	}
	if slices.Equal(read, ran) {
		return
	}
	tb.Errorf("pipeline_gen.go: out of date with %s [stale]\n\t%s declares:\n\t\t%s\n\tpipeline_gen.go has:\n\t\t%s\n\tfix: go generate",
		declared.Source, declared.Source, strings.Join(ran, "\n\t\t"), strings.Join(read, "\n\t\t"))
}

// filesName is the name of what answers a route of Files.
const filesName = "files"

// line renders a route. Where a response that is known is sent from is not part of
// the declaration.
func line(title, function string, behind []string, onLoop bool) string {
	text := title + ": " + function
	if len(behind) > 0 {
		text += " behind " + strings.Join(behind, ", ")
	}
	if _, err := strconv.Atoi(function); err != nil && onLoop {
		text += ", on the loop"
	}
	return text
}

// nameOf returns the name of a function, without its package and receiver, or the
// status of a response.
func nameOf(function any) string {
	if known, ok := function.(decl.Response); ok {
		return strconv.Itoa(known.Status())
	}
	if _, ok := function.(*decl.FilesRoute); ok {
		return filesName
	}
	v := reflect.ValueOf(function)
	if v.Kind() != reflect.Func || v.IsNil() { // of nil, the kind is Invalid
		return "no function"
	}
	name := runtime.FuncForPC(v.Pointer()).Name() // app.Page[...], app.(*App).GetUser-fm
	name, _, _ = strings.Cut(name, "[...]")
	name = strings.TrimSuffix(name, "-fm")
	return name[strings.LastIndexByte(name, '.')+1:]
}

// Allocations checks for each route on the loop that an exchange allocates nothing,
// or, where bounds has a number for it, no more than that. Routes whose
// parameters or results cost allocations are checked only against bounds.
// requests has the requests of routes that the one of Route.Request does not
// suit; the keys are as in "GET /users/{id}".
func Allocations(t *testing.T, declared Declared, app sdk.App, requests map[string][]string, bounds map[string]float64) {
	t.Helper()
	known(t, declared, requests)
	known(t, declared, bounds)
	if invariant.Enabled {
		t.Skip("the race detector and the checks allocate; the plain build counts")
	}
	for _, r := range declared.Routes {
		bound, bounded := bounds[r.Plan.Name]
		if !bounded && (r.Plan.Place != sdk.OnLoop || r.Allocates != "") {
			continue
		}
		t.Run(r.Plan.Name, func(t *testing.T) {
			repeated := r.repeat(t, app, requests)
			n := testing.AllocsPerRun(100, func() { once(t, repeated) })
			if n > bound {
				t.Errorf("%v allocations; want at most %v. If they are meant, say so: var testAllocations = map[string]float64{%q: %v}", n, bound, r.Plan.Name, n)
			}
		})
	}
}

// Benchmark measures an exchange of each route on the loop, in memory.
func Benchmark(b *testing.B, declared Declared, app sdk.App, requests map[string][]string) {
	b.Helper()
	for _, r := range declared.Routes {
		if _, named := requests[r.Plan.Name]; r.Plan.Place != sdk.OnLoop || r.Function == filesName && !named {
			continue // what it waits for is not its own; which files there are, nobody says
		}
		b.Run(r.Plan.Name, func(b *testing.B) {
			repeated := r.repeat(b, app, requests)
			b.ReportAllocs()
			for b.Loop() {
				once(b, repeated)
			}
		})
	}
}

// repeat returns a request to the route, which was answered once.
func (r *Route) repeat(tb testing.TB, app sdk.App, requests map[string][]string) *sdktest.Repeated {
	tb.Helper()
	request, ok := requests[r.Plan.Name]
	if !ok {
		request = r.Request
	}
	repeated, err := sdktest.Repeat(app, request[0], request[1:]...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := repeated.End(); err != nil {
			tb.Error(err)
		}
	})
	once(tb, repeated)
	if got := repeated.Result(); got.Err != nil || got.Status >= 400 {
		tb.Fatalf("%q is answered %d %v; say what a request to it is like: var testRequests = map[string][]string{%q: {%q}}",
			request, got.Status, got.Err, r.Plan.Name, r.Request[0])
	}
	return repeated
}

func once(tb testing.TB, r *sdktest.Repeated) {
	tb.Helper()
	if err := r.Once(); err != nil {
		tb.Fatal(err)
	}
}

// known checks that the keys of a map of the app are those of routes.
func known[V any](tb testing.TB, declared Declared, values map[string]V) {
	tb.Helper()
	for name := range values {
		if !slices.ContainsFunc(declared.Routes, func(r Route) bool { return r.Plan.Name == name }) {
			tb.Errorf("there is no route %q", name)
		}
	}
}

// A Line is a request line, which is all of an exchange that the choice of a route
// looks at. It implements sdk.Request.
type Line struct {
	method          msg.Method
	authority, path []byte
}

// Method implements sdk.Request.
func (l *Line) Method() msg.Method { return l.method }

// RawPath implements sdk.Request.
func (l *Line) RawPath() msg.View { return msg.ViewOf(l.path) }

// RawQuery implements sdk.Request.
func (l *Line) RawQuery() msg.View { return msg.View{} }

// Authority implements sdk.Request.
func (l *Line) Authority() msg.View { return msg.ViewOf(l.authority) }

// FuzzRoute compares the routes that a task chooses with those of the
// reference. bind returns a task whose exchange is the line.
func FuzzRoute(f *testing.F, declared Declared, bind func(l *Line) sdk.Task) {
	f.Helper()
	patterns := Patterns(declared)
	for _, p := range patterns.Routes {
		f.Add(p.Method, p.Host, p.example())
		f.Add("OPTIONS", p.Host+":80", p.example()+"/")
		f.Add("HEAD", "", strings.ReplaceAll(p.example(), "7", "x%41"))
	}
	f.Add("GET", "", "*")
	f.Add("PUT", "", "/%zz")
	l := new(Line)
	task := bind(l)
	f.Fuzz(func(t *testing.T, method, authority, path string) {
		l.method, l.authority, l.path = msg.ParseMethod([]byte(method)), []byte(authority), []byte(path)
		got := task.Route().Name
		task.End(sdk.Outcome{})
		if want := patterns.Choose(l.method.String(), authority, path); got != want {
			t.Errorf("%s %s%s: the pipeline chooses %s; the reference %s", method, authority, path, got, want)
		}
	})
}
