package https_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/https"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// A memory is a server on a simulated network.
type memory struct {
	*sdktest.Server
	t      *testing.T
	client *tls.Config
}

func newMemory(t *testing.T, a *authority, network *sim.Network, config sdk.Config) *memory {
	t.Helper()
	before := runtime.NumGoroutine()
	if config.TLS == nil {
		config.TLS = &https.Config{Certificates: []https.Certificate{a.files("one", "localhost")}, ReloadInterval: -1}
	}
	s, err := sdktest.NewServer(app{}, network, config)
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{s, t, a.client("", "localhost")}
	t.Cleanup(func() {
		t.Helper()
		if err := s.End(); err != nil {
			t.Error(err)
		}
		if n := s.Network.Open(); n != 0 {
			t.Errorf("%d descriptors stay", n)
		}
		for range 1000 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond) // the last handshakes are about to notice
		}
		t.Errorf("%d goroutines; %d before", runtime.NumGoroutine(), before)
	})
	return m
}

// until turns until done, and gives the goroutines of handshakes time.
func (m *memory) until(what string, done func() bool) {
	m.t.Helper()
	for late := time.Now().Add(20 * time.Second); !done(); {
		if time.Now().After(late) {
			m.t.Fatalf("%s does not happen", what)
		}
		m.turn()
	}
}

func (m *memory) turn() {
	m.t.Helper()
	if err := m.Step(0); err != nil {
		m.t.Fatal(err)
	}
	time.Sleep(5 * time.Microsecond)
}

// failed returns how many failed for a reason.
func (m *memory) failed(reason string) uint64 {
	for _, c := range m.TLS().Failures {
		if c.Name == reason {
			return c.Count
		}
	}
	return 1 << 60
}

const (
	request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
	offLine = "POST /off HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
)

// TestEveryCut cuts the handshake and two requests at every octet of the wire:
// one octet after another, and once at each place.
func TestEveryCut(t *testing.T) {
	a := newAuthority(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, cut := range []int{1, 2, 5, 6, 64, 333} {
			m := newMemory(t, a, sim.NewCalm(), sdk.Config{})
			m.client.MaxVersion = version
			peer, err := m.Network.Dial(m.Address)
			if err != nil {
				t.Fatal(err)
			}
			p := sdktest.Secure(peer, m.client)
			p.Cut, p.OnCut = cut, m.turn
			if err := m.Handshake(p); err != nil {
				t.Fatalf("version %x, pieces of %d: %v", version, cut, err)
			}
			for i, r := range []string{request, offLine, request} {
				p.Send([]byte(r))
				m.until("an answer", func() bool { return strings.Count(string(p.Received()), "content 3") == i+1 })
			}
			p.CloseNotify()
			m.until("the end", func() bool { p.Progress(); return p.Err() == io.EOF && p.Ended() })
		}
	}
}

// TestRandomCuts does the same on a network that cuts, delays and bounds what
// goes both ways by chance.
func TestRandomCuts(t *testing.T) {
	a := newAuthority(t)
	pair := &https.Config{Certificates: []https.Certificate{a.files("one", "localhost")}, ReloadInterval: -1}
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 5))
		m := newMemory(t, a, sim.New(seed, sim.Faults{}), sdk.Config{TLS: pair})
		peer, err := m.Network.Dial(m.Address)
		if err != nil {
			t.Fatal(err)
		}
		peer.SetWindow(1 + r.IntN(2000))
		p := sdktest.Secure(peer, m.client)
		if err := m.Handshake(p); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		n := 1 + r.IntN(20)
		for range n {
			p.Send([]byte([]string{request, offLine}[r.IntN(2)]))
		}
		m.until(fmt.Sprintf("seed %d: an answer", seed), func() bool { return strings.Count(string(p.Received()), "content 3") == n })
		p.CloseWrite()
		m.until(fmt.Sprintf("seed %d: the end", seed), func() bool { p.Progress(); return p.Err() == io.EOF && p.Closed() })
	}
}

// TestAllAtOnce has a client send its request, close_notify and the end of its
// stream together with the end of its handshake. It is answered, and the
// connection ends.
func TestAllAtOnce(t *testing.T) {
	a := newAuthority(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, end := range []bool{false, true} {
			m := newMemory(t, a, sim.NewCalm(), sdk.Config{})
			m.client.MaxVersion = version
			peer, err := m.Network.Dial(m.Address)
			if err != nil {
				t.Fatal(err)
			}
			p := sdktest.Secure(peer, m.client)
			p.Send([]byte(request + offLine))
			if end {
				p.CloseNotify()
			}
			m.until("the handshake", func() bool {
				if done := p.Progress(); !done {
					return false
				}
				peer.CloseWrite() // before the server turns
				return true
			})
			m.until("the end", func() bool { p.Progress(); return p.Err() != nil })
			if n := strings.Count(string(p.Received()), "content 3"); n != 2 || p.Err() != io.EOF {
				t.Errorf("version %x, close_notify %t: %d answers, then %v", version, end, n, p.Err())
			}
			m.until("the close", func() bool { return m.Loop.Conns() == 0 })
		}
	}
}

