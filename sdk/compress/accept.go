package compress

import (
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// maxCodings bounds the codings of a Stage.
const maxCodings = 4

// unsaid is the weight of a coding that Accept-Encoding does not name.
const unsaid = -1

// choose returns the coding that the client likes best, the first of those that
// it likes equally, and nil where it accepts none or would rather have the
// content as it is (RFC 9110 section 12.5.3). A client that says nothing gets no
// coding.
func (s *Stage) choose(x sdk.RequestHeaders) *coders {
	identity, others := unsaid, unsaid
	weights := [maxCodings]int{unsaid, unsaid, unsaid, unsaid}
	for i := range x.RequestFieldCount() {
		name, value := x.RequestFieldAt(i)
		if !name.EqualFold("Accept-Encoding") {
			continue
		}
		for list := value.Octets(); len(list) > 0; {
			var one []byte
			one, list, _ = msg.ListElement(list)
			token, q := msg.Weighted(one)
			switch {
			case token.Equal("*"):
				others = q
			case token.EqualFold("identity"):
				identity = q
			default:
				s.weigh(&weights, token, q)
			}
		}
	}
	var best *coders
	most := max(identity, 1) // a weight of 0 is a refusal
	for i, c := range s.codings {
		q := weights[i]
		if q == unsaid {
			q = others
		}
		if q > most || q == most && best == nil {
			best, most = c, q
		}
	}
	return best
}

// weigh notes the weight of the coding that a token names.
func (s *Stage) weigh(weights *[maxCodings]int, token msg.View, q int) {
	if token.EqualFold("x-gzip") { // RFC 9110 section 8.4.1.3
		token = msg.ViewOf([]byte("gzip"))
	}
	for i, c := range s.codings {
		if token.EqualFold(c.coding.Name) {
			weights[i] = q
		}
	}
}
