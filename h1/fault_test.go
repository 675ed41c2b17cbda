package h1

import (
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/msg"
)

// TestFaultAt checks where faults are found. In each request, ^ stands before
// the octet that is at fault; it is taken out, and nothing else has one.
func TestFaultAt(t *testing.T) {
	const (
		line    = "POST / HTTP/1.1\r\n"
		host    = line + "Host: a\r\n"
		coding  = "Transfer-Encoding: chunked\r\n"
		chunked = host + coding + "\r\n"
	)
	limits := msg.Limits{RequestLine: 30, FieldSection: 60, Fields: 3, RequestBody: 9, ChunkLine: 8}.WithDefaults()
	for _, tt := range []struct {
		name, in string
		want     Reason
	}{
		{"bare CR before the request", "\r^a", ReasonLineEnd},
		{"bare LF before the request", "^\n", ReasonLineEnd},
		{"TLS", "^\x16\x03\x01\x02\x00\x01", ReasonTLS},
		{"octet of no method", "GE^\x00T / HTTP/1.1\r\n", ReasonMethod},
		{"unknown method", "^get / HTTP/1.1\r\n\r\n", ReasonMethodUnknown},
		{"endless method", "^" + strings.Repeat("A", 40), ReasonMethodUnknown},
		{"octet of no target", "GET /a^\x01b HTTP/1.1\r\n", ReasonTarget},
		{"target without a meaning", "GET ^http:/b HTTP/1.1\r\n\r\n", ReasonTarget},
		{"form of another method", "GET ^* HTTP/1.1\r\n", ReasonTargetForm},
		{"scheme of another port", "GET ^https://b/ HTTP/1.1\r\nHost: b\r\n\r\n", ReasonScheme},
		{"version", "GET / HT^t", ReasonVersion},
		{"version of the future", "GET / ^HTTP/3.0\r\n", ReasonVersionUnknown},
		{"preface", "^PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ReasonPreface},
		{"long target", "GET /" + strings.Repeat("a", 26) + "^" + strings.Repeat("a", 26), ReasonRequestLineLimit},
		{"bare LF behind the version", "GET / HTTP/1.1^\nHost: a\r\n\r\n", ReasonLineEnd},
		{"space before a colon", line + "Host^ : a\r\n", ReasonFieldName},
		{"control octet in a value", line + "Host: a^\x01\r\n", ReasonFieldValue},
		{"folded line", host + "^ b", ReasonFieldFold},
		{"section too large", line + "a: " + strings.Repeat("b", 58) + "^" + strings.Repeat("b", 58), ReasonFieldSectionLimit},
		{"too many lines", line + "a:\r\nb:\r\nc:\r\n^d:\r\n", ReasonFieldsLimit},
		{"no Host", line + "a: b\r\n\r^\n", ReasonHostMissing},
		{"two Hosts", host + "^HOST: a\r\n\r\n", ReasonHostRepeated},
		{"control octet behind a malformed Host", line + "Host: a b\r\nc: ^\x00\r\n\r\n", ReasonFieldValue},
		{"malformed Host", line + "a: b\r\n^Host: a b\r\n\r\n", ReasonHostMalformed},
		{"expectation", host + "Expect: 100-continue\r\n^expect: b\r\n\r\n", ReasonExpectation},
		{"length", host + "^Content-length: x\r\n\r\nabc", ReasonLength},
		{"two lengths", host + "Content-Length: 1\r\n^Content-Length: 1\r\n\r\n", ReasonLengthRepeat},
		{"length before coding", host + "Content-Length: 1\r\n^" + coding + "\r\n", ReasonLengthCoding},
		{"coding before length", host + coding + "^Content-Length: 1\r\n\r\n", ReasonLengthCoding},
		{"coding", host + "^Transfer-Encoding: a\r\n\r\n", ReasonCoding},
		{"unknown coding", host + "^Transfer-Encoding: a\r\n" + coding + "\r\n", ReasonCodingUnknown},
		{"coding in HTTP/1.0", "POST / HTTP/1.0\r\n^" + coding + "\r\n", ReasonCodingVersion},
		{"length over the limit", host + "^Content-Length: 10\r\n\r\n", ReasonBodyLimit},
		{"content over the limit", chunked + "2\r\nab\r\n8\r^\nab", ReasonBodyLimit},
		{"chunk size", chunked + "2\r\nab\r\n^x", ReasonChunkSize},
		{"chunk extension", chunked + "2;^=", ReasonChunkExtension},
		{"chunk line", chunked + "2\r^a", ReasonChunkLine},
		{"long chunk line", chunked + "2;aaaaaa^a", ReasonChunkLineLimit},
		{"chunk data", chunked + "2\r\nab^c", ReasonChunkData},
		{"trailer", chunked + "2\r\nab\r\n0\r\na: b\r\n^ c", ReasonFieldFold},
		{"long trailers", chunked + "0\r\na: " + strings.Repeat("b", 59) + "^bb", ReasonFieldSectionLimit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, after, ok := strings.Cut(tt.in, "^")
			want := int64(len(before))
			// An empty line and a request before it make no difference.
			for _, ahead := range []string{"", "\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n"} {
				in := ahead + before + after
				if tt.want == ReasonEmptyLines {
					in = "\r\n\r\n" + in
					if strings.HasPrefix(ahead, "\r") {
						continue
					}
					in = strings.Replace(in, "\r\n\r\n\r\n\r\n\r\n", "\r\n\r\n\r\n\r\n", 1)
				}
				log, got := readFault(msg.PolicyStrict, &limits, in)
				if !ok || got != want || !strings.HasSuffix(log, refused(tt.want)) {
					t.Errorf("%q is at fault at %d; want %d; %s", in, got, want, log)
				}
				everyCut(t, &limits, in, log)
			}
		})
	}
}

