package conditional

import "time"

// The three forms of a date (RFC 9110 section 5.6.7). The first is what is sent;
// the others are obsolete.
const (
	formFixed   = "Mon, 02 Jan 2006 15:04:05 GMT"
	formRFC850  = "Monday, 02-Jan-06 15:04:05 GMT"
	formAsctime = "Mon Jan _2 15:04:05 2006"
)

// ParseDate returns the time that an HTTP date says, in any of its three forms.
// A year of two digits is one from 1969 to 2068.
func ParseDate(b []byte) (t time.Time, ok bool) {
	switch {
	case len(b) <= len("Mon"):
		return t, false
	case b[len("Mon")] == ',':
		return parse(formFixed, b)
	case b[len("Mon")] == ' ':
		return parse(formAsctime, b)
	}
	return parse(formRFC850, b)
}

// AppendDate appends t as a date, such as Last-Modified has: in GMT, whole
// seconds.
func AppendDate(dst []byte, t time.Time) []byte { return t.UTC().AppendFormat(dst, formFixed) }

// parse is time.Parse, without what that lets pass: a date has one spelling in
// each form, and its day of the week is the right one.
func parse(form string, b []byte) (t time.Time, ok bool) {
	if len(b) > len("Wednesday, 02-Jan-06 15:04:05 GMT") {
		return t, false
	}
	t, err := time.Parse(form, string(b))
	if err != nil {
		return t, false
	}
	var again [len("Wednesday, 02-Jan-06 15:04:05 GMT")]byte
	return t, string(t.AppendFormat(again[:0], form)) == string(b)
}
