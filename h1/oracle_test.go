package h1

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/msg"
)

// This file reads what the engine sends with the clients of others. Octets are
// turned into a program: requests of one connection, and what is written to the
// response of each. A model, which knows the RFCs and nothing of the engine, says
// what a client has to find.

// A script turns octets into choices. When they run out, every choice is 0.
type script struct {
	octets []byte
	plain  bool // texts are ASCII
}

func (s *script) choose(n int) int {
	if len(s.octets) == 0 {
		return 0
	}
	c := s.octets[0]
	s.octets = s.octets[1:]
	return int(c) % n
}

// text returns up to 15 octets of the script, or a word.
func (s *script) text(words ...string) string {
	if i := s.choose(len(words) + 1); i < len(words) {
		return words[i]
	}
	n := min(s.choose(16), len(s.octets))
	raw := s.octets[:n]
	s.octets = s.octets[n:]
	if s.plain {
		raw = bytes.Map(func(r rune) rune { return ' ' + r%('~'-' '+1) }, raw)
	}
	return string(raw)
}

// A modelField is a field line as an app sets it.
type modelField struct{ name, value string }

// A model is a field section.
type model struct {
	lines  []modelField
	close  bool // Connection: close was set
	faulty bool // a line cannot be sent
}

func (m *model) set(name, value string, add bool) {
	value = strings.Trim(value, " \t")
	switch {
	case name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r) }),
		bytes.ContainsFunc([]byte(value), func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		m.faulty = true
		return
	case strings.EqualFold(name, "Connection") && strings.EqualFold(value, "close"):
		m.close = true
		return
	}
	for _, reserved := range []string{"Connection", "Content-Length", "Keep-Alive", "Transfer-Encoding", "Upgrade"} {
		if strings.EqualFold(name, reserved) {
			m.faulty = true
			return
		}
	}
	if !add || strings.EqualFold(name, "Date") {
		m.lines = slices.DeleteFunc(m.lines, func(f modelField) bool { return strings.EqualFold(f.name, name) })
	}
	m.lines = append(m.lines, modelField{name, value})
}

func (m *model) has(name string) bool {
	return slices.ContainsFunc(m.lines, func(f modelField) bool { return strings.EqualFold(f.name, name) })
}

// strings returns the lines as they are compared: sorted, the names without
// case, and without those that the standard library moves.
func (m *model) strings() string {
	lines := make([]string, 0, len(m.lines))
	for _, f := range m.lines {
		lines = append(lines, fmt.Sprintf("%s: %q", http.CanonicalHeaderKey(f.name), f.value))
	}
	return joined(lines)
}

// The ways of a response.
const (
	wayWhole = iota
	wayTrailed
	wayReady
	wayStream
	waySized
	ways
)

// An expectation is what a client has to find of one response.
type expectation struct {
	method   string
	hints    int // interim responses before it
	status   int
	fields   model
	ownDate  bool
	framing  string // "none", "length N", "chunked" or "close"
	content  string
	trailers model
	broken   bool   // the content is not complete, and the client must notice
	says     string // of Connection
	persists bool
}

// run runs the program of a script and returns what was sent, and what of it a
// client has to find.
func (s *script) run(t *testing.T) (octets []byte, want []expectation) {
	t.Helper()
	var c Conn
	for range 1 + s.choose(3) {
		e := expectation{method: []string{"GET", "HEAD", "POST", "CONNECT", "OPTIONS"}[s.choose(5)]}
		minor, te := 1, false
		request := e.method + " / HTTP/1."
		if e.method == "CONNECT" {
			request = "CONNECT a:1 HTTP/1."
		}
		switch s.choose(5) {
		case 4:
			request += "1\r\nHost: a:1\r\nTE: gzip, xtrailers\r\n"
		case 0:
			request += "1\r\nHost: a:1\r\n"
		case 1:
			request += "0\r\n"
			minor = 0
		case 2:
			request += "1\r\nHost: a:1\r\nTE: gzip, trailers\r\n"
			te = true
		case 3:
			request += "0\r\nTE: trailers\r\n"
			minor = 0
		}
		connection := []string{"", "", "close", "keep-alive"}[s.choose(4)]
		if connection != "" {
			request += "Connection: " + connection + "\r\n"
		}
		x := new(Exchange)
		in := []byte(request + "\r\n")
		if ev, n := c.Next(x, in, &defaults); ev != EventHead || n != len(in) {
			t.Fatal(ev, x.Refusal())
		}
		if ev, _ := c.Next(x, nil, &defaults); ev != EventEnd {
			t.Fatal(ev)
		}
		e.persists = connection != "close" && (minor == 1 || connection == "keep-alive")
		octets = s.respond(t, x, octets, &e, minor, te)
		want = append(want, e)
		if persists := c.Finish(x); persists != e.persists {
			t.Fatalf("persists %t; want %+v", persists, e)
		}
		if !e.persists {
			break
		}
	}
	return octets, want
}

