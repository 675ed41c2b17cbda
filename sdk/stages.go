package sdk

import (
	"errors"
	"sync/atomic"
)

// Slots bounds how many exchanges are in progress at once. A generated Pipeline
// has one for each Limit of the declaration. Any goroutine may use it; there is
// no lock. The zero value is ready.
type Slots struct{ taken atomic.Int64 }

// Take takes one of most slots, for Give to give back. When none is free it
// returns ErrBusy and sets Retry-After to a second (RFC 9110 section 10.2.3).
func (s *Slots) Take(res Response, most int64) error {
	for {
		n := s.taken.Load()
		if n >= most {
			res.ResponseFields().Set("Retry-After", "1")
			return ErrBusy
		}
		// Never one too many for a moment, which could turn another away.
		if s.taken.CompareAndSwap(n, n+1) {
			return nil
		}
	}
}

// Give gives a slot back.
func (s *Slots) Give() { s.taken.Add(-1) }

// OrTimeout returns what is answered when the functions of a route with Timeout
// returned err: err itself, or when the time is over, and err says nothing of
// how it is to be answered (StatusError), a StatusError 503 that wraps ErrTimeout
// and err.
func OrTimeout(x TimedLifetime, err error) error {
	if err == nil || !x.ContextExpired() {
		return err
	}
	if _, ok := errors.AsType[*StatusError](err); ok {
		return err
	}
	return &timeoutError{err}
}

// timeoutError is ErrTimeout with what a function made of it.
type timeoutError struct{ err error }

// Error implements error.
func (e *timeoutError) Error() string { return ErrTimeout.Error() + ": " + e.err.Error() }

// Unwrap returns both.
func (e *timeoutError) Unwrap() []error { return []error{ErrTimeout, e.err} }
