package h2

import (
	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A trailers is the trailer section of a request. It is hidden until
// ShowTrailers, so that another goroutine may look for it while it arrives.
type trailers struct {
	text   []byte  // owned; names and values
	fields []field // of text
	shown  []field // what is shown
	size   int     // as the peer counts it
	lines  int
	kept   bool // KeepTrailers was called
	fault  Reason
}

// KeepTrailers makes the engine keep the trailer section of the request, which
// is otherwise checked and left out. It is called before Next is called again
// after EventHead.
func (x *Exchange) KeepTrailers() { x.trailers.kept = true }

// ShowTrailers makes the trailer section visible, after EventEnd. Who reads it
// on another goroutine calls it there, once it knows of the end.
func (x *Exchange) ShowTrailers() { x.trailers.shown = x.trailers.fields }

// RequestTrailerCount returns the number of field lines of the trailer section
// (RFC 9110 section 6.5): zero before ShowTrailers, and when the section was not
// kept. Lines with a name that no trailer section may have (msg.MayTrail) are
// left out.
func (x *Exchange) RequestTrailerCount() int { return len(x.trailers.shown) }

// RequestTrailerAt returns a field line of the trailer section in the order
// they were sent, 0 <= i < RequestTrailerCount: borrowed until Reset.
func (x *Exchange) RequestTrailerAt(i int) (name, value msg.View) {
	f := x.trailers.shown[i]
	return msg.ViewOf(f.name.of(x.trailers.text)), msg.ViewOf(f.value.of(x.trailers.text))
}

// RequestTrailer returns the value of the first field line of the trailer
// section with that name, and whether there is one: borrowed until Reset. Names
// are compared without case.
func (x *Exchange) RequestTrailer(name string) (value msg.View, ok bool) {
	for _, f := range x.trailers.shown {
		if msg.ViewOf(f.name.of(x.trailers.text)).EqualFold(name) {
			return msg.ViewOf(f.value.of(x.trailers.text)), true
		}
	}
	return msg.View{}, false
}

// addTrailer takes in a field line of a trailer section.
func addTrailer[T text](t *trailers, name, value T, limits *msg.Limits) {
	t.lines++
	if t.size += len(name) + len(value) + fieldOverhead; t.size > limits.FieldSection || t.lines > limits.Fields {
		t.blame(ReasonTrailerLimit)
	}
	if t.fault != ReasonNone {
		return
	}
	at := len(t.text)
	t.text = append(t.text, name...)
	t.text = append(t.text, value...)
	f := field{spanOf(at, at+len(name)), spanOf(at+len(name), len(t.text))}
	n, v := f.name.of(t.text), f.value.of(t.text)
	switch {
	case len(n) > 0 && n[0] == ':':
		t.blame(ReasonPseudoTrailer)
	case !isName(n):
		t.blame(ReasonFieldName)
	case !isValue(v):
		t.blame(ReasonFieldValue)
	case isConnectionField(n):
		t.blame(ReasonField)
	case t.kept && msg.MayTrail(n):
		t.fields = append(t.fields, f)
	default:
		t.text = t.text[:at]
	}
}

// blame keeps the first fault.
func (t *trailers) blame(r Reason) {
	if t.fault == ReasonNone {
		t.fault = r
	}
}

// reset forgets the section, and keeps memory up to a bound.
func (t *trailers) reset() {
	if t.size == 0 && !t.kept {
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

// isConnectionField reports whether a field is connection-specific: it has no
// place in HTTP/2 (RFC 9113 section 8.2.2).
func isConnectionField(name []byte) bool {
	switch string(name) {
	case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
		return true
	}
	return false
}

// ResponseTrailers returns the trailer section of the response, to be added to
// before the response ends. Its TrailersErr is for the host to look at, before it
// appends the end.
func (x *Exchange) ResponseTrailers() *msg.Fields {
	x.out.trails = true
	return &x.out.trailers
}

// TrailersErr returns why the trailer section of the response cannot be sent, a
// *msg.FieldError, or nil.
func (x *Exchange) TrailersErr() error { return x.out.trailers.TrailersErr() }

// AppendTrailed is AppendResponse for a response with a trailer section. A
// response without content has none.
func (x *Exchange) AppendTrailed(dst, date []byte) []byte {
	if x.out.trailers.Count() == 0 {
		return x.AppendResponse(dst, date)
	}
	content := x.out.content.Collected()
	dst = x.AppendStreamHead(dst, date, int64(len(content)))
	dst, _ = x.AppendStreamContent(dst, content) // all of it, so there is no error
	dst, _ = x.AppendStreamEnd(dst)
	return dst
}
