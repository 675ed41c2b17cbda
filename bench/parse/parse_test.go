package parse

import (
	"bufio"
	"bytes"
	"net/http"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/windhover-go/windhover/h1"
	"github.com/windhover-go/windhover/sdk/msg"
)

// requests are what is read: the plaintext request of load generators, and
// what a browser sends, with 15 field lines and some 700 octets.
var requests = []struct{ name, head string }{
	{"plaintext", "GET /plaintext HTTP/1.1\r\nHost: server:8080\r\nAccept: text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,application/xml;q=0.8,*/*;q=0.7\r\n" +
		"Connection: keep-alive\r\n\r\n"},
	{"browser", "GET /users/42/profile?tab=activity&page=3 HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n" +
		"Cache-Control: max-age=0\r\nsec-ch-ua: \"Chromium\";v=\"128\", \"Not;A=Brand\";v=\"24\"\r\n" +
		"sec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
		"Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Accept-Language: en-GB,en;q=0.9\r\nCookie: sid=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n"},
}

func BenchmarkHead(b *testing.B) {
	for _, r := range requests {
		head := []byte(r.head)
		b.Run("windhover/"+r.name, func(b *testing.B) {
			limits := msg.Limits{}.WithDefaults()
			var c h1.Conn
			x := new(h1.Exchange)
			b.ReportAllocs()
			for b.Loop() {
				if ev, n := c.Next(x, head, &limits); ev != h1.EventHead || n != len(head) {
					b.Fatal(ev, n)
				}
				if ev, _ := c.Next(x, nil, &limits); ev != h1.EventEnd {
					b.Fatal(ev)
				}
				c.Finish(x)
				x.Reset()
			}
		})
		in, buffered := bytes.NewReader(head), bufio.NewReader(nil)
		rewind := func() {
			in.Reset(head)
			buffered.Reset(in)
		}
		b.Run("fasthttp/"+r.name, func(b *testing.B) {
			var h fasthttp.RequestHeader
			b.ReportAllocs()
			for b.Loop() {
				rewind()
				if err := h.Read(buffered); err != nil {
					b.Fatal(err)
				}
				h.Reset()
			}
		})
		b.Run("nethttp/"+r.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rewind()
				if _, err := http.ReadRequest(buffered); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestAllocations checks that our engine reads both without allocating.
func TestAllocations(t *testing.T) {
	limits := msg.Limits{}.WithDefaults()
	for _, r := range requests {
		var c h1.Conn
		x, head := new(h1.Exchange), []byte(r.head)
		read := func() {
			if ev, _ := c.Next(x, head, &limits); ev != h1.EventHead {
				t.Fatal(ev)
			}
			c.Next(x, nil, &limits)
			c.Finish(x)
			x.Reset()
		}
		if n := testing.AllocsPerRun(100, read); n != 0 {
			t.Errorf("%s: %v allocations", r.name, n)
		}
	}
}
