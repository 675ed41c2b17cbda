// Package netpoll moves octets between descriptors and the handlers of their
// connections, and tells the time. It knows no protocol.
//
// A Loop belongs to one goroutine. Everything it owns is touched only in a
// turn of the loop, so nothing in it is locked; Post is the only door from
// other goroutines, and a lent connection (Conn.Lend) the only loan.
//
// Read loop.go first, then conn.go; lend.go is the one place where two
// goroutines meet.
package netpoll
