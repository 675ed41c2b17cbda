package sdk

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk/msg"
)

func TestParseEndpoint(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want []string // addresses; "dual" behind one for both families
		err  string   // what the error has to say, and how to fix it
	}{
		{url: "http://127.0.0.1:8080", want: []string{"127.0.0.1:8080"}},
		{url: "http://127.0.0.1:8080/", want: []string{"127.0.0.1:8080"}},
		{url: "http://[::1]:0", want: []string{"[::1]:0"}},
		{url: "http://:8080", want: []string{"[::]:8080 dual"}},
		{url: "http://:8080?policy=strict", want: []string{"[::]:8080 dual"}},
		{url: "http://:8080?policy=rfc", want: []string{"[::]:8080 dual rfc"}},
		{url: "http://127.0.0.1:8080/?policy=rfc", want: []string{"127.0.0.1:8080 rfc"}},
		{url: "http://localhost:80?policy=rfc", want: []string{"127.0.0.1:80 rfc", "[::1]:80 rfc"}},
		{url: "http://localhost:5000", want: []string{"127.0.0.1:5000", "[::1]:5000"}},

		{url: "unix:/run/app.sock", want: []string{"/run/app.sock 0"}},
		{url: "unix:/run/app.sock?mode=660", want: []string{"/run/app.sock 660"}},
		{url: "unix:/run/app.sock?policy=rfc", want: []string{"/run/app.sock 0 rfc"}},
		{url: "unix:/run/app.sock?policy=rfc&mode=660", want: []string{"/run/app.sock 660 rfc"}},
		{url: "fd:3?policy=rfc", want: []string{"descriptor 3 rfc"}},
		{url: "unix:/run/a:b.sock?mode=0777", want: []string{"/run/a:b.sock 777"}},
		{url: "fd:3", want: []string{"descriptor 3"}},

		{url: "unix:", err: "write unix:/PATH"},
		{url: "unix:app.sock", err: "write unix:/PATH"},
		{url: "unix:@app", err: "write unix:/PATH"},
		{url: "unix:/run/", err: "has to be that of a file"},
		{url: "unix:/run/app?x=1", err: `"x=1" cannot stand behind the question mark; what can is mode=660, policy=strict`},
		{url: "unix:/run/app?mode=660&mode=600", err: "says mode twice"},
		{url: "http://:80?mode=660", err: "what can is policy=strict"},
		{url: "fd:3?mode=660", err: "what can is policy=strict"},
		{url: "unix:/run/app?mode=rw", err: "octal number"},
		{url: "unix:/run/app?mode=888", err: "octal number"},
		{url: "unix:/run/app?mode=0", err: "octal number"},
		{url: "unix:/run/app?mode=1777", err: "octal number"},
		{url: "fd:", err: "from 3 to 65535"},
		{url: "fd:2", err: "from 3 to 65535"},
		{url: "fd:three", err: "from 3 to 65535"},
		{url: "fd:-1", err: "from 3 to 65535"},
		{url: "127.0.0.1:8080", err: "is not a URL; write http://HOST:PORT, https://HOST:PORT, unix:/PATH or fd:NUMBER"},
		{url: "https://:8443?cert=c.pem", err: "a certificate and its key"},
		{url: "https://:8443?key=k.pem", err: "a certificate and its key"},
		{url: "https://:8443?cert=&key=", err: "a certificate and its key"},
		{url: "https://:8443?mode=660", err: "what can is cert=cert.pem, key=key.pem, policy=strict"},
		{url: "https://:8443/a", err: "write https://HOST:PORT"},
		{url: "http://:8080?cert=c.pem&key=k.pem", err: "what can is policy=strict"},
		{url: "ftp://:21", err: `scheme "ftp"`},
		{url: "http://127.0.0.1", err: "has no port"},
		{url: "http://[::1]", err: "has no port"},
		{url: "http://127.0.0.1:x", err: "port has to be a number"},
		{url: "http://127.0.0.1:65536", err: "port has to be a number"},
		{url: "http://127.0.0.1:-1", err: "port has to be a number"},
		{url: "http://example.com:80", err: "has to be an IP address"},
		{url: "http://::1:80", err: "IPv6 in brackets"},
		{url: "http://[127.0.0.1]:80", err: "has to be an IP address"},
		{url: "http://127.0.0.1:80/path", err: "more than a host and a port"},
		{url: "http://127.0.0.1:80?", err: "policy=rfc"},
		{url: "http://127.0.0.1:80?policy=loose", err: "has to be strict, which is the default, or rfc"},
		{url: "http://127.0.0.1:80?policy=rfc&policy=strict", err: "says policy twice"},
		{url: "http://127.0.0.1:80/a?policy=rfc", err: "more than a host and a port"},
		{url: "http://127.0.0.1:80#a?policy=rfc", err: "more than a host and a port"},
		{url: "http://user@127.0.0.1:80", err: "more than a host and a port"},
	} {
		t.Run(tt.url, func(t *testing.T) {
			binds, err := parseEndpoint(tt.url)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), tt.url) {
					t.Fatalf("error %v; want one that names the endpoint and says %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range binds {
				text := b.addr.String()
				switch {
				case b.dualStack:
					text += " dual"
				case b.path != "":
					text = fmt.Sprintf("%s %o", b.path, b.mode)
				case b.fd != 0:
					text = fmt.Sprintf("descriptor %d", b.fd)
				}
				if b.policy == msg.PolicyRFC {
					text += " rfc"
				}
				got = append(got, text)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("stands for %v; want %v", got, tt.want)
			}
		})
	}
}