// TestFaultAtByTheRFC has places that only the lenient policy knows, as
// TestFaultAt does.
func TestFaultAtByTheRFC(t *testing.T) {
	const host = "POST / HTTP/1.1\nHost: a\n"
	for _, tt := range []struct {
		name, in string
		want     Reason
	}{
		{"bare CR behind an empty line", "\n\r^a", ReasonLineEnd},
		{"folded line", host + "^ b", ReasonFieldFold},
		{"two lengths in a list", host + "^Content-Length: 1, 2\n\n", ReasonLengthRepeat},
		{"two lengths in the third line", host + "Content-Length: 1\nContent-Length: 1\n^Content-Length: 2\n\n", ReasonLengthRepeat},
		{"malformed length in the second line", host + "Content-Length: 1\n^Content-Length: x\n\n", ReasonLength},
		{"version", "GET / ^HTTP/2.0\n", ReasonVersionUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, after, _ := strings.Cut(tt.in, "^")
			want := int64(len(strings.TrimLeft(before, "\n")))
			log, got := readFault(msg.PolicyRFC, &defaults, before+after)
			if got != want || !strings.HasSuffix(log, refused(tt.want)) {
				t.Errorf("at fault at %d; want %d; %s", got, want, log)
			}
			everyCutAs(t, msg.PolicyRFC, &defaults, before+after, log)
		})
	}
}

// TestFaultOfEmptyLines checks that too many empty lines are at fault where the
// first that is too many begins: there a request was expected.
func TestFaultOfEmptyLines(t *testing.T) {
	everyCut(t, &defaults, "\r\n\r\n\r\n", refused(ReasonEmptyLines))
	if _, got := readFault(msg.PolicyStrict, &defaults, "\r\n\r\n\r\n"); got != 0 {
		t.Errorf("at fault at %d", got)
	}
}

// TestFaultOfTheHost checks the places of what no call of Next finds.
func TestFaultOfTheHost(t *testing.T) {
	x := new(Exchange)
	var c Conn
	if got := x.FaultAt(ReasonHeadTimeout, []byte("GET / HT"), &defaults); got != 8 {
		t.Errorf("a late head is at fault at %d", got)
	}
	const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"
	in := []byte("\r\n" + head + "abc")
	_, n := c.Next(x, in, &defaults)
	if got := x.FaultAt(ReasonBodyLimit, in[n:], &defaults); got != int64(strings.Index(head, "Content")) {
		t.Errorf("a length over the limit of the route is at fault at %d", got)
	}
	if x.Persists() {
		t.Error("looking for the place changed what is known of the request")
	}
	c.Next(x, in[n:], &defaults)
	if got := x.FaultAt(ReasonBodyTimeout, nil, &defaults); got != int64(len(head)+3) {
		t.Errorf("late content is at fault at %d", got)
	}
	if !x.RequestHead().Equal(head) {
		t.Errorf("the head is %q", x.RequestHead())
	}
	if r := ReasonHeadTimeout.Refusal(true); r.Status != 408 || !r.Head || r.Reason != ReasonHeadTimeout {
		t.Errorf("%+v", r)
	}
}
