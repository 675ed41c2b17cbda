// Package shop is an app whose OpenAPI document is put to the test.
package shop

import (
	"github.com/windhover-go/windhover/gen/decl"
	"github.com/windhover-go/windhover/sdk"
)

//go:generate go run github.com/windhover-go/windhover/gen/cmd/windhover generate

var _ = decl.App(declare)

// declare is read by windhover and compiled to pipeline_gen.go; it never runs.
func declare(s *decl.Server, app *Shop) {
	// Sells things.
	s.API("Shop", "1.0.0")

	s.Errors(NewProblem)

	s.Get("/openapi.json", decl.OpenAPI())
	s.Get("/healthz", decl.JSON(200, `{"ok": true}`))
	// What is sold.
	s.Group("/items", func(s *decl.Group) {
		s.Fails(sdk.ErrUnauthorized)
		s.Use(Authorize)
		s.Get("/", app.List)
		s.Post("/", app.Add).MaxBody(4 << 10).Status(201).Fails(ErrTaken)
		s.Get("/{id}", app.Get).Fails(sdk.ErrNotFound)
		s.Delete("/{id}", app.Remove).Status(204).Fails(sdk.ErrNotFound)
		s.Put("/{id}/photo", app.SetPhoto).Status(204).Fails(sdk.ErrNotFound)
	})
	s.Post("/feedback", Feedback)
	s.Get("/tree", Root)
}
