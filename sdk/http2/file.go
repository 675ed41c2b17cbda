package http2

import (
	"bytes"
	"errors"
	"io"

	"github.com/windhover-go/windhover/h2"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A file is what sends a response whose content is in part that of a file: a
// fileContent. The exchange knows it by this interface, so that an app that sends
// no files links nothing of it.
type file interface {
	// send writes the response, to be completed by the stream or the loop.
	send()
	// drop closes the file and forgets it.
	drop()
}

// errFileOnLoop says that a function on the loop set a file, which a generated
// pipeline does not let it.
var errFileOnLoop = errors.New("windhover: a response with a file cannot be sent on the loop")

// A fileContent is an exchange whose response has content of a file. Frames are
// made of it, so it is read and written piece by piece.
type fileContent struct {
	x      *Exchange
	source io.ReaderAt
	parts  []filePart
}

// A filePart is a part of the file. It stands behind the first at octets of the
// content buffer.
type filePart struct {
	at        int
	offset, n int64
}

// SetResponseFile implements sdk.SendFile.
func (x *Exchange) SetResponseFile(source io.ReaderAt) {
	x.dropFile()
	if source == nil {
		return
	}
	f := &fileContent{x: x, source: source}
	if x.stream != nil {
		f.drop()
		if x.failure == nil {
			x.failure = sdk.ErrTooLate
		}
		return
	}
	x.file = f
}

// AppendResponseFile implements sdk.SendFile.
func (x *Exchange) AppendResponseFile(offset, n int64) {
	if f, ok := x.file.(*fileContent); ok && n > 0 {
		f.parts = append(f.parts, filePart{x.ResponseContent().Len(), offset, n})
	}
}

// dropFile closes the file of the response, if there is one.
func (x *Exchange) dropFile() {
	if x.file != nil {
		x.file.drop()
	}
}

// ResetResponse forgets what was written to the response, files included.
func (x *Exchange) ResetResponse() {
	x.dropFile()
	x.Exchange.ResetResponse()
}

// drop implements file. A file that is the app's can panic.
func (f *fileContent) drop() {
	f.x.file = nil
	defer func() {
		if v := recover(); v != nil {
			f.x.loop.host.Panicked(f.x.plan, v)
		}
	}()
	if c, ok := f.source.(io.Closer); ok {
		_ = c.Close() // it was only read
	}
}

// send implements file.
func (f *fileContent) send() {
	x := f.x
	defer f.drop()
	x.file = nil
	if x.resets || x.ResponseFields().Err() != nil || x.trailing != nil && x.trailing.err() != nil {
		return // the loop says why
	}
	content := bytes.Clone(x.ResponseContent().Collected())
	total := int64(len(content))
	for _, p := range f.parts {
		if p.at > len(content) || p.offset < 0 || p.n > 1<<62-total {
			x.loop.host.Panicked(x.plan, h2.ErrContentLength)
			x.ResetResponse()
			sdk.WriteError(x, h2.ErrContentLength)
			return
		}
		total += p.n
	}
	x.ResponseContent().Reset()
	w := x.OpenResponseSized(total)
	if !f.sends() {
		x.owed = 0
		return
	}
	at := 0
	for _, p := range f.parts {
		if _, err := w.Write(content[at:p.at]); err != nil {
			return
		}
		at = p.at
		if err := f.copyPart(w, p); err != nil {
			return
		}
	}
	_, _ = w.Write(content[at:]) // its error is that of the stream
}

// sends reports whether the response has content (RFC 9110 section 6.4.1).
func (f *fileContent) sends() bool {
	status := f.x.Status()
	return f.x.Method() != msg.MethodHead && status != 204 && status != 205 && status != 304
}

// copyPart writes a part of the file. An error is the failure of the stream.
func (f *fileContent) copyPart(w io.Writer, p filePart) error {
	piece := make([]byte, min(p.n, writeSize))
	for p.n > 0 {
		n, err := f.readAt(piece[:min(p.n, writeSize)], p.offset)
		if err != nil {
			if f.x.failure == nil {
				f.x.failure = err
			}
			return err
		}
		if _, err = w.Write(piece[:n]); err != nil {
			return err
		}
		p.offset, p.n = p.offset+int64(n), p.n-int64(n)
	}
	return nil
}

// readAt reads from the file. n is 0 with an error only. A file that is the app's
// can panic.
func (f *fileContent) readAt(p []byte, offset int64) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			f.x.loop.host.Panicked(f.x.plan, v)
			n, err = 0, sdk.ErrPanicked
		}
	}()
	n, err = f.source.ReadAt(p, offset)
	if n = min(max(n, 0), len(p)); n > 0 {
		return n, nil
	}
	if err == io.EOF || err == nil {
		err = h2.ErrContentLength
	}
	return 0, err
}
