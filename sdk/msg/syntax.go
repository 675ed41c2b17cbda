package msg

import "bytes"

// IsToken reports whether b is a token (RFC 9110 section 5.6.2).
func IsToken(b []byte) bool {
	for _, c := range b {
		if octets[c]&octetToken == 0 {
			return false
		}
	}
	return len(b) > 0
}

// ListElement splits a list at its first comma (RFC 9110 section 5.6.1), and
// reports whether there was one. The whitespace around the element is left out.
func ListElement(v []byte) (first, rest []byte, more bool) {
	first, rest, more = bytes.Cut(v, []byte{','})
	return bytes.Trim(first, " \t"), rest, more
}

// Weighted splits an element of Accept-Encoding, and of other fields without
// further parameters, into what it names and its weight in thousandths (RFC 9110
// section 12.4.2): 1000 when there is none, 0 when it is malformed.
func Weighted(element []byte) (name View, weight int) {
	first, parameter, weighted := bytes.Cut(element, []byte{';'})
	name = ViewOf(bytes.Trim(first, " \t"))
	if !weighted {
		return name, 1000
	}
	parameter = bytes.Trim(parameter, " \t")
	if len(parameter) < 3 || parameter[0]|0x20 != 'q' || parameter[1] != '=' {
		return name, 0
	}
	return name, parseWeight(parameter[2:])
}

// parseWeight returns a qvalue, which is not empty, in thousandths.
func parseWeight(b []byte) (weight int) {
	if b[0] != '0' && b[0] != '1' || len(b) > len("0.000") || len(b) > 1 && b[1] != '.' {
		return 0
	}
	weight = 1000 * int(b[0]-'0')
	digit := 100
	for _, c := range b[min(2, len(b)):] {
		if c < '0' || c > '9' {
			return 0
		}
		weight += digit * int(c-'0')
		digit /= 10
	}
	if weight > 1000 {
		return 0
	}
	return weight
}

// ParseLength returns the number of at most 63 bits that digits spell, as
// Content-Length does (RFC 9110 section 8.6).
func ParseLength(digits []byte) (n int64, ok bool) {
	for _, c := range digits {
		d := c - '0'
		if d > 9 || n > (1<<63-1-int64(d))/10 {
			return 0, false
		}
		n = n*10 + int64(d)
	}
	return n, len(digits) > 0
}

// IsRegisteredMethod reports whether IANA registers a method. The list is that
// of the HTTP Method Registry (RFC 9110 section 18.2) less "*", which is no
// method.
func IsRegisteredMethod(method []byte) bool {
	switch string(method) {
	case "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK",
		"MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE",
		"ORDERPATCH", "PRI", "PROPFIND", "PROPPATCH", "QUERY", "REBIND", "REPORT", "SEARCH", "UNBIND",
		"UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL":
		return true
	}
	return ParseMethod(method) != MethodUnknown
}

// SplitAuthority splits a host and an optional port (RFC 3986 section 3.2), and
// reports whether they are well-formed. The host may be empty. Of a registered
// name the sub-delimiters are refused, which RFC 3986 has but no name in use:
// software behind takes a comma for the end of an element and a semicolon for
// that of a value. Userinfo is refused too.
func SplitAuthority(b []byte) (host, port []byte, ok bool) {
	i := 0
	if len(b) > 0 && b[0] == '[' {
		i = bytes.IndexByte(b, ']') + 1
		if i == 0 || !isAddress(b[1:i-1]) {
			return nil, nil, false
		}
	}
	for i < len(b) && b[i] != ':' {
		switch {
		case b[0] == '[': // nothing but a port may follow an address
			return nil, nil, false
		case isHostOctet(b[i]):
			i++
		case b[i] == '%' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]):
			i += 3
		default:
			return nil, nil, false
		}
	}
	if host = b[:i]; i == len(b) {
		return host, nil, true
	}
	port = b[i+1:]
	return host, port, IsPort(port)
}

// isHostOctet reports whether c may stand in a registered name without an
// escape: it is unreserved (RFC 3986 section 2.3).
func isHostOctet(c byte) bool {
	return c-'0' <= 9 || c|0x20-'a' <= 'z'-'a' || c == '-' || c == '.' || c == '_' || c == '~'
}

// isAddress reports whether b looks like an IPv6 address: no more is needed to
// know that it does not contain anything else. Zones and future versions of IP
// are refused.
func isAddress(b []byte) bool {
	colons := 0
	for _, c := range b {
		switch {
		case c == ':':
			colons++
		case !isHex(c) && c != '.':
			return false
		}
	}
	return colons >= 2 && colons <= 8
}

// IsPort reports whether b is a port, which may be empty.
func IsPort(b []byte) bool {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535 && len(b) <= len("65535")
}

func isHex(c byte) bool { return c-'0' <= 9 || c|0x20-'a' <= 'f'-'a' }
