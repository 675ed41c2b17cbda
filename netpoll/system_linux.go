package netpoll

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
)

// backlog is how many connections may wait to be accepted; the system may
// allow less (net.core.somaxconn).
const backlog = 4096

// system is the System of Linux.
type system struct {
	mu     sync.Mutex
	open   map[int]bool           // the open listeners
	shared map[int]netip.AddrPort // those of them that share their address
	files  map[int]socketFile     // those of them that have made a file
}

func newSystem() System {
	return &system{open: map[int]bool{}, shared: map[int]netip.AddrPort{}, files: map[int]socketFile{}}
}

// Kernel implements System.
func (s *system) Kernel() (Kernel, error) {
	k, err := newEpoll()
	if err != nil {
		return nil, err
	}
	return k, nil
}

// Listen implements System.
func (s *system) Listen(addr netip.AddrPort, o ListenOptions) (fd int, bound netip.AddrPort, err error) {
	if !addr.IsValid() {
		return -1, bound, errors.New("netpoll: no address to listen on")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	join := false
	if o.Shared {
		for _, a := range s.shared {
			join = join || a == addr
		}
	}
	fd, bound, err = listen(addr, o, join)
	if err != nil {
		return fd, bound, err
	}
	s.open[fd] = true
	if o.Shared {
		s.shared[fd] = bound
	}
	return fd, bound, nil
}

// Close implements System.
func (s *system) Close(fd int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.files[fd]; ok {
		f.remove()
	}
	delete(s.open, fd)
	delete(s.shared, fd)
	delete(s.files, fd)
	return os.NewSyscallError("close", syscall.Close(fd))
}

// listen makes a listener; join says that it joins others of this System.
//
// SO_REUSEPORT alone would let another process of the same user share the
// address unnoticed, and take half of the connections. So the first listener
// of an address is bound and listens without it, which fails when anybody
// listens there, and is opened to sharing afterwards.
func listen(addr netip.AddrPort, o ListenOptions, join bool) (fd int, bound netip.AddrPort, err error) {
	family := syscall.AF_INET6
	if addr.Addr().Is4() {
		family = syscall.AF_INET
	}
	fd, err = syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, bound, os.NewSyscallError("socket", err)
	}
	defer func() {
		if err != nil {
			_ = syscall.Close(fd)
			fd = -1
		}
	}()
	if err = set(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, true); err != nil {
		return fd, bound, err
	}
	if family == syscall.AF_INET6 {
		if err = set(fd, syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, !o.DualStack); err != nil {
			return fd, bound, err
		}
	}
	if o.Shared && join {
		if err = set(fd, syscall.SOL_SOCKET, soReusePort, true); err != nil {
			return fd, bound, err
		}
	}
	sa, err := sockaddr(addr)
	if err != nil {
		return fd, bound, err
	}
	if err = syscall.Bind(fd, sa); err != nil {
		return fd, bound, bindError("bind", err)
	}
	if err = syscall.Listen(fd, backlog); err != nil {
		return fd, bound, bindError("listen", err)
	}
	if o.Shared && !join {
		if err = set(fd, syscall.SOL_SOCKET, soReusePort, true); err != nil {
			return fd, bound, err
		}
	}
	bound = localAddr(fd)
	if addr.Addr().Is6() { // the wildcard of both families is not shown as IPv4
		bound = netip.AddrPortFrom(addr.Addr(), bound.Port())
	}
	return fd, bound, nil
}

// bindError says what the errors mean that a user can do something about.
func bindError(call string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("another socket listens on this address and port: stop its process or choose another port: %w", os.NewSyscallError(call, err))
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("this machine does not have this address: %w", os.NewSyscallError(call, err))
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("the process may not use this port: choose one from 1024 on or grant CAP_NET_BIND_SERVICE: %w", os.NewSyscallError(call, err))
	}
	return os.NewSyscallError(call, err)
}

func set(fd, level, option int, on bool) error {
	value := 0
	if on {
		value = 1
	}
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(fd, level, option, value))
}

// sockaddr returns addr as the kernel wants it.
func sockaddr(addr netip.AddrPort) (syscall.Sockaddr, error) {
	a, port := addr.Addr(), int(addr.Port())
	if a.Is4() {
		return &syscall.SockaddrInet4{Addr: a.As4(), Port: port}, nil
	}
	sa := &syscall.SockaddrInet6{Addr: a.As16(), Port: port}
	if z := a.Zone(); z != "" {
		n, err := strconv.ParseUint(z, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("netpoll: the zone %q is not the number of an interface: %w", z, err)
		}
		sa.ZoneId = uint32(n)
	}
	return sa, nil
}
