package sdk_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

func TestStatusOf(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{sdk.ErrNotFound, 404},
		{fmt.Errorf("user 7: %w", sdk.ErrNotFound), 404},
		{sdk.NewError(418, "short and stout"), 418},
		{errors.New("the database is gone"), 500},
		{sdk.NewError(200, "not an error status"), 500},
		{sdk.NewError(1000, "not a status"), 500},
	} {
		if got := sdk.StatusOf(tt.err); got != tt.want {
			t.Errorf("%v is answered %d; want %d", tt.err, got, tt.want)
		}
	}
}

// TestWriteError checks what an error sends, and that the text of one without
// a status stays in the server.
func TestWriteError(t *testing.T) {
	for _, tt := range []struct {
		err     error
		status  int
		content string
	}{
		{sdk.ErrUnauthorized, 401, "Unauthorized\n"},
		{sdk.NewError(400, "size has to be a number"), 400, "size has to be a number\n"},
		{&sdk.StatusError{Status: 503, Err: errors.New("secret")}, 503, "Service Unavailable\n"},
		{errors.New("secret"), 500, "Internal Server Error\n"},
	} {
		res := sdktest.Response()
		res.ResponseFields().Set("X-Request-Id", "7")
		res.ResponseFields().Set("ETag", `"old"`)
		res.ResponseFields().Set("Content-Type", "image/png")
		res.ResponseContent().Text("half a picture")
		sdk.WriteError(res, tt.err)
		if res.Status() != tt.status || res.Text() != tt.content || res.Field("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%v: %d %q %q", tt.err, res.Status(), res.Field("Content-Type"), res.Text())
		}
		if res.Field("X-Request-Id") != "7" || res.Field("ETag") != "" {
			t.Errorf("%v: fields of middleware go, or those of the old content stay", tt.err)
		}
		for status, want := range map[int]string{416: "bytes */7", 404: ""} {
			res.ResponseFields().Set("Content-Range", "bytes */7")
			if sdk.WriteError(res, sdk.NewError(status, "")); res.Field("Content-Range") != want {
				t.Errorf("%d: Content-Range: %q; want %q", status, res.Field("Content-Range"), want)
			}
		}
	}
}

// unfit is an app that cannot run.
type unfit struct{ errs []error }

func (u unfit) Install(s *sdk.Setup) {
	for _, err := range u.errs {
		s.Require(err)
	}
}

// TestRequire checks that an app that cannot run is not served, and says why.
func TestRequire(t *testing.T) {
	a, b := errors.New("no directory"), errors.New("no file")
	app := unfit{[]error{nil, a, b}}
	if _, err := sdk.New(app, sdk.Config{}); !errors.Is(err, a) || !errors.Is(err, b) {
		t.Errorf("New returns %v", err)
	}
	if got := sdktest.Do(app, "GET /"); !errors.Is(got.Err, a) {
		t.Errorf("Do returns %v", got.Err)
	}
	if err := new(sdk.Setup).Err(); err != nil {
		t.Error(err)
	}
}
