package http1_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
)

// This file is a fixture: as much of WebSocket (RFC 6455) as it takes to talk
// with a browser. It is no implementation of it: messages are of one frame of
// less than 64 KiB, and what is malformed ends the connection.

const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// accept returns the value of Sec-WebSocket-Accept (RFC 6455 section 4.2.2).
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// readFrame reads a frame of a client (RFC 6455 section 5.2).
func readFrame(r io.Reader) (op byte, data []byte, err error) {
	var head [8]byte
	if _, err = io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	op = head[0] & 15
	n := int(head[1] & 127)
	if head[0]&0xf0 != 0x80 || head[1]&0x80 == 0 || n == 127 {
		return 0, nil, errors.New("not a frame of this fixture")
	}
	if n == 126 {
		if _, err = io.ReadFull(r, head[:2]); err != nil {
			return 0, nil, err
		}
		n = int(binary.BigEndian.Uint16(head[:]))
	}
	data = make([]byte, 4+n)
	if _, err = io.ReadFull(r, data); err != nil {
		return 0, nil, err
	}
	key, data := data[:4], data[4:]
	for i := range data {
		data[i] ^= key[i%4]
	}
	return op, data, nil
}

// writeFrame writes a frame of a server.
func writeFrame(w io.Writer, op byte, data []byte) error {
	frame := []byte{0x80 | op, byte(len(data))}
	if len(data) > 125 {
		frame = binary.BigEndian.AppendUint16([]byte{0x80 | op, 126}, uint16(len(data)))
	}
	_, err := w.Write(append(frame, data...))
	return err
}

// frame is what one goroutine of the echo hands to the other.
type frame struct {
	op   byte
	data []byte
}

// echo reads frames with one goroutine and answers with another: that is how
// servers of WebSocket are written. It closes with 1001 when the server shuts
// down.
func echo(ctx context.Context, s sdk.UpgradedStream) error {
	answers, written := make(chan frame, 4), make(chan struct{})
	var writeErr error // when written is closed
	go func() {
		defer close(written)
		for {
			var f frame
			select {
			case f = <-answers:
			case <-ctx.Done():
				f = frame{opClose, binary.BigEndian.AppendUint16(nil, 1001)} // going away
			}
			if writeErr = writeFrame(s, f.op, f.data); writeErr != nil || f.op == opClose {
				return
			}
		}
	}()
	in := bufio.NewReader(s)
	for {
		op, data, err := readFrame(in)
		if err != nil {
			_ = s.Close() // the other goroutine too
			return err
		}
		switch op {
		case opPing:
			op = opPong
		case opClose:
			select {
			case answers <- frame{op, data}:
			case <-written:
			}
			<-written
			return writeErr
		}
		select {
		case answers <- frame{op, data}:
		case <-written: // it has said that it closes; the peer's answer is to come
		}
	}
}

// page opens a WebSocket, and shows what came of it. It is not loaded before
// the image is, and that comes when all is over: a browser that prints the page
// waits for it.
const page = `<!doctype html><title>WebSocket</title><body><img src="/hold"><script>
const said = text => document.body.append(text + "; ");
const ws = new WebSocket(location.protocol.replace("http", "ws") + "//" + location.host + "/ws", "echo");
ws.onopen = () => { ws.send("hello"); ws.send("Grüße"); ws.send("x".repeat(60000)); };
ws.onmessage = m => { said(m.data.length > 100 ? m.data.length + " octets" : m.data); if (m.data.length > 100) ws.close(1000, "done"); };
ws.onclose = c => { said("closed " + c.code + " " + c.reason + " " + c.wasClean + " " + ws.protocol); fetch("/over"); };
</script></body>`

