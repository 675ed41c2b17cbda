package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestAbuseOptions(t *testing.T) {
	for _, tt := range []struct {
		args string
		bad  bool
	}{
		{args: ""},
		{args: "-pairs 0 -hold 1s"},
		{args: "-server nginx -reconnects 0"},
		{args: "-arrival -server net/http"},
		{args: "-server floor", bad: true},
		{args: "-abusers 15000", bad: true},
		{args: "-abusers 0", bad: true},
		{args: "-conns 0", bad: true},
		{args: "-pairs -1", bad: true},
		{args: "-duration 0s", bad: true},
		{args: "-hold -1s", bad: true},
		{args: "-reconnects -1", bad: true},
		{args: "-reconnects 20000", bad: true},
		{args: "app", bad: true},
	} {
		o, err := parseAbuseOptions(strings.Fields(tt.args))
		if tt.bad != (err != nil) {
			t.Errorf("%s: %v", tt.args, err)
		}
		if tt.bad {
			continue
		}
		// What a report says of how to repeat it is the same again.
		_, flags, _ := strings.Cut(o.command(), abuseCommand+" ")
		if again, err := parseAbuseOptions(strings.Fields(flags)); again != o || err != nil {
			t.Errorf("%s: repeated with %s, which is %+v, %v", tt.args, flags, again, err)
		}
	}
}

// A siege is abusers in this process, whose server is f.
type siege struct {
	*abusers
	t *testing.T
}

func besiege(t *testing.T, n, reconnects int, f func(net.Conn)) siege {
	t.Helper()
	b, err := newAbusers(listen(t, f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, a := range b.list {
			if a.conn != nil {
				a.conn.close()
			}
		}
		unix.Close(b.epoll)
	})
	b.begin(n, reconnects)
	return siege{b, t}
}

// until turns until done; the turns are bounded.
func (s siege) until(what string, done func() bool) {
	s.t.Helper()
	for range 10_000 {
		if done() {
			return
		}
		if err := s.turn(); err != nil {
			s.t.Fatal(err)
		}
	}
	s.t.Fatalf("%s: not after 10,000 turns; %+v", what, s.tally)
}

// TestAbusersBehave checks what the server gets of each kind.
func TestAbusersBehave(t *testing.T) {
	var lock sync.Mutex
	var first [][]byte // what each connection sent
	s := besiege(t, 6, 0, func(c net.Conn) {
		lock.Lock()
		i := len(first)
		first = append(first, nil)
		lock.Unlock()
		in := make([]byte, 4096)
		for {
			n, err := c.Read(in)
			if err != nil {
				return
			}
			lock.Lock()
			first[i] = append(first[i], in[:n]...)
			lock.Unlock()
		}
	})
	// How often each beginning was seen: G, GET …, and neither.
	seen := func() (list [kinds]int) {
		lock.Lock()
		defer lock.Unlock()
		for _, b := range first {
			switch {
			case len(b) > 0 && len(b) < 10 && strings.HasPrefix(dribble, string(b)):
				list[dribbles]++
			case bytes.HasPrefix(b, []byte(request+request)):
				list[neverReads]++
			case len(b) >= 256:
				list[sendsGarbage]++
			}
		}
		return list
	}
	s.until("two of each kind", func() bool { return seen() == [kinds]int{2, 2, 2} })
	for k, got := range s.tally {
		if got.open != 2 || got.cut != 0 || got.octets == 0 {
			t.Errorf("%v: %+v", kind(k), got)
		}
	}
}

// TestAbusersGoOn checks that a dribbling abuser sends the next octet of the
// head a second after the last or later.
func TestAbusersGoOn(t *testing.T) {
	s := besiege(t, 1, 0, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	s.until("the first octet", func() bool { return s.list[0].sent == 1 })
	if len(s.agenda) != 1 || s.agenda[0].at < s.list[0].born+time.Second || s.agenda[0].at > s.list[0].born+5*time.Second {
		t.Errorf("born at %v, to act at %+v", s.list[0].born, s.agenda)
	}
	for range 2 * len(dribble) {
		if err := s.act(0, 0); err != nil {
			t.Fatal(err)
		}
	}
	if s.list[0].sent != 1+2*len(dribble) {
		t.Errorf("%d octets were sent", s.list[0].sent)
	}
}

// TestAbusersAreCutOff checks that a server that ends connections is noticed
// by every kind, and that they come again only if they may.
func TestAbusersAreCutOff(t *testing.T) {
	// Reading nothing, the server resets.
	ends := func(c net.Conn) {
		_ = c.(*net.TCPConn).SetLinger(0)
		_, _ = c.Read(make([]byte, 1))
	}
	s := besiege(t, 6, 0, ends)
	all := func(n int64) func() bool {
		return func() bool {
			return !slices.ContainsFunc(s.tally[:], func(t tally) bool { return t.cut < n })
		}
	}
	s.until("all are cut off", all(2))
	if got := parseTallies(s.figures()); got[neverReads].open != 0 || got[neverReads].cut != 2 || got[neverReads].shortest <= 0 ||
		got[neverReads].shortest > got[neverReads].longest {
		t.Errorf("%+v", got)
	}
	if s.came != 6 {
		t.Errorf("%d came", s.came)
	}
	s = besiege(t, 3, 1000, ends)
	s.until("they come again", all(5))
	if s.came != 3 {
		t.Errorf("%d came", s.came)
	}
}

// TestAbusersObey checks the commands, one of which nobody answers.
func TestAbusersObey(t *testing.T) {
	b, err := newAbusers(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(b.epoll)
	if _, err = b.carryOut("sing"); err == nil {
		t.Error("abusers sang")
	}
	for _, bad := range []string{"begin", "begin 0 0", "begin 1 -1", "begin one 1"} {
		go func() { b.commands <- bad }()
		for range 1000 {
			if err = b.listen(); err != nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if err == nil {
			t.Errorf("%q was obeyed", bad)
		}
	}
}

// TestAbuse takes a short pair of every server that is there, with few abusers.
func TestAbuse(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	o, err := parseAbuseOptions(strings.Fields("-pairs 1 -duration 200ms -conns 8 -abusers 200 -hold 300ms"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := chooseCores()
	if err != nil {
		t.Skip(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dir := t.TempDir()
	a := abuse{o, bench{cores: c, built: map[string]builtServer{nginx: findNginx(dir)}}}
	rows, err := a.measure(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(abuseServers) {
		t.Errorf("%d servers were measured", len(rows))
	}
	for _, r := range rows {
		if r.absent != "" {
			t.Logf("%s is %s", r.server, r.absent)
			continue
		}
		p := r.pairs[0]
		if p.alone.keep.responses == 0 || p.abused.keep.responses == 0 || p.alone.keep.p99 <= 0 || p.abused.during <= 0 {
			t.Errorf("%s: %+v", r.server, p)
		}
		if p.abused.tally[dribbles].open != 67 || p.abused.tally[neverReads].octets == 0 {
			t.Errorf("%s: abusers %+v", r.server, p.abused.tally)
		}
		if r.held == nil || r.held[dribbles].open != 67 {
			t.Errorf("%s: abusers who were held %+v", r.server, r.held)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.measure(ended, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("after an interrupt: %v", err)
	}
}
