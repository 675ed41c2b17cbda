// Package files answers GET and HEAD with files: of a directory, of files that
// are embedded in the program, or of another fs.FS. An app that declares no Files
// does not import it. Read serve.go for the answer to a request, and ranges.go
// for parts of files.
//
// Which file a path means, and that it means none outside, is in name.go: a
// directory is opened as an os.Root, which follows no symbolic link out of it,
// and of a path every segment is looked at before.
//
// A Files is read-only after its constructor, and any goroutine may use it.
package files

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Options are what a declaration says of files. The zero value is what it says
// when it says nothing.
type Options struct {
	// CacheControl is the value of the field Cache-Control of every file. Empty,
	// there is none, and clients ask again as they see fit.
	CacheControl string
	// Precompressed sends app.js.br, app.js.zst or app.js.gz, where it is there,
	// in place of app.js to who accepts it.
	Precompressed bool
	// OnLoop keeps the content in memory, to be sent by ServeOnLoop. Only
	// embedded files can be.
	OnLoop bool
}

// Files are the files below a directory.
type Files struct {
	options Options
	err     error

	// open opens a file by its name, which uses slashes.
	open func(name string) (fs.File, error)
	// index are all files, by their paths, if they cannot change; nil if they can.
	index map[string]*entry
	// now tells the time, which no Last-Modified may be after.
	now func() time.Time
}

// maxOnLoop bounds a file that is kept in memory, in octets: it is copied for
// every answer, while the other connections of the loop wait.
const maxOnLoop = 1 << 20

// newFiles returns files that are opened with open.
func newFiles(o Options, open func(name string) (fs.File, error)) *Files {
	return &Files{options: o, open: open, now: time.Now} //nolint:forbidigo // the one place that reads the clock
}

// fail returns files that are not there.
func fail(format string, args ...any) *Files {
	return &Files{err: fmt.Errorf("windhover: "+format, args...)}
}

// Dir returns the files of the directory at path, relative to the working
// directory of the process. It is opened now, and once: whatever takes its place
// later is not seen. Err says when it is not there.
func Dir(path string, o Options) *Files {
	info, err := os.Stat(path)
	switch wd, _ := os.Getwd(); {
	case errors.Is(err, fs.ErrNotExist):
		return fail("the directory %q of files does not exist: make it, or start the program in the directory that has it, not in %s", path, wd)
	case err != nil:
		return fail("the directory %q of files: %w", path, err)
	case !info.IsDir():
		return fail("%q is no directory (in %s), and a server of files needs one", path, wd)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return fail("the directory %q of files cannot be opened: %w", path, err)
	}
	return newFiles(o, func(name string) (fs.File, error) {
		// A named pipe would hold up who opens it until somebody writes to it.
		f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, err // a nil *os.File is no nil fs.File
		}
		return f, nil
	})
}

// FS returns the files of fsys below dir, "" for all of them. They may change.
func FS(fsys fs.FS, dir string, o Options) *Files {
	below, err := sub(fsys, dir)
	if err != nil {
		return &Files{err: err}
	}
	return newFiles(o, below.Open)
}

// Embed returns the files of fsys, which are embedded in the program, below dir,
// "" for all of them. They are read once, now, for their entity tags.
func Embed(fsys embed.FS, dir string, o Options) *Files {
	below, err := sub(fsys, dir)
	if err != nil {
		return &Files{err: err}
	}
	f := newFiles(o, below.Open)
	f.index, f.err = newIndex(below, o)
	return f
}

// sub returns what is below a directory of fsys.
func sub(fsys fs.FS, dir string) (fs.FS, error) {
	if fsys == nil {
		return nil, errors.New("windhover: an fs.FS of files is nil: NewPipeline needs one")
	}
	if dir == "" {
		dir = "."
	}
	info, err := fs.Stat(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("windhover: the directory %q is not among the files: %w", dir, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("windhover: %q among the files is no directory", dir)
	}
	return fs.Sub(fsys, dir)
}

// Err returns why the files cannot be served, or nil. A server does not start with
// such files (sdk.Setup.Require).
func (f *Files) Err() error { return f.err }

// source returns what a file is read from, part by part, and whether it can be
// read at any place.
func source(file fs.File) (from interface {
	io.ReaderAt
	io.Closer
}, anywhere bool,
) {
	if at, ok := file.(interface {
		io.ReaderAt
		io.Closer
	}); ok {
		return at, true
	}
	return &forward{file: file}, false
}

// A forward is a file that is read from its beginning to its end.
type forward struct {
	file fs.File
	at   int64
}

var errBackward = errors.New("files: a file cannot be read backward")

// ReadAt implements io.ReaderAt, for offsets that do not go back.
func (f *forward) ReadAt(p []byte, offset int64) (n int, err error) {
	if offset < f.at {
		return 0, errBackward
	}
	skipped, err := io.CopyN(io.Discard, f.file, offset-f.at)
	if f.at += skipped; err != nil {
		return 0, err
	}
	n, err = io.ReadFull(f.file, p)
	f.at += int64(n)
	return n, err
}

// Close implements io.Closer.
func (f *forward) Close() error { return f.file.Close() }
