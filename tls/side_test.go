package tls_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/windhover-go/windhover/tls"
)

// An authority signs certificates for tests.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

var theAuthority = sync.OnceValue(newAuthority)

func newAuthority() *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &authority{key, cert, pool}
}

// issue returns a certificate for names, to servers and clients alike.
func (a *authority) issue(names ...string) stdtls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		panic(err)
	}
	return stdtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

var theCertificate = sync.OnceValue(func() stdtls.Certificate { return theAuthority().issue("localhost", "a.test") })

// configs returns a matching pair for one version of TLS.
func configs(version uint16) (server, client *stdtls.Config) {
	server = &stdtls.Config{
		Certificates: []stdtls.Certificate{theCertificate()},
		MinVersion:   version, MaxVersion: version,
	}
	client = &stdtls.Config{
		RootCAs: theAuthority().pool, ServerName: "localhost",
		MinVersion: version, MaxVersion: version,
	}
	return server, client
}

// A link is the net.Conn of a client: a wire to the engine, in memory.
type link struct {
	mu       sync.Mutex
	some     sync.Cond
	toServer []byte
	toClient []byte
	down     bool // the client sends no more
	over     bool // the server sends no more
	event    chan struct{}
	heard    *[]byte               // all that the server sent, when wanted
	rewrite  func(b []byte) []byte // once, what the client sends
}

func newLink() *link {
	l := &link{event: make(chan struct{}, 1)}
	l.some.L = &l.mu
	return l
}

func (l *link) notify() {
	select {
	case l.event <- struct{}{}:
	default:
	}
}

func (l *link) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.toClient) == 0 {
		if l.over {
			return 0, io.EOF
		}
		l.some.Wait()
	}
	n := copy(p, l.toClient)
	l.toClient = l.toClient[n:]
	return n, nil
}

func (l *link) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return 0, os.ErrClosed
	}
	sent := p
	if l.rewrite != nil {
		sent, l.rewrite = l.rewrite(p), nil
	}
	l.toServer = append(l.toServer, sent...)
	l.notify()
	return len(p), nil
}

func (l *link) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	l.notify()
	return nil
}

func (l *link) LocalAddr() net.Addr              { return nil }
func (l *link) RemoteAddr() net.Addr             { return nil }
func (l *link) SetDeadline(time.Time) error      { return nil }
func (l *link) SetReadDeadline(time.Time) error  { return nil }
func (l *link) SetWriteDeadline(time.Time) error { return nil }

// give sends octets to the client.
func (l *link) give(b []byte, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.toClient = append(l.toClient, b...)
	if l.heard != nil {
		*l.heard = append(*l.heard, b...)
	}
	l.over = l.over || over
	l.some.Broadcast()
}

// take takes what the client has sent.
func (l *link) take() (b []byte, down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, l.toServer = l.toServer, nil
	return b, l.down
}

// peek returns what take would.
func (l *link) peek() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.toServer
}

// clientHello returns a record with a ClientHello, and nothing else.
func clientHello(tb testing.TB) []byte {
	tb.Helper()
	_, config := configs(stdtls.VersionTLS13)
	l := newLink()
	l.over = true // the client finds no answer
	if err := stdtls.Client(l, config).Handshake(); err == nil {
		tb.Fatal("a handshake without a server")
	}
	b, _ := l.take()
	n := 5 + int(b[3])<<8 + int(b[4])
	return b[:n]
}

// A side is the server's end of a link: it plays the loop.
type side struct {
	*link
	c     tls.Conn
	plain []byte                                      // all that was received
	reply func(s *side, plain []byte) (sealed []byte) // nil: echo
	cut   func(left int) int                          // how many octets are given at once; nil: all
	held  []byte                                      // octets that Receive did not take
	most  int                                         // the most octets that waited at once
	down  bool
	err   error
}

func (s *side) HandshakeReady()      { s.notify() }
func (s *side) LocalAddr() net.Addr  { return &net.TCPAddr{Port: 443} }
func (s *side) RemoteAddr() net.Addr { return &net.TCPAddr{Port: 1234} }

// turn gives the engine what has arrived.
func (s *side) turn() {
	in, down := s.take()
	in = append(s.held, in...)
	s.held = nil
	s.most = max(s.most, len(in))
	for first := true; first || len(in) > 0; first = false {
		n := len(in)
		if s.cut != nil && n > 0 {
			n = s.cut(n)
		}
		lent := append([]byte(nil), in[:n]...)
		took, plain, sealed, err := s.c.Receive(lent, nil, nil, 0)
		for i := range lent {
			lent[i] = 0xdb // borrowed until Receive returned
		}
		in = in[took:]
		s.got(plain, sealed, err)
		if took < n {
			s.held = in
			return
		}
	}
	if down && !s.down {
		s.down = true
		plain, sealed, err := s.c.End(nil, nil)
		s.got(plain, sealed, err)
	}
}

func (s *side) got(plain, sealed []byte, err error) {
	s.plain = append(s.plain, plain...)
	if len(plain) > 0 {
		if s.reply != nil {
			sealed = append(sealed, s.reply(s, plain)...)
		} else {
			sealed, _ = s.c.Seal(sealed, plain)
		}
	}
	if err != nil && s.err == nil {
		s.err = err
		sealed = s.c.CloseWrite(sealed)
	}
	s.give(sealed, err != nil)
}

// play runs a client against the engine until the client is done and all that
// it sent has been received. It returns the client's error.
func (s *side) play(tb testing.TB, server *tls.Server, config *stdtls.Config, client func(l *link) error) error {
	tb.Helper()
	if s.link == nil {
		s.link = newLink()
	}
	s.c.Start(server, config, s, 0)
	done := make(chan error, 1)
	go func() { done <- client(s.link) }()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		select {
		case <-s.event:
			s.turn()
		case err := <-done:
			for s.turn(); s.c.State() == tls.StateHandshake; s.turn() {
				select {
				case <-s.event:
				case <-limit.C:
					tb.Fatal("the handshake hangs")
				}
			}
			return err
		case <-limit.C:
			tb.Fatalf("stuck in state %d, error %v", s.c.State(), s.err)
		}
	}
}

// echo is a client that sends a message and wants it back.
func echo(config *stdtls.Config, message []byte) func(l *link) error {
	return func(l *link) error {
		c := stdtls.Client(l, config)
		if err := c.Handshake(); err != nil {
			l.Close()
			return err
		}
		sent := make(chan error, 1)
		go func() {
			_, err := c.Write(message)
			sent <- err
		}()
		back := make([]byte, len(message))
		if _, err := io.ReadFull(c, back); err != nil {
			return err
		}
		if string(back) != string(message) {
			return errors.New("another message came back")
		}
		if err := <-sent; err != nil {
			return err
		}
		return c.Close()
	}
}
