package h2

import (
	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// An Exchange is one stream: a request and its response. The zero value is
// ready. It is owned by the host, which pools it: Reset makes it ready for
// reuse, once Conn.End or Conn.Progress has given it back.
//
// From EventHead until the response is appended another goroutine may have the
// views of the request and the response's status, fields, content and trailers,
// while the goroutine of the connection goes on. All else belongs to that.
type Exchange struct {
	// Host is the host's: what it needs to find its own exchange again. The
	// engine leaves it alone, and Reset keeps it.
	Host any

	c  *Conn // nil while no stream has the exchange
	id uint32

	// The request. Spans are of text.
	text      []byte // owned; "name: value\r\n" for each field line
	fields    []field
	method    span
	path      span
	query     span
	authority span
	protocol  span // :protocol
	length    int64
	token     msg.Method
	facts     facts
	size      int    // of the field section as the peer counts it
	fault     Reason // the first one of the section
	escape    bool   // the path contains a percent sign

	trailers trailers
	content  []byte // borrowed from the input until the next call of Conn.Next
	refusal  *RefusalError
	code     ErrCode // of the peer's RST_STREAM

	// What has come of the content, and the window for more.
	got     int64 // octets
	most    int64 // octets that the limit allows
	unused  int64 // octets that the host has not consumed
	window  int64 // octets that the peer may still send
	granted int64 // octets to be added to the window by the next WINDOW_UPDATE

	state   streamState
	headed  bool // Next has reported it
	dropped bool // content is not reported
	ended   bool // End was called
	tunnel  bool // AppendUpgrade was called: what the peer sends is no HTTP

	out response
	sending
}

// Octets and field lines whose memory Reset keeps.
const (
	maxKeptHead    = 4 << 10
	maxKeptFields  = 128
	maxKeptContent = 16 << 10
)

// Reset readies x for another request. It keeps memory up to a bound and lets
// larger go. Under invariants it poisons what it lent.
func (x *Exchange) Reset() {
	invariant.That(x.c == nil)
	invariant.Poison(x.text)
	if cap(x.text) > maxKeptHead {
		x.text = nil
	}
	if cap(x.fields) > maxKeptFields {
		x.fields = nil
	}
	x.clearHead()
	x.trailers.reset()
	x.content, x.refusal, x.code, x.id = nil, nil, 0, 0
	x.got, x.unused, x.window, x.granted = 0, 0, 0, 0
	x.state, x.headed, x.dropped, x.ended, x.tunnel = streamIdle, false, false, false, false
	x.out.reset()
	x.out.sent = 0
	x.clear()
}

// clearHead forgets the request.
func (x *Exchange) clearHead() {
	x.text, x.fields = x.text[:0], x.fields[:0]
	x.method, x.path, x.query, x.authority, x.protocol = span{}, span{}, span{}, span{}, span{}
	x.facts, x.length, x.token, x.size, x.fault, x.escape = facts{}, 0, msg.MethodUnknown, 0, ReasonNone, false
}

// StreamID returns the identifier of the stream.
func (x *Exchange) StreamID() uint32 { return x.id }

// The request. Views are borrowed until Reset.

// RequestHead returns the head as lines of text, "name: value" and CRLF each,
// pseudo-fields among them, :authority as host: what HTTP/1.1 would have sent
// is not known.
func (x *Exchange) RequestHead() msg.View { return msg.ViewOf(x.text) }

// Method returns the request method: msg.MethodUnknown when it is registered
// but none that routes can be declared for. MethodText says which.
func (x *Exchange) Method() msg.Method { return x.token }

// MethodText returns the method as it was sent.
func (x *Exchange) MethodText() msg.View { return msg.ViewOf(x.method.of(x.text)) }

// RawPath returns :path as it was sent, without its query: it starts with "/",
// or is "*" for OPTIONS, or is empty for CONNECT without a protocol.
func (x *Exchange) RawPath() msg.View { return msg.ViewOf(x.path.of(x.text)) }

// RawQuery returns what follows the first "?" of :path.
func (x *Exchange) RawQuery() msg.View { return msg.ViewOf(x.query.of(x.text)) }

// Authority returns the host and port of the request: :authority or else the
// Host field. It may be empty.
func (x *Exchange) Authority() msg.View { return msg.ViewOf(x.authority.of(x.text)) }

// Protocol returns :protocol, which extended CONNECT has (RFC 8441 section 4).
func (x *Exchange) Protocol() msg.View { return msg.ViewOf(x.protocol.of(x.text)) }

// HasEscape reports whether RawPath contains a percent sign.
func (x *Exchange) HasEscape() bool { return x.escape }

// RequestField returns the value of the first field line with that name, and
// whether there is one. Names are compared without case. Host is what
// Authority says, and the lines of Cookie are one.
func (x *Exchange) RequestField(name string) (value msg.View, ok bool) {
	for i := range x.fields {
		f := &x.fields[i]
		if int(f.name.end-f.name.start) == len(name) && msg.ViewOf(f.name.of(x.text)).EqualFold(name) {
			return msg.ViewOf(f.value.of(x.text)), true
		}
	}
	return msg.View{}, false
}

// RequestFieldCount returns the number of field lines. Pseudo-fields are not
// among them, but for :authority, which is Host.
func (x *Exchange) RequestFieldCount() int { return len(x.fields) }

// RequestFieldAt returns a field line in the order they were sent,
// 0 <= i < RequestFieldCount. Its name is in lower case.
func (x *Exchange) RequestFieldAt(i int) (name, value msg.View) {
	f := x.fields[i]
	return msg.ViewOf(f.name.of(x.text)), msg.ViewOf(f.value.of(x.text))
}

// ContentLength returns the declared length of the content: 0 when there is no
// content, -1 when it is not declared.
func (x *Exchange) ContentLength() int64 { return x.length }

// ExpectsContinue reports whether the client waits for 100 (Continue) before it
// sends the content. It does not when there is none (RFC 9110 section 10.1.1).
func (x *Exchange) ExpectsContinue() bool { return x.facts.seen&seenContinue != 0 && x.length != 0 }

// Content returns the octets of EventContent, borrowed until the next call of
// Next. Consumed says that the host is done with them.
func (x *Exchange) Content() []byte { return x.content }

// Refusal returns why the engine refused the request or reset the stream, or
// nil.
func (x *Exchange) Refusal() *RefusalError { return x.refusal }

// ResetCode returns the code with which the peer reset the stream: after
// EventReset without a refusal.
func (x *Exchange) ResetCode() ErrCode { return x.code }

// Received reports whether the request is complete.
func (x *Exchange) Received() bool {
	return x.state == streamHalfRemote || x.state == streamClosed
}

// Ended reports whether End was called, and the exchange waited for its content
// to be sent.
func (x *Exchange) Ended() bool { return x.ended }

// A span is a run of octets of the head: text[start:end].
type span struct{ start, end uint32 }

func spanOf(start, end int) span { return span{uint32(start), uint32(end)} }

// of returns the octets of a span.
func (s span) of(b []byte) []byte { return b[s.start:s.end:s.end] }

// A field is a field line of a section.
type field struct{ name, value span }
