// Package http1 hosts the HTTP/1.1 engine of package h1 in a server of package
// sdk: it hands octets of a connection to the engine and exchanges to the
// app's tasks, runs them on the loop or on a pool, and keeps the deadlines.
//
// Generated code imports it for an app that declares HTTP/1.1, and calls Offer.
//
// Read conn.go first: one request from top to bottom on the loop. unit.go is
// the way of a request whose functions may block, stream.go what such a
// function can read and write as it goes, upgrade.go how it gets the connection
// itself.
package http1
