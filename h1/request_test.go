package h1

import (
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/msg"
)

// hostEnd ends a head that is otherwise complete.
const hostEnd = "Host: a\r\n\r\n"

func TestRequestLine(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"origin-form", "GET / HTTP/1.1", "GET / @a 1.1 0\n"},
		{"path and query", "GET /a/b?c=d?e HTTP/1.1", "GET /a/b ?c=d?e @a 1.1 0\n"},
		{"empty query", "GET /? HTTP/1.1", "GET / @a 1.1 0\n"},
		{"escapes stay", "GET /%20%zz?%A HTTP/1.1", "GET /%20%zz ?%A @a 1.1 0\n"},
		{"octets of no URI that clients send", "GET /a|b\"<>^`{}\\ HTTP/1.1", "GET /a|b\"<>^`{}\\ @a 1.1 0\n"},
		{"two slashes are a path", "GET //b/c HTTP/1.1", "GET //b/c @a 1.1 0\n"},
		{"HTTP/1.0", "GET / HTTP/1.0", "GET / @a 1.0 0\n"},
		{"later versions of HTTP/1 are read as 1.1", "GET / HTTP/1.9", "GET / @a 1.9 0\n"},
		{"PUT", "PUT / HTTP/1.1", "PUT / @a 1.1 0\n"},
		{"a method that is registered and has no route", "PROPFIND / HTTP/1.1", "PROPFIND / @a 1.1 0\n"},
		{"the longest method", "UPDATEREDIRECTREF / HTTP/1.1", "UPDATEREDIRECTREF / @a 1.1 0\n"},
		{"asterisk-form", "OPTIONS * HTTP/1.1", "OPTIONS * @a 1.1 0\n"},
		{"absolute-form", "GET http://b:80/c?d HTTP/1.1", "GET /c ?d @b:80 1.1 0\n"},
		{"absolute-form in capitals", "GET HTTP://B/ HTTP/1.1", "GET / @B 1.1 0\n"},
		{"absolute-form without a path", "GET http://b HTTP/1.1", "GET / @b 1.1 0\n"},
		{"absolute-form with a query and no path", "GET http://b?/c HTTP/1.1", "GET / ?/c @b 1.1 0\n"},
		{"absolute-form of OPTIONS for the server", "OPTIONS http://b HTTP/1.1", "OPTIONS * @b 1.1 0\n"},
		{"absolute-form of OPTIONS for a query", "OPTIONS http://b?c HTTP/1.1", "OPTIONS / ?c @b 1.1 0\n"},
		{"absolute-form with an address", "GET http://[::1]:8080/ HTTP/1.1", "GET / @[::1]:8080 1.1 0\n"},
		{"authority-form", "CONNECT b:443 HTTP/1.1", "CONNECT  @b:443 1.1 0\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			everyCut(t, &defaults, tt.line+"\r\n"+hostEnd, tt.want+"end\n"+closes(tt.line))
		})
	}
}

// closes returns what follows the end of a request without fields that says
// whether the connection persists.
func closes(line string) string {
	if strings.HasSuffix(line, "1.0") || strings.HasPrefix(line, "CONNECT") {
		return "close\n"
	}
	return ""
}

