package h1

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

const date = "Sun, 06 Nov 1994 08:49:37 GMT"

// begin returns an exchange whose request has been read.
func begin(tb testing.TB, head string) *Exchange {
	tb.Helper()
	x := new(Exchange)
	var c Conn
	in := []byte(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n")
	if ev, n := c.Next(x, in, &defaults); ev != EventHead || n != len(in) {
		tb.Fatal(ev, x.Refusal())
	}
	return x
}

const (
	get  = "GET / HTTP/1.1\nHost: a"
	head = "HEAD / HTTP/1.1\nHost: a"
	old  = "GET / HTTP/1.0"
)

func TestAppendResponse(t *testing.T) {
	for _, tt := range []struct {
		name, request string
		status        int
		write         func(x *Exchange)
		want          string // CRLF as LF, the line of Date left out
		closes        bool
	}{
		{name: "nothing set", request: get, want: "200 OK\nContent-Length: 0\n\n"},
		{name: "content", request: get, write: text, want: "200 OK\nContent-Type: text/plain\nContent-Length: 5\n\nhello"},
		{name: "HEAD", request: head, write: text, want: "200 OK\nContent-Type: text/plain\nContent-Length: 5\n\n"},
		{name: "no content", request: get, status: 204, write: text, want: "204 No Content\nContent-Type: text/plain\n\n"},
		{name: "reset content", request: get, status: 205, write: text, want: "205 Reset Content\nContent-Type: text/plain\nContent-Length: 0\n\n"},
		{name: "not modified", request: get, status: 304, write: text, want: "304 Not Modified\nContent-Type: text/plain\n\n"},
		{name: "status without a phrase", request: get, status: 299, want: "299 \nContent-Length: 0\n\n"},
		{name: "status between phrases", request: get, status: 418, want: "418 \nContent-Length: 0\n\n"},
		{name: "interim status", request: get, status: 100, want: "500 Internal Server Error\nContent-Length: 0\n\n"},
		{name: "no status", request: get, status: -1, want: "500 Internal Server Error\nContent-Length: 0\n\n"},
		{name: "status over 599", request: get, status: 600, want: "500 Internal Server Error\nContent-Length: 0\n\n"},
		{name: "request says close", request: get + "\nConnection: close", want: "200 OK\nContent-Length: 0\nConnection: close\n\n", closes: true},
		{name: "host says close", request: get, write: (*Exchange).CloseAfter, want: "200 OK\nContent-Length: 0\nConnection: close\n\n", closes: true},
		{name: "app says close", request: get, write: func(x *Exchange) { x.ResponseFields().Set("connection", "close") }, want: "200 OK\nContent-Length: 0\nConnection: close\n\n", closes: true},
		{name: "app says close twice", request: get, write: func(x *Exchange) {
			x.ResponseFields().Add("Connection", "close")
			x.ResponseFields().Add("Connection", "close")
		}, want: "200 OK\nContent-Length: 0\nConnection: close\n\n", closes: true},
		{name: "HTTP/1.0", request: old, write: text, want: "200 OK\nContent-Type: text/plain\nContent-Length: 5\nConnection: close\n\nhello", closes: true},
		{name: "HTTP/1.0 with keep-alive", request: old + "\nConnection: keep-alive", want: "200 OK\nContent-Length: 0\nConnection: keep-alive\n\n"},
		{name: "tunnel", request: "CONNECT a:1 HTTP/1.1\nHost: a", write: text, want: "200 OK\nContent-Type: text/plain\nConnection: close\n\n", closes: true},
		{name: "no tunnel", request: "CONNECT a:1 HTTP/1.1\nHost: a", status: 403, want: "403 Forbidden\nContent-Length: 0\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := begin(t, tt.request)
			if tt.status != 0 {
				x.SetStatus(tt.status)
			}
			if tt.write != nil {
				tt.write(x)
			}
			check(t, string(x.AppendResponse(nil, []byte(date))), tt.want)
			if x.Persists() == tt.closes {
				t.Errorf("persists: %t", x.Persists())
			}
			if _, content, _ := strings.Cut(tt.want, "\n\n"); x.ContentSent() != int64(len(content)) {
				t.Errorf("sent %d", x.ContentSent())
			}
		})
	}
}

