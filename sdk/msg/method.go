package msg

// A Method is a request method (RFC 9110 section 9). Methods outside the list
// below are MethodUnknown: no route can have them.
type Method uint8

// The methods that routes can be declared for.
const (
	MethodUnknown Method = iota
	MethodGet            // GET, RFC 9110 section 9.3.1
	MethodHead           // HEAD, RFC 9110 section 9.3.2
	MethodPost           // POST, RFC 9110 section 9.3.3
	MethodPut            // PUT, RFC 9110 section 9.3.4
	MethodDelete         // DELETE, RFC 9110 section 9.3.5
	MethodConnect        // CONNECT, RFC 9110 section 9.3.6
	MethodOptions        // OPTIONS, RFC 9110 section 9.3.7
	MethodTrace          // TRACE, RFC 9110 section 9.3.8
	MethodPatch          // PATCH, RFC 5789
)

// String returns the method as it stands in a request line, or "" for
// MethodUnknown.
func (m Method) String() string {
	switch m {
	case MethodGet:
		return "GET"
	case MethodHead:
		return "HEAD"
	case MethodPost:
		return "POST"
	case MethodPut:
		return "PUT"
	case MethodDelete:
		return "DELETE"
	case MethodConnect:
		return "CONNECT"
	case MethodOptions:
		return "OPTIONS"
	case MethodTrace:
		return "TRACE"
	case MethodPatch:
		return "PATCH"
	case MethodUnknown:
	}
	return ""
}

// ParseMethod returns the method that b spells, or MethodUnknown. Methods are
// case-sensitive (RFC 9110 section 9.1).
func ParseMethod(b []byte) Method {
	switch string(b) {
	case "GET":
		return MethodGet
	case "HEAD":
		return MethodHead
	case "POST":
		return MethodPost
	case "PUT":
		return MethodPut
	case "DELETE":
		return MethodDelete
	case "CONNECT":
		return MethodConnect
	case "OPTIONS":
		return MethodOptions
	case "TRACE":
		return MethodTrace
	case "PATCH":
		return MethodPatch
	}
	return MethodUnknown
}
