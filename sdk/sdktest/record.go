package sdktest

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A Recorder records what a function writes to its response. It implements
// sdk.Response, sdk.ResponseStatus, sdk.ResponseStream, sdk.SendFile,
// sdk.ResponseTrailers and sdk.EarlyHints. The zero value is ready.
type Recorder struct {
	status   int
	fields   msg.Fields
	content  msg.Buffer
	streamed int
	file     io.ReaderAt
	parts    []part
	trailers msg.Fields
	waiting  msg.Fields // hints that are not sent
	hints    []string
}

var (
	_ sdk.Response         = (*Recorder)(nil)
	_ sdk.ResponseStatus   = (*Recorder)(nil)
	_ sdk.ResponseStream   = (*Recorder)(nil)
	_ sdk.SendFile         = (*Recorder)(nil)
	_ sdk.ResponseTrailers = (*Recorder)(nil)
	_ sdk.EarlyHints       = (*Recorder)(nil)
)

// Response returns a recorder, to be given to a function that takes one of the
// features of the response.
func Response() *Recorder { return new(Recorder) }

// SetStatus implements sdk.Response.
func (r *Recorder) SetStatus(status int) { r.status = status }

// ResponseFields implements sdk.Response.
func (r *Recorder) ResponseFields() *msg.Fields { return &r.fields }

// ResponseContent implements sdk.Response.
func (r *Recorder) ResponseContent() *msg.Buffer { return &r.content }

// OpenResponse implements sdk.ResponseStream.
func (r *Recorder) OpenResponse() sdk.ContentWriter { return recorderStream{r} }

// OpenResponseSized implements sdk.ResponseStream.
func (r *Recorder) OpenResponseSized(int64) sdk.ContentWriter { return recorderStream{r} }

// A part is what was read of a file, behind the first at octets of the content.
type part struct {
	at   int
	text []byte
}

// SetResponseFile implements sdk.SendFile.
func (r *Recorder) SetResponseFile(file io.ReaderAt) {
	r.Close()
	r.file, r.parts = file, nil
}

// AppendResponseFile implements sdk.SendFile. It reads at once, and what the file
// does not have is missing in Text.
func (r *Recorder) AppendResponseFile(offset, n int64) {
	if r.file == nil || n <= 0 {
		return
	}
	text, _ := io.ReadAll(io.NewSectionReader(r.file, offset, n)) // up to its end
	r.parts = append(r.parts, part{r.content.Len(), text})
}

// Close closes the file of the response, as the server does when it is sent.
func (r *Recorder) Close() {
	if c, ok := r.file.(io.Closer); ok {
		_ = c.Close() // it was only read
	}
	r.file = nil
}

// ResponseTrailers implements sdk.ResponseTrailers.
func (r *Recorder) ResponseTrailers() *msg.Fields { return &r.trailers }

// AddEarlyHint implements sdk.EarlyHints.
func (r *Recorder) AddEarlyHint(link string) { r.waiting.Add("Link", link) }

// SendEarlyHints implements sdk.EarlyHints.
func (r *Recorder) SendEarlyHints() error {
	defer r.waiting.Reset()
	if err := r.waiting.Err(); err != nil {
		return err
	}
	for i := range r.waiting.Count() {
		_, link := r.waiting.At(i)
		r.hints = append(r.hints, link.String())
	}
	return nil
}

// Status returns the status that was set, or 200.
func (r *Recorder) Status() int {
	if r.status == 0 {
		return 200
	}
	return r.status
}

// ResponseStatus implements sdk.ResponseStatus.
func (r *Recorder) ResponseStatus() int { return r.Status() }

// Field returns the value of the first field line with that name, or "".
func (r *Recorder) Field(name string) string {
	value, _ := r.fields.Value(name)
	return value.String()
}

// Trailer returns the value of the first line of the trailer section with that
// name, or "".
func (r *Recorder) Trailer(name string) string {
	value, _ := r.trailers.Value(name)
	return value.String()
}

// Hints returns the links of the early hints that were sent.
func (r *Recorder) Hints() []string { return r.hints }

// Text returns the content written so far.
func (r *Recorder) Text() string {
	var text []byte
	content, at := r.content.Collected(), 0
	for _, p := range r.parts {
		text = append(append(text, content[at:p.at]...), p.text...)
		at = p.at
	}
	return string(append(text, content[at:]...))
}

// Flushes returns how often a streamed response was flushed.
func (r *Recorder) Flushes() int { return r.streamed }

// recorderStream is the writer of a recorder's content.
type recorderStream struct{ r *Recorder }

// Write implements sdk.ContentWriter.
func (s recorderStream) Write(p []byte) (n int, err error) { return s.r.content.Write(p) }

// Flush implements sdk.ContentWriter.
func (s recorderStream) Flush() error {
	s.r.streamed++
	return nil
}

// A Made is a request that was made for a test. It implements sdk.Request,
// sdk.RequestHeaders, sdk.RequestBody, sdk.RequestStream and
// sdk.RequestTrailers.
type Made struct {
	method, path, query string
	fields              [][2]string
	content             string
	trailers            [][2]string
}

