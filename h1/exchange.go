package h1

import (
	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// An Exchange is one request and its response. The zero value is ready.
// It is owned by the host, which pools it: Reset makes it ready for reuse.
type Exchange struct {
	// The request. Spans are of buf, which is borrowed from the input until
	// Pin, and owned from then on.
	buf       []byte
	fields    []field
	path      span
	query     span
	authority span // empty: there is none
	length    int64
	taken     int64 // octets of the request that Next has consumed; 0 before EventHead
	facts     facts
	method    msg.Method
	methodEnd uint8
	minor     uint8
	escape    bool // the path contains a percent sign
	asterisk  bool // the target is of the asterisk-form
	https     bool // the target is of the absolute-form, with the scheme https
	lenient   bool // the head is read as msg.PolicyRFC says

	owned    []byte // owned; the memory of a pinned head
	content  []byte // borrowed from the input until the next call of Conn.Next
	trailers trailers
	refusal  *RefusalError // read-only

	// The response.
	out        response
	closing    bool // the connection ends with this exchange
	closeAfter bool // CloseAfter was called
}

// Octets and field lines whose memory Reset keeps.
const (
	maxKeptHead    = 4 << 10
	maxKeptFields  = 128
	maxKeptContent = 16 << 10
)

// Pin copies the head into memory that the exchange owns, so that it outlives
// the call that brought it. Views taken before are void.
func (x *Exchange) Pin() {
	x.owned = append(x.owned[:0], x.buf...)
	x.buf = x.owned
}

// Reset readies x for another request. It keeps memory up to a bound and lets
// larger go. Under invariants it poisons what it lent.
func (x *Exchange) Reset() {
	invariant.Poison(x.owned)
	if cap(x.owned) > maxKeptHead {
		x.owned = nil
	}
	if cap(x.fields) > maxKeptFields {
		x.fields = nil
	}
	x.fields = x.fields[:0]
	x.trailers.reset()
	x.buf, x.content, x.refusal = nil, nil, nil
	x.path, x.query, x.authority = span{}, span{}, span{}
	x.facts, x.length, x.taken = facts{}, 0, 0
	x.method, x.methodEnd, x.minor = msg.MethodUnknown, 0, 0
	x.escape, x.asterisk, x.https = false, false, false
	x.closing, x.closeAfter = false, false
	x.out.reset()
	x.out.sent = 0
}

// The request. Views are borrowed until Reset (or Pin).

// RequestHead returns the head as it was sent. It is empty before EventHead.
func (x *Exchange) RequestHead() msg.View { return msg.ViewOf(x.buf) }

// Method returns the request method: msg.MethodUnknown when it is registered
// but none that routes can be declared for. MethodText says which.
func (x *Exchange) Method() msg.Method { return x.method }

// MethodText returns the method as it was sent.
func (x *Exchange) MethodText() msg.View { return msg.ViewOf(x.buf[:x.methodEnd]) }

// RawPath returns the path of the target as it was sent, without its query: it
// starts with "/", or is "*" for the asterisk-form, or is empty for the
// authority-form, that of CONNECT. When an absolute-form target has no path it
// is "/", and "*" for OPTIONS.
func (x *Exchange) RawPath() msg.View {
	if x.asterisk {
		return msg.ViewOf(asteriskForm)
	}
	return msg.ViewOf(x.path.of(x.buf))
}

// RawQuery returns what follows the first "?" of the target.
func (x *Exchange) RawQuery() msg.View { return msg.ViewOf(x.query.of(x.buf)) }

// Authority returns the host and port of the request: of the absolute-form or
// authority-form target or else of the Host field. It may be empty.
func (x *Exchange) Authority() msg.View { return msg.ViewOf(x.authority.of(x.buf)) }

// HasEscape reports whether RawPath contains a percent sign.
func (x *Exchange) HasEscape() bool { return x.escape }

// Minor returns the x of HTTP/1.x.
func (x *Exchange) Minor() int { return int(x.minor) }

// RequestField returns the value of the first field line with that name, and
// whether there is one. Names are compared without case.
func (x *Exchange) RequestField(name string) (value msg.View, ok bool) {
	for i := range x.fields {
		f := &x.fields[i]
		if int(f.name.end-f.name.start) == len(name) && msg.ViewOf(f.name.of(x.buf)).EqualFold(name) {
			return msg.ViewOf(f.value.of(x.buf)), true
		}
	}
	return msg.View{}, false
}

// RequestFieldCount returns the number of field lines.
func (x *Exchange) RequestFieldCount() int { return len(x.fields) }

// RequestFieldAt returns a field line in the order they were sent,
// 0 <= i < RequestFieldCount.
func (x *Exchange) RequestFieldAt(i int) (name, value msg.View) {
	f := x.fields[i]
	return msg.ViewOf(f.name.of(x.buf)), msg.ViewOf(f.value.of(x.buf))
}

// ContentLength returns the declared length of the content: 0 when there is no
// body, -1 when it is chunked.
func (x *Exchange) ContentLength() int64 { return x.length }

// ExpectsContinue reports whether the client waits for 100 (Continue) before it
// sends the body. It does not in HTTP/1.0, nor when there is no body (RFC 9110
// section 10.1.1).
func (x *Exchange) ExpectsContinue() bool {
	return x.facts.seen&seenContinue != 0 && x.minor > 0 && x.length != 0
}

// AppendContinue appends the interim response 100 (Continue).
func (x *Exchange) AppendContinue(dst []byte) []byte {
	return append(dst, "HTTP/1.1 100 Continue\r\n\r\n"...)
}

// Content returns the octets of EventContent, borrowed until the next call of
// Next.
func (x *Exchange) Content() []byte { return x.content }

// Refusal returns why Next refused the request, or nil.
func (x *Exchange) Refusal() *RefusalError { return x.refusal }
