package h1

import "github.com/windhover-go/windhover/sdk/msg"

// AppendEarlyHints appends the interim response 103 (Early Hints, RFC 8297) with
// the field lines of hints, which may not have been refused (hints.Err). An
// interim response has neither content nor fields that frame it; Fields refuses
// those. To a client of HTTP/1.0, which knows no interim responses (RFC 9110
// section 15.2), it appends nothing.
func (x *Exchange) AppendEarlyHints(dst []byte, hints *msg.Fields) []byte {
	if x.minor == 0 {
		return dst
	}
	dst = append(dst, "HTTP/1.1 103 Early Hints\r\n"...)
	dst = append(dst, hints.Lines()...)
	return append(dst, "\r\n"...)
}
