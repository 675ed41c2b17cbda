package gen

import (
	"strconv"
	"strings"
)

// literal returns text as a Go literal of a kind, or "" when it is none.
func literal(text, kind string) string {
	bits := map[string]int{"int8": 8, "int16": 16, "int32": 32, "uint8": 8, "uint16": 16, "uint32": 32, "float32": 32}[kind]
	if bits == 0 {
		bits = 64
	}
	var err error
	switch {
	case kind == "string":
		return strconv.Quote(text)
	case kind == "bool":
		if text != "true" && text != "false" {
			return ""
		}
	case strings.HasPrefix(kind, "int"):
		_, err = strconv.ParseInt(text, 10, bits)
	case strings.HasPrefix(kind, "uint"):
		_, err = strconv.ParseUint(text, 10, bits)
	case strings.HasPrefix(kind, "float"):
		_, err = strconv.ParseFloat(text, bits)
	default:
		return "" // a text has no literal
	}
	if err != nil || strings.HasPrefix(text, "+") {
		return ""
	}
	return text
}
