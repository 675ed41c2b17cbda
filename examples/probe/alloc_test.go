package main

import (
	"bytes"
	"crypto/tls"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// TestAllocations checks what an exchange allocates: the real loop, engine and
// pipeline on a simulated kernel, from the octets of the request to those of
// the response. What is not 0 belongs to the app or to its answer: the value
// and the text of encoding/json; the reader, its bound and the memory of
// io.CopyN; the value of Allow.
func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the race detector and the checks allocate; the plain build counts")
	}
	const (
		end      = " HTTP/1.1\r\nHost: x\r\n\r\n"
		user     = " /users/7 HTTP/1.1\r\nHost: x\r\nAuthorization: t\r\n"
		viewed   = " HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\nCookie: a=b; session=s\r\n\r\n"
		withID   = "X-Request-Id: 0123456789\r\n\r\n"
		chunked  = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
		expected = "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
	)
	for name, tt := range map[string]struct {
		send   string
		status string
		count  int // responses
		allocs float64
	}{
		"plaintext":             {"GET /plaintext" + end, "200 OK", 1, 0},
		"plaintext, HEAD":       {"HEAD /plaintext" + end, "200 OK", 1, 0},
		"plaintext, 16 at once": {strings.Repeat("GET /plaintext"+end, 16), "200 OK", 16, 0},
		"user":                  {"GET" + user + withID, "200 OK", 1, 0},
		"user, id made":         {"GET" + user + "\r\n", "200 OK", 1, 0},
		"user, HEAD":            {"HEAD" + user + withID, "200 OK", 1, 0},
		"user, 16 at once":      {strings.Repeat("GET"+user+withID, 16), "200 OK", 16, 0},
		"user, unauthorized":    {"GET /users/7" + end, "401 Unauthorized", 1, 0},
		"not found":             {"GET /nowhere" + end, "404 Not Found", 1, 0},
		"no content":            {"GET /nocontent" + end, "204 No Content", 1, 0},
		"options":               {"OPTIONS /headers" + end, "204 No Content", 1, 1},
		"fields, off the loop":  {"GET /headers" + end, "200 OK", 1, 0},
		"fields, 4 at once":     {strings.Repeat("GET /headers"+end, 4), "200 OK", 4, 0},
		"stream":                {"GET /stream/3" + end, "200 OK", 1, 0},
		"large":                 {"GET /large?size=10000" + end, "200 OK", 1, 3},
		"echo":                  {"POST /echo HTTP/1.1\r\nHost: x\r\n" + chunked, "200 OK", 1, 0},
		"echo, expected":        {"POST /echo HTTP/1.1\r\nHost: x\r\n" + expected + "abc", "200 OK", 1, 0},
		"views":                 {"GET /views/kes?tag=a" + viewed, "200 OK", 1, 0},
		"json":                  {"GET /json" + end, "200 OK", 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSteady(t, nil, nil)
			answer := s.exchange(tt.send)
			if got := bytes.Count(answer, []byte("HTTP/1.1 "+tt.status)); got != tt.count {
				t.Fatalf("answered %q", answer)
			}
			if n := testing.AllocsPerRun(200, func() { s.exchange(tt.send) }); n != tt.allocs {
				t.Errorf("%v allocations; want %v", n, tt.allocs)
			}
		})
	}
}

// TestAllocationsOfThePool is TestAllocations with the pool of a server, whose
// goroutines the runtime reuses.
func TestAllocationsOfThePool(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the race detector and the checks allocate; the plain build counts")
	}
	s := newSteady(t, sdk.NewPool(1), nil)
	request := []byte("GET /headers HTTP/1.1\r\nHost: x\r\n\r\n")
	exchange := func() {
		s.peer.Forget()
		s.peer.Send(request)
		for range 100_000 {
			if err := s.loop.Turn(0); err != nil {
				t.Fatal(err)
			}
			if len(s.peer.Received()) > 0 {
				return
			}
			runtime.Gosched()
		}
		t.Fatal("no answer")
	}
	exchange()
	if n := testing.AllocsPerRun(200, exchange); n != 0 {
		t.Errorf("%v allocations; want 0", n)
	}
}

