package main

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/windhover-go/windhover/examples/internal/clients"
)

// TestCommandsOfHTTP2 runs the commands of testdata/http2/*.txt: over clear text
// with $URL, over TLS with $SECURE.
func TestCommandsOfHTTP2(t *testing.T) {
	c := clients.NewCertificate(t)
	secure := clients.StartAt(t, c.URL())
	clients.RunFiles(t, "testdata/http2/*.txt", clients.Start(t), *update, append(c.Env(), "SECURE="+secure, "SPEAKS=h2")...)
}

// TestGoClientHTTP2 checks the table of routes with Go's client over HTTP/2.
func TestGoClientHTTP2(t *testing.T) {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	t.Run("clear text", func(t *testing.T) {
		checkRoutes(t, clients.Start(t), &http.Transport{Protocols: protocols}, 2)
	})
	t.Run("TLS", func(t *testing.T) {
		c := clients.NewCertificate(t)
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.Pool}, ForceAttemptHTTP2: true}
		checkRoutes(t, clients.StartAt(t, c.URL()), transport, 2)
	})
}
