package msg

import (
	"slices"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// A View is a run of octets of a message that the caller may look at but does
// not own: borrowed from the server until the function that received it
// returns. After that the memory is another message's. String and Append copy.
//
// The zero View is empty.
type View struct{ b []byte }

// ViewOf returns a View of b, which the caller lends.
func ViewOf(b []byte) View { return View{slices.Clip(b)} }

// Len returns the number of octets.
func (v View) Len() int { return len(v.b) }

// At returns octet i, 0 <= i < Len.
func (v View) At(i int) byte { return v.b[i] }

// Slice returns the octets from i up to, not including, j.
func (v View) Slice(i, j int) View { return View{v.b[i:j:j]} }

// String returns a copy that the caller owns.
func (v View) String() string { return string(v.b) }

// Append appends a copy of the octets to dst.
func (v View) Append(dst []byte) []byte { return append(dst, v.b...) }

// Octets returns the octets themselves: borrowed until the function that
// received the View returns, and not to be written to.
func (v View) Octets() []byte { return v.b }

// Equal reports whether the octets are those of s. It does not allocate.
func (v View) Equal(s string) bool { return string(v.b) == s }

// EqualFold reports whether the octets are those of s when ASCII letters are
// compared without case, as field names and most tokens are (RFC 9110 section
// 5.1). It does not allocate.
func (v View) EqualFold(s string) bool { return equalFold(v.b, s) }

func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		d := s[i]
		if c == d {
			continue
		}
		// ASCII letters of the two cases differ in one bit.
		if c^d != 0x20 || c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	invariant.That(len(b) == len(s))
	return true
}