// TestRequestLineRefused reads lines that nothing follows: what is wrong with
// them must be known without more octets.
func TestRequestLineRefused(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Reason
	}{
		{"TLS", "\x16\x03\x01", ReasonTLS},
		{"TLS, in the record type of an alert", "\x15", ReasonMethod},
		{"NUL", "\x00", ReasonMethod},
		{"leading space", " GET / HTTP/1.1\r\n", ReasonMethod},
		{"no method", " / HTTP/1.1\r\n", ReasonMethod},
		{"target for a method", "/ HTTP/1.1\r\n", ReasonMethod},
		{"separator in the method", "G(T / HTTP/1.1\r\n", ReasonMethod},
		{"line without a target", "GET\r\n", ReasonMethod},
		{"HTAB after the method", "GET\t/ HTTP/1.1\r\n", ReasonMethod},
		{"bare LF before the request", "\nGET / HTTP/1.1\r\n", ReasonLineEnd},
		{"bare CR before the request", "\rGET / HTTP/1.1\r\n", ReasonLineEnd},
		{"three empty lines", "\r\n\r\n\r\n", ReasonEmptyLines},
		{"lower-case method", "get / HTTP/1.1\r\n", ReasonMethodUnknown},
		{"method of no registry", "FOO / HTTP/1.1\r\n", ReasonMethodUnknown},
		{"asterisk for a method", "* / HTTP/1.1\r\n", ReasonMethodUnknown},
		{"method longer than any", "ABCDEFGHIJKLMNOPQR", ReasonMethodUnknown},
		{"two spaces", "GET  / HTTP/1.1\r\n", ReasonTarget},
		{"empty target", "GET  HTTP/1.1\r\n", ReasonTarget},
		{"control octet in the target", "GET /a\x01", ReasonTarget},
		{"NUL in the target", "GET /a\x00", ReasonTarget},
		{"DEL in the target", "GET /\x7f", ReasonTarget},
		{"HTAB in the target", "GET /a\t", ReasonTarget},
		{"octet over ASCII in the target", "GET /\xc3", ReasonTarget},
		{"fragment", "GET /a#", ReasonTarget},
		{"relative target", "GET a HTTP/1.1\r\n", ReasonTarget},
		{"relative target with dots", "GET ../../ HTTP/1.1\r\n", ReasonTarget},
		{"query only", "GET ?a HTTP/1.1\r\n", ReasonTarget},
		{"escape only", "GET %2F HTTP/1.1\r\n", ReasonTarget},
		{"two asterisks", "OPTIONS ** HTTP/1.1\r\n", ReasonTarget},
		{"asterisk-form of GET", "GET * HTTP/1.1\r\n", ReasonTargetForm},
		{"authority-form of GET", "GET b:80 HTTP/1.1\r\n", ReasonTargetForm},
		{"origin-form of CONNECT", "CONNECT /a HTTP/1.1\r\n", ReasonTargetForm},
		{"asterisk-form of CONNECT", "CONNECT * HTTP/1.1\r\n", ReasonTargetForm},
		{"absolute-form of CONNECT", "CONNECT http://b/ HTTP/1.1\r\n", ReasonTarget},
		{"CONNECT without a port", "CONNECT b HTTP/1.1\r\n", ReasonTarget},
		{"CONNECT with an empty port", "CONNECT b: HTTP/1.1\r\n", ReasonTarget},
		{"CONNECT without a host", "CONNECT :80 HTTP/1.1\r\n", ReasonTarget},
		{"CONNECT with a port over 65535", "CONNECT b:65536 HTTP/1.1\r\n", ReasonTarget},
		{"https without a host", "GET https:///b HTTP/1.1\r\n", ReasonTarget},
		{"CONNECT with a path", "CONNECT b:80/ HTTP/1.1\r\n", ReasonTarget},
		{"scheme of no server", "GET ws://b/ HTTP/1.1\r\n", ReasonTarget},
		{"no authority", "GET http:/b HTTP/1.1\r\n", ReasonTarget},
		{"empty authority", "GET http:///b HTTP/1.1\r\n", ReasonTarget},
		{"query for an authority", "GET http://?a HTTP/1.1\r\n", ReasonTarget},
		{"only a scheme", "GET http:// HTTP/1.1\r\n", ReasonTarget},
		{"query in the scheme", "GET http:?// HTTP/1.1\r\n", ReasonTarget},
		{"query before the authority", "GET http:/?/b HTTP/1.1\r\n", ReasonTarget},
		{"port without a host", "GET http://:80/ HTTP/1.1\r\n", ReasonTarget},
		{"userinfo", "GET http://u@b/ HTTP/1.1\r\n", ReasonTarget},
		{"userinfo with a password", "GET http://u:p@b/ HTTP/1.1\r\n", ReasonTarget},
		{"HTTP/0.9", "GET /\r\n", ReasonVersion},
		{"LF after the target", "GET /\n", ReasonVersion},
		{"no slash in the version", "GET / HTTP1.1\r\n", ReasonVersion},
		{"lower-case version", "GET / http/1.1\r\n", ReasonVersion},
		{"letter for the major version", "GET / HTTP/a", ReasonVersion},
		{"letter for the minor version", "GET / HTTP/1.:", ReasonVersion},
		{"octet before the digits", "GET / HTTP/1./", ReasonVersion},
		{"two digits", "GET / HTTP/1.10\r\n", ReasonVersion},
		{"no minor version", "GET / HTTP/1\r\n", ReasonVersion},
		{"space after the version", "GET / HTTP/1.1 \r\n", ReasonVersion},
		{"space in the target", "GET /a b HTTP/1.1\r\n", ReasonVersion},
		{"two spaces before the version", "GET /  HTTP/1.1\r\n", ReasonVersion},
		{"bare LF after the version", "GET / HTTP/1.1\n", ReasonLineEnd},
		{"bare CR after the version", "GET / HTTP/1.1\rH", ReasonLineEnd},
		{"HTTP/2", "GET / HTTP/2.0\r\n", ReasonVersionUnknown},
		{"HTTP/0", "GET / HTTP/0.9\r\n", ReasonVersionUnknown},
		{"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ReasonPreface},
		{"nearly the preface of HTTP/2", "PRI / HTTP/2.0\r\n", ReasonVersionUnknown},
		{"method of HTTP/2's preface", "PRI * HTTP/1.1\r\n", ReasonTargetForm},
	} {
		t.Run(tt.name, func(t *testing.T) { everyCut(t, &defaults, tt.in, refused(tt.want)) })
	}
}

