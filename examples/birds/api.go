package main

import (
	"time"

	"github.com/windhover-go/windhover/gen/decl"
)

//go:generate go run github.com/windhover-go/windhover/gen/cmd/windhover generate

var _ = decl.App(declare)

// declare is read by windhover and compiled to pipeline_gen.go; it never runs.
func declare(s *decl.Server) {
	s.Compress(0, "zstd", "gzip")
	s.ETag()
	s.Get("/birds", Birds).OnLoop()
	s.Get("/search", Search).Limit(8).Timeout(2 * time.Second)
	s.Get("/export", Export)
}
