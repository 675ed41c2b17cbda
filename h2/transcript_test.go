package h2

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"
)

var update = flag.Bool("update", false, "write what was found into testdata")

// TestTranscripts replays the conversations of testdata. A file begins with a
// paragraph that says what it is about. Then
//
//	< a frame that arrives, in words (see script.frame); lines that follow each other arrive together
//	$ what the host does (see script.act)
//	@ how much later it is
//	! what the engine found
//	> a frame that the host sends
//
// and -update rewrites the lines of the last two. The preface and empty SETTINGS
// arrive before, unless the first line is "< preface …". Each conversation is
// replayed twice: with the frames of a paragraph in one read, and octet by octet.
//
// The host is tiny, and answers by path:
//
//	/204, /304, …   a response of that status, at the end of the request
//	/hold           nothing, before "$ answer"
//	/ready          a ready-made response, at once
//	/large          60,000 octets
//	/stream         the content in two pieces, with a trailer section
//	/early          early hints, and a response
//	/upgrade        what comes of extended CONNECT with the protocol "upper"
//	anything else   the method, the path and the content of the request
func TestTranscripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) < 2 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		if filepath.Base(path) == "states.txt" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(string(b), "\n--- ")
			for i, part := range parts {
				title, _, _ := strings.Cut(part, "\n")
				t.Run(title, func(t *testing.T) {
					parts[i] = replay(t, part, 1<<30)
					for _, size := range []int{1, 7} {
						if cut := replay(t, part, size); cut != parts[i] {
							t.Errorf("%d octets at a time:\n%s", size, diff(parts[i], cut))
						}
					}
				})
			}
			golden(t, path, strings.Join(parts, "\n--- "))
		})
	}
}

// golden compares got with a file, or writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it):\n%s", path, diff(string(want), got))
	}
}

// diff shows where two texts begin to differ.
func diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %q\ngot  %q", i+1, w[i:min(i+4, len(w))], g[min(i, len(g)):min(i+4, len(g))])
		}
	}
	return "longer: " + strings.Join(g[len(w):], "\n")
}

// replay returns the script with what is found and sent in place of what stands
// there.
func replay(t *testing.T, text string, size int) string {
	t.Helper()
	s := newScript(t, size)
	var out strings.Builder
	for line := range strings.Lines(text + "\n\n") {
		trimmed := strings.TrimSuffix(line, "\n")
		words, arrives := strings.CutPrefix(trimmed, "< ")
		act, acts := strings.CutPrefix(trimmed, "$ ")
		wait, waits := strings.CutPrefix(trimmed, "@ ")
		option, options := strings.CutPrefix(trimmed, "# ")
		switch {
		case option == "secure":
			s.c.Secure = true
		case options:
			configure(t, &s.conf, option)
		case arrives:
			s.open(strings.HasPrefix(words, "preface") || strings.HasPrefix(words, "octets"))
			s.frame(words)
		case acts:
			s.open(false)
			s.act(act)
		case waits:
			s.open(false)
			s.receive()
			d, err := time.ParseDuration(wait)
			if err != nil {
				t.Fatal(err)
			}
			s.now += int64(d)
			if s.now >= s.c.Deadline() {
				if ev := s.c.Expire(s.now); ev != EventNone {
					s.found("%s: %s", ev, s.c.Refusal().Reason.Slug())
					s.gone = true
				}
			}
		case strings.HasPrefix(line, "!") || strings.HasPrefix(line, ">"):
			continue
		case trimmed == "" && s.begun:
			s.receive()
			out.WriteString(s.take())
		}
		out.WriteString(line)
	}
	return strings.TrimSuffix(out.String(), "\n\n")
}

func newScript(t *testing.T, size int) *script {
	t.Helper()
	s := &script{t: t, conf: defaults, client: &client{}, size: size, now: second, bodies: map[*Exchange][]byte{}}
	s.client.enc = hpack.NewEncoder(&s.client.buf)
	s.dec = hpack.NewDecoder(4096, nil)
	return s
}

