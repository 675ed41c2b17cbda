// Package zstdcoder is the content coding zstd (RFC 8878) for the content of
// responses. An encoder is 0.5 to 0.8 MiB.
package zstdcoder

import (
	"github.com/klauspost/compress/zstd"

	"github.com/windhover-go/windhover/sdk/compress"
)

// Window is the window of a frame, in octets: what a client has to have at hand
// to decode it. RFC 9659 section 3 allows 8 MiB.
const Window = 128 << 10

// Coding returns the coding.
func Coding() compress.Coding {
	return compress.Coding{
		Name: "zstd", New: func() compress.Encoder { return encoder{newEncoder()} },
		NewStream: func() compress.StreamEncoder { return newEncoder() },
	}
}

// encoder encodes frames that say their length, on the goroutine that asks.
type encoder struct{ e *zstd.Encoder }

// newEncoder returns an encoder of the fastest level. Its options are constants
// that do not fail.
func newEncoder() *zstd.Encoder {
	e, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(Window), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
	return e
}

// AppendEncoded implements compress.Encoder.
func (e encoder) AppendEncoded(dst, content []byte) []byte { return e.e.EncodeAll(content, dst) }
