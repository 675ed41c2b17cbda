package compress

import (
	"bytes"

	"github.com/windhover-go/windhover/sdk/msg"
)

// gains reports whether the content that the fields describe may be encoded and
// becomes shorter by it.
func gains(fields *msg.Fields) bool {
	for i := range fields.Count() {
		name, value := fields.At(i)
		switch {
		case name.EqualFold("Content-Encoding"), name.EqualFold("Content-Range"),
			name.EqualFold("Content-Digest"), name.EqualFold("Repr-Digest"), name.EqualFold("Digest"), name.EqualFold("Content-MD5"):
			return false
		case name.EqualFold("Cache-Control") && lists(value, "no-transform"):
			return false
		}
	}
	mediaType, ok := fields.Value("Content-Type")
	return ok && compressible(mediaType)
}

// compressible reports whether a media type is one of text, or of other data
// that is not compressed already.
func compressible(mediaType msg.View) bool {
	name, _, _ := bytes.Cut(mediaType.Octets(), []byte(";"))
	name = bytes.Trim(name, " \t")
	var memory [64]byte
	if len(name) > len(memory) {
		return false
	}
	lower := memory[:len(name)]
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	switch {
	case bytes.HasPrefix(lower, []byte("text/")), bytes.HasSuffix(lower, []byte("+json")),
		bytes.HasSuffix(lower, []byte("+xml")), bytes.HasSuffix(lower, []byte("+yaml")):
		return true
	}
	switch string(lower) {
	case "application/json", "application/json-seq", "application/jsonl", "application/x-ndjson",
		"application/xml", "application/xml-dtd", "application/javascript", "application/ecmascript",
		"application/yaml", "application/toml", "application/sql", "application/rtf", "application/graphql",
		"application/wasm", "application/geo+json-seq", "application/x-www-form-urlencoded",
		"font/ttf", "font/otf", "font/collection", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon":
		return true
	}
	return false
}

// lists reports whether a list of tokens has one, compared without case.
func lists(value msg.View, token string) bool {
	for list := value.Octets(); len(list) > 0; {
		var one []byte
		one, list, _ = msg.ListElement(list)
		if msg.ViewOf(one).EqualFold(token) {
			return true
		}
	}
	return false
}

// addVary adds Accept-Encoding to Vary, unless that says so already.
func addVary(fields *msg.Fields) {
	for i := range fields.Count() {
		name, value := fields.At(i)
		if name.EqualFold("Vary") && (lists(value, "*") || lists(value, "Accept-Encoding")) {
			return
		}
	}
	fields.Add("Vary", "Accept-Encoding")
}

// encodes says in the fields that the content is encoded.
func encodes(fields *msg.Fields, coding string) {
	fields.Set("Content-Encoding", coding)
	fields.Delete("Accept-Ranges") // of the content as it was
	weaken(fields)
}

// weaken makes a strong ETag weak.
func weaken(fields *msg.Fields) {
	tag, ok := fields.Value("ETag")
	if !ok || tag.Len() == 0 || tag.At(0) != '"' {
		return
	}
	var memory [96]byte // more is rare, and allocated
	fields.SetOctets("ETag", tag.Append(append(memory[:0], "W/"...)))
}