func text(x *Exchange) {
	x.ResponseFields().Set("Content-Type", "text/plain")
	x.ResponseContent().Text("hello")
}

// check compares a response with want, which has neither the version, nor Date,
// nor the CR of its lines.
func check(t *testing.T, got, want string) {
	t.Helper()
	head, content, _ := strings.Cut(got, "\r\n\r\n")
	version, head, _ := strings.Cut(head, " ")
	if dateless := strings.Replace(head, "\r\nDate: "+date, "", 1); version != "HTTP/1.1" || dateless == head {
		t.Errorf("version or date is missing in %q", got)
	} else if got = strings.ReplaceAll(dateless, "\r\n", "\n") + "\n\n" + content; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestDateOfTheApp checks that there is one Date, the app's if it has one.
func TestDateOfTheApp(t *testing.T) {
	const own = "Tue, 15 Nov 1994 08:12:31 GMT"
	var fields msg.Fields
	fields.Add("date", own)
	fields.Add("A", "b")
	for _, tt := range []struct {
		name  string
		write func(x *Exchange) []byte
		want  string
	}{
		{"whole", func(x *Exchange) []byte { return x.AppendResponse(nil, []byte(date)) }, own},
		{"streamed", func(x *Exchange) []byte { return x.AppendStreamHead(nil, []byte(date), 0) }, own},
		{"deleted", func(x *Exchange) []byte {
			x.ResponseFields().Delete("DATE")
			return x.AppendResponse(nil, []byte(date))
		}, date},
		{"ready-made", func(x *Exchange) []byte {
			return x.AppendReady(nil, []byte(date), NewReady(200, &fields, nil))
		}, date},
	} {
		x := begin(t, get)
		x.ResponseFields().Add("Date", "not this one")
		x.ResponseFields().Add("A", "b")
		x.ResponseFields().Add("date", own)
		octets := tt.write(x)
		res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(octets))), nil)
		if err != nil || len(res.Header["Date"]) != 1 || res.Header.Get("Date") != tt.want || res.Header.Get("A") != "b" {
			t.Errorf("%s: %v, %q", tt.name, err, octets)
		}
	}
}

