//go:build !race && !invariants

package invariant

// Enabled reports whether checks are compiled in. Guard anything costly with it.
const Enabled = false

// That states a condition.
func That(bool) {}

// Never states that a place is not reached.
func Never(string) {}

// Poison overwrites a buffer whose borrowers must be gone.
func Poison([]byte) {}
