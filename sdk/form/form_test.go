package form_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/form"
	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

const urlEncoded = "application/x-www-form-urlencoded"

func parse(mediaType, content string) (form.Fields, error) {
	return form.Parse(sdktest.Request("POST /", "Content-Type: "+mediaType), []byte(content))
}

// part is multipart content with the boundary b and one part.
func part(head, content string) string {
	return "--b\r\n" + head + "\r\n\r\n" + content + "\r\n--b--\r\n"
}

func TestRefusals(t *testing.T) {
	const named = `Content-Disposition: form-data; name="a"`
	for name, tt := range map[string]struct {
		mediaType, content string
		status             int // 0: read
	}{
		"empty":                       {urlEncoded, "", 0},
		"case and parameters":         {"Application/X-WWW-form-urlencoded ; charset=utf-8", "a=1", 0},
		"empty pairs":                 {urlEncoded, "&&a=1&", 0},
		"malformed escape of a name":  {urlEncoded, "%=1", 400},
		"malformed escape of a value": {urlEncoded, "a=%g0", 400},
		"fields at the limit":         {urlEncoded, strings.Repeat("a&", form.MaxFields), 0},
		"fields over the limit":       {urlEncoded, strings.Repeat("a&", form.MaxFields+1), 413},
		"no media type":               {"", "a=1", 415},
		"another media type":          {"text/plain", "a=1", 415},

		"one part":                    {"multipart/form-data; boundary=b", part(named, "1"), 0},
		"quoted boundary":             {`multipart/form-data; charset=utf-8; Boundary="b"`, part(named, "1"), 0},
		"preamble and epilogue":       {"multipart/form-data; boundary=b", "say\r\n" + part(named, "1") + "more", 0},
		"no part":                     {"multipart/form-data; boundary=b", "--b--", 0},
		"white space behind":          {"multipart/form-data; boundary=b", "--b \t\r\n" + named + "\r\n\r\n1\r\n--b-- ", 0},
		"no boundary":                 {"multipart/form-data", part(named, "1"), 400},
		"empty boundary":              {`multipart/form-data; boundary=""`, part(named, "1"), 400},
		"unclosed boundary":           {`multipart/form-data; boundary="b`, part(named, "1"), 400},
		"boundary too long":           {"multipart/form-data; boundary=" + strings.Repeat("b", 71), "", 400},
		"another boundary":            {"multipart/form-data; boundary=c", part(named, "1"), 400},
		"nothing":                     {"multipart/form-data; boundary=b", "", 400},
		"cut in the head":             {"multipart/form-data; boundary=b", "--b\r\nContent-", 400},
		"cut in the value":            {"multipart/form-data; boundary=b", "--b\r\n" + named + "\r\n\r\n1\r\n--b", 400},
		"bare LF":                     {"multipart/form-data; boundary=b", strings.ReplaceAll(part(named, "1"), "\r\n", "\n"), 400},
		"no name":                     {"multipart/form-data; boundary=b", part("Content-Disposition: form-data", "1"), 400},
		"no disposition":              {"multipart/form-data; boundary=b", part("Content-Type: text/plain", "1"), 400},
		"two dispositions":            {"multipart/form-data; boundary=b", part(named+"\r\n"+named, "1"), 400},
		"an attachment":               {"multipart/form-data; boundary=b", part(`Content-Disposition: attachment; name="a"`, "1"), 400},
		"a folded line":               {"multipart/form-data; boundary=b", part(named+"\r\n b: c", "1"), 400},
		"base64":                      {"multipart/form-data; boundary=b", part(named+"\r\nContent-Transfer-Encoding: base64", "1"), 400},
		"binary":                      {"multipart/form-data; boundary=b", part(named+"\r\nContent-Transfer-Encoding: binary", "1"), 0},
		"head of a part at the limit": {"multipart/form-data; boundary=b", part(named+"\r\nX: "+strings.Repeat("x", form.MaxPartHead-len(named)-len("\r\nX: \r\n\r\n")), "1"), 0},
		"head over the limit":         {"multipart/form-data; boundary=b", part(named+"\r\nX: "+strings.Repeat("x", form.MaxPartHead), "1"), 413},
		"parts over the limit":        {"multipart/form-data; boundary=b", strings.Repeat("--b\r\n"+named+"\r\n\r\n1\r\n", form.MaxFields+1) + "--b--", 413},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(tt.mediaType, tt.content)
			if tt.status == 0 && err != nil || tt.status != 0 && (err == nil || sdk.StatusOf(err) != tt.status) {
				t.Errorf("%v; want %d", err, tt.status)
			}
		})
	}
}

