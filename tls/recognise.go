package tls

import "bytes"

// A Kind is what the first octets of a connection look like.
type Kind uint8

const (
	KindMore  Kind = iota // too few octets to tell
	KindTLS               // a TLS record
	KindSSL2              // the first message of SSL 2.0, or of TLS in its clothes (RFC 5246 appendix E.2)
	KindHTTP1             // a method and a space: a request of HTTP/1
	KindHTTP2             // the preface of an HTTP/2 connection (RFC 9113 section 3.4)
	KindOther             // none of these
)

// String returns the kind in words.
func (k Kind) String() string {
	switch k {
	case KindMore:
		return "too few octets"
	case KindTLS:
		return "TLS"
	case KindSSL2:
		return "SSL 2.0"
	case KindHTTP1:
		return "HTTP/1"
	case KindHTTP2:
		return "HTTP/2"
	case KindOther:
	}
	return "unknown"
}

// maxMethod bounds the method that is looked for: the longest that IANA
// registers, UPDATEREDIRECTREF, has 17 letters.
const maxMethod = 17

// Recognise tells what the first octets of a connection are. With KindMore it
// is to be asked again when there are more; 24 octets are always enough.
func Recognise(in []byte) Kind {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	switch {
	case len(in) == 0:
		return KindMore
	case bytes.HasPrefix(in, []byte(preface)):
		return KindHTTP2
	case bytes.HasPrefix([]byte(preface), in):
		return KindMore
	case in[0] >= recordChangeCipherSpec && in[0] <= recordApplicationData:
		return recogniseRecord(in)
	case in[0] == 0x80 && len(in) < 3:
		return KindMore
	case in[0] == 0x80 && in[2] == 1: // its length has the highest bit set; CLIENT-HELLO is message 1
		return KindSSL2
	}
	return recogniseMethod(in)
}

func recogniseRecord(in []byte) Kind {
	switch {
	case len(in) == 1:
		return KindMore
	case in[1] == versionMajor:
		return KindTLS
	}
	return KindOther
}

func recogniseMethod(in []byte) Kind {
	for i, b := range in[:min(len(in), maxMethod+1)] {
		switch {
		case b == ' ' && i > 0:
			return KindHTTP1
		case (b < 'A' || b > 'Z') && (b != '-' || i == 0):
			return KindOther
		}
	}
	if len(in) > maxMethod {
		return KindOther
	}
	return KindMore
}
