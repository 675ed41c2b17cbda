package tls_test

import (
	stdtls "crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/tls"
)

// TestAllocations: after the handshake nothing of ours is allocated for a
// record, and of crypto/tls what TestFactAllocations pins.
func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("checks allocate")
	}
	for name, version := range versions {
		for _, size := range []int{100, 16384} {
			c := newTalker(t, version, tls.New(tls.Config{}))
			records := make([][]byte, 300)
			for i := range records {
				records[i] = c.record(typeData, make([]byte, size))
			}
			plain, sealed := make([]byte, 0, 64<<10), make([]byte, 0, 64<<10)
			message := make([]byte, size)
			i := 0
			received := testing.AllocsPerRun(200, func() {
				if _, p, _, err := c.c.Receive(records[i], plain, sealed, 0); err != nil || len(p) != size {
					t.Fatal(len(p), err)
				}
				i++
			})
			sent := testing.AllocsPerRun(100, func() {
				if _, err := c.c.Seal(sealed, message); err != nil {
					t.Fatal(err)
				}
			})
			if received > 1 || sent > 0 {
				t.Errorf("%s, %d octets: %g allocations to receive, %g to send", name, size, received, sent)
			}
		}
	}
}

// TestCutAllocations: for a record that arrives in parts a block is borrowed
// and given back.
func TestCutAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("checks allocate")
	}
	c := newTalker(t, stdtls.VersionTLS13, tls.New(tls.Config{}))
	records := make([][]byte, 300)
	for i := range records {
		records[i] = c.record(typeData, make([]byte, 16384))
	}
	plain := make([]byte, 0, 64<<10)
	i := 0
	n := testing.AllocsPerRun(200, func() {
		for _, part := range [][]byte{records[i][:8000], records[i][8000:]} {
			if _, _, _, err := c.c.Receive(part, plain, nil, 0); err != nil {
				t.Fatal(err)
			}
		}
		i++
	})
	if n > 2 { // one is crypto/tls's, and the collector may empty the pool
		t.Errorf("%g allocations", n)
	}
}

// TestIdleMemory: what a connection costs that waits, all that belongs to it
// and to crypto/tls counted.
func TestIdleMemory(t *testing.T) {
	if invariant.Enabled {
		t.Skip("checks need memory")
	}
	for _, test := range []struct {
		name string
		size int
		most uint64
	}{
		{"small records", 100, 8 << 10},
		{"a full record once", 16384, 26 << 10},
	} {
		for name, version := range versions {
			per := idle(t, version, 300, test.size)
			t.Logf("%s, %s: %d octets a connection", name, test.name, per)
			if per > test.most {
				t.Errorf("%s, %s: %d octets a connection, not %d", name, test.name, per, test.most)
			}
		}
	}
}

// TestPartMemory: a peer that has sent little of a long record holds little.
func TestPartMemory(t *testing.T) {
	if invariant.Enabled {
		t.Skip("checks need memory")
	}
	const n = 100
	shared := tls.New(tls.Config{})
	var peers []*talker
	for range n {
		peers = append(peers, newTalker(t, stdtls.VersionTLS13, shared))
	}
	before := heap()
	for _, p := range peers {
		for _, b := range p.record(typeData, make([]byte, 16384))[:100] {
			if _, _, _, err := p.c.Receive([]byte{b}, nil, nil, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if per := (int64(heap()) - int64(before)) / n; per > 600 {
		t.Errorf("%d octets for 100 of a record", per)
	}
	runtime.KeepAlive(peers)
}

// heap returns the octets on the heap and in stacks.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools kept over the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// idle returns the octets that one of n connections costs which exchanged
// messages of a size. Nothing of the clients is left.
func idle(tb testing.TB, version uint16, n, size int) uint64 {
	tb.Helper()
	server, client := configs(version)
	client.DynamicRecordSizingDisabled = true
	shared := tls.New(tls.Config{})
	conns := make([]*tls.Conn, 0, n)
	before := heap()
	for range n {
		s := &side{}
		err := s.play(tb, shared, server, func(l *link) error {
			c := stdtls.Client(l, client)
			_, err := c.Write(make([]byte, size))
			return err
		})
		if err != nil || s.err != nil || len(s.plain) != size {
			tb.Fatal(err, s.err, len(s.plain))
		}
		s.c.TakeReport()
		c := new(tls.Conn)
		*c = s.c
		conns = append(conns, c)
	}
	after := heap()
	runtime.KeepAlive(conns)
	return (after - before) / uint64(n)
}

// BenchmarkIdleMemory reports what idle connections cost, and what they cost
// in net/http.
func BenchmarkIdleMemory(b *testing.B) {
	const n = 500
	for _, size := range []int{100, 16384} {
		b.Run(fmt.Sprintf("windhover/%d", size), func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(idle(b, stdtls.VersionTLS13, n, size)), "B/conn")
			}
		})
		b.Run(fmt.Sprintf("net/http/%d", size), func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(idleHTTP(b, n, size)), "B/conn")
			}
		})
	}
}

// idleHTTP is idle for net/http. Both ends of the sockets are counted, some
// hundred octets each; of the clients nothing else is left.
func idleHTTP(b *testing.B, n, size int) uint64 {
	b.Helper()
	config, client := configs(stdtls.VersionTLS13)
	config.NextProtos, client.NextProtos = []string{"http/1.1"}, []string{"http/1.1"}
	client.DynamicRecordSizingDisabled = true
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{TLSConfig: config, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	})}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	defer server.Close()
	before := heap()
	for range n {
		near, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer near.Close()
		c := stdtls.Client(near, client)
		content := max(0, size-100)
		request := fmt.Sprintf("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", content)
		if _, err := io.WriteString(c, request+string(make([]byte, content))); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1024)); err != nil {
			b.Fatal(err)
		}
	}
	return (heap() - before) / uint64(n)
}
