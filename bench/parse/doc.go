// Package parse compares how long the engines of windhover, fasthttp and
// net/http take to read the head of one request, in memory:
//
//	go -C bench test -run '^$' -bench . ./parse
//
// Each reads every field line and refuses what it refuses; the engines differ
// in that. Figures of one run can be compared, those of two cannot.
package parse
