package h1

import (
	"strconv"

	"github.com/windhover-go/windhover/sdk/msg"
)

// A Reason says why a request was refused. It is not an error: a RefusalError is.
type Reason uint8

// The reasons. Their texts and statuses stand in the table of refusals.
const (
	ReasonNone Reason = iota // nothing was refused

	ReasonEmptyLines       // more than two empty lines before a request
	ReasonMethod           // the method is not a token, or no space follows it
	ReasonMethodUnknown    // IANA does not register the method
	ReasonTarget           // the request-target is malformed
	ReasonTargetForm       // the form of the request-target is not that of the method
	ReasonScheme           // the target has the scheme https, and the connection is not secured
	ReasonVersion          // the version is malformed
	ReasonVersionUnknown   // the version is not one of HTTP/1
	ReasonRequestLineLimit // the request line is over Limits.RequestLine

	ReasonLineEnd           // a line ends otherwise than in CRLF
	ReasonFieldName         // a field name is not a token, or a colon does not follow it
	ReasonFieldValue        // a field value has a control octet
	ReasonFieldFold         // a field line begins with whitespace
	ReasonFieldSectionLimit // a field section is over Limits.FieldSection
	ReasonFieldsLimit       // a field section has more than Limits.Fields lines

	ReasonHostMissing   // HTTP/1.1 without Host
	ReasonHostRepeated  // two lines of Host
	ReasonHostMalformed // Host is not a host and port
	ReasonExpectation   // Expect is not 100-continue

	ReasonLength        // Content-Length is not a number of at most 63 bits
	ReasonLengthRepeat  // two lines of Content-Length, of whatever values
	ReasonLengthCoding  // Content-Length beside Transfer-Encoding
	ReasonCoding        // Transfer-Encoding is malformed, or its end is not chunked
	ReasonCodingUnknown // a coding before chunked that is not implemented
	ReasonCodingVersion // Transfer-Encoding in HTTP/1.0
	ReasonBodyLimit     // the content is over the limit

	ReasonChunkSize      // a chunk size is not a hexadecimal number, or too large
	ReasonChunkExtension // a chunk extension is malformed
	ReasonChunkLine      // the line before a chunk ends otherwise than in CRLF
	ReasonChunkLineLimit // the line before a chunk is over Limits.ChunkLine
	ReasonChunkData      // CRLF does not follow the data of a chunk

	ReasonTLS     // a TLS record where a request was expected
	ReasonPreface // the preface of an HTTP/2 connection (RFC 9113 section 3.4)

	ReasonHeadTimeout // the head did not arrive in time; the host finds that, which has a clock
	ReasonBodyTimeout // the content did not arrive in time; the same

	reasonCount
)

// Reasons is the number of reasons: they are 0 <= r < Reasons, ReasonNone
// among them.
const Reasons = int(reasonCount)

// String returns the reason in words.
func (r Reason) String() string {
	if r >= reasonCount {
		r = ReasonNone
	}
	return refusals[r][0].text
}

// Slug returns the stable name of the reason, of lower-case words joined by
// hyphens: for logs and metrics. That of ReasonNone is empty.
func (r Reason) Slug() string {
	if r >= reasonCount {
		r = ReasonNone
	}
	return slugs[r]
}

// Refusal returns the refusal for a reason that the host has found itself. head
// says that the method is HEAD.
func (r Reason) Refusal(head bool) *RefusalError { return refusalOf(r, head) }

// A Scope says how far a fault reaches.
type Scope uint8

const (
	// ScopeMessage: the message is refused, though its end can be known. The
	// engine ends the connection all the same: reading the rest of such a
	// message costs more than a new connection.
	ScopeMessage Scope = iota
	// ScopeConnection: the end of the message cannot be known, or cannot be
	// trusted, and so neither can what follows.
	ScopeConnection
)

// String returns the scope in a word.
func (s Scope) String() string {
	if s == ScopeMessage {
		return "message"
	}
	return "connection"
}

// An Author says whose fault an error is.
type Author uint8

const (
	// AuthorPeer is the client.
	AuthorPeer Author = iota
	// AuthorUs is this program.
	AuthorUs
)

// String returns the author in a word.
func (a Author) String() string {
	if a == AuthorPeer {
		return "peer"
	}
	return "us"
}

// A RefusalError is the error of a refused request. It is a constant: it may be
// kept, and must not be changed.
type RefusalError struct {
	Reason Reason
	Status int // the status code that answers it
	Scope  Scope
	Author Author // AuthorPeer in every refusal of a request
	Head   bool   // the method is HEAD: the answer has no content

	text string
}

// Error implements error.
func (r *RefusalError) Error() string { return "h1: " + r.text }

// refusalOf returns the refusal for a reason.
func refusalOf(r Reason, head bool) *RefusalError {
	if head {
		return &refusals[r][1]
	}
	return &refusals[r][0]
}

// AppendRefusal appends the response to a refused request: it says close, and
// its content names the reason. date is the value of the Date field.
func AppendRefusal(dst, date []byte, r *RefusalError) []byte {
	dst = appendStatusLine(dst, r.Status)
	dst = append(dst, "Content-Type: text/plain\r\nDate: "...)
	dst = append(dst, date...)
	dst = append(dst, "\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(r.text))+1, 10)
	dst = append(dst, "\r\nConnection: close\r\n\r\n"...)
	if r.Head {
		return dst
	}
	dst = append(dst, r.text...)
	return append(dst, '\n')
}

// isHead reports whether a method is HEAD, whose responses have no content.
func isHead(m msg.Method) bool { return m == msg.MethodHead }
