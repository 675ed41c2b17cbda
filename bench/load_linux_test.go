package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listen serves every connection with f, and ends when the test does.
func listen(t *testing.T, f func(net.Conn)) *unix.SockaddrInet4 {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(c)
			}()
		}
	}()
	return &unix.SockaddrInet4{Port: l.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
}

// answerTo returns a server that answers request number i of a connection,
// from 0, with what answer returns, and closes on "".
func answerTo(answer func(i int) string) func(net.Conn) {
	return func(c net.Conn) {
		in := make([]byte, len(request))
		for i := 0; ; i++ {
			if _, err := io.ReadFull(c, in); err != nil || string(in) != request {
				return
			}
			out := answer(i)
			if out == "" {
				return
			}
			// Two pieces, so that answers arrive cut.
			if _, err := io.WriteString(c, out[:9]); err != nil {
				return
			}
			if _, err := io.WriteString(c, out[9:]); err != nil {
				return
			}
		}
	}
}

// TestLoad checks that every response is counted, and none besides.
func TestLoad(t *testing.T) {
	for _, depth := range []int{1, 16} {
		var answered atomic.Int64
		addr := listen(t, answerTo(func(int) string { answered.Add(1); return answer }))
		l, err := newLoad(addr, depth)
		if err != nil {
			t.Fatal(err)
		}
		defer l.close()
		for _, n := range []int{3, 8} {
			had := len(l.conns)
			if c, err := l.grow(n); err != nil || c.responses != int64(n-had) || c.octets != int64((n-had)*len(answer)) {
				t.Fatalf("grow to %d: %+v, %v", n, c, err)
			}
			before := answered.Load()
			got, err := l.run(20 * time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if want := answered.Load() - before; got.responses != want || want < int64(depth) || got.octets != want*int64(len(answer)) {
				t.Errorf("depth %d: counted %+v, answered %d", depth, got, want)
			}
		}
		if len(l.conns) != 8 {
			t.Errorf("%d connections", len(l.conns))
		}
	}
}

// TestReceive cuts a batch of answers in two at every octet: it is complete
// once, with its last octet.
func TestReceive(t *testing.T) {
	const depth = 3
	batch := strings.Repeat(answer, depth)
	l, c, peer := loadOfOne(t, depth)
	for cut := range len(batch) + 1 {
		for _, piece := range []string{batch[:cut], batch[cut:]} {
			if piece == "" {
				continue // an empty write is no octet
			}
			before := c.got
			if _, err := unix.Write(peer, []byte(piece)); err != nil {
				t.Fatal(err)
			}
			complete, err := l.receive(c)
			if want := before+len(piece) == len(batch); err != nil || complete != want {
				t.Fatalf("cut at %d, after %d octets: complete is %v, not %v; err = %v", cut, before+len(piece), complete, want, err)
			}
		}
		if complete, err := l.receive(c); complete || err != nil || c.got != 0 {
			t.Fatalf("cut at %d, nothing more arrived: complete is %v, %d octets, err = %v", cut, complete, c.got, err)
		}
	}
}

// TestReceiveBroken checks that a wrong answer counts nowhere in a batch, and
// that an octet too many is found at the next batch.
func TestReceiveBroken(t *testing.T) {
	const depth = 3
	wrong := strings.Replace(answer, "World", "Werld", 1)
	for i := range depth {
		l, c, peer := loadOfOne(t, depth)
		batch := strings.Repeat(answer, i) + wrong + strings.Repeat(answer, depth-1-i)
		if _, err := unix.Write(peer, []byte(batch)); err != nil {
			t.Fatal(err)
		}
		if complete, err := l.receive(c); complete || err == nil {
			t.Errorf("answer %d is wrong: complete is %v, err = %v", i, complete, err)
		}
	}
	l, c, peer := loadOfOne(t, depth)
	if _, err := unix.Write(peer, []byte(strings.Repeat(answer, depth)+"H"+strings.Repeat(answer, depth))); err != nil {
		t.Fatal(err)
	}
	if complete, err := l.receive(c); !complete || err != nil {
		t.Fatalf("the batch before the extra octet: %v, %v", complete, err)
	}
	if complete, err := l.receive(c); complete || err == nil {
		t.Errorf("the batch after the extra octet: %v, %v", complete, err)
	}
}

// loadOfOne returns a load with one connection, and the descriptor of its peer.
func loadOfOne(t *testing.T, depth int) (*load, *conn, int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(pair[0]); unix.Close(pair[1]) })
	return &load{depth: depth, size: len(answer)}, &conn{fd: pair[0], in: make([]byte, depth*len(answer))}, pair[1]
}

