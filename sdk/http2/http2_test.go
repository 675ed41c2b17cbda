package http2_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/windhover-go/windhover/sdk"
)

// TestConversations sends each kind of request, one after the other and all at
// once.
func TestConversations(t *testing.T) {
	a := newApp()
	base, client, _, _ := serve(t, a, sdk.Config{})
	upload := strings.Repeat("0123456789", 200_000)
	requests := []struct {
		path, content string
		status        int
		want          string
	}{
		{"/ready", "", 200, "ready"},
		{"/loop", "", 200, "on the loop"},
		{"/loop", "nobody reads it", 200, "on the loop"},
		{"/loop", upload, 200, "on the loop"},
		{"/pool", "", 200, "off the loop"},
		{"/pool", upload, 200, "off the loop"},
		{"/loop/body", "abc", 200, "got abc"},
		{"/pool/body", "abc", 200, "got abc"},
		{"/pool/body", "", 200, "got "},
		{"/pool/body", upload, 200, "got " + upload},
		{"/small", "0123456789", 200, "got 0123456789"},
		{"/small", "0123456789a", 413, "the content is over the limit of 10 octets\n"},
		{"/refuse", "abc", 403, "no\n"},
		{"/echo", "abc", 200, "abc"},
		{"/echo", upload, 200, upload},
		{"/read", upload, 200, "read " + upload},
		{"/hints", "", 200, "hinted"},
		{"/panic", "", 500, "Internal Server Error\n"},
		{"/nowhere", "", 404, "Not Found\n"},
		{"/upgrade", "", 426, "this resource wants the protocol parrot\n"},
		{"/zeros", "", 200, strings.Repeat("\x00", 10<<20)},
	}
	var all sync.WaitGroup
	for range 3 {
		for _, r := range requests {
			all.Go(func() {
				res, got := post(t, client, base+r.path, r.content)
				if res.StatusCode != r.status || got != r.want || res.ProtoMajor != 2 {
					t.Errorf("%s: %s %d, %d octets %.40q; want %d, %d octets %.40q", r.path, res.Proto, res.StatusCode, len(got), got, r.status, len(r.want), r.want)
				}
			})
		}
		all.Wait()
	}
	for _, out := range a.ended(t, 3*len(requests)) {
		if out.Err != nil && !errors.Is(out.Err, sdk.ErrPanicked) && out.Status != 413 {
			t.Errorf("%+v", out)
		}
	}
}

// TestTrailers sends and gets trailer sections.
func TestTrailers(t *testing.T) {
	base, client, _, _ := serve(t, newApp(), sdk.Config{})
	req, err := http.NewRequest(http.MethodPost, base+"/trailers", io.NopCloser(strings.NewReader("content")))
	if err != nil {
		t.Fatal(err)
	}
	req.Trailer = http.Header{"Sum": {"42"}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(res.Body)
	res.Body.Close()
	if string(content) != "see below" || res.Trailer.Get("Sum") != "42" || err != nil {
		t.Errorf("%q, trailers %v, %v", content, res.Trailer, err)
	}
}

// TestEarlyHints gets an interim response.
func TestEarlyHints(t *testing.T) {
	base, client, _, _ := serve(t, newApp(), sdk.Config{})
	var link string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		if code == 103 {
			link = h.Get("Link")
		}
		return nil
	}}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, base+"/hints", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if link != "</a.css>; rel=preload" {
		t.Errorf("the hint is %q", link)
	}
}

// TestShortResponse checks that a client notices content that is not all there.
func TestShortResponse(t *testing.T) {
	base, client, _, _ := serve(t, newApp(), sdk.Config{})
	res, err := client.Get(base + "/short")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if content, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("%q is a complete response", content)
	}
}

// TestCancel checks that a function learns of a request that its client does not
// want any more, and that others on the connection go on.
func TestCancel(t *testing.T) {
	a := newApp()
	base, client, _, _ := serve(t, a, sdk.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/wait", nil)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := client.Do(req) // there is no body to close
		failed <- err
	}()
	<-a.entered
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	out := a.ended(t, 1)[0]
	if len(a.causes) != 1 || !errors.Is(a.causes[0], sdk.ErrPeerClosed) || !errors.Is(out.Err, sdk.ErrPeerClosed) {
		t.Errorf("the context ended with %v, the exchange with %v", a.causes, out.Err)
	}
	if _, got := post(t, client, base+"/pool", ""); got != "off the loop" {
		t.Errorf("afterwards: %q", got)
	}
}

// TestShutdown checks that requests are completed, and functions that take too
// long are told.
func TestShutdown(t *testing.T) {
	a := newApp()
	base, client, s, stop := serve(t, a, sdk.Config{})
	done := make(chan int, 1)
	go func() {
		res, err := client.Get(base + "/wait")
		if err != nil {
			done <- 0
			return
		}
		res.Body.Close()
		done <- res.StatusCode
	}()
	<-a.entered
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown returned %v", err)
	}
	stop()
	<-done
	if out := a.ended(t, 1); !errors.Is(a.causes[0], sdk.ErrShutdown) {
		t.Errorf("the context ended with %v, the exchange with %v", a.causes, out[0].Err)
	}
}

// A peer is a client that writes frames.
type peer struct {
	*http2.Framer
	t *testing.T
	c io.Writer
}

