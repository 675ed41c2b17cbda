package h2

// Stalled reports whether content waits that only the peer holds up: by the
// window of the stream.
func (x *Exchange) Stalled() bool { return len(x.pend) > 0 && x.room <= 0 }

// Stalled reports whether content waits that only the peer holds up: by the
// window of the connection.
func (c *Conn) Stalled() bool { return c.output.used != 0 && c.output.window <= 0 }

// ContentSent returns the octets of content that the windows have allowed, of
// all streams.
func (c *Conn) ContentSent() int64 { return c.output.sent }

// Complete reports whether the response was sent to its end. It may be asked
// after End and Progress have given the exchange back, until Reset.
func (x *Exchange) Complete() bool { return x.fin == finDone }
