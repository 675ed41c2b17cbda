// Package msg holds the words that every layer shares: methods, status codes,
// borrowed views, the buffer and the field section that responses are written
// to, and limits.
//
// It knows no protocol version, no socket and no clock, and imports next to
// nothing, so that an engine can use it.
package msg
