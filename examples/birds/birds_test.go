package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// decoded returns the content of an answer without its coding.
func decoded(t *testing.T, got *sdktest.Result) string {
	t.Helper()
	if got.Err != nil || got.Status != 200 {
		t.Fatal(got.Status, got.Err)
	}
	var r io.Reader = strings.NewReader(got.Content)
	var err error
	switch got.Header.Get("Content-Encoding") {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestBirds(t *testing.T) {
	app := NewPipeline()
	for accept, coding := range map[string]string{"gzip": "gzip", "gzip, zstd": "zstd", "identity": ""} {
		got := sdktest.Do(app, "GET /birds", "Accept-Encoding: "+accept)
		if text := decoded(t, got); text != list || got.Header.Get("Content-Encoding") != coding {
			t.Errorf("%s: %q", accept, got.Header)
		}
		again := sdktest.Do(app, "GET /birds", "Accept-Encoding: "+accept, "If-None-Match: "+got.Header.Get("ETag"))
		if again.Status != 304 || again.Content != "" || again.Header.Get("Vary") == "" {
			t.Errorf("%s, again: %d %q", accept, again.Status, again.Header)
		}
		export := decoded(t, sdktest.Do(app, "GET /export", "Accept-Encoding: "+accept))
		if !strings.HasPrefix(export, "0,Common kestrel\n") || !strings.HasSuffix(export, "\nend\n") {
			t.Errorf("%s: %q", accept, export)
		}
	}
	if got := sdktest.Do(app, "GET /search?name=common%20kes"); strings.TrimSpace(got.Content) != `{"names":["Common kestrel"]}` {
		t.Errorf("%q", got.Content)
	}
}

// TestAllocations: from the octets of the request to those of the response, a
// 304, and content that is encoded, cost no memory on the loop.
func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the race detector and the checks allocate; the plain build counts")
	}
	network := sim.NewCalm()
	kernel, err := network.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	fd, addr, err := network.Listen(netip.MustParseAddrPort("127.0.0.1:0"), netpoll.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	loop, host, err := sdk.NewLoop(kernel, sdk.Config{}, sdk.NewPool(1))
	if err != nil {
		t.Fatal(err)
	}
	app := NewPipeline()
	var setup sdk.Setup
	app.Install(&setup)
	if err = loop.Serve(fd, setup.Accept(host, msg.PolicyStrict)); err != nil {
		t.Fatal(err)
	}
	peer, err := network.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	tag := sdktest.Do(app, "GET /birds").Header.Get("ETag")
	for fields, status := range map[string]string{
		"":                             "200 OK",
		"If-None-Match: " + tag:        "304 Not Modified",
		"Accept-Encoding: gzip":        "200 OK",
		"Accept-Encoding: zstd;q=0.5":  "200 OK",
		"Accept-Encoding: br, gzip, *": "200 OK",
	} {
		request := []byte("GET /birds HTTP/1.1\r\nHost: x\r\n" + strings.TrimPrefix(fields+"\r\n\r\n", "\r\n"))
		exchange := func() {
			peer.Forget()
			peer.Send(request)
			for range 10 {
				if err := loop.Turn(0); err != nil {
					t.Fatal(err)
				}
			}
		}
		exchange()
		encoded := bytes.Contains(peer.Received(), []byte("\r\nContent-Encoding: "))
		if !bytes.HasPrefix(peer.Received(), []byte("HTTP/1.1 "+status)) || encoded != strings.HasPrefix(fields, "Accept") {
			t.Fatalf("%s: %q", fields, peer.Received())
		}
		if n := testing.AllocsPerRun(200, exchange); n != 0 {
			t.Errorf("%q: %v allocations; want 0", fields, n)
		}
	}
}
