package tls_test

import (
	stdtls "crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/windhover-go/windhover/tls"
)

// fails plays a handshake that fails, and returns how, and its report.
func fails(t *testing.T, server, client *stdtls.Config) (*tls.FailureError, error) {
	t.Helper()
	s := &side{}
	clientErr := s.play(t, tls.New(tls.Config{}), server, echo(client, []byte("x")))
	var f *tls.FailureError
	if !errors.As(s.err, &f) {
		t.Fatalf("server: %v; client: %v", s.err, clientErr)
	}
	if s.c.State() != tls.StateFailed || s.c.Err() != error(f) {
		t.Errorf("state %d, %v", s.c.State(), s.c.Err())
	}
	r, ok := s.c.TakeReport()
	if !ok || r.Reason != f.Reason || r.Alert != f.Alert || r.Version != 0 {
		t.Errorf("report %+v, %v", r, ok)
	}
	return f, clientErr
}

func TestFailures(t *testing.T) {
	secret := errors.New("secret")
	for _, test := range []struct {
		name    string
		version uint16
		change  func(server, client *stdtls.Config)
		reason  tls.Reason
		author  tls.Author
		alert   tls.Alert
	}{
		{"version", stdtls.VersionTLS12, func(s, _ *stdtls.Config) { s.MinVersion, s.MaxVersion = stdtls.VersionTLS13, stdtls.VersionTLS13 }, tls.ReasonVersion, tls.AuthorPeer, 70},
		{"cipher suite", stdtls.VersionTLS12, func(s, c *stdtls.Config) {
			s.CipherSuites = []uint16{stdtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
			c.CipherSuites = []uint16{stdtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
		}, tls.ReasonParameters, tls.AuthorPeer, 40},
		{"group", stdtls.VersionTLS13, func(s, c *stdtls.Config) {
			s.CurvePreferences = []stdtls.CurveID{stdtls.CurveP384}
			c.CurvePreferences = []stdtls.CurveID{stdtls.X25519}
		}, tls.ReasonParameters, tls.AuthorPeer, 40},
		{"protocol, TLS 1.2", stdtls.VersionTLS12, alpn, tls.ReasonProtocol, tls.AuthorPeer, 120},
		{"protocol, TLS 1.3", stdtls.VersionTLS13, alpn, tls.ReasonProtocol, tls.AuthorPeer, 120},
		{"server name by crypto/tls", stdtls.VersionTLS13, func(s, _ *stdtls.Config) {
			s.Certificates = nil
			s.GetCertificate = func(*stdtls.ClientHelloInfo) (*stdtls.Certificate, error) { return nil, nil }
		}, tls.ReasonServerName, tls.AuthorPeer, 112},
		{"server name by a function", stdtls.VersionTLS13, func(s, _ *stdtls.Config) {
			s.GetConfigForClient = func(*stdtls.ClientHelloInfo) (*stdtls.Config, error) { return nil, tls.ErrServerName }
		}, tls.ReasonServerName, tls.AuthorPeer, 80},
		{"error of a function", stdtls.VersionTLS13, func(s, _ *stdtls.Config) {
			s.GetConfigForClient = func(*stdtls.ClientHelloInfo) (*stdtls.Config, error) { return nil, secret }
		}, tls.ReasonInternal, tls.AuthorUs, 80},
		{"panic of a function", stdtls.VersionTLS12, func(s, _ *stdtls.Config) {
			s.GetCertificate = func(*stdtls.ClientHelloInfo) (*stdtls.Certificate, error) { panic(secret) }
		}, tls.ReasonInternal, tls.AuthorUs, 80},
		{"no client certificate, TLS 1.2", stdtls.VersionTLS12, demand, tls.ReasonCertificateMissing, tls.AuthorPeer, 40},
		{"no client certificate, TLS 1.3", stdtls.VersionTLS13, demand, tls.ReasonCertificateMissing, tls.AuthorPeer, 0},
		{"foreign client certificate, TLS 1.2", stdtls.VersionTLS12, foreign, tls.ReasonCertificate, tls.AuthorPeer, 48},
		{"foreign client certificate, TLS 1.3", stdtls.VersionTLS13, foreign, tls.ReasonCertificate, tls.AuthorPeer, 0},
		{"server certificate refused, TLS 1.2", stdtls.VersionTLS12, func(_, c *stdtls.Config) { c.RootCAs = x509.NewCertPool() }, tls.ReasonPeer, tls.AuthorPeer, 42},
		{"server certificate refused, TLS 1.3", stdtls.VersionTLS13, func(_, c *stdtls.Config) { c.RootCAs = x509.NewCertPool() }, tls.ReasonPeer, tls.AuthorPeer, 42},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, client := configs(test.version)
			test.change(server, client)
			f, clientErr := fails(t, server, client)
			if f.Reason != test.reason || f.Author != test.author || f.Alert != test.alert {
				t.Errorf("reason %q, author %s, alert %d: %v", f.Reason.Slug(), f.Author, f.Alert, f)
			}
			if clientErr == nil {
				t.Error("the client noticed nothing")
			}
			if test.author == tls.AuthorUs && !errors.Is(f, secret) && !strings.Contains(f.Error(), "secret") {
				t.Errorf("the cause is lost: %v", f)
			}
		})
	}
}

