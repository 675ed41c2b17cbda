package sdk

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// A quiet is a file that reads n octets and says err.
type quiet struct {
	n   int
	err error
}

func (q quiet) ReadAt([]byte, int64) (int, error) { return q.n, q.err }

// TestFileContent checks the arithmetic of parts, and that a read says octets
// or an error, whatever the file says.
func TestFileContent(t *testing.T) {
	short, failed := errors.New("short"), errors.New("failed")
	for _, tt := range []struct {
		part  FilePart
		total int64
	}{
		{FilePart{5, 7, 9}, 14},
		{FilePart{5, 0, 1<<62 - 5}, 1 << 62},
		{FilePart{5, 0, 1<<62 - 4}, 0},
		{FilePart{6, 0, 1}, 0},
		{FilePart{5, -1, 1}, 0},
		{FilePart{6, 0, 0}, 5}, // it is none
	} {
		f := FileContent{Short: short}
		f.AppendFilePart(tt.part.At, tt.part.Offset, tt.part.N)
		total, err := f.FileTotal(5)
		if total != tt.total || (err == short) != (tt.total == 0) {
			t.Errorf("%+v: %d, %v; want %d", tt.part, total, err, tt.total)
		}
	}
	for _, tt := range []struct {
		source io.ReaderAt
		n      int
		err    error
	}{
		{strings.NewReader("abc"), 2, nil}, // with io.EOF
		{quiet{0, nil}, 0, short},
		{quiet{0, io.EOF}, 0, short},
		{quiet{-1, failed}, 0, failed},
		{quiet{1, failed}, 1, nil},
		{quiet{99, nil}, 8, nil},
	} {
		f := FileContent{Source: tt.source, Short: short}
		if n, err := f.ReadFileAt(make([]byte, 8), 1); n != tt.n || err != tt.err {
			t.Errorf("%v: %d, %v; want %d, %v", tt.source, n, err, tt.n, tt.err)
		}
	}
	part := FilePart{1, 10, 5}
	if part.Skip(2); part != (FilePart{1, 12, 3}) {
		t.Errorf("%+v", part)
	}
}
