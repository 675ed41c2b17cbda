//go:build unix

package files_test

import (
	"syscall"
	"testing"
)

// makePipe makes a file that is a pipe, which nobody writes to.
func makePipe(tb testing.TB, path string) {
	tb.Helper()
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		tb.Fatal(err)
	}
}