// TestAllocationsOverTLS checks that TLS adds nothing of ours to an exchange after
// the handshake, on the loop and off it: the one allocation is that of
// crypto/tls for a record that it opens (package tls pins it); for those that
// it seals there is none.
func TestAllocationsOverTLS(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the race detector and the checks allocate; the plain build counts")
	}
	const end = " HTTP/1.1\r\nHost: x\r\n\r\n"
	server, client := tlsConfigs(t)
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		for _, tt := range []struct {
			name, send string
		}{
			{"plaintext", "GET /plaintext" + end},
			{"plaintext, 16 at once", strings.Repeat("GET /plaintext"+end, 16)},
			{"fields, off the loop", "GET /headers" + end},
			{"stream, off the loop", "GET /stream/3" + end},
			{"echo, off the loop", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"},
		} {
			t.Run(name+", "+tt.name, func(t *testing.T) {
				s := newSteady(t, nil, server)
				versioned := client.Clone()
				versioned.MaxVersion = version
				p := sdktest.Secure(s.peer, versioned)
				p.Send([]byte("GET /nocontent" + end))
				for range 10_000 {
					if err := s.loop.Turn(0); err != nil {
						t.Fatal(err)
					}
					if len(p.Received()) > 0 {
						break
					}
					time.Sleep(100 * time.Microsecond) // the handshake has a goroutine
				}
				const runs = 100
				records := make([]string, 0, runs+20)
				for range cap(records) {
					records = append(records, string(p.Seal([]byte(tt.send))))
				}
				next := func() []byte {
					answer := s.exchange(records[0])
					records = records[1:]
					return answer
				}
				for range 15 { // pools and buffers fill
					if len(next()) < 50 {
						t.Fatal("no answer")
					}
				}
				if n := testing.AllocsPerRun(runs, func() { next() }); n != 1 {
					t.Errorf("%v allocations; want that of crypto/tls", n)
				}
			})
		}
	}
}

// A steady is a server with one connection, which allocates nothing itself.
type steady struct {
	t    *testing.T
	loop *netpoll.Loop
	pool inline
	peer *sim.Peer
	send []byte
}

// newSteady returns a server whose units run on pool, or, when that is nil, in
// exchange. It has TLS if config is not nil.
func newSteady(t *testing.T, pool sdk.Pool, config sdk.TLSConfig) *steady {
	t.Helper()
	network := sim.NewCalm()
	kernel, err := network.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	fd, addr, err := network.Listen(netip.MustParseAddrPort("127.0.0.1:0"), netpoll.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := &steady{t: t}
	if pool == nil {
		pool = &s.pool
	}
	var host *sdk.Host
	s.loop, host, err = sdk.NewLoop(kernel, sdk.Config{}, pool)
	if err != nil {
		t.Fatal(err)
	}
	var setup sdk.Setup
	NewPipeline(new(Counter)).Install(&setup)
	accept := setup.Accept(host, msg.PolicyStrict)
	if config != nil {
		terminator, failed := setup.Security().Prepare(config, make([]sdk.SecureEndpoint, 1), []string{"http/1.1"}, host.Limits())
		if failed != nil {
			t.Fatal(failed)
		}
		t.Cleanup(terminator.Close)
		accept = terminator.Attach(host, 0, setup.AcceptSecured(host, msg.PolicyStrict))
	}
	if err = s.loop.Serve(fd, accept); err != nil {
		t.Fatal(err)
	}
	if s.peer, err = network.Dial(addr); err != nil {
		t.Fatal(err)
	}
	return s
}

// exchange sends octets and returns what is answered until nothing more is done.
func (s *steady) exchange(send string) []byte {
	s.peer.Forget()
	s.send = append(s.send[:0], send...)
	s.peer.Send(s.send)
	for range 10 {
		if err := s.loop.Turn(0); err != nil {
			s.t.Fatal(err)
		}
		s.pool.run()
	}
	return s.peer.Received()
}

// inline is a pool whose units run between turns, on the goroutine of the
// test. None may wait for its peer.
type inline struct{ units []sdk.Unit }

// Start implements sdk.Pool.
func (p *inline) Start(u sdk.Unit) { p.units = append(p.units, u) }

// Waiter implements sdk.Pool.
func (p *inline) Waiter() netpoll.Waiter { return never{} }

func (p *inline) run() {
	for i := 0; i < len(p.units); i++ {
		p.units[i].RunUnit()
	}
	p.units = p.units[:0]
}

// never is the waiter of a unit that does not wait.
type never struct{}

// Wait implements netpoll.Waiter.
func (never) Wait() { panic("a unit waits") }

// Wake implements netpoll.Waiter.
func (never) Wake() {}
