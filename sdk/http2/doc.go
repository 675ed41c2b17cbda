// Package http2 is the glue between a server and the HTTP/2 engine (package
// h2): it runs the functions of an app over the streams of a connection, on the
// loop or in units, and lets the loop write for all of them. Generated code
// imports it when the app declares s.HTTP2().
//
// A connection and the engine's part of its exchanges always belong to the
// loop. A unit has the request's views and the response of its exchange; what
// streams goes through a pipe, which has a lock.
//
// Read conn.go first, then unit.go and pipe.go.
package http2
