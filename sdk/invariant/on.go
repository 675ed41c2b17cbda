//go:build race || invariants

package invariant

// Enabled reports whether checks are compiled in. Guard anything costly with it.
const Enabled = true

// That states a condition.
func That(ok bool) {
	if !ok {
		panic("invariant broken")
	}
}

// Never states that a place is not reached.
func Never(why string) { panic("invariant broken: " + why) }

// Poison overwrites a buffer whose borrowers must be gone.
func Poison(b []byte) {
	for i := range b {
		b[i] = 0xdb
	}
}
