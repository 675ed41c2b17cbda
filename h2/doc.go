// Package h2 is the HTTP/2 server engine: it turns octets into requests and
// responses into octets (RFC 9113), with HPACK (RFC 7541), extended CONNECT
// (RFC 8441) and priorities (RFC 9218).
//
// The package is sans-IO. It opens nothing, reads no clock and starts no
// goroutine. Whatever an engine knows it was told in an argument; whatever it
// wants done it says in a result.
//
// A Conn is a connection. An Exchange is one of its streams: a request and its
// response. The host pools exchanges. A Conn and its exchanges belong to one
// goroutine at a time, with the exceptions that Exchange names.
//
// A host drives them so, with in the octets that have arrived:
//
//	for {
//		ev, x, n := c.Next(spare, in, now)
//		in = in[n:]
//		if spare.Taken() {
//			spare = … // another one
//		}
//		switch ev {
//		case h2.EventHead: // x was spare
//			out = x.AppendResponse(out, date)
//			if c.End(x) { … } // x can be reused
//		case h2.EventNone:
//			out = c.AppendOutput(out)
//			return
//		}
//	}
//
// so that all that a read brings is answered in one write. What the peer's
// windows do not let through, AppendOutput appends later; Progress then says for
// which exchanges there is news.
//
// A function that runs on another goroutine has the views of the request and the
// response's buffers, and nothing else: content is handed to it by the host,
// which says what was used up (Exchange.Consumed); what it sends the host appends
// on the goroutine of the connection, and makes it wait while too much is unsent
// (Exchange.Unsent, Exchange.WaitForRoom). Its stream has a slot until End, also
// when the peer resets it (EventReset) before.
//
// Read conn.go first.
package h2