func TestStreams(t *testing.T) {
	for _, tt := range []struct {
		name, request string
		status        int
		declared      int64
		pieces        []string
		want          string
		closes        bool
		err           error // of the pieces or of the end
	}{
		{name: "chunked", request: get, declared: -1, pieces: []string{"ab", "", "0123456789abcdef"}, want: "200 OK\nTransfer-Encoding: chunked\n\n2\r\nab\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"},
		{name: "chunked and empty", request: get, declared: -1, want: "200 OK\nTransfer-Encoding: chunked\n\n0\r\n\r\n"},
		{name: "close-delimited", request: old, declared: -1, pieces: []string{"ab", "c"}, want: "200 OK\nConnection: close\n\nabc", closes: true},
		{name: "close-delimited in spite of keep-alive", request: old + "\nConnection: keep-alive", declared: -1, want: "200 OK\nConnection: close\n\n", closes: true},
		{name: "declared", request: get, declared: 3, pieces: []string{"ab", "c"}, want: "200 OK\nContent-Length: 3\n\nabc"},
		{name: "declared in HTTP/1.0", request: old + "\nConnection: keep-alive", declared: 1, pieces: []string{"a"}, want: "200 OK\nContent-Length: 1\nConnection: keep-alive\n\na"},
		{name: "declared and empty", request: get, declared: 0, want: "200 OK\nContent-Length: 0\n\n"},
		{name: "more than declared", request: get, declared: 1, pieces: []string{"ab"}, want: "200 OK\nContent-Length: 1\n\n", err: ErrContentLength, closes: true},
		{name: "less than declared", request: get, declared: 3, pieces: []string{"ab"}, want: "200 OK\nContent-Length: 3\n\nab", err: ErrContentLength, closes: true},
		{name: "HEAD chunked", request: head, declared: -1, pieces: []string{"ab"}, want: "200 OK\nTransfer-Encoding: chunked\n\n"},
		{name: "HEAD declared", request: head, declared: 3, pieces: []string{"ab"}, want: "200 OK\nContent-Length: 3\n\n"},
		{name: "HEAD in HTTP/1.0", request: "HEAD / HTTP/1.0", declared: -1, pieces: []string{"ab"}, want: "200 OK\nConnection: close\n\n", closes: true},
		{name: "no content", request: get, status: 204, declared: -1, pieces: []string{"ab"}, want: "204 No Content\n\n"},
		{name: "not modified", request: get, status: 304, declared: 3, pieces: []string{"ab"}, want: "304 Not Modified\n\n"},
		{name: "tunnel", request: "CONNECT b:1 HTTP/1.1\nHost: b:1", declared: -1, pieces: []string{"ab"}, want: "200 OK\nConnection: close\n\n", closes: true},
		{name: "reset content", request: get, status: 205, declared: -1, pieces: []string{"ab"}, want: "205 Reset Content\nContent-Length: 0\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := begin(t, tt.request)
			if tt.status != 0 {
				x.SetStatus(tt.status)
			}
			dst := x.AppendStreamHead(nil, []byte(date), tt.declared)
			var err error
			for _, piece := range tt.pieces {
				if dst, err = x.AppendStreamContent(dst, []byte(piece)); err != nil {
					break
				}
			}
			if err == nil {
				dst, err = x.AppendStreamEnd(dst)
			}
			check(t, string(dst), tt.want)
			if !errors.Is(err, tt.err) || x.Persists() == tt.closes {
				t.Errorf("error %v, persists %t", err, x.Persists())
			}
		})
	}
}

// TestStreamsPlain checks when content can be sent without being appended, and
// that what was sent counts.
func TestStreamsPlain(t *testing.T) {
	for _, tt := range []struct {
		head         string
		status       int
		declared     int64
		plain, sends bool
		left         int64 // that makes the response short
	}{
		{"GET / HTTP/1.1\nHost: a", 200, 10, true, true, 4},
		{"GET / HTTP/1.1\nHost: a", 200, -1, false, true, 0},
		{"GET / HTTP/1.0", 200, -1, true, true, 0},
		{"HEAD / HTTP/1.1\nHost: a", 200, 10, false, false, 0},
		{"GET / HTTP/1.1\nHost: a", 304, 10, false, false, 0},
		{"GET / HTTP/1.1\nHost: a", 205, 10, false, false, 0},
	} {
		x := begin(t, tt.head)
		x.SetStatus(tt.status)
		if x.StreamsPlain() {
			t.Errorf("%q: before the head", tt.head)
		}
		x.AppendStreamHead(nil, []byte(date), tt.declared)
		if x.StreamsPlain() != tt.plain || x.SendsContent() != tt.sends {
			t.Errorf("%q, %d: plain %t, sends %t", tt.head, tt.status, x.StreamsPlain(), x.SendsContent())
		}
		if !tt.plain {
			continue
		}
		x.StreamedPlain(6)
		_, err := x.AppendStreamEnd(nil)
		if x.ContentSent() != 6 || (err == ErrContentLength) != (tt.left > 0) {
			t.Errorf("%q, %d: sent %d, %v", tt.head, tt.status, x.ContentSent(), err)
		}
	}
}

