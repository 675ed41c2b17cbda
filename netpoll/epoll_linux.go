package netpoll

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// epoll is the Kernel of Linux.
//
// It polls without waiting, and when nothing is ready it parks the goroutine
// on the epoll descriptor itself, in Go's own poller: a goroutine that blocks
// in epoll_wait would hold its processor until the scheduler takes it away,
// and one that does so in a raw system call would never let go of it.
type epoll struct {
	fd     int
	file   *os.File        // fd in Go's poller
	raw    syscall.RawConn // of file
	polled func(uintptr) bool
	events []syscall.EpollEvent
	n      int   // events that the last poll returned
	err    error // of the last poll
	armed  int64 // when file's read deadline is; 0: none

	wakeFD int
	woken  atomic.Bool // wakeFD has been written and not yet been reported
	base   time.Time   // when the clock was 0; read-only
	peer   syscall.RawSockaddrAny
}

// wakeKey is the key of wakeFD: no connection or listener has it.
const wakeKey = ^Key(0)

// epollET is EPOLLET, which package syscall has as a negative number.
const epollET = 1 << 31

func newEpoll() (*epoll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	// Go's poller takes only descriptors that say that they do not block.
	if err = syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	k := &epoll{fd: fd, file: os.NewFile(uintptr(fd), "epoll"), base: now()}
	k.polled = k.poll
	if k.raw, err = k.file.SyscallConn(); err != nil {
		_ = k.file.Close()
		return nil, err
	}
	if err = k.file.SetReadDeadline(time.Time{}); err != nil {
		_ = k.file.Close()
		return nil, fmt.Errorf("netpoll: epoll cannot be polled: %w", err)
	}
	if k.wakeFD, err = eventfd(); err != nil {
		_ = k.file.Close()
		return nil, err
	}
	if err := k.Watch(k.wakeFD, wakeKey); err != nil {
		_ = k.Release()
		return nil, err
	}
	return k, nil
}

// now reads the clock: with base, the package's only two readings.
func now() time.Time {
	return time.Now() //nolint:forbidigo // the kernel is where time comes from
}

// Now implements Kernel.
func (k *epoll) Now() int64 { return int64(now().Sub(k.base)) + 1 }

// Wall implements Kernel.
func (k *epoll) Wall() int64 { return now().UnixNano() }

// Wait implements Kernel.
func (k *epoll) Wait(ready []Ready, until int64) (n int, err error) {
	if len(k.events) < len(ready) {
		k.events = make([]syscall.EpollEvent, len(ready))
	}
	k.poll(0)
	if k.n == 0 && k.err == nil && until != 0 {
		k.park(until)
	}
	if k.err != nil {
		return 0, os.NewSyscallError("epoll_pwait", k.err)
	}
	for _, e := range k.events[:k.n] {
		key := Key(uint32(e.Fd)) | Key(uint32(e.Pad))<<32
		if key == wakeKey {
			// Before the loop looks at its mail: a Wake from now on is a new
			// edge. The count is never read; each write is an edge.
			k.woken.Store(false)
			continue
		}
		ready[n] = Ready{
			Key:   key,
			Read:  e.Events&(syscall.EPOLLIN|syscall.EPOLLRDHUP|syscall.EPOLLHUP) != 0,
			Write: e.Events&syscall.EPOLLOUT != 0,
			End:   e.Events&(syscall.EPOLLRDHUP|syscall.EPOLLHUP) != 0,
			Reset: e.Events&syscall.EPOLLERR != 0,
		}
		n++
	}
	return n, nil
}

// poll looks for events and reports whether there are any. Its argument, the
// descriptor, is not needed.
func (k *epoll) poll(uintptr) bool {
	n, errno := poll(k.fd, k.events)
	k.n, k.err = n, nil
	if errno != 0 {
		k.n = 0
		if errno != syscall.EINTR {
			k.err = errno
		}
	}
	return k.n > 0 || k.err != nil
}

// park waits for events or the time until. The deadline of the descriptor is
// moved only when it would come too late; one that comes too early is waited
// for again, which is rare and cheaper than to move it for every turn.
func (k *epoll) park(until int64) {
	for k.n == 0 && k.err == nil {
		if until >= 0 {
			if k.Now() >= until {
				return
			}
			if k.armed == 0 || until < k.armed {
				k.arm(until)
			}
		}
		err := k.raw.Read(k.polled)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			k.armed = 0
			k.err = k.file.SetReadDeadline(time.Time{})
		case err != nil:
			k.err = err
		}
	}
}

// eventfd returns a new event descriptor.
func eventfd() (fd int, err error) {
	r, _, errno := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errno != 0 {
		return -1, os.NewSyscallError("eventfd2", errno)
	}
	return int(r), nil
}

func (k *epoll) arm(until int64) {
	k.armed = until
	k.err = k.file.SetReadDeadline(k.base.Add(time.Duration(until)))
}

