package sdktest

import (
	"slices"
	"testing"
)

// TestMade checks a request with each of its parts.
func TestMade(t *testing.T) {
	m := Request("POST /a?b=c", "D: e", "", "content", "", "F:  g ", "f: h")
	if v, ok := m.RequestField("d"); !ok || !v.Equal("e") || m.RequestFieldCount() != 1 {
		t.Errorf("field %q", v)
	}
	if v, ok := m.RequestTrailer("f"); !ok || !v.Equal("g") || m.RequestTrailerCount() != 2 {
		t.Errorf("trailer %q", v)
	}
	if name, value := m.RequestTrailerAt(1); !name.Equal("f") || !value.Equal("h") {
		t.Errorf("trailer %s: %s", name, value)
	}
	const want = "POST /a?b=c HTTP/1.1\r\nHost: test\r\nD: e\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\nF: g\r\nf: h\r\n\r\n"
	if got := string(m.wire()); got != want || m.ContentLength() != -1 {
		t.Errorf("sent as %q", got)
	}
	for content, want := range map[string]string{"": "\r\n\r\n", "x": "\r\nContent-Length: 1\r\n\r\nx"} {
		m := Request("GET /", "", content)
		if got := string(m.wire()); got != "GET / HTTP/1.1\r\nHost: test"+want || m.ContentLength() != int64(len(content)) {
			t.Errorf("%q: sent as %q", content, got)
		}
	}
}

// TestRecorder checks what a function of an app can write beside the content.
func TestRecorder(t *testing.T) {
	r := Response()
	r.ResponseTrailers().Add("Sum", "6")
	r.AddEarlyHint("</a>")
	if len(r.Hints()) != 0 {
		t.Error("a hint is sent before it is")
	}
	if err := r.SendEarlyHints(); err != nil {
		t.Error(err)
	}
	r.AddEarlyHint("a\nb")
	if r.SendEarlyHints() == nil {
		t.Error("a line end is sent")
	}
	if err := r.SendEarlyHints(); err != nil || !slices.Equal(r.Hints(), []string{"</a>"}) || r.Trailer("sum") != "6" || r.Field("Link") != "" {
		t.Error(err, r.Hints(), r.Trailer("sum"))
	}
}
