package form

import (
	"bytes"
	"fmt"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/msg"
)

// parseMultipart reads multipart/form-data (RFC 7578, and RFC 2046 section 5.1
// for the format):
//
//	--boundary CRLF            a delimiter line; all but the first have CRLF in front
//	Content-Disposition: form-data; name="a" CRLF
//	CRLF
//	value
//	CRLF --boundary-- CRLF     the last one
//
// What stands before the first delimiter line and behind the last has no
// meaning. mime/multipart reads the same from a stream and would bring package
// net and files of its own; this content is in memory already.
func parseMultipart(content, boundary []byte) (f Fields, err error) {
	delimiter := append([]byte("\r\n--"), boundary...)
	_, rest, last, found := cutDelimiter(content, delimiter)
	for found && !last {
		var one field
		if one, rest, err = partHead(rest); err != nil {
			return f, err
		}
		one.value, rest, last, found = cutDelimiter(rest, delimiter)
		if !found {
			break
		}
		if err = f.add(one); err != nil {
			return f, err
		}
	}
	if !found {
		return f, malformed("it ends before its last boundary")
	}
	return f, nil
}

// cutDelimiter returns what stands before the next delimiter line, and what
// behind it. last says that it was the close-delimiter. At the beginning of text
// its CRLF has been read: with an empty line, or as that of nothing.
func cutDelimiter(text, delimiter []byte) (before, after []byte, last, found bool) {
	if dashed, ok := bytes.CutPrefix(text, delimiter[2:]); ok {
		if after, last, found = delimiterEnd(dashed); found {
			return text[:0:0], after, last, true
		}
	}
	for at := 0; ; {
		i := bytes.Index(text[at:], delimiter)
		if i < 0 {
			return nil, nil, false, false
		}
		at += i
		if after, last, found = delimiterEnd(text[at+len(delimiter):]); found {
			return text[:at:at], after, last, true
		}
		at += len(delimiter) // content that begins like a delimiter
	}
}

// delimiterEnd reads the end of a delimiter line: "--" if it is the last one,
// white space, and CRLF, which the last one may lack.
func delimiterEnd(text []byte) (after []byte, last, ok bool) {
	text, last = bytes.CutPrefix(text, []byte("--"))
	text = bytes.TrimLeft(text, " \t")
	if last && len(text) == 0 {
		return nil, true, true
	}
	after, ok = bytes.CutPrefix(text, []byte("\r\n"))
	return after, last, ok
}

// partHead reads the header section of a part.
func partHead(text []byte) (one field, rest []byte, err error) {
	head := text[:min(len(text), MaxPartHead)]
	for {
		line, after, ok := bytes.Cut(head, []byte("\r\n"))
		if !ok {
			if len(text) > MaxPartHead {
				return one, nil, sdk.NewError(413, fmt.Sprintf("a part of the form has a head of more than %d octets", MaxPartHead))
			}
			return one, nil, malformed("it ends in the head of a part")
		}
		text, head = text[len(line)+2:], after
		if len(line) == 0 {
			break
		}
		if err := one.header(line); err != nil {
			return one, nil, err
		}
	}
	if one.name == nil {
		return one, nil, malformed("a part has no name")
	}
	return one, text, nil
}

// header reads one field line of a part.
func (one *field) header(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte{':'})
	if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t") {
		return malformed("the head of a part is not one")
	}
	value = bytes.Trim(value, " \t")
	switch n := msg.ViewOf(name); {
	case n.EqualFold("Content-Disposition"):
		kind, parameters, _ := bytes.Cut(value, []byte{';'})
		if one.name != nil || !msg.ViewOf(bytes.Trim(kind, " \t")).EqualFold("form-data") {
			return malformed("a part is not form-data")
		}
		if one.name, ok = parameter(parameters, "name"); !ok {
			return malformed("a part has no name")
		}
		one.fileName, _ = parameter(parameters, "filename")
	case n.EqualFold("Content-Type"):
		one.mediaType = value
	case n.EqualFold("Content-Transfer-Encoding"):
		if v := msg.ViewOf(value); !v.EqualFold("binary") && !v.EqualFold("8bit") && !v.EqualFold("7bit") {
			return malformed("a part has a Content-Transfer-Encoding, which forms do not use") // RFC 7578 section 4.7
		}
	}
	return nil
}

// parameter returns the first parameter with that name of what follows ";" in a
// Content-Type or Content-Disposition: a token or a quoted-string (RFC 9110
// section 5.6.6). It is not nil when it is there. A backslash in quotes stands
// for itself unless a quote follows, as browsers and file names have it.
func parameter(text []byte, name string) (value []byte, ok bool) {
	for {
		text = bytes.TrimLeft(text, " \t;")
		if len(text) == 0 {
			return nil, false
		}
		key, rest, found := bytes.Cut(text, []byte{'='})
		if !found {
			return nil, false
		}
		value, text, ok = parameterValue(rest)
		if !ok {
			return nil, false
		}
		if msg.ViewOf(key).EqualFold(name) {
			return value, true
		}
	}
}

func parameterValue(text []byte) (value, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		end := bytes.IndexAny(text, "; \t")
		if end < 0 {
			end = len(text)
		}
		return text[:end:end], text[end:], end > 0
	}
	if end := 1 + bytes.IndexByte(text[1:], '"'); end > 0 && bytes.IndexByte(text[:end], '\\') < 0 {
		return text[1:end:end], text[end+1:], true
	}
	value = []byte{}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return value, text[i+1:], true
		case c == '\\' && i+1 < len(text) && text[i+1] == '"':
			i++
			value = append(value, '"')
		default:
			value = append(value, c)
		}
	}
	return nil, nil, false
}

// isBoundary reports whether text can be a boundary (RFC 2046 section 5.1.1).
func isBoundary(text []byte) bool {
	const most = 70
	for _, c := range text {
		alphanumeric := c-'0' < 10 || (c|0x20)-'a' < 26
		if !alphanumeric && bytes.IndexByte([]byte("'()+_,-./:=? "), c) < 0 {
			return false
		}
	}
	return len(text) > 0 && len(text) <= most && text[len(text)-1] != ' '
}
