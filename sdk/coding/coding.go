// Package coding removes content codings (RFC 9110 section 8.4) from the content
// of requests, in generated pipelines whose declaration says Decode, and refuses
// them where JSON and forms are read without it. The codings are packages of
// their own, imported only when they are named.
package coding

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/windhover-go/windhover/sdk"
)

// A Coding is a content coding that a request may have.
type Coding struct {
	// Name is its name in Content-Encoding, in lower case.
	Name string
	// Decode returns content without the coding, at most limit octets: for more
	// it returns ErrTooLarge.
	Decode func(content []byte, limit int64) ([]byte, error)
}

// ErrTooLarge says that content is over the limit when it is decoded.
var ErrTooLarge = errors.New("windhover: the decoded content is too large")

// Decode returns content, the content of a request, without its coding. Content
// without one, or with identity, is returned as it is. limit bounds what becomes
// of it, in octets.
//
// Errors are answered 415 (a coding that is not among codings, or several, which
// nobody sends and which multiply; Accept-Encoding says what is taken, RFC 9110
// section 15.5.16), 413 (over the limit) and 400 (malformed).
func Decode(x sdk.RequestHeaders, res sdk.Response, content []byte, limit int64, codings ...Coding) ([]byte, error) {
	name, ok := codingOf(x)
	if ok && name == "" {
		return content, nil
	}
	for _, c := range codings {
		if !ok || c.Name != name {
			continue
		}
		decoded, err := c.Decode(content, limit)
		switch {
		case err == nil:
			return decoded, nil
		case errors.Is(err, ErrTooLarge):
			return nil, &sdk.StatusError{Status: 413, Reason: fmt.Sprintf("the decoded content is over the limit of %d octets", limit), Err: err}
		}
		return nil, &sdk.StatusError{Status: 400, Reason: "the content is not what its Content-Encoding says", Err: err}
	}
	names := make([]string, len(codings))
	for i, c := range codings {
		names[i] = c.Name
	}
	accepted := strings.Join(names, ", ")
	return nil, unsupported(res, accepted, "the content can have one of these codings: "+accepted)
}

// RequireNone returns an error that is answered 415, with Accept-Encoding:
// identity, if the content of a request has a coding. Generated code calls it
// before content is read that no Decode applies to and that has to be understood.
func RequireNone(x sdk.RequestHeaders, res sdk.Response) error {
	if name, ok := codingOf(x); ok && name == "" {
		return nil
	}
	return unsupported(res, "identity", "the content can have no coding")
}

// unsupported answers a coding that is not taken (RFC 9110 sections 12.5.3 and
// 15.5.16).
func unsupported(res sdk.Response, accepted, reason string) error {
	res.ResponseFields().Set("Accept-Encoding", accepted)
	return sdk.NewError(415, reason)
}

// codingOf returns the coding of the content of a request, "" for none; ok is
// false where there are several.
func codingOf(x sdk.RequestHeaders) (name string, ok bool) {
	for i := range x.RequestFieldCount() {
		field, value := x.RequestFieldAt(i)
		if !field.EqualFold("Content-Encoding") {
			continue
		}
		for one := range strings.SplitSeq(value.String(), ",") {
			one = strings.ToLower(strings.Trim(one, " \t"))
			switch {
			case one == "" || one == "identity":
				continue
			case name != "":
				return name, false
			case one == "x-gzip":
				one = "gzip" // RFC 9110 section 8.4.1.3
			}
			name = one
		}
	}
	return name, true
}

// ReadAll reads r to its end, at most limit octets: for more it returns
// ErrTooLarge. Codings use it.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(content)) > limit:
		return nil, ErrTooLarge
	}
	return content, nil
}
