package h1

import (
	"bytes"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

// FaultAt returns where the fault of the refused request lies: the offset from
// the first octet of the request, which empty lines before it are no part of.
// in is what Next was given when it refused, less what it consumed. For a
// reason that the host has found, in is what has arrived and was not consumed.
//
// It is the octet at which the fault was known, or, where that comes later than
// the fault, the begin of the part that is at fault: of the method, target or
// version, or of the field line. Of what is missing it is where the request or
// its head ends. How the octets were cut makes no difference.
//
// It reads the head several times, to keep Next from noting places that nobody
// asks for.
func (x *Exchange) FaultAt(r Reason, in []byte, limits *msg.Limits) int64 {
	switch {
	case x.taken > 0 && r == ReasonBodyLimit && x.length > 0:
		return int64(x.lineAt(func(f *facts) bool { return f.seen&seenLength != 0 }))
	case x.taken > 0:
		return x.taken
	case r == ReasonScheme:
		return int64(bytes.IndexByte(in, ' ') + 1)
	case r == ReasonHeadTimeout:
		return int64(len(in))
	case r == ReasonEmptyLines:
		return 0
	case len(in) > 0 && in[0] == '\r': // where an empty line could be
		return 1
	}
	return int64(x.headFault(r, in, limits))
}

// headFault is FaultAt for a head. What readHead refuses it refuses in every
// longer part of the head, too: so the least part that it refuses, which ends
// where the fault was known, can be searched for by halves.
func (x *Exchange) headFault(r Reason, in []byte, limits *msg.Limits) int {
	known, unknown := len(in), 0 // lengths of parts that are refused, and that are not
	for known-unknown > 1 {
		half := unknown + (known-unknown)/2
		if _, found := x.readHead(in[:half], limits); found != ReasonNone {
			known = half
		} else {
			unknown = half
		}
	}
	head := in[:known]
	_, found := x.readHead(head, limits)
	invariant.That(found == r)
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	last := known - 1
	switch {
	case r == ReasonMethodUnknown || r == ReasonPreface:
		return 0
	case (r == ReasonTarget || r == ReasonTargetForm) && head[last] == '\n':
		return bytes.IndexByte(line, ' ') + 1
	case r == ReasonVersionUnknown:
		return bytes.LastIndexByte(line, ' ') + 1
	case r == x.facts.fault:
		return x.lineAt(func(f *facts) bool { return f.fault != ReasonNone })
	case r == ReasonExpectation:
		return x.lineAt(func(f *facts) bool { return f.seen&seenExpectOther != 0 })
	case r == ReasonBodyLimit:
		return x.lineAt(func(f *facts) bool { return f.seen&seenLength != 0 })
	case r == ReasonLengthCoding:
		return x.lineAt(func(f *facts) bool { return f.seen&seenLength != 0 && f.seen&seenCoding != 0 })
	case r == ReasonCoding || r == ReasonCodingUnknown || r == ReasonCodingVersion:
		return x.lineAt(func(f *facts) bool { return f.seen&seenCoding != 0 })
	}
	return last
}

// lineAt returns where the first field line begins of which a fact follows.
func (x *Exchange) lineAt(follows func(f *facts) bool) int {
	defer func(f facts) { x.facts = f }(x.facts)
	x.facts = facts{}
	for _, f := range x.fields {
		x.take(f.name.of(x.buf), x.buf, f.value)
		if follows(&x.facts) {
			return int(f.name.start)
		}
	}
	invariant.Never("no such field line in the head")
	return 0
}
