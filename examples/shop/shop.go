package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"log/slog"
	"net/url"

	_ "github.com/ncruces/go-sqlite3/driver" // the driver "sqlite3"
)

// schema makes the tables, and the first products, where they are not there.
//
//go:embed schema.sql
var schema string

// A Shop is what the functions of the app share.
type Shop struct {
	db  *sql.DB
	q   *queries
	log *slog.Logger
}

// Open opens the shop in the database file at path, and makes that if it is not
// there.
func Open(ctx context.Context, path string, log *slog.Logger) (*Shop, error) {
	name := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: url.Values{"_pragma": {
		"busy_timeout(5000)", // a writer waits for another one
		"journal_mode(wal)",  // readers do not wait for a writer
		"foreign_keys(on)",
	}}.Encode()}
	db, err := sql.Open("sqlite3", name.String())
	if err != nil {
		return nil, err
	}
	s := &Shop{db: db, log: log}
	if _, err = db.ExecContext(ctx, schema); err == nil {
		s.q, err = prepare(ctx, db)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Close closes the database.
func (s *Shop) Close() error { return s.db.Close() }
