package sdk

import (
	"io"

	"github.com/windhover-go/windhover/sdk/msg"
)

// JSON is the content of the request, decoded from JSON into a fresh T: a
// handler may keep it. To the handler and its tests it is a plain pointer.
//
// The media type has to be application/json or end in +json, else the answer
// is 415; malformed content or a value that does not fit T is 400.
type JSON[T any] = *T

// Form is the content of the request, decoded from an HTML form into a fresh T:
// a struct whose exported fields carry form tags with the names of the fields
// that they take. To the handler and its tests it is a plain pointer.
//
//	type SignUp struct {
//		Name   string    `form:"name"`
//		Size   int       `form:"size" default:"40"`
//		Topics []string  `form:"topic"`
//		Note   *string   `form:"note"`
//		Photo  sdk.File  `form:"photo" max:"1048576"`
//	}
//
// A field with neither a default nor a pointer has to be there, but a slice,
// which takes every field with the name. The media type has to be
// application/x-www-form-urlencoded or multipart/form-data, else the answer is
// 415; malformed content and a value that does not fit are 400; more than
// form.MaxFields fields or a file of more than max octets are 413.
type Form[T any] = *T

// A File is a file in a form.
type File struct {
	// Name is what the client calls it, without folders, and "" when it does
	// not say. It is the client's word: it can be any text, and no path of the
	// server should be made of it.
	Name string
	// Type is the media type that the client gives it; it may be empty.
	Type string
	// Content is borrowed until the function that received it returns.
	Content msg.View
}

// Bytes is the whole content of the request: borrowed until the function that
// received it returns.
type Bytes []byte

// Body is the content of the request as it arrives. Read waits for the peer;
// it returns io.EOF after the last octet, an Error when the content is
// malformed or over the limit, and ErrPeerClosed when the peer is gone. It
// belongs to the function that received it, until that function returns.
type Body interface{ io.Reader }

// Query is an optional value from the query of the target. The key is the name
// of the parameter. The zero value is absent.
type Query[T any] struct {
	// Value is what was sent, the zero T when OK is false.
	Value T
	// OK reports whether the key was there.
	OK bool
}

// Or returns the value, or value when the key was absent.
func (q Query[T]) Or(value T) T {
	if q.OK {
		return q.Value
	}
	return value
}

// Header is an optional value from a field of the request. The name is that of
// the parameter with its humps turned to hyphens: ifNoneMatch is
// If-None-Match. The zero value is absent.
type Header[T any] struct {
	// Value is what was sent, the zero T when OK is false.
	Value T
	// OK reports whether the field was there.
	OK bool
}

// Or returns the value, or value when the field was absent.
func (h Header[T]) Or(value T) T {
	if h.OK {
		return h.Value
	}
	return value
}

// Cookie is an optional value from the Cookie field of the request (RFC 6265
// section 4.2). The name is that of the parameter, case included; where a cookie
// is sent several times, the first counts. The value is a sequence of
// cookie-octets, in double quotes or not, which belong to it: anything else is
// answered 400. Cookies that nobody asks for may be as malformed as they like.
// The zero value is absent.
type Cookie[T any] struct {
	// Value is what was sent, the zero T when OK is false.
	Value T
	// OK reports whether the cookie was there.
	OK bool
}

// Or returns the value, or value when the cookie was absent.
func (c Cookie[T]) Or(value T) T {
	if c.OK {
		return c.Value
	}
	return value
}

// Flow is what a function of Use can return beside its values: whether the
// exchange goes on.
type Flow uint8

const (
	// Continue goes on with what is declared next.
	Continue Flow = iota
	// Stop ends the exchange: the function has written the response.
	Stop
)
