package sdk

import "time"

// An Outcome is how an exchange ended. Functions of the Done phase take it, by
// value; they may keep it.
type Outcome struct {
	// Route is the name of the route's plan, such as "GET /users/{id}".
	Route string
	// Status is the status code of the response, 0 when none was sent.
	Status int
	// Octets is the number of octets of content that were handed to the kernel
	// or are about to be.
	Octets int64
	// Duration is the time from the end of the request's head to the end of
	// the response.
	Duration time.Duration
	// Err says why the exchange ended early: ErrPeerClosed, ErrShutdown,
	// ErrTooSlow, ErrPanicked, ErrReset, or the error of a stream. For a request
	// in which the server found a fault after its route was chosen
	// (Config.OnRefusal) it is the error that was answered, a *StatusError. It
	// is nil for every other complete response, whatever its status.
	Err error
}
