package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/windhover-go/windhover/sdk"
)

// A Product is something that the shop sells.
type Product struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// Cents is the price of one.
	Cents int64 `json:"cents"`
	// Stock is how many there are.
	Stock int64 `json:"stock"`
}

func (p *Product) scan(row interface{ Scan(into ...any) error }) error {
	return row.Scan(&p.ID, &p.Name, &p.Cents, &p.Stock)
}

// A Search is what the query of ListProducts says.
type Search struct {
	// Text is a part of the name.
	Text string `query:"q" default:""`
	// After is the number of the last product of the page before.
	After int64 `query:"after" default:"0"`
	Limit int64 `query:"limit" default:"20"`
}

// A Page is a part of the list of products.
type Page struct {
	Products []Product `json:"products"`
	// Next is the path of the next page, if there is one.
	Next string `json:"next,omitempty"`
}

// ErrLimit says that a page cannot have that many products.
var ErrLimit = sdk.NewError(400, "limit has to be from 1 to 100")

// ListProducts lists products by number, a page at a time.
func (s *Shop) ListProducts(ctx context.Context, in Search) (Page, error) {
	page := Page{Products: []Product{}}
	if in.Limit < 1 || in.Limit > 100 {
		return page, ErrLimit
	}
	rows, err := s.q.products.QueryContext(ctx, in.After, in.Text, in.Limit+1) // one more, to see if there is a next page
	if err != nil {
		return page, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Product
		if err := p.scan(rows); err != nil {
			return page, err
		}
		page.Products = append(page.Products, p)
	}
	if n := int(in.Limit); len(page.Products) > n {
		page.Products = page.Products[:n]
		query := url.Values{"after": {strconv.FormatInt(page.Products[n-1].ID, 10)}, "limit": {strconv.Itoa(n)}}
		if in.Text != "" {
			query.Set("q", in.Text)
		}
		page.Next = PathProducts() + "?" + query.Encode()
	}
	return page, rows.Err()
}

// ErrNoProduct says that the shop does not have a product.
var ErrNoProduct = sdk.NewError(404, "there is no such product")

// GetProduct answers with the product {id}.
func (s *Shop) GetProduct(ctx context.Context, id int64) (p Product, err error) {
	err = p.scan(s.q.product.QueryRowContext(ctx, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoProduct
	}
	return p, err
}

// A NewProduct is what an administrator adds.
type NewProduct struct {
	Name  string `json:"name"`
	Cents int64  `json:"cents"`
	Stock int64  `json:"stock"`
}

var (
	// ErrName says that a name is missing or too long.
	ErrName = sdk.NewError(422, "name has to be from 1 to 100 octets")
	// ErrNegative says that a number is less than nothing.
	ErrNegative = sdk.NewError(422, "cents and stock cannot be negative")
	// ErrNameTaken says that another product has the name.
	ErrNameTaken = sdk.NewError(409, "there is a product with that name")
)

// AddProduct adds a product.
func (s *Shop) AddProduct(ctx context.Context, in sdk.JSON[NewProduct], res sdk.Response) (p Product, err error) {
	in.Name = strings.TrimSpace(in.Name)
	if in.Name == "" || len(in.Name) > 100 {
		return p, ErrName
	}
	if in.Cents < 0 || in.Stock < 0 {
		return p, ErrNegative
	}
	err = p.scan(s.q.addProduct.QueryRowContext(ctx, in.Name, in.Cents, in.Stock))
	if errors.Is(err, sqlite3.CONSTRAINT_UNIQUE) {
		return p, ErrNameTaken
	}
	res.ResponseFields().Set("Location", PathProductsID(p.ID))
	return p, err
}

// A ProductChange has what is to be changed; the rest stays.
type ProductChange struct {
	Cents *int64 `json:"cents"`
	Stock *int64 `json:"stock"`
}

// ChangeProduct changes the price and the stock of the product {id}.
func (s *Shop) ChangeProduct(ctx context.Context, id int64, in sdk.JSON[ProductChange]) (p Product, err error) {
	err = p.scan(s.q.changeProduct.QueryRowContext(ctx, in.Cents, in.Stock, id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return p, ErrNoProduct
	case errors.Is(err, sqlite3.CONSTRAINT_CHECK):
		return p, ErrNegative
	}
	return p, err
}