// open opens the connection, if it is not. bare says that the client's preface
// is a part of the script.
func (s *script) open(bare bool) {
	if s.begun {
		return
	}
	s.begun = true
	s.c.Open(&s.conf, s.now)
	if bare {
		return
	}
	s.client.out = append(s.client.out, preface...)
	s.client.frame(frameSettings, 0, 0, nil).frame(frameSettings, flagAck, 0, nil)
	s.quiet = true
	s.receive()
	s.quiet = false
}

// configure sets a field of the configuration.
func configure(t *testing.T, conf *Config, option string) {
	t.Helper()
	for words := range strings.FieldsSeq(option) {
		name, value, _ := strings.Cut(words, "=")
		n, _ := strconv.Atoi(value)
		limits := *conf.Limits
		switch name {
		case "streams":
			conf.Streams = n
		case "connect":
			conf.Connect = true
		case "ping":
			conf.PingInterval = int64(n) * second
		case "body":
			limits.RequestBody = int64(n)
		case "section":
			limits.FieldSection = n
		case "fields":
			limits.Fields = n
		case "line":
			limits.RequestLine = n
		case "high":
			limits.ResponseBufferHigh = n
		case "table":
			conf.HeaderTable = uint32(n)
		case "stream-window":
			conf.StreamWindow = int64(n)
		case "connection-window":
			conf.ConnectionWindow = int64(n)
		case "frame":
			conf.FrameSize = n
		case "budget":
			conf.Budget = n
		default:
			t.Fatalf("no option %q", name)
		}
		conf.Limits = &limits
	}
}

// A script is the state of a replay.
type script struct {
	t      *testing.T
	conf   Config
	begun  bool
	c      Conn
	client *client
	dec    *hpack.Decoder
	spare  *Exchange
	now    int64
	size   int
	quiet  bool
	gone   bool
	out    []byte
	rest   []byte
	events []event
	bodies map[*Exchange][]byte
	ready  *Ready
}

// take returns the lines of what was found and sent since the last call.
func (s *script) take() string {
	var b strings.Builder
	for _, e := range s.events {
		switch {
		case e.stream == 0:
			fmt.Fprintf(&b, "! %s\n", e.text)
		case len(e.content) > 60:
			fmt.Fprintf(&b, "! content %d: %d octets\n", e.stream, len(e.content))
		default:
			fmt.Fprintf(&b, "! content %d: %s\n", e.stream, quote(e.content))
		}
	}
	b.WriteString(s.sent())
	s.events, s.out = nil, nil
	return b.String()
}

func (s *script) found(format string, args ...any) {
	s.events = append(s.events, event{text: fmt.Sprintf(format, args...)})
}

// An event is what the engine found. Runs of content are one, however they were
// cut.
type event struct {
	text    string
	stream  uint32 // of content
	content []byte
}

// content notes content.
func (s *script) content(x *Exchange) {
	n := len(s.events) - 1
	if n < 0 || s.events[n].stream != x.StreamID() {
		s.events = append(s.events, event{stream: x.StreamID()})
		n++
	}
	s.events[n].content = append(s.events[n].content, x.Content()...)
}

// receive hands what has arrived to the engine, in pieces.
func (s *script) receive() {
	in := s.client.take()
	for len(in) > 0 {
		n := min(s.size, len(in))
		s.rest = append(s.rest, in[:n]...)
		in = in[n:]
		s.next()
	}
	s.out = s.c.AppendOutput(s.out)
	s.progress()
	if s.quiet {
		s.events, s.out = nil, nil
	}
}

