package h1

import (
	"bytes"
	"io"
	"net/http/httputil"
	"strings"
	"testing"
)

// chunkLine is the bound of these tests.
const chunkLine = 256

func TestChunkDecoder(t *testing.T) {
	long := strings.Repeat("x", chunkLine)
	half := long[:chunkLine/2]
	for _, tt := range []struct {
		name string
		in   string
		body string
		rest string // what is left after the last chunk
		want Reason
	}{
		{name: "empty body", in: "0\r\n"},
		{name: "one chunk", in: "5\r\nhello\r\n0\r\n", body: "hello"},
		{name: "two chunks", in: "1\r\na\r\n2\r\nbc\r\n0\r\n", body: "abc"},
		{name: "hexadecimal in both cases", in: "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n", body: "01234567890123456789"},
		{name: "zeros before the size", in: "0001\r\na\r\n000\r\n", body: "a"},
		{name: "data that looks like framing", in: "5\r\n\r\n0\r\n\r\n0\r\n", body: "\r\n0\r\n"},
		{name: "trailer section is left", in: "0\r\nX: y\r\n\r\n", rest: "X: y\r\n\r\n"},
		{name: "next request is left", in: "0\r\n\r\nGET /", rest: "\r\nGET /"},
		{name: "extension name", in: "1;a\r\nx\r\n0;b\r\n", body: "x"},
		{name: "extension with a token", in: "1;a=b\r\nx\r\n0\r\n", body: "x"},
		{name: "extension with a quoted string", in: "1;a=\"b; \\\" \\\\\t\xff\"\r\nx\r\n0\r\n", body: "x"},
		{name: "several extensions", in: "1;a;b=c;d=\"\";e\r\nx\r\n0\r\n", body: "x"},
		{name: "bad whitespace around extensions", in: "1 \t; a = b ; c\t=\t\"d\" ;e ;f\r\nx\r\n0\r\n", body: "x"},
		{name: "the bound is on each line", in: "1;" + half + "\r\nx\r\n1;" + half + "\r\ny\r\n0;" + half + "\r\n", body: "xy"},
		{name: "line at the bound", in: "1;" + long[2:] + "\r\nx\r\n0\r\n", body: "x"},

		{name: "no digit", in: "\r\n", want: ReasonChunkSize},
		{name: "sign", in: "+1\r\n", want: ReasonChunkSize},
		{name: "prefix", in: "0x1\r\n", want: ReasonChunkSize},
		{name: "underscore", in: "2_0\r\n", want: ReasonChunkSize},
		{name: "not hexadecimal", in: "Cii\r\n", want: ReasonChunkSize},
		{name: "space before the size", in: " 1\r\n", want: ReasonChunkSize},
		{name: "size of 63 bits", in: "7fffffffffffffff\r\n", want: ReasonBodyLimit},
		{name: "size of 64 bits", in: "8000000000000000\r\n", want: ReasonChunkSize},
		{name: "size of 68 bits", in: "10000000000000000\r\n", want: ReasonChunkSize},
		{name: "size of 63 bits with zeros before it", in: "007fffffffffffffff\r\n", want: ReasonBodyLimit},
		{name: "size over 64 bits", in: "11111111111111111\r\n", want: ReasonChunkSize},
		{name: "size over what is allowed", in: "100001\r\n", want: ReasonBodyLimit},
		{name: "two sizes", in: "1 1\r\n", want: ReasonChunkExtension},
		{name: "whitespace without an extension", in: "1 \r\n", want: ReasonChunkExtension},
		{name: "bare LF after size", in: "1\nx", want: ReasonChunkLine},
		{name: "bare CR after size", in: "1\rx", want: ReasonChunkLine},
		{name: "two CR after size", in: "1\r\r\n", want: ReasonChunkLine},
		{name: "extension without a name", in: "1;\r\n", want: ReasonChunkExtension},
		{name: "extension without a name before another", in: "1;;a\r\n", want: ReasonChunkExtension},
		{name: "extension without a value", in: "1;a=\r\n", want: ReasonChunkExtension},
		{name: "extension without a value before another", in: "1;a=;b\r\n", want: ReasonChunkExtension},
		{name: "two values", in: "1;a=b=c\r\n", want: ReasonChunkExtension},
		{name: "space in the name", in: "1;a b\r\n", want: ReasonChunkExtension},
		{name: "space in the value", in: "1;a=b c\r\n", want: ReasonChunkExtension},
		{name: "whitespace at the end", in: "1;a \r\n", want: ReasonChunkExtension},
		{name: "whitespace after a value", in: "1;a=b \r\n", want: ReasonChunkExtension},
		{name: "separator in the name", in: "1;a(b\r\n", want: ReasonChunkExtension},
		{name: "something behind a quoted string", in: "1;a=\"b\"c\r\n", want: ReasonChunkExtension},
		{name: "quoted string without an end", in: "1;a=\"b\r\n", want: ReasonChunkExtension},
		{name: "CR after a backslash", in: "1;a=\"b\\\r\n", want: ReasonChunkExtension},
		{name: "NUL in a quoted string", in: "1;a=\"\x00", want: ReasonChunkExtension},
		{name: "DEL after a backslash", in: "1;a=\"\\\x7f", want: ReasonChunkExtension},
		{name: "LF in extension", in: "1;a\nx", want: ReasonChunkLine},
		{name: "LF in a quoted string", in: "1;a=\"\nx", want: ReasonChunkLine},
		{name: "bare CR in extension", in: "1;a\rx", want: ReasonChunkLine},
		{name: "line over the bound", in: "1;" + long[1:], want: ReasonChunkLineLimit},
		{name: "endless size", in: strings.Repeat("0", chunkLine+1), want: ReasonChunkLineLimit},
		{name: "data longer than size", in: "1\r\nxy", body: "x", want: ReasonChunkData},
		{name: "bare LF after data", in: "1\r\nx\n", body: "x", want: ReasonChunkData},
		{name: "bare CR after data", in: "1\r\nx\r1", body: "x", want: ReasonChunkData},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// The answer may not depend on how the octets were cut.
			for cut := range len(tt.in) + 1 {
				body, rest, r := decodeChunks(tt.in[:cut], tt.in[cut:])
				if body != tt.body || r != tt.want {
					t.Fatalf("cut at %d: body %q, %q; want %q, %q", cut, body, r, tt.body, tt.want)
				}
				if tt.want == ReasonNone && rest != tt.rest {
					t.Fatalf("cut at %d: rest %q; want %q", cut, rest, tt.rest)
				}
			}
		})
	}
}

