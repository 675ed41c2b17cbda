package sdk

import (
	"bytes"
	"encoding"
	"fmt"
	"strconv"
	"strings"

	"github.com/windhover-go/windhover/sdk/msg"
)

// This file is what generated code reads texts of a request with.

// ParseInt parses a whole number: digits, with "-" in front of a negative one.
// ok is false for anything else, and for a number that T does not hold.
func ParseInt[T ~int | ~int8 | ~int16 | ~int32 | ~int64](text []byte) (value T, ok bool) {
	digits := text
	if len(text) > 0 && text[0] == '-' {
		digits = text[1:]
	}
	n, ok := parseDigits(digits)
	switch {
	case !ok || n > 1<<63 || n == 1<<63 && len(digits) == len(text):
		return 0, false
	case len(digits) < len(text):
		n = -n
	}
	value = T(n)
	return value, int64(value) == int64(n)
}

// ParseUint parses a whole number that is not negative: digits alone. ok is
// false for anything else, and for a number that T does not hold.
func ParseUint[T ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](text []byte) (value T, ok bool) {
	n, ok := parseDigits(text)
	value = T(n)
	return value, ok && uint64(value) == n
}

// parseDigits parses at least one digit, and digits alone.
func parseDigits(text []byte) (n uint64, ok bool) {
	if len(text) == 0 || len(text) > len("18446744073709551615") {
		return 0, false
	}
	for _, c := range text {
		d := uint64(c - '0')
		if d > 9 || n > (1<<64-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}

// ParseFloat parses a decimal number, with a fraction and an exponent if there
// are. Infinity, not a number, hexadecimal and "_" are refused.
func ParseFloat[T ~float32 | ~float64](text []byte) (value T, ok bool) {
	for _, c := range text {
		if c-'0' > 9 && c != '-' && c != '.' && c != 'e' && c != 'E' && c != '+' {
			return 0, false
		}
	}
	if len(text) == 0 || text[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(text), 64)
	value = T(n)
	return value, err == nil && float64(value)-float64(value) == 0 // not an infinity of T
}

// ParseBool parses true and false.
func ParseBool[T ~bool](text []byte) (value T, ok bool) {
	switch string(text) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// ParseString returns a copy.
func ParseString[T ~string](text []byte) (value T, ok bool) { return T(text), true }

// ParseView returns text itself, borrowed as it is.
func ParseView(text []byte) (value msg.View, ok bool) { return msg.ViewOf(text), true }

// ParseText parses with UnmarshalText.
func ParseText[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](text []byte) (value T, ok bool) {
	err := P(&value).UnmarshalText(bytes.Clone(text))
	return value, err == nil
}

// SegmentEnd returns where the segment of a path ends that begins at at: at
// the next slash or at the end of the path.
func SegmentEnd(path []byte, at int) int {
	for at < len(path) && path[at] != '/' {
		at++
	}
	return at
}

// IsHost reports whether an authority is that of host, which is in lower case.
// The case and the port of the authority do not count (RFC 9110 section
// 4.2.3).
func IsHost(authority []byte, host string) bool {
	if len(authority) < len(host) || len(authority) > len(host) && authority[len(host)] != ':' {
		return false
	}
	for i := range len(host) {
		c := authority[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != host[i] {
			return false
		}
	}
	return true
}

// AppendOtherSlash appends path to dst without the slash at its end, or with
// one where there is none. dst may be the beginning of path.
func AppendOtherSlash(dst, path []byte) []byte {
	dst = append(dst, path...)
	if n := len(dst); n > 1 && dst[n-1] == '/' {
		return dst[:n-1]
	}
	return append(dst, '/')
}

// OtherSlash returns the target of a request whose path has no slash at its end
// where that of x has one, or the other way round, with the query of x: a
// relative reference for Location.
func OtherSlash(x Request) string {
	path := AppendOtherSlash(nil, x.RawPath().Octets())
	if len(path) > 1 && (path[1] == '/' || path[1] == '\\') {
		path = append([]byte("/."), path...) // what follows would be taken for a host
	}
	if query := x.RawQuery().Octets(); len(query) > 0 {
		path = append(append(path, '?'), query...)
	}
	return string(path)
}

// EscapeSegment returns text as one segment of a path (RFC 3986 section 3.3).
// A text that is empty, "." or ".." cannot be one: it is returned as it is, and is
// no path that a wildcard matches, or that a client sends.
func EscapeSegment(text string) string { return escape(text, "") }

// EscapeRest returns text as the end of a path, with its slashes between
// segments.
func EscapeRest(text string) string { return escape(text, "/") }

// escape returns text with every octet escaped that is not a pchar or in keep.
func escape(text, keep string) string {
	const digits = "0123456789ABCDEF"
	var out []byte
	for i := range len(text) {
		c := text[i]
		plain := c-'0' < 10 || (c|0x20)-'a' < 26 || strings.IndexByte("-._~!$&'()*+,;=:@", c) >= 0 || strings.IndexByte(keep, c) >= 0
		switch {
		case plain && out != nil:
			out = append(out, c)
		case !plain:
			if out == nil {
				out = append(make([]byte, 0, len(text)+8), text[:i]...)
			}
			out = append(out, '%', digits[c>>4], digits[c&15])
		}
	}
	if out == nil {
		return text
	}
	return string(out)
}

// Unescape returns a copy of a part of a path without percent-encoding. What
// is not an escape stays as it is; NormalPath has refused it before.
func Unescape(text []byte) string {
	if bytes.IndexByte(text, '%') < 0 {
		return string(text)
	}
	out, _ := unescape(make([]byte, 0, len(text)), text, "", false)
	return string(out)
}

// UnescapeView is Unescape without a copy where there is no escape: borrowed
// like text.
func UnescapeView(text []byte) msg.View {
	if bytes.IndexByte(text, '%') >= 0 {
		text, _ = unescape(make([]byte, 0, len(text)), text, "", false)
	}
	return msg.ViewOf(text)
}

// NormalPath appends path to dst with the escapes decoded, except those of "/"
// and "%": then its slashes separate segments as those of path do, and equal
// segments are equal octets. ok is false when an escape is malformed.
func NormalPath(dst, path []byte) (normal []byte, ok bool) { return unescape(dst, path, "/%", false) }

// unescape appends text with its escapes decoded, except those of the octets
// in keep.
func unescape(dst, text []byte, keep string, form bool) (out []byte, ok bool) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '+' && form:
			dst = append(dst, ' ')
		case c != '%':
			dst = append(dst, c)
		case i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2]):
			return dst, false
		default:
			c = hexValue(text[i+1])<<4 | hexValue(text[i+2])
			if strings.IndexByte(keep, c) >= 0 {
				const digits = "0123456789ABCDEF"
				dst = append(dst, '%', digits[c>>4], digits[c&15])
			} else {
				dst = append(dst, c)
			}
			i += 2
		}
	}
	return dst, true
}