func (s *script) next() {
	for !s.gone {
		if s.spare == nil {
			s.spare = new(Exchange)
		}
		rest := bytes.Clone(s.rest) // what is borrowed from it is void at the next call
		ev, x, n := s.c.Next(s.spare, rest, s.now)
		s.rest = s.rest[n:]
		if s.spare.Taken() {
			s.spare = nil
		}
		switch ev {
		case EventHead:
			s.found("head %d: %s %s", x.StreamID(), x.MethodText(), target(x))
			x.KeepTrailers()
			s.begin(x)
		case EventContent:
			s.content(x)
			s.bodies[x] = append(s.bodies[x], x.Content()...)
			if !strings.HasPrefix(x.RawPath().String(), "/hold") {
				x.Consumed(len(x.Content()))
			}
		case EventEnd:
			s.found("end %d", x.StreamID())
			x.ShowTrailers()
			s.answer(x, x.RawPath().String())
		case EventReset:
			if x.Refusal() != nil {
				s.found("reset %d: %s", x.StreamID(), x.Refusal().Reason.Slug())
			} else {
				s.found("reset %d: by the peer, %s", x.StreamID(), x.ResetCode())
			}
			s.end(x)
		case EventRefused:
			s.found("refused %d: %s (%d)", x.StreamID(), x.Refusal().Reason.Slug(), x.Refusal().Status)
			s.out = x.AppendRefusal(s.out, []byte(date), x.Refusal())
			s.end(x)
		case EventRejected:
			s.found("rejected: %s (%s, scope %s, author %s)", s.c.Refusal().Reason.Slug(), s.c.Refusal().Code, s.c.Refusal().Scope, s.c.Refusal().Author)
			if x != nil && (x.Taken() || x.RequestFieldCount() > 0) {
				s.t.Fatal("a rejected exchange is not ready")
			}
		case EventFull:
			s.out = s.c.AppendOutput(s.out)
		case EventGone:
			s.found("gone: %s (%s, scope %s, author %s)", s.c.Refusal().Reason.Slug(), s.c.Refusal().Code, s.c.Refusal().Scope, s.c.Refusal().Author)
			s.gone = true
		case EventNone:
			return
		}
	}
}

func target(x *Exchange) string {
	s := x.RawPath().String()
	if x.RawQuery().Len() > 0 {
		s += "?" + x.RawQuery().String()
	}
	if x.Protocol().Len() > 0 {
		s += " " + x.Protocol().String()
	}
	if x.Authority().Len() > 0 {
		s += " of " + x.Authority().String()
	}
	return s
}

func quote(b []byte) string {
	q := strconv.Quote(string(b))
	return q[1 : len(q)-1]
}

// begin answers what is answered before the request is complete.
func (s *script) begin(x *Exchange) {
	switch path := x.RawPath().String(); path {
	case "/ready":
		if s.ready == nil {
			s.ready = NewReady(200, nil, []byte("ready\n"))
		}
		s.out = x.AppendReady(s.out, []byte(date), s.ready)
		s.end(x)
	case "/upgrade":
		if x.UpgradeOffered("upper") {
			s.out = x.AppendUpgrade(s.out, []byte(date))
			s.out, _ = x.AppendStreamContent(s.out, []byte("WELCOME"))
		}
	default:
		if x.ExpectsContinue() {
			s.out = x.AppendContinue(s.out)
		}
	}
}

func (s *script) end(x *Exchange) {
	if s.c.End(x) {
		delete(s.bodies, x)
		x.Reset()
	}
}

// progress does what Progress asks for.
func (s *script) progress() {
	for x := s.c.Progress(); x != nil; x = s.c.Progress() {
		if x.Ended() {
			s.found("free %d", x.StreamID())
			x.Reset()
		} else {
			s.found("room %d", x.StreamID())
		}
	}
}