func newPeer(t *testing.T, base string, settings ...http2.Setting) *peer {
	t.Helper()
	c := dial(t, base)
	_, _ = io.WriteString(c, http2.ClientPreface)
	p := &peer{http2.NewFramer(c, c), t, c}
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = p.WriteSettings(settings...)
	return p
}

// head sends a head with the pseudo-fields of a GET, or those of fields.
func (p *peer) head(stream uint32, end bool, fields ...string) {
	p.t.Helper()
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndStream: end, EndHeaders: true})
}

// next returns the next frame that says something of a stream, or nil at the end
// of the connection. It acknowledges settings.
func (p *peer) next() http2.Frame {
	p.t.Helper()
	for {
		f, err := p.ReadFrame()
		if err != nil {
			return nil
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = p.WriteSettingsAck()
			}
		case *http2.WindowUpdateFrame, *http2.PingFrame:
		default:
			return f
		}
	}
}

// TestTunnel goes on with another protocol on a stream (RFC 8441).
func TestTunnel(t *testing.T) {
	a := newApp()
	base, _, _, _ := serve(t, a, sdk.Config{})
	p := newPeer(t, base)
	connect := []string{":method", "CONNECT", ":scheme", "http", ":authority", "x", ":path"}
	p.head(1, false, append(connect, "/upgrade", ":protocol", "parrot")...)
	h, ok := p.next().(*http2.MetaHeadersFrame)
	if !ok || h.PseudoValue("status") != "200" || h.StreamEnded() {
		t.Fatalf("got %v", h)
	}
	for _, word := range []string{"hello", "again"} {
		_ = p.WriteData(1, false, []byte(word))
		if d, ok := p.next().(*http2.DataFrame); !ok || string(d.Data()) != word {
			t.Fatalf("got %v; want %q", d, word)
		}
	}
	_ = p.WriteData(1, true, nil)
	if d, ok := p.next().(*http2.DataFrame); !ok || !d.StreamEnded() || len(d.Data()) > 0 {
		t.Fatalf("got %v; want the end", d)
	}
	for i, want := range []string{"426", "501"} {
		stream := uint32(3 + 2*i)
		protocol, path := "other", "/upgrade"
		if stream == 5 {
			protocol, path = "parrot", "/pool"
		}
		p.head(stream, false, append(connect, path, ":protocol", protocol)...)
		f := p.next()
		for _, isHead := f.(*http2.MetaHeadersFrame); f != nil && !isHead; _, isHead = f.(*http2.MetaHeadersFrame) {
			f = p.next() // what is left of the stream before
		}
		if h, ok := f.(*http2.MetaHeadersFrame); !ok || h.StreamID != stream || h.PseudoValue("status") != want {
			t.Fatalf("stream %d: got %v; want %s", stream, f, want)
		}
	}
}

// TestSlowReader checks that a function that streams waits for the peer's
// window, and that a whole response does, too.
func TestSlowReader(t *testing.T) {
	for _, path := range []string{"/zeros", "/pool/body"} {
		a := newApp()
		base, _, _, _ := serve(t, a, sdk.Config{})
		p := newPeer(t, base, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
		p.head(1, path == "/zeros", ":method", "POST", ":scheme", "http", ":authority", "x", ":path", path)
		total := 10 << 20
		if path == "/pool/body" {
			total = 0
			for range 20 {
				_ = p.WriteData(1, false, make([]byte, 10_000))
				total += 10_000
			}
			_ = p.WriteData(1, true, nil)
			total += len("got ")
		}
		got := 0
		for got < total {
			f := p.next()
			if d, ok := f.(*http2.DataFrame); ok {
				n := len(d.Data())
				if got += n; n > 1000 && got <= 1000 {
					t.Fatalf("%s: %d octets in a window of 1000", path, n)
				}
				_ = p.WriteWindowUpdate(0, 1_000_000)
				_ = p.WriteWindowUpdate(1, 1_000_000)
			} else if f == nil {
				t.Fatalf("%s: the connection ended after %d octets", path, got)
			}
		}
		if out := a.ended(t, 1)[0]; out.Err != nil || out.Octets != int64(total) {
			t.Errorf("%s: %+v", path, out)
		}
	}
}

// TestLostConnection checks that every exchange ends when its connection does,
// whatever it is doing.
func TestLostConnection(t *testing.T) {
	a := newApp()
	base, _, s, stop := serve(t, a, sdk.Config{})
	p := newPeer(t, base, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1})
	var streams uint32
	send := func(path string, end bool) {
		p.head(2*streams+1, end, ":method", "POST", ":scheme", "http", ":authority", "x", ":path", path)
		streams++
	}
	send("/wait", true)
	<-a.entered
	send("/loop/body", false) // collects
	send("/pool/body", false) // the same
	send("/loop", false)      // reads past
	send("/read", false)      // a unit waits for content
	send("/echo", false)      // the same
	send("/zeros", true)      // a unit waits for room
	send("/pool", true)       // content waits for room
	send("/loop", true)       // the same
	send("/upgrade", true)    // is answered, and waits for room
	time.Sleep(50 * time.Millisecond)
	_ = p.c.(io.Closer).Close()
	for _, out := range a.ended(t, int(streams)) {
		if !errors.Is(out.Err, sdk.ErrPeerClosed) {
			t.Errorf("%+v; want ErrPeerClosed", out)
		}
	}
	stop()
	_ = s
}
