package h1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/msg"
)

// small are limits that short inputs reach.
var small = msg.Limits{RequestLine: 40, FieldSection: 120, Fields: 5, RequestBody: 30, ChunkLine: 12}.WithDefaults()

// FuzzRequest checks that octets mean the same however they are cut, with wide
// and with narrow limits and with either policy, that the lenient policy reads
// what the strict one accepts as that does, and that where the standard library
// accepts a request that we accept, it reads the same one.
func FuzzRequest(f *testing.F) {
	for _, in := range []string{
		"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST http://b/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nc: d\r\nHost: b\r\nC:e\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nExpect: 100-continue\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\nHost:[::1]:80\r\na:\tb \r\n\r\n",
		"\nPUT / HTTP/1.1\nHost: a\r\nContent-Length: 1, 1\ncontent-length:1\n\nx",
	} {
		f.Add([]byte(in), uint16(20), uint16(50))
	}
	f.Fuzz(func(t *testing.T, in []byte, cut1, cut2 uint16) {
		a := int(cut1) % (len(in) + 1)
		b := a + int(cut2)%(len(in)-a+1)
		octets := make([]string, len(in))
		for i := range in {
			octets[i] = string(in[i : i+1])
		}
		for _, limits := range []*msg.Limits{&defaults, &small} {
			var strict string
			for _, policy := range []msg.Policy{msg.PolicyStrict, msg.PolicyRFC} {
				want, place := readFault(policy, limits, string(in))
				if got, fault := readFault(policy, limits, string(in[:a]), string(in[a:b]), string(in[b:])); got != want || fault != place {
					t.Fatalf("%s, cut at %d and %d: %s at %d\nuncut: %s at %d", policy, a, b, got, fault, want, place)
				}
				if got, fault := readFault(policy, limits, octets...); got != want || fault != place {
					t.Fatalf("%s, octet by octet: %s at %d\nuncut: %s at %d", policy, got, fault, want, place)
				}
				if place >= int64(len(in)) {
					t.Fatalf("%s: a fault at %d of %d octets", policy, place, len(in))
				}
				if policy == msg.PolicyStrict {
					strict, _, _ = strings.Cut(want, "refused")
				} else if !strings.HasPrefix(want, strict) {
					t.Fatalf("strictly: %s\nby the RFC: %s", strict, want)
				}
			}
		}
		compare(t, in, msg.PolicyStrict)
		compare(t, in, msg.PolicyRFC)
	})
}

// compare reads the first request of in with the standard library, too.
func compare(t *testing.T, in []byte, policy msg.Policy) {
	t.Helper()
	theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(in)))
	if err != nil {
		return
	}
	body, err := io.ReadAll(theirs.Body)
	if err != nil {
		return
	}
	var c Conn
	c.Policy = policy
	var content []byte
	x := new(Exchange)
	x.KeepTrailers()
	for ended, rest := false, in; !ended; {
		ev, n := c.Next(x, rest, &defaults)
		rest = rest[n:]
		switch ev {
		case EventContent:
			content = append(content, x.Content()...)
		case EventNone, EventRefused:
			return
		case EventEnd:
			ended = true
		case EventHead:
		}
	}
	method, target := x.MethodText().String(), x.RawPath().String()
	if x.RawQuery().Len() > 0 {
		target += "?" + x.RawQuery().String()
	}
	if method != theirs.Method || !bytes.Equal(body, content) {
		t.Fatalf("method %q, content %q; theirs %q, %q", method, content, theirs.Method, body)
	}
	if theirs.URL.Host == "" && method != "CONNECT" && target != strings.TrimSuffix(theirs.RequestURI, "?") {
		t.Fatalf("target %q; theirs %q", target, theirs.RequestURI)
	}
	if host := x.Authority().String(); host != theirs.Host && method != "CONNECT" {
		t.Fatalf("authority %q; theirs %q", host, theirs.Host)
	}
	if x.ContentLength() != theirs.ContentLength {
		t.Fatalf("length %d; theirs %d", x.ContentLength(), theirs.ContentLength)
	}
	if x.Minor() < 2 && method != "CONNECT" && theirs.Close == x.Persists() {
		t.Fatalf("persists %t; theirs closes %t", x.Persists(), theirs.Close)
	}
	if got, want := ourFields(x), theirFields(theirs.Header); got != want {
		t.Fatalf("fields\n%s\ntheirs\n%s", got, want)
	}
	var lines []string
	for i := range x.RequestTrailerCount() {
		name, value := x.RequestTrailerAt(i)
		lines = append(lines, fmt.Sprintf("%s: %q", http.CanonicalHeaderKey(name.String()), value.String()))
	}
	for name, values := range theirs.Trailer {
		if !msg.MayTrail(name) || len(values) == 0 { // announced in Trailer and not sent
			delete(theirs.Trailer, name)
		}
	}
	if got, want := joined(lines), theirFields(theirs.Trailer); got != want {
		t.Fatalf("trailers\n%s\ntheirs\n%s", got, want)
	}
}

// left out: the standard library moves or removes them.
var moved = map[string]bool{"Host": true, "Transfer-Encoding": true, "Content-Length": true, "Trailer": true, "Connection": true, "Pragma": true, "Cache-Control": true}

func ourFields(x *Exchange) string {
	var lines []string
	for i := range x.RequestFieldCount() {
		name, value := x.RequestFieldAt(i)
		lines = append(lines, fmt.Sprintf("%s: %q", http.CanonicalHeaderKey(name.String()), value.String()))
	}
	return joined(lines)
}

func theirFields(h http.Header) string {
	var lines []string
	for name, values := range h {
		for _, value := range values {
			lines = append(lines, fmt.Sprintf("%s: %q", name, value))
		}
	}
	return joined(lines)
}

func joined(lines []string) string {
	kept := lines[:0]
	for _, line := range lines {
		if name, _, _ := strings.Cut(line, ": "); !moved[name] {
			kept = append(kept, line)
		}
	}
	slices.Sort(kept)
	return strings.Join(kept, "\n")
}
