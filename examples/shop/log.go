package main

import "github.com/windhover-go/windhover/sdk"

// LogAccess logs every request when its response is sent.
func (s *Shop) LogAccess(out sdk.Outcome) {
	s.log.Info("request", "route", out.Route, "status", out.Status, "octets", out.Octets, "took", out.Duration, "error", out.Err)
}
