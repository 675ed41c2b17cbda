package http1_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"flag"
	bigint "math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/https"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// secure makes the tests of this package speak TLS: those that use world.dial,
// serve and dial. TestEverythingOverTLS sets it.
var secure = flag.Bool("secure", false, "run the tests over TLS")

// TestEverythingOverTLS runs the tests of this package once more, over TLS.
func TestEverythingOverTLS(t *testing.T) {
	if *secure {
		t.Skip("this is it")
	}
	args := []string{"-test.skip", clearOnly, "-secure"}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	if out, err := exec.CommandContext(t.Context(), os.Args[0], args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// clearOnly are the tests that are not run: of connections that get an answer in
// the clear and none before a handshake, of HTTP/2 without TLS, of an app
// without TLS, of a client that resets its socket, and of allocations, of which
// crypto/tls has its own.
const clearOnly = "^(TestTLSIsDeclared|TestConnections|TestConnectionsOverLoops|TestTurnedAway.*|TestPreface|TestPartOfThePreface|TestEarlyHintsDoNotAllocate|TestLostExchangeBlocksNobody)$"

// A peer is a sim.Peer or a sdktest.SecurePeer.
type peer interface {
	Addr() netip.AddrPort
	Send(data []byte)
	CloseWrite()
	Reset()
	Received() []byte
	Forget()
	Ended() bool
	Closed() bool
	Broken() bool
	StopReading()
	StartReading()
	SetWindow(window int)
	Take(n int)
}

// security is a certificate, and how servers and clients of these tests use it.
var security = sync.OnceValues(func() (*https.Config, *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	c := &x509.Certificate{
		SerialNumber: bigint.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err2 := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	leaf, err3 := x509.ParseCertificate(der)
	if err = errors.Join(err, err2, err3); err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	pair := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	get := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair, nil }
	return &https.Config{GetCertificate: get}, &tls.Config{RootCAs: pool, ServerName: "localhost"}
})

// secured completes the configuration of a server.
func secured(config sdk.Config) sdk.Config {
	if *secure {
		config.TLS, _ = security()
	}
	return config
}

// connect connects a peer to a server in memory.
func connect(s *sdktest.Server) (peer, error) {
	if !*secure {
		return s.Network.Dial(s.Address)
	}
	_, client := security()
	return s.DialSecure(client)
}

// A conn is a connection of a client over a socket.
type conn interface {
	net.Conn
	CloseWrite() error
}

// dial connects to a server. over is the connection below TLS.
func dial(addr string) (c conn, over *net.TCPConn, err error) {
	n, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	over = n.(*net.TCPConn)
	if !*secure {
		return over, over, nil
	}
	_, config := security()
	s := tls.Client(n, config)
	if err = s.Handshake(); err != nil {
		n.Close()
		return nil, nil, err
	}
	return s, over, nil
}

// transport returns the scheme and the transport of an HTTP client.
func transport() (scheme string, t *http.Transport) {
	if !*secure {
		return "http://", &http.Transport{}
	}
	_, config := security()
	return "https://", &http.Transport{TLSClientConfig: config}
}
