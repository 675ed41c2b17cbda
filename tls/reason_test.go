package tls_test

import (
	stdtls "crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/tls"
)

func TestReasons(t *testing.T) {
	slugs := map[string]bool{}
	for r := range tls.Reason(tls.Reasons) {
		slug := r.Slug()
		if slugs[slug] || (slug == "") != (r == tls.ReasonNone) || strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("reason %d: slug %q", r, slug)
		}
		slugs[slug] = true
		if r.String() == "" {
			t.Errorf("reason %d has no text", r)
		}
	}
	if r := tls.Reason(tls.Reasons); r.Slug() != "" || r.String() != tls.ReasonNone.String() {
		t.Error("beyond the last reason")
	}
}

func TestFailureText(t *testing.T) {
	for want, f := range map[string]*tls.FailureError{
		"tls: the handshake took too long":                                          {Reason: tls.ReasonTimeout},
		"tls: the peer sent an alert (alert 42, bad certificate)":                   {Reason: tls.ReasonPeer, Alert: 42},
		"tls: no version in common (alert 70, protocol version not supported): EOF": {Reason: tls.ReasonVersion, Alert: 70, Err: io.EOF},
		"tls: the configuration failed: panic: x":                                   {Reason: tls.ReasonInternal, Err: &tls.PanicError{Value: "x"}},
		"tls: the configuration failed: panic":                                      {Reason: tls.ReasonInternal, Err: &tls.PanicError{Value: 1}},
		"tls: the configuration failed: no certificate for the server name":         {Reason: tls.ReasonInternal, Err: tls.ErrServerName},
	} {
		if f.Error() != want {
			t.Errorf("%q, not %q", f.Error(), want)
		}
		if f.Err != nil && !errors.Is(f, f.Err) {
			t.Errorf("%v does not unwrap", f)
		}
	}
	if tls.AuthorPeer.String() != "peer" || tls.AuthorUs.String() != "us" {
		t.Error("the words of the authors")
	}
	if got := tls.Alert(40).String(); got != strings.TrimPrefix(stdtls.AlertError(40).Error(), "tls: ") {
		t.Error(got)
	}
}

func TestRecognise(t *testing.T) {
	for in, want := range map[string]tls.Kind{
		"":                                  tls.KindMore,
		"\x16":                              tls.KindMore,
		"\x16\x03":                          tls.KindTLS,
		"\x17\x03\x03":                      tls.KindTLS,
		"\x16\x02":                          tls.KindOther,
		"\x18\x03":                          tls.KindOther,
		"\x80":                              tls.KindMore,
		"\x80\x2e":                          tls.KindMore,
		"\x80\x2e\x01":                      tls.KindSSL2,
		"\x80\x2e\x02":                      tls.KindOther,
		"G":                                 tls.KindMore,
		"GET":                               tls.KindMore,
		"GET ":                              tls.KindHTTP1,
		"get ":                              tls.KindOther,
		" ":                                 tls.KindOther,
		"-":                                 tls.KindOther,
		"BASELINE-CONTROL ":                 tls.KindHTTP1,
		"UPDATEREDIRECTREF":                 tls.KindMore,
		"UPDATEREDIRECTREF /":               tls.KindHTTP1,
		"UPDATEREDIRECTREFS":                tls.KindOther,
		"PRI":                               tls.KindMore,
		"PRI * HTTP/2.0\r\n\r\nSM":          tls.KindMore,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nx": tls.KindHTTP2,
		"PRI * HTTP/1.1\r\n":                tls.KindHTTP1,
		"\n":                                tls.KindOther,
	} {
		if got := tls.Recognise([]byte(in)); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
	for k := tls.KindMore; k <= tls.KindOther; k++ {
		if k.String() == "" {
			t.Errorf("kind %d has no text", k)
		}
	}
}