func TestConfigDefaults(t *testing.T) {
	none := func(string) string { return "" }
	c, err := Config{}.withDefaults(none)
	if err != nil {
		t.Fatal(err)
	}
	// The table of limits that README shows.
	for _, tt := range []struct {
		name      string
		got, want int64
	}{
		{"RequestLine", int64(c.Limits.RequestLine), 8192},
		{"FieldSection", int64(c.Limits.FieldSection), 32768},
		{"Fields", int64(c.Limits.Fields), 100},
		{"RequestBody", c.Limits.RequestBody, 30_000_000},
		{"ChunkLine", int64(c.Limits.ChunkLine), 256},
		{"ResponseBufferHigh", int64(c.Limits.ResponseBufferHigh), 65536},
		{"ResponseBufferLow", int64(c.Limits.ResponseBufferLow), 16384},
		{"Pipelined", int64(c.Limits.Pipelined), 64},
		{"HeadTimeout", int64(c.Limits.HeadTimeout), int64(30 * time.Second)},
		{"KeepAliveTimeout", int64(c.Limits.KeepAliveTimeout), int64(130 * time.Second)},
		{"HandshakeTimeout", int64(c.Limits.HandshakeTimeout), int64(10 * time.Second)},
		{"RequestBuffer", int64(c.Limits.RequestBuffer), 1 << 20},
		{"BodyRate", int64(c.Limits.BodyRate), 240},
		{"BodyGrace", int64(c.Limits.BodyGrace), int64(5 * time.Second)},
		{"ResponseRate", int64(c.Limits.ResponseRate), 240},
		{"ResponseGrace", int64(c.Limits.ResponseGrace), int64(5 * time.Second)},
		{"ConnectionAge", int64(c.Limits.ConnectionAge), int64(forever)},
		{"ConnectionRequests", int64(c.Limits.ConnectionRequests), int64(endless)},
		{"Connections", int64(c.Limits.Connections), int64(endless)},
		{"ConnectionsPerSource", int64(c.Limits.ConnectionsPerSource), int64(endless)},
		{"DrainTimeout", int64(c.Limits.DrainTimeout), int64(5 * time.Second)},
		{"ShutdownTimeout", int64(c.Limits.ShutdownTimeout), int64(30 * time.Second)},
		{"StallAfter", int64(c.StallAfter), int64(20 * time.Millisecond)},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %d by default; want %d", tt.name, tt.got, tt.want)
		}
	}
	if !slices.Equal(c.Endpoints, []string{"http://localhost:5000"}) {
		t.Errorf("endpoints %v by default", c.Endpoints)
	}
}

