package files

import (
	"bytes"
	"errors"
	"io/fs"
	"syscall"

	"github.com/windhover-go/windhover/sdk"
)

// index is the file that answers for its directory.
const indexFile = "index.html"

// nameOf returns the name of the file that a path means: what is left of the path
// of a request behind that of the route, with the escapes that sdk.NormalPath
// leaves. directory says that it ends with a slash or is empty: then the name is
// that of the directory, "." for the first one. ok is false when the path means
// no file, whichever there are.
func nameOf(path []byte) (name string, directory, ok bool) {
	if len(path) == 0 {
		return ".", true, true
	}
	path, directory = bytes.CutSuffix(path, []byte{'/'})
	escaped := false
	for i, at := 0, 0; ; i++ {
		end := sdk.SegmentEnd(path, at)
		if !mayName(path[at:end], i == 0) {
			return "", false, false
		}
		escaped = escaped || bytes.IndexByte(path[at:end], '%') >= 0
		if end == len(path) {
			break
		}
		at = end + 1
	}
	if escaped {
		return string(bytes.ReplaceAll(path, []byte("%25"), []byte{'%'})), directory, true
	}
	return string(path), directory, true
}

// mayName reports whether a segment of a path can be the name of a file that is
// served. Not one is empty, ".", "..", or one that begins with a dot, which is
// hidden, but for the first one of well-known locations (RFC 8615). None has a
// slash (escaped), a backslash, which is one elsewhere, or a control octet.
func mayName(segment []byte, first bool) bool {
	if len(segment) == 0 || segment[0] == '.' && (!first || string(segment) != ".well-known") {
		return false
	}
	for i, c := range segment {
		switch {
		case c < ' ' || c == 0x7f || c == '\\':
			return false
		case c == '%' && !bytes.HasPrefix(segment[i:], []byte("%25")): // %2F
			return false
		}
	}
	return true
}

// errorOf returns the error that answers one of opening a file: what is not there
// for whatever reason is 404, for it is the client that named it, but for a lack
// of permission (403) and of means (503).
func errorOf(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return wrap(403, err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOMEM):
		return wrap(503, err)
	case errors.Is(err, syscall.EIO):
		return wrap(500, err)
	}
	return sdk.ErrNotFound
}

func wrap(status int, err error) error { return &sdk.StatusError{Status: status, Err: err} }
