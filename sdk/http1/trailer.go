package http1

import "github.com/windhover-go/windhover/sdk/msg"

// A trailing is a response that may have a trailer section: a trailed. The
// exchange knows it by this interface, so that an app that names no trailers
// links nothing of it.
type trailing interface {
	// err returns why the section cannot be sent.
	err() error
	// append appends the whole response.
	append(dst, date []byte) []byte
}

// ResponseTrailers implements sdk.ResponseTrailers.
func (x *Exchange) ResponseTrailers() *msg.Fields {
	x.trailing = (*trailed)(x)
	return x.Exchange.ResponseTrailers()
}

// A trailed is an exchange whose response may have a trailer section.
type trailed Exchange

// err implements trailing.
func (t *trailed) err() error { return t.TrailersErr() }

// append implements trailing.
func (t *trailed) append(dst, date []byte) []byte { return t.AppendTrailed(dst, date) }
