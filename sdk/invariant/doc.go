// Package invariant states what must hold, and checks it in builds with the
// race detector or the invariants tag. In other builds its functions compile
// to nothing.
package invariant
