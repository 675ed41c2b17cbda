package main

import "github.com/windhover-go/windhover/gen/decl"

//go:generate go tool windhover generate

var _ = decl.App(declare)

// declare is read by windhover and compiled to pipeline_gen.go; it never runs.
func declare(s *decl.Server) {
	s.HTTP2()
	s.Get("/plaintext", Plaintext).OnLoop()
	s.Get("/delay", Delay)
	s.Post("/delay", Delay)
	s.Get("/gc", Collect)
}
