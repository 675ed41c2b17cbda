package main

import (
	"context"
	"crypto/tls"
	"testing"

	"github.com/windhover-go/windhover/examples/internal/clients"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/https"
)

// TestCommandsOfTLS runs the commands of testdata/tls/*.txt.
func TestCommandsOfTLS(t *testing.T) {
	c := clients.NewCertificate(t)
	mutual := serveMutual(t, c)
	clients.RunFiles(t, "testdata/tls/*.txt", clients.StartAt(t, c.URL()), *update, append(c.Env(), "MUTUAL="+mutual)...)
}

// serveMutual serves the app for clients with the certificate c, and returns
// the URL.
func serveMutual(t *testing.T, c *clients.Certificate) (url string) {
	t.Helper()
	s, err := sdk.New(NewPipeline(new(Counter)), sdk.Config{
		Endpoints: []string{c.URL()}, Loops: 1,
		TLS: &https.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAFile: c.CertFile},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s.Addresses()[0].URL()
}

// tlsConfigs returns how a server in memory and its clients use TLS.
func tlsConfigs(t *testing.T) (server *https.Config, client *tls.Config) {
	t.Helper()
	c := clients.NewCertificate(t)
	server = &https.Config{Certificates: []https.Certificate{{CertFile: c.CertFile, KeyFile: c.KeyFile}}, ReloadInterval: -1}
	return server, &tls.Config{RootCAs: c.Pool, ServerName: "localhost"}
}
