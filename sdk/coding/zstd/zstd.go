// Package zstd is the content coding zstd (RFC 8878) for the content of requests.
package zstd

import (
	"bytes"

	"github.com/klauspost/compress/zstd"

	"github.com/windhover-go/windhover/sdk/coding"
)

// MaxWindow bounds the window of a frame, in octets: what has to be at hand to
// decode it (RFC 9659 section 3). A frame with a larger one is answered 400.
const MaxWindow = 8 << 20

// Coding returns the coding.
func Coding() coding.Coding { return coding.Coding{Name: "zstd", Decode: decode} }

func decode(content []byte, limit int64) ([]byte, error) {
	// One decoder is one goroutine's, and reads no further than it is asked to.
	r, err := zstd.NewReader(bytes.NewReader(content),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(MaxWindow))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return coding.ReadAll(r, limit)
}
