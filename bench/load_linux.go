package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

const request = "GET /plaintext HTTP/1.1\r\nHost: bench\r\n\r\n"

// patience is how long the load waits for an answer before it gives up.
const patience = 5 * time.Second

// A load is a set of keep-alive connections that all ask for /plaintext, each
// again as soon as it has its answers. It is one goroutine on epoll rather than
// one for each connection, because it must not cost more than the servers do.
type load struct {
	epoll   int
	addr    *unix.SockaddrInet4
	conns   []*conn
	request []byte // depth requests, which leave in one write
	depth   int
	size    int // octets of a response; 0 before the first
	events  [256]unix.EpollEvent
	byFD    map[int32]*conn
}

// A conn is one connection of the load.
type conn struct {
	fd     int
	number int    // in load.conns
	in     []byte // depth responses fit
	got    int    // octets of in
}

// newLoad returns a load without connections, which asks for depth responses at
// once.
func newLoad(addr *unix.SockaddrInet4, depth int) (*load, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &load{
		epoll: epoll, addr: addr, depth: depth, byFD: make(map[int32]*conn),
		request: bytes.Repeat([]byte(request), depth),
	}, nil
}

// close resets the connections, so that none lingers in TIME_WAIT.
func (l *load) close() {
	for _, c := range l.conns {
		c.close()
	}
	_ = unix.Close(l.epoll) // nothing is lost
}

// grow opens connections until there are n. Each gets one answer, which is
// checked in full.
func (l *load) grow(n int) (c count, err error) {
	first := make([]byte, 4096)
	for len(l.conns) < n {
		if err := l.add(first); err != nil {
			return c, err
		}
		c.responses++
		c.octets += int64(l.size)
	}
	return c, nil
}

// add opens a connection, whose first answer is read into first.
func (l *load) add(first []byte) error {
	c, err := connect(l.addr)
	if err != nil {
		return err
	}
	c.number = len(l.conns)
	l.conns = append(l.conns, c)
	r, size, err := c.ask([]byte(request), first)
	if err != nil {
		return err
	}
	if err := r.isPlaintext(); err != nil {
		return err
	}
	if l.size == 0 {
		l.size = size
	}
	if size != l.size {
		return fmt.Errorf("responses of %d and of %d octets", l.size, size)
	}
	c.in = make([]byte, l.depth*size)
	l.byFD[int32(c.fd)] = c
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.fd)}
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, c.fd, &event)
}

// run loads the server for d. No answer is outstanding before and after.
func (l *load) run(d time.Duration) (total count, err error) {
	for _, c := range l.conns {
		if err := c.send(l.request); err != nil {
			return total, err
		}
	}
	deadline := time.Now().Add(d)
	for outstanding, last := len(l.conns), false; outstanding > 0; last = last || time.Now().After(deadline) {
		batches, err := l.turn(last)
		if err != nil {
			return total, err
		}
		total.responses += int64(batches * l.depth)
		if last {
			outstanding -= batches
		}
	}
	total.octets = total.responses * int64(l.size)
	return total, nil
}

// turn waits for answers and returns how many batches are complete. The
// connections ask again unless this was their last batch.
func (l *load) turn(last bool) (batches int, err error) {
	n, err := rawEpollWait(l.epoll, l.events[:], int(patience.Milliseconds()))
	switch {
	case errors.Is(err, unix.EINTR):
		return 0, nil
	case err != nil:
		return 0, err
	case n == 0:
		return 0, fmt.Errorf("no answer since %v", patience)
	}
	for _, event := range l.events[:n] {
		c := l.byFD[event.Fd]
		complete, err := l.receive(c)
		if err != nil {
			return batches, err
		}
		if !complete {
			continue
		}
		batches++
		if last {
			continue
		}
		if err := c.send(l.request); err != nil {
			return batches, err
		}
	}
	return batches, nil
}

// receive reads what there is and reports whether all answers are complete.
func (l *load) receive(c *conn) (complete bool, err error) {
	n, err := rawRead(c.fd, c.in[c.got:])
	switch {
	case errors.Is(err, unix.EAGAIN):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading an answer: %w", err)
	case n == 0:
		return false, fmt.Errorf("reading an answer: %w", io.ErrUnexpectedEOF)
	}
	if c.got += n; c.got < len(c.in) {
		return false, nil
	}
	if !sameResponses(c.in, l.size) {
		return false, fmt.Errorf("an answer differs from the first: %.100q", c.in)
	}
	c.got = 0
	return true, nil
}

// A socketOption is an integer option of a socket.
type socketOption struct{ level, name, value int }

// connect opens a connection, whose socket has the options.
func connect(addr *unix.SockaddrInet4, options ...socketOption) (*conn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	c := &conn{fd: fd}
	err = errors.Join(
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
	)
	for _, o := range options {
		err = errors.Join(err, unix.SetsockoptInt(fd, o.level, o.name, o.value))
	}
	if err == nil {
		if err = unix.Connect(fd, addr); errors.Is(err, unix.EINPROGRESS) || errors.Is(err, unix.EINTR) {
			err = c.connected()
		}
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return c, nil
}

// connected waits until the handshake has ended, and returns how.
func (c *conn) connected() error {
	if err := c.wait(unix.POLLOUT); err != nil {
		return err
	}
	code, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	return err
}

// wait waits until the connection is ready for events.
func (c *conn) wait(events int16) error {
	for deadline := time.Now().Add(patience); ; {
		left := time.Until(deadline)
		if left < 0 {
			return fmt.Errorf("no answer since %v", patience)
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: events}}, int(left.Milliseconds())+1)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil || n > 0:
			return err
		}
	}
}

func (c *conn) close() { _ = unix.Close(c.fd) } // nothing is lost

// send writes a batch of requests. It fits the socket's buffer, because the
// batch before it has been answered.
func (c *conn) send(b []byte) error {
	n, err := rawWrite(c.fd, b)
	if err != nil {
		return fmt.Errorf("writing a request: %w", err)
	}
	if n < len(b) {
		return fmt.Errorf("writing a request: %w", io.ErrShortWrite)
	}
	return nil
}

// ask sends one request and waits for the response, which is borrowed from in.
// n is its octets.
func (c *conn) ask(request, in []byte) (r response, n int, err error) {
	if err := c.send(request); err != nil {
		return r, 0, err
	}
	for got := 0; got < len(in); {
		if err := c.wait(unix.POLLIN); err != nil {
			return r, 0, err
		}
		more, err := unix.Read(c.fd, in[got:])
		if err != nil {
			return r, 0, fmt.Errorf("reading the first answer: %w", err)
		}
		if more == 0 {
			return r, 0, fmt.Errorf("reading the first answer: %w", io.ErrUnexpectedEOF)
		}
		got += more
		if r, n, err = parseResponse(in[:got]); err != nil || n > 0 {
			return r, n, err
		}
	}
	return r, 0, fmt.Errorf("an answer is longer than %d octets", len(in))
}