// refused returns the line of a refusal.
func refused(r Reason) string {
	return refusedLine(&Exchange{refusal: refusalOf(r, false)})
}

func TestFields(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"none in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET / @ 1.0 0\nend\nclose\n"},
		{"whitespace around the value", "a:b\r\nc: \t d e\t \r\nf:\r\ng: \t \r\n", "  a=b\n  c=d e\n  f=\n  g=\n"},
		{"octets over ASCII", "a: \xc3\xa4\xff\r\n", "  a=\xc3\xa4\xff\n"},
		{"HTAB in the value", "a: b\tc\td\r\n", "  a=b\tc\td\n"},
		{"every octet of a token", "!#$%&'*+-.^_`|~09azAZ: b\r\n", "  !#$%&'*+-.^_`|~09azAZ=b\n"},
		{"long value", "a: " + strings.Repeat("b ", 40) + "c\r\n", "  a=" + strings.Repeat("b ", 40) + "c\n"},
		{"repeated", "a: b\r\nA: c\r\n", "  a=b\n  A=c\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.HasPrefix(tt.in, "GET") {
				tt.in = "GET / HTTP/1.1\r\n" + tt.in + hostEnd
				tt.want = "GET / @a 1.1 0\n" + tt.want + "end\n"
			}
			everyCut(t, &defaults, tt.in, tt.want)
		})
	}
}

// TestFieldsRefused reads what is wrong wherever it ends.
func TestFieldsRefused(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Reason
	}{
		{"space before the colon", "a : b", ReasonFieldName},
		{"HTAB before the colon", "a\t: b", ReasonFieldName},
		{"CR before the colon", "a\r: b", ReasonFieldName},
		{"no colon", "a\r\n", ReasonFieldName},
		{"no colon, bare LF", "a\n", ReasonFieldName},
		{"empty name", ": b", ReasonFieldName},
		{"space in the name", "a b: c", ReasonFieldName},
		{"NUL in the name", "a\x00", ReasonFieldName},
		{"octet over ASCII in the name", "\xc3\xa4: b", ReasonFieldName},
		{"separator in the name", "a(b): c", ReasonFieldName},
		{"folded line", "a: b\r\n c", ReasonFieldFold},
		{"folded line with HTAB", "a: b\r\n\tc", ReasonFieldFold},
		{"first line folded", " a: b\r\n", ReasonFieldFold},
		{"bare LF after a value", "a: b\n", ReasonLineEnd},
		{"bare LF at the end of the section", "a: b\r\n\n", ReasonLineEnd},
		{"bare LF twice", "a: b\n\n", ReasonLineEnd},
		{"bare CR in a value", "a: b\rc", ReasonLineEnd},
		{"two CR", "a: b\r\r\n", ReasonLineEnd},
		{"bare CR at the end of the section", "\ra", ReasonLineEnd},
		{"CR, space, LF", "\r \n", ReasonLineEnd},
		{"NUL in a value", "a: b\x00", ReasonFieldValue},
		{"ESC in a value", "a: \x1b", ReasonFieldValue},
		{"DEL in a value", "a: 12345678\x7f", ReasonFieldValue},
		{"control octet behind HTABs", "a: 1234567\t\t\t\t\t\t\t\t\x01", ReasonFieldValue},
	} {
		t.Run(tt.name, func(t *testing.T) {
			everyCut(t, &defaults, "GET / HTTP/1.1\r\n"+tt.in, refused(tt.want))
		})
	}
}