func TestReady(t *testing.T) {
	var fields, closing, faulty msg.Fields
	fields.Add("Content-Type", "text/plain")
	closing.Add("Connection", "close")
	faulty.Add("Content-Type", "a\nb")
	for _, tt := range []struct {
		name, request string
		ready         *Ready
		want          string
	}{
		{"content", get, NewReady(200, &fields, []byte("hello")), "200 OK\nContent-Type: text/plain\nContent-Length: 5\n\nhello"},
		{"HEAD", head, NewReady(200, &fields, []byte("hello")), "200 OK\nContent-Type: text/plain\nContent-Length: 5\n\n"},
		{"no fields", get, NewReady(404, nil, nil), "404 Not Found\nContent-Length: 0\n\n"},
		{"no content", get, NewReady(204, nil, []byte("a")), "204 No Content\n\n"},
		{"reset content", get, NewReady(205, nil, []byte("a")), "205 Reset Content\nContent-Length: 0\n\n"},
		{"close", get, NewReady(200, &closing, nil), "200 OK\nContent-Length: 0\nConnection: close\n\n"},
		{"HTTP/1.0", old, NewReady(200, nil, nil), "200 OK\nContent-Length: 0\nConnection: close\n\n"},
		{"tunnel", "CONNECT a:1 HTTP/1.1\nHost: a", NewReady(200, nil, []byte("a")), "200 OK\nConnection: close\n\n"},
		{"a field that cannot be sent", get, NewReady(200, &faulty, []byte("a")), "500 Internal Server Error\nContent-Length: 0\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := begin(t, tt.request)
			check(t, string(x.AppendReady(nil, []byte(date), tt.ready)), tt.want)
			if x.Status() != tt.ready.status || x.Persists() == strings.Contains(tt.want, "close") {
				t.Errorf("status %d, persists %t", x.Status(), x.Persists())
			}
		})
	}
}

func TestReadyRefusal(t *testing.T) {
	var fields msg.Fields
	fields.Add("Content-Type", "application/json")
	ready := NewReady(413, &fields, []byte("{}"))
	const want = "413 Content Too Large\nContent-Type: application/json\nContent-Length: 2\nConnection: close\n\n"
	check(t, string(ready.AppendRefusal(nil, []byte(date), false)), want+"{}")
	check(t, string(ready.AppendRefusal(nil, []byte(date), true)), want)
}

func TestAppendRefusal(t *testing.T) {
	for r := ReasonNone + 1; r < reasonCount; r++ {
		for i, method := range []string{"GET", "HEAD"} {
			refusal := refusalOf(r, i == 1)
			octets := AppendRefusal([]byte("x"), []byte(date), refusal)
			res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(octets[1:]))), &http.Request{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			content, _ := io.ReadAll(res.Body)
			want := []string{r.String() + "\n", ""}[i]
			if res.StatusCode != refusal.Status || string(content) != want || !res.Close || res.Header.Get("Date") != date ||
				res.ContentLength != int64(len(r.String())+1) {
				t.Errorf("%s: %s", r, octets)
			}
		}
	}
}

func TestStatusLines(t *testing.T) {
	for status := 200; status < 600; status++ {
		line := string(appendStatusLine(nil, status))
		if want := "HTTP/1.1 " + itoa(status) + " " + msg.StatusText(status) + "\r\n"; line != want {
			t.Errorf("%q; want %q", line, want)
		}
	}
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}

func TestContinue(t *testing.T) {
	x := begin(t, "POST / HTTP/1.1\nHost: a\nExpect: 100-Continue\nContent-Length: 1")
	if !x.ExpectsContinue() || string(x.AppendContinue(nil)) != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Error("no 100")
	}
	for _, list := range []string{", 100-continue,", "100-continue,100-continue", "100-continue\nExpect: 100-continue"} {
		if x := begin(t, "POST / HTTP/1.1\nHost: a\nContent-Length: 1\nExpect: "+list); !x.ExpectsContinue() {
			t.Errorf("Expect: %s does not wait for 100", list)
		}
	}
	for _, request := range []string{
		get, get + "\nExpect:", get + "\nExpect: 100-continue", get + "\nExpect: 100-continue\nContent-Length: 0",
		old + "\nExpect: 100-continue\nContent-Length: 1",
	} {
		if begin(t, request).ExpectsContinue() {
			t.Errorf("%q waits for 100", request)
		}
	}
}

