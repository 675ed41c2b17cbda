package files

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/big"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestParseRange is the grammar of RFC 9110 section 14.1, for a file of 100 octets
// unless it says otherwise.
func TestParseRange(t *testing.T) {
	const ignored, not = "ignored", "unsatisfiable"
	many := "bytes=" + strings.Repeat("0-0,", maxRanges-1)
	for _, tt := range []struct {
		name, value string
		size        int64
		want        string // the spans as start+n
	}{
		{"one", "bytes=0-9", 100, "0+10"},
		{"the last octet", "bytes=99-99", 100, "99+1"},
		{"to the end", "bytes=40-", 100, "40+60"},
		{"everything", "bytes=0-", 100, "0+100"},
		{"beyond the end", "bytes=90-1000", 100, "90+10"},
		{"a suffix", "bytes=-10", 100, "90+10"},
		{"a suffix longer than the file", "bytes=-1000", 100, "0+100"},
		{"an empty suffix", "bytes=-0", 100, not},
		{"at the end", "bytes=100-", 100, not},
		{"at the end, with a last", "bytes=100-200", 100, not},
		{"far behind the end", "bytes=99999999999999999999999-", 100, not},
		{"a last that overflows", "bytes=5-99999999999999999999999", 100, "5+95"},
		{"a suffix that overflows", "bytes=-99999999999999999999999", 100, "0+100"},
		{"2^63 - 1", "bytes=9223372036854775807-9223372036854775807", 100, not},
		{"2^63", "bytes=0-9223372036854775808", 100, "0+100"},
		{"leading zeros", "bytes=0000000000000000000000001-002", 100, "1+2"},
		{"the largest file", "bytes=0-", math.MaxInt64, "0+9223372036854775807"},
		{"the last of the largest file", "bytes=-1", math.MaxInt64, "9223372036854775806+1"},
		{"the unit has no case", "Bytes=0-9", 100, "0+10"},

		{"several", "bytes=0-1,5-6,-2", 100, "0+2 5+2 98+2"},
		{"several, out of order", "bytes=50-51,0-1", 100, "50+2 0+2"},
		{"several, overlapping", "bytes=0-9,5-14", 100, "0+10 5+10"},
		{"with space", "bytes= 0-1 ,\t5-6 ", 100, "0+2 5+2"},
		{"empty elements", "bytes=,,0-1,,", 100, "0+2"},
		{"one of them is not satisfiable", "bytes=0-1,200-", 100, "0+2"},
		{"none of them is", "bytes=100-,200-,-0", 100, not},
		{"as much as the file", "bytes=0-49,50-99", 100, "0+50 50+50"},
		{"more than the file", "bytes=0-49,50-99,0-0", 100, ignored},
		{"the largest file twice", "bytes=0-,0-", math.MaxInt64, ignored},
		{"as many as there may be", many + "0-0", 100, strings.TrimSpace(strings.Repeat("0+1 ", maxRanges))},
		{"one more", many + "0-0,0-0", 100, ignored},
		{"one more that is not satisfiable", many + "0-0,500-", 100, ignored},

		{"an empty file", "bytes=0-", 0, ignored},
		{"an empty file, a suffix", "bytes=-5", 0, ignored},
		{"nothing", "", 100, ignored},
		{"no set", "bytes=", 100, ignored},
		{"no set but commas", "bytes=,, ,", 100, ignored},
		{"no =", "bytes", 100, ignored},
		{"another unit", "lines=0-1", 100, ignored},
		{"no unit", "=0-1", 100, ignored},
		{"a space behind the unit", "bytes =0-1", 100, ignored},
		{"no -", "bytes=5", 100, ignored},
		{"only -", "bytes=-", 100, ignored},
		{"the last before the first", "bytes=9-8", 100, ignored},
		{"a sign", "bytes=+1-2", 100, ignored},
		{"a sign of the last", "bytes=1-+2", 100, ignored},
		{"two -", "bytes=1--2", 100, ignored},
		{"a suffix with two -", "bytes=--2", 100, ignored},
		{"a space within", "bytes=1 -2", 100, ignored},
		{"hexadecimal", "bytes=0x1-0x2", 100, ignored},
		{"other digits", "bytes=١-٢", 100, ignored},
		{"one of several is malformed", "bytes=0-1,x", 100, ignored},
		{"a second =", "bytes=0-1=2", 100, ignored},
	} {
		var s spans
		got := ignored
		switch parseRange([]byte(tt.value), tt.size, &s) {
		case rangeSatisfied:
			var list []string
			for _, p := range s.all() {
				list = append(list, fmt.Sprintf("%d+%d", p.start, p.n))
			}
			got = strings.Join(list, " ")
		case rangeUnsatisfiable:
			got = not
		case rangeIgnored:
		}
		if got != tt.want {
			t.Errorf("%s: %q: %s; want %s", tt.name, tt.value, got, tt.want)
		}
	}
}

