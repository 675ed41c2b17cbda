package main

import "github.com/windhover-go/windhover/gen/decl"

//go:generate go run github.com/windhover-go/windhover/gen/cmd/windhover generate

var _ = decl.App(declare)

// declare is read by windhover and compiled to pipeline_gen.go; it never runs.
func declare(s *decl.Server) {
	s.Errors(NotFound)
	s.Files("/", public, "public").Precompressed().CacheControl("public, max-age=300")
	s.Files("/downloads/", "downloads")
}
