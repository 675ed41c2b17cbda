package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// abusersFlag as the first argument makes this program the abusers of a
// server: the port follows, and commands come from standard input.
const abusersFlag = "-abusers"

const (
	arrivals   = 2_500                 // abusers that come in a second
	listenTime = 10 * time.Millisecond // how long a command may wait
	maxLives   = 1 << 16               // lives of one kind that are remembered
	// maxReconnects is how many connections may be made anew in a second.
	maxReconnects = 10_000
	mostSent      = 64 << 10 // octets that an abuser sends at once
	// segment is the largest segment of an abuser's connection, as over an
	// Ethernet. That of the loopback is so large that the kernel would give the
	// server megabytes to buffer for each.
	segment = 1460
	// sendBuffer is what an abuser's own kernel holds of its requests; it is no
	// burden of the server over a network, and must be none here.
	sendBuffer = 16 << 10
)

// dribble is the head that is sent octet by octet; its last octet is repeated.
const dribble = "GET /plaintext HTTP/1.1\r\nHost: bench\r\nX-Dribble: a"

// An abuser is one client; its connections follow each other.
type abuser struct {
	conn *conn         // nil while it is not connected
	life int           // number of the connection
	born time.Duration // when that was opened
	sent int           // octets of it
}

// abusers are all of a server. It is one goroutine on epoll, like the load. It
// gives way to all other work on its core, so that the load is not its victim.
type abusers struct {
	epoll  int
	addr   *unix.SockaddrInet4
	began  time.Time
	random *rand.Rand // the same in every run
	list   []abuser
	byFD   map[int32]int // index of list
	agenda agenda
	again  pacer // of connections after the first
	came   int   // abusers that have connected at least once
	tally  [kinds]tally
	lives  [kinds][]int64 // nanoseconds
	bulk   []byte         // of neverReads
	in     [4096]byte
	events [256]unix.EpollEvent

	commands chan string
	answers  chan []int64
	awaited  bool // a command waits for all to have come
}

// runAbusers is the main function of the abusers' process.
func runAbusers(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: %s PORT", abusersFlag)
	}
	port, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	b, err := newAbusers(&unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- b.abuse() }()
	go func() { failed <- obey(os.Stdin, os.Stdout, b.carryOut) }()
	return <-failed
}

func newAbusers(addr *unix.SockaddrInet4) (*abusers, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &abusers{
		epoll: epoll, addr: addr, began: time.Now(), byFD: make(map[int32]int),
		random:   rand.New(rand.NewPCG(1, 2)),
		bulk:     []byte(strings.Repeat(request, mostSent/len(request))),
		commands: make(chan string),
		answers:  make(chan []int64, 1),
	}, nil
}

// carryOut carries out one command of abusers:
//
//	begin N RECONNECTS  be N abusers; those whose connections the server ends
//	                    connect again so many times a second, together
//	tally               three tallies
//
// begin is answered when all have connected once.
func (b *abusers) carryOut(command string) ([]int64, error) {
	verb, _, _ := strings.Cut(command, " ")
	if verb != "begin" && verb != "tally" {
		return nil, fmt.Errorf("no command: %q", command)
	}
	b.commands <- command
	return <-b.answers, nil
}

// abuse goes on until the process ends or something fails. The thread that it
// gets is of no use to others, and ends with its goroutine.
func (b *abusers) abuse() error {
	runtime.LockOSThread()
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return fmt.Errorf("giving way: %w", err)
	}
	for {
		if err := b.listen(); err != nil {
			return err
		}
		if err := b.turn(); err != nil {
			return err
		}
	}
}

// listen takes a command if there is one.
func (b *abusers) listen() error {
	if b.awaited && b.came == len(b.list) {
		b.awaited = false
		b.answers <- nil
	}
	select {
	case command := <-b.commands:
		if command == "tally" {
			b.answers <- b.figures()
			return nil
		}
		var n, reconnects int
		if _, err := fmt.Sscanf(command, "begin %d %d", &n, &reconnects); err != nil || n < 1 || reconnects < 0 || len(b.list) > 0 {
			return fmt.Errorf("%q: it is begin N RECONNECTS, once", command)
		}
		b.begin(n, reconnects)
	default:
	}
	return nil
}

// begin makes n abusers, who come one after the other.
func (b *abusers) begin(n, reconnects int) {
	now := time.Since(b.began)
	b.list, b.awaited = make([]abuser, n), true
	b.again = pace(reconnects)
	for i := range n {
		b.agenda.put(act{at: now + schedule{rate: arrivals}.due(int64(i)), abuser: i})
	}
}

