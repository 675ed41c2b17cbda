package json_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/invariant"
	"github.com/windhover-go/windhover/sdk/json"
	"github.com/windhover-go/windhover/sdk/msg"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

type user struct {
	Name string
	Age  int
}

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		name, mediaType, content string
		status                   int // 0: decoded
		reason                   string
	}{
		{name: "object", mediaType: "application/json", content: `{"Name":"Kes","Age":3}`},
		{name: "parameters and case", mediaType: "Application/JSON; charset=utf-8", content: `{"Name":"Kes","Age":3}`},
		{name: "structured suffix", mediaType: "application/vnd.kes+json", content: `{"Name":"Kes","Age":3}`},
		{name: "white space around", mediaType: "application/json", content: " \n{\"Name\":\"Kes\",\"Age\":3}\n "},

		{name: "no media type", content: `{}`, status: 415, reason: "without a media type"},
		{name: "a form", mediaType: "application/x-www-form-urlencoded", content: `a=b`, status: 415, reason: `"application/x-www-form-urlencoded"`},
		{name: "a bare suffix", mediaType: "+json", content: `{}`, status: 415},
		{name: "empty", mediaType: "application/json", status: 400, reason: "ends too early"},
		{name: "cut short", mediaType: "application/json", content: `{"Name":`, status: 400, reason: "ends too early"},
		{name: "two values", mediaType: "application/json", content: `{} {}`, status: 400, reason: "more than one"},
		{name: "wrong type", mediaType: "application/json", content: `{"Age":"three"}`, status: 400, reason: "Age: a string does not fit"},
		{name: "not JSON", mediaType: "application/json", content: `<xml>`, status: 400, reason: "invalid character"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var fields []string
			if tt.mediaType != "" {
				fields = append(fields, "Content-Type: "+tt.mediaType)
			}
			var got user
			err := json.Decode(sdktest.Request("POST /", fields...), []byte(tt.content), &got)
			if tt.status == 0 {
				if want := (user{"Kes", 3}); err != nil || got != want {
					t.Fatalf("%+v, %v; want %+v", got, err, want)
				}
				return
			}
			var status *sdk.StatusError
			if !errors.As(err, &status) || status.Status != tt.status || !strings.Contains(status.Reason, tt.reason) {
				t.Fatalf("error %v; want status %d and %q", err, tt.status, tt.reason)
			}
		})
	}
}

func TestEncode(t *testing.T) {
	res := sdktest.Response()
	if err := json.Encode(res, user{"Kes", 3}); err != nil {
		t.Fatal(err)
	}
	if res.Field("Content-Type") != "application/json" || res.Text() != `{"Name":"Kes","Age":3}` {
		t.Errorf("%q %q", res.Field("Content-Type"), res.Text())
	}
}

func TestEncodeKeepsMediaType(t *testing.T) {
	res := sdktest.Response()
	res.ResponseFields().Set("Content-Type", "application/problem+json")
	if err := json.Encode(res, user{}); err != nil || res.Field("Content-Type") != "application/problem+json" {
		t.Errorf("%q, %v", res.Field("Content-Type"), err)
	}
}

// TestEncodeFails checks that a value that has no JSON writes nothing: the
// error is answered instead.
func TestEncodeFails(t *testing.T) {
	res := sdktest.Response()
	if err := json.Encode(res, math.NaN()); err == nil || sdk.StatusOf(err) != 500 || res.Text() != "" {
		t.Errorf("%v, %q", err, res.Text())
	}
}

// isJSON is the content of a request that says to be JSON.
type isJSON struct{ mediaType msg.View }

func (isJSON) ContentLength() int64    { return -1 }
func (x isJSON) ContentType() msg.View { return x.mediaType }

// TestAllocations bounds what a small object costs: 5 allocations of
// encoding/json to decode it, the text in it included, and 1 to encode it.
func TestAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("the race detector and the checks allocate; the plain build counts")
	}
	var req sdk.RequestBody = isJSON{msg.ViewOf([]byte("application/json"))}
	content := []byte(`{"Name":"Kes","Age":3}`)
	into := new(user)
	if n := testing.AllocsPerRun(100, func() {
		if err := json.Decode(req, content, into); err != nil {
			t.Fatal(err)
		}
	}); n > 5 {
		t.Errorf("Decode: %v allocations", n)
	}
	res := sdktest.Response()
	if n := testing.AllocsPerRun(100, func() {
		res.ResponseContent().Reset()
		if err := json.Encode(res, into); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("Encode: %v allocations", n)
	}
}