func alpn(server, client *stdtls.Config) {
	server.NextProtos = []string{"h2", "http/1.1"}
	client.NextProtos = []string{"spdy/3"}
}

func demand(server, _ *stdtls.Config) {
	server.ClientAuth = stdtls.RequireAndVerifyClientCert
	server.ClientCAs = theAuthority().pool
}

func foreign(server, client *stdtls.Config) {
	demand(server, client)
	client.Certificates = []stdtls.Certificate{newAuthority().issue("client.test")}
	// Without this the client looks whether the server knows its authority.
	client.GetClientCertificate = func(*stdtls.CertificateRequestInfo) (*stdtls.Certificate, error) {
		return &client.Certificates[0], nil
	}
}

func TestClientCertificate(t *testing.T) {
	for name, version := range versions {
		for _, auth := range []stdtls.ClientAuthType{stdtls.NoClientCert, stdtls.RequestClientCert, stdtls.VerifyClientCertIfGiven, stdtls.RequireAndVerifyClientCert} {
			for _, given := range []bool{false, true} {
				if auth == stdtls.RequireAndVerifyClientCert && !given {
					continue // TestFailures
				}
				server, client := configs(version)
				server.ClientAuth, server.ClientCAs = auth, theAuthority().pool
				if given {
					client.Certificates = []stdtls.Certificate{theAuthority().issue("client.test")}
				}
				s := &side{}
				if err := s.play(t, tls.New(tls.Config{}), server, echo(client, []byte("x"))); err != nil {
					t.Fatalf("%s, %v: client: %v; server: %v", name, auth, err, s.err)
				}
				state := s.c.ConnectionState()
				if got, want := len(state.PeerCertificates), given && auth != stdtls.NoClientCert; (got == 1) != want {
					t.Errorf("%s, %v: %d certificates", name, auth, got)
				}
				if verified := len(state.VerifiedChains) > 0; verified != (given && auth >= stdtls.VerifyClientCertIfGiven) {
					t.Errorf("%s, %v: verified %v", name, auth, verified)
				}
			}
		}
	}
}

func TestResumption(t *testing.T) {
	for name, version := range versions {
		server, client := configs(version)
		client.ClientSessionCache = stdtls.NewLRUClientSessionCache(2)
		for i, want := range []bool{false, true, true} {
			s := &side{}
			if err := s.play(t, tls.New(tls.Config{}), server, echo(client, []byte("x"))); err != nil {
				t.Fatal(err)
			}
			if r, _ := s.c.TakeReport(); r.Resumed != want {
				t.Errorf("%s, connection %d: resumed %v", name, i, r.Resumed)
			}
		}
	}
}

// TestRetryRequest: a client may have to send a second ClientHello.
func TestRetryRequest(t *testing.T) {
	server, client := configs(stdtls.VersionTLS13)
	server.CurvePreferences = []stdtls.CurveID{stdtls.CurveP256}
	client.CurvePreferences = []stdtls.CurveID{stdtls.X25519, stdtls.CurveP256}
	s := &side{}
	if err := s.play(t, tls.New(tls.Config{}), server, echo(client, []byte("x"))); err != nil {
		t.Fatal(err)
	}
	if r, _ := s.c.TakeReport(); !r.Requested {
		t.Error("no second ClientHello was wanted")
	}
}

