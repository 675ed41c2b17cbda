// Package h1 is the HTTP/1.1 engine: it turns octets into requests and
// responses into octets (RFC 9110, RFC 9112).
//
// The package is sans-IO. It opens nothing, reads no clock and starts no
// goroutine. Whatever an engine knows it was told in an argument; whatever it
// wants done it says in a result.
//
// A Conn is what an idle connection has to remember, and is small. An Exchange
// is one request and its response; its memory is needed only between the first
// octet of a request and the last of its response, so the host pools it.
//
// Read conn.go first.
package h1