func TestRequestField(t *testing.T) {
	if m := begin(t, head).Method(); m != msg.MethodHead {
		t.Error(m)
	}
	if m := begin(t, "LOCK / HTTP/1.0"); m.Method() != msg.MethodUnknown || !m.MethodText().Equal("LOCK") {
		t.Error(m.MethodText())
	}
	x := begin(t, get+"\nA: 1\na: 2\nContent-Type: text/plain")
	for range 2 {
		if v, ok := x.RequestField("a"); !ok || !v.Equal("1") {
			t.Error(v, ok)
		}
		if v, ok := x.RequestField("content-type"); !ok || !v.Equal("text/plain") {
			t.Error(v, ok)
		}
		if v, ok := x.RequestField("b"); ok || v.Len() != 0 {
			t.Error(v, ok)
		}
		x.Pin()
	}
	if begin(t, "CONNECT a%20:1 HTTP/1.1\nHost: a").HasEscape() {
		t.Error("an escape of a path that is not there")
	}
	if x.HasEscape() || !begin(t, "GET http://a%20/%20 HTTP/1.1\nHost: a").HasEscape() ||
		begin(t, "GET http://a%20/a?%20 HTTP/1.1\nHost: a").HasEscape() {
		t.Error("escapes of the path")
	}
}

func TestMaxBody(t *testing.T) {
	for _, tt := range []struct {
		in   string
		max  int64
		want bool
	}{
		{"Content-Length: 5\r\n\r\n", 5, true},
		{"Content-Length: 5\r\n\r\n", 4, false},
		{"Content-Length: 5\r\n\r\n", msg.Unlimited, true},
		{"\r\n", 0, true},
		{"Transfer-Encoding: chunked\r\n\r\n", 4, true},
	} {
		var c Conn
		x := new(Exchange)
		ev, _ := c.Next(x, []byte("POST / HTTP/1.1\r\n"+host2+tt.in), &defaults)
		if got := c.SetMaxBody(tt.max); ev != EventHead || got != tt.want {
			t.Errorf("%q, %d: %t", tt.in, tt.max, got)
		}
		if strings.HasPrefix(tt.in, "Transfer") {
			if ev, _ = c.Next(x, []byte("5\r\n"), &defaults); ev != EventRefused || x.Refusal().Reason != ReasonBodyLimit {
				t.Error(ev)
			}
		}
	}
}

// TestDrop checks that the rest of a body is read past, at every cut.
func TestDrop(t *testing.T) {
	for _, body := range []string{
		"Content-Length: 5\r\n\r\nhello",
		"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\na: b\r\n\r\n",
	} {
		head := "POST / HTTP/1.1\r\n" + host2 + body[:strings.Index(body, "\r\n\r\n")+4]
		body = body[strings.Index(body, "\r\n\r\n")+4:]
		for cut := range len(body) + 1 {
			var c Conn
			x := new(Exchange)
			c.Next(x, []byte(head), &defaults)
			c.Drop()
			in := []byte(body[:cut])
			ended := false
			for _, more := range []string{body[cut:] + "GET", ""} {
				for !ended {
					ev, n := c.Next(x, in, &defaults)
					in = in[n:]
					if ended = ev == EventEnd; ev == EventContent || ev == EventRefused {
						t.Fatal(ev)
					} else if ev == EventNone {
						break
					}
				}
				in = append(in, more...)
			}
			if !ended || string(in) != "GET" && string(in) != body[cut:]+"GET" || !c.Finish(x) || c.InExchange() {
				t.Fatalf("cut at %d: ended %t, left %q", cut, ended, in)
			}
		}
	}
}

