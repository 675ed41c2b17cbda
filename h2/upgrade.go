package h2

import (
	"bytes"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// UpgradeOffered reports whether the client offers to go on with protocol on
// this stream: the request is one of extended CONNECT with that :protocol (RFC
// 8441 section 4). Names are compared without case. A protocol without a version
// stands for each of its versions.
func (x *Exchange) UpgradeOffered(protocol string) bool {
	if x.token != msg.MethodConnect {
		return false
	}
	offer := x.protocol.of(x.text)
	name, version, _ := bytes.Cut(offer, []byte{'/'})
	wantName, wantVersion, versioned := bytes.Cut([]byte(protocol), []byte{'/'})
	return len(name) > 0 && equalFold(name, wantName) && (!versioned || bytes.Equal(version, wantVersion))
}

// AppendUpgrade appends the response 200 with the fields that were set, and
// leaves the stream open: what the peer sends from now on is EventContent, and
// AppendStreamContent and AppendStreamEnd send what is not HTTP any more.
func (x *Exchange) AppendUpgrade(dst, date []byte) []byte {
	invariant.That(x.protocol.end > 0)
	if !x.canSend() {
		return dst
	}
	x.out.status, x.tunnel = 200, true
	x.out.streaming, x.out.nothing, x.out.left = true, false, -1
	return x.appendHead(dst, date, -1, false)
}
