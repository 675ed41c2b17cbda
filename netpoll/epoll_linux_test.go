package netpoll

import (
	"errors"
	"syscall"
	"testing"
)

// TestAcceptError checks what is made of the errors of accept(2): which of them
// pause accepting, whether it is the process that is out of descriptors or the
// system, and which say nothing of the next connection.
func TestAcceptError(t *testing.T) {
	for errno, want := range map[syscall.Errno]error{
		syscall.EAGAIN:       ErrAgain,
		syscall.EMFILE:       ErrExhausted,
		syscall.ENFILE:       ErrExhausted,
		syscall.ENOBUFS:      ErrExhausted,
		syscall.ENOMEM:       ErrExhausted,
		syscall.ECONNABORTED: ErrReset,
		syscall.EPERM:        ErrReset,
		syscall.EPROTO:       ErrReset,
		syscall.ENETDOWN:     ErrReset,
		syscall.EINTR:        ErrReset,
		syscall.EBADF:        syscall.EBADF,
	} {
		if got := acceptError(errno); !errors.Is(got, want) {
			t.Errorf("%v becomes %v; want %v", errno, got, want)
		}
	}
}
