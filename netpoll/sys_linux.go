package netpoll

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// The system calls of the hot path. None of them can block, as all descriptors
// are non-blocking and the poll has timeout 0; so the scheduler need not be
// told of them, which would cost more than some of them do. The kernel keeps
// none of the pointers.

// recv reads from a socket. p is not empty.
func recv(fd int, p []byte) (n int, errno syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(sysRecvfrom, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	return int(r), errno
}

// send writes to a socket, without a SIGPIPE. p is not empty.
func send(fd int, p []byte) (n int, errno syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(sysSendto, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), syscall.MSG_NOSIGNAL, 0, 0)
	return int(r), errno
}

// sendFile writes octets of a file to a socket. It can wait for the file, so the
// scheduler is told. A peer that is gone raises SIGPIPE, which the Go runtime
// ignores.
func sendFile(fd int, file *os.File, offset int64, n int) (sent int, errno syscall.Errno) {
	sent, err := syscall.Sendfile(fd, int(file.Fd()), &offset, n)
	runtime.KeepAlive(file)
	if err != nil {
		errno, _ = err.(syscall.Errno) //nolint:errorlint // package syscall returns it as it is
		return 0, errno
	}
	return sent, 0
}

// outq returns what is in the send queue of a socket (SIOCOUTQ, which has the
// number of TIOCOUTQ), 0 when it has none.
func outq(fd int) int {
	var n int32
	_, _, errno := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	if errno != 0 {
		return 0
	}
	return int(n)
}

// accept takes a connection that does not block.
func accept(listener int, peer *syscall.RawSockaddrAny) (fd int, errno syscall.Errno) {
	size := uint32(syscall.SizeofSockaddrAny)
	r, _, errno := syscall.RawSyscall6(sysAccept4, uintptr(listener),
		uintptr(unsafe.Pointer(peer)), uintptr(unsafe.Pointer(&size)),
		syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
	return int(r), errno
}

// poll returns what is ready, and does not wait. events is not empty.
func poll(fd int, events []syscall.EpollEvent) (n int, errno syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(sysEpollPwait, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	return int(r), errno
}

// inet4 and inet6 view a socket address as that of its family, which the
// caller has looked at: RawSockaddrAny is as large and as aligned as each.
func inet4(a *syscall.RawSockaddrAny) *syscall.RawSockaddrInet4 {
	return (*syscall.RawSockaddrInet4)(unsafe.Pointer(a))
}

func inet6(a *syscall.RawSockaddrAny) *syscall.RawSockaddrInet6 {
	return (*syscall.RawSockaddrInet6)(unsafe.Pointer(a))
}