func TestConfigEnvironment(t *testing.T) {
	env := func(values map[string]string) func(string) string {
		return func(name string) string { return values[name] }
	}
	set := env(map[string]string{"WINDHOVER_URLS": " http://:1 ;http://:2;", "WINDHOVER_LOOPS": "3"})
	c, err := Config{}.withDefaults(set)
	if err != nil || c.Loops != 3 || !slices.Equal(c.Endpoints, []string{"http://:1", "http://:2"}) {
		t.Errorf("from the environment: %d loops, %v, %v", c.Loops, c.Endpoints, err)
	}
	c, err = Config{Endpoints: []string{"http://:9"}, Loops: 1}.withDefaults(set)
	if err != nil || c.Loops != 1 || !slices.Equal(c.Endpoints, []string{"http://:9"}) {
		t.Errorf("Config does not come before the environment: %d loops, %v, %v", c.Loops, c.Endpoints, err)
	}
	for _, loops := range []string{"0", "-1", "two"} {
		if _, err := (Config{}).withDefaults(env(map[string]string{"WINDHOVER_LOOPS": loops})); err == nil {
			t.Errorf("WINDHOVER_LOOPS=%s is accepted", loops)
		}
	}
}

func TestUnlimitedLiftsLimits(t *testing.T) {
	var l Limits
	l.HeadTimeout, l.KeepAliveTimeout, l.DrainTimeout, l.ShutdownTimeout = Unlimited, Unlimited, Unlimited, Unlimited
	l.BodyRate, l.BodyGrace, l.ResponseRate, l.ResponseGrace = Unlimited, Unlimited, Unlimited, Unlimited
	l.RequestBuffer, l.ConnectionAge, l.ConnectionRequests = Unlimited, Unlimited, Unlimited
	l.Connections, l.ConnectionsPerSource = Unlimited, Unlimited
	c, err := Config{StallAfter: Unlimited, Limits: l}.withDefaults(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	got := c.Limits
	for _, d := range []time.Duration{
		got.HeadTimeout, got.KeepAliveTimeout, got.DrainTimeout, got.ShutdownTimeout, got.BodyGrace, got.ResponseGrace, got.ConnectionAge, c.StallAfter,
	} {
		if d != forever {
			t.Errorf("a lifted time is %v", d)
		}
	}
	for _, n := range []int{got.RequestBuffer, got.ConnectionRequests, got.Connections, got.ConnectionsPerSource} {
		if n != endless {
			t.Errorf("a lifted number is %d", n)
		}
	}
	if got.BodyRate != Unlimited || got.ResponseRate != Unlimited {
		t.Errorf("the lifted rates are %d and %d", got.BodyRate, got.ResponseRate)
	}
}

// TestRequestBufferHoldsAHead checks that a limit of the head that is raised
// raises the buffer, and that one that is set has to be large enough.
func TestRequestBufferHoldsAHead(t *testing.T) {
	for _, tt := range []struct {
		line, section, buffer, want int
		err                         string
	}{
		{want: 1 << 20},
		{section: 1 << 21, want: 8192 + 1<<21 + 4},
		{line: Unlimited, section: Unlimited, want: 1<<30 + 4},
		{line: 100, section: 200, buffer: 304, want: 304},
		{line: 100, section: 200, buffer: 303, err: "allow 304 octets"},
		{line: Unlimited, buffer: 1 << 20, err: "RequestBuffer (1048576)"},
		{line: Unlimited, buffer: Unlimited, want: endless},
	} {
		var l Limits
		l.RequestLine, l.FieldSection, l.RequestBuffer = tt.line, tt.section, tt.buffer
		err := l.complete()
		switch {
		case tt.err == "" && (err != nil || l.RequestBuffer != tt.want):
			t.Errorf("%+v: %d, %v", tt, l.RequestBuffer, err)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

func TestAddress(t *testing.T) {
	for _, tt := range []struct {
		a                    Address
		network, dial, inURL string
	}{
		{Address{TCP: netip.MustParseAddrPort("127.0.0.1:80")}, "tcp", "127.0.0.1:80", "http://127.0.0.1:80"},
		{Address{TCP: netip.MustParseAddrPort("[::]:80")}, "tcp", "[::]:80", "http://[::]:80"},
		{Address{Path: "/run/app.sock"}, "unix", "/run/app.sock", "unix:/run/app.sock"},
	} {
		if tt.a.Network() != tt.network || tt.a.String() != tt.dial || tt.a.URL() != tt.inURL {
			t.Errorf("%s %s, %s; want %s %s, %s", tt.a.Network(), tt.a, tt.a.URL(), tt.network, tt.dial, tt.inURL)
		}
	}
	if got := urls([]Address{{Path: "/a"}, {TCP: netip.MustParseAddrPort("[::1]:1")}}); got != "unix:/a http://[::1]:1" {
		t.Errorf("Run says %q", got)
	}
}
