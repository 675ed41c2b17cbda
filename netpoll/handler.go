package netpoll

// A Handler is the protocol on one connection. Its methods are called on the
// goroutine of the connection's loop, one at a time, and never while the
// connection is lent, with the exceptions of Ended and Draining. They may not
// block.
//
// What a method appends to the output (Conn.Out, Conn.SetOut) leaves in one
// write after it returns; with several calls in one turn, after the last.
type Handler interface {
	// Receive takes octets that arrived and returns how many it consumed. in
	// is borrowed until it returns. What it leaves is kept, and stands at the
	// start of in when it is called again: when more octets arrived, when the
	// output that was over the high-water mark has drained, after Conn.Again,
	// and when a lent connection came back.
	Receive(c *Conn, in []byte) (n int)
	// Ended says that the peer finished sending, after Receive was handed all
	// that it sent (reset is false), or that the connection failed (reset is
	// true; Closed follows, when it is not lent). While the connection is lent
	// it is called as soon as the kernel reports the end: then the peer's last
	// octets may not have been read yet, and after the connection came back
	// and Receive was handed the rest, Ended is called once more.
	Ended(c *Conn, reset bool)
	// Expired says that the deadline set with Conn.SetDeadline has passed. It
	// is not called while the connection is lent.
	Expired(c *Conn)
	// Returned says that a lent connection is back (see Conn.Lend), when the
	// unit asked to be told; Receive follows when octets are waiting.
	Returned(c *Conn)
	// Draining says that the server shuts down: the connection is to be
	// closed as soon as what it does is finished. A connection that is lent
	// is told at once, so that its unit can be, and once more when it is back.
	Draining(c *Conn)
	// Closed says that the connection is gone. It is the last call.
	Closed(c *Conn)
}

// Mail is a message to a loop, delivered on the loop's goroutine.
type Mail interface {
	Deliver(l *Loop)
}

// A Waiter lets the goroutine that a connection is lent to wait for it. Wait
// returns after one Wake, which may come first. The simulation has its own.
type Waiter interface {
	Wait()
	Wake()
}