// TestObey checks the commands that bench gives to its load.
func TestObey(t *testing.T) {
	l, err := newLoad(listen(t, answerTo(func(int) string { return answer })), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	var out strings.Builder
	if err := obey(strings.NewReader("grow 3\ngrow 3\nrun 5ms\nsing 1\nrun fast\ngrow many\n"), &out, l.carryOut); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []struct {
		low, high int64
		bad       bool
	}{{low: 3, high: 3}, {}, {low: 3, high: 1 << 40}, {bad: true}, {bad: true}, {bad: true}} {
		figures, err := parseAnswer(lines[i], 2)
		if want.bad != (err != nil) {
			t.Errorf("%s: %v", lines[i], err)
		}
		if err != nil {
			continue
		}
		c := count{figures[0], figures[1]}
		if c.responses < want.low || c.responses > want.high || c.octets != c.responses*int64(len(answer)) {
			t.Errorf("%s: %+v, %v", lines[i], c, err)
		}
	}
	for _, line := range []string{"panic: of the load", "ok 1", "ok 1 2 3", "ok 1 two", "error unquoted"} {
		if _, err := parseAnswer(line, 2); err == nil {
			t.Errorf("%q is no answer, and was understood", line)
		}
	}
}

// TestLoadRefuses checks that a server that answers wrongly is not measured.
func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(i int) string
		want   string
	}{
		{"the first is no 200", func(int) string { return strings.Replace(answer, "200", "404", 1) }, "404"},
		{"the first has other content", func(int) string { return strings.Replace(answer, "World", "Werld", 1) }, "Werld"},
		{"closed at the first", func(int) string { return "" }, "first answer"},
		{"a later one is no 200", func(i int) string {
			if i == 9 {
				return strings.Replace(answer, "200", "503", 1)
			}
			return answer
		}, "503"},
		{"closed later", func(i int) string {
			if i == 9 {
				return ""
			}
			return answer
		}, "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := newLoad(listen(t, answerTo(tt.answer)), 1)
			if err != nil {
				t.Fatal(err)
			}
			defer l.close()
			if _, err = l.grow(1); err == nil {
				_, err = l.run(time.Second)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, not one with %q", err, tt.want)
			}
		})
	}
}

func TestConnectRefused(t *testing.T) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	_, err = connect(&unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	if !errors.Is(err, unix.ECONNREFUSED) {
		t.Error(err)
	}
}

// TestProcessTime checks the clock on this process: work shows, sleep does not.
func TestProcessTime(t *testing.T) {
	clock := func() time.Duration {
		d, err := processTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	before := clock()
	for began := time.Now(); time.Since(began) < 20*time.Millisecond; {
	}
	if d := clock() - before; d <= 0 {
		t.Errorf("20 ms of work took %v", d)
	}
	if _, err := processTime(1 << 22); err == nil {
		t.Error("a process that does not exist has a clock")
	}
}

func TestPrivateDirty(t *testing.T) {
	got, err := parsePrivateDirty([]byte("55d5c0000000-7ffc rollup\nRss:  900 kB\nPrivate_Clean: 8 kB\nPrivate_Dirty:       412 kB\n"))
	if err != nil || got != 412<<10 {
		t.Errorf("%d, %v", got, err)
	}
	if _, err = parsePrivateDirty([]byte("Rss: 900 kB\n")); err == nil {
		t.Error("found what is not there")
	}
	if got, err = privateDirty(os.Getpid()); err != nil || got <= 0 {
		t.Errorf("of this process: %d, %v", got, err)
	}
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		args                   string
		bad                    bool
		plain, pipelined, idle int // rows that are wanted
	}{
		{args: "", plain: 3, pipelined: 3, idle: 3},
		{args: "-only cpu", plain: 3, pipelined: 3},
		{args: "-only memory", idle: 3},
		{args: "-server hello", plain: 2, pipelined: 2},
		{args: "-server net/http", plain: 2, pipelined: 2, idle: 2},
		{args: "-server floor -only memory", idle: 1},
		{args: "-server app -only memory", idle: 2},
		{args: "-server app -only cpu", bad: true},
		{args: "-server nobody", bad: true},
		{args: "-only time", bad: true},
		{args: "-rounds 0", bad: true},
		{args: "-conns 20000", bad: true},
		{args: "-duration 0s", bad: true},
		{args: "cpu", bad: true},
	} {
		o, err := parseOptions(strings.Fields(tt.args))
		if tt.bad != (err != nil) {
			t.Errorf("%s: %v", tt.args, err)
		}
		if tt.bad {
			continue
		}
		for i, want := range []int{tt.plain, tt.pipelined, tt.idle} {
			got := 0
			for _, s := range tables[i].servers {
				if o.wants(tables[i], s) {
					got++
				}
			}
			if got != want {
				t.Errorf("%s: %d rows of %s, not %d", tt.args, got, tables[i].name, want)
			}
		}
	}
}

