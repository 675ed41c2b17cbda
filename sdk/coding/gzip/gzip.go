// Package gzip is the content coding gzip (RFC 9110 section 8.4.1.3) for the
// content of requests.
package gzip

import (
	"bytes"
	"compress/gzip"

	"github.com/windhover-go/windhover/sdk/coding"
)

// Coding returns the coding. Several members, one behind the other, are one
// content (RFC 1952 section 2.2).
func Coding() coding.Coding { return coding.Coding{Name: "gzip", Decode: decode} }

func decode(content []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	return coding.ReadAll(r, limit)
}
