package msg

import (
	"errors"
	"strconv"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// Fields is the field section of a response (RFC 9110 section 5), in the
// order in which its lines were added.
//
// Names and values are checked when they are added: what is not a field name
// or contains CR, LF, NUL or another control octet is refused, so that no
// response can be split. A refusal is kept, and the server answers 500 instead
// of the response (see Err). Fields that frame a message or belong to the
// connection (Connection, Content-Length, Keep-Alive, Transfer-Encoding,
// Upgrade) are the server's, which alone knows what it sends: setting one is
// refused likewise, also to the value that the server would choose, with the
// exception of Connection: close. Content whose length is known before it is
// made has its own way (sdk.ResponseStream). A Date, in the form of RFC 9110
// section 5.6.7, is sent in place of the server's; there is never more than one.
//
// Fields that a server hands out is borrowed until the function that received
// it returns. The zero value is ready.
type Fields struct {
	// text holds the lines as HTTP/1.1 sends them, "Name: value\r\n" each, with
	// nothing between them, so that a head is written by one copy.
	text  []byte
	lines []fieldLine
	err   error
	close bool
	date  bool // a line has the name Date
}

// A fieldLine is the place of one line in the text of a Fields:
//
//	Name: value\r\n
//	│     │      └ end
//	name  value
type fieldLine struct{ name, value, end uint32 }

// Errors of a Fields. Err returns a FieldError that wraps one of them.
var (
	ErrFieldName     = errors.New("not a field name")
	ErrFieldValue    = errors.New("the value has a control octet")
	ErrFieldReserved = errors.New("the field is the server's to set")
	ErrFieldTrailer  = errors.New("the field may not be in a trailer section")
)

// A FieldError says which field was refused, and why.
type FieldError struct {
	Name   string // as it was given
	Reason error  // ErrFieldName, ErrFieldValue, ErrFieldReserved or ErrFieldTrailer
}

// Error implements error.
func (e *FieldError) Error() string {
	return "field " + strconv.Quote(e.Name) + ": " + e.Reason.Error()
}

// Unwrap returns the reason.
func (e *FieldError) Unwrap() error { return e.Reason }

// Octets of memory, and lines, that Reset keeps.
const (
	maxKeptText  = 4 << 10
	maxKeptLines = 64
)

// Set replaces the lines with the name, if there are any, by one with the
// value, which stands last. Names are compared without case.
func (f *Fields) Set(name, value string) {
	if !acceptable(name, value) {
		f.refused(name, value)
		return
	}
	f.Delete(name)
	f.date = f.date || isDate(name)
	f.text = appendLine(f.text, name, value)
	f.added(len(name))
}

// Add adds a line behind those that are there, of whichever names but Date.
func (f *Fields) Add(name, value string) {
	if !acceptable(name, value) {
		f.refused(name, value)
		return
	}
	if isDate(name) {
		f.Delete(name)
		f.date = true
	}
	f.text = appendLine(f.text, name, value)
	f.added(len(name))
}

// SetOctets is Set with a value of octets, which it copies.
func (f *Fields) SetOctets(name string, value []byte) {
	if !acceptable(name, value) {
		f.refused(name, string(value))
		return
	}
	f.Delete(name)
	f.date = f.date || isDate(name)
	f.text = appendLine(f.text, name, value)
	f.added(len(name))
}

// Delete removes the lines with the name.
func (f *Fields) Delete(name string) {
	if f.date && isDate(name) {
		f.date = false
	}
	for i := 0; i < len(f.lines); {
		line := f.lines[i]
		if !f.named(line, name) {
			i++
			continue
		}
		n := line.end - line.name
		f.text = append(f.text[:line.name], f.text[line.end:]...)
		f.lines = append(f.lines[:i], f.lines[i+1:]...)
		for j := i; j < len(f.lines); j++ {
			f.lines[j].name -= n
			f.lines[j].value -= n
			f.lines[j].end -= n
		}
	}
}

// Value returns the value of the first line with the name, and whether there
// is one. It is borrowed until the next change.
func (f *Fields) Value(name string) (value View, ok bool) {
	for _, line := range f.lines {
		if f.named(line, name) {
			return ViewOf(f.text[line.value : line.end-2]), true
		}
	}
	return View{}, false
}

// Count returns the number of lines.
func (f *Fields) Count() int { return len(f.lines) }

// At returns line i, 0 <= i < Count, borrowed until the next change.
func (f *Fields) At(i int) (name, value View) {
	line := f.lines[i]
	return ViewOf(f.text[line.name : line.value-2]), ViewOf(f.text[line.value : line.end-2])
}

// Err returns why a line was refused, a *FieldError: the first one since
// Reset. Nil means that none was.
func (f *Fields) Err() error { return f.err }

// WantsClose reports whether Connection: close was set. It is not one of the
// lines: how a connection ends is for each version of HTTP to say.
func (f *Fields) WantsClose() bool { return f.close }

// HasDate reports whether there is a line with the name Date.
func (f *Fields) HasDate() bool { return f.date }

// Lines returns the lines as HTTP/1.1 sends them, "Name: value\r\n" each, with
// nothing between them and no empty line at the end: borrowed until the next
// change.
func (f *Fields) Lines() []byte { return f.text }

// Reset empties the section and forgets what was refused. It keeps memory of
// some KiB for reuse and lets more go.
func (f *Fields) Reset() {
	invariant.Poison(f.text)
	if cap(f.text) > maxKeptText {
		f.text = nil
	}
	if cap(f.lines) > maxKeptLines {
		f.lines = nil
	}
	f.text, f.lines, f.err, f.close, f.date = f.text[:0], f.lines[:0], nil, false, false
}

// named reports whether a line has the name.
func (f *Fields) named(line fieldLine, name string) bool {
	return int(line.value-line.name) == len(name)+2 && equalFold(f.text[line.name:line.value-2], name)
}

// added records the line that was appended to the text.
func (f *Fields) added(nameLen int) {
	var name uint32
	if n := len(f.lines); n > 0 {
		name = f.lines[n-1].end
	}
	invariant.That(int(name) < len(f.text))
	f.lines = append(f.lines, fieldLine{name: name, value: name + uint32(nameLen) + 2, end: uint32(len(f.text))})
}

// refused handles a line that is not acceptable: Connection: close is a wish,
// everything else a fault of which the first is kept.
func (f *Fields) refused(name, value string) {
	reason := ErrFieldReserved
	switch {
	case !isToken(name):
		reason = ErrFieldName
	case !isValue(value):
		reason = ErrFieldValue
	case equalFold([]byte(name), "Connection") && equalFold([]byte(trim(value)), "close"):
		f.close = true
		return
	}
	if f.err == nil {
		f.err = &FieldError{Name: name, Reason: reason}
	}
}

// text is what a name or a value is made of.
type text interface{ ~string | ~[]byte }

// appendLine appends a line. Whitespace around the value is not part of it
// (RFC 9110 section 5.5) and is left out, so that what is read is what was set.
func appendLine[T text](dst []byte, name string, value T) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, trim(value)...)
	return append(dst, "\r\n"...)
}

