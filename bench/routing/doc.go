// Package routing measures what it costs to choose a route: among 313 routes of
// GitHub's REST API, by generated code and by chi.
//
//	go test -bench . ./routing
//
// Both find the route and note where its wildcards are; no function runs.
package routing