// TestFieldsRefusedWhenComplete has faults that count when the head is complete.
func TestFieldsRefusedWhenComplete(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Reason
	}{
		{"no Host", "", ReasonHostMissing},
		{"no Host in later versions", "1.2", ReasonHostMissing},
		{"two Hosts", "Host: a\r\nHost: a\r\n", ReasonHostRepeated},
		{"two Hosts in HTTP/1.0", "1.0Host: a\r\nHost: b\r\n", ReasonHostRepeated},
		{"Host with userinfo", "Host: u@a\r\n", ReasonHostMalformed},
		{"Host with a path", "Host: a/b\r\n", ReasonHostMalformed},
		{"Host with a space", "Host: a b\r\n", ReasonHostMalformed},
		{"Host is a list", "Host: a,b\r\n", ReasonHostMalformed},
		{"Host with a sub-delimiter", "Host: a=b\r\n", ReasonHostMalformed},
		{"Host over ASCII", "Host: \xc3\xa4\r\n", ReasonHostMalformed},
		{"port is not a number", "Host: a:b\r\n", ReasonHostMalformed},
		{"port too large", "Host: a:65536\r\n", ReasonHostMalformed},
		{"two ports", "Host: a:1:2\r\n", ReasonHostMalformed},
		{"address without brackets", "Host: ::1\r\n", ReasonHostMalformed},
		{"address without an end", "Host: [::1\r\n", ReasonHostMalformed},
		{"address with a zone", "Host: [fe80::1%25e]\r\n", ReasonHostMalformed},
		{"address of the wrong family", "Host: [127.0.0.1]\r\n", ReasonHostMalformed},
		{"name in brackets", "Host: [ab]\r\n", ReasonHostMalformed},
		{"too many colons", "Host: [1:2:3:4:5:6:7:8:9:a]\r\n", ReasonHostMalformed},
		{"something behind an address", "Host: [::1]a\r\n", ReasonHostMalformed},
		{"half an escape", "Host: a%2\r\n", ReasonHostMalformed},
		{"port without a host", "Host: :80\r\n", ReasonHostMalformed},
		{"Host beside an absolute-form", "http:Host: u@b\r\n", ReasonHostMalformed},

		{"length twice", host2 + "Content-Length: 1\r\nContent-Length: 1\r\n", ReasonLengthRepeat},
		{"length is a list", host2 + "Content-Length: 1, 1\r\n", ReasonLength},
		{"length with a sign", host2 + "Content-Length: +1\r\n", ReasonLength},
		{"negative length", host2 + "Content-Length: -1\r\n", ReasonLength},
		{"length with a space", host2 + "Content-Length: 1 1\r\n", ReasonLength},
		{"hexadecimal length", host2 + "Content-Length: 0x1\r\n", ReasonLength},
		{"empty length", host2 + "Content-Length:\r\n", ReasonLength},
		{"length of 64 bits", host2 + "Content-Length: 9223372036854775808\r\n", ReasonLength},
		{"length over 64 bits", host2 + "Content-Length: 99999999999999999999\r\n", ReasonLength},
		{"length over the limit", host2 + "Content-Length: 30000001\r\n", ReasonBodyLimit},
		{"length and coding", host2 + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", ReasonLengthCoding},
		{"coding and length", host2 + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", ReasonLengthCoding},
		{"coding in HTTP/1.0", "1.0Transfer-Encoding: chunked\r\n", ReasonCodingVersion},
		{"identity", host2 + "Transfer-Encoding: identity\r\n", ReasonCoding},
		{"identity before chunked", host2 + "Transfer-Encoding: identity, chunked\r\n", ReasonCoding},
		{"chunked is not the last", host2 + "Transfer-Encoding: chunked, gzip\r\n", ReasonCoding},
		{"chunked is not there", host2 + "Transfer-Encoding: gzip\r\n", ReasonCoding},
		{"chunked with a prefix", host2 + "Transfer-Encoding: xchunked\r\n", ReasonCoding},
		{"chunked twice", host2 + "Transfer-Encoding: chunked, chunked\r\n", ReasonCoding},
		{"chunked on two lines", host2 + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ReasonCoding},
		{"chunked, then another line", host2 + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", ReasonCoding},
		{"chunked with a parameter", host2 + "Transfer-Encoding: chunked;a=b\r\n", ReasonCoding},
		{"chunked in quotes", host2 + "Transfer-Encoding: \"chunked\"\r\n", ReasonCoding},
		{"comma in quotes", host2 + "Transfer-Encoding: gzip;a=\"b, chunked\r\n", ReasonCoding},
		{"empty coding", host2 + "Transfer-Encoding:\r\n", ReasonCoding},
		{"empty element", host2 + "Transfer-Encoding: , chunked\r\n", ReasonCoding},
		{"empty element at the end", host2 + "Transfer-Encoding: chunked,\r\n", ReasonCoding},
		{"separated by whitespace", host2 + "Transfer-Encoding: gzip chunked\r\n", ReasonCoding},
		{"vertical tab is no whitespace", host2 + "Transfer-Encoding: chunked;\r\n", ReasonCoding},
		{"unknown coding", host2 + "Transfer-Encoding: gzip, chunked\r\n", ReasonCodingUnknown},
		{"unknown coding on a line of its own", host2 + "Transfer-Encoding: gzip;q=1\r\nTransfer-Encoding: chunked\r\n", ReasonCodingUnknown},
		{"https without TLS", "https:" + host2, ReasonScheme},
		{"expectation", host2 + "Expect: 200-ok\r\n", ReasonExpectation},
		{"expectations", host2 + "Expect: 100-continue, a\r\n", ReasonExpectation},
		{"the first fault counts", "Host: a b\r\nContent-Length: x\r\n", ReasonHostMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target, version := "/", "1.1"
			if rest, ok := strings.CutPrefix(tt.in, "1."); ok {
				version, tt.in = "1."+rest[:1], rest[1:]
			}
			if rest, ok := strings.CutPrefix(tt.in, "http:"); ok {
				target, tt.in = "http://b/", rest
			}
			if rest, ok := strings.CutPrefix(tt.in, "https:"); ok {
				target, tt.in = "https://b/", rest
			}
			everyCut(t, &defaults, "POST "+target+" HTTP/"+version+"\r\n"+tt.in+"\r\n", refused(tt.want))
		})
	}
}

// host2 is a line of Host that others follow.
const host2 = "Host: a\r\n"

func TestHost(t *testing.T) {
	for _, value := range []string{
		"", "a", ".", "localhost:80", "a:", "A-b._~9", "127.0.0.1:1", "[::1]", "[::ffff:1.2.3.4]:65535", "a%2Fb",
	} {
		everyCut(t, &defaults, "GET / HTTP/1.1\r\nhOsT: "+value+" \r\n\r\n", "GET / @"+value+" 1.1 0\nend\n")
	}
}

// TestHostIsTheTargets checks that what was sent as Host is not seen beside the
// absolute-form, by whatever name it is asked for.
func TestHostIsTheTargets(t *testing.T) {
	x := begin(t, "GET http://b:80/ HTTP/1.1\nA: 1\nHOST: a\nB: 2")
	_, field := x.RequestFieldAt(1)
	if value, _ := x.RequestField("Host"); !value.Equal("b:80") || !field.Equal("b:80") || !x.Authority().Equal("b:80") {
		t.Errorf("Host is %q, %q; the authority %q", value, field, x.Authority())
	}
	x.Pin()
	if value, _ := x.RequestField("host"); !value.Equal("b:80") {
		t.Errorf("pinned, Host is %q", value)
	}
}

// TestSecure checks that https is a scheme like http where TLS is.
func TestSecure(t *testing.T) {
	c, x, limits := Conn{Secure: true}, Exchange{}, defaults
	const in = "GET https://b/ HTTP/1.1\r\nHost: b\r\n\r\n"
	for range 2 {
		if ev, n := c.Next(&x, []byte(in), &limits); ev != EventHead || n != len(in) {
			t.Fatal(ev, n, x.Refusal())
		}
		if ev, _ := c.Next(&x, nil, &limits); ev != EventEnd {
			t.Fatal(ev)
		}
		x.AppendResponse(nil, nil)
		if !c.Finish(&x) {
			t.Fatal("the connection does not persist")
		}
		x.Reset()
	}
}

func TestBodies(t *testing.T) {
	const chunked = "Transfer-Encoding: Chunked\r\n\r\n"
	head := "POST / @a 1.1 -1\n  Transfer-Encoding=Chunked\n"
	for _, tt := range []struct{ name, in, want string }{
		{"length", "Content-Length: 5\r\n\r\nhello", "POST / @a 1.1 5\n  Content-Length=5\ncontent \"hello\"\nend\n"},
		{"length with zeros", "Content-Length: 0002\r\n\r\nab", "POST / @a 1.1 2\n  Content-Length=0002\ncontent \"ab\"\nend\n"},
		{"the largest length", "Content-Length: 9223372036854775807\r\n\r\n", refused(ReasonBodyLimit)},
		{"length of zero", "Content-Length: 0\r\n\r\n", "POST / @a 1.1 0\n  Content-Length=0\nend\n"},
		{"incomplete", "Content-Length: 6\r\n\r\nhello", "POST / @a 1.1 6\n  Content-Length=6\ncontent \"hello\"\n"},
		{"one chunk", chunked + "5\r\nhello\r\n0\r\n\r\n", head + "content \"hello\"\nend\n"},
		{"several chunks", chunked + "1\r\na\r\n02;x\r\nbc\r\n0\r\n\r\n", head + "content \"abc\"\nend\n"},
		{"no chunk", chunked + "0\r\n\r\n", head + "end\n"},
		{"trailers", chunked + "0\r\na: b\r\nContent-Length: 5\r\n\r\n", head + "trailer a=b\nend\n"},
		{"whitespace in trailers", chunked + "0\r\na:\r\nb: \t\r\nc:\td: \t e \t\r\na:f\r\n\r\n", head + "trailer a=\ntrailer b=\ntrailer c=d: \t e\ntrailer a=f\nend\n"},
		{"fields that may not be trailers", chunked + "1\r\nx\r\n0\r\nHost: b\r\ncontent-length: 3\r\nTransfer-Encoding: chunked\r\nTRAILER: a\r\nTE: trailers\r\nConnection: close\r\nAuthorization: c\r\nContent-Type: d\r\ne: f\r\nContent-Encoding: g\r\nContent-Range: h\r\n\r\n", head + "content \"x\"\ntrailer e=f\nend\n"},
		{"trailers of one request and not of the next", chunked + "0\r\na: b\r\n\r\nPOST / HTTP/1.1\r\n" + host2 + chunked + "0\r\n\r\n", head + "trailer a=b\nend\n" + head + "end\n"},
		{"a request behind", chunked + "1\r\na\r\n0\r\n\r\nGET /b HTTP/1.1\r\n" + hostEnd, head + "content \"a\"\nend\nGET /b @a 1.1 0\nend\n"},
		{
			"requests behind each other",
			"Content-Length: 1\r\n\r\naPOST /b HTTP/1.1\r\nContent-Length: 2\r\n" + hostEnd + "bc\r\n\r\nGET / HTTP/1.0\r\n\r\n",
			"POST / @a 1.1 1\n  Content-Length=1\ncontent \"a\"\nend\n" +
				"POST /b @a 1.1 2\n  Content-Length=2\ncontent \"bc\"\nend\nGET / @ 1.0 0\nend\nclose\n",
		},
		{"nothing is read after close", "Connection: close\r\n\r\nGET / HTTP/1.1\r\n" + hostEnd, "POST / @a 1.1 0\n  Connection=close\nend\nclose\n"},
		{"close among others", "Connection: a,\tCLOSE ,b\r\n\r\n", "POST / @a 1.1 0\n  Connection=a,\tCLOSE ,b\nend\nclose\n"},
		{"close among empty elements", "Connection: , ,close,,\r\n\r\n", "POST / @a 1.1 0\n  Connection=, ,close,,\nend\nclose\n"},
		{"close on another line", "Connection: keep-alive\r\nConnection: close\r\n\r\n", "POST / @a 1.1 0\n  Connection=keep-alive\n  Connection=close\nend\nclose\n"},
		{"not close", "Connection: closed, x-close\r\n\r\n", "POST / @a 1.1 0\n  Connection=closed, x-close\nend\n"},

		{"bad size", chunked + "g", head + refused(ReasonChunkSize)},
		{"bare LF after the size", chunked + "0\n", head + refused(ReasonChunkLine)},
		{"data too long", chunked + "1\r\nab", head + "content \"a\"\n" + refused(ReasonChunkData)},
		{"folded trailer", chunked + "0\r\n a", head + refused(ReasonFieldFold)},
		{"trailer without a colon", chunked + "0\r\na\r\n", head + refused(ReasonFieldName)},
		{"bare LF in the trailers", chunked + "0\r\na: b\n", head + refused(ReasonLineEnd)},
		{"bare LF at the end", chunked + "0\r\n\n", head + refused(ReasonLineEnd)},
		{"bare CR at the end", chunked + "0\r\n\ra", head + refused(ReasonLineEnd)},
		{"control octet in a trailer", chunked + "0\r\na: \x01", head + refused(ReasonFieldValue)},
		{"content too large", chunked + "1c9c380\r\n", head},
		{"content over the limit", chunked + "1c9c381\r\n", head + refused(ReasonBodyLimit)},
		{"content over the limit by the second chunk", chunked + "1\r\na\r\n1c9c380\r\n", head + "content \"a\"\n" + refused(ReasonBodyLimit)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			everyCut(t, &defaults, "POST / HTTP/1.1\r\n"+host2+tt.in, tt.want)
		})
	}
}

