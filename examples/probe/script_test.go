package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
)

// An exchange is what a scripted client sends once, and the answer it has to get.
type exchange struct {
	name    string
	send    string
	method  string
	status  int
	content string
	fields  map[string]string
	last    bool // the server closes after the answer
}

// script makes the exchanges of one connection.
func script(r *rand.Rand) (list []exchange) {
	for range 1 + r.IntN(6) {
		x := kinds[r.IntN(len(kinds))](r)
		list = append(list, x)
		if x.last {
			break
		}
	}
	return list
}

// kinds are the exchanges that a script is made of.
var kinds = []func(r *rand.Rand) exchange{
	func(*rand.Rand) exchange {
		return exchange{
			name: "plaintext", send: "GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n",
			method: "GET", status: 200, content: "Hello, World!", fields: map[string]string{"Content-Type": "text/plain"},
		}
	},
	func(*rand.Rand) exchange {
		return exchange{
			name: "head", send: "HEAD /plaintext HTTP/1.1\r\nHost: x\r\n\r\n",
			method: "HEAD", status: 200, fields: map[string]string{"Content-Length": "13"},
		}
	},
	func(r *rand.Rand) exchange {
		id := r.Int64()
		return exchange{
			name: "user", send: fmt.Sprintf("GET /users/%d HTTP/1.1\r\nHost: x\r\nAuthorization: t\r\nX-Request-Id: %x\r\n\r\n", id, id),
			method: "GET", status: 200, content: fmt.Sprintf(`{"id":%d}`, id),
			fields: map[string]string{"X-Request-Id": fmt.Sprintf("%x", id), "X-Probe": "1"},
		}
	},
	func(*rand.Rand) exchange {
		return exchange{
			name: "unauthorized", send: "GET /users/7 HTTP/1.1\r\nHost: x\r\n\r\n",
			method: "GET", status: 401, content: "Unauthorized\n", fields: map[string]string{"WWW-Authenticate": "Bearer"},
		}
	},
	func(r *rand.Rand) exchange {
		value := strings.Repeat("v", r.IntN(2000))
		return exchange{
			name: "fields", send: "GET /headers HTTP/1.1\r\nHost: x\r\nA: " + value + "\r\n\r\n",
			method: "GET", status: 200, content: "Host: x\nA: " + value + "\n",
		}
	},
	func(r *rand.Rand) exchange {
		content := strings.Repeat("unread ", r.IntN(500))
		return exchange{
			name: "unread content", send: fmt.Sprintf("POST /headers HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(content), content),
			method: "POST", status: 200, content: fmt.Sprintf("Host: x\nContent-Length: %d\n", len(content)),
		}
	},
	func(r *rand.Rand) exchange {
		content := text(r, 5000)
		return exchange{
			name: "echo", send: fmt.Sprintf("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(content), content),
			method: "POST", status: 200, content: content,
		}
	},
	func(r *rand.Rand) exchange {
		content := text(r, 5000)
		return exchange{
			name: "chunked echo", send: "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(r, content),
			method: "POST", status: 200, content: content,
		}
	},
	func(r *rand.Rand) exchange {
		n := r.IntN(100_000)
		want, _ := io.ReadAll(io.LimitReader(new(alphabet), int64(n)))
		return exchange{
			name: "large", send: fmt.Sprintf("GET /large?size=%d HTTP/1.1\r\nHost: x\r\n\r\n", n),
			method: "GET", status: 200, content: string(want),
		}
	},
	func(r *rand.Rand) exchange {
		n := 1 + r.IntN(20)
		var want strings.Builder
		for i := range n {
			fmt.Fprintf(&want, "line %d\n", i+1)
		}
		return exchange{
			name: "stream", send: fmt.Sprintf("GET /stream/%d HTTP/1.1\r\nHost: x\r\n\r\n", n),
			method: "GET", status: 200, content: want.String(),
		}
	},
	func(*rand.Rand) exchange {
		return exchange{name: "panic", send: "GET /panic HTTP/1.1\r\nHost: x\r\n\r\n", method: "GET", status: 500, content: "Internal Server Error\n"}
	},
	func(*rand.Rand) exchange {
		return exchange{name: "nowhere", send: "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", method: "GET", status: 404, content: "Not Found\n"}
	},
	func(*rand.Rand) exchange {
		return exchange{name: "json", send: "GET /json HTTP/1.1\r\nHost: x\r\n\r\n", method: "GET", status: 200, content: `{"message":"Hello, World!"}`}
	},
	func(*rand.Rand) exchange {
		return exchange{name: "no content", send: "GET /nocontent HTTP/1.1\r\nHost: x\r\n\r\n", method: "GET", status: 204}
	},
	func(*rand.Rand) exchange {
		return exchange{name: "not modified", send: "GET /notmodified HTTP/1.1\r\nHost: x\r\n\r\n", method: "GET", status: 304}
	},
	func(*rand.Rand) exchange {
		return exchange{
			name: "options", send: "OPTIONS /headers HTTP/1.1\r\nHost: x\r\n\r\n", method: "OPTIONS",
			status: 204, fields: map[string]string{"Allow": "GET, HEAD, OPTIONS, POST"},
		}
	},
	func(r *rand.Rand) exchange {
		n := fmt.Sprint(r.IntN(50_000))
		return exchange{
			name: "head of large", send: "HEAD /large?size=" + n + " HTTP/1.1\r\nHost: x\r\n\r\n",
			method: "HEAD", status: 200, fields: map[string]string{"Content-Length": n},
		}
	},
	func(*rand.Rand) exchange {
		return exchange{
			name: "bad size", send: "GET /large?size=-1 HTTP/1.1\r\nHost: x\r\n\r\n", method: "GET",
			status: 400, content: "size has to be from 0 to 67108864\n",
		}
	},
	func(r *rand.Rand) exchange { // the client does not wait for 100 (Continue), and may get it all the same
		content := text(r, 2000) + "."
		return exchange{
			name: "expect", send: fmt.Sprintf("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n%s", len(content), content),
			method: "POST", status: 200, content: content,
		}
	},
	func(*rand.Rand) exchange {
		return exchange{
			name: "HTTP/1.0 that persists", send: "GET /plaintext HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
			method: "GET", status: 200, content: "Hello, World!",
		}
	},
	func(*rand.Rand) exchange {
		return exchange{
			name: "wrong method", send: "DELETE /echo HTTP/1.1\r\nHost: x\r\n\r\n", method: "DELETE",
			status: 405, content: "Method Not Allowed\n", fields: map[string]string{"Allow": "OPTIONS, POST"},
		}
	},
	func(*rand.Rand) exchange {
		return exchange{
			name: "last", send: "GET /json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			method: "GET", status: 200, content: `{"message":"Hello, World!"}`, last: true,
		}
	},
	func(*rand.Rand) exchange {
		return exchange{name: "HTTP/1.0", send: "GET /stream/2 HTTP/1.0\r\n\r\n", method: "GET", status: 200, content: "line 1\nline 2\n", last: true}
	},
	func(*rand.Rand) exchange {
		return exchange{name: "refused", send: "GET /plaintext HTTP/1.1\r\nHost : x\r\n\r\n", method: "GET", status: 400, content: "*", last: true}
	},
}

func text(r *rand.Rand, most int) string {
	b := make([]byte, r.IntN(most))
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return string(b)
}

// chunked encodes content with chunks of random sizes.
func chunked(r *rand.Rand, content string) string {
	var b strings.Builder
	for content != "" {
		n := 1 + r.IntN(len(content))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, content[:n])
		content = content[n:]
	}
	b.WriteString("0\r\n\r\n")
	return b.String()
}

// check compares what a connection brought with the script, and returns how
// many of the exchanges were answered in full. An answer that is cut short is
// not an error: that is what resets do. When the server drains, any answer may
// be the last; when the clock steps, a request may be answered 408 instead.
func check(got []byte, list []exchange, drains, steps bool) (answered int, err error) {
	in := bufio.NewReaderSize(bytes.NewReader(got), len(got)+1)
	_, _ = in.Peek(1) // now all of it is buffered
	for i, x := range list {
		res, err := final(in, x.method)
		if res == nil && err == nil {
			return answered, nil
		}
		if err != nil {
			return answered, fmt.Errorf("answer %d (%s): %w", i, x.name, err)
		}
		content, err := io.ReadAll(res.Body)
		if err != nil {
			return answered, short(err, fmt.Sprintf("content of answer %d (%s)", i, x.name))
		}
		if steps && res.StatusCode == 408 {
			return answered, nil // of a method that nobody knows
		}
		if res.ContentLength < 0 && res.Close && len(content) < len(x.content) && strings.HasPrefix(x.content, string(content)) {
			return answered, nil // content that the end of the connection ends
		}
		if res.StatusCode != x.status || x.content != "*" && string(content) != x.content {
			return answered, fmt.Errorf("answer %d (%s) is %d %.100q; want %d %.100q", i, x.name, res.StatusCode, content, x.status, x.content)
		}
		if res.Header.Get("Date") == "" {
			return answered, fmt.Errorf("answer %d (%s) has no Date", i, x.name)
		}
		ends := drains && res.Close
		if x.last != res.Close && !ends {
			return answered, fmt.Errorf("answer %d (%s) says close: %v", i, x.name, res.Close)
		}
		for name, want := range x.fields {
			if got := res.Header.Get(name); got != want {
				return answered, fmt.Errorf("answer %d (%s): %s is %q; want %q", i, x.name, name, got, want)
			}
		}
		answered++
		if ends {
			break
		}
	}
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		return answered, fmt.Errorf("after the last answer came %.100q", rest)
	}
	return answered, nil
}

// final reads the head of the next final response. It returns nil when it is
// not there as a whole.
func final(in *bufio.Reader, method string) (*http.Response, error) {
	for {
		if rest, _ := in.Peek(in.Buffered()); !bytes.Contains(rest, []byte("\r\n\r\n")) {
			return nil, nil
		}
		res, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil || res.StatusCode >= 200 {
			return res, err
		}
	}
}

// short returns nil for an answer that ends too early, and err for one that
// is wrong.
func short(err error, what string) error {
	if errors.Is(err, io.EOF) || strings.Contains(err.Error(), "unexpected EOF") {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
