package msg

import "strconv"

// A Buffer collects the content of a response. Its methods append and return
// the buffer, so that calls can be chained:
//
//	res.Content().Text("user ").Int(id)
//
// A Buffer that a server hands out is borrowed until the function that
// received it returns. The zero value is ready.
type Buffer struct{ b []byte }

// Text appends s.
func (b *Buffer) Text(s string) *Buffer { b.b = append(b.b, s...); return b }

// Octets appends a copy of p.
func (b *Buffer) Octets(p []byte) *Buffer { b.b = append(b.b, p...); return b }

// Octet appends c.
func (b *Buffer) Octet(c byte) *Buffer { b.b = append(b.b, c); return b }

// View appends a copy of v.
func (b *Buffer) View(v View) *Buffer { b.b = append(b.b, v.b...); return b }

// Int appends n in decimal.
func (b *Buffer) Int(n int64) *Buffer { b.b = strconv.AppendInt(b.b, n, 10); return b }

// Len returns the number of octets collected.
func (b *Buffer) Len() int { return len(b.b) }

// Collected returns what was collected: borrowed until the next append.
func (b *Buffer) Collected() []byte { return b.b }

// Reset empties the buffer and keeps its memory.
func (b *Buffer) Reset() { b.b = b.b[:0] }

// Write appends a copy of p and never fails, so that a Buffer is an io.Writer.
func (b *Buffer) Write(p []byte) (n int, err error) {
	b.b = append(b.b, p...)
	return len(p), nil
}

// Cap returns the octets that the buffer can hold without growing.
func (b *Buffer) Cap() int { return cap(b.b) }

// Adopt makes p[:0] the memory of the buffer, which owns it from then on, and
// returns the memory that it had, empty.
func (b *Buffer) Adopt(p []byte) (old []byte) {
	old = b.b[:0]
	b.b = p[:0]
	return old
}
