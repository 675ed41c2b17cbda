// Package json is the JSON codec of generated pipelines: encoding/json behind
// the features of package sdk. An app that neither takes sdk.JSON nor returns
// a value does not import it.
package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// Decode decodes content, the content of a request, into the value that into
// points to. Its errors are answered 415 (the media type is neither
// application/json nor one that ends in +json) and 400 (content is not one
// JSON value that fits).
func Decode(x sdk.RequestBody, content []byte, into any) error {
	if t := x.ContentType(); !isJSON(t) {
		return sdk.NewError(415, "the content has to be application/json, not "+quote(t))
	}
	if json.Unmarshal(content, into) == nil {
		return nil
	}
	// A Decoder costs memory, and can tell better what is wrong.
	d := json.NewDecoder(bytes.NewReader(content))
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		}
		err = errors.New("more than one JSON value")
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = errors.New("the JSON ends too early")
	}
	reason := err.Error()
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		// Without the names of Go types, which are the app's own business.
		reason = "a " + mismatch.Value + " does not fit"
		if mismatch.Field != "" {
			reason = mismatch.Field + ": " + reason
		}
	}
	return &sdk.StatusError{Status: 400, Reason: "the content is not the JSON expected: " + reason, Err: err}
}

// Encode writes v to the content of res as JSON, with the media type
// application/json unless the function has set another. The error is answered
// 500: v cannot be encoded.
func Encode(res sdk.Response, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	fields := res.ResponseFields()
	if _, ok := fields.Value("Content-Type"); !ok {
		fields.Set("Content-Type", "application/json")
	}
	res.ResponseContent().Octets(text)
	return nil
}

// isJSON reports whether a media type is JSON (RFC 8259, RFC 6839).
func isJSON(t msg.View) bool {
	n := 0
	for n < t.Len() && t.At(n) != ';' && t.At(n) != ' ' && t.At(n) != '\t' {
		n++
	}
	t = t.Slice(0, n)
	if t.EqualFold("application/json") {
		return true
	}
	return n > len("+json") && t.Slice(n-len("+json"), n).EqualFold("+json")
}

// quote returns a media type for an error text, cut to a sane length.
func quote(t msg.View) string {
	if t.Len() == 0 {
		return "without a media type"
	}
	s := t.Slice(0, min(t.Len(), 80)).String()
	return `"` + strings.ToValidUTF8(s, "?") + `"`
}