var (
	_ sdk.Request         = (*Made)(nil)
	_ sdk.RequestHeaders  = (*Made)(nil)
	_ sdk.RequestBody     = (*Made)(nil)
	_ sdk.RequestStream   = (*Made)(nil)
	_ sdk.RequestTrailers = (*Made)(nil)
)

// Request returns a request, to be given to a function that takes features of
// the request. line is a method and a target, such as "GET /users/7?full=1".
// Each of rest is a field line, such as "Authorization: t"; what follows an
// empty one is the content; and what follows another empty one are the field
// lines of the trailer section, for which the content is sent chunked.
//
// It panics when line or a field line is not of that form.
func Request(line string, rest ...string) *Made {
	method, target, ok := strings.Cut(line, " ")
	if !ok {
		panic("sdktest: " + line + ` is not a method and a target, such as "GET /users/7"`)
	}
	m := &Made{method: method}
	m.path, m.query, _ = strings.Cut(target, "?")
	fields, content := cut(rest)
	content, trailers := cut(content)
	m.content = strings.Join(content, "")
	m.fields, m.trailers = lines(fields), lines(trailers)
	return m
}

// cut splits texts at the first empty one.
func cut(texts []string) (before, behind []string) {
	i := slices.Index(texts, "")
	if i < 0 {
		return texts, nil
	}
	return texts[:i], texts[i+1:]
}

// lines parses field lines.
func lines(texts []string) (lines [][2]string) {
	for _, text := range texts {
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			panic("sdktest: " + text + ` is not a field line, such as "Accept: text/plain"`)
		}
		lines = append(lines, [2]string{name, strings.Trim(value, " \t")})
	}
	return lines
}

// Method implements sdk.Request.
func (m *Made) Method() msg.Method { return msg.ParseMethod([]byte(m.method)) }

// RawPath implements sdk.Request.
func (m *Made) RawPath() msg.View { return view(m.path) }

// Authority implements sdk.Request: it is the Host field, or "test".
func (m *Made) Authority() msg.View {
	if host, ok := m.RequestField("Host"); ok {
		return host
	}
	return view("test")
}

// RawQuery implements sdk.Request.
func (m *Made) RawQuery() msg.View { return view(m.query) }

// RequestField implements sdk.RequestHeaders.
func (m *Made) RequestField(name string) (value msg.View, ok bool) {
	for _, f := range m.fields {
		if view(f[0]).EqualFold(name) {
			return view(f[1]), true
		}
	}
	return msg.View{}, false
}

// RequestFieldCount implements sdk.RequestHeaders.
func (m *Made) RequestFieldCount() int { return len(m.fields) }

// RequestFieldAt implements sdk.RequestHeaders.
func (m *Made) RequestFieldAt(i int) (name, value msg.View) {
	return view(m.fields[i][0]), view(m.fields[i][1])
}

// RequestTrailerCount implements sdk.RequestTrailers.
func (m *Made) RequestTrailerCount() int { return len(m.trailers) }

// RequestTrailerAt implements sdk.RequestTrailers.
func (m *Made) RequestTrailerAt(i int) (name, value msg.View) {
	return view(m.trailers[i][0]), view(m.trailers[i][1])
}

// RequestTrailer implements sdk.RequestTrailers.
func (m *Made) RequestTrailer(name string) (value msg.View, ok bool) {
	for _, f := range m.trailers {
		if view(f[0]).EqualFold(name) {
			return view(f[1]), true
		}
	}
	return msg.View{}, false
}

// ContentLength implements sdk.RequestBody.
func (m *Made) ContentLength() int64 {
	if len(m.trailers) > 0 {
		return -1
	}
	return int64(len(m.content))
}

// ContentType implements sdk.RequestBody.
func (m *Made) ContentType() msg.View {
	value, _ := m.RequestField("Content-Type")
	return value
}

// OpenRequest implements sdk.RequestStream.
func (m *Made) OpenRequest() sdk.Body { return strings.NewReader(m.content) }

// wire returns the request as it is sent.
func (m *Made) wire() []byte {
	var b bytes.Buffer
	b.WriteString(m.method + " " + m.path)
	if m.query != "" {
		b.WriteString("?" + m.query)
	}
	b.WriteString(" HTTP/1.1\r\n")
	if _, ok := m.RequestField("Host"); !ok {
		b.WriteString("Host: test\r\n")
	}
	for _, f := range m.fields {
		b.WriteString(f[0] + ": " + f[1] + "\r\n")
	}
	_, chunked := m.RequestField("Transfer-Encoding")
	_, sized := m.RequestField("Content-Length")
	if len(m.trailers) > 0 {
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		if m.content != "" {
			b.WriteString(strconv.FormatInt(int64(len(m.content)), 16) + "\r\n" + m.content + "\r\n")
		}
		b.WriteString("0\r\n")
		for _, f := range m.trailers {
			b.WriteString(f[0] + ": " + f[1] + "\r\n")
		}
		b.WriteString("\r\n")
		return b.Bytes()
	}
	if m.content != "" && !chunked && !sized {
		b.WriteString("Content-Length: " + strconv.Itoa(len(m.content)) + "\r\n")
	}
	b.WriteString("\r\n" + m.content)
	return b.Bytes()
}

func view(s string) msg.View { return msg.ViewOf([]byte(s)) }