// FuzzRange compares answers with those of net/http, which refuses what is
// malformed where we ignore it, and knows no bound on the ranges.
func FuzzRange(f *testing.F) {
	for _, seed := range []string{"bytes=0-9", "bytes=-5", "bytes=5-", "bytes=0-1, 4-5 ,-1", "bytes=0-1,500-", "bytes=9-8", "bytes=-0", "bytes=,1-1", "bytes=0-99999999999999999999"} {
		f.Add(seed, uint8(20))
	}
	f.Fuzz(func(t *testing.T, value string, size uint8) {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(i)
		}
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("Range", value)
		rec := httptest.NewRecorder()
		http.ServeContent(rec, req, "a.txt", time.Time{}, bytes.NewReader(content))
		want, err := partsOf(rec)
		if err != nil {
			t.Fatal(err)
		}
		// A suffix of no octets is a part to net/http; it is not satisfiable.
		want = slices.DeleteFunc(want, func(p []byte) bool { return len(p) == 0 })
		var s spans
		switch parseRange([]byte(value), int64(size), &s) {
		case rangeSatisfied:
			if len(s.all()) == 0 || len(s.all()) > maxRanges {
				t.Fatalf("%d ranges", len(s.all()))
			}
			total := int64(0)
			for _, p := range s.all() {
				if total += p.n; p.start < 0 || p.n <= 0 || p.start+p.n > int64(size) || total > int64(size) {
					t.Fatalf("%q of %d octets: %v", value, size, s.all())
				}
			}
			if len(want) == 0 { // an overflow or another case of the unit
				return
			}
			if len(want) != len(s.all()) {
				t.Fatalf("%q of %d octets: %v; net/http has %d parts", value, size, s.all(), len(want))
			}
			for i, p := range s.all() {
				if !bytes.Equal(want[i], content[p.start:p.start+p.n]) {
					t.Fatalf("%q of %d octets: %v; net/http's part %d is %v", value, size, s.all(), i, want[i])
				}
			}
		case rangeUnsatisfiable:
			if rec.Code != 416 && len(want) > 0 {
				t.Fatalf("%q of %d octets is not satisfiable; net/http answers %d", value, size, rec.Code)
			}
		case rangeIgnored:
			if len(want) > 0 && wellFormed(value) && strings.Count(value, ",") < maxRanges {
				t.Fatalf("%q of %d octets is ignored; net/http answers %v", value, size, want)
			}
		}
	})
}

var spec = regexp.MustCompile(`^[ \t]*(?:(\d+)-(\d*)|-\d+)?[ \t]*$`)

// wellFormed reports whether each range is one of the grammar: net/http does not
// look at the end of one that begins behind the file.
func wellFormed(value string) bool {
	for element := range strings.SplitSeq(strings.TrimPrefix(value, "bytes="), ",") {
		m := spec.FindStringSubmatch(element)
		if m == nil {
			return false
		}
		first, _ := new(big.Int).SetString(m[1], 10)
		if last, ok := new(big.Int).SetString(m[2], 10); ok && last.Cmp(first) < 0 {
			return false
		}
	}
	return true
}

// partsOf returns the parts of an answer 206, nil of another one.
func partsOf(rec *httptest.ResponseRecorder) (parts [][]byte, err error) {
	if rec.Code != 206 {
		return nil, nil
	}
	kind, parameters, err := mime.ParseMediaType(rec.Header().Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		return [][]byte{rec.Body.Bytes()}, err
	}
	r := multipart.NewReader(rec.Body, parameters["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(p); err != nil {
			return nil, err
		}
		parts = append(parts, b.Bytes())
	}
}
