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
//		switch ev {
//		case h2.EventHead: // x is spare; the next call needs another one
//			out = x.AppendResponse(out, date)
//			if c.End(x) { … } // x can be reused
//		case h2.EventNone:
//			out = c.AppendOutput(out)
//			return
//		}
//	}
//
// so that all that a read brings is answered in one write. Read conn.go first.
package h2