func TestPersistence(t *testing.T) {
	everyCut(t, &defaults, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
		"GET / @ 1.0 0\n  Connection=Keep-Alive\nend\nGET / @ 1.0 0\nend\nclose\n")
	everyCut(t, &defaults, "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
		"GET / @ 1.0 0\n  Connection=keep-alive, close\nend\nclose\n")
	everyCut(t, &defaults, "\r\n\r\nGET / HTTP/1.1\r\n"+hostEnd+"\r\n\r\nGET / HTTP/1.1\r\n"+hostEnd+"\r\n\r\n\r\n",
		"GET / @a 1.1 0\nend\nGET / @a 1.1 0\nend\n"+refused(ReasonEmptyLines))
}

// TestLimits checks that what is exactly at a limit is accepted and one more is
// not, and that this is known without more octets.
func TestLimits(t *testing.T) {
	limits := msg.Limits{RequestLine: 20, FieldSection: 24, Fields: 3, RequestBody: 4, ChunkLine: 6}.WithDefaults()
	const get = "GET / HTTP/1.1\r\n"
	const ok = "GET / @a 1.1 0\n"
	const chunked = "POST / HTTP/1.1\r\nHost:\r\nTransfer-Encoding:chunked\r\n\r\n"
	const body = "POST / @ 1.1 -1\n  Transfer-Encoding=chunked\n"
	wide := limits
	wide.FieldSection = 36
	for _, tt := range []struct {
		name   string
		limits *msg.Limits
		in     string
		want   string
	}{
		{"request line at the limit", &limits, "GET /123456 HTTP/1.1\r\n" + hostEnd, "GET /123456 @a 1.1 0\nend\n"},
		{"request line over the limit", &limits, "GET /1234567 HTTP/1.1\r", refused(ReasonRequestLineLimit)},
		{"endless target", &limits, "GET /12345678901234567", refused(ReasonRequestLineLimit)},
		{"a fault before the limit", &limits, "GET /\x00", refused(ReasonTarget)},
		{"a fault after the limit", &limits, "GET /12345678901234567\x00", refused(ReasonRequestLineLimit)},

		{"section at the limit", &limits, get + "Host: a\r\na: 4567890123\r\n\r\n", ok + "  a=4567890123\nend\n"},
		{"section over the limit", &limits, get + "Host: a\r\na: 45678901234\r\n\r", refused(ReasonFieldSectionLimit)},
		{"section over the limit by two", &limits, get + "Host: a\r\na: 456789012345\r\n", refused(ReasonFieldSectionLimit)},
		{"endless value", &limits, get + "a: 34567890123456789012345", refused(ReasonFieldSectionLimit)},
		{"endless value is not known yet", &limits, get + "a: 3456789012345678901234", ""},
		{"endless name", &limits, get + "abcdefghijklmnopqrstuvwxyz", refused(ReasonFieldSectionLimit)},
		{"endless whitespace", &limits, get + "a:                       ", ""},
		{"a fault behind the limit of the section", &limits, get + "a: 34567890123456789012345\x00", refused(ReasonFieldSectionLimit)},

		{"fields at the limit", &limits, get + "a:\r\nb:\r\n" + hostEnd, ok + "  a=\n  b=\nend\n"},
		{"fields over the limit", &limits, get + "a:\r\nb:\r\nc:\r\nd", refused(ReasonFieldsLimit)},
		{"no fields over the limit", &limits, get + "a:\r\nb:\r\nc:\r\n\r", ""},
		{"a fault in the field over the limit", &limits, get + "a:\r\nb:\r\nc:\r\n d", refused(ReasonFieldsLimit)},

		{"section over the limit by a known field", &limits, "POST / HTTP/1.1\r\nContent-Length:4\r\nHost:\r\n\r\n", refused(ReasonFieldSectionLimit)},
		{"length at the limit", &wide, "POST / HTTP/1.1\r\nContent-Length:4\r\nHost:\r\n\r\nabcd", "POST / @ 1.1 4\n  Content-Length=4\ncontent \"abcd\"\nend\n"},
		{"length over the limit", &wide, "POST / HTTP/1.1\r\nContent-Length:5\r\nHost:\r\n\r\n", refused(ReasonBodyLimit)},
		{"chunks at the limit", &wide, chunked + "1\r\na\r\n3\r\nbcd\r\n0\r\n\r\n", body + "content \"abcd\"\nend\n"},
		{"chunks over the limit", &wide, chunked + "1\r\na\r\n4\r\n", body + "content \"a\"\n" + refused(ReasonBodyLimit)},
		{"chunk line at the limit", &wide, chunked + "1;abcd\r\na\r\n0;abcd\r\n\r\n", body + "content \"a\"\nend\n"},
		{"chunk line over the limit", &wide, chunked + "1;abcde", body + refused(ReasonChunkLineLimit)},
		{"trailers at the limit", &wide, chunked + "0\r\na: 34\r\nb:\r\nc: 45678901234567890123\r\n\r\n", body + "trailer a=34\ntrailer b=\ntrailer c=45678901234567890123\nend\n"},
		{"trailers over the limit", &wide, chunked + "0\r\na: 34\r\nb:\r\nc: 456789012345678901234\r\n\r", body + refused(ReasonFieldSectionLimit)},
		{"trailers far over the limit", &wide, chunked + "0\r\na: " + strings.Repeat("b", 100) + "\r\n\r\n", body + refused(ReasonFieldSectionLimit)},
		{"trailers with an endless name", &wide, chunked + "0\r\n" + strings.Repeat("b", 100), body + refused(ReasonFieldSectionLimit)},
		{"a fault in a trailer behind the limit", &wide, chunked + "0\r\n" + strings.Repeat("b", 38) + "\x00", body + refused(ReasonFieldSectionLimit)},
		{"trailer fields over the limit", &wide, chunked + "0\r\na:\r\nb:\r\nc:\r\nd", body + refused(ReasonFieldsLimit)},
	} {
		t.Run(tt.name, func(t *testing.T) { everyCut(t, tt.limits, tt.in, tt.want) })
	}
}

