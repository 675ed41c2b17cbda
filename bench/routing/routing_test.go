package routing

import (
	_ "embed"
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/windhover-go/windhover/bench/routing/github"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// github.txt lists the routes, a method and a pattern on each line.
//
//go:embed github.txt
var githubRoutes string

// A line is a route and a request for it.
type line struct {
	name         string // the line
	method, path string // of the request
	pattern      string // in chi's words
	known        msg.Method
	octets       []byte
}

// lines returns the routes.
func lines() (list []line) {
	for text := range strings.Lines(githubRoutes) {
		l := line{name: strings.TrimSpace(text)}
		var pattern string
		l.method, pattern, _ = strings.Cut(l.name, " ")
		var path, words []string
		for _, s := range strings.Split(pattern, "/")[1:] {
			switch {
			case strings.HasSuffix(s, "...}"):
				path, words = append(path, "docs", "guide", "README.md"), append(words, "*")
			case strings.HasSuffix(s, "ID}") || strings.HasSuffix(s, "Number}"):
				path, words = append(path, "1347"), append(words, s)
			case strings.HasPrefix(s, "{"):
				path, words = append(path, "octocat"), append(words, s)
			default:
				path, words = append(path, s), append(words, s)
			}
		}
		l.path, l.pattern = "/"+strings.Join(path, "/"), "/"+strings.Join(words, "/")
		l.known, l.octets = msg.ParseMethod([]byte(l.method)), []byte(l.path)
		list = append(list, l)
	}
	return list
}

// An exchange is a request, and a response that nobody looks at.
type exchange struct {
	sdk.Response
	method msg.Method
	path   []byte
}

func (x *exchange) Method() msg.Method  { return x.method }
func (x *exchange) RawPath() msg.View   { return msg.ViewOf(x.path) }
func (x *exchange) Authority() msg.View { return msg.View{} }
func (x *exchange) RawQuery() msg.View  { return msg.View{} }

// newChi returns a chi router of the routes.
func newChi(list []line) *chi.Mux {
	mux := chi.NewRouter()
	for _, l := range list {
		mux.MethodFunc(l.method, l.pattern, func(http.ResponseWriter, *http.Request) {})
	}
	return mux
}

// TestSame checks that the declaration has the routes of the list, that both
// routers find each, and that generated code does so without allocating.
func TestSame(t *testing.T) {
	list := lines()
	if len(list) < 200 {
		t.Fatalf("%d routes", len(list))
	}
	x := &exchange{Response: sdktest.Response()}
	task := github.NewPipeline().Bind(x)
	mux, match := newChi(list), chi.NewRouteContext()
	for _, l := range list {
		x.method, x.path = l.known, l.octets
		if got := task.Route().Name; got != l.name {
			t.Errorf("%s %s: generated code chooses %s; want %s", l.method, l.path, got, l.name)
		}
		task.End(sdk.Outcome{})
		match.Reset()
		if got := mux.Find(match, l.method, l.path); got != l.pattern {
			t.Errorf("%s %s: chi chooses %s; want %s", l.method, l.path, got, l.pattern)
		}
		allocs := testing.AllocsPerRun(10, func() {
			task.Route()
			task.End(sdk.Outcome{})
		})
		if allocs != 0 {
			t.Errorf("%s %s: %v allocations", l.method, l.path, allocs)
		}
	}
}

// sets are what is asked for: every route in turn, those without wildcards, and
// one that is deep.
func sets() []struct {
	name string
	list []line
} {
	var literal, deep []line
	all := lines()
	for _, l := range all {
		if !strings.Contains(l.name, "{") {
			literal = append(literal, l)
		}
		if l.name == "GET /repos/{owner}/{repo}/issues/{issueNumber}/comments" {
			deep = append(deep, l)
		}
	}
	return []struct {
		name string
		list []line
	}{{"all", all}, {"literal", literal}, {"deep", deep}}
}

// BenchmarkRoute measures one lookup.
func BenchmarkRoute(b *testing.B) {
	for _, set := range sets() {
		b.Run("windhover/"+set.name, func(b *testing.B) {
			x := &exchange{Response: sdktest.Response()}
			task := github.NewPipeline().Bind(x)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				l := &set.list[i]
				if i++; i == len(set.list) {
					i = 0
				}
				x.method, x.path = l.known, l.octets
				task.Route()
				task.End(sdk.Outcome{})
			}
		})
		b.Run("chi/"+set.name, func(b *testing.B) {
			mux, match := newChi(lines()), chi.NewRouteContext()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				l := &set.list[i]
				if i++; i == len(set.list) {
					i = 0
				}
				match.Reset()
				if !mux.Match(match, l.method, l.path) {
					b.Fatal(l.name)
				}
			}
		})
	}
}
