package http1

import "github.com/windhover-go/windhover/netpoll"

// maxAway bounds the connections of a loop that are over the limit of
// connections and wait for their answer. A further one is closed at once: an
// answer costs a descriptor for as long as the peer likes, up to twice
// DrainTimeout.
const maxAway = 64

// turnedAway is the handler of the connections that are one too many: the first
// octets of a request, whatever it is, are answered 503. Not earlier: a client
// may take an answer that comes before its request for a fault.
type turnedAway struct {
	loop *loop
	open int
}

// The answer around the value of Date. It has no content, so that it is right
// for every method.
const (
	awayHead = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\nDate: "
	awayEnd  = "\r\n\r\n"
)

func (a *turnedAway) accept(c *netpoll.Conn) netpoll.Handler {
	if a.open >= maxAway {
		return nil
	}
	a.open++
	c.SetDeadline(c.Now() + int64(a.loop.host.Limits().DrainTimeout))
	return a
}

// answer answers and ends the connection.
func (a *turnedAway) answer(c *netpoll.Conn) {
	out := append(c.Out(), awayHead...)
	out = append(out, a.loop.host.Date(c.Now())...)
	c.SetOut(append(out, awayEnd...))
	c.Close()
}

// Receive implements netpoll.Handler.
func (a *turnedAway) Receive(c *netpoll.Conn, in []byte) int {
	a.answer(c)
	return len(in)
}

// Ended implements netpoll.Handler.
func (a *turnedAway) Ended(c *netpoll.Conn, reset bool) {
	if !reset {
		c.Close()
	}
}

// Expired implements netpoll.Handler.
func (a *turnedAway) Expired(c *netpoll.Conn) { a.answer(c) }

// Returned implements netpoll.Handler. The connection is never lent.
func (a *turnedAway) Returned(*netpoll.Conn) {}

// Draining implements netpoll.Handler.
func (a *turnedAway) Draining(c *netpoll.Conn) { a.answer(c) }

// Closed implements netpoll.Handler.
func (a *turnedAway) Closed(*netpoll.Conn) { a.open-- }
