package h1

import (
	"bufio"
	"bytes"
	"net/http"
	"testing"

	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/msg"
)

func TestEarlyHints(t *testing.T) {
	var hints msg.Fields
	hints.Add("Link", "</a.css>; rel=preload; as=style")
	hints.Add("Link", "</b.js>; rel=preload; as=script")
	x := begin(t, get)
	dst := x.AppendEarlyHints(nil, &hints)
	if want := "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\nLink: </b.js>; rel=preload; as=script\r\n\r\n"; string(dst) != want {
		t.Errorf("got %q", dst)
	}
	dst = x.AppendResponse(dst, []byte(date))
	in := bufio.NewReader(bytes.NewReader(dst))
	for _, want := range []int{103, 200} {
		res, err := http.ReadResponse(in, nil)
		if err != nil || res.StatusCode != want || len(res.Header["Link"]) != 2 == (want == 103) {
			t.Errorf("net/http reads %+v, %v; want %d", res, err, want)
		}
	}
	if got := begin(t, old).AppendEarlyHints(nil, &hints); len(got) != 0 {
		t.Errorf("HTTP/1.0 gets %q", got)
	}
	dst = make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { x.AppendEarlyHints(dst, &hints) }); n != 0 && !invariant.Enabled {
		t.Errorf("%v allocations; want 0", n)
	}
}
