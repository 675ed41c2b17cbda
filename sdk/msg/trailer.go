package msg

// maxTrailName is the length of the longest name that MayTrail excludes.
const maxTrailName = len("proxy-authorization")

// MayTrail reports whether a field may stand in a trailer section. Those may
// not that have to be known before the content is: they frame or route the
// message, modify the request, authenticate, control what is done with the
// response, or say how the content is coded (RFC 9110 section 6.5.1). Names are
// compared without case. Every other name may, those that nobody registered
// included.
func MayTrail[T ~string | ~[]byte](name T) bool {
	var lower [maxTrailName]byte
	if len(name) > len(lower) {
		return true
	}
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
	}
	switch string(lower[:len(name)]) {
	case "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", // framing
		"host", // routing
		"cache-control", "expect", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
		"max-forwards", "pragma", "range", // request modifiers
		"authorization", "cookie", "proxy-authenticate", "proxy-authorization", "set-cookie", "www-authenticate",
		"age", "date", "expires", "location", "retry-after", "vary", "warning", // response control
		"content-encoding", "content-range", "content-type": // content format
		return false
	}
	return true
}

// TrailersErr returns why the lines cannot be sent as a trailer section, a
// *FieldError, or nil: one was refused (Err), or may not stand there (MayTrail).
func (f *Fields) TrailersErr() error {
	if f.err != nil {
		return f.err
	}
	if f.close {
		return &FieldError{Name: "Connection", Reason: ErrFieldTrailer}
	}
	for i := range f.Count() {
		if name, _ := f.At(i); !MayTrail(name.Octets()) {
			return &FieldError{Name: name.String(), Reason: ErrFieldTrailer}
		}
	}
	return nil
}
