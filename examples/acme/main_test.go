package main

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/windhover-go/windhover/sdk"
)

// TestNamesAreChecked serves the app, and asks for a name that it is not for:
// the manager refuses it before it asks anybody for a certificate.
func TestNamesAreChecked(t *testing.T) {
	t.Chdir(t.TempDir())
	s, err := sdk.New(NewPipeline(), sdk.Config{Endpoints: []string{"https://127.0.0.1:0"}, TLS: certificates([]string{"example.test"}), Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(t.Context()) }()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	c, err := net.Dial("tcp", s.Addresses()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := tls.Client(c, &tls.Config{ServerName: "elsewhere.test"}).Handshake(); err == nil {
		t.Error("a handshake for a name that nobody allowed")
	}
	if n := s.TLS().Handshakes; n != 0 {
		t.Errorf("%d handshakes", n)
	}
}
