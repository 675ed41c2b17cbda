package sdk

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/windhover-go/windhover/sdk/msg"
)

// An Address is what a server listens on. It is a net.Addr.
type Address struct {
	// TCP is the address of a TCP socket, and invalid for others.
	TCP netip.AddrPort
	// Path is the path of a Unix socket, and empty for others.
	Path string
	// Secure says that clients have to speak TLS.
	Secure bool
}

// Network implements net.Addr: "tcp" or "unix".
func (a Address) Network() string {
	if a.Path != "" {
		return "unix"
	}
	return "tcp"
}

// String implements net.Addr: what net.Dial is told, "127.0.0.1:8080" or the path.
func (a Address) String() string {
	if a.Path != "" {
		return a.Path
	}
	return a.TCP.String()
}

// URL returns the address as an endpoint: "http://127.0.0.1:8080",
// "https://127.0.0.1:8443" or "unix:/run/app.sock".
func (a Address) URL() string {
	if a.Path != "" {
		return unixScheme + a.Path
	}
	if a.Secure {
		return "https://" + a.TCP.String()
	}
	return "http://" + a.TCP.String()
}

func splitURLs(urls string) (list []string) {
	for url := range strings.SplitSeq(urls, ";") {
		if url = strings.TrimSpace(url); url != "" {
			list = append(list, url)
		}
	}
	return list
}

// A bind is one address that an endpoint stands for.
type bind struct {
	addr      netip.AddrPort
	dualStack bool
	policy    msg.Policy
	// optional: the address may be missing on this machine, as the IPv6
	// loopback is on some.
	optional bool

	path string // of a Unix socket; then there is no addr
	mode uint32 // of its file; 0: as the umask leaves it
	fd   int    // a descriptor that the process was started with; 0: none

	secure *SecureEndpoint // nil: without TLS
}

// Schemes of endpoints that have something of their own.
const (
	unixScheme  = "unix:"
	fdScheme    = "fd:"
	httpsScheme = "https:"
)

// parseEndpoint returns the addresses that a URL stands for.
func parseEndpoint(url string) ([]bind, error) {
	base, query, hasQuery := strings.Cut(url, "?")
	path, isUnix := strings.CutPrefix(base, unixScheme)
	var o options
	if hasQuery {
		var err error
		if o, err = parseOptions(url, query); err != nil {
			return nil, err
		}
	}
	if isUnix {
		if !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.ContainsAny(path, "#\x00") {
			return nil, fmt.Errorf("windhover: endpoint %q: the path has to be that of a file, from the root on; write unix:/PATH", url)
		}
		return []bind{{path: path, mode: o.mode, policy: o.policy}}, nil
	}
	if number, ok := strings.CutPrefix(base, fdScheme); ok {
		fd, err := strconv.ParseUint(number, 10, 16)
		if err != nil || fd < firstFD {
			return nil, fmt.Errorf("windhover: endpoint %q: the number of the descriptor has to be from %d to 65535", url, firstFD)
		}
		return []bind{{fd: int(fd), policy: o.policy}}, nil
	}
	return parseHTTP(url, base, o)
}

// options are what can stand behind the question mark of a URL.
type options struct {
	policy    msg.Policy
	mode      uint32 // of a Unix socket
	cert, key string // of an endpoint with TLS
}

// parseOptions parses what stands behind the question mark.
func parseOptions(url, query string) (o options, err error) {
	seen := make(map[string]bool)
	allowed := optionsOf(url)
	for option := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(option, "=")
		switch {
		case !slices.Contains(allowed, name):
			return o, fmt.Errorf("windhover: endpoint %q: %q cannot stand behind the question mark; what can is %s", url, option, exampleOptions(allowed))
		case seen[name]:
			return o, fmt.Errorf("windhover: endpoint %q says %s twice", url, name)
		}
		seen[name] = true
		switch name {
		case "policy":
			o.policy, err = parsePolicy(url, value)
		case "mode":
			o.mode, err = parseMode(url, value)
		case "cert":
			o.cert = value
		case "key":
			o.key = value
		}
		if err != nil {
			return o, err
		}
	}
	if (o.cert == "") != (o.key == "") || seen["cert"] && o.cert == "" {
		return o, fmt.Errorf("windhover: endpoint %q has to name the files of a certificate and its key, or neither: ?cert=cert.pem&key=key.pem", url)
	}
	return o, nil
}