// decodeChunks feeds the parts in turn, as reads would deliver them.
func decodeChunks(parts ...string) (body, rest string, r Reason) {
	var d chunkDecoder
	var out, left []byte
	for _, part := range parts {
		in := []byte(part)
		for {
			data, n, r := d.next(in, chunkLine, 1<<20)
			out = append(out, data...)
			if r != ReasonNone {
				return string(out), "", r
			}
			if n == 0 {
				break
			}
			in = in[n:]
		}
		left = append(left, in...)
	}
	return string(out), string(left), ReasonNone
}

// consumed runs d over in and returns how many octets it took.
func consumed(d *chunkDecoder, in []byte) (total int) {
	for {
		_, n, r := d.next(in[total:], chunkLine, 1<<20)
		total += n
		if r != ReasonNone || n == 0 {
			return total
		}
	}
}

// FuzzChunk checks two properties: the cut does not matter, and where the
// standard library also accepts a body, it reads the same one.
func FuzzChunk(f *testing.F) {
	f.Add("5\r\nhello\r\n0\r\n\r\n", 3)
	f.Add("1;a\r\nx\r\n0\r\nT: v\r\n\r\n", 9)
	f.Add("1 ; a = \"b\\\"\" ;c\r\nx\r\n0\r\n", 9)
	f.Fuzz(func(t *testing.T, in string, cut int) {
		if cut < 0 || cut > len(in) {
			t.Skip()
		}
		body, rest, r := decodeChunks(in)
		body2, rest2, r2 := decodeChunks(in[:cut], in[cut:])
		if body != body2 || r != r2 || r == ReasonNone && rest != rest2 {
			t.Fatalf("cut at %d: %q %q %q; uncut: %q %q %q", cut, body2, rest2, r2, body, rest, r)
		}
		var d chunkDecoder
		if n := consumed(&d, []byte(in)); d.state == chunkDone {
			want, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader([]byte(in[:n]))))
			if err == nil && string(want) != body {
				t.Fatalf("standard library reads %q; we read %q", want, body)
			}
		}
	})
}

func BenchmarkChunkDecoder(b *testing.B) {
	in := []byte("1000\r\n" + strings.Repeat("x", 0x1000) + "\r\n0\r\n")
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		var d chunkDecoder
		if n := consumed(&d, in); n != len(in) {
			b.Fatal(n)
		}
	}
}
