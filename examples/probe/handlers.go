package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// Plaintext is the smallest answer there is.
func Plaintext(res sdk.Response) {
	res.ResponseFields().Set("Content-Type", "text/plain")
	res.ResponseContent().Text("Hello, World!")
}

// A Greeting is the answer of /json.
type Greeting struct {
	Message string `json:"message"`
}

// Greet answers with a value, which is encoded as JSON.
func Greet() Greeting { return Greeting{"Hello, World!"} }

// Echo sends the content of the request back while it arrives.
func Echo(in sdk.Body, res sdk.Response, out sdk.ResponseStream) error {
	res.ResponseFields().Set("Content-Type", "application/octet-stream")
	_, err := io.Copy(out.OpenResponse(), in)
	return err
}

// ListFields answers with the fields of the request, one a line.
func ListFields(req sdk.RequestHeaders, res sdk.Response) {
	res.ResponseFields().Set("Content-Type", "text/plain")
	content := res.ResponseContent()
	for i := range req.RequestFieldCount() {
		name, value := req.RequestFieldAt(i)
		content.View(name).Text(": ").View(value).Text("\n")
	}
}

// Views answers with borrowed values of the request, one a line.
func Views(name msg.View, tag sdk.Query[msg.View], accept sdk.Header[msg.View], session sdk.Cookie[msg.View], res sdk.Response) {
	res.ResponseFields().Set("Content-Type", "text/plain")
	for _, v := range [...]msg.View{name, tag.Value, accept.Value, session.Value} {
		res.ResponseContent().View(v).Text("\n")
	}
}

// A Filled is a form with a file.
type Filled struct {
	Name msg.View  `form:"name"`
	File *sdk.File `form:"file" max:"1048576"`
}

// Fill answers with what was filled in.
func Fill(in sdk.Form[Filled], res sdk.Response) {
	res.ResponseFields().Set("Content-Type", "text/plain")
	res.ResponseContent().View(in.Name)
	if in.File != nil {
		res.ResponseContent().Text(" ").View(in.File.Content)
	}
}

// NoContent answers 204.
func NoContent(res sdk.Response) { res.SetStatus(204) }

// NotModified answers 304.
func NotModified(res sdk.Response) { res.SetStatus(304) }

// maxLarge is the most that Large answers with, in octets.
const maxLarge = 64 << 20

// Large answers with size octets, the same each time.
func Large(size sdk.Query[int64], res sdk.Response, out sdk.ResponseStream) error {
	n := size.Or(1 << 20)
	if n < 0 || n > maxLarge {
		return sdk.NewError(400, fmt.Sprintf("size has to be from 0 to %d", maxLarge))
	}
	res.ResponseFields().Set("Content-Type", "application/octet-stream")
	_, err := io.CopyN(out.OpenResponseSized(n), new(alphabet), n)
	return err
}

// alphabet reads as a to z, again and again.
type alphabet struct{ next byte }

// Read implements io.Reader.
func (a *alphabet) Read(p []byte) (n int, err error) {
	for i := range p {
		p[i] = 'a' + a.next
		a.next = (a.next + 1) % 26
	}
	return len(p), nil
}

// Delay answers after ms milliseconds, or ends when the client goes.
func Delay(ctx context.Context, ms string, res sdk.Response) error {
	n, err := number(ms, 0, 10_000)
	if err != nil {
		return err
	}
	select {
	case <-time.After(time.Duration(n) * time.Millisecond):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	res.ResponseFields().Set("Content-Type", "text/plain")
	res.ResponseContent().Text("waited ").Int(int64(n)).Text(" ms\n")
	return nil
}

// Stream sends n lines, each at once.
func Stream(n string, res sdk.Response, out sdk.ResponseStream) error {
	lines, err := number(n, 1, 1000)
	if err != nil {
		return err
	}
	res.ResponseFields().Set("Content-Type", "text/plain")
	w := out.OpenResponse()
	for i := range lines {
		if _, err := fmt.Fprintf(w, "line %d\n", i+1); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// Panic panics.
func Panic() { panic("as it was told") }

// number reads a number from low to high; anything else is answered 400.
func number(text string, low, high int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, sdk.NewError(400, fmt.Sprintf("%q has to be a number from %d to %d", text, low, high))
	}
	return n, nil
}
