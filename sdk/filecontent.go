package sdk

import "io"

// A FileContent is the part of a response with files (SendFile) that does not
// depend on the protocol. Glue packages embed it; apps do not. It belongs to
// who has the exchange.
type FileContent struct {
	Source io.ReaderAt // the file; never nil
	Parts  []FilePart  // of the response's content, in order
	Host   *Host       // is told when Source, which can be the app's, panics
	Plan   *Plan       // the route
	Short  error       // what the engine says of content that is not of the declared length
}

// A FilePart is a part of the file, of N octets at Offset. It stands behind the
// first At octets of the content buffer, and behind the parts before it.
type FilePart struct {
	At        int
	Offset, N int64
}

// Skip takes the first n octets from the part.
func (p *FilePart) Skip(n int) { p.Offset, p.N = p.Offset+int64(n), p.N-int64(n) }

// AppendFilePart appends n octets at offset, behind the first at octets of the
// content buffer. Without octets it appends nothing.
func (f *FileContent) AppendFilePart(at int, offset, n int64) {
	if n > 0 {
		f.Parts = append(f.Parts, FilePart{at, offset, n})
	}
}

// FileTotal returns the length of the content, of which collected octets are in
// the content buffer. The error is Short: the parts do not fit the buffer, or
// lie before the file, or are more than 1<<62 octets.
func (f *FileContent) FileTotal(collected int) (int64, error) {
	total := int64(collected)
	for _, p := range f.Parts {
		if p.At > collected || p.Offset < 0 || p.N > 1<<62-total {
			return 0, f.Short
		}
		total += p.N
	}
	return total, nil
}

// ReadFileAt reads from the file. n is 0 with an error only: Short at the file's
// end, ErrPanicked when Source panics.
func (f *FileContent) ReadFileAt(p []byte, offset int64) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			f.Host.Panicked(f.Plan, v)
			n, err = 0, ErrPanicked
		}
	}()
	n, err = f.Source.ReadAt(p, offset)
	if n = min(max(n, 0), len(p)); n > 0 {
		return n, nil
	}
	if err == io.EOF || err == nil {
		err = f.Short
	}
	return 0, err
}

// CloseFile closes the file if it is an io.Closer, whose panic stays here.
func (f *FileContent) CloseFile() {
	defer func() {
		if v := recover(); v != nil {
			f.Host.Panicked(f.Plan, v)
		}
	}()
	if c, ok := f.Source.(io.Closer); ok {
		_ = c.Close() // it was only read
	}
}
