package msg

// A Policy says how strictly the requests of an endpoint are read. The zero
// value is PolicyStrict.
//
// No policy is looser than the RFCs allow a server to be. What makes two
// readers see two different requests is refused by both: folded lines, a space
// before a colon, more than one space in a request line (RFC 9112 section 3
// would allow it), Content-Length beside Transfer-Encoding, and any line end
// but CRLF in chunked framing and trailer sections.
type Policy uint8

const (
	// PolicyStrict refuses whatever is ambiguous, also where the RFCs allow a
	// server to make sense of it.
	PolicyStrict Policy = iota
	// PolicyRFC accepts beside that, for clients that need it: a bare LF as the
	// end of a line of the head and as an empty line before it (RFC 9112
	// section 2.2), a Content-Length that is repeated or a list, if all its
	// values are the same number (RFC 9112 section 6.3), and empty elements of
	// Transfer-Encoding (RFC 9110 section 5.6.1.2).
	PolicyRFC
)

// String returns the policy as endpoints spell it.
func (p Policy) String() string {
	if p == PolicyRFC {
		return "rfc"
	}
	return "strict"
}
