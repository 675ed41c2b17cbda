package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/windhover-go/windhover/examples/internal/clients"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// TestCommands runs the commands of testdata/*.txt against the built server.
func TestCommands(t *testing.T) { clients.Run(t, clients.Start(t), *update) }

// TestLines tests the function alone.
func TestLines(t *testing.T) {
	up := sdktest.Upgrade("lines", "one\ntwo\nquit\nthree\n")
	if err := Lines(t.Context(), up); err != nil || up.Text() != "hello\nONE\nTWO\n" {
		t.Errorf("wrote %q, %v", up.Text(), err)
	}
}

// TestConversation talks to the server with Go's client, line by line, on
// several connections at once, while the server shuts down.
func TestConversation(t *testing.T) {
	t.Run("until the client ends", func(t *testing.T) {
		url := clients.Start(t)
		for range 3 {
			stream, in := upgrade(t, url)
			for i := range 100 {
				fmt.Fprintf(stream, "line %d\n", i)
				expect(t, in, fmt.Sprintf("LINE %d\n", i))
			}
			fmt.Fprint(stream, "quit\n")
			expect(t, in, "")
		}
	})
	t.Run("until the server shuts down", func(t *testing.T) {
		var clientsEnd sync.WaitGroup
		t.Run("talk", func(talk *testing.T) {
			url := clients.Start(talk)
			for range 3 {
				stream, in := upgrade(t, url)
				clientsEnd.Go(func() {
					expect(t, in, "goodbye\n")
					expect(t, in, "")
					stream.Close()
				})
			}
		}) // the server is asked to shut down here, and has to
		clientsEnd.Wait()
	})
}

// upgrade returns a connection that speaks lines, and what is read from it.
func upgrade(t *testing.T, url string) (stream io.ReadWriteCloser, in *bufio.Reader) {
	t.Helper()
	req, err := http.NewRequest("GET", url+"/lines", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "lines")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	stream, ok := res.Body.(io.ReadWriteCloser)
	if res.StatusCode != 101 || res.Header.Get("Upgrade") != "lines" || !ok {
		t.Fatalf("answered %s, %v", res.Status, res.Header)
	}
	t.Cleanup(func() { stream.Close() })
	in = bufio.NewReader(stream)
	expect(t, in, "hello\n")
	return stream, in
}

// expect reads a line, or, with none to expect, the end.
func expect(t *testing.T, in *bufio.Reader, line string) {
	t.Helper()
	got, err := in.ReadString('\n')
	if got != line || (err == io.EOF) != (line == "") {
		t.Errorf("got %q, %v; want %q", got, err, strings.TrimSpace(line))
	}
}
