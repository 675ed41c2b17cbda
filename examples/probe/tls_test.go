package main

import (
	"crypto/tls"
	"testing"

	"github.com/windhover-go/windhover/examples/internal/clients"
	"github.com/windhover-go/windhover/sdk/https"
)

// tlsConfigs returns how a server in memory and its clients use TLS.
func tlsConfigs(t *testing.T) (server *https.Config, client *tls.Config) {
	t.Helper()
	c := clients.NewCertificate(t)
	server = &https.Config{Certificates: []https.Certificate{{CertFile: c.CertFile, KeyFile: c.KeyFile}}, ReloadInterval: -1}
	return server, &tls.Config{RootCAs: c.Pool, ServerName: "localhost"}
}
