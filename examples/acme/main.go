// Command acme serves with certificates that an ACME authority such as Let's
// Encrypt issues (RFC 8555). It is a module of its own: only apps that want this
// depend on golang.org/x/crypto.
//
//	acme example.org www.example.org
//
// The authority connects to port 443 and proves the names by TLS-ALPN-01 (RFC
// 8737), so nothing else has to be served for it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/https"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: acme NAME...")
		os.Exit(2)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(names []string) error {
	s, err := sdk.New(NewPipeline(), sdk.Config{
		Endpoints: []string{"https://:443"},
		TLS:       certificates(names),
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return s.Serve(ctx)
}

// certificates gets and renews the certificates of names, and keeps them in the
// folder certs. A handshake that needs one waits for it on its own goroutine.
func certificates(names []string) *https.Config {
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		HostPolicy: autocert.HostWhitelist(names...),
		Cache:      autocert.DirCache("certs"),
	}
	return &https.Config{GetCertificate: m.GetCertificate, NextProtos: []string{acme.ALPNProto}}
}
