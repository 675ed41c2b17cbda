package h1

import (
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/msg"
)

// TestPolicies reads what only the lenient policy accepts, and what neither
// does. The strict policy refuses all of it.
func TestPolicies(t *testing.T) {
	const get, post = "GET / @a 1.1 0\n", "POST / @a 1.1 5\n"
	for _, tt := range []struct {
		name, in string
		want     string // by the RFC
		strict   Reason
	}{
		{"bare LF for every line end", "GET / HTTP/1.1\nHost: a\nb: c\n\n", get + "  b=c\nend\n", ReasonLineEnd},
		{"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", get + "end\n", ReasonLineEnd},
		{"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\r\nb: c\nd: e\r\n\r\n", get + "  b=c\n  d=e\nend\n", ReasonLineEnd},
		{"bare LF after an empty value and whitespace", "GET / HTTP/1.1\r\nHost: a\r\nb: \t\nd:\n\r\n", get + "  b=\n  d=\nend\n", ReasonLineEnd},
		{"bare LF for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", get + "end\n" + get + "end\n", ReasonLineEnd},
		{"bare LF in HTTP/1.0", "GET / HTTP/1.0\n\n", "GET / @ 1.0 0\nend\nclose\n", ReasonLineEnd},
		{"empty lines of a bare LF", "\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", get + "end\n", ReasonLineEnd},
		{"empty lines of both kinds", "\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\n", get + "end\n", ReasonLineEnd},
		{"lengths in a list", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5 ,5\r\n\r\nhello", post + "  Content-Length=5\ncontent \"hello\"\nend\n", ReasonLength},
		{"lengths in lines", "POST / HTTP/1.1\r\nb: c\r\nContent-Length: 5\r\nHost: a\r\ncontent-length:5\r\nd: e\r\n\r\nhello", post + "  b=c\n  Content-Length=5\n  d=e\ncontent \"hello\"\nend\n", ReasonLengthRepeat},
		{"lengths in lines of lists", "POST / HTTP/1.1\nHost: a\nContent-Length: 5,5\nContent-Length: 5\nContent-Length: 5,5\n\nhello", post + "  Content-Length=5\ncontent \"hello\"\nend\n", ReasonLineEnd},

		{"empty elements around a coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: , chunked,\r\n\r\n0\r\n\r\n", "POST / @a 1.1 -1\n  Transfer-Encoding=, chunked,\nend\n", ReasonCoding},

		{"no coding but empty elements", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,\r\n\r\n", refused(ReasonCoding), ReasonCoding},
		{"an empty element with parameters", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ;a, chunked\r\n\r\n", refused(ReasonCoding), ReasonCoding},
		{"three empty lines", "\n\r\n\n", refused(ReasonEmptyLines), ReasonLineEnd},
		{"bare CR", "GET / HTTP/1.1\r\nHost: a\rb\n\n", refused(ReasonLineEnd), ReasonLineEnd},
		{"two CR", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", refused(ReasonLineEnd), ReasonLineEnd},
		{"bare LF and the line goes on", "GET / HTTP/1.1\r\nHost: a\n b\r\n\r\n", refused(ReasonFieldFold), ReasonLineEnd},
		{"folded", "GET / HTTP/1.1\r\nHost: a\r\nb: c\r\n d\r\n\r\n", refused(ReasonFieldFold), ReasonFieldFold},
		{"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", refused(ReasonFieldName), ReasonFieldName},
		{"bare LF in a name", "GET / HTTP/1.1\r\nHost\n: a\r\n\r\n", refused(ReasonFieldName), ReasonFieldName},
		{"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", refused(ReasonTarget), ReasonTarget},
		{"HTAB for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", refused(ReasonMethod), ReasonMethod},
		{"line without a version", "GET /\n", refused(ReasonVersion), ReasonVersion},
		{"line without a target", "GET\n", refused(ReasonLineEnd), ReasonLineEnd},
		{"space behind the version", "GET / HTTP/1.1 \nHost: a\n\n", refused(ReasonVersion), ReasonVersion},
		{"another version", "GET / HTTP/2.0\n", refused(ReasonVersionUnknown), ReasonLineEnd},
		{"different lengths in a list", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\n", refused(ReasonLengthRepeat), ReasonLength},
		{"different lengths in lines", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", refused(ReasonLengthRepeat), ReasonLengthRepeat},
		{"a list and a different line", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5,5\r\nContent-Length: 6\r\n\r\n", refused(ReasonLengthRepeat), ReasonLength},
		{"a length and none", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5,\r\n\r\n", refused(ReasonLength), ReasonLength},
		{"none and a length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ,5\r\n\r\n", refused(ReasonLength), ReasonLength},
		{"an empty line of length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length:\r\n\r\n", refused(ReasonLength), ReasonLengthRepeat},
		{"a sign in a list", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, +5\r\n\r\n", refused(ReasonLength), ReasonLength},
		{"lengths beside a coding", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\nTransfer-Encoding: chunked\r\n\r\n", refused(ReasonLengthCoding), ReasonLength},
		{"bare LF after a chunk size", chunkedHead + "1\nx\r\n0\r\n\r\n", chunkedFound + refused(ReasonChunkLine), ReasonChunkLine},
		{"bare LF after a chunk", chunkedHead + "1\r\nx\n0\r\n\r\n", chunkedFound + "content \"x\"\n" + refused(ReasonChunkData), ReasonChunkData},
		{"bare LF after the last chunk", chunkedHead + "0\n\r\n", chunkedFound + refused(ReasonChunkLine), ReasonChunkLine},
		{"bare LF after a trailer", chunkedHead + "0\r\na: b\n\r\n", chunkedFound + refused(ReasonLineEnd), ReasonLineEnd},
		{"bare LF for the end of the trailers", chunkedHead + "0\r\na: b\r\n\n", chunkedFound + refused(ReasonLineEnd), ReasonLineEnd},
	} {
		t.Run(tt.name, func(t *testing.T) {
			everyCutAs(t, msg.PolicyRFC, &defaults, tt.in, tt.want)
			strict := readAs(msg.PolicyStrict, &defaults, tt.in)
			if !strings.HasSuffix(strict, refused(tt.strict)) {
				t.Errorf("strictly:\n%swant %s", strict, refused(tt.strict))
			}
			everyCutAs(t, msg.PolicyStrict, &defaults, tt.in, strict)
		})
	}
}

const (
	chunkedHead  = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	chunkedFound = "POST / @a 1.1 -1\n  Transfer-Encoding=chunked\n"
)

// TestPolicyLimits checks that a bare LF moves no limit.
func TestPolicyLimits(t *testing.T) {
	limits := msg.Limits{RequestLine: 20, FieldSection: 20, Fields: 2}.WithDefaults()
	line := func(n int) string { return "GET /" + strings.Repeat("a", n-len("GET / HTTP/1.1")) + " HTTP/1.1" }
	fields := func(n int) string { return "Host: a" + strings.Repeat("a", n-len("Host: a")) }
	for _, end := range []string{"\r\n", "\n"} {
		section := 20 - len(end)
		for _, tt := range []struct {
			name, in string
			want     Reason // ReasonNone: accepted
		}{
			{"request line at the limit", line(20) + end + fields(7) + end + end, ReasonNone},
			{"request line over it", line(21) + end + fields(7) + end + end, ReasonRequestLineLimit},
			{"section at the limit", line(20) + end + fields(section) + end + end, ReasonNone},
			{"section over it", line(20) + end + fields(section+1) + end + end, ReasonFieldSectionLimit},
			{"fields at the limit", line(20) + end + "Host:a" + end + "b:" + end + end, ReasonNone},
			{"fields over it", line(20) + end + "Host:a" + end + "b:" + end + "c:" + end + end, ReasonFieldsLimit},
		} {
			t.Run(tt.name, func(t *testing.T) {
				want := readAs(msg.PolicyRFC, &limits, tt.in)
				if got := strings.HasSuffix(want, "end\n"); got != (tt.want == ReasonNone) || !got && want != refused(tt.want) {
					t.Errorf("line end %q: %s; want %s", end, want, tt.want)
				}
				everyCutAs(t, msg.PolicyRFC, &limits, tt.in, want)
			})
		}
	}
}

// TestPolicyStays checks that the policy holds for every request of a
// connection.
func TestPolicyStays(t *testing.T) {
	everyCutAs(t, msg.PolicyRFC, &defaults, strings.Repeat("GET / HTTP/1.1\nHost: a\n\n", 3), strings.Repeat("GET / @a 1.1 0\nend\n", 3))
}
