package gen

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"mime"
	"slices"
	"strings"
)

// refusalStatuses returns the status codes that the server refuses requests
// with by itself. A test compares them with those of the engine.
func refusalStatuses() []int64 { return []int64{400, 408, 413, 414, 417, 421, 431, 501, 505} }

const textPlain = "text/plain; charset=utf-8"

// known reads an expression that stands for a response which is known now, and
// reports whether it does.
func (r *reader) known(e ast.Expr) (res *response, is bool) {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return nil, false
	}
	if r.app.isDecl(call.Fun, "OpenAPI") {
		return &response{status: 200, mediaType: "application/json", document: true, pos: call.Pos()}, true
	}
	for _, form := range []struct{ name, mediaType string }{{"Text", textPlain}, {"JSON", "application/json"}, {"Content", ""}} {
		if r.app.isDecl(call.Fun, form.name) {
			return r.response(call, form.mediaType), true
		}
	}
	return nil, false
}

// response reads a call of decl.Text, JSON or Content, which has the media type
// among its arguments.
func (r *reader) response(call *ast.CallExpr, mediaType string) *response {
	a := r.app
	last := len(call.Args) - 1
	res := &response{status: r.number(call.Args[0]), mediaType: mediaType, pos: call.Args[0].Pos()}
	text, ok := r.constant(call.Args[last], "this text")
	res.text = text
	if last == 2 {
		if res.mediaType, _ = r.constant(call.Args[1], "this media type"); res.mediaType != "" {
			r.checkMediaType(call.Args[1].Pos(), res.mediaType)
		}
	}
	if res.status < 200 || res.status > 599 {
		a.report(res.pos, "bad-status", fmt.Sprintf("%d is not a status code of a response", res.status), nil, "use a number from 200 to 599")
	}
	if a.isDecl(call.Fun, "JSON") && ok {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			a.report(call.Args[last].Pos(), "bad-json", "this text is not JSON: "+err.Error(), nil, "write one JSON value, or use decl.Text")
		}
	}
	return res
}

// checkMediaType reports a media type that cannot be sent.
func (r *reader) checkMediaType(pos token.Pos, text string) {
	if name, _, err := mime.ParseMediaType(text); err != nil || !strings.Contains(name, "/") || !printable(text) {
		r.app.report(pos, "bad-media-type", fmt.Sprintf("%q is not a media type", text), nil, `write a type and a subtype, such as "text/html; charset=utf-8"`)
	}
}

// printable reports whether a text is of visible ASCII and spaces.
func printable(text string) bool {
	return !slices.ContainsFunc([]byte(text), func(c byte) bool { return c < ' ' || c > '~' })
}

// constant returns a constant text.
func (r *reader) constant(e ast.Expr, what string) (text string, ok bool) {
	v := r.app.info.Types[e].Value
	if v == nil {
		r.notConstant(e, what)
		return "", false
	}
	return constant.StringVal(v), true
}

// refusal reads an argument of Refusals.
func (r *reader) refusal(e ast.Expr) {
	a := r.app
	res, ok := r.known(e)
	if !ok {
		a.report(e.Pos(), "response-not-known", "this response is not known when the declaration is read", nil, "write decl.Text(…), decl.JSON(…) or decl.Content(…) here")
		return
	}
	if res.status < 200 || res.status > 599 {
		return // reported already
	}
	if !slices.Contains(refusalStatuses(), res.status) {
		list := strings.Trim(fmt.Sprint(refusalStatuses()), "[]")
		a.report(res.pos, "refusal-status", fmt.Sprintf("the server refuses no request with %d", res.status),
			[]string{"it refuses with " + strings.ReplaceAll(list, " ", ", ")}, "use one of these; other errors, 404 and 405 among them, are for s.Errors")
		return
	}
	for _, old := range r.decl.refusals {
		if old.status == res.status {
			a.report(res.pos, "duplicate-refusal", fmt.Sprintf("a second response to requests that are refused with %d", res.status),
				[]string{"the first is at " + a.at(old.pos)}, "remove one")
			return
		}
	}
	r.decl.refusals = append(r.decl.refusals, res)
}