// websocket adds the echo at /ws, and the page at / with what it loads.
func (a *app) websocket() {
	over := make(chan struct{})
	a.routes["/over"] = &route{plan: sdk.Plan{Name: "over"}, head: func(*app, *http1.Exchange) bool {
		close(over)
		return false
	}}
	a.routes["/hold"] = &route{plan: sdk.Plan{Name: "hold"}, head: func(_ *app, x *http1.Exchange) bool {
		select {
		case <-over:
		case <-x.Context().Done():
		}
		return false
	}}
	a.routes["/"] = &route{plan: sdk.Plan{Name: "page"}, head: func(_ *app, x *http1.Exchange) bool {
		x.ResponseFields().Set("Content-Type", "text/html; charset=utf-8")
		x.ResponseContent().Text(page)
		return false
	}}
	a.routes["/ws"] = &route{plan: sdk.Plan{Name: "ws", Streams: true}, head: func(_ *app, x *http1.Exchange) bool {
		key, _ := x.RequestField("Sec-WebSocket-Key")
		x.ResponseFields().Set("Sec-WebSocket-Accept", accept(key.String()))
		if protocol, ok := x.RequestField("Sec-WebSocket-Protocol"); ok {
			x.ResponseFields().Set("Sec-WebSocket-Protocol", protocol.String())
		}
		ctx := x.Context()
		s, err := x.OpenUpgrade("websocket")
		if err == nil {
			err = echo(ctx, s)
		}
		if err != nil {
			sdk.WriteError(x, err)
		}
		return false
	}}
}

// TestWebSocketInABrowser lets Chromium talk with the echo.
func TestWebSocketInABrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed; .ci/run installs it")
	}
	a := newApp()
	a.websocket()
	addr, _ := serve(t, a, sdk.Config{Loops: 1})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	scheme, _ := transport()
	cmd := exec.CommandContext(ctx, chromium, "--ignore-certificate-errors", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(),
		"--dump-dom", scheme+addr+"/")
	cmd.WaitDelay = time.Second
	got, err := cmd.Output()
	want := "hello; Grüße; 60000 octets; closed 1000 done true echo; "
	if err != nil || !strings.Contains(string(got), want) {
		t.Errorf("the page shows %q, %v; want %q", got, err, want)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.ContainsFunc(a.outcomes, func(out sdk.Outcome) bool { return out.Route == "ws" && out.Status == 101 && out.Err == nil }) {
		t.Errorf("outcomes %+v", a.outcomes)
	}
}

// TestWebSocketGoesAway checks that clients are told when the server shuts
// down, and that it waits for their answers.
func TestWebSocketGoesAway(t *testing.T) {
	a := newApp()
	a.websocket()
	addr, s := serve(t, a, sdk.Config{Loops: 2})
	var clients sync.WaitGroup
	var ready sync.WaitGroup
	for range 10 {
		ready.Add(1)
		clients.Go(func() {
			stream := upgradeOver(t, addr, "/ws", "websocket")
			if stream == nil {
				ready.Done()
				return
			}
			defer stream.Close()
			_, _ = stream.Write(masked(opPing, "are you there?"))
			wantFrame(t, stream, opPong, "are you there?")
			ready.Done()
			wantFrame(t, stream, opClose, "\x03\xe9")
			_, _ = stream.Write(masked(opText, "last words"))
			_, _ = stream.Write(masked(opClose, "\x03\xe9"))
			if n, err := stream.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("%d octets behind the end, %v", n, err)
			}
		})
	}
	ready.Wait()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	clients.Wait()
	for _, out := range a.outcomes {
		if out.Err != nil {
			t.Errorf("outcome %+v", out)
		}
	}
}

// masked returns a frame of a client.
func masked(op byte, data string) []byte {
	f := append([]byte{0x80 | op, 0x80 | byte(len(data))}, 1, 2, 3, 4)
	for i := range len(data) {
		f = append(f, data[i]^f[2+i%4])
	}
	return f
}

// wantFrame reads a short frame of a server.
func wantFrame(t *testing.T, r io.Reader, op byte, data string) {
	t.Helper()
	got := make([]byte, 2+len(data))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != string([]byte{0x80 | op, byte(len(data))})+data {
		t.Errorf("got %q, %v; want operation %d and %q", got, err, op, data)
	}
}
