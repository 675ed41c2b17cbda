package sdk

import (
	"fmt"
	"net/netip"
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

// URL returns the address as an endpoint: "http://127.0.0.1:8080" or
// "unix:/run/app.sock".
func (a Address) URL() string {
	if a.Path != "" {
		return unixScheme + a.Path
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
}

// Schemes of endpoints that are no web URLs.
const (
	unixScheme = "unix:"
	fdScheme   = "fd:"
)

// parseEndpoint returns the addresses that a URL stands for.
func parseEndpoint(url string) ([]bind, error) {
	base, query, hasQuery := strings.Cut(url, "?")
	path, isUnix := strings.CutPrefix(base, unixScheme)
	var o options
	if hasQuery {
		var err error
		if o, err = parseOptions(url, query, isUnix); err != nil {
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
	return parseHTTP(url, base, o.policy)
}

// options are what can stand behind the question mark of a URL.
type options struct {
	policy msg.Policy
	mode   uint32 // of a Unix socket
}

// parseOptions parses what stands behind the question mark.
func parseOptions(url, query string, isUnix bool) (o options, err error) {
	var policies, modes int // of which there can be one each
	for option := range strings.SplitSeq(query, "&") {
		mode, isMode := strings.CutPrefix(option, "mode=")
		if isMode {
			modes++
		} else {
			policies++
		}
		switch {
		case policies > 1 || modes > 1:
			return o, fmt.Errorf("windhover: endpoint %q says twice what follows the question mark: policy=rfc and mode=660 can stand there once each", url)
		case option == "policy=strict":
			o.policy = msg.PolicyStrict
		case option == "policy=rfc":
			o.policy = msg.PolicyRFC
		case isMode && isUnix:
			n, err := strconv.ParseUint(mode, 8, 32)
			if err != nil || n == 0 || n > 0o777 {
				return o, fmt.Errorf("windhover: endpoint %q: the mode has to be an octal number from 1 to 777, such as 660", url)
			}
			o.mode = uint32(n)
		case isUnix:
			return o, fmt.Errorf("windhover: endpoint %q: what follows the question mark can be mode=660, policy=strict, which is the default, or policy=rfc", url)
		default:
			return o, fmt.Errorf("windhover: endpoint %q: what follows the question mark can be policy=strict, which is the default, or policy=rfc", url)
		}
	}
	return o, nil
}

// firstFD is the first descriptor that is not a standard stream.
const firstFD = 3

// parseHTTP parses a URL without its options, base.
func parseHTTP(url, base string, policy msg.Policy) ([]bind, error) {
	scheme, rest, ok := strings.Cut(base, "://")
	switch {
	case !ok:
		return nil, fmt.Errorf("windhover: endpoint %q is not a URL; write http://HOST:PORT, unix:/PATH or fd:NUMBER", url)
	case scheme == "https":
		return nil, fmt.Errorf("windhover: endpoint %q: this app does not declare TLS; write http://HOST:PORT", url)
	case scheme != "http":
		return nil, fmt.Errorf("windhover: endpoint %q has the scheme %q; write http://HOST:PORT, unix:/PATH or fd:NUMBER", url, scheme)
	}
	rest = strings.TrimSuffix(rest, "/")
	if strings.ContainsAny(rest, "/#@") {
		return nil, fmt.Errorf("windhover: endpoint %q has more than a host and a port; write http://HOST:PORT", url)
	}
	colon := strings.LastIndexByte(rest, ':')
	if colon < 0 || strings.HasSuffix(rest, "]") {
		return nil, fmt.Errorf("windhover: endpoint %q has no port; write http://HOST:PORT", url)
	}
	host := rest[:colon]
	port, err := strconv.ParseUint(rest[colon+1:], 10, 16)
	if err != nil {
		return nil, fmt.Errorf("windhover: endpoint %q: the port has to be a number from 0 to 65535", url)
	}
	switch host {
	case "":
		return []bind{{addr: netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(port)), dualStack: true, policy: policy}}, nil
	case "localhost":
		return []bind{
			{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)), policy: policy},
			{addr: netip.AddrPortFrom(netip.IPv6Loopback(), uint16(port)), policy: policy, optional: true},
		}, nil
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if err != nil || strings.HasPrefix(host, "[") != addr.Is6() {
		return nil, fmt.Errorf("windhover: endpoint %q: the host has to be an IP address (IPv6 in brackets), localhost or empty", url)
	}
	return []bind{{addr: netip.AddrPortFrom(addr, uint16(port)), policy: policy}}, nil
}
