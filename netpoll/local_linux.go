package netpoll

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
)

// maxUnixPath is the longest path of a Unix socket, in octets.
const maxUnixPath = 107

// A socketFile is the file of a Unix socket, by what tells it from another that
// has taken its path.
type socketFile struct {
	path     string
	dev, ino uint64
}

// remove removes the file if it is there still.
func (f socketFile) remove() {
	if now, err := statSocket(f.path); err == nil && now == f {
		_ = os.Remove(f.path) // what cannot be removed is stale for the next who listens
	}
}

func statSocket(path string) (f socketFile, err error) {
	var st syscall.Stat_t
	if err = syscall.Lstat(path, &st); err != nil {
		return f, os.NewSyscallError("lstat", err)
	}
	return socketFile{path, uint64(st.Dev), st.Ino}, nil //nolint:unconvert // Dev has 32 bits on MIPS
}

// ListenUnix implements LocalSystem.
func (s *system) ListenUnix(path string, mode uint32) (fd int, err error) {
	if len(path) > maxUnixPath {
		return -1, fmt.Errorf("the path of a Unix socket can have %d octets, and this one has %d: choose a shorter one", maxUnixPath, len(path))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fd, err = syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	file, err := bindUnix(fd, path)
	if err == nil && mode != 0 {
		err = os.Chmod(path, os.FileMode(mode))
	}
	if err == nil {
		// Only now can anybody connect, and the mode is in force.
		err = os.NewSyscallError("listen", syscall.Listen(fd, backlog))
	}
	if err != nil {
		file.remove()
		_ = syscall.Close(fd)
		return -1, err
	}
	s.open[fd], s.files[fd] = true, file
	return fd, nil
}

// bindUnix binds fd to path, and first removes a socket that nobody answers on.
func bindUnix(fd int, path string) (file socketFile, err error) {
	// Of two servers that start at once, one could remove what the other has
	// just made. So each of them locks the directory, if it may.
	if dir, e := os.Open(filepath.Dir(path)); e == nil {
		defer dir.Close()
		_ = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX)
	}
	err = syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
	if errors.Is(err, syscall.EADDRINUSE) {
		if err = removeStale(path); err != nil {
			return file, err
		}
		err = syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
	}
	if err != nil {
		return file, bindUnixError(path, err)
	}
	return statSocket(path)
}

// bindUnixError says what the errors mean that a user can do something about.
func bindUnixError(path string, err error) error {
	dir := filepath.Dir(path)
	err = os.NewSyscallError("bind", err)
	switch {
	case errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("the directory %s does not exist: make it: %w", dir, err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s is not a directory: choose another path: %w", dir, err)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the process may not make a file in %s: permit it or choose another path: %w", dir, err)
	}
	return err
}

// removeStale removes a socket that nobody answers on, and nothing else.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil // it has just gone
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return errors.New("the file that is there is not a socket: remove it or choose another path")
	}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer syscall.Close(fd)
	switch err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); {
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	case errors.Is(err, syscall.ENOENT):
		return nil
	case err == nil, errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EPROTOTYPE):
		return errors.New("another process answers on this socket: stop it or choose another path")
	default:
		return fmt.Errorf("it cannot be found out whether another process answers on this socket: %w", os.NewSyscallError("connect", err))
	}
}

// Inherit implements LocalSystem.
func (s *system) Inherit(fd int) (bound netip.AddrPort, path string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[fd] {
		return bound, "", fmt.Errorf("descriptor %d is a listener of this server: start the process with a listening socket there", fd)
	}
	if err = checkInherited(fd); err != nil {
		return bound, "", err
	}
	if err = syscall.SetNonblock(fd, true); err != nil {
		return bound, "", os.NewSyscallError("fcntl", err)
	}
	syscall.CloseOnExec(fd)
	s.open[fd] = true
	if sa, err := syscall.Getsockname(fd); err == nil {
		if local, ok := sa.(*syscall.SockaddrUnix); ok {
			path = local.Name
		}
	}
	return localAddr(fd), path, nil
}

// checkInherited checks that fd is a listening stream socket.
func checkInherited(fd int) error {
	kind, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE)
	switch {
	case errors.Is(err, syscall.EBADF):
		return fmt.Errorf("descriptor %d is not open: start the process with a listening socket there, as a systemd socket unit does", fd)
	case errors.Is(err, syscall.ENOTSOCK):
		return fmt.Errorf("descriptor %d is not a socket: start the process with a listening socket there, as a systemd socket unit does", fd)
	case err != nil:
		return os.NewSyscallError("getsockopt", err)
	case kind != syscall.SOCK_STREAM:
		return fmt.Errorf("descriptor %d is not a stream socket: a systemd socket unit needs ListenStream=", fd)
	}
	listens, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err == nil && listens == 0 {
		return fmt.Errorf("the socket of descriptor %d does not listen: a systemd socket unit needs Accept=no", fd)
	}
	return os.NewSyscallError("getsockopt", err)
}
