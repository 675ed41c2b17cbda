// Package form is the codec of HTML forms in generated pipelines: it reads
// application/x-www-form-urlencoded and multipart/form-data (RFC 7578). An app
// that takes no sdk.Form does not import it.
//
// The content was collected, so nothing is copied or stored apart: fields are
// runs of it. Read multipart.go for the format with files.
package form

import (
	"bytes"
	"fmt"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// Limits of a form. Its whole content is bounded as any content is
// (Limits.RequestBody, MaxBody), and a file by the tag max of its field.
const (
	// MaxFields bounds the fields, files included. More are answered 413.
	MaxFields = 1000
	// MaxPartHead bounds the header section of a part of multipart content, in
	// octets. A longer one is answered 413.
	MaxPartHead = 4 << 10
)

// Fields are the fields of a form in the order they were sent, borrowed from
// the content.
type Fields struct{ list []field }

// A field is one field of a form. Of a file, fileName is not nil.
type field struct {
	name, value         []byte
	fileName, mediaType []byte
}

// Parse reads content, the content of a request. Its errors are answered 415
// (the media type is not that of a form), 413 (over a limit) and 400 (malformed).
func Parse(x sdk.RequestBody, content []byte) (Fields, error) {
	mediaType := x.ContentType().Octets()
	kind, parameters, _ := bytes.Cut(mediaType, []byte{';'})
	switch t := msg.ViewOf(bytes.Trim(kind, " \t")); {
	case t.EqualFold("application/x-www-form-urlencoded"):
		return parseURLEncoded(content)
	case t.EqualFold("multipart/form-data"):
		boundary, ok := parameter(parameters, "boundary")
		if !ok || !isBoundary(boundary) {
			return Fields{}, malformed("its media type has no boundary")
		}
		return parseMultipart(content, boundary)
	}
	return Fields{}, sdk.NewError(415, "the content has to be application/x-www-form-urlencoded or multipart/form-data")
}

// parseURLEncoded reads pairs as the URL standard of WHATWG serialises them,
// and refuses escapes that are none.
func parseURLEncoded(content []byte) (f Fields, err error) {
	for len(content) > 0 {
		var pair []byte
		pair, content, _ = bytes.Cut(content, []byte{'&'})
		if len(pair) == 0 {
			continue
		}
		name, value, _ := bytes.Cut(pair, []byte{'='})
		name, ok := sdk.UnescapeForm(name)
		if !ok {
			return f, malformed("it has a malformed escape")
		}
		if value, ok = sdk.UnescapeForm(value); !ok {
			return f, malformed(fmt.Sprintf("it has a malformed escape near %q", shown(name)))
		}
		if err := f.add(field{name: name, value: value}); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f *Fields) add(one field) error {
	if len(f.list) == MaxFields {
		return sdk.NewError(413, fmt.Sprintf("the form has more than %d fields", MaxFields))
	}
	f.list = append(f.list, one)
	return nil
}

func malformed(why string) error {
	return sdk.NewError(400, "the content is not the form expected: "+why)
}

// shown cuts what a client sent to a sane length for an error.
func shown(text []byte) []byte { return text[:min(len(text), 80)] }

// A Value is the value of a field that may be absent.
type Value[T any] struct {
	// Value is what was sent, the zero T when OK is false.
	Value T
	// OK reports whether the field was there.
	OK bool
}

// Or returns the value, or value when the field was absent.
func (v Value[T]) Or(value T) T {
	if v.OK {
		return v.Value
	}
	return value
}

// ValueOf reads the first field called name. kind is what parse expects, for
// the error, which is answered 400.
func ValueOf[T any](f Fields, name, kind string, parse func([]byte) (T, bool)) (v Value[T], err error) {
	for i := range f.list {
		if one := &f.list[i]; string(one.name) == name {
			v.Value, err = read(one, name, kind, parse)
			v.OK = err == nil
			return v, err
		}
	}
	return v, nil
}

// ValuesOf reads every field called name, as ValueOf reads the first.
func ValuesOf[T any](f Fields, name, kind string, parse func([]byte) (T, bool)) (values []T, err error) {
	for i := range f.list {
		if one := &f.list[i]; string(one.name) == name {
			value, err := read(one, name, kind, parse)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
	}
	return values, nil
}

func read[T any](one *field, name, kind string, parse func([]byte) (T, bool)) (value T, err error) {
	if one.fileName != nil {
		return value, sdk.NewError(400, "the form field "+name+" is a file")
	}
	value, ok := parse(one.value)
	if !ok {
		return value, sdk.BadValue("form field "+name, one.value, kind)
	}
	return value, nil
}

// FileOf reads the first file called name of at most most octets; 0 means that
// only the content is bounded. A larger one is answered 413. A form that was
// sent without choosing a file has none.
func FileOf(f Fields, name string, most int64) (v Value[sdk.File], err error) {
	files, err := files(f, name, most, 1)
	if len(files) == 1 {
		v.Value, v.OK = files[0], true
	}
	return v, err
}

// FilesOf reads every file called name, as FileOf reads the first.
func FilesOf(f Fields, name string, most int64) ([]sdk.File, error) {
	return files(f, name, most, MaxFields)
}

// files reads at most count files called name.
func files(f Fields, name string, most int64, count int) (list []sdk.File, err error) {
	for i := range f.list {
		one := &f.list[i]
		switch {
		case string(one.name) != name:
			continue
		case one.fileName == nil:
			return nil, sdk.NewError(400, "the form field "+name+" is not a file")
		case len(one.fileName) == 0 && len(one.value) == 0:
			continue // what browsers send where no file was chosen
		case most > 0 && int64(len(one.value)) > most:
			return nil, sdk.NewError(413, fmt.Sprintf("the file %s is over the limit of %d octets", name, most))
		}
		list = append(list, sdk.File{Name: string(baseName(one.fileName)), Type: string(one.mediaType), Content: msg.ViewOf(one.value)})
		if len(list) == count {
			break
		}
	}
	return list, nil
}

// baseName returns a file name without the folders that some clients send.
func baseName(name []byte) []byte {
	return name[bytes.LastIndexAny(name, `/\`)+1:]
}
