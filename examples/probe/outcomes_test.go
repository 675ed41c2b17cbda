package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// An outcome is what a server has to answer to one input.
type outcome struct {
	name   string
	send   string
	status int
	secure int    // over TLS; 0: the same
	allow  string // of 405 and OPTIONS
	open   bool   // the connection persists
}

const (
	hostLine = "Host: x\r\n"
	chunkedX = hostLine + "Transfer-Encoding: chunked\r\n\r\n"
	noBody   = hostLine + "\r\n"
)

// serverAllow are the methods that probe has routes for.
const serverAllow = "GET, HEAD, OPTIONS, POST"

// outcomes are the answers that do not depend on what a route does: what is
// malformed, ambiguous, unknown or too large.
var outcomes = []outcome{
	{name: "HTTP/1.0", send: "GET /plaintext HTTP/1.0\r\n\r\n", status: 200},
	{name: "HTTP/1.0 that keeps", send: "GET /plaintext HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", status: 200, open: true},
	{name: "a coding in HTTP/1.0", send: "POST /headers HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", status: 400},
	{name: "HTTP/1.2", send: "GET /plaintext HTTP/1.2\r\n" + noBody, status: 200, open: true},
	{name: "HTTP/1.9", send: "GET /stream/2 HTTP/1.9\r\n" + noBody, status: 200, open: true},
	{name: "HTTP/2.0", send: "GET /plaintext HTTP/2.0\r\n" + noBody, status: 505},
	{name: "HTTP/0.9 with a version", send: "GET /plaintext HTTP/0.9\r\n" + noBody, status: 505},
	{name: "HTTP/0.9", send: "GET /plaintext\r\n", status: 400},
	{name: "a version in lower case", send: "GET /plaintext http/1.1\r\n" + noBody, status: 400},
	{name: "a version of two digits", send: "GET /plaintext HTTP/1.10\r\n" + noBody, status: 400},

	{name: "an unknown method", send: "BREW /plaintext HTTP/1.1\r\n" + noBody, status: 501},
	{name: "a method in lower case", send: "get /plaintext HTTP/1.1\r\n" + noBody, status: 501},
	{name: "a method that the path has not", send: "DELETE /plaintext HTTP/1.1\r\n" + noBody, status: 405, allow: "GET, HEAD, OPTIONS", open: true},
	{name: "another", send: "PUT /headers HTTP/1.1\r\n" + noBody, status: 405, allow: serverAllow, open: true},
	{name: "of a typed wildcard", send: "POST /users/7 HTTP/1.1\r\n" + noBody, status: 405, allow: "GET, HEAD, OPTIONS", open: true},
	{name: "a registered method without a route", send: "PROPFIND /echo HTTP/1.1\r\n" + noBody, status: 405, allow: "OPTIONS, POST", open: true},
	{name: "TRACE", send: "TRACE /plaintext HTTP/1.1\r\n" + noBody, status: 405, allow: "GET, HEAD, OPTIONS", open: true},
	{name: "TRACE of no path", send: "TRACE / HTTP/1.1\r\n" + noBody, status: 405, allow: serverAllow, open: true},
	{name: "CONNECT", send: "CONNECT example.com:443 HTTP/1.1\r\n" + noBody, status: 405, allow: serverAllow, open: true},
	{name: "OPTIONS of the server", send: "OPTIONS * HTTP/1.1\r\n" + noBody, status: 204, allow: serverAllow, open: true},
	{name: "OPTIONS of the server in the absolute-form", send: "OPTIONS http://x HTTP/1.1\r\n" + noBody, status: 204, allow: serverAllow, open: true},
	{name: "OPTIONS of a path", send: "OPTIONS /echo HTTP/1.1\r\n" + noBody, status: 204, allow: "OPTIONS, POST", open: true},
	{name: "OPTIONS of no path", send: "OPTIONS /nowhere HTTP/1.1\r\n" + noBody, status: 404, open: true},
	{name: "no path", send: "GET /nowhere HTTP/1.1\r\n" + noBody, status: 404, open: true},

	{name: "absolute-form", send: "GET http://x/plaintext HTTP/1.1\r\n" + noBody, status: 200, open: true},
	{name: "absolute-form of another scheme", send: "GET ftp://x/plaintext HTTP/1.1\r\n" + noBody, status: 400},
	{name: "absolute-form with userinfo", send: "GET http://u@x/plaintext HTTP/1.1\r\n" + noBody, status: 400},
	{name: "absolute-form without a host", send: "GET http:///plaintext HTTP/1.1\r\n" + noBody, status: 400},
	{name: "https without TLS", send: "GET https://x/plaintext HTTP/1.1\r\n" + noBody, status: 421, secure: 200},
	{name: "asterisk-form of GET", send: "GET * HTTP/1.1\r\n" + noBody, status: 400},
	{name: "authority-form of GET", send: "GET x:80 HTTP/1.1\r\n" + noBody, status: 400},
	{name: "no slash", send: "GET plaintext HTTP/1.1\r\n" + noBody, status: 400},

	{name: "no Host", send: "GET /plaintext HTTP/1.1\r\n\r\n", status: 400},
	{name: "two Hosts", send: "GET /plaintext HTTP/1.1\r\n" + hostLine + noBody, status: 400},
	{name: "a malformed Host", send: "GET /plaintext HTTP/1.1\r\nHost: x y\r\n\r\n", status: 400},

	{name: "two equal lengths", send: "POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n" + noBody + "a", status: 400},
	{name: "a list of equal lengths", send: "POST /echo HTTP/1.1\r\nContent-Length: 1, 1\r\n" + noBody + "a", status: 400},
	{name: "a length with a sign", send: "POST /echo HTTP/1.1\r\nContent-Length: +1\r\n" + noBody + "a", status: 400},
	{name: "a negative length", send: "POST /echo HTTP/1.1\r\nContent-Length: -1\r\n" + noBody, status: 400},
	{name: "a length with a space inside", send: "POST /echo HTTP/1.1\r\nContent-Length: 1 1\r\n" + noBody, status: 400},
	{name: "an empty length", send: "POST /echo HTTP/1.1\r\nContent-Length:\r\n" + noBody, status: 400},
	{name: "a length over 63 bits", send: "POST /echo HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n" + noBody, status: 400},
	{name: "a length over the limit", send: "POST /echo HTTP/1.1\r\nContent-Length: 30000001\r\n" + noBody, status: 413},
	{name: "the largest length", send: "POST /echo HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n" + noBody, status: 413},

	{name: "a coding beside a length", send: "POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" + chunkedX + "0\r\n\r\n", status: 400},
	{name: "chunked is not the last", send: "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n" + noBody, status: 400},
	{name: "chunked twice", send: "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n" + noBody, status: 400},
	{name: "chunked twice, on two lines", send: "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + chunkedX, status: 400},
	{name: "identity", send: "POST /echo HTTP/1.1\r\nTransfer-Encoding: identity\r\n" + noBody, status: 400},
	{name: "no chunked", send: "POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip\r\n" + noBody, status: 400},
	{name: "something like chunked", send: "POST /echo HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n" + noBody, status: 400},
	{name: "an unknown coding before chunked", send: "POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" + noBody, status: 501},

	{name: "a folded line", send: "GET /plaintext HTTP/1.1\r\nA: b\r\n c\r\n" + noBody, status: 400},
	{name: "a space before the colon", send: "GET /plaintext HTTP/1.1\r\nHost : x\r\n\r\n", status: 400},
	{name: "a bare CR", send: "GET /plaintext HTTP/1.1\r\nA: b\rc\r\n" + noBody, status: 400},
	{name: "a bare LF at the end of a line", send: "GET /plaintext HTTP/1.1\r\nA: b\n" + noBody, status: 400},
	{name: "bare LF everywhere", send: "GET /plaintext HTTP/1.1\nHost: x\n\n", status: 400},
	{name: "a NUL", send: "GET /plaintext HTTP/1.1\r\nA: b\x00c\r\n" + noBody, status: 400},
	{name: "an empty name", send: "GET /plaintext HTTP/1.1\r\n: b\r\n" + noBody, status: 400},
	{name: "a name that is no token", send: "GET /plaintext HTTP/1.1\r\nA(b): c\r\n" + noBody, status: 400},
	{name: "no colon", send: "GET /plaintext HTTP/1.1\r\nA\r\n" + noBody, status: 400},
	{name: "a control octet in the target", send: "GET /plain\x01text HTTP/1.1\r\n" + noBody, status: 400},
	{name: "a fragment in the target", send: "GET /plaintext#a HTTP/1.1\r\n" + noBody, status: 400},
	{name: "two spaces in the request line", send: "GET  /plaintext HTTP/1.1\r\n" + noBody, status: 400},
	{name: "two spaces before the version", send: "GET /plaintext  HTTP/1.1\r\n" + noBody, status: 400},
	{name: "a space behind the version", send: "GET /plaintext HTTP/1.1 \r\n" + noBody, status: 400},
	{name: "a malformed escape", send: "GET /users/%zz HTTP/1.1\r\n" + noBody, status: 400, open: true},

	{name: "a chunk size that is no number", send: "POST /echo HTTP/1.1\r\n" + chunkedX + "0x1\r\na\r\n0\r\n\r\n", status: 400},
	{name: "a chunk size with a sign", send: "POST /echo HTTP/1.1\r\n" + chunkedX + "+1\r\na\r\n0\r\n\r\n", status: 400},
	{name: "a chunk size with an underscore", send: "POST /headers HTTP/1.1\r\n" + chunkedX + "2_0\r\n", status: 400},
	{name: "a chunk size over 2^63", send: "POST /echo HTTP/1.1\r\n" + chunkedX + "8000000000000001\r\n", status: 400},
	{name: "a chunk over the limit", send: "POST /echo HTTP/1.1\r\n" + chunkedX + "1c9c381\r\n", status: 413},
	{name: "a malformed chunk extension", send: "POST /echo HTTP/1.1\r\n" + chunkedX + "1;a b\r\na\r\n0\r\n\r\n", status: 400},
	{name: "a long chunk extension", send: "POST /echo HTTP/1.1\r\n" + chunkedX + "1;" + strings.Repeat("a", 300) + "\r\na\r\n0\r\n\r\n", status: 400},
	{name: "a bare LF behind a chunk size", send: "POST /echo HTTP/1.1\r\n" + chunkedX + "1\na\r\n0\r\n\r\n", status: 400},
	{name: "a chunk longer than its size", send: "POST /headers HTTP/1.1\r\n" + chunkedX + "1\r\nab\r\n0\r\n\r\n", status: 400},
	{name: "a bare LF behind a chunk", send: "POST /headers HTTP/1.1\r\n" + chunkedX + "1\r\na\n0\r\n\r\n", status: 400},
	{name: "a malformed trailer", send: "POST /headers HTTP/1.1\r\n" + chunkedX + "0\r\na b: c\r\n\r\n", status: 400},
	{name: "malformed content where no path is", send: "POST /nowhere HTTP/1.1\r\n" + chunkedX + "z\r\n", status: 400},

	{name: "preconditions of OPTIONS", send: "OPTIONS /echo HTTP/1.1\r\nIf-Match: \"a\"\r\nIf-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n" + noBody, status: 204, allow: "OPTIONS, POST", open: true},
	{name: "a range of POST", send: "POST /echo HTTP/1.1\r\nRange: bytes=0-0\r\nContent-Length: 3\r\n" + noBody + "abc", status: 200, open: true},
	{name: "an upgrade in HTTP/1.0", send: "GET /plaintext HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", status: 200},
	{name: "an upgrade that nobody offers", send: "GET /plaintext HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" + noBody, status: 200, open: true},

	{name: "two empty lines", send: "\r\n\r\nGET /plaintext HTTP/1.1\r\n" + noBody, status: 200, open: true},
	{name: "three empty lines", send: "\r\n\r\n\r\nGET /plaintext HTTP/1.1\r\n" + noBody, status: 400},
	{name: "an unknown expectation", send: "POST /echo HTTP/1.1\r\nContent-Length: 1\r\nExpect: 200-ok\r\n" + noBody + "a", status: 417},

	{name: "a request line at the limit", send: "GET /plaintext?" + strings.Repeat("a", 8192-len("GET /plaintext? HTTP/1.1")) + " HTTP/1.1\r\n" + noBody, status: 200, open: true},
	{name: "a request line over it", send: "GET /plaintext?" + strings.Repeat("a", 8192-len("GET /plaintext? HTTP/1.1")+1) + " HTTP/1.1\r\n" + noBody, status: 414},
	{name: "a field section at the limit", send: "GET /plaintext HTTP/1.1\r\nA: " + strings.Repeat("a", 32768-len("A: \r\n"+hostLine)) + "\r\n" + noBody, status: 200, open: true},
	{name: "a field section over it", send: "GET /plaintext HTTP/1.1\r\nA: " + strings.Repeat("a", 32768-len("A: \r\n"+hostLine)+1) + "\r\n" + noBody, status: 431},
	{name: "as many fields as may be", send: "GET /plaintext HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 99) + noBody, status: 200, open: true},
	{name: "one more", send: "GET /plaintext HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 100) + noBody, status: 431},
}

// TestOutcomes sends every input whole, octet by octet and in sevens, behind
// another request and without one, and checks that the answer is the same: its
// status, Date, Content-Length and Allow, and whether the connection persists;
// that a refusal says close, that nothing behind it is answered, and that the
// client gets it although it goes on sending. All of it holds over TLS too, where
// each piece is a record.
func TestOutcomes(t *testing.T) {
	const first = "GET /json HTTP/1.1\r\n" + noBody
	for name, dial := range dialers(t) {
		for _, o := range outcomes {
			if name != "" && o.secure != 0 {
				o.status, o.open = o.secure, true
			}
			t.Run(name+o.name, func(t *testing.T) {
				for _, cut := range []int{len(o.send) + len(first), 1, 7} {
					for _, before := range []string{"", first} {
						if err := o.play(dial, before, cut); err != nil {
							t.Errorf("pieces of %d octets, behind %.9q: %v", cut, before, err)
						}
					}
				}
			})
		}
	}
}

// A peer is a client in memory, in the clear or with TLS.
type peer interface {
	Send(data []byte)
	CloseWrite()
	Received() []byte
	Ended() bool
	Broken() bool
}

// A dialer makes a server and a connection to it.
type dialer func(sdk.Config) (*sdktest.Server, peer, error)

// dialers returns those in the clear and over each version of TLS.
func dialers(t *testing.T) map[string]dialer {
	t.Helper()
	serve := func(config sdk.Config) (*sdktest.Server, error) {
		return sdktest.NewServer(NewPipeline(new(Counter)), sim.NewCalm(), config)
	}
	list := map[string]dialer{"": func(config sdk.Config) (*sdktest.Server, peer, error) {
		s, err := serve(config)
		if err != nil {
			return nil, nil, err
		}
		p, err := s.Network.Dial(s.Address)
		return s, p, err
	}}
	server, client := tlsConfigs(t)
	for name, version := range map[string]uint16{"TLS 1.2, ": tls.VersionTLS12, "TLS 1.3, ": tls.VersionTLS13} {
		versioned := client.Clone()
		versioned.MinVersion, versioned.MaxVersion = version, version
		list[name] = func(config sdk.Config) (*sdktest.Server, peer, error) {
			config.TLS = server
			s, err := serve(config)
			if err != nil {
				return nil, nil, err
			}
			p, err := s.DialSecure(versioned)
			return s, p, err
		}
	}
	return list
}

// play sends the input in pieces and checks the answer.
func (o *outcome) play(dial dialer, before string, cut int) error {
	s, peer, err := dial(sdk.Config{StallAfter: sdk.Unlimited})
	if err != nil {
		return err
	}
	turns := func() {
		for range 6 {
			if err == nil {
				err = s.Step(0)
			}
		}
	}
	send := []byte(before + o.send)
	for len(send) > 0 {
		n := min(cut, len(send))
		peer.Send(send[:n])
		send = send[n:]
		turns()
	}
	// What follows is answered where the connection persists, and lost without
	// harm where it does not.
	peer.Send([]byte("GET /nocontent HTTP/1.1\r\n" + noBody + strings.Repeat("x", 1000)))
	turns()
	if err != nil {
		return err
	}
	if peer.Broken() {
		return fmt.Errorf("the connection was reset; got %q", peer.Received())
	}
	err = o.check(peer.Received(), before != "", peer.Ended())
	if e := s.End(); err == nil {
		err = e
	}
	return err
}

func (o *outcome) check(got []byte, behind, ended bool) error {
	in := bufio.NewReader(bytes.NewReader(got))
	if behind {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return fmt.Errorf("the request before was answered %q: %w", got, err)
		}
		_, _ = io.Copy(io.Discard, res.Body) // what follows shows whether it was right
	}
	method, _, _ := strings.Cut(strings.TrimLeft(o.send, "\r\n"), " ")
	res, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		return fmt.Errorf("answered %q: %w", got, err)
	}
	content, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return fmt.Errorf("answered %q: %w", got, err)
	case res.StatusCode != o.status:
		return fmt.Errorf("answered %d %q; want %d", res.StatusCode, content, o.status)
	case res.Header.Get("Date") == "":
		return fmt.Errorf("%q has no Date", got)
	case res.StatusCode >= 400 && res.ContentLength < 0:
		return fmt.Errorf("%q has no Content-Length", got)
	case res.Header.Get("Allow") != o.allow:
		return fmt.Errorf("Allow is %q; want %q", res.Header.Get("Allow"), o.allow)
	case res.Close == o.open:
		return fmt.Errorf("%q says close: %v", got, res.Close)
	}
	rest, _ := io.ReadAll(in)
	switch {
	case o.open && !bytes.HasPrefix(rest, []byte("HTTP/1.1 204 ")):
		return fmt.Errorf("the request behind was answered %q", rest)
	case !o.open && len(rest) > 0:
		return fmt.Errorf("%q came behind an answer that says close", rest)
	case !o.open && !ended:
		return fmt.Errorf("the connection stays open")
	}
	return nil
}
