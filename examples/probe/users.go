package main

import (
	"strconv"
	"sync/atomic"

	"github.com/windhover-go/windhover/sdk"
)

// A Counter counts requests. It is safe for concurrent use.
type Counter struct{ n atomic.Int64 }

// Count counts one request.
func (c *Counter) Count() { c.n.Add(1) }

// ids numbers the requests that bring no id of their own.
var ids atomic.Uint64

// Identify keeps the X-Request-Id of a request, or makes one, and sends it
// back.
func Identify(req sdk.RequestHeaders, res sdk.Response) {
	if id, ok := req.RequestField("X-Request-Id"); ok {
		res.ResponseFields().SetOctets("X-Request-Id", id.Octets())
		return
	}
	var id [20]byte
	res.ResponseFields().SetOctets("X-Request-Id", strconv.AppendUint(id[:0], ids.Add(1), 16))
}

// MarkProbe adds a field to the response.
func MarkProbe(res sdk.Response) { res.ResponseFields().Set("X-Probe", "1") }

// Authorize lets requests pass that have an Authorization field.
func Authorize(req sdk.RequestHeaders, res sdk.Response) error {
	if _, ok := req.RequestField("Authorization"); !ok {
		res.ResponseFields().Set("WWW-Authenticate", "Bearer")
		return sdk.ErrUnauthorized
	}
	return nil
}

// GetUser answers with the id of the path.
func GetUser(id int64, res sdk.Response) {
	res.ResponseFields().Set("Content-Type", "application/json")
	res.ResponseContent().Text(`{"id":`).Int(id).Text(`}`)
}
