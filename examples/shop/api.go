package main

import (
	"time"

	"github.com/windhover-go/windhover/gen/decl"
	"github.com/windhover-go/windhover/sdk"
)

//go:generate go tool windhover generate

var _ = decl.App(declare)

// declare is read by windhover and compiled to pipeline_gen.go; it never runs.
func declare(s *decl.Server, shop *Shop) {
	// A shop for people who watch birds.
	s.API("Shop", "1.0.0")
	s.HTTP1()
	s.HTTP2()
	s.TLS()
	s.Paths()

	s.Errors(shop.NewProblem, "application/problem+json")
	s.Done(shop.LogAccess)
	s.Timeout(5 * time.Second)

	s.Get("/healthz", decl.Text(200, "ok\n"))
	s.Get("/openapi.json", decl.OpenAPI())
	s.Files("/", public, "public").CacheControl("public, max-age=300")

	s.Post("/customers", shop.SignUp).Status(201).MaxBody(1 << 10).Limit(8).Fails(ErrName)

	// What the shop sells.
	s.Group("/products", func(s *decl.Group) {
		s.Limit(256)
		s.ETag()
		s.Compress(256, "zstd", "gzip")
		s.Get("/", shop.ListProducts).Fails(ErrLimit)
		s.Get("/{id}", shop.GetProduct).Fails(ErrNoProduct)
	})
	// What a customer is about to order.
	s.Group("/cart", func(s *decl.Group) {
		s.Use(shop.Authenticate)
		s.Fails(sdk.ErrUnauthorized)
		s.Get("/", shop.GetCart)
		s.Put("/{id}", shop.SetLine).MaxBody(1<<10).Fails(ErrNoProduct, ErrQuantity)
		s.Delete("/{id}", shop.RemoveLine).Status(204)
	})
	// What a customer has ordered.
	s.Group("/orders", func(s *decl.Group) {
		s.Use(shop.Authenticate, shop.Begin)
		s.Finish(shop.End)
		s.Fails(sdk.ErrUnauthorized)
		s.Get("/", shop.ListOrders)
		s.Get("/{id}", shop.GetOrder).Fails(ErrNoOrder)
		s.Post("/", shop.PlaceOrder).Status(201).Fails(ErrEmptyCart, ErrSoldOut)
	})
	// For administrators.
	s.Group("/admin", func(s *decl.Group) {
		s.Use(shop.Authenticate, RequireAdmin)
		s.Fails(sdk.ErrUnauthorized, ErrNotAdmin)
		s.Post("/products", shop.AddProduct).Status(201).MaxBody(1<<10).Fails(ErrName, ErrNegative, ErrNameTaken)
		s.Patch("/products/{id}", shop.ChangeProduct).MaxBody(1<<10).Fails(ErrNoProduct, ErrNegative)
	})
}
