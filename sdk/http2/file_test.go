package http2_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
	"github.com/windhover-go/windhover/sdk/http2"
)

// sending is an app that sends what the function for a path says, off the loop.
type sending map[string]func(x *http2.Exchange)

// Install implements sdk.App.
func (a sending) Install(s *sdk.Setup) {
	http1.Offer(s, func(*http1.Exchange) sdk.Task { return nil })
	http2.Offer(s, func(x *http2.Exchange) sdk.Task { return &sendingTask{a, x} })
}

type sendingTask struct {
	app sending
	x   *http2.Exchange
}

var sendingPlan = sdk.Plan{Name: "file", Streams: true}

func (t *sendingTask) Route() *sdk.Plan { return &sendingPlan }

func (t *sendingTask) Head() bool {
	t.app[t.x.RawPath().String()](t.x)
	return false
}

func (t *sendingTask) Body([]byte)     {}
func (t *sendingTask) Fail(error)      {}
func (t *sendingTask) End(sdk.Outcome) {}

// TestFiles sends files to the client of net/http, over HTTP/2 with prior
// knowledge: small and large, in parts, HEAD, one that ends, and one that is
// replaced.
func TestFiles(t *testing.T) {
	large := make([]byte, 3<<20)
	_, _ = rand.NewChaCha8([32]byte{4}).Read(large)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, large, 0o644); err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	set := func(x *http2.Exchange) {
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
		}
		files = append(files, f)
		x.SetResponseFile(f)
	}
	app := sending{
		"/large": func(x *http2.Exchange) { set(x); x.AppendResponseFile(0, int64(len(large))) },
		"/small": func(x *http2.Exchange) { set(x); x.AppendResponseFile(5, 7) },
		"/parts": func(x *http2.Exchange) {
			set(x)
			x.ResponseContent().Text("<")
			x.AppendResponseFile(10, 1<<20)
			x.ResponseContent().Text("|")
			x.AppendResponseFile(0, 5)
			x.ResponseContent().Text(">")
		},
		"/ends":   func(x *http2.Exchange) { set(x); x.AppendResponseFile(1, int64(len(large))) },
		"/none":   func(x *http2.Exchange) { set(x); x.AppendResponseFile(1<<40, 7) },
		"/panics": func(x *http2.Exchange) { set(x); x.AppendResponseFile(0, 7); panic("on purpose") },
		"/error": func(x *http2.Exchange) {
			set(x)
			x.AppendResponseFile(0, 7)
			x.SetResponseFile(nil)
			sdk.WriteError(x, sdk.ErrConflict)
		},
		"/opens": func(x *http2.Exchange) { set(x); _, _ = x.OpenResponse().Write([]byte("abc")) },
	}
	s, err := sdk.New(app, sdk.Config{Endpoints: []string{"http://127.0.0.1:0"}, Loops: 1, OnPanic: func(sdk.Panic) {}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: transport}
	for _, tt := range []struct {
		line    string
		status  int
		length  int64
		content string
		cut     bool
	}{
		{"GET /large", 200, int64(len(large)), string(large), false},
		{"HEAD /large", 200, int64(len(large)), "", false},
		{"GET /small", 200, 7, string(large[5:12]), false},
		{"GET /parts", 200, 1<<20 + 8, "<" + string(large[10:10+1<<20]) + "|" + string(large[:5]) + ">", false},
		{"GET /ends", 200, int64(len(large)), string(large[1:]), true},
		{"GET /none", 500, 22, "Internal Server Error\n", false},
		{"GET /panics", 500, 22, "Internal Server Error\n", false},
		{"GET /error", 409, 9, "Conflict\n", false},
		{"GET /opens", 500, 22, "Internal Server Error\n", false},
	} {
		method, path, _ := strings.Cut(tt.line, " ")
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Addresses()[0].String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Errorf("%s: %v", tt.line, err)
			continue
		}
		got, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.ProtoMajor != 2 || res.StatusCode != tt.status || res.ContentLength != tt.length || (err != nil) != tt.cut || !tt.cut && !bytes.Equal(got, []byte(tt.content)) {
			t.Errorf("%s: %s %d, length %d, got %d octets, %v", tt.line, res.Proto, res.StatusCode, res.ContentLength, len(got), err)
		}
	}
	transport.CloseIdleConnections()
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	for _, f := range files {
		if _, err := f.Stat(); !errors.Is(err, os.ErrClosed) {
			t.Error("a file is still open")
		}
	}
}
