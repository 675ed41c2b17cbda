package main

import "github.com/windhover-go/windhover/sdk"

// LogAccess logs every request when its response is sent.
func (s *Shop) LogAccess(out sdk.Outcome) {
	log := s.log
	if out.Err != nil { // the response was cut off, or the request was refused
		log = log.With("error", out.Err)
	}
	log.Info("request", "route", out.Route, "status", out.Status, "octets", out.Octets, "took", out.Duration)
}