// turn does what is due, and waits for the next or for the server.
func (b *abusers) turn() error {
	now := time.Since(b.began)
	for range len(b.list) {
		a, ok := b.agenda.take(now)
		if !ok {
			break
		}
		if a.life != b.list[a.abuser].life {
			continue
		}
		if err := b.act(a.abuser, now); err != nil {
			return err
		}
	}
	wait := listenTime
	if len(b.agenda) > 0 {
		wait = min(wait, max(b.agenda[0].at-time.Since(b.began), 0))
	}
	n, err := unix.EpollWait(b.epoll, b.events[:], int((wait+time.Millisecond-1)/time.Millisecond))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return err
	}
	now = time.Since(b.began)
	for _, event := range b.events[:max(n, 0)] {
		b.report(b.byFD[event.Fd], event.Events, now)
	}
	return nil
}

// act is what an abuser does when its time has come.
func (b *abusers) act(i int, now time.Duration) error {
	a := &b.list[i]
	if a.conn == nil {
		if err := b.connect(i, now); err != nil {
			return err
		}
	}
	switch kindOf(i) {
	case dribbles:
		at := min(a.sent, len(dribble)-1)
		if b.send(i, []byte(dribble[at:at+1]), now) {
			b.again1to5(i, now)
		}
	case neverReads:
		b.flood(i, now)
	case sendsGarbage:
		n := 64
		if a.sent == 0 {
			n = 256
		}
		garbage := b.in[:n]
		for j := range garbage {
			garbage[j] = byte(b.random.Uint32())
		}
		if b.send(i, garbage, now) {
			b.agenda.put(act{now + time.Second, i, a.life})
		}
	case kinds:
	}
	return nil
}

// again1to5 lets a dribbling abuser send its next octet in 1 to 5 s.
func (b *abusers) again1to5(i int, now time.Duration) {
	wait := time.Second + time.Duration(b.random.Int64N(int64(4*time.Second)))
	b.agenda.put(act{now + wait, i, b.list[i].life})
}

// connect opens the next connection of an abuser.
func (b *abusers) connect(i int, now time.Duration) error {
	a, options := &b.list[i], []socketOption{
		{unix.IPPROTO_TCP, unix.TCP_MAXSEG, segment},
		{unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer},
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN}
	if kindOf(i) == neverReads {
		// The kernel makes it the least that it allows.
		options = append(options, socketOption{unix.SOL_SOCKET, unix.SO_RCVBUF, 1})
		event.Events = unix.EPOLLOUT | unix.EPOLLRDHUP
	}
	c, err := connect(b.addr, options...)
	if err != nil {
		return err
	}
	if a.life == 0 {
		b.came++
	}
	a.conn, a.born, a.sent = c, now, 0
	a.life++
	b.byFD[int32(c.fd)] = i
	b.tally[kindOf(i)].open++
	event.Fd = int32(c.fd)
	return unix.EpollCtl(b.epoll, unix.EPOLL_CTL_ADD, c.fd, &event)
}

// report handles one report of epoll.
func (b *abusers) report(i int, events uint32, now time.Duration) {
	c := b.list[i].conn
	if kindOf(i) == neverReads {
		if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			b.cutOff(i, now)
		} else {
			b.flood(i, now)
		}
		return
	}
	n, err := unix.Read(c.fd, b.in[:])
	if n == 0 || err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
		b.cutOff(i, now)
	}
}

// flood sends requests, until the socket takes no more or it is enough for once.
func (b *abusers) flood(i int, now time.Duration) {
	a := &b.list[i]
	b.send(i, b.bulk[a.sent%len(b.bulk):], now)
}

// send sends what the socket takes, and reports whether the connection lives.
func (b *abusers) send(i int, octets []byte, now time.Duration) bool {
	n, err := unix.Write(b.list[i].conn.fd, octets)
	switch {
	case err == nil:
		b.list[i].sent += n
		b.tally[kindOf(i)].octets += int64(n)
	case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR):
		b.cutOff(i, now)
		return false
	}
	return true
}

// cutOff notes that the server has ended a connection, and lets the abuser
// come again when its turn is.
func (b *abusers) cutOff(i int, now time.Duration) {
	a, k := &b.list[i], kindOf(i)
	b.tally[k].open--
	b.tally[k].cut++
	if len(b.lives[k]) < maxLives {
		b.lives[k] = append(b.lives[k], int64(now-a.born))
	}
	delete(b.byFD, int32(a.conn.fd))
	a.conn.close()
	a.conn = nil
	a.life++
	if at, ok := b.again.after(now); ok {
		b.agenda.put(act{at, i, a.life})
	}
}

// figures are the three tallies.
func (b *abusers) figures() (figures []int64) {
	for k, t := range b.tally {
		lives := b.lives[k]
		slices.Sort(lives)
		t.median, t.shortest, t.longest = percentile(lives, 50), percentile(lives, 0), percentile(lives, 100)
		figures = append(figures, t.figures()...)
	}
	return figures
}
