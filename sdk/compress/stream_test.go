package compress_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	kzstd "github.com/klauspost/compress/zstd"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/compress"
	"github.com/windhover-go/windhover/sdk/compress/gzipcoder"
	"github.com/windhover-go/windhover/sdk/compress/zstdcoder"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// stream returns the response to a request, which a function streamed.
func stream(s *compress.Stage, accept string, function func(x exchange, res sdk.ResponseStream) error) (x exchange, err error) {
	x = exchange{sdktest.Request("GET /", "Accept-Encoding: "+accept), sdktest.Response()}
	x.ResponseFields().Set("Content-Type", "text/event-stream")
	out := s.Stream(x)
	defer out.Release()
	return x, out.End(function(x, out))
}

// TestStream streams content in each coding, and decodes it.
func TestStream(t *testing.T) {
	s := compress.New(0, zstdcoder.Coding(), gzipcoder.Coding())
	write := func(parts ...string) func(x exchange, res sdk.ResponseStream) error {
		return func(_ exchange, res sdk.ResponseStream) error {
			out := res.OpenResponse()
			for _, part := range parts {
				if n, err := io.WriteString(out, part); n != len(part) || err != nil {
					t.Error(n, err)
				}
			}
			return nil
		}
	}
	for _, accept := range []string{"gzip", "zstd", "br"} {
		coding := strings.TrimPrefix(accept, "br")
		for name, c := range map[string]struct {
			function func(x exchange, res sdk.ResponseStream) error
			coding   string
			want     string
		}{
			"short":   {write("a"), coding, "a"},
			"long":    {write(text, strings.Repeat(text, 100), "", text), coding, strings.Repeat(text, 102)},
			"nothing": {write(), "", ""},
			"only a flush": {func(_ exchange, res sdk.ResponseStream) error {
				return res.OpenResponse().Flush()
			}, coding, ""},
			"content before": {func(x exchange, res sdk.ResponseStream) error {
				x.ResponseContent().Text("before ")
				_, err := io.WriteString(res.OpenResponse(), text)
				return err
			}, coding, "before " + text},
			"content before alone": {func(x exchange, res sdk.ResponseStream) error {
				x.ResponseContent().Text(text)
				res.OpenResponse()
				return nil
			}, "", text},
			"opened twice": {func(x exchange, res sdk.ResponseStream) error {
				_, _ = io.WriteString(res.OpenResponse(), "a")
				_, err := io.WriteString(res.OpenResponse(), "b")
				return err
			}, coding, "ab"},
			"sized": {func(_ exchange, res sdk.ResponseStream) error {
				_, err := io.WriteString(res.OpenResponseSized(int64(len(text))), text)
				return err
			}, "", text},
			"an image": {func(x exchange, res sdk.ResponseStream) error {
				out := res.OpenResponse()
				x.ResponseFields().Set("Content-Type", "image/png") // not too late
				_, err := io.WriteString(out, text)
				return err
			}, "", text},
			"a part": {func(x exchange, res sdk.ResponseStream) error {
				x.SetStatus(206)
				_, err := io.WriteString(res.OpenResponse(), text)
				return err
			}, "", text},
			"not opened": {func(x exchange, _ sdk.ResponseStream) error {
				x.ResponseFields().Set("Content-Type", "text/plain")
				x.ResponseContent().Text(text)
				return nil
			}, coding, text},
		} {
			x, err := stream(s, accept, c.function)
			if got := decoded(t, x); err != nil || got != c.want || x.Field("Content-Encoding") != c.coding {
				t.Errorf("%s, %s: %q %.100q, %v", accept, name, x.Field("Content-Encoding"), got, err)
			}
			if c.coding != "" && (x.Field("Vary") == "" || len(c.want) > len(text) && len(x.Text()) > len(c.want)/5) {
				t.Errorf("%s, %s: %q, %d octets", accept, name, x.Field("Vary"), len(x.Text()))
			}
		}
	}
}

// TestStreamFlush: what was flushed can be decoded.
func TestStreamFlush(t *testing.T) {
	s := compress.New(0, zstdcoder.Coding(), gzipcoder.Coding())
	for accept, open := range map[string]func(r io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return kzstd.NewReader(r, kzstd.WithDecoderConcurrency(1)) },
	} {
		_, err := stream(s, accept, func(x exchange, res sdk.ResponseStream) error {
			out := res.OpenResponse()
			for i := range 3 {
				_, _ = io.WriteString(out, "event ")
				if err := out.Flush(); err != nil {
					return err
				}
				r, err := open(bytes.NewReader([]byte(x.Text())))
				if err != nil {
					return err
				}
				want := strings.Repeat("event ", i+1)
				got := make([]byte, len(want))
				if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
					t.Errorf("%s: %q, %v", accept, got, err)
				}
			}
			if x.Flushes() != 3 {
				t.Errorf("%s: %d flushes", accept, x.Flushes())
			}
			return nil
		})
		if err != nil {
			t.Error(accept, err)
		}
	}
}

// TestStreamFails: an error is answered without the coding, and encoders come
// back after errors and panics.
func TestStreamFails(t *testing.T) {
	made := 0
	coding := gzipcoder.Coding()
	newStream := coding.NewStream
	coding.NewStream = func() compress.StreamEncoder { made++; return newStream() }
	s := compress.New(0, coding)
	failed := errors.New("on purpose")
	for range compress.MaxEncoders + 1 {
		x, err := stream(s, "gzip", func(_ exchange, res sdk.ResponseStream) error {
			_, _ = io.WriteString(res.OpenResponse(), text)
			return failed
		})
		if err != failed || x.Field("Content-Encoding") != "" {
			t.Fatal(err, x.Field("Content-Encoding"))
		}
		func() {
			defer func() { _ = recover() }()
			_, _ = stream(s, "gzip", func(_ exchange, res sdk.ResponseStream) error {
				_, _ = io.WriteString(res.OpenResponse(), text)
				panic(failed)
			})
		}()
	}
	if made != 1 {
		t.Errorf("%d encoders were made", made)
	}
}

// TestMaxStreams: when all encoders are in use, a stream is sent as it is.
func TestMaxStreams(t *testing.T) {
	s := compress.New(0, gzipcoder.Coding())
	var nest func(depth int)
	nest = func(depth int) {
		x, err := stream(s, "gzip", func(_ exchange, res sdk.ResponseStream) error {
			_, err := io.WriteString(res.OpenResponse(), text)
			if depth < compress.MaxEncoders {
				nest(depth + 1)
			}
			return err
		})
		if err != nil || decoded(t, x) != text || (x.Field("Content-Encoding") == "") != (depth == compress.MaxEncoders) {
			t.Errorf("stream %d: %q, %v", depth, x.Field("Content-Encoding"), err)
		}
	}
	nest(0)
	nest(0)
}
