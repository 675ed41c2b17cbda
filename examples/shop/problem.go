package main

import (
	"errors"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// A Problem says why a request failed (RFC 9457).
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is for people.
	Detail string `json:"detail,omitempty"`
	// Instance is the path of the request.
	Instance string `json:"instance"`
}

// NewProblem answers errors. What does not say how it is to be answered is a
// fault of the shop: the log gets it, and the client a plain 500.
func (s *Shop) NewProblem(err error, req sdk.Request) Problem {
	status := sdk.StatusOf(err)
	p := Problem{Title: msg.StatusText(status), Status: status, Instance: req.RawPath().String()}
	if known, ok := errors.AsType[*sdk.StatusError](err); ok {
		p.Detail = known.Reason
	} else {
		s.log.Error("failed", "method", req.Method().String(), "path", p.Instance, "error", err)
	}
	return p
}
