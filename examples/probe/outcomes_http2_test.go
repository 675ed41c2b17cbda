package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// A streamOutcome is what a server has to answer to one request over HTTP/2: as
// over HTTP/1.1, where that has it too.
type streamOutcome struct {
	name, method, path string
	fields             []string // names and values, in the place of the usual :scheme and :authority when they begin with those
	content            string
	status             string // or the code of a reset
	allow              string
}

var streamOutcomes = []streamOutcome{
	{name: "plaintext", method: "GET", path: "/plaintext", status: "200"},
	{name: "HEAD", method: "HEAD", path: "/plaintext", status: "200"},
	{name: "content", method: "POST", path: "/echo", content: "abc", status: "200"},
	{name: "content of a declared length", method: "POST", path: "/echo", fields: []string{"content-length", "3"}, content: "abc", status: "200"},
	{name: "no content", method: "GET", path: "/nocontent", status: "204"},
	{name: "not modified", method: "GET", path: "/notmodified", status: "304"},
	{name: "a stream", method: "GET", path: "/stream/2", status: "200"},
	{name: "a panic", method: "GET", path: "/panic", status: "500"},
	{name: "unauthorized", method: "GET", path: "/users/7", status: "401"},
	{name: "no path", method: "GET", path: "/nowhere", status: "404"},
	{name: "a malformed escape", method: "GET", path: "/users/%zz", status: "400"},

	{name: "an unknown method", method: "BREW", path: "/plaintext", status: "501"},
	{name: "a method in lower case", method: "get", path: "/plaintext", status: "501"},
	{name: "a method that the path has not", method: "DELETE", path: "/plaintext", status: "405", allow: "GET, HEAD, OPTIONS"},
	{name: "of a typed wildcard", method: "POST", path: "/users/7", status: "405", allow: "GET, HEAD, OPTIONS"},
	{name: "a registered method without a route", method: "PROPFIND", path: "/echo", status: "405", allow: "OPTIONS, POST"},
	{name: "TRACE", method: "TRACE", path: "/plaintext", status: "405", allow: "GET, HEAD, OPTIONS"},
	{name: "OPTIONS of the server", method: "OPTIONS", path: "*", status: "204", allow: serverAllow},
	{name: "OPTIONS of a path", method: "OPTIONS", path: "/echo", status: "204", allow: "OPTIONS, POST"},
	{name: "OPTIONS of no path", method: "OPTIONS", path: "/nowhere", status: "404"},

	{name: "a length over the limit", method: "POST", path: "/echo", fields: []string{"content-length", "30000001"}, content: "a", status: "413"},
	{name: "a long path", method: "GET", path: "/" + strings.Repeat("a", 8192), status: "414"},
	{name: "a large section", method: "GET", path: "/plaintext", fields: []string{"a", strings.Repeat("\x01b", 17_000)}, status: "431"},
	{name: "a large field", method: "GET", path: "/plaintext", fields: []string{"a", strings.Repeat("b", 33_000)}, status: "431"},
	{name: "many fields", method: "GET", path: "/plaintext", fields: strings.Split(strings.Repeat("a,b,", 101)+"a,b", ","), status: "431"},
	{name: "another expectation", method: "POST", path: "/echo", fields: []string{"expect", "more"}, content: "a", status: "417"},
	{name: "another scheme", method: "GET", path: "/plaintext", fields: []string{":scheme", "ftp", ":authority", "x"}, status: "421"},
	{name: "the field Host alone", method: "GET", path: "/plaintext", fields: []string{":scheme", "http", "host", "x"}, status: "200"},

	{name: "no scheme", method: "GET", path: "/plaintext", fields: []string{":authority", "x"}, status: "PROTOCOL_ERROR"},
	{name: "two authorities", method: "GET", path: "/plaintext", fields: []string{":scheme", "http", ":authority", "x", ":authority", "x"}, status: "PROTOCOL_ERROR"},
	{name: "Host differs", method: "GET", path: "/plaintext", fields: []string{"host", "y"}, status: "PROTOCOL_ERROR"},
	{name: "a malformed authority", method: "GET", path: "/plaintext", fields: []string{":scheme", "http", ":authority", "x y"}, status: "PROTOCOL_ERROR"},
	{name: "userinfo", method: "GET", path: "/plaintext", fields: []string{":scheme", "http", ":authority", "u@x"}, status: "PROTOCOL_ERROR"},
	{name: "no slash", method: "GET", path: "plaintext", status: "PROTOCOL_ERROR"},
	{name: "asterisk of GET", method: "GET", path: "*", status: "PROTOCOL_ERROR"},
	{name: "a fragment", method: "GET", path: "/plaintext#a", status: "PROTOCOL_ERROR"},
	{name: "a control octet in the path", method: "GET", path: "/plain\x01text", status: "PROTOCOL_ERROR"},
	{name: "Connection", method: "GET", path: "/plaintext", fields: []string{"connection", "close"}, status: "PROTOCOL_ERROR"},
	{name: "Transfer-Encoding", method: "POST", path: "/echo", fields: []string{"transfer-encoding", "chunked"}, content: "a", status: "PROTOCOL_ERROR"},
	{name: "Upgrade", method: "GET", path: "/plaintext", fields: []string{"upgrade", "websocket"}, status: "PROTOCOL_ERROR"},
	{name: "TE", method: "GET", path: "/plaintext", fields: []string{"te", "gzip"}, status: "PROTOCOL_ERROR"},
	{name: "TE: trailers", method: "GET", path: "/plaintext", fields: []string{"te", "trailers"}, status: "200"},
	{name: "a name in capitals", method: "GET", path: "/plaintext", fields: []string{"Accept", "b"}, status: "PROTOCOL_ERROR"},
	{name: "a name that is no token", method: "GET", path: "/plaintext", fields: []string{"a(b)", "c"}, status: "PROTOCOL_ERROR"},
	{name: "a NUL", method: "GET", path: "/plaintext", fields: []string{"a", "b\x00c"}, status: "PROTOCOL_ERROR"},
	{name: "a bare CR", method: "GET", path: "/plaintext", fields: []string{"a", "b\rc"}, status: "PROTOCOL_ERROR"},
	{name: "less content than declared", method: "POST", path: "/echo", fields: []string{"content-length", "4"}, content: "abc", status: "PROTOCOL_ERROR"},
	{name: "more content than declared", method: "POST", path: "/echo", fields: []string{"content-length", "2"}, content: "abc", status: "PROTOCOL_ERROR"},
	{name: "two lengths", method: "POST", path: "/echo", fields: []string{"content-length", "3", "content-length", "3"}, content: "abc", status: "PROTOCOL_ERROR"},
	{name: "a length with a sign", method: "POST", path: "/echo", fields: []string{"content-length", "+3"}, content: "abc", status: "PROTOCOL_ERROR"},
}