// TestFunctions: the functions of the configuration see who is there.
func TestFunctions(t *testing.T) {
	for name, version := range versions {
		server, client := configs(version)
		inner := server.Clone()
		inner.NextProtos = []string{"h2", "http/1.1"}
		client.NextProtos = []string{"http/1.1"}
		client.ServerName = "a.test"
		var seen string
		server.GetConfigForClient = func(hello *stdtls.ClientHelloInfo) (*stdtls.Config, error) {
			seen = hello.ServerName + " " + hello.Conn.LocalAddr().String() + " " + hello.Conn.RemoteAddr().String()
			return inner, hello.Context().Err()
		}
		s := &side{}
		if err := s.play(t, tls.New(tls.Config{}), server, echo(client, []byte("x"))); err != nil {
			t.Fatal(err)
		}
		if seen != "a.test :443 :1234" {
			t.Errorf("%s: %s", name, seen)
		}
		if state := s.c.ConnectionState(); state.ServerName != "a.test" || state.NegotiatedProtocol != "http/1.1" {
			t.Errorf("%s: %q %q", name, state.ServerName, state.NegotiatedProtocol)
		}
	}
}

// TestNoHello: what is no ClientHello is refused without a goroutine, as early
// as it can be known, and however it is cut.
func TestNoHello(t *testing.T) {
	hello := clientHello(t)
	long := append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0x40, 0}, make([]byte, 200)...)
	tiny := slices.Repeat([]byte{22, 3, 1, 0, 1, 1}, 1) // in records of one octet
	for i := range 100 {
		tiny = append(tiny, 22, 3, 1, 0, 1, []byte{0, 1, 0, 0}[min(i, 3)])
	}
	for _, test := range []struct {
		name   string
		in     []byte
		known  int // octets after which it is refused
		reason tls.Reason
		alert  tls.Alert
	}{
		{"HTTP/1", []byte("GET / HTTP/1.1\r\n\r\n"), 4, tls.ReasonHTTP, 0},
		{"HTTP/1, another method", []byte("VERSION-CONTROL / HTTP/1.1\r\n\r\n"), 16, tls.ReasonHTTP, 0},
		{"HTTP/2", []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 24, tls.ReasonPreface, 0},
		{"SSL 2.0", []byte{0x80, 0x2e, 1, 0, 2}, 3, tls.ReasonSSL2, 0},
		{"SSH", []byte("SSH-2.0-OpenSSH"), 5, tls.ReasonNotTLS, 0},
		{"zeros", make([]byte, 100), 1, tls.ReasonNotTLS, 0},
		{"another version", []byte{22, 4, 0, 0, 1, 1}, 2, tls.ReasonNotTLS, 0},
		{"an alert", []byte{21, 3, 1, 0, 2, 2, 40}, 5, tls.ReasonHello, 10},
		{"data", []byte{23, 3, 3, 0, 2, 2, 40}, 5, tls.ReasonHello, 10},
		{"another message", []byte{22, 3, 1, 0, 5, 2, 0, 0, 1, 0}, 6, tls.ReasonHello, 10},
		{"an empty record", []byte{22, 3, 1, 0, 0}, 5, tls.ReasonHello, 10},
		{"a record that is too long", []byte{22, 3, 1, 0x48, 1}, 5, tls.ReasonRecord, 22},
		{"data inside the ClientHello", append(append([]byte{22, 3, 1, 0, 2}, hello[5:7]...), 23, 3, 3, 0, 1, 0), 12, tls.ReasonHello, 10},
		{"too long", long, 9, tls.ReasonHelloLimit, 50},
		{"too many records", tiny, 64 * 6, tls.ReasonHelloLimit, 50},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			server, _ := configs(stdtls.VersionTLS13)
			for _, whole := range []bool{true, false} {
				var c tls.Conn
				c.Start(tls.New(tls.Config{}), server, &side{}, 0)
				var sealed []byte
				var err error
				n := 0
				for ; n < len(test.in) && err == nil; n++ {
					in := test.in[n : n+1]
					if whole {
						in = test.in
					}
					_, _, sealed, err = c.Receive(in, nil, nil, 0)
				}
				var f *tls.FailureError
				if !errors.As(err, &f) || f.Reason != test.reason || f.Alert != test.alert || f.Author != tls.AuthorPeer {
					t.Fatalf("error %v", err)
				}
				if !whole && n != test.known {
					t.Errorf("known after %d octets", n)
				}
				if want := 0; (len(sealed) > want) != (test.alert != 0) {
					t.Errorf("sent %x", sealed)
				}
				if len(sealed) > 0 && string(sealed) != string([]byte{21, 3, 3, 0, 2, 2, byte(test.alert)}) {
					t.Errorf("sent %x", sealed)
				}
			}
			if n := runtime.NumGoroutine(); n > before {
				t.Errorf("%d goroutines were started", n-before)
			}
		})
	}
}