func (s *script) answer(x *Exchange, path string) {
	status, err := strconv.Atoi(strings.TrimPrefix(path, "/"))
	x.ResponseFields().Set("Content-Type", "text/plain")
	switch {
	case strings.HasPrefix(path, "/hold"):
		return
	case err == nil:
		x.SetStatus(status)
		x.ResponseContent().Text("content\n")
		s.out = x.AppendResponse(s.out, []byte(date))
	case path == "/large":
		x.ResponseContent().Text(strings.Repeat("0123456789", 6000))
		s.out = x.AppendResponse(s.out, []byte(date))
	case path == "/stream":
		s.out = x.AppendStreamHead(s.out, []byte(date), -1)
		s.out, _ = x.AppendStreamContent(s.out, []byte("one,"))
		s.out, _ = x.AppendStreamContent(s.out, []byte("two\n"))
		x.ResponseTrailers().Set("Checksum", "1")
		s.out, _ = x.AppendStreamEnd(s.out)
	case path == "/early":
		hints := *x.ResponseFields()
		s.out = x.AppendEarlyHints(s.out, &hints)
		s.out = x.AppendResponse(s.out, []byte(date))
	case path == "/upgrade":
		s.out, _ = x.AppendStreamContent(s.out, bytes.ToUpper(s.bodies[x]))
		s.out, _ = x.AppendStreamEnd(s.out)
	default:
		x.ResponseContent().View(x.MethodText()).Octet(' ').Text(path).Octet('\n').Octets(s.bodies[x])
		for i := range x.RequestTrailerCount() {
			name, value := x.RequestTrailerAt(i)
			x.ResponseContent().View(name).Text(": ").View(value).Octet('\n')
		}
		s.out = x.AppendResponse(s.out, []byte(date))
	}
	s.end(x)
}

// act does what a host does:
//
//	answer 1          answers a request that was held
//	large 1           the same with much content
//	fields 1          shows the field section
//	consume 1 10      says that content was used up
//	abort 1 CODE      resets a stream
//	end 1             ends a function
//	piece 1 10        appends a piece of content; the head before it
//	finish 1          ends such a response
//	wait 1            waits for room
//	shutdown          announces the end
//	finished          asks whether it has come
//	output            asks for more output, the limit for which counts from here
func (s *script) act(line string) {
	s.receive()
	words := strings.Fields(line)
	number := func(i int) int {
		n, err := strconv.Atoi(words[i])
		if err != nil {
			s.t.Fatal(line, err)
		}
		return n
	}
	if words[0] == "shutdown" {
		s.c.Shutdown(s.now)
		return
	}
	if words[0] == "finished" {
		s.found("finished: %t", s.c.Finished())
		return
	}
	if words[0] == "output" {
		s.out = append(s.out, s.c.AppendOutput(nil)...)
		s.progress()
		return
	}
	x := s.c.streams.find(uint32(number(1)))
	if x == nil {
		s.t.Fatalf("no stream for %q", line)
	}
	switch words[0] {
	case "answer":
		s.answer(x, "")
	case "large":
		s.answer(x, "/large")
	case "fields":
		for i := range x.RequestFieldCount() {
			name, value := x.RequestFieldAt(i)
			s.found("%s: %s", name, value)
		}
	case "consume":
		x.Consumed(number(2))
	case "abort":
		x.Abort(codeOf(s.t, words[2]))
	case "end":
		s.end(x)
	case "piece":
		if !x.out.streaming {
			s.out = x.AppendStreamHead(s.out, []byte(date), -1)
		}
		s.out, _ = x.AppendStreamContent(s.out, bytes.Repeat([]byte{'x'}, number(2)))
		s.found("unsent %d: %d", x.StreamID(), x.Unsent())
	case "finish":
		s.out, _ = x.AppendStreamEnd(s.out)
		s.end(x)
	case "wait":
		x.WaitForRoom()
	default:
		s.t.Fatalf("no act %q", line)
	}
	s.out = s.c.AppendOutput(s.out)
	s.progress()
}

// Names of frames, flags and settings.
var (
	kinds    = []string{"DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION"}
	settings = map[string]uint16{"TABLE": 1, "PUSH": 2, "STREAMS": 3, "WINDOW": 4, "FRAME": 5, "SECTION": 6, "CONNECT": 8, "NO_PRIORITIES": 9}
)