// acceptable reports whether a line may be sent, and is not the server's.
func acceptable[T text](name string, value T) bool {
	return isToken(name) && isValue(value) && !isReserved(name)
}

// isToken reports whether s is a token (RFC 9110 section 5.6.2), as names are.
func isToken(s string) bool {
	for i := range len(s) {
		if octets[s[i]]&octetToken == 0 {
			return false
		}
	}
	return len(s) > 0
}

// isValue reports whether s has no octet that a field value may not have
// (RFC 9110 section 5.5).
func isValue[T text](s T) bool {
	for i := range len(s) {
		if octets[s[i]]&octetValue == 0 {
			return false
		}
	}
	return true
}

// isReserved reports whether a field is the server's to set.
func isReserved(name string) bool {
	var reserved string
	switch len(name) {
	case 7:
		reserved = "upgrade"
	case 10:
		reserved = "connection"
		if name[0]|0x20 == 'k' {
			reserved = "keep-alive"
		}
	case 14:
		reserved = "content-length"
	case 17:
		reserved = "transfer-encoding"
	default:
		return false
	}
	for i := range len(name) {
		if name[i]|0x20 != reserved[i] {
			return false
		}
	}
	return true
}

// isDate reports whether a name is Date.
func isDate(name string) bool {
	return len(name) == 4 && name[0]|0x20 == 'd' && equalFold([]byte(name), "date")
}

// trim returns s without whitespace at its ends.
func trim[T text](s T) T {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for n := len(s) - 1; n >= 0 && (s[n] == ' ' || s[n] == '\t'); n-- {
		s = s[:n]
	}
	return s
}