// TestFragments: a ClientHello may lie in several records.
func TestFragments(t *testing.T) {
	server, client := configs(stdtls.VersionTLS13)
	for _, size := range []int{1, 2, 3, 4, 5, 50, 400} {
		if size < 40 {
			client.CurvePreferences = []stdtls.CurveID{stdtls.X25519}
		}
		s := &side{link: newLink()}
		s.rewrite = func(b []byte) []byte {
			// The first record only, in pieces whose number is bounded.
			var out []byte
			n := 5 + int(b[3])<<8 + int(b[4])
			for body, i := b[5:n], 0; len(body) > 0; i++ {
				k := min(size, len(body))
				if i == 20 {
					k = len(body)
				}
				out = append(append(out, 22, 3, 1, byte(k>>8), byte(k)), body[:k]...)
				body = body[k:]
			}
			return append(out, b[n:]...)
		}
		if err := s.play(t, tls.New(tls.Config{}), server, echo(client, []byte("x"))); err != nil {
			t.Fatalf("%d octets a record: %v; %v", size, err, s.err)
		}
	}
}

// A stalled client has sent its ClientHello, and nothing more.
func stalled(t *testing.T, server *tls.Server, config *stdtls.Config) *side {
	t.Helper()
	s := &side{link: newLink()}
	s.c.Start(server, config, s, 0)
	if _, err := s.Write(clientHello(t)); err != nil {
		t.Fatal(err)
	}
	s.turn()
	return s
}

// until waits for what another goroutine is about to do.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 20000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it never came to: " + what)
}

