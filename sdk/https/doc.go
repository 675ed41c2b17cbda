// Package https is the glue between a server and the TLS engine (package tls): it
// loads certificates, runs handshakes, and hands connections whose handshake is
// done to the protocol that was negotiated. Generated code imports it when the
// app declares s.TLS().
//
// Read offer.go first, then session.go; certificates.go has the files.
package https
