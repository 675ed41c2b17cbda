package main

import (
	"context"
	"database/sql"
	"fmt"
)

// queries are the statements of the shop, prepared when it opens: a mistake in
// one of them is an error at start.
type queries struct {
	products, product, addProduct, changeProduct *sql.Stmt
	customer, addCustomer                        *sql.Stmt
	cart, setLine, removeLine, emptyCart         *sql.Stmt
	orders, order, orderLines                    *sql.Stmt
	addOrder, addLines, takeStock                *sql.Stmt
}

// prepare prepares all statements. They are closed with the database.
func prepare(ctx context.Context, db *sql.DB) (*queries, error) {
	q := new(queries)
	for _, p := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&q.products, `SELECT id, name, cents, stock FROM products
			WHERE id > ? AND instr(lower(name), lower(?)) > 0 ORDER BY id LIMIT ?`},
		{&q.product, `SELECT id, name, cents, stock FROM products WHERE id = ?`},
		{&q.addProduct, `INSERT INTO products (name, cents, stock) VALUES (?, ?, ?)
			RETURNING id, name, cents, stock`},
		{&q.changeProduct, `UPDATE products SET cents = ifnull(?, cents), stock = ifnull(?, stock) WHERE id = ?
			RETURNING id, name, cents, stock`},

		{&q.customer, `SELECT id, name, admin, token FROM customers WHERE id = ?`},
		{&q.addCustomer, `INSERT INTO customers (name, token, admin) VALUES (?, ?, ?) RETURNING id`},

		{&q.cart, `SELECT product, name, quantity, cents FROM cart JOIN products ON id = product
			WHERE customer = ? ORDER BY product`},
		{&q.setLine, `INSERT INTO cart (customer, product, quantity) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET quantity = excluded.quantity`},
		{&q.removeLine, `DELETE FROM cart WHERE customer = ? AND product = ?`},
		{&q.emptyCart, `DELETE FROM cart WHERE customer = ?`},

		{&q.orders, `SELECT id, placed FROM orders WHERE customer = ? ORDER BY id DESC LIMIT 100`},
		{&q.order, `SELECT id, placed FROM orders WHERE customer = ? AND id = ?`},
		{&q.orderLines, `SELECT product, name, quantity, l.cents FROM order_lines l JOIN products ON id = product
			WHERE "order" = ? ORDER BY product`},
		{&q.takeStock, `UPDATE products SET stock = stock - quantity FROM cart WHERE product = id AND customer = ?`},
		{&q.addOrder, `INSERT INTO orders (customer, placed) VALUES (?, ?) RETURNING id`},
		{&q.addLines, `INSERT INTO order_lines ("order", product, quantity, cents)
			SELECT ?, product, quantity, cents FROM cart JOIN products ON id = product WHERE customer = ?`},
	} {
		var err error
		if *p.to, err = db.PrepareContext(ctx, p.text); err != nil {
			return nil, fmt.Errorf("prepare %q: %w", p.text, err)
		}
	}
	return q, nil
}
