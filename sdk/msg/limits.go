package msg

// Unlimited lifts a limit.
const Unlimited = -1

// Limits bounds what one message may cost. In a configuration 0 means the
// default and Unlimited lifts a limit; an engine is given limits in which the
// defaults are filled in (see WithDefaults), read-only from then on.
type Limits struct {
	// RequestLine bounds the request line, in octets without its CRLF, and in
	// HTTP/2 the target (:path). Default 8,192. Over it the answer is 414.
	RequestLine int
	// FieldSection bounds the header section, in octets with its line ends, and
	// in HTTP/2 with 32 octets for each line (RFC 9113 section 6.5.2); the
	// trailer section too. Default 32,768. Over it the answer is 431; for a
	// trailer section of HTTP/2 the stream is reset.
	FieldSection int
	// Fields bounds the number of field lines of a section. Default 100. Over
	// it the answer is as for FieldSection.
	Fields int
	// RequestBody bounds the content of a request, in octets. Default
	// 30,000,000. Over it the answer is 413. A route can have its own.
	RequestBody int64
	// ChunkLine bounds the line before a chunk, extensions included, in
	// octets without its CRLF. Default 256. Over it the answer is 400.
	ChunkLine int
	// ResponseBufferHigh is the number of octets of unsent response at which
	// the producer waits and reading from the peer pauses. Default 65,536.
	ResponseBufferHigh int
	// ResponseBufferLow is the number of octets of unsent response at which
	// both go on. Default 16,384.
	ResponseBufferLow int
	// Pipelined bounds the requests of one connection that are answered in
	// one turn of its loop; the rest waits a turn. Default 64.
	Pipelined int
}

// WithDefaults returns l with its zeros replaced by the defaults and every
// lifted limit by the largest number of its type.
func (l Limits) WithDefaults() Limits {
	orDefault(&l.RequestLine, 8192)
	orDefault(&l.FieldSection, 32768)
	orDefault(&l.Fields, 100)
	orDefault(&l.ChunkLine, 256)
	orDefault(&l.ResponseBufferHigh, 65536)
	orDefault(&l.ResponseBufferLow, 16384)
	orDefault(&l.Pipelined, 64)
	switch {
	case l.RequestBody == 0:
		l.RequestBody = 30_000_000
	case l.RequestBody < 0:
		l.RequestBody = 1<<63 - 1
	}
	return l
}

func orDefault(n *int, value int) {
	switch {
	case *n == 0:
		*n = value
	case *n < 0:
		*n = int(^uint(0) >> 1)
	}
}