// hello returns a ClientHello.
func hello(t *testing.T, client *tls.Config) []byte {
	t.Helper()
	wire := new(recorder)
	_ = tls.Client(wire, client).Handshake() // nobody answers
	return wire.Bytes()
}

// A recorder is a net.Conn that nobody answers.
type recorder struct {
	net.Conn
	bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error)    { return r.Buffer.Write(p) }
func (*recorder) Read([]byte) (int, error)         { return 0, io.EOF }
func (*recorder) Close() error                     { return nil }
func (*recorder) SetWriteDeadline(time.Time) error { return nil }

// TestPeersThatFail has peers stop, end, reset and send nonsense in every stage
// of a handshake and behind it. The counters say why, and nothing of them stays.
func TestPeersThatFail(t *testing.T) {
	a := newAuthority(t)
	first := hello(t, a.client("", "localhost"))
	if len(first) < 100 {
		t.Fatalf("a ClientHello of %d octets", len(first))
	}
	old := a.client("", "localhost")
	old.MaxVersion = tls.VersionTLS12
	alert := []byte{21, 3, 3, 0, 2, 2, 40}
	for _, tt := range []struct {
		name   string
		send   []byte // in the clear
		after  func(p *sim.Peer)
		reason string // "" is none: nobody began
	}{
		{"says nothing", nil, nil, "timeout"},
		{"stops in the ClientHello", first[:50], nil, "timeout"},
		{"stops behind the ClientHello", first, nil, "timeout"},
		{"ends before it says anything", nil, (*sim.Peer).CloseWrite, "end"},
		{"ends in the ClientHello", first[:50], (*sim.Peer).CloseWrite, "end"},
		{"ends behind the ClientHello", first, (*sim.Peer).CloseWrite, "end"},
		{"resets in the ClientHello", first[:50], (*sim.Peer).Reset, "stopped"},
		{"resets behind the ClientHello", first, (*sim.Peer).Reset, "stopped"},
		{"sends an alert", append(hello(t, old), alert...), nil, "peer-alert"},
		{"sends an alert in the clear in TLS 1.3", append(bytes.Clone(first), alert...), nil, "record"},
		{"sends garbage", []byte("\x99\x98\x97 garbage"), nil, "not-tls"},
		{"sends garbage behind the ClientHello", append(bytes.Clone(first), "garbage"...), nil, "record"},
		{"sends a record that is too long", []byte{22, 3, 1, 0xff, 0xff, 1, 0, 0, 1}, nil, "record"},
		{"sends an empty hello", []byte{22, 3, 1, 0, 4, 1, 0, 0, 0}, nil, "message"},
		{"begins HTTP", []byte("GET / HTTP/1.1\r\n\r\n"), nil, "http"},
		{"begins HTTP/2", []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), nil, "http2-preface"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMemory(t, a, sim.NewCalm(), sdk.Config{})
			p, err := m.Network.Dial(m.Address)
			if err != nil {
				t.Fatal(err)
			}
			p.Send(tt.send)
			for range 20 {
				m.turn()
			}
			if tt.after != nil {
				tt.after(p)
			}
			if tt.reason == "timeout" {
				m.Network.Advance(int64(10*time.Second) - 1)
				for range 10 {
					m.turn()
				}
				if p.Ended() {
					t.Fatal("it ends before HandshakeTimeout")
				}
				m.Network.Advance(int64(time.Second)) // the clock of the loop is not finer
			}
			m.until("the end", func() bool { return p.Ended() || m.Loop.Conns() == 0 })
			p.CloseWrite()
			m.until("the close", func() bool { return m.Loop.Conns() == 0 })
			for _, c := range m.TLS().Failures {
				if (c.Name == tt.reason) != (c.Count == 1) {
					t.Errorf("%s: %d; want one %s", c.Name, c.Count, tt.reason)
				}
			}
		})
	}
}

// TestAfterTheHandshake has a peer break the protocol behind its handshake: it is
// told why by an alert, and the connection ends at once, on the loop and
// while a unit has it.
func TestAfterTheHandshake(t *testing.T) {
	a := newAuthority(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, path := range []string{"/", "/read"} {
			t.Run(fmt.Sprintf("%x %s", version, path), func(t *testing.T) {
				m := newMemory(t, a, sim.NewCalm(), sdk.Config{})
				m.client.MaxVersion = version
				p, err := m.DialSecure(m.client)
				if err != nil {
					t.Fatal(err)
				}
				p.Send([]byte("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"))
				for range 20 {
					m.turn()
				}
				p.Peer.Send([]byte{23, 3, 3, 0, 30})
				p.Peer.Send(make([]byte, 30)) // a record that nobody sealed
				m.until("the end", func() bool { p.Progress(); return p.Ended() })
				p.Progress()
				if !strings.Contains(fmt.Sprint(p.Err()), "bad record MAC") {
					t.Errorf("the peer sees %v; want the alert", p.Err())
				}
				m.until("the close", func() bool { return m.Loop.Conns() == 0 })
				if n := m.failed("record"); n != 1 {
					t.Errorf("%d were counted: %+v", n, m.TLS().Failures)
				}
			})
		}
	}
}