// UnescapeForm returns text decoded as in the query and in forms: "+" is a space.
// It is text itself when nothing had to be decoded. ok is false when an escape is
// malformed.
func UnescapeForm(text []byte) (out []byte, ok bool) {
	if bytes.IndexByte(text, '%') < 0 && bytes.IndexByte(text, '+') < 0 {
		return text, true
	}
	return unescape(make([]byte, 0, len(text)), text, "", true)
}

func isHex(c byte) bool { return c-'0' < 10 || (c|0x20)-'a' < 6 }

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}

// QueryOf reads the first value of key in the query of a request, in the
// coding of HTML forms: "+" is a space. kind is what parse expects, for the
// error, which is answered 400.
func QueryOf[T any](x Request, key, kind string, parse func([]byte) (T, bool)) (q Query[T], err error) {
	text, _, found, ok := lookUp(x.RawQuery().Octets(), key)
	if !ok {
		return q, badEscape(key)
	}
	if !found {
		return q, nil
	}
	if q.Value, q.OK = parse(text); !q.OK {
		return q, BadValue("query "+key, text, kind)
	}
	return q, nil
}

// QueriesOf reads every value of key as QueryOf does, in the order they were
// sent. There are none when key is absent, and no more than the request line
// (Limits.RequestLine) has room for.
func QueriesOf[T any](x Request, key, kind string, parse func([]byte) (T, bool)) (values []T, err error) {
	for query := x.RawQuery().Octets(); ; {
		text, rest, found, ok := lookUp(query, key)
		if !ok {
			return nil, badEscape(key)
		}
		if !found {
			return values, nil
		}
		value, ok := parse(text)
		if !ok {
			return nil, BadValue("query "+key, text, kind)
		}
		values, query = append(values, value), rest
	}
}

func badEscape(key string) error {
	return NewError(400, fmt.Sprintf("the query has a malformed escape near %q", key))
}

// HeaderOf reads the field called name of a request. kind is what parse
// expects, for the error, which is answered 400.
func HeaderOf[T any](x RequestHeaders, name, kind string, parse func([]byte) (T, bool)) (h Header[T], err error) {
	text, found := x.RequestField(name)
	if !found {
		return h, nil
	}
	if h.Value, h.OK = parse(text.Octets()); !h.OK {
		return h, BadValue("field "+name, text.Octets(), kind)
	}
	return h, nil
}