// Wake implements Kernel. Calls that come before the loop is awake share one
// system call.
func (k *epoll) Wake() {
	if !k.woken.Swap(true) {
		one := [8]byte{1}
		_, _ = syscall.Write(k.wakeFD, one[:]) // it cannot overflow in a lifetime
	}
}

// Watch implements Kernel.
func (k *epoll) Watch(fd int, key Key) error {
	e := syscall.EpollEvent{
		Events: syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | epollET,
		Fd:     int32(uint32(key)),
		Pad:    int32(uint32(key >> 32)),
	}
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(k.fd, syscall.EPOLL_CTL_ADD, fd, &e))
}

// Accept implements Kernel.
func (k *epoll) Accept(listener int) (fd int, peer netip.AddrPort, err error) {
	fd, errno := accept(listener, &k.peer)
	if errno != 0 {
		return -1, peer, acceptError(errno)
	}
	// A response leaves in as few writes as can be: nothing to wait for.
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) // a Unix socket has none
	return fd, addrPort(&k.peer), nil
}

// acceptError returns the error of Accept for one of accept(2).
func acceptError(errno syscall.Errno) error {
	switch errno {
	case syscall.EAGAIN:
		return ErrAgain
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
		return ErrExhausted
	case syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK, syscall.EOPNOTSUPP, syscall.EFAULT:
		return os.NewSyscallError("accept4", errno)
	}
	return ErrReset // what befell the connection is reported here
}

// LocalAddr implements Kernel.
func (k *epoll) LocalAddr(fd int) netip.AddrPort { return localAddr(fd) }

// Read implements Kernel.
func (k *epoll) Read(fd int, p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, ErrAgain
	}
	for {
		n, errno := recv(fd, p)
		switch errno {
		case 0:
			return n, nil
		case syscall.EAGAIN:
			return 0, ErrAgain
		case syscall.EINTR:
			continue
		}
		return 0, ErrReset
	}
}

// Write implements Kernel.
func (k *epoll) Write(fd int, p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, errno := send(fd, p)
		switch errno {
		case 0:
			return n, nil
		case syscall.EAGAIN:
			return 0, ErrAgain
		case syscall.EINTR:
			continue
		}
		return 0, ErrReset
	}
}

// SendFile implements Kernel.
func (k *epoll) SendFile(fd int, file *os.File, offset int64, n int) (sent int, err error) {
	for {
		sent, errno := sendFile(fd, file, offset, n)
		switch errno {
		case 0:
			return sent, nil
		case syscall.EAGAIN:
			return 0, ErrAgain
		case syscall.EINTR:
			continue
		case syscall.EPIPE, syscall.ECONNRESET, syscall.ENOTCONN, syscall.ETIMEDOUT:
			return 0, ErrReset
		}
		return 0, ErrNoSendFile // what it is, who reads the file or writes is told
	}
}

// Untaken implements Kernel. A Unix socket counts the memory of what its peer
// has not read, which is somewhat more than the octets.
func (k *epoll) Untaken(fd int) int { return outq(fd) }

// CloseWrite implements Kernel.
func (k *epoll) CloseWrite(fd int) error {
	return os.NewSyscallError("shutdown", syscall.Shutdown(fd, syscall.SHUT_WR))
}

// Abort implements Kernel.
func (k *epoll) Abort(fd int) error {
	return os.NewSyscallError("shutdown", syscall.Shutdown(fd, syscall.SHUT_RDWR))
}

// Close implements Kernel.
func (k *epoll) Close(fd int) error { return os.NewSyscallError("close", syscall.Close(fd)) }

// Reset implements Kernel.
func (k *epoll) Reset(fd int) error {
	_ = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}) // a Unix socket has no resets
	return k.Close(fd)
}

// Release implements Kernel.
func (k *epoll) Release() error {
	err := k.file.Close()
	return errors.Join(err, os.NewSyscallError("close", syscall.Close(k.wakeFD)))
}

// localAddr returns the address that fd is bound to, the zero AddrPort when it
// has none.
func localAddr(fd int) netip.AddrPort {
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(addr6(sa.Addr, sa.ZoneId), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// addrPort returns the address in a.
func addrPort(a *syscall.RawSockaddrAny) netip.AddrPort {
	switch a.Addr.Family {
	case syscall.AF_INET:
		in := inet4(a)
		return netip.AddrPortFrom(netip.AddrFrom4(in.Addr), netOrder(in.Port))
	case syscall.AF_INET6:
		in := inet6(a)
		return netip.AddrPortFrom(addr6(in.Addr, in.Scope_id), netOrder(in.Port))
	}
	return netip.AddrPort{}
}

// addr6 returns an address: the IPv4 address when it is one that came to a
// dual-stack listener; a link-local one with the number of its interface.
func addr6(b [16]byte, zone uint32) netip.Addr {
	a := netip.AddrFrom16(b).Unmap()
	if zone != 0 {
		a = a.WithZone(strconv.FormatUint(uint64(zone), 10))
	}
	return a
}

// netOrder turns a port as the kernel writes it into a number.
func netOrder(port uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], port)
	return uint16(b[0])<<8 | uint16(b[1])
}
