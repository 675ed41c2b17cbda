package netpoll

import (
	"errors"
	"net/netip"
	"os"
)

// Kernel is what one loop asks of the operating system: epoll on Linux, and
// netpoll/sim in tests.
//
// Readiness is edge-triggered: Wait reports a descriptor when it becomes
// ready, and not again until an operation on it has returned ErrAgain or less
// than it was asked for. Descriptors never block.
//
// A Kernel belongs to the goroutine of its loop. Now, Wall and Wake may be called
// by any goroutine; Read, Write, Untaken, CloseWrite and LocalAddr also by the
// goroutines that a connection is lent to, one that reads and one that writes
// (see Conn.Lend and Conn.SplitLent), and SendFile by these alone.
type Kernel interface {
	// Now returns the monotonic time in nanoseconds.
	Now() int64
	// Wall returns the civil time in nanoseconds since 1970 UTC.
	Wall() int64
	// Wait fills ready and returns how many reports it holds. It waits until a
	// watched descriptor is ready, Wake was called, or the time until (on the
	// clock of Now) is reached; a negative until waits without end, and one
	// that has passed does not wait.
	Wait(ready []Ready, until int64) (n int, err error)
	// Wake makes the Wait that runs, or else the next one, return.
	Wake()
	// Watch reports fd's readiness with key from now on, until it is closed.
	Watch(fd int, key Key) error
	// Accept takes a connection from a listener. ErrExhausted says that the
	// process or the system is out of descriptors, and ErrReset that the
	// connection failed while it waited: the next one may not.
	Accept(listener int) (fd int, peer netip.AddrPort, err error)
	// LocalAddr returns the address that fd is bound to.
	LocalAddr(fd int) netip.AddrPort
	// Read fills p. It returns 0 and no error at the end of the stream.
	Read(fd int, p []byte) (n int, err error)
	// Write sends a prefix of p.
	Write(fd int, p []byte) (n int, err error)
	// SendFile sends a prefix of the n octets of file that begin at offset,
	// without a copy in this process. It may wait for the file, not for the peer.
	// It returns 0 and no error where the file ends, and ErrNoSendFile when this
	// file cannot be sent like that, or not be read.
	SendFile(fd int, file *os.File, offset int64, n int) (sent int, err error)
	// Untaken returns how many octets were written that the peer has not taken,
	// as far as the system knows: for TCP, what is not acknowledged.
	Untaken(fd int) int
	// CloseWrite ends the stream towards the peer (shutdown, SHUT_WR).
	CloseWrite(fd int) error
	// Abort makes every present and later operation on fd fail or end, and
	// fd stays open (shutdown, SHUT_RDWR). Its end is reported.
	Abort(fd int) error
	// Close releases fd. A closed descriptor is reported no more.
	Close(fd int) error
	// Reset is Close, and the peer gets a reset instead of an orderly end, so
	// that it knows that something is missing.
	Reset(fd int) error
	// Release frees the kernel itself; descriptors stay open.
	Release() error
}

// System is where kernels and listeners come from: the operating system (see
// OS), or netpoll/sim in tests. Its methods may be called by any goroutine.
type System interface {
	// Kernel returns a new kernel for one loop.
	Kernel() (Kernel, error)
	// Listen returns a listening descriptor bound to addr, and the address
	// with the port that was chosen when addr has port 0.
	Listen(addr netip.AddrPort, options ListenOptions) (fd int, bound netip.AddrPort, err error)
	// Close releases a listening descriptor.
	Close(fd int) error
}

// LocalSystem is a System that has Unix sockets and descriptors that a process
// was started with, as the operating system has and a simulation has not.
type LocalSystem interface {
	System
	// ListenUnix returns a listening descriptor on a Unix socket that it makes
	// at path. mode are the permission bits of its file; 0 leaves them to the
	// umask. A socket on which nobody answers is replaced. Close removes the
	// file, unless another one is there by then.
	ListenUnix(path string, mode uint32) (fd int, err error)
	// Inherit takes over fd, a listening descriptor that the process was
	// started with, and returns what it is bound to: an address, or the path
	// of a Unix socket. Close releases it, and removes no file.
	Inherit(fd int) (bound netip.AddrPort, path string, err error)
}

// ListenOptions says how a listener is made. The zero value is a listener of
// its own, for IPv4 or IPv6 as the address says.
type ListenOptions struct {
	// DualStack makes a listener on the IPv6 wildcard take IPv4 too.
	DualStack bool
	// Shared lets several listeners of this process share the address
	// (SO_REUSEPORT), one for each loop.
	Shared bool
}

// Key names a connection or listener of a loop: the index of its slot in the
// low half and the slot's generation in the high half, so that a late report
// cannot reach a connection that took over the descriptor.
type Key uint64

// Ready is one readiness report.
type Ready struct {
	Key   Key
	Read  bool // a read will not return ErrAgain
	Write bool // a write will not return ErrAgain
	// End says that the peer finished sending or is gone: what it sent before
	// can still be read.
	End bool
	// Reset says that the connection failed in both directions.
	Reset bool
}

// Errors of a kernel.
var (
	// ErrAgain says that an operation would block.
	ErrAgain = errors.New("netpoll: would block")
	// ErrExhausted says that no descriptor is left.
	ErrExhausted = errors.New("netpoll: out of descriptors")
	// ErrReset says that the peer reset the connection, or that it was aborted.
	ErrReset = errors.New("netpoll: connection reset")
	// ErrNoSendFile says that SendFile cannot send a file: read it and write what
	// was read.
	ErrNoSendFile = errors.New("netpoll: the file cannot be sent without a copy")
	// ErrSlow says that the peer took or sent too little in the time it had.
	ErrSlow = errors.New("netpoll: the peer is too slow")
)