// CookieOf reads the first cookie called name of a request. kind is what parse
// expects, for the error, which is answered 400.
func CookieOf[T any](x RequestHeaders, name, kind string, parse func([]byte) (T, bool)) (c Cookie[T], err error) {
	for i := range x.RequestFieldCount() {
		field, value := x.RequestFieldAt(i)
		if !field.EqualFold("Cookie") {
			continue
		}
		text, found := cookie(value.Octets(), name)
		if !found {
			continue
		}
		if isCookieValue(text) {
			c.Value, c.OK = parse(text)
		}
		if !c.OK {
			return c, BadValue("cookie "+name, text, kind)
		}
		return c, nil
	}
	return c, nil
}

// cookie finds a cookie in a cookie-string (RFC 6265 section 4.2.1). Pairs are
// separated by ";" and white space that may be missing.
func cookie(text []byte, name string) (value []byte, found bool) {
	for len(text) > 0 {
		pair, rest, _ := bytes.Cut(text, []byte{';'})
		pair = bytes.Trim(pair, " \t")
		if len(pair) > len(name) && pair[len(name)] == '=' && string(pair[:len(name)]) == name {
			return pair[len(name)+1:], true
		}
		text = rest
	}
	return nil, false
}

// isCookieValue reports whether text is a cookie-value (RFC 6265 section 4.1.1).
func isCookieValue(text []byte) bool {
	if n := len(text); n >= 2 && text[0] == '"' && text[n-1] == '"' {
		text = text[1 : n-1]
	}
	for _, c := range text {
		if c <= ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\' {
			return false
		}
	}
	return true
}

// Missing is the error, answered 400, for a value that has to be there. where
// is "query", "field", "cookie" or "form field".
func Missing(where, name string) error {
	return NewError(400, "the "+where+" "+name+" is missing")
}

// BadValue is the error, answered 400, for text that is not of the type kind: the
// name of one of Go's basic types, which the text of the error translates, "view",
// or the name of another.
// what is what was read, such as "query page".
func BadValue(what string, text []byte, kind string) error {
	const most = 80
	if len(text) > most {
		text = append(text[:most:most], "…"...)
	}
	return NewError(400, fmt.Sprintf("the %s is %q, which is %s", what, text, unlike(kind)))
}

// unlike says what a text is that does not parse as the type kind. Clients know
// nothing of Go's types.
func unlike(kind string) string {
	switch kind {
	case "string", "view":
		return "malformed"
	case "bool":
		return "neither true nor false"
	case "int8":
		return "no whole number from -128 to 127"
	case "int16":
		return "no whole number from -32768 to 32767"
	case "int32":
		return "no whole number from -2147483648 to 2147483647"
	case "int", "int64":
		return "no whole number, or too large"
	case "uint8":
		return "no whole number from 0 to 255"
	case "uint16":
		return "no whole number from 0 to 65535"
	case "uint32":
		return "no whole number from 0 to 4294967295"
	case "uint", "uint64":
		return "no whole number of 0 or more, or too large"
	case "float32", "float64":
		return "no number, or too large"
	}
	return "not of the type " + kind
}

// lookUp finds key in a query, and returns its decoded value and what follows.
// The value is query's own memory when nothing had to be decoded.
func lookUp(query []byte, key string) (value, rest []byte, found, ok bool) {
	for len(query) > 0 {
		pair := query
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			pair, query = query[:i], query[i+1:]
		} else {
			query = nil
		}
		name, value, _ := bytes.Cut(pair, []byte{'='})
		if name, _ = UnescapeForm(name); string(name) != key {
			continue
		}
		value, ok := UnescapeForm(value)
		return value, query, true, ok
	}
	return nil, nil, false, true
}

// Methods is a set of request methods.
type Methods uint16

// With returns the set with methods in it.
func (s Methods) With(methods ...msg.Method) Methods {
	for _, m := range methods {
		s |= 1 << m
	}
	return s
}

// Allow returns the set as the value of an Allow field (RFC 9110 section
// 10.2.1), in alphabetical order.
func (s Methods) Allow() string {
	var b strings.Builder
	b.Grow(len("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"))
	for _, m := range [...]msg.Method{
		msg.MethodDelete, msg.MethodGet, msg.MethodHead, msg.MethodOptions, msg.MethodPatch, msg.MethodPost, msg.MethodPut,
	} {
		if s&(1<<m) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(m.String())
	}
	return b.String()
}