func codeOf(t *testing.T, name string) ErrCode {
	t.Helper()
	for code, n := range codeNames {
		if n == name {
			return ErrCode(code)
		}
	}
	t.Fatalf("no code %q", name)
	return 0
}

// frame makes a frame arrive that is described so:
//
//	preface
//	GET 1 /path [| name: value …]    POST 1 /path [| name: value …]
//	octets "…"
//	SETTINGS [ACK] [NAME=value …] [on=stream]
//	HEADERS 1 [END] [MORE] [pad=n] [dep=stream] | name: value | …
//	CONTINUATION 1 [MORE] | name: value | …
//	DATA 1 [END] [pad=n] text
//	PRIORITY 1 dep=stream    RST_STREAM 1 CODE    WINDOW_UPDATE 1 n
//	PING [ACK] octets        GOAWAY last CODE     PRIORITY_UPDATE 1 value
//	frame type flags stream "octets"    or, in the place of those, n*a or "octets"+n*a
func (s *script) frame(line string) {
	c := s.client
	kind, rest, _ := strings.Cut(line, " ")
	unquoted := func(q string) []byte {
		if begin, more, found := strings.Cut(q, `"+`); found {
			first, err := strconv.Unquote(begin + `"`)
			n, p, _ := strings.Cut(more, "*")
			count, _ := strconv.Atoi(n)
			if err != nil {
				s.t.Fatal(err)
			}
			return append([]byte(first), strings.Repeat(p, count)...)
		}
		if n, p, found := strings.Cut(q, "*"); found && q[0] != '"' {
			count, _ := strconv.Atoi(n)
			return []byte(strings.Repeat(p, count))
		}
		u, err := strconv.Unquote(q)
		if err != nil {
			s.t.Fatalf("%v: %s", err, q)
		}
		return []byte(u)
	}
	switch kind {
	case "preface":
		c.out = append(c.out, preface...)
		return
	case "GET", "POST":
		stream, target, _ := strings.Cut(rest, " ")
		path, more, _ := strings.Cut(target, " ")
		end := " END"
		if kind == "POST" {
			end = ""
		}
		s.frame("HEADERS " + stream + end + " | :method: " + kind + " | :scheme: http | :path: " + path + " | :authority: a" + strings.TrimSuffix(" "+more, " "))
		return
	case "octets":
		c.out = append(c.out, unquoted(rest)...)
		return
	case "frame":
		words := strings.SplitN(rest, " ", 4)
		n := make([]uint64, 3)
		for i := range n {
			n[i], _ = strconv.ParseUint(words[i], 0, 32)
		}
		c.frame(frameType(n[0]), uint8(n[1]), uint32(n[2]), unquoted(words[3]))
		return
	}
	rest, section, hasSection := strings.Cut(rest, "| ")
	if kind == "HEADERS" || kind == "CONTINUATION" {
		hasSection = true
	}
	var flags uint8
	if hasSection {
		flags = flagEndHeaders
	}
	stream, hasStream := 0, false
	var body []byte
	pad := -1
	text := rest
	for word := range strings.FieldsSeq(rest) {
		name, value, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(word)
		number, _ := strconv.Atoi(value)
		id, isSetting := settings[name]
		switch {
		case err == nil && !hasStream && kind != "PING" && kind != "SETTINGS":
			stream, hasStream = n, true
		case word == "END":
			flags |= flagEndStream
		case word == "ACK":
			flags |= flagAck
		case word == "MORE":
			flags &^= flagEndHeaders
		case name == "pad":
			pad = number
			flags |= flagPadded
		case name == "dep" && kind != "PRIORITY":
			flags |= flagPriority
			body = append(binary.BigEndian.AppendUint32(nil, uint32(number)), 15)
		case name == "dep":
			body = append(binary.BigEndian.AppendUint32(nil, uint32(number)), 15)
		case name == "on":
			stream = number
		case isSetting && kind == "SETTINGS":
			body = appendSetting(body, id, uint32(number))
		case err == nil && kind == "WINDOW_UPDATE":
			body = binary.BigEndian.AppendUint32(body, uint32(n))
		case kind == "RST_STREAM" || kind == "GOAWAY":
			if kind == "GOAWAY" {
				body = binary.BigEndian.AppendUint32(nil, uint32(stream))
				stream = 0
			}
			body = binary.BigEndian.AppendUint32(body, uint32(codeOf(s.t, word)))
		default:
			body = append(body, text[strings.Index(text, word):]...)
		}
		if len(body) > 0 && (kind == "DATA" || kind == "PING" || kind == "PRIORITY_UPDATE") {
			break
		}
	}
	if hasSection && section != "" {
		var fields []string
		for line := range strings.SplitSeq(section, " | ") {
			name, value, _ := strings.Cut(line, ": ")
			if value == "…" {
				value = strings.Repeat("x", 200)
			}
			if u, err := strconv.Unquote(value); err == nil {
				value = u
			}
			fields = append(fields, name, value)
		}
		body = append(body, c.block(fields...)...)
	}
	if pad >= 0 {
		body = append(append([]byte{byte(pad)}, body...), make([]byte, pad)...)
	}
	k := framePriorityUpdate
	for i, name := range kinds {
		if name == kind {
			k = frameType(i)
		}
	}
	if kind == "PRIORITY_UPDATE" {
		body = append(binary.BigEndian.AppendUint32(nil, uint32(stream)), body...)
		stream = 0
	} else if k == framePriorityUpdate {
		s.t.Fatalf("no frame %q", kind)
	}
	c.frame(k, flags, uint32(stream), body)
}