// respond writes a response, and completes what is to be expected of it.
func (s *script) respond(t *testing.T, x *Exchange, octets []byte, e *expectation, minor int, te bool) []byte {
	t.Helper()
	e.status = []int{200, 200, 201, 204, 205, 304, 404, 500, 299, 599, 100, 600, -1}[s.choose(13)]
	x.SetStatus(e.status)
	if e.status < 200 || e.status > 599 {
		e.status = 500
	}
	var hints msg.Fields
	for range s.choose(3) {
		hints.Add("Link", "</"+s.text("a")+">")
		if hints.Err() == nil {
			octets = x.AppendEarlyHints(octets, &hints)
			e.hints += minor
		}
		hints.Reset()
	}
	for range s.choose(5) {
		name, value := s.text("Content-Type", "Date", "A", "a", "Connection", "Content-Length", "Set-Cookie", "Location"), s.text("text/plain", "", "close", "a\r\nb: c", "\x00", " b\t")
		if strings.EqualFold(name, "Trailer") {
			name = "B" // what it announces is no matter of the engine
		}
		add := s.choose(2) == 0
		e.fields.set(name, value, add)
		if add {
			x.ResponseFields().Add(name, value)
		} else {
			x.ResponseFields().Set(name, value)
		}
	}
	way := s.choose(ways)
	trails := way == wayTrailed || way >= wayStream && s.choose(2) == 1
	var pieces []string
	for range s.choose(4) {
		pieces = append(pieces, s.text("hello", "0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 300)))
	}
	trail := func() {
		for range s.choose(3) {
			name, value := s.text("Sum", "sum", "Grpc-Status", "Content-Type", "Host"), s.text("0", "a\nb", " c ")
			e.trailers.set(name, value, true)
			if e.trailers.has(name) && !msg.MayTrail(name) || e.trailers.close {
				e.trailers.faulty = true
			}
			x.ResponseTrailers().Add(name, value)
		}
	}
	late := s.choose(2) == 1 && way >= wayStream
	if trails && !late {
		x.ResponseTrailers()
		trail()
	}
	if s.choose(5) == 1 {
		x.CloseAfter()
		e.persists = false
	}
	if (x.ResponseFields().Err() != nil) != e.fields.faulty || (x.TrailersErr() != nil) != e.trailers.faulty {
		t.Fatalf("%v, %v; want %+v", x.ResponseFields().Err(), x.TrailersErr(), e)
	}
	if e.fields.faulty || e.trailers.faulty { // as a host does
		x.ResetResponse()
		x.SetStatus(500)
		e.status, e.fields, e.trailers, pieces = 500, model{}, model{}, nil
		way, trails = wayWhole, false
	}
	declared := -1
	if way == waySized {
		declared = len(strings.Join(pieces, "")) + []int{0, 0, 0, 1, -1}[s.choose(5)]
		declared = max(declared, 0)
	}
	e.expect(way, minor, declared, pieces, trails && !late && te)
	return s.send(t, x, octets, e, way, declared, pieces, func() {
		if trails && late {
			trail()
			if e.trailers.faulty { // the host cuts the response off; here it goes without
				x.ResponseTrailers().Reset()
				e.trailers = model{}
			}
		}
		if !te || e.framing != "chunked" || e.method == "HEAD" {
			e.trailers = model{}
		}
	})
}

// expect says how a response is framed, and what of its content a client finds.
func (e *expectation) expect(way, minor, declared int, pieces []string, chunkedAnyway bool) {
	content := strings.Join(pieces, "")
	tunnel := e.method == "CONNECT" && e.status < 300
	has := e.method != "HEAD"
	switch {
	case e.status == 204 || e.status == 304 || tunnel:
		e.framing, has = "none", false
	case e.status == 205:
		e.framing, has = "length 0", false
	case way == wayStream && minor == 0:
		e.framing = "close"
	case way == wayStream, way == waySized && chunkedAnyway && minor == 1, way == wayTrailed && len(e.trailers.lines) > 0 && chunkedAnyway && minor == 1:
		e.framing = "chunked"
	case way == waySized:
		e.framing = fmt.Sprintf("length %d", declared)
	default:
		e.framing = fmt.Sprintf("length %d", len(content))
	}
	if e.ownDate = e.fields.has("Date"); way == wayReady {
		e.ownDate = false
		e.fields.lines = slices.DeleteFunc(e.fields.lines, func(f modelField) bool { return strings.EqualFold(f.name, "Date") })
	}
	if e.persists = e.persists && !tunnel && !e.fields.close && e.framing != "close"; !e.persists {
		e.says = "close"
	} else if minor == 0 {
		e.says = "keep-alive"
	}
	if !has {
		return
	}
	if way == waySized {
		content = ""
		for _, p := range pieces {
			if len(content)+len(p) > declared {
				e.broken = e.framing == "chunked" || len(content) < declared
				e.persists = false
				break
			}
			content += p
		}
		if len(content) < declared {
			e.broken, e.persists = true, false
		}
	}
	e.content = content
}

// send appends the response. late is called behind the head of a stream.
func (s *script) send(t *testing.T, x *Exchange, octets []byte, e *expectation, way, declared int, pieces []string, late func()) []byte {
	t.Helper()
	when := []byte(date)
	if way < wayStream {
		late()
		x.ResponseContent().Text(strings.Join(pieces, ""))
		switch way {
		case wayTrailed:
			octets = x.AppendTrailed(octets, when)
		case wayReady:
			octets = x.AppendReady(octets, when, NewReady(x.Status(), x.ResponseFields(), x.ResponseContent().Collected()))
		default:
			octets = x.AppendResponse(octets, when)
		}
	} else {
		octets = x.AppendStreamHead(octets, when, int64(declared))
		late()
		var err error
		for _, p := range pieces {
			if octets, err = x.AppendStreamContent(octets, []byte(p)); err != nil {
				break
			}
		}
		if err == nil {
			octets, err = x.AppendStreamEnd(octets)
		}
		if mustFail := way == waySized && e.method != "HEAD" && !e.persists && e.says != "close"; mustFail && err != ErrContentLength ||
			err != nil && err != ErrContentLength {
			t.Fatalf("%v; want %+v", err, e)
		}
	}
	if x.ContentSent() != int64(len(e.content)) {
		t.Fatalf("sent %d; want %+v", x.ContentSent(), e)
	}
	return octets
}

// FuzzResponse checks that the standard library finds in what is sent what was
// written, with the same end of each response and of the connection.
func FuzzResponse(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		f.Add(randomOctets(r))
	}
	f.Fuzz(func(t *testing.T, program []byte) { readWithNetHTTP(t, &script{octets: program}) })
}

func randomOctets(r *rand.Rand) []byte {
	octets := make([]byte, 40+r.IntN(60))
	for i := range octets {
		octets[i] = byte(r.Uint32())
	}
	return octets
}

// TestResponsesInNetHTTP is FuzzResponse for a fixed choice of programs.
func TestResponsesInNetHTTP(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		readWithNetHTTP(t, &script{octets: randomOctets(r)})
	}
}

