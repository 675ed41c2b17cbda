package h1

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestTranscripts replays the conversations of testdata. A file begins with a
// paragraph that says what it is about. Then
//
//	< octets that arrive, with Go's escapes; lines that follow each other arrive together
//	! what the engine found
//	> octets that the host sends, one line of the message each
//
// and -update rewrites all but the lines that arrive. The host is tiny, and
// answers by path:
//
//	/204, /304, …   a response of that status
//	/stream         the content in two pieces
//	/declared       the same with its length declared
//	/short          a piece less than declared
//	/ready          a ready-made response
//	/close          a response that says close
//	/upgrade        another protocol, "upper", when it is offered, and what comes of it
//	anything else   the method, the path and the content of the request
func TestTranscripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) < 2 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		if name := filepath.Base(path); name != "states.txt" {
			t.Run(name, func(t *testing.T) {
				script, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, name, replay(t, string(script)))
			})
		}
	}
}

// replay returns the script with what is found and sent in place of what stands
// there.
func replay(t *testing.T, script string) string {
	t.Helper()
	var h host
	var out, arrived strings.Builder
	for line := range strings.Lines(script + "\n\n") {
		octets, ok := strings.CutPrefix(line, "< ")
		switch {
		case ok:
			s, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.TrimSuffix(octets, "\n"), `"`, `\"`) + `"`)
			if err != nil {
				t.Fatalf("%v: %q", err, line)
			}
			arrived.WriteString(s)
			out.WriteString(line)
		case strings.HasPrefix(line, "!") || strings.HasPrefix(line, ">"):
		default:
			if arrived.Len() > 0 {
				out.WriteString(h.receive([]byte(arrived.String())))
				arrived.Reset()
			}
			out.WriteString(line)
		}
	}
	return strings.TrimSuffix(out.String(), "\n\n")
}

// A host is what answers in the transcripts.
type host struct {
	c    Conn
	x    Exchange
	in   []byte
	body []byte
	gone bool
	log  strings.Builder
}

// receive handles what arrived and returns what happened.
func (h *host) receive(octets []byte) string {
	h.log.Reset()
	h.in = append(h.in, octets...)
	for !h.gone {
		ev, n := h.c.Next(&h.x, h.in, &defaults)
		switch ev {
		case EventHead:
			h.found("head %s %s", h.x.MethodText(), h.x.RawPath())
			h.x.Pin()
			if h.x.ExpectsContinue() {
				h.send(h.x.AppendContinue(nil))
			}
		case EventContent:
			h.found("content %q", h.x.Content())
			h.body = append(h.body, h.x.Content()...)
		case EventEnd:
			h.found("end")
			h.answer()
		case EventRefused:
			h.found("refused: %s (%d, scope %s, author %s)", h.x.Refusal().Reason, h.x.Refusal().Status, h.x.Refusal().Scope, h.x.Refusal().Author)
			h.send(AppendRefusal(nil, []byte(date), h.x.Refusal()))
			h.close()
		case EventNone:
			if h.in = h.in[n:]; h.c.state == connUpgraded {
				h.found("octets of the other protocol: %q", h.in)
				h.in = nil
			}
			if h.c.Started() {
				h.found("waits for the rest of the head")
			}
			return h.log.String()
		}
		h.in = h.in[n:]
	}
	return h.log.String()
}

func (h *host) answer() {
	x, when := &h.x, []byte(date)
	path := x.RawPath().String()
	status, err := strconv.Atoi(strings.TrimPrefix(path, "/"))
	x.ResponseFields().Set("Content-Type", "text/plain")
	var out []byte
	switch {
	case err == nil:
		x.SetStatus(status)
		out = x.AppendResponse(nil, when)
	case path == "/stream":
		out = h.stream(-1)
	case path == "/declared":
		out = h.stream(8)
	case path == "/short":
		out = h.stream(9)
	case path == "/upgrade" && x.UpgradeOffered("upper"):
		h.send(x.AppendUpgrade(nil, "upper", false))
		h.c.Upgrade()
		h.found("upgraded")
		return
	case path == "/upgrade":
		x.RequireUpgrade("upper")
		x.SetStatus(426)
		out = x.AppendResponse(nil, when)
	case path == "/ready":
		out = x.AppendReady(nil, when, NewReady(404, nil, []byte("not here\n")))
	default:
		if path == "/close" {
			x.CloseAfter()
		}
		x.ResponseContent().View(x.MethodText()).Octet(' ').Text(path).Octet('\n').Octets(h.body)
		out = x.AppendResponse(nil, when)
	}
	h.send(out)
	if !h.c.Finish(x) {
		h.close()
	}
	x.Reset()
	h.body = nil
}

func (h *host) stream(declared int64) (out []byte) {
	out = h.x.AppendStreamHead(nil, []byte(date), declared)
	out, _ = h.x.AppendStreamContent(out, []byte("one,"))
	out, _ = h.x.AppendStreamContent(out, []byte("two\n"))
	out, err := h.x.AppendStreamEnd(out)
	if err != nil {
		h.found("error: %v", err)
	}
	return out
}

func (h *host) close() {
	h.found("close")
	h.gone = true
}

func (h *host) found(format string, args ...any) { fmt.Fprintf(&h.log, "! "+format+"\n", args...) }

func (h *host) send(octets []byte) {
	for line := range strings.Lines(string(octets)) {
		quoted := strconv.Quote(line)
		fmt.Fprintf(&h.log, "> %s\n", strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`))
	}
}