// TestStreamOutcomes sends each request on a connection of its own, and another
// one behind it: a stream that is refused ends no other.
func TestStreamOutcomes(t *testing.T) {
	s, err := sdktest.NewServer(NewPipeline(new(Counter)), sim.NewCalm(), sdk.Config{OnPanic: func(sdk.Panic) {}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range streamOutcomes {
		t.Run(o.name, func(t *testing.T) {
			got, err := o.play(s)
			if err != nil {
				t.Fatal(err)
			}
			want := "1: " + o.status
			if o.allow != "" {
				want += ", " + o.allow
			}
			if first, next := got[1], got[3]; "1: "+first != want || next != "200" {
				t.Errorf("%q and %q; want %s and 200", first, next, want)
			}
		})
	}
	if err := s.End(); err != nil {
		t.Error(err)
	}
}

// play sends the request, and a good one, and returns what became of each stream.
func (o *streamOutcome) play(s *sdktest.Server) (map[uint32]string, error) {
	peer, err := s.Network.Dial(s.Address)
	if err != nil {
		return nil, err
	}
	peer.SetWindow(1 << 20)
	var out, block bytes.Buffer
	out.WriteString(http2.ClientPreface)
	framer, encoder := http2.NewFramer(&out, nil), hpack.NewEncoder(&block)
	framer.AllowIllegalWrites = true
	_ = framer.WriteSettings()
	fields := append([]string{":method", o.method, ":path", o.path}, o.fields...)
	if len(o.fields) == 0 || o.fields[0][0] != ':' {
		fields = append([]string{":method", o.method, ":path", o.path, ":scheme", "http", ":authority", "x"}, o.fields...)
	}
	o.head(framer, encoder, &block, 1, fields)
	if o.content != "" {
		_ = framer.WriteData(1, true, []byte(o.content))
	}
	(&streamOutcome{}).head(framer, encoder, &block, 3, []string{":method", "GET", ":path", "/plaintext", ":scheme", "http", ":authority", "x"})
	peer.Send(out.Bytes())
	for range 20 {
		if err := s.Step(0); err != nil {
			return nil, err
		}
	}
	return streamsOf(peer.Received())
}

// head writes a field section, in frames that the server reads.
func (o *streamOutcome) head(framer *http2.Framer, encoder *hpack.Encoder, block *bytes.Buffer, stream uint32, fields []string) {
	block.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1], Sensitive: true})
	}
	const most = 16_000
	rest := block.Bytes()
	piece := rest[:min(most, len(rest))]
	rest = rest[len(piece):]
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: piece, EndStream: o.content == "", EndHeaders: len(rest) == 0})
	for len(rest) > 0 {
		piece = rest[:min(most, len(rest))]
		rest = rest[len(piece):]
		_ = framer.WriteContinuation(stream, len(rest) == 0, piece)
	}
}

// streamsOf returns the status of each stream and its field Allow, or the code
// with which it was reset before it had one.
func streamsOf(received []byte) (map[uint32]string, error) {
	got := map[uint32]string{}
	framer := http2.NewFramer(nil, bytes.NewReader(received))
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		f, err := framer.ReadFrame()
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return nil, err
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			got[f.StreamID] = f.PseudoValue("status")
			for _, field := range f.RegularFields() {
				if field.Name == "allow" {
					got[f.StreamID] += ", " + field.Value
				}
			}
		case *http2.RSTStreamFrame:
			if got[f.StreamID] == "" {
				got[f.StreamID] = f.ErrCode.String()
			}
		case *http2.GoAwayFrame:
			return nil, fmt.Errorf("GOAWAY with %v, %s", f.ErrCode, f.DebugData())
		}
	}
}