func readWithNetHTTP(t *testing.T, s *script) {
	t.Helper()
	octets, want := s.run(t)
	in := bufio.NewReader(bytes.NewReader(octets))
	for i, e := range want {
		res, err := http.ReadResponse(in, &http.Request{Method: e.method})
		for ; e.hints > 0 && err == nil; e.hints-- {
			if res.StatusCode != 103 || len(res.Header) != 1 || len(res.Header["Link"]) != 1 {
				t.Fatalf("interim response %+v in %q", res, octets)
			}
			res, err = http.ReadResponse(in, &http.Request{Method: e.method})
		}
		if err != nil {
			t.Fatalf("response %d: %v in %q", i, err, octets)
		}
		content, err := io.ReadAll(res.Body)
		if (err != nil) != e.broken || string(content) != e.content {
			t.Fatalf("response %d: content %q, %v; want %+v in %q", i, content, err, e, octets)
		}
		if dates := res.Header["Date"]; len(dates) != 1 || !e.ownDate && dates[0] != date {
			t.Fatalf("response %d: dates %q; want %+v", i, dates, e)
		}
		if !e.ownDate {
			res.Header.Del("Date")
		}
		framing := "close"
		switch length := res.Header.Get("Content-Length"); {
		case length != "" && len(res.TransferEncoding) > 0:
			framing = "both"
		case length != "":
			framing = "length " + length
		case len(res.TransferEncoding) > 0:
			framing = strings.Join(res.TransferEncoding, ", ")
		case e.framing == "none": // says nothing, as close does
			framing = "none"
		}
		if fields := theirFields(res.Header); res.StatusCode != e.status || framing != e.framing || fields != e.fields.strings() {
			t.Fatalf("response %d: %d, %s, fields\n%s\nwant %+v in %q", i, res.StatusCode, framing, fields, e, octets)
		}
		if trailers := theirFields(res.Trailer); trailers != e.trailers.strings() && !e.broken {
			t.Fatalf("response %d: trailers\n%s\nwant %+v in %q", i, trailers, e, octets)
		}
		says := strings.Join(res.Header["Connection"], ", ")
		if res.Close { // the standard library takes the field away
			says = "close"
		}
		if says != e.says {
			t.Fatalf("response %d says %q; want %+v in %q", i, says, e, octets)
		}
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Fatalf("left over: %q of %q", rest, octets)
	}
}

