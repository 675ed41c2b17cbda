package h1

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

const offer = "GET / HTTP/1.1\nHost: a\nConnection: upgrade\nUpgrade: websocket"

func TestUpgradeOffered(t *testing.T) {
	for _, tt := range []struct {
		name, request, protocol string
		want                    bool
	}{
		{"offered", offer, "websocket", true},
		{"another", offer, "websockets", false},
		{"a part of it", offer, "web", false},
		{"without case", strings.ReplaceAll(offer, "e: w", "e: W"), "webSocket", true},
		{"names of fields without case", "GET / HTTP/1.1\nHost: a\nCONNECTION: UpGrade\nupgrade: a", "a", true},
		{"HTTP/1.0", strings.Replace(offer, "/1.1", "/1.0", 1), "websocket", false},
		{"HTTP/1.2", strings.Replace(offer, "/1.1", "/1.2", 1), "websocket", true},
		{"Connection does not say so", "GET / HTTP/1.1\nHost: a\nUpgrade: a", "a", false},
		{"Connection says something else", "GET / HTTP/1.1\nHost: a\nConnection: upgrades, keep-alive\nUpgrade: a", "a", false},
		{"Upgrade is missing", "GET / HTTP/1.1\nHost: a\nConnection: upgrade", "a", false},
		{"lists", "GET / HTTP/1.1\nHost: a\nConnection: keep-alive, Upgrade\nUpgrade: b , a,c", "a", true},
		{"lists of several lines", "GET / HTTP/1.1\nHost: a\nConnection: keep-alive\nConnection: upgrade\nUpgrade: b\nUpgrade: a", "a", true},
		{"empty elements", "GET / HTTP/1.1\nHost: a\nConnection: ,upgrade,\nUpgrade: ,, a", "a", true},
		{"any version", strings.Replace(offer, "websocket", "a/1, b", 1), "a", true},
		{"that version", strings.Replace(offer, "websocket", "a/1, a/2", 1), "A/2", true},
		{"another version", strings.Replace(offer, "websocket", "a/1", 1), "a/2", false},
		{"no version", strings.Replace(offer, "websocket", "a", 1), "a/2", false},
		{"a version with its case", strings.Replace(offer, "websocket", "a/x", 1), "a/X", false},
		{"no protocol", strings.Replace(offer, "websocket", "", 1), "", false},
		{"malformed offer", strings.Replace(offer, "websocket", "a b, a/, /1, a/1/2, \"a\"", 1), "a", false},
		{"malformed protocol", strings.Replace(offer, "websocket", "a b, a/, /1, a/1/2", 1), "a b", false},
		{"malformed version", strings.Replace(offer, "websocket", "a/", 1), "a/", false},
		{"malformed version of what is offered", offer, "websocket/", false},
		{"injected", offer, "websocket\r\nA: b", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := begin(t, tt.request).UpgradeOffered(tt.protocol); got != tt.want {
				t.Errorf("%q: %t; want %t", tt.protocol, got, tt.want)
			}
		})
	}
}

func TestAppendUpgrade(t *testing.T) {
	for _, tt := range []struct {
		name, request string
		continued     bool
		want          string // CRLF as LF
	}{
		{"no expectation", offer, false, ""},
		{"an expectation", offer + "\nExpect: 100-continue\nContent-Length: 1", false, "HTTP/1.1 100 Continue\n\n"},
		{"an expectation that was met", offer + "\nExpect: 100-continue\nContent-Length: 1", true, ""},
		{"an expectation without content", offer + "\nExpect: 100-continue", false, "HTTP/1.1 100 Continue\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := begin(t, tt.request)
			x.ResponseFields().Set("Sec-WebSocket-Accept", "b")
			x.ResponseContent().Text("left out")
			got := string(x.AppendUpgrade([]byte("x"), "websocket", tt.continued))
			want := "x" + tt.want + "HTTP/1.1 101 Switching Protocols\nSec-WebSocket-Accept: b\nConnection: Upgrade\nUpgrade: websocket\n\n"
			if got != strings.ReplaceAll(want, "\n", "\r\n") {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if x.Status() != 101 || x.Persists() || x.ContentSent() != 0 {
				t.Errorf("status %d, persists %t, %d octets of content", x.Status(), x.Persists(), x.ContentSent())
			}
			res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got[1+len(strings.ReplaceAll(tt.want, "\n", "\r\n")):])), nil)
			if err != nil || res.StatusCode != 101 || res.Header.Get("Connection") != "Upgrade" || res.Header.Get("Upgrade") != "websocket" {
				t.Errorf("net/http reads %+v, %v", res, err)
			}
			if x.Reset(); x.Status() != 200 || !x.Persists() && x.minor > 0 {
				t.Error("something of the response is left")
			}
		})
	}
}

// TestRequireUpgrade checks that a response 426 names the protocol, and no other
// response does.
func TestRequireUpgrade(t *testing.T) {
	x := begin(t, get)
	if x.RequireUpgrade("a\r\nB: c") || !x.RequireUpgrade("a/1") {
		t.Error("what can be named is refused, or what cannot is not")
	}
	check(t, string(x.AppendResponse(nil, []byte(date))), "200 OK\nContent-Length: 0\n\n")
	x.SetStatus(426)
	check(t, string(x.AppendResponse(nil, []byte(date))), "426 Upgrade Required\nConnection: Upgrade\nUpgrade: a/1\nContent-Length: 0\n\n")
	if !x.Persists() {
		t.Error("the connection does not persist")
	}
	x.ResetResponse()
	x.SetStatus(426)
	check(t, string(x.AppendResponse(nil, []byte(date))), "426 Upgrade Required\nContent-Length: 0\n\n")
}

// TestUpgrade checks that nothing is read as HTTP any more.
func TestUpgrade(t *testing.T) {
	var c Conn
	var x Exchange
	in := []byte(strings.ReplaceAll(offer, "\n", "\r\n") + "\r\n\r\n")
	if ev, n := c.Next(&x, in, &defaults); ev != EventHead || n != len(in) {
		t.Fatal(ev)
	}
	if ev, _ := c.Next(&x, nil, &defaults); ev != EventEnd {
		t.Fatal(ev)
	}
	x.AppendUpgrade(nil, "websocket", false)
	c.Upgrade()
	for _, octets := range []string{"", "\r\n", "\x00", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"} {
		if ev, n := c.Next(&x, []byte(octets), &defaults); ev != EventNone || n != 0 {
			t.Errorf("%q is %s of %d octets", octets, ev, n)
		}
	}
	if !c.InExchange() || c.Started() {
		t.Error("the exchange is over")
	}
	if c.Finish(&x) {
		t.Error("the connection persists")
	}
	if ev, n := c.Next(&x, in, &defaults); ev != EventNone || n != 0 {
		t.Errorf("after the end: %s of %d octets", ev, n)
	}
}
