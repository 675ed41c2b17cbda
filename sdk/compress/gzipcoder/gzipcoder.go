// Package gzipcoder is the content coding gzip (RFC 9110 section 8.4.1.3) for the
// content of responses. An encoder is 0.8 MiB.
package gzipcoder

import (
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/windhover-go/windhover/sdk/compress"
	"github.com/windhover-go/windhover/sdk/msg"
)

// Coding returns the coding.
func Coding() compress.Coding {
	return compress.Coding{
		Name: "gzip", New: func() compress.Encoder { return new(encoder) },
		NewStream: func() compress.StreamEncoder { return newWriter(nil) },
	}
}

// An encoder is a writer of gzip with what it writes to.
type encoder struct {
	w   *gzip.Writer
	out msg.Buffer
}

// newWriter returns a writer of the fastest level, which is a constant that does
// not fail: the slower ones win a tenth of the length for two times the time.
func newWriter(to io.Writer) *gzip.Writer {
	w, _ := gzip.NewWriterLevel(to, gzip.BestSpeed)
	return w
}

// AppendEncoded implements compress.Encoder. Writing to memory does not fail.
func (e *encoder) AppendEncoded(dst, content []byte) []byte {
	if e.w == nil {
		e.w = newWriter(&e.out)
	} else {
		e.w.Reset(&e.out)
	}
	// What is written is dst for the time of the call.
	e.out.Adopt(dst)
	e.out.Octets(dst)
	_, _ = e.w.Write(content)
	_ = e.w.Close()
	dst = e.out.Collected()
	e.out.Adopt(nil)
	return dst
}
