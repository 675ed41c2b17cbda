package sdk

import (
	"errors"

	"github.com/windhover-go/windhover/sdk/msg"
)

// A StatusError is an error that says with which status it is answered.
// Functions of an app return one to choose the answer; every other error is
// answered 500, and its text is not sent.
type StatusError struct {
	// Status is the status code of the answer, 400 to 599.
	Status int
	// Reason is sent to the client as the content of the answer. If it is
	// empty, the name of the status is.
	Reason string
	// Err is the cause, for errors.Is and errors.As and for logs. It is not
	// sent. It may be nil.
	Err error
}

// NewError returns an error that is answered with status, and with reason as
// the content when it is not empty.
func NewError(status int, reason string) *StatusError {
	return &StatusError{Status: status, Reason: reason}
}

// Error implements error.
func (e *StatusError) Error() string {
	text := e.Reason
	if text == "" {
		text = msg.StatusText(e.Status)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *StatusError) Unwrap() error { return e.Err }

// Errors with a status, to be returned as they are. Compare with errors.Is.
var (
	ErrBadRequest       error = &StatusError{Status: 400}
	ErrUnauthorized     error = &StatusError{Status: 401}
	ErrForbidden        error = &StatusError{Status: 403}
	ErrNotFound         error = &StatusError{Status: 404}
	ErrMethodNotAllowed error = &StatusError{Status: 405}
	ErrConflict         error = &StatusError{Status: 409}
	ErrUnavailable      error = &StatusError{Status: 503}
)

// Errors of stages that a declaration names.
var (
	// ErrTimeout says that the time of a route is over (Timeout): it is the
	// cause of the context's end, and in the chain of the error that is answered
	// then, 503.
	ErrTimeout error = &StatusError{Status: 503, Reason: "the request took too long"}
	// ErrBusy says that as many requests as may (Limit) are being answered: 503.
	ErrBusy error = &StatusError{Status: 503, Reason: "too many requests at once"}
	// ErrPreconditionFailed says that a precondition of the request, such as
	// If-Match, does not hold: 412.
	ErrPreconditionFailed error = &StatusError{Status: 412}
)

// Why an exchange ended early: in Outcome.Err, as the cause of its context and
// as the error of its streams.
var (
	// ErrPeerClosed says that the peer closed or reset the connection, or reset
	// the stream of HTTP/2, or that either was ended because the peer broke the
	// protocol.
	ErrPeerClosed = errors.New("windhover: the peer closed the connection")
	// ErrShutdown says that the server stopped waiting for the exchange; as the
	// cause of the context of an UpgradedStream, that it begins to shut down.
	ErrShutdown = errors.New("windhover: the server is shutting down")
	// ErrTooSlow says that the peer sent or took less than Limits.BodyRate or
	// ResponseRate.
	ErrTooSlow = errors.New("windhover: the peer is too slow")
	// ErrPanicked says that a function of the app panicked.
	ErrPanicked = errors.New("windhover: a function panicked")
	// ErrReset says that the app reset the exchange (Reset).
	ErrReset = errors.New("windhover: a function reset the exchange")
	// ErrTooLate says that the response could not be changed: its head was sent.
	ErrTooLate = errors.New("windhover: the head of the response was sent")
)

// StatusOf returns the status that answers err: that of the StatusError in its
// chain, or 500.
func StatusOf(err error) int {
	if s, ok := errors.AsType[*StatusError](err); ok && s.Status >= 400 && s.Status <= 599 {
		return s.Status
	}
	return 500
}

// WriteError writes the answer to err: its status, and its reason or the name
// of the status as text/plain. It is what answers an error when the app
// declares no function for errors. Fields that middleware set stay, except those
// that describe the content that is replaced.
func WriteError(res Response, err error) {
	status, reason := 500, ""
	if s, ok := errors.AsType[*StatusError](err); ok && s.Status >= 400 && s.Status <= 599 {
		status, reason = s.Status, s.Reason
	}
	if reason == "" {
		reason = msg.StatusText(status)
	}
	BeginError(res, status)
	res.ResponseFields().Set("Content-Type", "text/plain; charset=utf-8")
	res.ResponseContent().Text(reason).Octet('\n')
}

// BeginError prepares res for the answer to an error: it has the status, no
// content, and none of the fields that describe what is replaced. Generated
// pipelines call it before a function of Errors that returns a value.
func BeginError(res Response, status int) {
	res.SetStatus(status)
	fields := res.ResponseFields()
	for _, name := range [...]string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Range", "ETag", "Last-Modified", "Cache-Control"} {
		if name != "Content-Range" || status != 416 { // where it says how long the content is
			fields.Delete(name)
		}
	}
	res.ResponseContent().Reset()
}