// pythonClient reads lines of JSON, each the octets of a connection and the
// methods of its requests, and writes what http.client finds in them. An interim
// response other than 100 is a response to it.
const pythonClient = `
import base64, http.client, io, json, sys

class Octets(io.BytesIO):
    def makefile(self, mode): return self
    def close(self): pass

for line in sys.stdin:
    connection = json.loads(line)
    octets = Octets(base64.b64decode(connection["Octets"]))
    found = []
    for method in connection["Methods"]:
        response, hints = None, 0
        while response is None or response.status == 103:
            hints += response is not None
            response = http.client.HTTPResponse(octets, method=method)
            response.begin()
        broken = False
        try:
            content = response.read()
        except http.client.IncompleteRead as e:
            content, broken = e.partial, True
        found.append({
            "Status": response.status, "Hints": hints, "Broken": broken,
            "Content": base64.b64encode(content).decode(),
            "Fields": response.getheaders(), "Closes": response.will_close,
        })
    print(json.dumps({"Found": found, "Rest": len(octets.read())}))
`

// TestResponsesInPython checks that http.client finds what was written, too. It
// gets ASCII, because it ends lines of a field section at U+0085 as well.
func TestResponsesInPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to read with")
	}
	r := rand.New(rand.NewPCG(5, 6))
	var in bytes.Buffer
	var all [][]expectation
	for range 1000 {
		s := &script{octets: randomOctets(r), plain: true}
		octets, want := s.run(t)
		connection := struct {
			Octets  []byte
			Methods []string
		}{Octets: octets}
		for _, e := range want {
			connection.Methods = append(connection.Methods, e.method)
		}
		if err = json.NewEncoder(&in).Encode(connection); err != nil {
			t.Fatal(err)
		}
		all = append(all, want)
	}
	cmd := exec.Command(python, "-c", pythonClient)
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	results := json.NewDecoder(bytes.NewReader(out))
	for _, want := range all {
		var got struct {
			Found []pythonFound
			Rest  int
		}
		if err := results.Decode(&got); err != nil || len(got.Found) != len(want) || got.Rest != 0 {
			t.Fatalf("%v, %+v; want %+v", err, got, want)
		}
		for i, e := range want {
			got.Found[i].compare(t, &e)
		}
	}
}

// A pythonFound is what http.client finds of one response.
type pythonFound struct {
	Status, Hints  int
	Broken, Closes bool
	Content        []byte
	Fields         [][2]string
}

func (f *pythonFound) compare(t *testing.T, e *expectation) {
	t.Helper()
	var lines []string
	var dates, framings []string
	for _, field := range f.Fields {
		switch name := http.CanonicalHeaderKey(field[0]); {
		case name == "Date" && !e.ownDate:
			dates = append(dates, field[1])
		case name == "Content-Length":
			framings = append(framings, "length "+field[1])
		case name == "Transfer-Encoding":
			framings = append(framings, field[1])
		default:
			lines = append(lines, fmt.Sprintf("%s: %q", name, field[1]))
		}
	}
	framing := strings.Join(framings, ", ")
	if framing == "" {
		framing = "close"
		if e.framing == "none" {
			framing = "none"
		}
	}
	if f.Status != e.status || f.Hints != e.hints || f.Broken != e.broken || string(f.Content) != e.content || framing != e.framing ||
		joined(lines) != e.fields.strings() || !e.ownDate && !slices.Equal(dates, []string{date}) {
		t.Fatalf("http.client finds %+v; want %+v", f, e)
	}
	// It takes the end of a response that declares no length for that of the
	// connection.
	if f.Closes != (e.says == "close") && e.framing != "none" {
		t.Fatalf("http.client closes: %t; want %+v", f.Closes, e)
	}
}
