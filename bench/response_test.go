package main

import (
	"strings"
	"testing"
)

const answer = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\ncontent-length: 13\r\n\r\n" + content

func TestParseResponse(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		status   int
		content  string
		bad      bool
	}{
		{name: "plaintext", in: answer, status: 200, content: content},
		{name: "no content", in: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", status: 404},
		{name: "no reason", in: "HTTP/1.1 500 \r\nContent-Length: 1\r\n\r\nx", status: 500, content: "x"},
		{name: "another version", in: "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", bad: true},
		{name: "not a status", in: "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", bad: true},
		{name: "no length", in: "HTTP/1.1 200 OK\r\n\r\n", bad: true},
		{name: "negative length", in: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", bad: true},
		{name: "chunked", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", bad: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for cut := range tt.in {
				if _, n, err := parseResponse([]byte(tt.in[:cut])); n != 0 || (err != nil) && !tt.bad {
					t.Fatalf("cut at %d: n = %d, err = %v", cut, n, err)
				}
			}
			r, n, err := parseResponse([]byte(tt.in + "HTTP/1.1"))
			if tt.bad != (err != nil) {
				t.Fatalf("err = %v", err)
			}
			if !tt.bad && (n != len(tt.in) || r.status != tt.status || string(r.content) != tt.content) {
				t.Errorf("%d %q, n = %d of %d", r.status, r.content, n, len(tt.in))
			}
		})
	}
}

func TestIsPlaintext(t *testing.T) {
	for _, tt := range []struct {
		r  response
		ok bool
	}{
		{response{200, []byte(content)}, true},
		{response{204, []byte(content)}, false},
		{response{200, []byte("Hello")}, false},
	} {
		if err := tt.r.isPlaintext(); (err == nil) != tt.ok {
			t.Errorf("%d %q: %v", tt.r.status, tt.r.content, err)
		}
	}
}

func TestSameResponses(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     bool
	}{
		{"one", answer, true},
		{"sixteen", strings.Repeat(answer, 16), true},
		{"an octet more", answer + "H", false},
		{"the second is refused", answer + strings.Replace(answer, "200", "503", 1), false},
		{"the second has other content", answer + strings.Replace(answer, "World", "Werld", 1), false},
	} {
		if got := sameResponses([]byte(tt.in), len(answer)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
