package main

import "github.com/windhover-go/windhover/gen/decl"

//go:generate go run github.com/windhover-go/windhover/gen/cmd/windhover generate

var _ = decl.App(declare)

// declare is read by windhover and compiled to pipeline_gen.go; it never runs.
func declare(s *decl.Server) {
	s.HTTP1()
	s.HTTP2()
	s.Get("/", decl.Text(200, "Upgrade to the protocol \"lines\" at /lines\n"))
	s.Get("/lines", Lines)
}
