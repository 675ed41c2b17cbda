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
	}
}
