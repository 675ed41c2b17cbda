package main

import (
	"flag"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/examples/internal/clients"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// TestCommands runs the commands of testdata/*.txt against the built server.
func TestCommands(t *testing.T) { clients.Run(t, clients.Start(t), *update) }

// TestInMemory serves the site without a socket.
func TestInMemory(t *testing.T) {
	got := sdktest.Do(NewPipeline(), "GET /docs/")
	if got.Status != 200 || !strings.Contains(got.Content, "The docs.") {
		t.Errorf("%+v", got)
	}
}

// TestWithoutDownloads checks what an app says that is started where its
// directory is not.
func TestWithoutDownloads(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := sdk.New(NewPipeline(), sdk.Config{Endpoints: []string{"http://127.0.0.1:0"}})
	if err == nil || !strings.Contains(err.Error(), `the directory "downloads" of files does not exist: make it`) {
		t.Errorf("%v", err)
	}
}