func TestValues(t *testing.T) {
	fields, err := parse(urlEncoded, "a=1&b+c=x%26y&a=2&bad=z&view=v")
	if err != nil {
		t.Fatal(err)
	}
	n, err := form.ValueOf(fields, "a", "int", sdk.ParseInt[int])
	if err != nil || !n.OK || n.Value != 1 {
		t.Errorf("a is %v, %v; want 1", n, err)
	}
	all, err := form.ValuesOf(fields, "a", "int", sdk.ParseInt[int])
	if err != nil || !slices.Equal(all, []int{1, 2}) {
		t.Errorf("a is %v, %v; want 1, 2", all, err)
	}
	if s, err := form.ValueOf(fields, "b c", "string", sdk.ParseString[string]); err != nil || s.Or("") != "x&y" {
		t.Errorf("b c is %q, %v", s.Value, err)
	}
	if s, err := form.ValueOf(fields, "none", "string", sdk.ParseString[string]); err != nil || s.Or("else") != "else" {
		t.Errorf("none is %q, %v", s.Value, err)
	}
	if _, err := form.ValueOf(fields, "bad", "int", sdk.ParseInt[int]); err == nil || sdk.StatusOf(err) != 400 {
		t.Errorf("bad: %v", err)
	}
	if _, err := form.ValuesOf(fields, "bad", "int", sdk.ParseInt[int]); err == nil || sdk.StatusOf(err) != 400 {
		t.Errorf("bad: %v", err)
	}
	if _, err := form.FileOf(fields, "a", 0); err == nil || sdk.StatusOf(err) != 400 {
		t.Errorf("a as a file: %v", err)
	}
	if invariant.Enabled {
		return
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = form.ValueOf(fields, "view", "view", sdk.ParseView) }); n != 0 {
		t.Errorf("a view: %v allocations; want 0", n)
	}
}

func TestFiles(t *testing.T) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, content := range map[string]string{`C:\pictures\a "1".png`: "\x89PNG\r\n--" + w.Boundary() + "x", "": ""} {
		p, err := w.CreateFormFile("photo", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(p, content)
	}
	_ = w.WriteField("text", "not a file")
	_ = w.Close()
	fields, err := parse(w.FormDataContentType(), b.String())
	if err != nil {
		t.Fatal(err)
	}
	f, err := form.FileOf(fields, "photo", 100)
	if err != nil || !f.OK || f.Value.Name != `a "1".png` || f.Value.Type != "application/octet-stream" || !f.Value.Content.Equal("\x89PNG\r\n--"+w.Boundary()+"x") {
		t.Errorf("photo is %+v, %v", f, err)
	}
	if all, err := form.FilesOf(fields, "photo", 0); err != nil || len(all) != 1 {
		t.Errorf("photos are %v, %v; want one, for the other was not chosen", all, err)
	}
	if _, err := form.FileOf(fields, "photo", 3); err == nil || sdk.StatusOf(err) != 413 {
		t.Errorf("a file over its limit: %v", err)
	}
	if _, err := form.ValueOf(fields, "photo", "string", sdk.ParseString[string]); err == nil || sdk.StatusOf(err) != 400 {
		t.Errorf("a file as a value: %v", err)
	}
	if _, err := form.FilesOf(fields, "text", 0); err == nil || sdk.StatusOf(err) != 400 {
		t.Errorf("a value as a file: %v", err)
	}
}

// FuzzURLEncoded compares with net/url where both accept.
func FuzzURLEncoded(f *testing.F) {
	for _, seed := range []string{"", "a=1&a=2", "a+b=%41&c", "a=%", "=1&&", "a;b=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		fields, err := parse(urlEncoded, content)
		want, otherErr := url.ParseQuery(content)
		if err != nil || otherErr != nil {
			return
		}
		for name, values := range want {
			got, err := form.ValuesOf(fields, name, "string", sdk.ParseString[string])
			if err != nil || !slices.Equal(got, values) {
				t.Fatalf("%q: %q is %q, %v; net/url reads %q", content, name, got, err, values)
			}
		}
	})
}

// FuzzMultipart compares with mime/multipart where both accept.
func FuzzMultipart(f *testing.F) {
	for _, seed := range []string{
		part(`Content-Disposition: form-data; name="a"`, "1"),
		part(`Content-Disposition: form-data; name=a; filename="C:\dir\f.txt"`+"\r\nContent-Type: text/plain", "1\r\n--bb\r\n2"),
		"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--",
		"x\r\n--b\t\r\nContent-Disposition: form-data; name=\"\\\"\"\r\n\r\n\r\n--b--\r\ny",
		"--b--", "--b\r\n\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		fields, err := parse("multipart/form-data; boundary=b", content)
		theirs, otherErr := readAll(multipart.NewReader(strings.NewReader(content), "b"))
		if err != nil || otherErr != nil {
			return
		}
		for name, values := range theirs {
			var got []string
			for _, v := range fields.All() {
				if v.Name == name {
					got = append(got, v.Value)
				}
			}
			if !slices.Equal(got, values) {
				t.Fatalf("%q: %q is %q; mime/multipart reads %q", content, name, got, values)
			}
		}
	})
}

var errOther = errors.New("not a form")

// readAll reads the parts as this package does: what it refuses is an error.
func readAll(r *multipart.Reader) (map[string][]string, error) {
	all := make(map[string][]string)
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
		name, ok := params["name"]
		if err != nil || kind != "form-data" || !ok {
			return nil, fmt.Errorf("%w: %w", errOther, err)
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return nil, err
		}
		all[name] = append(all[name], string(content))
	}
}
