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
	sdk.FileContent
	x *Exchange
}

// SetResponseFile implements sdk.SendFile.
func (x *Exchange) SetResponseFile(source io.ReaderAt) {
	x.dropFile()
	if source == nil {
		return
	}
	f := &fileContent{x: x}
	f.FileContent = sdk.FileContent{Source: source, Host: x.loop.host, Plan: x.plan, Short: h2.ErrContentLength}
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
	if f, ok := x.file.(*fileContent); ok {
		f.AppendFilePart(x.ResponseContent().Len(), offset, n)
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

// drop implements file.
func (f *fileContent) drop() {
	f.x.file = nil
	f.CloseFile()
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
	total, err := f.FileTotal(len(content))
	if err != nil {
		x.loop.host.Panicked(x.plan, err)
		x.ResetResponse()
		sdk.WriteError(x, err)
		return
	}
	x.ResponseContent().Reset()
	w := x.OpenResponseSized(total)
	if !f.sends() {
		x.owed = 0
		return
	}
	at := 0
	for _, p := range f.Parts {
		if _, err = w.Write(content[at:p.At]); err != nil {
			return
		}
		at = p.At
		if err = f.copyPart(w, p); err != nil {
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
func (f *fileContent) copyPart(w io.Writer, p sdk.FilePart) error {
	piece := make([]byte, min(p.N, writeSize))
	for p.N > 0 {
		n, err := f.ReadFileAt(piece[:min(p.N, writeSize)], p.Offset)
		if err != nil {
			if f.x.failure == nil {
				f.x.failure = err
			}
			return err
		}
		if _, err = w.Write(piece[:n]); err != nil {
			return err
		}
		p.Skip(n)
	}
	return nil
}