func TestUnlimited(t *testing.T) {
	limits := msg.Limits{
		RequestLine: msg.Unlimited, FieldSection: msg.Unlimited, Fields: msg.Unlimited,
		RequestBody: msg.Unlimited, ChunkLine: msg.Unlimited,
	}.WithDefaults()
	long := strings.Repeat("x", 100_000)
	in := "POST /" + long + " HTTP/1.1\r\n" + strings.Repeat("a: "+long+"\r\n", 3) +
		"Transfer-Encoding: chunked\r\n" + hostEnd + "1;" + long + "\r\na\r\n0\r\n\r\n"
	got := read(&limits, in)
	if !strings.HasSuffix(got, "content \"a\"\nend\n") || got != read(&limits, in[:50_000], in[50_000:250_000], in[250_000:]) {
		t.Error("refused")
	}
}

// TestSlowHead checks that a head which arrives octet by octet costs no more
// for each octet when it is longer.
func TestSlowHead(t *testing.T) {
	limits := msg.Limits{FieldSection: 1 << 20, RequestLine: 1 << 20}.WithDefaults()
	for _, in := range []string{
		"GET /" + strings.Repeat("a", 1<<20-100), // the target
		"GET / HTTP/1.1\r\na: " + strings.Repeat("b", 1<<20-100),
		"GET / HTTP/1.1\r\n" + strings.Repeat("c", 1<<20-100),
	} {
		var c Conn
		x := new(Exchange)
		octets := []byte(in)
		for i := range octets { // with quadratic cost this takes minutes
			if ev, n := c.Next(x, octets[:i+1], &limits); ev != EventNone || n != 0 {
				t.Fatal(ev, n)
			}
		}
		if !c.Started() {
			t.Error("not started")
		}
	}
}
