package files

import (
	"bytes"
	"math"

	"github.com/windhover-go/windhover/sdk/msg"
)

// maxRanges bounds the ranges of a request. With more of them, as with more
// octets than the file has, Range is ignored (RFC 9110 sections 14.2 and 17.15):
// the whole file is less work.
const maxRanges = 16

// A span is a part of a file: n octets from start on, n > 0.
type span struct{ start, n int64 }

// spans are the satisfiable ranges of a request in their order.
type spans struct {
	list  [maxRanges]span
	count int
}

// all returns the spans.
func (s *spans) all() []span { return s.list[:s.count] }

// A rangeAnswer says how a field Range is answered.
type rangeAnswer uint8

const (
	rangeIgnored       rangeAnswer = iota // 200 with the whole file
	rangeSatisfied                        // 206 with spans
	rangeUnsatisfiable                    // 416
)

// parseRange reads the value of a field Range for a file of size octets (RFC
// 9110 section 14.1). What is malformed is ignored, as are units other than
// bytes and every range of an empty file. Several ranges that are more than the
// file are ignored too.
func parseRange(value []byte, size int64, s *spans) rangeAnswer {
	unit, set, ok := bytes.Cut(value, []byte{'='})
	if !ok || size <= 0 || !msg.ViewOf(unit).EqualFold("bytes") {
		return rangeIgnored
	}
	s.count = 0
	specs, total := 0, int64(0)
	for more := true; more; {
		var spec []byte
		spec, set, more = bytes.Cut(set, []byte{','})
		if spec = bytes.Trim(spec, " \t"); len(spec) == 0 {
			continue // a list may have empty elements (RFC 9110 section 5.6.1)
		}
		if specs++; specs > maxRanges {
			return rangeIgnored
		}
		part, ok := parseSpec(spec, size)
		if !ok {
			return rangeIgnored
		}
		if part.n == 0 {
			continue
		}
		if part.n > size-total {
			return rangeIgnored
		}
		s.list[s.count], s.count, total = part, s.count+1, total+part.n
	}
	switch {
	case specs == 0:
		return rangeIgnored
	case s.count == 0:
		return rangeUnsatisfiable
	}
	return rangeSatisfied
}

// parseSpec reads first-last, first- or -length. The span is empty when it is
// not satisfiable. ok is false when spec is malformed.
func parseSpec(spec []byte, size int64) (part span, ok bool) {
	first, last, ok := bytes.Cut(spec, []byte{'-'})
	if !ok {
		return part, false
	}
	if len(first) == 0 {
		length, valid := parsePosition(last)
		length = min(length, size)
		return span{size - length, length}, valid
	}
	start, ok := parsePosition(first)
	if !ok {
		return part, false
	}
	end := int64(math.MaxInt64)
	if len(last) > 0 {
		if end, ok = parsePosition(last); !ok || end < start {
			return part, false
		}
	}
	if start >= size {
		return part, true
	}
	return span{start, min(end, size-1) - start + 1}, true
}

// parsePosition reads digits. What is more than an int64 is the largest one: no
// file is that long.
func parsePosition(digits []byte) (n int64, ok bool) {
	if len(digits) == 0 {
		return 0, false
	}
	for _, c := range digits {
		d := int64(c - '0')
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (math.MaxInt64-d)/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + d
	}
	return n, true
}