// TestFinish checks when a connection persists that the request would keep.
func TestFinish(t *testing.T) {
	const post = "POST / HTTP/1.1\r\n" + host2 + "Content-Length: 1\r\n\r\n"
	var c Conn
	x := new(Exchange)
	c.Next(x, []byte(post), &defaults)
	if !c.InExchange() || c.Started() {
		t.Error("not in an exchange")
	}
	if c.Finish(x) {
		t.Error("persists with content unread")
	}
	if ev, n := c.Next(x, []byte(post), &defaults); ev != EventNone || n != 0 || c.InExchange() {
		t.Error("reads after the last exchange")
	}
	c = Conn{}
	c.Next(x, []byte(post), &defaults)
	c.Next(x, []byte("a"), &defaults)
	if ev, n := c.Next(x, []byte("GET"), &defaults); ev != EventEnd || n != 0 {
		t.Error("no end")
	}
	if ev, n := c.Next(x, []byte("GET"), &defaults); ev != EventNone || n != 0 {
		t.Error("reads before Finish")
	}
	x.CloseAfter()
	if c.Finish(x) {
		t.Error("persists after CloseAfter")
	}
}

// TestBorrowed checks that what was borrowed from one call is not there after
// the next, and what one head said is not there in another.
func TestBorrowed(t *testing.T) {
	var c Conn
	x := new(Exchange)
	c.Next(x, []byte("POST http://b/%20 HTTP/1.1\r\n"+host2+"Content-Length: 1\r\n\r\n"), &defaults)
	if ev, _ := c.Next(x, []byte("a"), &defaults); ev != EventContent || string(x.Content()) != "a" || !x.Authority().Equal("b") {
		t.Error(ev)
	}
	if ev, _ := c.Next(x, nil, &defaults); ev != EventEnd || x.Content() != nil {
		t.Error("content outlives the call")
	}
	c.Finish(x)
	c.Next(x, []byte("GET / HTTP/1.1\r\n"+host2+"\r\n"), &defaults) // without a Reset between
	if !x.Authority().Equal("a") || x.ContentLength() != 0 || x.HasEscape() {
		t.Error("one head shows in another")
	}
}

func TestStarted(t *testing.T) {
	var c Conn
	x := new(Exchange)
	for _, tt := range []struct {
		in   string
		n    int
		want bool
	}{{"", 0, false}, {"\r", 0, true}, {"\r\n", 2, false}, {"\r\n", 2, false}, {"G", 0, true}, {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 25, false}} {
		if _, n := c.Next(x, []byte(tt.in), &defaults); n != tt.n || c.Started() != tt.want {
			t.Errorf("%q: consumed %d, started %t", tt.in, n, c.Started())
		}
	}
}

// TestReset checks that an exchange keeps what is worth keeping, lets the rest
// go, and is as new.
func TestReset(t *testing.T) {
	x := begin(t, get+"\nA: "+strings.Repeat("b", 8<<10))
	x.Pin()
	x.SetStatus(404)
	x.CloseAfter()
	x.ResponseFields().Add("A", strings.Repeat("b", 8<<10))
	x.ResponseFields().Add("Date", "")
	x.ResponseContent().Text(strings.Repeat("b", 32<<10))
	x.AppendResponse(nil, []byte(date))
	x.content = []byte("a")
	x.Reset()
	if cap(x.owned) > maxKeptHead || x.ResponseContent().Cap() > maxKeptContent || cap(x.ResponseFields().Lines()) > 4<<10 {
		t.Error("hoards")
	}
	if x.Status() != 200 || x.ResponseFields().Err() != nil || x.ResponseFields().Count() != 0 || x.ResponseContent().Len() != 0 ||
		x.ContentSent() != 0 || x.RequestFieldCount() != 0 || x.MethodText().Len() != 0 || x.RawPath().Len() != 0 ||
		x.Authority().Len() != 0 || x.Content() != nil || x.buf != nil || x.Refusal() != nil || x.ContentLength() != 0 {
		t.Errorf("not as new: %+v", x)
	}
	many := msg.Limits{Fields: msg.Unlimited}.WithDefaults()
	x = new(Exchange)
	if n, r := x.readHead([]byte("GET / HTTP/1.0\r\n"+strings.Repeat("a:\r\n", 1000)+"\r\n"), &many); n == 0 || x.RequestFieldCount() != 1000 {
		t.Fatal(r)
	}
	if x.Reset(); cap(x.fields) > maxKeptFields {
		t.Error("hoards fields")
	}
	x = begin(t, get)
	x.Pin()
	path := x.RawPath().Octets()
	x.Reset()
	if cap(x.owned) == 0 {
		t.Error("does not keep a small head")
	}
	if invariant.Enabled && path[0] != 0xdb {
		t.Error("does not poison what it lent")
	}
}

