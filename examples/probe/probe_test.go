package main

import (
	"flag"
	"testing"

	"github.com/windhover-go/windhover/examples/internal/clients"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// TestCommands runs the commands of testdata/*.txt against the built server.
func TestCommands(t *testing.T) { clients.Run(t, clients.Start(t), *update) }

// TestCommandsSecured runs the same commands, with the same results, over TLS.
func TestCommandsSecured(t *testing.T) {
	c := clients.NewCertificate(t)
	clients.Run(t, clients.StartAt(t, c.URL()), false, c.Env()...)
}
