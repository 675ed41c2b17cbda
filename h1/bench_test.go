package h1

import "testing"

const tfb = "GET /plaintext HTTP/1.1\r\nHost: server:8080\r\nAccept: text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,application/xml;q=0.8,*/*;q=0.7\r\nConnection: keep-alive\r\n\r\n"

const browser = "GET /users/42/profile?tab=activity&page=3 HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n" +
	"Cache-Control: max-age=0\r\nsec-ch-ua: \"Chromium\";v=\"128\", \"Not;A=Brand\";v=\"24\", \"Google Chrome\";v=\"128\"\r\n" +
	"sec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n" +
	"Cookie: sid=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n"

func benchmarkRead(b *testing.B, in string) {
	b.Helper()
	var c Conn
	x := new(Exchange)
	octets := []byte(in)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		ev, n := c.Next(x, octets, &defaults)
		if ev != EventHead || n != len(octets) {
			b.Fatal(ev, n)
		}
		if ev, _ = c.Next(x, nil, &defaults); ev != EventEnd {
			b.Fatal(ev)
		}
		c.Finish(x)
		x.Reset()
	}
}

// benchmarkHead is benchmarkRead without the rest of the exchange.
func benchmarkHead(b *testing.B, in string) {
	b.Helper()
	x := new(Exchange)
	octets := []byte(in)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if n, r := x.readHead(octets, &defaults); n != len(octets) || r != ReasonNone {
			b.Fatal(n, r)
		}
	}
}

func BenchmarkHeadTFB(b *testing.B)     { benchmarkHead(b, tfb) }
func BenchmarkHeadBrowser(b *testing.B) { benchmarkHead(b, browser) }

func BenchmarkReadTFB(b *testing.B)     { benchmarkRead(b, tfb) }
func BenchmarkReadBrowser(b *testing.B) { benchmarkRead(b, browser) }
