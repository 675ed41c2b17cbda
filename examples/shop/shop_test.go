package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// open returns a shop in a database of its own.
func open(t *testing.T) *Shop {
	t.Helper()
	shop, err := Open(t.Context(), filepath.Join(t.TempDir(), "a shop?.db"), slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
	})
	return shop
}

// token makes a customer and returns the field that authenticates it.
func token(t *testing.T, shop *Shop, admin bool) string {
	t.Helper()
	made, err := shop.addCustomer(t.Context(), "Ann", admin)
	if err != nil {
		t.Fatal(err)
	}
	return "Authorization: Bearer " + made.Token
}

// TestListProducts: the functions of the app are plain functions.
func TestListProducts(t *testing.T) {
	shop := open(t)
	page, err := shop.ListProducts(t.Context(), Search{Text: "BO", Limit: 1})
	if err != nil || len(page.Products) != 1 || page.Next != "/products?after=3&limit=1&q=BO" {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err = shop.ListProducts(t.Context(), Search{}); !errors.Is(err, ErrLimit) {
		t.Error(err)
	}
}

func TestAuthenticate(t *testing.T) {
	shop := open(t)
	_, good, _ := strings.Cut(token(t, shop, false), ": ")
	for _, tt := range []struct {
		name, field string
		err         error
	}{
		{"a token", good, nil},
		{"the scheme in another case", "bearer" + good[len("Bearer"):], nil},
		{"another scheme", "Basic" + good[len("Bearer"):], sdk.ErrUnauthorized},
		{"another secret", good + "A", sdk.ErrUnauthorized},
		{"another customer", strings.Replace(good, "1.", "2.", 1), sdk.ErrUnauthorized},
		{"no secret", "Bearer 1.", sdk.ErrUnauthorized},
		{"nothing", "", sdk.ErrUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := sdktest.Response()
			who, err := shop.Authenticate(t.Context(), sdk.Header[string]{Value: tt.field, OK: tt.field != ""}, res)
			if !errors.Is(err, tt.err) || (who.Name == "Ann") != (tt.err == nil) {
				t.Errorf("%+v, %v", who, err)
			}
			if (res.Field("WWW-Authenticate") != "") != (tt.err != nil) {
				t.Errorf("WWW-Authenticate: %q", res.Field("WWW-Authenticate"))
			}
		})
	}
}

// TestAnswers sends one request after the other to the app in memory.
func TestAnswers(t *testing.T) {
	shop := open(t)
	app := NewPipeline(shop)
	admin, ann := token(t, shop, true), token(t, shop, false)
	const json = "Content-Type: application/json"
	for _, tt := range []struct {
		line    string
		rest    []string
		status  int
		content string // a part of it
	}{
		{"GET /healthz", nil, 200, "ok"},
		{"GET /", nil, 200, "<h1>For people who watch birds</h1>"},
		{"GET /openapi.json", nil, 200, `"title": "Shop"`},
		{"GET /nothing", nil, 404, `"instance":"/nothing"`},
		{"GET /products?limit=many", nil, 400, `"detail":"the query limit`},
		{"GET /products/2", nil, 200, `{"id":2,"name":"Binoculars","cents":18900,"stock":3}`},
		{"GET /products/9", nil, 404, `"detail":"there is no such product"`},
		{"GET /products/two", nil, 404, `"title":"Not Found"`},
		{"POST /customers", []string{json, "", `{"name":"Bob"}`}, 201, `{"id":3,"token":"3.`},
		{"POST /customers", []string{json, "", `{"name":" "}`}, 422, `"detail":"name has`},
		{"POST /customers", []string{json, "", strings.Repeat(" ", 1<<10+1)}, 413, `"status":413`},
		{"POST /customers", []string{"", `{"name":"Bob"}`}, 415, `"status":415`},

		{"GET /cart", nil, 401, `"title":"Unauthorized"`},
		{"POST /orders", []string{ann}, 409, `"detail":"the cart is empty"`},
		{"PUT /cart/2", []string{ann, json, "", `{"quantity":2}`}, 200, `"cents":37800}`},
		{"PUT /cart/9", []string{ann, json, "", `{"quantity":2}`}, 404, `"detail":"there is no such product"`},
		{"PUT /cart/3", []string{ann, json, "", `{"quantity":0}`}, 422, `"detail":"quantity has`},
		{"PUT /cart/3", []string{ann, json, "", `{"quantity":1}`}, 200, `"cents":41000}`},
		{"POST /orders", []string{ann}, 409, `"detail":"there are not that many left"`},
		{"GET /products/2", nil, 200, `"stock":3`}, // rolled back
		{"DELETE /cart/3", []string{ann}, 204, ""},
		{"POST /orders", []string{ann}, 201, `"cents":37800}`},
		{"GET /products/2", nil, 200, `"stock":1`},
		{"GET /cart", []string{ann}, 200, `{"lines":[],"cents":0}`},
		{"GET /orders", []string{ann}, 200, `[{"id":1,"placed":"2`},
		{"GET /orders/1", []string{ann}, 200, `"lines":[{"product":2,"name":"Binoculars","quantity":2,"cents":18900}]`},
		{"GET /orders/1", []string{admin}, 404, `"detail":"you have no such order"`},

		{"POST /admin/products", []string{ann, json, "", `{}`}, 403, `"detail":"that is for`},
		{"POST /admin/products", []string{admin, json, "", `{"name":"Hide","cents":9900}`}, 201, `{"id":5,"name":"Hide","cents":9900,"stock":0}`},
		{"POST /admin/products", []string{admin, json, "", `{"name":"Hide","cents":1}`}, 409, `"detail":"there is a product with`},
		{"PATCH /admin/products/5", []string{admin, json, "", `{"stock":7}`}, 200, `"cents":9900,"stock":7}`},
		{"PATCH /admin/products/5", []string{admin, json, "", `{"stock":-7}`}, 422, `"detail":"cents and stock`},
		{"PATCH /admin/products/6", []string{admin, json, "", `{}`}, 404, `"detail":"there is no such`},
	} {
		got := sdktest.Do(app, tt.line, tt.rest...)
		if got.Err != nil || got.Status != tt.status || !strings.Contains(got.Content, tt.content) {
			t.Errorf("%s: %d %q %v", tt.line, got.Status, got.Content, got.Err)
		}
		if got.Status >= 400 && got.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %q", tt.line, got.Header)
		}
	}
}

