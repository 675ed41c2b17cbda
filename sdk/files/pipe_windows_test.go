package files_test

import "testing"

// makePipe makes nothing: a file cannot be a pipe here.
func makePipe(testing.TB, string) {}