func TestResetResponse(t *testing.T) {
	x := begin(t, get)
	x.SetStatus(201)
	text(x)
	x.ResponseFields().Set("Connection", "close")
	x.ResetResponse()
	x.SetStatus(500)
	check(t, string(x.AppendResponse(nil, []byte(date))), "500 Internal Server Error\nContent-Length: 0\n\n")
}

// TestAllocations checks that the steady state allocates nothing.
func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the checks of this build may allocate")
	}
	in := []byte("POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nc: d\r\n\r\n")
	when, dst := []byte(date), make([]byte, 0, 1024)
	ready := NewReady(404, nil, []byte("not found"))
	piece := []byte("piece")
	var c Conn
	x := new(Exchange)
	round := func() {
		for _, parts := range [][2][]byte{{in, nil}, {in[:20], in}} {
			rest := parts[0]
			for ended := false; !ended; {
				ev, n := c.Next(x, rest, &defaults)
				rest = rest[n:]
				switch ev {
				case EventNone:
					rest = parts[1]
				case EventHead:
					x.Pin()
				case EventEnd:
					ended = true
				case EventRefused:
					t.Fatal(x.Refusal())
				case EventContent:
				}
			}
			x.ResponseFields().Set("Content-Type", "text/plain")
			x.ResponseFields().Set("Content-Type", "text/html")
			x.ResponseContent().Text("hello").Int(5)
			x.AppendResponse(dst, when)
			x.AppendReady(dst, when, ready)
			out := x.AppendStreamHead(dst, when, -1)
			out, _ = x.AppendStreamContent(out, piece)
			_, _ = x.AppendStreamEnd(out)
			if !c.Finish(x) {
				t.Fatal("does not persist")
			}
			x.Reset()
		}
	}
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations per round; want 0", n)
	}
	bad := []byte("GET / HTTP/2.0\r\n")
	if n := testing.AllocsPerRun(100, func() {
		var c Conn
		c.Next(x, bad, &defaults)
		AppendRefusal(dst, when, x.Refusal())
	}); n != 0 {
		t.Errorf("%v allocations per refusal; want 0", n)
	}
}

func BenchmarkAppendResponse(b *testing.B) {
	x := begin(b, get)
	dst, when := make([]byte, 0, 1024), []byte(date)
	b.ReportAllocs()
	for b.Loop() {
		x.ResetResponse()
		x.ResponseFields().Set("Content-Type", "text/plain")
		x.ResponseContent().Text("Hello, World!")
		x.AppendResponse(dst, when)
	}
}

func BenchmarkAppendReady(b *testing.B) {
	x := begin(b, get)
	dst, when := make([]byte, 0, 1024), []byte(date)
	ready := NewReady(200, nil, []byte("Hello, World!"))
	b.ReportAllocs()
	for b.Loop() {
		x.AppendReady(dst, when, ready)
	}
}
