package files

import (
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A variant is a content coding that a file can have a sibling in.
type variant uint8

const (
	variantBr variant = iota
	variantZstd
	variantGzip
	variantCount
	variantNone = variantCount // the file as it is
)

// coding returns the name of the content coding, and suffix what the name of such
// a file ends with.
func (v variant) coding() string { return [...]string{"br", "zstd", "gzip", ""}[v] }
func (v variant) suffix() string { return [...]string{".br", ".zst", ".gz", ""}[v] }

// A preference are the variants that a client accepts, the one that it likes best
// first; among equals, the one that is usually smallest.
type preference struct {
	list  [variantCount]variant
	count int
}

func (p *preference) all() []variant { return p.list[:p.count] }

// accepted reads the fields Accept-Encoding (RFC 9110 section 12.5.3): without
// one, and where the file as it is has more weight, none is preferred to it.
func accepted(x sdk.RequestHeaders) (p preference) {
	// Weights in thousandths; -1 is not named.
	weights, identity, others := [variantCount]int{-1, -1, -1}, -1, 0
	for i := range x.RequestFieldCount() {
		name, value := x.RequestFieldAt(i)
		if !name.EqualFold("Accept-Encoding") {
			continue
		}
		for rest, more := value.Octets(), true; more; {
			var element []byte
			element, rest, more = msg.ListElement(rest)
			coding, weight := msg.Weighted(element)
			switch {
			case coding.EqualFold("br"):
				weights[variantBr] = weight
			case coding.EqualFold("zstd"):
				weights[variantZstd] = weight
			case coding.EqualFold("gzip"), coding.EqualFold("x-gzip"):
				weights[variantGzip] = weight
			case coding.EqualFold("identity"):
				identity = weight
			case coding.Equal("*"):
				others = weight
			}
		}
	}
	for v, weight := range weights {
		if weight < 0 {
			weights[v] = others
		}
	}
	for v := range variantCount {
		if weights[v] == 0 || weights[v] < identity {
			continue
		}
		at := p.count
		for at > 0 && weights[p.list[at-1]] < weights[v] {
			p.list[at] = p.list[at-1]
			at--
		}
		p.list[at] = v
		p.count++
	}
	return p
}
