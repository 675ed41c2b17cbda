package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// Begin begins the transaction that the functions below it take. One that only
// reads does not keep others from writing.
func (s *Shop) Begin(ctx context.Context, req sdk.Request) (*sql.Tx, error) {
	method := req.Method()
	return s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: method == msg.MethodGet || method == msg.MethodHead})
}

// End commits the transaction, or rolls it back when the request failed. Until it
// has returned, nothing of the response is sent.
func (s *Shop) End(tx *sql.Tx, err error) error {
	if err == nil {
		return tx.Commit()
	}
	_ = tx.Rollback() // err says what went wrong
	return err
}

// An Order is what a customer has bought.
type Order struct {
	ID     int64     `json:"id"`
	Placed time.Time `json:"placed"`
}

// A FullOrder is an order with its lines.
type FullOrder struct {
	Order
	Lines []Line `json:"lines"`
	// Cents is the price of everything.
	Cents int64 `json:"cents"`
}

var (
	// ErrEmptyCart says that there is nothing to order.
	ErrEmptyCart = sdk.NewError(409, "the cart is empty")
	// ErrSoldOut says that the stock is less than what is ordered.
	ErrSoldOut = sdk.NewError(409, "there are not that many left")
)

// PlaceOrder orders what is in the cart: all of it, or nothing.
func (s *Shop) PlaceOrder(ctx context.Context, tx *sql.Tx, who Customer, res sdk.Response) (FullOrder, error) {
	taken, err := tx.StmtContext(ctx, s.q.takeStock).ExecContext(ctx, who.ID)
	if errors.Is(err, sqlite3.CONSTRAINT_CHECK) {
		return FullOrder{}, ErrSoldOut
	}
	if err != nil {
		return FullOrder{}, err
	}
	if n, _ := taken.RowsAffected(); n == 0 { // SQLite always knows
		return FullOrder{}, ErrEmptyCart
	}
	var id int64
	row := tx.StmtContext(ctx, s.q.addOrder).QueryRowContext(ctx, who.ID, time.Now().UTC().Truncate(time.Second))
	if err = row.Scan(&id); err != nil {
		return FullOrder{}, err
	}
	if _, err = tx.StmtContext(ctx, s.q.addLines).ExecContext(ctx, id, who.ID); err != nil {
		return FullOrder{}, err
	}
	if _, err = tx.StmtContext(ctx, s.q.emptyCart).ExecContext(ctx, who.ID); err != nil {
		return FullOrder{}, err
	}
	res.ResponseFields().Set("Location", PathOrdersID(id))
	return s.GetOrder(ctx, tx, id, who)
}

// ErrNoOrder says that the customer has no such order.
var ErrNoOrder = sdk.NewError(404, "you have no such order")

// GetOrder answers with the order {id} of the customer.
func (s *Shop) GetOrder(ctx context.Context, tx *sql.Tx, id int64, who Customer) (o FullOrder, err error) {
	err = tx.StmtContext(ctx, s.q.order).QueryRowContext(ctx, who.ID, id).Scan(&o.ID, &o.Placed)
	if errors.Is(err, sql.ErrNoRows) {
		return o, ErrNoOrder
	}
	if err != nil {
		return o, err
	}
	o.Lines, o.Cents, err = lines(ctx, tx.StmtContext(ctx, s.q.orderLines), id)
	return o, err
}

// ListOrders answers with the last 100 orders of the customer, the newest first.
func (s *Shop) ListOrders(ctx context.Context, tx *sql.Tx, who Customer) ([]Order, error) {
	rows, err := tx.StmtContext(ctx, s.q.orders).QueryContext(ctx, who.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Order{}
	for rows.Next() {
		var o Order
		if err := rows.Scan(&o.ID, &o.Placed); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, rows.Err()
}
