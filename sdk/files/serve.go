package files

import (
	"io/fs"
	"math/rand/v2"
	"path"
	"strconv"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/conditional"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A Responder is the features that ServeOnLoop uses.
type Responder interface {
	sdk.Request
	sdk.RequestHeaders
	sdk.Response
}

// An Exchange is the features that Serve uses.
type Exchange interface {
	Responder
	sdk.SendFile
}

// An entry is a file that is about to be served.
type entry struct {
	name      string // to be opened
	mediaType string
	variant   variant
	size      int64
	modified  time.Time // zero when it is not known
	tag       []byte    // the entity tag; empty when there is none

	// Of an index.
	redirect bool // it is a directory, whose path has a slash
	content  []byte
	variants [variantCount]*entry // its precompressed siblings
}

// Serve answers a request with the file that rest means: what is left of its path
// behind that of the route, as sdk.NormalPath leaves it. It may wait for the
// file. The content is sent when it has returned.
//
// The answers are 200, 206 (RFC 9110 section 15.3.7) and 304, and 308 to the path
// of a directory that has an index.html and lacks the slash; and the errors 404,
// 403, 412, 416 and 503, which are returned.
func (f *Files) Serve(x Exchange, rest msg.View) error {
	if f.err != nil {
		return f.err
	}
	e, file, err := f.find(x, rest.Octets())
	if err != nil {
		return err
	}
	if e.redirect {
		redirect(x)
		return nil
	}
	from, anywhere := source(file)
	var s spans
	boundary, err := f.prepare(x, &e, &s, anywhere)
	if err != nil || s.count == 0 {
		_ = from.Close() // it was only looked at
		return err
	}
	x.SetResponseFile(from)
	if boundary == "" {
		x.AppendResponseFile(s.list[0].start, s.list[0].n)
		return nil
	}
	out := x.ResponseContent()
	for _, part := range s.all() {
		appendPartHead(out, boundary, &e, part)
		x.AppendResponseFile(part.start, part.n)
	}
	appendPartEnd(out, boundary)
	return nil
}

// ServeOnLoop is Serve for files whose content is in memory (Options.OnLoop). It
// never waits, and does not allocate for files that are sent as a whole.
func (f *Files) ServeOnLoop(x Responder, rest msg.View) error {
	if f.err != nil {
		return f.err
	}
	e := f.look(x, rest.Octets())
	switch {
	case e == nil || !f.options.OnLoop:
		return sdk.ErrNotFound
	case e.redirect:
		redirect(x)
		return nil
	}
	var s spans
	boundary, err := f.prepare(x, e, &s, true)
	if err != nil || s.count == 0 {
		return err
	}
	out := x.ResponseContent()
	for _, part := range s.all() {
		if boundary != "" {
			appendPartHead(out, boundary, e, part)
		}
		out.Octets(e.content[part.start : part.start+part.n])
	}
	if boundary != "" {
		appendPartEnd(out, boundary)
	}
	return nil
}

// redirect sends the client to the path with a slash.
func redirect(x Responder) {
	x.SetStatus(308)
	x.ResponseFields().Set("Location", sdk.OtherSlash(x))
}

// find finds and opens the file that rest means, or a precompressed sibling that
// the client accepts.
func (f *Files) find(x sdk.RequestHeaders, rest []byte) (e entry, file fs.File, err error) {
	if f.index != nil {
		found := f.look(x, rest)
		if found == nil {
			return e, nil, sdk.ErrNotFound
		}
		if !found.redirect {
			if file, err = f.open(found.name); err != nil {
				err = errorOf(err)
			}
		}
		return *found, file, err
	}
	name, directory, ok := nameOf(rest)
	if !ok {
		return e, nil, sdk.ErrNotFound
	}
	if directory {
		name = path.Join(name, indexFile)
	}
	file, info, err := f.openFile(name)
	if err != nil {
		return e, nil, err
	}
	if info.IsDir() {
		_ = file.Close() // it was only looked at
		return f.directory(name, directory)
	}
	e = f.entryOf(name, variantNone, info)
	if !f.options.Precompressed {
		return e, file, nil
	}
	likes := accepted(x)
	for _, v := range likes.all() {
		sibling, info, err := f.openFile(name + v.suffix())
		if err != nil {
			continue
		}
		if info.IsDir() {
			_ = sibling.Close() // as above
			continue
		}
		_ = file.Close() // as above
		return f.entryOf(name, v, info), sibling, nil
	}
	return e, file, nil
}

// directory answers for a directory: with its index, which is behind its path
// with a slash.
func (f *Files) directory(name string, slash bool) (e entry, file fs.File, err error) {
	if slash { // an index.html that is a directory
		return e, nil, sdk.ErrNotFound
	}
	file, info, err := f.openFile(path.Join(name, indexFile))
	if err != nil {
		return e, nil, err
	}
	_ = file.Close() // it was only looked at
	if info.IsDir() {
		return e, nil, sdk.ErrNotFound
	}
	return entry{redirect: true}, nil, nil
}

// openFile opens a file or directory. What is neither, such as a device, is not
// there.
func (f *Files) openFile(name string) (file fs.File, info fs.FileInfo, err error) {
	if file, err = f.open(name); err != nil {
		return nil, nil, errorOf(err)
	}
	info, err = file.Stat()
	if err == nil && (info.Mode().IsRegular() || info.IsDir()) {
		return file, info, nil
	}
	_ = file.Close() // it was only looked at
	if err != nil {
		return nil, nil, errorOf(err)
	}
	return nil, nil, sdk.ErrNotFound
}

// entryOf returns what is known of a file that can change. Its tag is made of its
// size and of the time of its last modification, in nanoseconds; a file without
// that time has none.
func (f *Files) entryOf(name string, v variant, info fs.FileInfo) entry {
	e := entry{name: name + v.suffix(), mediaType: MediaType(name), variant: v, size: info.Size()}
	modified := info.ModTime()
	if modified.IsZero() {
		return e
	}
	e.tag = append(make([]byte, 0, 40), '"')
	e.tag = strconv.AppendInt(e.tag, e.size, 36)
	e.tag = append(e.tag, '-')
	e.tag = strconv.AppendInt(e.tag, modified.UnixNano(), 36)
	e.tag = append(e.tag, v.suffix()...)
	e.tag = append(e.tag, '"')
	if !modified.After(f.now()) { // RFC 9110 section 8.8.2.1
		e.modified = modified
	}
	return e
}

// prepare evaluates the preconditions and the range of a request, and sets the
// status and the fields of its answer. s are the parts of the file that it has,
// none for a file that is not sent or is empty. boundary is not empty when each
// of them is a part of a multipart message.
func (f *Files) prepare(x Responder, e *entry, s *spans, anywhere bool) (boundary string, err error) {
	r := conditional.Representation{ETag: msg.ViewOf(e.tag), Modified: e.modified}
	verdict := conditional.Evaluate(x.Method(), x, r)
	if verdict == conditional.Failed {
		return "", sdk.NewError(412, "")
	}
	fields := x.ResponseFields()
	if len(e.tag) > 0 {
		fields.SetOctets("ETag", e.tag)
	}
	if f.options.CacheControl != "" {
		fields.Set("Cache-Control", f.options.CacheControl)
	}
	if f.options.Precompressed {
		fields.Add("Vary", "Accept-Encoding")
	}
	if verdict == conditional.NotModified {
		x.SetStatus(304)
		return "", nil
	}
	if !e.modified.IsZero() {
		var date [40]byte
		fields.SetOctets("Last-Modified", conditional.AppendDate(date[:0], e.modified))
	}
	answer := f.ranges(x, r, e.size, s)
	if s.count > 1 && (e.variant != variantNone || !anywhere) {
		answer = rangeIgnored
	}
	switch answer {
	case rangeUnsatisfiable:
		for _, name := range [...]string{"ETag", "Cache-Control", "Last-Modified"} {
			fields.Delete(name)
		}
		fields.Set("Content-Range", "bytes */"+strconv.FormatInt(e.size, 10))
		return "", sdk.NewError(416, "")
	case rangeIgnored:
		s.list[0], s.count = span{0, e.size}, 1
		if e.size == 0 {
			s.count = 0
		}
	case rangeSatisfied:
		x.SetStatus(206)
		if s.count > 1 {
			boundary = newBoundary()
		}
	}
	f.describe(fields, e, s, boundary, answer)
	return boundary, nil
}

// ranges reads the field Range of a GET: other methods have none (RFC 9110
// section 14.2).
func (f *Files) ranges(x Responder, r conditional.Representation, size int64, s *spans) rangeAnswer {
	if x.Method() != msg.MethodGet {
		return rangeIgnored
	}
	var value msg.View
	lines := 0
	for i := range x.RequestFieldCount() {
		if name, v := x.RequestFieldAt(i); name.EqualFold("Range") {
			value, lines = v, lines+1
		}
	}
	if lines != 1 || !conditional.MayRange(x, r, f.now()) {
		return rangeIgnored
	}
	answer := parseRange(value.Octets(), size, s)
	if answer == rangeIgnored {
		s.count = 0
	}
	return answer
}

// describe sets the fields that describe the content.
func (f *Files) describe(fields *msg.Fields, e *entry, s *spans, boundary string, answer rangeAnswer) {
	fields.Set("Accept-Ranges", "bytes")
	fields.Set("X-Content-Type-Options", "nosniff")
	if coding := e.variant.coding(); coding != "" {
		fields.Set("Content-Encoding", coding)
	}
	if boundary != "" {
		fields.Set("Content-Type", "multipart/byteranges; boundary="+boundary)
		return
	}
	fields.Set("Content-Type", e.mediaType)
	if answer == rangeSatisfied {
		var text [64]byte
		fields.SetOctets("Content-Range", appendContentRange(text[:0], s.list[0], e.size))
	}
}

// appendContentRange appends the value of Content-Range (RFC 9110 section 14.4).
func appendContentRange(dst []byte, part span, size int64) []byte {
	dst = append(dst, "bytes "...)
	dst = strconv.AppendInt(dst, part.start, 10)
	dst = append(dst, '-')
	dst = strconv.AppendInt(dst, part.start+part.n-1, 10)
	dst = append(dst, '/')
	return strconv.AppendInt(dst, size, 10)
}

// newBoundary returns what delimits the parts of a multipart message (RFC 2046
// section 5.1.1): nobody can have put it into the file.
func newBoundary() string {
	return strconv.FormatUint(rand.Uint64(), 36) + "-" + strconv.FormatUint(rand.Uint64(), 36)
}

// appendPartHead appends what stands before a part (RFC 9110 section 14.6).
func appendPartHead(out *msg.Buffer, boundary string, e *entry, part span) {
	if out.Len() > 0 {
		out.Text("\r\n")
	}
	out.Text("--").Text(boundary).Text("\r\nContent-Type: ").Text(e.mediaType).Text("\r\nContent-Range: ")
	var text [64]byte
	out.Octets(appendContentRange(text[:0], part, e.size)).Text("\r\n\r\n")
}

// appendPartEnd appends what ends the message.
func appendPartEnd(out *msg.Buffer, boundary string) {
	out.Text("\r\n--").Text(boundary).Text("--\r\n")
}