// TestFlood begins handshakes without end that never end: what they cost is
// bounded, a client that is quick gets through all the same, and the ones that
// are too many are refused and counted.
func TestFlood(t *testing.T) {
	a := newAuthority(t)
	m := newMemory(t, a, sim.NewCalm(), sdk.Config{Limits: sdk.Limits{Handshakes: 2}})
	first := hello(t, m.client)
	goroutines := runtime.NumGoroutine()
	flood := 3000
	var peers []*sim.Peer
	const bound = 1100 // the engine's limit of begun handshakes is 1,024
	most := 0
	for i := range flood { // the number of its beginning
		p, err := m.Network.Dial(m.Address)
		if err != nil {
			t.Fatal(err)
		}
		p.Send(first)
		peers = append(peers, p)
		if i%16 == 0 {
			m.turn()
			// Those that were dropped end as soon as they are let run.
			for range 1000 {
				if runtime.NumGoroutine()-goroutines <= bound {
					break
				}
				runtime.Gosched()
			}
			most = max(most, runtime.NumGoroutine()-goroutines)
		}
	}
	m.until("an answer to a quick client", func() bool {
		p, err := m.Network.Dial(m.Address)
		if err != nil {
			t.Fatal(err)
		}
		quick := sdktest.Secure(p, m.client)
		quick.Send([]byte(request))
		m.until("how its handshake ends", func() bool { return quick.Progress() })
		if quick.Err() != nil {
			flood++ // it was refused: it comes again
			return false
		}
		m.until("its answer", func() bool { return strings.Contains(string(quick.Received()), "content 3") })
		return true
	})
	if most > bound {
		t.Errorf("up to %d goroutines for %d handshakes", most, flood)
	}
	dropped, busy := m.failed("dropped"), m.failed("busy")
	if dropped+busy == 0 {
		t.Errorf("no handshake was dropped or refused: %+v", m.TLS().Failures)
	}
	m.Network.Advance(int64(11 * time.Second))
	m.until("the end of all", func() bool { return m.Loop.Conns() == 1 || allEnded(peers) })
	if n := m.failed("dropped") + m.failed("busy") + m.failed("timeout"); n != uint64(flood) {
		t.Errorf("%d of %d were counted: %+v", n, flood, m.TLS().Failures)
	}
}

func allEnded(peers []*sim.Peer) bool {
	for _, p := range peers {
		if !p.Ended() {
			return false
		}
	}
	return true
}

// TestNeverReads has peers that take nothing: in the handshake, of an answer, and
// of answers without end. What they cost is bounded, and they are cut off in time.
func TestNeverReads(t *testing.T) {
	a := newAuthority(t)
	m := newMemory(t, a, sim.NewCalm(), sdk.Config{})
	inHandshake, err := m.Network.Dial(m.Address)
	if err != nil {
		t.Fatal(err)
	}
	inHandshake.SetWindow(10)
	inHandshake.StopReading()
	inHandshake.Send(hello(t, m.client))
	p, err := m.DialSecure(m.client)
	if err != nil {
		t.Fatal(err)
	}
	p.SetWindow(1000)
	p.StopReading()
	for range 2000 {
		p.Send([]byte(strings.Repeat(request, 20)))
		m.turn()
	}
	if n := len(p.Peer.Received()); n > 20_000 {
		t.Errorf("the peer was sent %d octets; its window is 1,000", n)
	}
	for range 40 {
		m.Network.Advance(int64(10 * time.Second))
		for range 5 {
			m.turn()
		}
	}
	m.until("the end", func() bool { return m.Loop.Conns() == 0 })
	// Limits.ResponseRate comes before HandshakeTimeout.
	if n := m.failed("stopped"); n != 1 {
		t.Errorf("%+v; want one handshake that was stopped", m.TLS().Failures)
	}
}

// TestConnectionsLimit refuses a connection that is one too many before its
// handshake, and counts none of those that are gone.
func TestConnectionsLimit(t *testing.T) {
	a := newAuthority(t)
	m := newMemory(t, a, sim.NewCalm(), sdk.Config{Limits: sdk.Limits{Connections: 2}})
	for range 3 {
		half, err := m.Network.Dial(m.Address) // it takes a place from the beginning
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.DialSecure(m.client)
		if err != nil {
			t.Fatal(err)
		}
		further, err := m.Network.Dial(m.Address)
		if err != nil {
			t.Fatal(err)
		}
		further.Send(hello(t, m.client))
		m.until("the refusal", further.Closed)
		if n := len(further.Received()); n != 0 {
			t.Errorf("%d octets are sent to a connection that is refused", n)
		}
		p.CloseWrite()
		half.Reset()
		m.until("the end of the others", func() bool { return m.Loop.Conns() == 0 })
	}
	if counts := m.TLS(); counts.Handshakes != 3 {
		t.Errorf("%d handshakes; want 3", counts.Handshakes)
	}
}
