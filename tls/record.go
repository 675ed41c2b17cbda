package tls

import (
	stdtls "crypto/tls"
	"encoding/binary"
)

// Content types of records (RFC 8446 section 5.1).
const (
	recordChangeCipherSpec = 20
	recordAlert            = 21
	recordHandshake        = 22
	recordApplicationData  = 23
)

const (
	headerLen    = 5 // of a record: content type, version, length
	versionMajor = 3 // first octet of the version, in all of SSL 3.0 to TLS 1.3

	// maxPlaintext is what a record may carry (RFC 8446 section 5.1).
	maxPlaintext = 1 << 14
	// maxRecord is the longest record, with its header: TLS 1.2 allows 2,048
	// octets of expansion (RFC 5246 section 6.2.3).
	maxRecord = headerLen + maxPlaintext + 2048
	// maxRecord13 is the same for TLS 1.3 (RFC 8446 section 5.2).
	maxRecord13 = headerLen + maxPlaintext + 256
	// maxHelloRecords bounds the records that a ClientHello lies in: each octet
	// that arrives may cost a look at all of them.
	maxHelloRecords = 64

	messageHeaderLen   = 4 // of a handshake message: type, length
	messageClientHello = 1
)

// A layout is what is known of the records of a connection.
type layout struct {
	version uint16 // in their headers; 0: any of versionMajor
	most    uint16 // octets of the longest, with its header
}

// anyLayout is that of records before a version is agreed on (RFC 8446 section
// 5.1).
func anyLayout() layout { return layout{most: maxRecord} }

// layoutOf returns the layout for a version, whose records are those of TLS 1.2
// from then on.
func layoutOf(version uint16) layout {
	if version >= stdtls.VersionTLS13 {
		return layout{stdtls.VersionTLS12, maxRecord13}
	}
	return layout{version, maxRecord}
}

// record measures the record at the start of b. n is its length with its
// header, and ok says whether all of it is there. n is 0 when the header is not
// complete.
//
// A header that cannot be one is a record of its own: crypto/tls refuses it
// without wanting more, and sends the alert.
func (l layout) record(b []byte) (n int, ok bool) {
	if len(b) < headerLen {
		return 0, false
	}
	if !l.isHeader(b) {
		return headerLen, true
	}
	n = headerLen + int(binary.BigEndian.Uint16(b[3:]))
	return n, len(b) >= n
}

// isHeader reports whether b, of headerLen octets or more, begins with what a
// record may begin with.
func (l layout) isHeader(b []byte) bool {
	version := binary.BigEndian.Uint16(b[1:])
	return (version == l.version || l.version == 0 && version>>8 == versionMajor) &&
		headerLen+int(binary.BigEndian.Uint16(b[3:])) <= int(l.most)
}

// readHello looks for a complete ClientHello at the start of b, in one record
// or in several (RFC 8446 section 5.1). It reports ReasonNone and false when
// more octets are needed.
func readHello(b []byte, limit int) (complete bool, _ Reason) {
	var message [messageHeaderLen]byte
	got, want := 0, messageHeaderLen
	at := 0
	for range maxHelloRecords {
		n, ok := anyLayout().record(b[at:])
		switch {
		case n == 0:
			return false, ReasonNone
		case !anyLayout().isHeader(b[at:]):
			return false, ReasonRecord
		case b[at] != recordHandshake || n == headerLen:
			return false, ReasonHello
		}
		part := b[at+headerLen : min(at+n, len(b))]
		for i := 0; i < len(part) && got+i < messageHeaderLen; i++ {
			message[got+i] = part[i]
		}
		if got += len(part); got >= messageHeaderLen {
			want = messageHeaderLen + int(message[1])<<16 + int(binary.BigEndian.Uint16(message[2:]))
		}
		switch {
		case got > 0 && message[0] != messageClientHello:
			return false, ReasonHello
		case want > limit:
			return false, ReasonHelloLimit
		case !ok:
			return false, ReasonNone
		case got >= want:
			return true, ReasonNone
		}
		at += n
	}
	return false, ReasonHelloLimit
}

// appendAlert appends a fatal alert as it is before there are keys.
func appendAlert(dst []byte, a Alert) []byte {
	return append(dst, recordAlert, versionMajor, 3, 0, 2, alertFatal, byte(a))
}
