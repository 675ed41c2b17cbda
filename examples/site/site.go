package main

import "github.com/windhover-go/windhover/sdk"

// NotFound answers errors, files that are not there among them, with a page.
func NotFound(err error, res sdk.Response) {
	status := sdk.StatusOf(err)
	res.SetStatus(status)
	res.ResponseFields().Set("Content-Type", "text/html; charset=utf-8")
	res.ResponseContent().Text("<!doctype html><title>Error</title><p>That did not work: ").Int(int64(status)).Text(".\n")
}
