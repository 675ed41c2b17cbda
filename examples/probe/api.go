package main

import "github.com/windhover-go/windhover/gen/decl"

//go:generate go run github.com/windhover-go/windhover/gen/cmd/windhover generate

var _ = decl.App(declare)

// declare is read by windhover and compiled to pipeline_gen.go; it never runs.
func declare(s *decl.Server, requests *Counter) {
	s.HTTP1()
	s.HTTP2()
	s.TLS()
	s.Get("/plaintext", Plaintext).OnLoop()
	s.Get("/json", Greet).OnLoop()
	s.Group("/users", func(s *decl.Group) {
		s.OnLoop()
		s.Use(Identify, MarkProbe, requests.Count, Authorize)
		s.Get("/{id}", GetUser)
	})
	s.Post("/echo", Echo)
	s.Get("/headers", ListFields)
	s.Post("/headers", ListFields)
	s.Get("/nocontent", NoContent).OnLoop()
	s.Get("/notmodified", NotModified).OnLoop()
	s.Get("/large", Large)
	s.Get("/delay/{ms}", Delay)
	s.Get("/stream/{n}", Stream)
	s.Get("/panic", Panic)
	s.Get("/views/{name}", Views).OnLoop()
	s.Post("/form", Fill).OnLoop()
}
