package main

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of the load, by RawSyscall: the runtime is not told of them.
// Told of them, it takes so long around each that the cheapest servers wait for
// the load, and are then measured asleep rather than at work; the column "core"
// of a report shows it. BenchmarkCalls compares them.
//
// Invariant: pointers are converted in the call itself, which keeps what they
// point to alive and in place. A call that blocks keeps its P meanwhile: no other
// goroutine has work while the load runs.

func rawRead(fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return result(n, errno)
}

func rawWrite(fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return result(n, errno)
}

func rawEpollWait(epoll int, events []unix.EpollEvent, milliseconds int) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(milliseconds), 0, 0)
	return result(n, errno)
}

// rawEpollWait2 waits for a time, at least a nanosecond precise (Linux 5.11).
func rawEpollWait2(epoll int, events []unix.EpollEvent, d time.Duration) (int, error) {
	// The kernel's own timespec: 64 bits each, on every processor.
	timeout := [2]int64{int64(d / time.Second), int64(d % time.Second)}
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(unsafe.Pointer(&timeout)), 0, 0)
	return result(n, errno)
}

func result(n uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
