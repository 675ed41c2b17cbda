package gen

import (
	"strconv"
	"strings"
)

// literal returns text as a Go literal of a kind, or "" when it is none: when
// the parsers of package sdk refuse it.
func literal(text, kind string) string {
	bits := map[string]int{"int8": 8, "int16": 16, "int32": 32, "uint8": 8, "uint16": 16, "uint32": 32, "float32": 32}[kind]
	if bits == 0 {
		bits = 64
	}
	if kind != "string" && strings.HasPrefix(text, "+") {
		return ""
	}
	var err error
	var out string
	switch {
	case kind == "string":
		return strconv.Quote(text)
	case kind == "bool":
		if text != "true" && text != "false" {
			return ""
		}
		return text
	case strings.HasPrefix(kind, "int"):
		var n int64
		n, err = strconv.ParseInt(text, 10, bits)
		out = strconv.FormatInt(n, 10) // "010" is 10, and would be 8 in Go
	case strings.HasPrefix(kind, "uint"):
		var n uint64
		n, err = strconv.ParseUint(text, 10, bits)
		out = strconv.FormatUint(n, 10)
	case strings.HasPrefix(kind, "float"):
		if strings.Trim(text, "0123456789-+.eE") != "" {
			return "" // an infinity, or hexadecimal
		}
		var n float64
		n, err = strconv.ParseFloat(text, bits)
		out = strconv.FormatFloat(n, 'g', -1, bits)
	default:
		return "" // a text has no literal
	}
	if err != nil {
		return ""
	}
	return out
}