// TestMain lets the test binary be the load and the abusers that tests start.
func TestMain(m *testing.M) {
	runChild()
	os.Exit(m.Run())
}

// TestMeasure takes one short round of a server that is there everywhere, and
// none after an interrupt.
func TestMeasure(t *testing.T) {
	o, err := parseOptions(strings.Fields("-rounds 1 -duration 20ms -conns 4 -server net/http"))
	if err != nil {
		t.Fatal(err)
	}
	built, err := buildServers(t.Context(), o, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cores, err := chooseCores()
	if err != nil {
		t.Skip(err)
	}
	b := bench{o, cores, built}
	rows, err := b.measure(t.Context(), tables[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.absent == "" && (len(r.samples) != 1 || r.samples[0].cost <= 0 || r.samples[0].rate <= 0) {
			t.Errorf("%s: %+v", r.server, r.samples)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.measure(ended, tables[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("after an interrupt: %v", err)
	}
}

// TestInterrupt ends the context while a server is loaded: the round ends at
// once, and no process is left.
func TestInterrupt(t *testing.T) {
	built := map[string]builtServer{floor: buildFloor(t.Context(), t.TempDir())}
	if built[floor].absent != "" {
		t.Skip(built[floor].absent)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cores, err := chooseCores()
	if err != nil {
		t.Skip(err)
	}
	s, err := startServer(built[floor], cores)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d, err := startDriver(ctx, s.port, 1, inClear, cores)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.grow(2); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	if _, err := d.run(time.Minute); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("the load ended after %v: %v", time.Since(began), err)
	}
	if err := errors.Join(d.stop(), s.stop()); err != nil {
		t.Error(err)
	}
	for _, pid := range []int{d.cmd.Process.Pid, s.cmd.Process.Pid} {
		if err := unix.Kill(pid, 0); !errors.Is(err, unix.ESRCH) {
			t.Errorf("process %d is left: %v", pid, err)
		}
	}
}

// BenchmarkCalls writes and reads 40 octets with the calls of the load and with
// those that the runtime is told of.
func BenchmarkCalls(b *testing.B) {
	for _, bb := range []struct {
		name        string
		read, write func(int, []byte) (int, error)
	}{{"raw", rawRead, rawWrite}, {"told", unix.Read, unix.Write}} {
		b.Run(bb.name, func(b *testing.B) {
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer unix.Close(pair[0])
			defer unix.Close(pair[1])
			in := make([]byte, len(request))
			for b.Loop() {
				_, written := bb.write(pair[0], []byte(request))
				if n, err := bb.read(pair[1], in); written != nil || err != nil || n != len(request) {
					b.Fatal(written, err, n)
				}
			}
		})
	}
}

// TestKeep asks on a schedule over real connections: everything that was due is
// answered, once, and a server that ends a connection is an error.
func TestKeep(t *testing.T) {
	var answered atomic.Int64
	addr := listen(t, answerTo(func(int) string { answered.Add(1); return answer }))
	l, err := newLoad(addr, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	if _, err = l.keep(schedule{100, time.Second}); err == nil {
		t.Error("kept a schedule without connections")
	}
	if _, err = l.grow(4); err != nil {
		t.Fatal(err)
	}
	before := answered.Load()
	figures, err := l.carryOut("keep 1000 50ms")
	if err != nil {
		t.Fatal(err)
	}
	k := parseKeep(figures)
	if k.responses != 50 || k.unanswered != 0 || answered.Load()-before != 50 {
		t.Errorf("%+v, %d answered", k, answered.Load()-before)
	}
	if k.p50 <= 0 || k.p50 > k.p99 || k.p99 > k.p999 || k.p999 > k.highest {
		t.Errorf("%+v", k)
	}
	for _, bad := range []string{"keep", "keep 1000", "keep fast 1s"} {
		if _, err = l.carryOut(bad); err == nil {
			t.Errorf("%q was obeyed", bad)
		}
	}
	ends, err := newLoad(listen(t, answerTo(func(i int) string {
		if i == 3 {
			return ""
		}
		return answer
	})), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer ends.close()
	if _, err := ends.grow(1); err != nil {
		t.Fatal(err)
	}
	if _, err := ends.keep(schedule{1000, 50 * time.Millisecond}); err == nil {
		t.Error("the server ended the connection, and nobody minds")
	}
}
