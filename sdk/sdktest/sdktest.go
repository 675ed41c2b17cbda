// Package sdktest runs an app in memory, for the app's own tests: the real
// parser, router, middleware and functions, without a socket and without
// waiting.
//
//	got := sdktest.Do(NewPipeline(fakes), "GET /users/7", "Authorization: t")
//	if got.Status != 200 { … }
//
// Functions of an app are plain functions and can be called directly as well;
// Response is what a function that takes sdk.Response can write to.
package sdktest