// TestFaults: what fails inside stays inside, and a transaction that cannot be
// committed is no success.
func TestFaults(t *testing.T) {
	shop := open(t)
	var log strings.Builder
	shop.log = slog.New(slog.NewTextHandler(&log, nil))
	app, ann := NewPipeline(shop), token(t, shop, false)
	if _, err := shop.db.Exec("ALTER TABLE order_lines RENAME TO lost"); err != nil {
		t.Fatal(err)
	}
	sdktest.Do(app, "PUT /cart/2", ann, "Content-Type: application/json", "", `{"quantity":2}`)
	got := sdktest.Do(app, "POST /orders", ann)
	if got.Status != 500 || strings.Contains(got.Content, "order_lines") || !strings.Contains(log.String(), "order_lines") {
		t.Errorf("%d %q\n%s", got.Status, got.Content, log.String())
	}
	if got = sdktest.Do(app, "GET /products/2"); !strings.Contains(got.Content, `"stock":3`) {
		t.Errorf("%q", got.Content)
	}
}

// TestLastOnes: when many order at once, nothing is sold twice.
func TestLastOnes(t *testing.T) {
	shop := open(t)
	app := NewPipeline(shop)
	statuses := make(chan int, 8)
	for range cap(statuses) {
		ann := token(t, shop, false)
		sdktest.Do(app, "PUT /cart/2", ann, "Content-Type: application/json", "", `{"quantity":1}`)
		go func() { statuses <- sdktest.Do(app, "POST /orders", ann).Status }()
	}
	sold := 0
	for range cap(statuses) {
		switch status := <-statuses; status {
		case 201:
			sold++
		case 409:
		default:
			t.Errorf("status %d", status)
		}
	}
	if sold != 3 {
		t.Errorf("%d were sold of 3", sold)
	}
}

// TestServe asks over a socket, with the client of Go.
func TestServe(t *testing.T) {
	server, err := sdk.New(NewPipeline(open(t)), sdk.Config{Endpoints: []string{"http://127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()

	client := &http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	get := func(field, value string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, "GET", server.Addresses()[0].URL()+PathProducts(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(field, value)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err = io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := get("Accept", "*/*")
	if first.StatusCode != 200 || first.Header.Get("ETag") == "" {
		t.Errorf("%d %v", first.StatusCode, first.Header)
	}
	if again := get("If-None-Match", first.Header.Get("ETag")); again.StatusCode != 304 {
		t.Errorf("%d %v", again.StatusCode, again.Header)
	}
}