// sent describes the frames that were sent.
func (s *script) sent() string {
	var b strings.Builder
	for out := s.out; len(out) > 0; {
		f := parseFrame(out)
		p := out[frameHeader : frameHeader+f.length]
		out = out[frameHeader+f.length:]
		fmt.Fprintf(&b, "> %s", kinds[f.kind])
		if f.stream > 0 {
			fmt.Fprintf(&b, " %d", f.stream)
		}
		switch f.kind {
		case frameData:
			if f.has(flagEndStream) {
				b.WriteString(" END")
			}
			if len(p) > 60 {
				fmt.Fprintf(&b, " (%d octets)", len(p))
			} else {
				fmt.Fprintf(&b, " %s", quote(p))
			}
		case frameHeaders:
			if f.has(flagEndStream) {
				b.WriteString(" END")
			}
			fields, err := s.dec.DecodeFull(p)
			if err != nil {
				s.t.Fatal(err)
			}
			for _, field := range fields {
				if field.Name != "date" {
					fmt.Fprintf(&b, " | %s: %s", field.Name, field.Value)
				}
			}
		case frameReset:
			fmt.Fprintf(&b, " %s", ErrCode(binary.BigEndian.Uint32(p)))
		case frameSettings:
			if f.has(flagAck) {
				b.WriteString(" ACK")
			}
			for ; len(p) > 0; p = p[6:] {
				for name, id := range settings {
					if id == binary.BigEndian.Uint16(p) {
						fmt.Fprintf(&b, " %s=%d", name, binary.BigEndian.Uint32(p[2:]))
					}
				}
			}
		case framePing:
			if f.has(flagAck) {
				b.WriteString(" ACK")
			}
			fmt.Fprintf(&b, " %s", quote(p))
		case frameGoAway:
			fmt.Fprintf(&b, " %d %s %s", binary.BigEndian.Uint32(p), ErrCode(binary.BigEndian.Uint32(p[4:])), p[8:])
		case frameWindowUpdate:
			fmt.Fprintf(&b, " %d", binary.BigEndian.Uint32(p))
		case framePriority, framePushPromise, frameContinuation, framePriorityUpdate:
			s.t.Fatal("sent", f)
		}
		b.WriteString("\n")
	}
	return b.String()
}
