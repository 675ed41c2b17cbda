// Package etag is the stage ETag of a declaration: it gives responses a
// validator, and answers conditional requests with it (RFC 9110 section 13).
package etag

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/conditional"
	"github.com/windhover-go/windhover/sdk/msg"
)

// An Exchange is what the stage takes of one.
type Exchange interface {
	sdk.Request
	sdk.RequestHeaders
	sdk.Response
	sdk.ResponseStatus
}

// tagSize is the octets of the digest that make a tag: 128 bits, which nobody
// finds two contents for by chance.
const tagSize = 16

// Respond completes a response that was made without an error and is not sent.
// It leaves alone what is not a 200 to GET or HEAD with content.
//
// Without an ETag that a function set, it sets a strong one: a digest of the
// content and of what the fields say of it (Content-Type, Content-Encoding,
// Content-Language). Then it evaluates the preconditions of the request, with a
// Last-Modified that a function set: where one says so, the response becomes a
// 304 without content and without the fields that describe it (RFC 9110
// section 15.4.5), or the error is sdk.ErrPreconditionFailed.
//
// It costs no allocation, and the time of SHA-256 over the content.
func Respond(x Exchange) error {
	method, content := x.Method(), x.ResponseContent()
	if method != msg.MethodGet && method != msg.MethodHead || x.ResponseStatus() != 200 || content.Len() == 0 {
		return nil
	}
	fields := x.ResponseFields()
	tag, ok := fields.Value("ETag")
	if !ok {
		set(fields, content.Collected())
		tag, _ = fields.Value("ETag")
	}
	r := conditional.Representation{ETag: tag}
	if at, ok := fields.Value("Last-Modified"); ok {
		r.Modified, _ = conditional.ParseDate(at.Octets())
	}
	switch conditional.Evaluate(method, x, r) {
	case conditional.Failed:
		return sdk.ErrPreconditionFailed
	case conditional.NotModified:
		x.SetStatus(304)
		content.Reset()
		// The cache has the fields that describe the content. Last-Modified
		// would help only without a tag.
		for _, name := range [...]string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Last-Modified"} {
			fields.Delete(name)
		}
	case conditional.Proceed:
	}
	return nil
}

// set sets the entity tag of the content.
func set(fields *msg.Fields, content []byte) {
	var memory [192]byte // more is rare, and allocated
	digest := sha256.Sum256(content)
	described := append(memory[:0], digest[:]...)
	for _, name := range [...]string{"Content-Type", "Content-Encoding", "Content-Language"} {
		value, _ := fields.Value(name)
		described = append(value.Append(described), '\n')
	}
	digest = sha256.Sum256(described)
	var tag [2*tagSize + 2]byte
	tag[0], tag[len(tag)-1] = '"', '"'
	hex.Encode(tag[1:], digest[:tagSize])
	fields.SetOctets("ETag", tag[:])
}
