package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/ncruces/go-sqlite3"

	"github.com/windhover-go/windhover/sdk"
)

// A Line is a product in a cart or an order.
type Line struct {
	Product  int64  `json:"product"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	// Cents is the price of one.
	Cents int64 `json:"cents"`
}

// A Cart is what a customer is about to order.
type Cart struct {
	Lines []Line `json:"lines"`
	// Cents is the price of everything.
	Cents int64 `json:"cents"`
}

// GetCart answers with the cart of the customer.
func (s *Shop) GetCart(ctx context.Context, who Customer) (c Cart, err error) {
	c.Lines, c.Cents, err = lines(ctx, s.q.cart, who.ID)
	return c, err
}

// lines returns the lines that a statement finds, and what they cost.
func lines(ctx context.Context, stmt *sql.Stmt, id int64) (list []Line, cents int64, err error) {
	rows, err := stmt.QueryContext(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	list = []Line{}
	for rows.Next() {
		var l Line
		if err := rows.Scan(&l.Product, &l.Name, &l.Quantity, &l.Cents); err != nil {
			return nil, 0, err
		}
		list, cents = append(list, l), cents+l.Quantity*l.Cents
	}
	return list, cents, rows.Err()
}

// A Quantity is how many of a product a customer wants.
type Quantity struct {
	Quantity int64 `json:"quantity"`
}

// ErrQuantity says that a cart cannot have that many of a product.
var ErrQuantity = sdk.NewError(422, "quantity has to be from 1 to 100")

// SetLine puts the product {id} into the cart, or changes how many there are.
func (s *Shop) SetLine(ctx context.Context, id int64, who Customer, in sdk.JSON[Quantity]) (Cart, error) {
	if in.Quantity < 1 || in.Quantity > 100 {
		return Cart{}, ErrQuantity
	}
	_, err := s.q.setLine.ExecContext(ctx, who.ID, id, in.Quantity)
	if errors.Is(err, sqlite3.CONSTRAINT_FOREIGNKEY) {
		return Cart{}, ErrNoProduct
	}
	if err != nil {
		return Cart{}, err
	}
	return s.GetCart(ctx, who)
}

// RemoveLine takes the product {id} out of the cart, if it is there.
func (s *Shop) RemoveLine(ctx context.Context, id int64, who Customer) error {
	_, err := s.q.removeLine.ExecContext(ctx, who.ID, id)
	return err
}
