package http1

import (
	"errors"
	"io"
	"os"

	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
)

// A file is what sends a response whose content is in part that of a file: a
// fileContent. The exchange knows it by this interface, so that an app that sends
// no files links nothing of it.
type file interface {
	// end sends the response. An error says that it is not complete: the
	// connection must not be used again.
	end() error
	// drop closes the file and forgets it.
	drop()
}

// errFileOnLoop says that a function on the loop set a file, which a generated
// pipeline does not let it.
var errFileOnLoop = errors.New("windhover: a response with a file cannot be sent on the loop")

const (
	// copySize is what is read of a file at once that is copied.
	copySize = 64 << 10
	// sendSize bounds what is sent in one call: what is left has to fit in an int
	// of 32 bits.
	sendSize = 1 << 30
)

// A fileContent is an exchange whose response has content of a file.
type fileContent struct {
	sdk.FileContent
	x     *Exchange
	began bool // the head was sent, or cannot be
}

// SetResponseFile implements sdk.SendFile.
func (x *Exchange) SetResponseFile(source io.ReaderAt) {
	x.dropFile()
	if source == nil {
		return
	}
	f := &fileContent{x: x}
	f.FileContent = sdk.FileContent{Source: source, Host: x.loop.host, Plan: x.plan, Short: h1.ErrContentLength}
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

// drop implements file.
func (f *fileContent) drop() {
	f.x.file = nil
	f.CloseFile()
}

// end implements file.
func (f *fileContent) end() error {
	x := f.x
	defer x.dropFile()
	content := x.ResponseContent().Collected()
	total, err := f.FileTotal(len(content))
	if err != nil {
		return f.replace(err)
	}
	switch {
	case x.ResponseFields().Err() != nil, x.trailing != nil && x.trailing.err() != nil:
		f.drop()
		return x.sendWhole() // which says why
	case total <= wireSize && x.SendsContent():
		return f.sendSmall(content)
	}
	if err = f.sendParts(content, total); err != nil && !f.began {
		return f.replace(err)
	}
	return err
}

// replace answers err, of a response of which nothing was sent.
func (f *fileContent) replace(err error) error {
	x := f.x
	x.answered = false
	x.loop.host.Panicked(x.plan, err)
	x.ResetResponse()
	sdk.WriteError(x, err)
	return x.sendWhole()
}

// sendSmall sends a response whose content is worth no system call of its own:
// with its head, and as a whole.
func (f *fileContent) sendSmall(content []byte) error {
	whole := make([]byte, 0, wireSize)
	at := 0
	for _, p := range f.Parts {
		whole = append(whole, content[at:p.At]...)
		at = p.At
		for p.N > 0 {
			n, err := f.ReadFileAt(whole[len(whole):len(whole)+int(p.N)], p.Offset)
			if n == 0 {
				return f.replace(err)
			}
			whole = whole[:len(whole)+n]
			p.Skip(n)
		}
	}
	whole = append(whole, content[at:]...)
	f.drop()
	f.x.ResponseContent().Reset()
	f.x.ResponseContent().Octets(whole)
	return f.x.sendWhole()
}

// sendParts sends the head and then the content, part by part.
func (f *fileContent) sendParts(content []byte, total int64) error {
	x := f.x
	x.answered = true
	x.conn.sayClose()
	host := x.loop.host
	x.wire = x.AppendStreamHead(x.wire[:0], host.Date(host.Loop().Clock()), total)
	at := 0
	for _, p := range f.Parts {
		if !x.SendsContent() {
			break
		}
		if err := f.text(content[at:p.At]); err != nil {
			return err
		}
		at = p.At
		if err := f.part(p); err != nil {
			return err
		}
	}
	if err := f.text(content[at:]); err != nil {
		return err
	}
	wire, short := x.AppendStreamEnd(x.wire)
	x.wire = wire
	if err := f.flush(); err != nil {
		return err
	}
	return short
}

// text appends content that is in memory.
func (f *fileContent) text(p []byte) error {
	wire, err := f.x.AppendStreamContent(f.x.wire, p)
	f.x.wire = wire
	return err
}

// flush sends what was appended.
func (f *fileContent) flush() error {
	f.began = true
	err := f.x.gone(f.x.nc.WriteLent(f.x.wire))
	f.x.wire = f.x.wire[:0]
	return err
}

// part sends a part of the file: without a copy where that is possible.
func (f *fileContent) part(p sdk.FilePart) error {
	x := f.x
	system, ok := f.Source.(*os.File)
	for ok && p.N > 0 && x.StreamsPlain() {
		if err := f.flush(); err != nil {
			return err
		}
		n := int(min(p.N, sendSize))
		sent, err := x.nc.SendFileLent(system, p.Offset, n)
		x.StreamedPlain(int64(sent))
		p.Skip(sent)
		switch {
		case err == netpoll.ErrNoSendFile:
			ok = false
		case err != nil:
			return x.gone(err)
		case sent < n:
			return h1.ErrContentLength
		}
	}
	return f.copyPart(p)
}

// copyPart sends a part of the file through memory.
func (f *fileContent) copyPart(p sdk.FilePart) error {
	if p.N == 0 {
		return nil
	}
	piece := make([]byte, min(p.N, copySize))
	for p.N > 0 {
		n, err := f.ReadFileAt(piece[:min(p.N, copySize)], p.Offset)
		if err != nil {
			return err
		}
		if err = f.text(piece[:n]); err != nil {
			return err
		}
		p.Skip(n)
		if len(f.x.wire) >= wireSize {
			if err = f.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}
