package h1

import (
	"bytes"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A trailers is the trailer section of a request that is kept.
type trailers struct {
	kept   bool    // KeepTrailers was called
	text   []byte  // owned; what has arrived of the section
	fields []field // of text, when the section is complete
}

// KeepTrailers makes the engine keep the trailer section of the request, which
// is otherwise checked and left out. It is called after EventHead, before Next
// is called again.
func (x *Exchange) KeepTrailers() { x.trailers.kept = true }

// RequestTrailerCount returns the number of field lines of the trailer section
// (RFC 9110 section 6.5): zero before EventEnd, and when the section was not
// kept. Lines with a name that no trailer section may have (msg.MayTrail) are
// left out.
func (x *Exchange) RequestTrailerCount() int { return len(x.trailers.fields) }

// RequestTrailerAt returns a field line of the trailer section in the order
// they were sent, 0 <= i < RequestTrailerCount: borrowed until Reset.
func (x *Exchange) RequestTrailerAt(i int) (name, value msg.View) {
	f := x.trailers.fields[i]
	return msg.ViewOf(f.name.of(x.trailers.text)), msg.ViewOf(f.value.of(x.trailers.text))
}

// RequestTrailer returns the value of the first field line of the trailer
// section with that name, and whether there is one: borrowed until Reset. Names
// are compared without case.
func (x *Exchange) RequestTrailer(name string) (value msg.View, ok bool) {
	for _, f := range x.trailers.fields {
		if msg.ViewOf(f.name.of(x.trailers.text)).EqualFold(name) {
			return msg.ViewOf(f.value.of(x.trailers.text)), true
		}
	}
	return msg.View{}, false
}

// keep takes in a part of the section, which a section has checked, and reads
// it when it is complete. What is kept is bounded by the limits of that.
func (t *trailers) keep(part []byte, complete bool) {
	t.text = append(t.text, part...)
	if !complete {
		return
	}
	for at := 0; ; {
		line := bytes.IndexByte(t.text[at:], '\n') - 1
		colon := bytes.IndexByte(t.text[at:], ':')
		if line <= 0 || colon < 0 {
			return // the empty line at the end
		}
		if msg.MayTrail(t.text[at : at+colon]) {
			value := bytes.TrimLeft(t.text[at+colon+1:at+line], " \t")
			start := at + line - len(value)
			end := start + len(bytes.TrimRight(value, " \t"))
			t.fields = append(t.fields, field{spanOf(at, at+colon), spanOf(start, end)})
		}
		at += line + 2
	}
}

// reset forgets the section, and keeps memory up to a bound.
func (t *trailers) reset() {
	if !t.kept {
		return
	}
	invariant.Poison(t.text)
	if cap(t.text) > maxKeptHead {
		t.text = nil
	}
	if cap(t.fields) > maxKeptFields {
		t.fields = nil
	}
	*t = trailers{text: t.text[:0], fields: t.fields[:0]}
}

// ResponseTrailers returns the trailer section of the response, to be added to
// before the response ends. Its TrailersErr is for the host to look at, before it
// appends the end.
//
// It is sent in the chunked coding, and only to a client of HTTP/1.1 that said
// TE: trailers (RFC 9110 section 6.5.1); else it is left out.
func (x *Exchange) ResponseTrailers() *msg.Fields {
	x.out.trails = true
	return &x.out.trailers
}

// TrailersErr returns why the trailer section of the response cannot be sent, a
// *msg.FieldError, or nil.
func (x *Exchange) TrailersErr() error { return x.out.trailers.TrailersErr() }

// takesTrailers reports whether the client wants a trailer section: it said
// TE: trailers, and speaks HTTP/1.1 (RFC 9110 section 10.1.4).
func (x *Exchange) takesTrailers() bool {
	if x.minor == 0 {
		return false
	}
	for _, f := range x.fields {
		if !named(f.name.of(x.buf), "te") {
			continue
		}
		v := f.value.of(x.buf)
		for more := true; more; {
			var coding []byte
			if coding, v, more = msg.ListElement(v); named(coding, "trailers") {
				return true
			}
		}
	}
	return false
}

// AppendTrailed is AppendResponse for a response with a trailer section: where
// that is sent, the coding is chunked.
func (x *Exchange) AppendTrailed(dst, date []byte) []byte {
	if x.out.trailers.Count() == 0 || !x.takesTrailers() {
		return x.AppendResponse(dst, date)
	}
	content := x.out.content.Collected()
	dst = x.AppendStreamHead(dst, date, int64(len(content)))
	dst, _ = x.AppendStreamContent(dst, content) // all of it, so there is no error
	dst, _ = x.AppendStreamEnd(dst)
	return dst
}
