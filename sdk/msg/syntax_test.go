package msg

import "testing"

func TestSplitAuthority(t *testing.T) {
	for _, tt := range []struct {
		in, host, port string
		ok             bool
	}{
		{"", "", "", true},
		{"a", "a", "", true},
		{"a.B-c_d~1", "a.B-c_d~1", "", true},
		{"a%2fb:80", "a%2fb", "80", true},
		{"a:", "a", "", true},
		{":80", "", "80", true},
		{"a:65535", "a", "65535", true},
		{"[::1]", "[::1]", "", true},
		{"[2001:db8::1.2.3.4]:443", "[2001:db8::1.2.3.4]", "443", true},
		{"a:65536", "", "", false},
		{"a:000080", "", "", false},
		{"a:8o", "", "", false},
		{"a:80:80", "", "", false},
		{"user@a", "", "", false},
		{"a,b", "", "", false},
		{"a;b", "", "", false},
		{"a b", "", "", false},
		{"a%2", "", "", false},
		{"a%gg", "", "", false},
		{"a/", "", "", false},
		{"ä", "", "", false},
		{"[::1", "", "", false},
		{"[::1]a", "", "", false},
		{"[1.2.3.4]", "", "", false},
		{"[fe80::1%25eth0]", "", "", false},
		{"[1:2:3:4:5:6:7:8:9:a]", "", "", false},
	} {
		host, port, ok := SplitAuthority([]byte(tt.in))
		if ok != tt.ok || ok && (string(host) != tt.host || string(port) != tt.port) {
			t.Errorf("%q: %q, %q, %t", tt.in, host, port, ok)
		}
	}
}

func TestParseLength(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "00042": 42, "9223372036854775807": 1<<63 - 1,
		"": -1, "-1": -1, "+1": -1, "1 ": -1, "0x1": -1, "9223372036854775808": -1, "99999999999999999999": -1, "1,1": -1,
	} {
		n, ok := ParseLength([]byte(in))
		if !ok {
			n = -1
		}
		if n != want {
			t.Errorf("%q: %d", in, n)
		}
	}
}

func TestListElement(t *testing.T) {
	first, rest, more := ListElement([]byte(" a \t, b"))
	if string(first) != "a" || string(rest) != " b" || !more {
		t.Errorf("%q, %q, %t", first, rest, more)
	}
	if first, _, more = ListElement(rest); string(first) != "b" || more {
		t.Errorf("%q, %t", first, more)
	}
}

func TestIsToken(t *testing.T) {
	for in, want := range map[string]bool{"a": true, "A-1~": true, "": false, "a b": false, "a:": false, "ä": false} {
		if IsToken([]byte(in)) != want {
			t.Errorf("%q", in)
		}
	}
	for in, want := range map[string]bool{"GET": true, "QUERY": true, "get": false, "FOO": false, "": false, "*": false} {
		if IsRegisteredMethod([]byte(in)) != want {
			t.Errorf("method %q", in)
		}
	}
}

func TestWeighted(t *testing.T) {
	for in, want := range map[string]int{
		"": 1000, "a": 1000, " a\t": 1000, "a;q=1": 1000, "a ; Q=1.000 ": 1000, "a;q=0.5": 500, "a;q=0.001": 1, "a;q=1.": 1000,
		"a;q=0": 0, "a;q=0.000": 0,
		"a;": 0, "a;q": 0, "a;q=": 0, "a;q=2": 0, "a;q=1.001": 0, "a;q=0.0001": 0, "a;q=.5": 0, "a;q=0,5": 0, "a;q=0.x": 0, "a;q=-1": 0, "a;b=1": 0, "a;q =1": 0,
	} {
		name, weight := Weighted([]byte(in))
		if weight != want || in != "" && !name.Equal("a") {
			t.Errorf("%q: %q, %d; want %d", in, name.String(), weight, want)
		}
	}
}
