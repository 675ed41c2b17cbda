package msg

// StatusText returns the reason phrase of a status code as IANA registers it,
// or "" when the code is not registered.
func StatusText(code int) string {
	if code < 0 || code/100 >= len(statusTexts) {
		return ""
	}
	if class := statusTexts[code/100]; code%100 < len(class) {
		return class[code%100]
	}
	return ""
}