// optionsOf returns the names of what can stand behind the question mark of a
// URL.
func optionsOf(url string) []string {
	switch {
	case strings.HasPrefix(url, unixScheme):
		return []string{"mode", "policy"}
	case strings.HasPrefix(url, httpsScheme):
		return []string{"cert", "key", "policy"}
	default:
		return []string{"policy"}
	}
}

// exampleOptions returns an example of each option.
func exampleOptions(names []string) string {
	examples := map[string]string{
		"mode": "mode=660", "cert": "cert=cert.pem", "key": "key=key.pem", "policy": "policy=strict, which is the default, or policy=rfc",
	}
	var list []string
	for _, name := range names {
		list = append(list, examples[name])
	}
	return strings.Join(list, ", ")
}

func parsePolicy(url, value string) (msg.Policy, error) {
	switch value {
	case "strict":
		return msg.PolicyStrict, nil
	case "rfc":
		return msg.PolicyRFC, nil
	}
	return 0, fmt.Errorf("windhover: endpoint %q: the policy has to be strict, which is the default, or rfc", url)
}

func parseMode(url, value string) (uint32, error) {
	n, err := strconv.ParseUint(value, 8, 32)
	if err != nil || n == 0 || n > 0o777 {
		return 0, fmt.Errorf("windhover: endpoint %q: the mode has to be an octal number from 1 to 777, such as 660", url)
	}
	return uint32(n), nil
}

// firstFD is the first descriptor that is not a standard stream.
const firstFD = 3

// parseHTTP parses a URL without its options, base.
func parseHTTP(url, base string, o options) ([]bind, error) {
	addrs, err := parseHost(url, base)
	if err != nil {
		return nil, err
	}
	for i := range addrs {
		addrs[i].policy = o.policy
		if strings.HasPrefix(base, httpsScheme) {
			addrs[i].secure = &SecureEndpoint{URL: url, CertFile: o.cert, KeyFile: o.key}
		}
	}
	return addrs, nil
}

// parseHost parses the scheme, the host and the port of a URL.
func parseHost(url, base string) ([]bind, error) {
	scheme, rest, ok := strings.Cut(base, "://")
	switch {
	case !ok:
		return nil, fmt.Errorf("windhover: endpoint %q is not a URL; write http://HOST:PORT, https://HOST:PORT, unix:/PATH or fd:NUMBER", url)
	case scheme != "http" && scheme != "https":
		return nil, fmt.Errorf("windhover: endpoint %q has the scheme %q; write http://HOST:PORT, https://HOST:PORT, unix:/PATH or fd:NUMBER", url, scheme)
	}
	rest = strings.TrimSuffix(rest, "/")
	if strings.ContainsAny(rest, "/#@") {
		return nil, fmt.Errorf("windhover: endpoint %q has more than a host and a port; write %s://HOST:PORT", url, scheme)
	}
	colon := strings.LastIndexByte(rest, ':')
	if colon < 0 || strings.HasSuffix(rest, "]") {
		return nil, fmt.Errorf("windhover: endpoint %q has no port; write %s://HOST:PORT", url, scheme)
	}
	host := rest[:colon]
	port, err := strconv.ParseUint(rest[colon+1:], 10, 16)
	if err != nil {
		return nil, fmt.Errorf("windhover: endpoint %q: the port has to be a number from 0 to 65535", url)
	}
	switch host {
	case "":
		return []bind{{addr: netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(port)), dualStack: true}}, nil
	case "localhost":
		return []bind{
			{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))},
			{addr: netip.AddrPortFrom(netip.IPv6Loopback(), uint16(port)), optional: true},
		}, nil
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if err != nil || strings.HasPrefix(host, "[") != addr.Is6() {
		return nil, fmt.Errorf("windhover: endpoint %q: the host has to be an IP address (IPv6 in brackets), localhost or empty", url)
	}
	return []bind{{addr: netip.AddrPortFrom(addr, uint16(port))}}, nil
}
