package gentest

import (
	"fmt"
	"testing"

	"github.com/windhover-go/windhover/gen/decl"
	"github.com/windhover-go/windhover/sdk"
)

// TestChoose checks the reference by hand, where a mistake of it could be one
// of the router, too.
func TestChoose(t *testing.T) {
	plan := func(name string) *sdk.Plan { return &sdk.Plan{Name: name} }
	ref := Patterns(Declared{BadPath: 400, RedirectSlash: true, Routes: []Route{
		{Plan: plan("GET /")},
		{Plan: plan("GET /users/{id}"), Kinds: "int64"},
		{Plan: plan("GET /users/me")},
		{Plan: plan("GET /users/{name}/posts"), Kinds: "string"},
		{Plan: plan("POST /files/{path...}"), Kinds: "string"},
		{Plan: plan("GET /flag/{on}"), Kinds: "bool"},
		{Plan: plan("GET /price/{of}"), Kinds: "float32"},
		{Plan: plan("GET a.example/users/{id}"), Kinds: "string"},
		{Plan: plan("GET /100%/{$}")},
	}})
	for request, want := range map[[3]string]string{
		{"GET", "", "/"}:                      "GET /",
		{"HEAD", "", "/users/7"}:              "GET /users/{id}",
		{"GET", "", "/users/me"}:              "GET /users/me",
		{"GET", "", "/users/m%65"}:            "GET /users/me",
		{"GET", "", "/users/%zz"}:             "400",
		{"GET", "", "/users/you"}:             "400",
		{"GET", "", "/users/+7"}:              "400",
		{"GET", "", "/users/"}:                "404",
		{"GET", "", "/users/7/"}:              "308",
		{"GET", "", "/users/you/posts"}:       "GET /users/{name}/posts",
		{"GET", "A.Example:80", "/users/you"}: "GET a.example/users/{id}",
		{"POST", "", "/files/"}:               "POST /files/{path...}",
		{"PUT", "", "/files/a/b"}:             "405",
		{"OPTIONS", "", "/files/a"}:           "OPTIONS",
		{"OPTIONS", "", "*"}:                  "OPTIONS",
		{"GET", "", "/flag/true"}:             "GET /flag/{on}",
		{"GET", "", "/flag/TRUE"}:             "400",
		{"GET", "", "/price/1e3"}:             "GET /price/{of}",
		{"GET", "", "/price/1e39"}:            "400",
		{"GET", "", "/price/0x1"}:             "400",
		{"GET", "", "/100%25"}:                "308",
		{"GET", "", "/100%25/"}:               "GET /100%/{$}",
		{"TRACE", "", "/nowhere"}:             "405",
	} {
		if got := ref.Choose(request[0], request[1], request[2]); got != want {
			t.Errorf("%q: %s; want %s", request, got, want)
		}
	}
	for _, kind := range Kinds() {
		if parses(kind, "") || parses(kind, "-") != (kind == "string") {
			t.Errorf("%s parses what it should not", kind)
		}
	}
}

// told is a testing.TB that keeps what it is told.
type told struct {
	testing.TB
	text string
}

func (t *told) Helper() {}

func (t *told) Errorf(format string, args ...any) { t.text += fmt.Sprintf(format, args...) }

type app struct{}

func (*app) get()       {}
func authorize()        {}
func page[T any]()      {}
func (*app) elsewhere() {}

// TestDeclaration checks what is said of a declaration that changed behind the
// back of its pipeline.
func TestDeclaration(t *testing.T) {
	declared := Declared{Source: "api.go", Routes: []Route{
		{Plan: &sdk.Plan{Name: "GET /"}, Function: "get", Behind: "authorize"},
		{Plan: &sdk.Plan{Name: "GET /page", Place: sdk.OnLoop}, Function: "page"},
		{Plan: &sdk.Plan{Name: "GET /ok", Place: sdk.OnLoop}, Function: "200"},
	}}
	a := new(app)
	declaration := func(last func(s *decl.Group)) func(s *decl.Server) {
		return func(s *decl.Server) {
			s.Group("", func(s *decl.Group) {
				s.Use(authorize)
				s.Get("/", a.get)
			})
			s.Group("", last)
		}
	}
	same := &told{TB: t}
	Declaration(same, declared, declaration(func(s *decl.Group) {
		s.Get("/page", page[int]).OnLoop()
		s.Get("/ok", decl.Text(200, "ok"))
	}))
	if same.text != "" {
		t.Errorf("it says %s", same.text)
	}
	other := &told{TB: t}
	Declaration(other, declared, declaration(func(s *decl.Group) {
		s.Get("/page", page[int])
		s.Get("/ok", a.elsewhere)
		s.Get("/more", nil)
	}))
	const want = `pipeline_gen.go: out of date with api.go [stale]
	api.go declares:
		GET /: get behind authorize
		GET /page: page
		GET /ok: elsewhere
		GET /more: no function
	pipeline_gen.go has:
		GET /: get behind authorize
		GET /page: page, on the loop
		GET /ok: 200
	fix: go generate`
	if other.text != want {
		t.Errorf("it says\n%s\nwant\n%s", other.text, want)
	}
}
