package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// TestSecureLoad loads a server with TLS, and counts what it answers: over
// connections that are kept, and with a handshake each.
func TestSecureLoad(t *testing.T) {
	p, err := newKeyPair(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{kept, handshakes} {
		var answered, conns atomic.Int64
		l, port := serveSecure(t, p, &http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				answered.Add(1)
				_, _ = io.WriteString(w, content)
			}),
			ConnState: func(_ net.Conn, s http.ConnState) {
				if s == http.StateNew {
					conns.Add(1)
				}
			},
		})
		load := newSecureLoad(port, mode)
		grown, err := load.grow(3)
		if err != nil || grown.responses != 3 {
			t.Fatalf("%s: %+v, %v", mode, grown, err)
		}
		c, err := load.run(50 * time.Millisecond)
		if err != nil || c.responses == 0 || c.responses+3 != answered.Load() || c.octets%c.responses != 0 || c.octets == 0 {
			t.Errorf("%s: %+v, %v; the server has answered %d", mode, c, err, answered.Load())
		}
		if n := conns.Load(); (mode == kept) != (n == 3) || mode == handshakes && n != answered.Load() {
			t.Errorf("%s: %d connections for %d answers", mode, n, answered.Load())
		}
		load.close()
		l.Close()
	}
}

// TestSecureLoadIsTheSame checks that a server which negotiates something else
// is not measured.
func TestSecureLoadIsTheSame(t *testing.T) {
	p, err := newKeyPair(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []*tls.Config{{MaxVersion: tls.VersionTLS12}, {CurvePreferences: []tls.CurveID{tls.CurveP256}}} {
		_, port := serveSecure(t, p, &http.Server{TLSConfig: config})
		if _, err := newSecureLoad(port, kept).grow(1); err == nil {
			t.Errorf("%+v is measured", config)
		}
	}
}

func serveSecure(t *testing.T, p keyPair, s *http.Server) (l net.Listener, port int) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.ServeTLS(l, p.cert, p.key) }()
	t.Cleanup(func() { s.Close() })
	return l, l.Addr().(*net.TCPAddr).Port
}
