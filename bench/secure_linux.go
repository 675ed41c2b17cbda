package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// A keyPair is the files of the certificate that all servers have: ECDSA with
// P-256.
type keyPair struct{ cert, key string }

// newKeyPair makes a certificate in dir.
func newKeyPair(dir string) (p keyPair, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return p, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, DNSNames: []string{"bench"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return p, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return p, err
	}
	p = keyPair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	return p, errors.Join(
		os.WriteFile(p.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(p.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
	)
}

// arguments are those of the servers in Go: the port and the files.
func (p keyPair) arguments(port int) ([]string, error) {
	return []string{strconv.Itoa(port), p.cert, p.key}, nil
}

// nginxSecureConfig is added to nginxConfig, for a certificate and its key.
const nginxSecureConfig = ` ssl;
		ssl_certificate %s;
		ssl_certificate_key %s;
		ssl_protocols TLSv1.3`

// h2oSecureConfig is added to h2oConfig, for a certificate and its key.
const h2oSecureConfig = `  ssl:
    certificate-file: %s
    key-file: %s
    minimum-version: TLSv1.2
    ocsp-update-interval: 0
`

// A secureLoad is a load with TLS 1.3. Connections have a goroutine each: the load
// costs more than the one in the clear, and has a core of its own for it.
type secureLoad struct {
	addr   string
	mode   string
	config *tls.Config
	mu     sync.Mutex
	conns  []net.Conn
	wanted int // connections of handshakes
	size   int
}

func newSecureLoad(port int, mode string) *secureLoad {
	return &secureLoad{addr: "127.0.0.1:" + strconv.Itoa(port), mode: mode, config: &tls.Config{
		MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519},
		ServerName: "bench", InsecureSkipVerify: true, // the server is ours, and it is not the client that is measured
	}}
}

// close resets the connections.
func (l *secureLoad) close() {
	for _, c := range l.conns {
		c.Close()
	}
}

// dial opens a connection, and checks what it negotiated: the same for all servers.
func (l *secureLoad) dial() (net.Conn, error) {
	n, err := net.Dial("tcp4", l.addr)
	if err != nil {
		return nil, err
	}
	if err = n.(*net.TCPConn).SetLinger(0); err != nil { // so that none lingers in TIME_WAIT
		return nil, err
	}
	c := tls.Client(n, l.config)
	if err = errors.Join(n.SetDeadline(time.Now().Add(time.Minute)), c.Handshake()); err != nil {
		n.Close()
		return nil, err
	}
	if s := c.ConnectionState(); s.CipherSuite != tls.TLS_AES_128_GCM_SHA256 || s.CurveID != tls.X25519 || s.DidResume {
		n.Close()
		return nil, fmt.Errorf("the server negotiates %s, %v, resumed %t", tls.CipherSuiteName(s.CipherSuite), s.CurveID, s.DidResume)
	}
	return c, nil
}

// ask has one request answered. Its answer is checked in full.
func (l *secureLoad) ask(c net.Conn, in []byte) error {
	if _, err := io.WriteString(c, request); err != nil {
		return err
	}
	for got := 0; ; {
		n, err := c.Read(in[got:])
		if err != nil {
			return fmt.Errorf("reading an answer: %w", err)
		}
		got += n
		r, size, err := parseResponse(in[:got])
		if err != nil {
			return err
		}
		if size > 0 {
			l.mu.Lock()
			l.size = size
			l.mu.Unlock()
			return r.isPlaintext()
		}
	}
}

// grow opens connections until there are n.
func (l *secureLoad) grow(n int) (c count, err error) {
	in := make([]byte, 4096)
	for l.wanted < n {
		conn, err := l.dial()
		if err != nil {
			return c, err
		}
		l.wanted++
		if err = l.ask(conn, in); err != nil {
			return c, err
		}
		c.responses++
		if l.mode == handshakes {
			conn.Close()
			continue
		}
		l.conns = append(l.conns, conn)
	}
	return c, nil
}

// run loads the server for d.
func (l *secureLoad) run(d time.Duration) (total count, err error) {
	deadline := time.Now().Add(d)
	var running sync.WaitGroup
	for i := range l.wanted {
		running.Go(func() {
			n, e := l.client(i, deadline)
			l.mu.Lock()
			total.responses += n
			err = errors.Join(err, e)
			l.mu.Unlock()
		})
	}
	running.Wait()
	total.octets = total.responses * int64(l.size)
	return total, err
}

// client asks until the deadline.
func (l *secureLoad) client(i int, deadline time.Time) (n int64, err error) {
	in := make([]byte, 4096)
	for time.Now().Before(deadline) {
		var c net.Conn
		if l.mode == handshakes {
			if c, err = l.dial(); err != nil {
				return n, err
			}
		} else {
			c = l.conns[i]
		}
		if err = l.ask(c, in); err != nil {
			return n, err
		}
		if l.mode == handshakes {
			c.(*tls.Conn).NetConn().Close()
		}
		n++
	}
	return n, nil
}

// carryOut carries out grow and run, as load does.
func (l *secureLoad) carryOut(command string) ([]int64, error) {
	runtime.GOMAXPROCS(1) // it has one core
	return carryOut(command, l.grow, l.run)
}