// TestStalledPeers: peers that stop in mid-handshake keep nobody from theirs,
// though but one handshake may be at work.
func TestStalledPeers(t *testing.T) {
	before := runtime.NumGoroutine()
	server, client := configs(stdtls.VersionTLS13)
	shared := tls.New(tls.Config{Limits: tls.Limits{Handshakes: 1, HandshakeTimeout: 100}})
	const n = 50
	var peers []*side
	for range n {
		peers = append(peers, stalled(t, shared, server))
	}
	until(t, "all wait for their peers", func() bool { return shared.Load() == tls.Load{Waiting: n} })
	for range 5 {
		s := &side{}
		if err := s.play(t, shared, server, echo(client, []byte("x"))); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range peers {
		if s.c.Deadline() != 100 {
			t.Fatalf("deadline %d", s.c.Deadline())
		}
		if err := s.c.Expire(99); err != nil {
			t.Fatalf("expired early: %v", err)
		}
		if i%2 == 0 {
			var f *tls.FailureError
			if err := s.c.Expire(100); !errors.As(err, &f) || f.Reason != tls.ReasonTimeout || s.c.Deadline() != 0 {
				t.Fatalf("expired: %v", err)
			}
		} else {
			s.c.Close()
			if r, ok := s.c.TakeReport(); !ok || r.Reason != tls.ReasonStopped {
				t.Fatalf("closed: %+v", r)
			}
		}
	}
	until(t, "no handshake is left", func() bool { return shared.Load() == tls.Load{} })
	until(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// TestPeerGone: the end of the octets ends a handshake that waits for more.
func TestPeerGone(t *testing.T) {
	before := runtime.NumGoroutine()
	server, _ := configs(stdtls.VersionTLS13)
	shared := tls.New(tls.Config{})
	for _, begun := range []bool{false, true} {
		s := &side{link: newLink()}
		if begun {
			s = stalled(t, shared, server)
			until(t, "it waits", func() bool { return shared.Load().Waiting == 1 })
		} else {
			s.c.Start(shared, server, s, 0)
			_, _ = s.Write(clientHello(t)[:50])
		}
		s.Close()
		for s.turn(); s.err == nil; s.turn() {
			<-s.event
		}
		var f *tls.FailureError
		if !errors.As(s.err, &f) || f.Reason != tls.ReasonEnd {
			t.Errorf("begun %v: %v", begun, s.err)
		}
	}
	until(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// TestBegunLimit: of too many handshakes that were begun, the one that has
// waited the longest is dropped.
func TestBegunLimit(t *testing.T) {
	server, client := configs(stdtls.VersionTLS13)
	shared := tls.New(tls.Config{Limits: tls.Limits{Handshakes: 1, Begun: 3}})
	var peers []*side
	for i := range 3 {
		peers = append(peers, stalled(t, shared, server))
		until(t, "it waits", func() bool { return shared.Load().Waiting == i+1 })
		peers[i].turn()
	}
	s := &side{}
	if err := s.play(t, shared, server, echo(client, []byte("x"))); err != nil {
		t.Fatal(err)
	}
	for i, p := range peers {
		if i == 0 {
			<-p.event
		}
		p.turn()
		var f *tls.FailureError
		if dropped := errors.As(p.err, &f) && f.Reason == tls.ReasonDropped && f.Author == tls.AuthorUs; dropped != (i == 0) {
			t.Errorf("peer %d: %v", i, p.err)
		}
		p.c.Close()
	}
	until(t, "no handshake is left", func() bool { return shared.Load() == tls.Load{} })
}

// TestQueuedLimit: handshakes that cannot begin wait, without a goroutine, and
// over the limit are refused.
func TestQueuedLimit(t *testing.T) {
	server, client := configs(stdtls.VersionTLS13)
	blocked := server.Clone()
	turn := make(chan struct{})
	blocked.GetCertificate = func(*stdtls.ClientHelloInfo) (*stdtls.Certificate, error) {
		<-turn
		return &server.Certificates[0], nil
	}
	blocked.Certificates = nil
	var clock atomic.Int64
	shared := tls.New(tls.Config{Limits: tls.Limits{Handshakes: 1, Queued: 2}, Clock: clock.Load})
	first := stalled(t, shared, blocked)
	before := runtime.NumGoroutine()
	second, third, fourth := stalled(t, shared, server), stalled(t, shared, server), stalled(t, shared, server)
	if got := shared.Load(); got != (tls.Load{Queued: 2, Working: 1}) {
		t.Errorf("load %+v", got)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines for what is queued", n-before)
	}
	var f *tls.FailureError
	if !errors.As(fourth.err, &f) || f.Reason != tls.ReasonBusy || f.Author != tls.AuthorUs {
		t.Errorf("one too many: %v", fourth.err)
	}
	third.c.Close() // gives up its place
	clock.Store(70)
	done := make(chan struct{})
	late := &side{}
	go func() {
		defer close(done)
		if err := late.play(t, shared, server, echo(client, []byte("x"))); err != nil {
			t.Error(err)
		}
	}()
	until(t, "it is queued", func() bool { return shared.Load().Queued == 2 })
	clock.Store(100)
	close(turn)
	<-done
	if r, ok := late.c.TakeReport(); !ok || r.Queued != 30 || r.Working != 0 || r.Waiting != 0 {
		t.Errorf("report %+v", r)
	}
	until(t, "they wait", func() bool { return shared.Load() == tls.Load{Waiting: 2} })
	first.c.Close()
	second.c.Close()
	if r, _ := first.c.TakeReport(); r.Working != 100 {
		t.Errorf("report %+v", r)
	}
	until(t, "no handshake is left", func() bool { return shared.Load() == tls.Load{} })
}

// TestStopAtWork: a handshake that is at work when it is stopped ends without a
// word, and what it calls sees that it is.
func TestStopAtWork(t *testing.T) {
	before := runtime.NumGoroutine()
	server, _ := configs(stdtls.VersionTLS13)
	entered := make(chan struct{})
	server.GetConfigForClient = func(hello *stdtls.ClientHelloInfo) (*stdtls.Config, error) {
		close(entered)
		<-hello.Context().Done()
		return nil, nil
	}
	shared := tls.New(tls.Config{})
	s := stalled(t, shared, server)
	<-entered
	s.c.Close()
	until(t, "no handshake is left", func() bool { return shared.Load() == tls.Load{} })
	until(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
	select {
	case <-s.event:
	default: // what the test itself wrote
	}
	s.c.Start(shared, server, s, 0) // it is as new
	s.c.Close()
}

// TestFlood: of a peer that goes on sending during its handshake no more is
// taken than there is room for.
func TestFlood(t *testing.T) {
	server, _ := configs(stdtls.VersionTLS13)
	gate := make(chan struct{})
	server.GetConfigForClient = func(*stdtls.ClientHelloInfo) (*stdtls.Config, error) {
		<-gate
		return nil, nil
	}
	shared := tls.New(tls.Config{})
	s := stalled(t, shared, server)
	taken := 0
	for range 100 {
		n, _, _, err := s.c.Receive(slices.Repeat([]byte{20, 3, 3, 0, 1, 1}, 1000), nil, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		taken += n
	}
	if taken > 32<<10 || taken < 20<<10 {
		t.Errorf("%d octets were taken", taken)
	}
	close(gate)
	<-s.event // crypto/tls bears no more than some of these
	for s.turn(); s.err == nil; s.turn() {
		<-s.event
	}
	if s.err == io.EOF {
		t.Error(s.err)
	}
}

// TestLargeFlight: a client may send more in its handshake than is kept of it
// at once. The rest is asked for when there is room.
func TestLargeFlight(t *testing.T) {
	for name, version := range versions {
		server, client := configs(version)
		server.ClientAuth = stdtls.RequestClientCert
		cert := theAuthority().issue("client.test")
		for len(cert.Certificate)*len(cert.Certificate[0]) < 100<<10 {
			cert.Certificate = append(cert.Certificate, cert.Certificate[0])
		}
		client.Certificates = []stdtls.Certificate{cert}
		s := &side{}
		if err := s.play(t, tls.New(tls.Config{}), server, echo(client, []byte("x"))); err != nil {
			t.Fatalf("%s: client: %v; server: %v", name, err, s.err)
		}
		if got := len(s.c.ConnectionState().PeerCertificates); got != len(cert.Certificate) {
			t.Errorf("%s: %d of %d certificates", name, got, len(cert.Certificate))
		}
		if s.most <= 32<<10 {
			t.Errorf("%s: at most %d octets waited: this shows nothing", name, s.most)
		}
	}
}

// TestOrder: handshakes that have heard from their peer get their turn before
// those that have not begun, the first to hear first.
func TestOrder(t *testing.T) {
	server, _ := configs(stdtls.VersionTLS13)
	// The clock counts what happens to handshakes, so times tell the order.
	var clock atomic.Int64
	shared := tls.New(tls.Config{Limits: tls.Limits{Handshakes: 1}, Clock: func() int64 { return clock.Add(1) }})
	start := func(config *stdtls.Config) (*side, int64) {
		now := clock.Load() + 1
		return stalled(t, shared, config), now
	}
	waits := func(n int) { until(t, "they wait", func() bool { return shared.Load() == tls.Load{Waiting: n} }) }
	first, firstStart := start(server)
	waits(1)
	second, secondStart := start(server)
	waits(2)
	blocked := server.Clone()
	entered, gate := make(chan struct{}), make(chan struct{})
	blocked.GetConfigForClient = func(*stdtls.ClientHelloInfo) (*stdtls.Config, error) {
		close(entered)
		<-gate
		return nil, nil
	}
	_, _ = start(blocked)
	<-entered
	fresh, freshStart := start(server)
	for _, s := range []*side{first, second} {
		_, _ = s.Write([]byte{20, 3, 3, 0, 2, 1, 1}) // malformed: its handshake ends as soon as this is read
		s.turn()
	}
	if got := shared.Load(); got != (tls.Load{Queued: 1, Working: 1, Ready: 2}) {
		t.Fatalf("load %+v", got)
	}
	close(gate)
	waits(2)
	firstEnd, secondEnd := firstStart+spent(first), secondStart+spent(second)
	fresh.c.Close()
	r, _ := fresh.c.TakeReport()
	if begun := freshStart + r.Queued; firstEnd >= secondEnd || secondEnd > begun {
		t.Errorf("ended at %d and %d, begun at %d", firstEnd, secondEnd, begun)
	}
}

// spent returns the time that the handshake took which has ended.
func spent(s *side) int64 {
	for s.turn(); s.err == nil; s.turn() {
		<-s.event
	}
	r, _ := s.c.TakeReport()
	return r.Queued + r.Working + r.Waiting
}
