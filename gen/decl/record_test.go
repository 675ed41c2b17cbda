package decl_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/windhover-go/windhover/gen/decl"
)

// TestRecord checks what running a declaration records, and that one that is not
// recorded does nothing.
func TestRecord(t *testing.T) {
	first, second := "first", "second" // stand for functions
	part := func(s *decl.Group) {
		s.OnLoop()
		s.Delete("", "delete").MaxBody(1).AllowBody().Decode(1, "gzip")
	}
	declare := func(s *decl.Server) {
		s.HTTP1()
		s.StrictRoutes()
		s.Paths()
		s.RedirectSlash()
		s.BadPath(400)
		s.Refusals(decl.JSON(400, "{}"))
		s.Errors("errors")
		s.Recover("recover")
		s.Encode("encode")
		s.MaxBody(1)
		s.Decode(1, "gzip")
		s.Use(first)
		s.Finish("finish")
		s.Done("done")
		s.Get("/", decl.Text(200, "ok")).OnLoop()
		s.Group("/users/", func(s *decl.Group) {
			s.Use(second)
			s.Get("/", "list")
			s.Head("/{id}", "head")
			s.Group("/{id}", part)
		})
		s.Host("API.Example.com", func(s *decl.Group) { s.Post("/x", "post") })
		s.Files("/assets/", "assets").CacheControl("no-store").Precompressed().OnLoop()
		s.Group("/{path}", func(s *decl.Group) { s.Files("/", "assets") })
		s.Put("/y", "put")
		s.Patch("", "patch")
		s.Options("/o", decl.Content(204, "text/html", ""))
	}
	var got []string
	for _, r := range decl.Record(declare) {
		if known, ok := r.Function.(decl.Response); ok {
			r.Function = known.Status()
		}
		if _, ok := r.Function.(*decl.FilesRoute); ok {
			r.Function = "files"
		}
		got = append(got, fmt.Sprint(r.Method, " ", r.Host, r.Path, " ", r.Function, " ", r.Behind, " ", r.OnLoop))
	}
	want := []string{
		"GET / 200 [first] true",
		"GET /users list [first second] false",
		"HEAD /users/{id} head [first second] false",
		"DELETE /users/{id} delete [first second] true",
		"POST api.example.com/x post [first] false",
		"GET /assets/{path...} files [first] true",
		"GET /{path}/{file...} files [first] false",
		"PUT /y put [first] false",
		"PATCH / patch [first] false",
		"OPTIONS /o 204 [first] false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("recorded\n%q\nwant\n%q", got, want)
	}
	declare(new(decl.Server)) // not recorded
	_ = decl.App(declare)
}
