// Package tls is the engine for TLS 1.2 and 1.3 (RFC 5246, RFC 8446): it turns
// octets from the wire into plaintext and plaintext into octets for the wire,
// by driving the standard library's crypto/tls over memory. It has no
// cryptography and no handshake of its own. Inside it the standard package is
// called stdtls.
//
// The package is sans-IO: it opens nothing and reads no clock but the one that
// it is given. A handshake is the one exception to "starts nothing": it costs
// around a millisecond, and crypto/tls cannot take it up again after an
// interruption, so it runs on a goroutine of its own, which ends with it. What
// that goroutine may cost, and how many of them there are, is bounded by
// Limits. After the handshake no goroutine belongs to a connection, and every
// call returns without waiting.
//
// A Conn belongs to one goroutine, that of its loop. A Server is shared by all
// loops.
//
// Read conn.go first, then server.go and handshake.go; wire.go is the net.Conn
// that crypto/tls sees.
package tls
