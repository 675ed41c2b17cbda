package https_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/http1"
	"github.com/windhover-go/windhover/sdk/https"
)

// app answers every request with what is known of its connection.
type app struct{}

func (app) Install(s *sdk.Setup) {
	http1.Offer(s, func(x *http1.Exchange) sdk.Task { return &task{x} })
	https.Offer(s)
}

type task struct{ x *http1.Exchange }

var (
	onLoop  = sdk.Plan{Name: "on the loop", Place: sdk.OnLoop, Body: sdk.BodyCollected}
	offLoop = sdk.Plan{Name: "off the loop", Body: sdk.BodyCollected}
	reading = sdk.Plan{Name: "reading", Body: sdk.BodyStreamed}
)

func (t *task) Route() *sdk.Plan {
	if strings.HasPrefix(string(t.x.RawPath().Octets()), "/read") {
		return &reading
	}
	if strings.HasPrefix(string(t.x.RawPath().Octets()), "/off") {
		return &offLoop
	}
	return &onLoop
}

func (t *task) Head() (wantBody bool) {
	if t.x.RawPath().String() != "/read" {
		return true
	}
	content, err := io.ReadAll(t.x.OpenRequest())
	if err != nil {
		sdk.WriteError(t.x, err)
		return false
	}
	t.Body(content)
	return false
}

func (t *task) Body(content []byte) {
	s, secured := t.x.TLSState()
	client := "nobody"
	if len(s.PeerCertificates) > 0 {
		if c, err := x509.ParseCertificate(s.PeerCertificates[0]); err == nil {
			client = c.Subject.CommonName
		}
	}
	t.x.ResponseContent().Text(fmt.Sprintf("secured %t, version %x, name %q, protocol %q, resumed %t, client %s %t, content %d",
		secured, s.Version, s.ServerName, s.Protocol, s.Resumed, client, s.PeerVerified, len(content)))
}

func (t *task) Fail(err error)  { sdk.WriteError(t.x, err) }
func (t *task) End(sdk.Outcome) {}

// An authority makes certificates.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
	age  time.Duration // of certificates: how late they begin
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.key, a.cert = a.issue("test authority", nil)
	a.write("ca.pem", "CERTIFICATE", a.cert.Raw)
	return a
}

// issue makes a certificate; the first one is that of the authority.
func (a *authority) issue(name string, hosts []string) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	a.n++
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(a.n), Subject: pkix.Name{CommonName: name}, DNSNames: hosts,
		NotBefore: time.Now().Add(a.age - time.Hour), NotAfter: time.Now().Add(a.age + time.Hour),
		BasicConstraintsValid: true, IsCA: a.cert == nil, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, parentKey := a.cert, a.key
	if parent == nil {
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		a.t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		a.t.Fatal(err)
	}
	return key, c
}

func (a *authority) write(file, kind string, der []byte) (path string) {
	a.t.Helper()
	path = filepath.Join(a.dir, file)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// files writes a certificate for hosts and its key.
func (a *authority) files(name string, hosts ...string) https.Certificate {
	a.t.Helper()
	key, cert := a.issue(name, hosts)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return https.Certificate{CertFile: a.write(name+".pem", "CERTIFICATE", cert.Raw), KeyFile: a.write(name+".key", "PRIVATE KEY", der)}
}

// client returns how a client trusts the authority, and shows a certificate if
// it has one.
func (a *authority) client(name, serverName string) *tls.Config {
	a.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	c := &tls.Config{RootCAs: pool, ServerName: serverName}
	if name != "" {
		key, cert := a.issue(name, nil)
		c.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}
	}
	return c
}

// serve serves the app and returns where.
func serve(t *testing.T, config sdk.Config) (addr string, s *sdk.Server) {
	t.Helper()
	if len(config.Endpoints) == 0 {
		config.Endpoints = []string{"https://127.0.0.1:0"}
	}
	config.Loops = 1
	s, err := sdk.New(app{}, config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s.Addresses()[0].String(), s
}

// ask asks over a connection of its own.
func ask(t *testing.T, addr string, config *tls.Config) (answer string, err error) {
	t.Helper()
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	c, err := tls.DialWithDialer(dialer, "tcp", addr, config)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	return string(content), err
}

// TestConversations has every kind of request over TLS 1.2 and 1.3.
func TestConversations(t *testing.T) {
	a := newAuthority(t)
	addr, s := serve(t, sdk.Config{TLS: &https.Config{Certificates: []https.Certificate{a.files("one", "localhost")}}})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := a.client("", "localhost")
		config.MaxVersion = version
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, MaxConnsPerHost: 1}}
		for _, place := range []string{"/on", "/off"} {
			for _, n := range []int{0, 1, 16 << 10, 1 << 20} {
				res, err := client.Post("https://"+addr+place, "text/plain", strings.NewReader(strings.Repeat("x", n)))
				if err != nil {
					t.Fatal(err)
				}
				content, err := io.ReadAll(res.Body)
				res.Body.Close()
				want := fmt.Sprintf("secured true, version %x, name \"localhost\", protocol \"\", resumed false, client nobody false, content %d", version, n)
				if string(content) != want || err != nil {
					t.Errorf("%s, %d octets: %q, %v; want %q", place, n, content, err, want)
				}
			}
		}
		client.CloseIdleConnections()
	}
	counts := s.TLS()
	if counts.Handshakes != 2 || counts.Resumed != 0 || counts.Versions[0].Count != 1 || counts.Versions[1].Count != 1 {
		t.Errorf("counts %+v; want one handshake of each version", counts)
	}
	var suites uint64
	for _, c := range counts.CipherSuites {
		suites += c.Count
	}
	for _, stage := range counts.Stages {
		if stage.Name != "queue" && stage.Sum <= 0 {
			t.Errorf("stage %s took %v", stage.Name, stage.Sum)
		}
	}
	if suites != 2 {
		t.Errorf("%d cipher suites were counted; want 2", suites)
	}
}

// TestNames checks which certificate a server name gets.
func TestNames(t *testing.T) {
	a := newAuthority(t)
	certificates := []https.Certificate{a.files("exact", "a.example.com"), a.files("wild", "*.example.com"), a.files("deep", "*.b.example.com")}
	own := a.files("own", "own.example.net")
	for _, strict := range []bool{false, true} {
		addr, s := serve(t, sdk.Config{
			Endpoints: []string{"https://127.0.0.1:0?cert=" + own.CertFile + "&key=" + own.KeyFile},
			TLS:       &https.Config{Certificates: certificates, Strict: strict},
		})
		for name, want := range map[string]string{
			"a.example.com": "exact", "A.EXAMPLE.com": "exact", "x.example.com": "wild", "x.b.example.com": "deep",
			"own.example.net": "own", "x.y.example.com": "own", "elsewhere.org": "own", "": "own",
		} {
			config := a.client("", name)
			var got string
			config.InsecureSkipVerify = true // it looks at the certificate itself
			config.VerifyConnection = func(c tls.ConnectionState) error {
				got = c.PeerCertificates[0].Subject.CommonName
				return nil
			}
			_, err := ask(t, addr, config)
			if refused := strict && want == "own" && name != "" && name != "own.example.net"; refused != (err != nil) || refused && !strings.Contains(err.Error(), "unrecognized name") || !refused && got != want {
				t.Errorf("strict %t, %q: certificate %q, error %v; want %q", strict, name, got, err, want)
			}
		}
		if n := failures(s, "server-name"); strict != (n == 2) {
			t.Errorf("strict %t: %d were refused for their name", strict, n)
		}
	}
}

// TestSuites checks which cipher suites of TLS 1.2 are refused.
func TestSuites(t *testing.T) {
	a := newAuthority(t)
	addr, s := serve(t, sdk.Config{TLS: &https.Config{Certificates: []https.Certificate{a.files("one", "localhost")}}})
	for suite, want := range map[uint16]bool{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: true, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: true,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: true,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA:          false, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: false,
	} {
		config := a.client("", "localhost")
		config.MaxVersion, config.CipherSuites = tls.VersionTLS12, []uint16{suite}
		if _, err := ask(t, addr, config); (err == nil) != want {
			t.Errorf("%s: %v; want it to succeed: %t", tls.CipherSuiteName(suite), err, want)
		}
	}
	if n := failures(s, "parameters"); n != 2 {
		t.Errorf("%d were refused for their parameters", n)
	}
}

func failures(s *sdk.Server, reason string) uint64 {
	for _, c := range s.TLS().Failures {
		if c.Name == reason {
			return c.Count
		}
	}
	return 1 << 60
}

// TestClientCertificates checks that certificates of clients are asked for as
// declared, and that the app sees them.
func TestClientCertificates(t *testing.T) {
	a := newAuthority(t)
	stranger := newAuthority(t)
	ca := filepath.Join(a.dir, "ca.pem")
	own := a.files("one", "localhost")
	for _, tt := range []struct {
		auth           tls.ClientAuthType
		ca             string
		none, ours, of string // what the app says of a client without, with ours, with a stranger's; "" is refused
	}{
		{tls.NoClientCert, "", "nobody false", "nobody false", "nobody false"},
		{tls.RequestClientCert, "", "nobody false", "me false", "me false"},
		{tls.VerifyClientCertIfGiven, ca, "nobody false", "me true", ""},
		{tls.RequireAndVerifyClientCert, ca, "", "me true", ""},
	} {
		addr, _ := serve(t, sdk.Config{TLS: &https.Config{Certificates: []https.Certificate{own}, ClientAuth: tt.auth, ClientCAFile: tt.ca}})
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			none, ours, of := a.client("", "localhost"), a.client("me", "localhost"), stranger.client("me", "localhost")
			of.RootCAs = ours.RootCAs
			for want, config := range map[*string]*tls.Config{&tt.none: none, &tt.ours: ours, &tt.of: of} {
				config.MaxVersion = version
				// A client shows what it has, even to who names other authorities.
				if len(config.Certificates) > 0 {
					cert := config.Certificates[0]
					config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
				}
				got, err := ask(t, addr, config)
				if (*want == "") != (err != nil) || *want != "" && !strings.Contains(got, "client "+*want) {
					t.Errorf("%v, version %x: %q, %v; want %q", tt.auth, version, got, err, *want)
				}
			}
		}
	}
}

// TestReload replaces certificates under a server: a pair that does not fit
// changes nothing.
func TestReload(t *testing.T) {
	a := newAuthority(t)
	c := a.files("first", "localhost")
	told := make(chan error, 10)
	addr, _ := serve(t, sdk.Config{TLS: &https.Config{
		Certificates: []https.Certificate{c}, ReloadInterval: time.Millisecond, OnReload: func(_ string, err error) { told <- err },
	}})
	names := func() (name string) {
		config := a.client("", "localhost")
		config.VerifyConnection = func(c tls.ConnectionState) error {
			name = c.PeerCertificates[0].Subject.CommonName
			return nil
		}
		if _, err := ask(t, addr, config); err != nil {
			t.Fatal(err)
		}
		return name
	}
	if got := names(); got != "first" {
		t.Fatalf("the certificate is %s", got)
	}
	second := a.files("second", "localhost")
	replace := func(from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	replace(second.CertFile, c.CertFile)
	if err := <-told; err == nil {
		t.Error("a certificate with another one's key is in use")
	}
	if got := names(); got != "first" {
		t.Errorf("the certificate is %s after a change that is wrong", got)
	}
	replace(second.KeyFile, c.KeyFile)
	for err := range told {
		if err == nil {
			break
		}
	}
	if got := names(); got != "second" {
		t.Errorf("the certificate is %s after a change that is right", got)
	}
	time.Sleep(20 * time.Millisecond) // many looks at files that do not change
	if n := len(told); n > 0 {
		t.Errorf("told of %d changes of files that did not change", n)
	}
}

// TestTickets resumes sessions at another server with the same keys, and not at
// one with others.
func TestTickets(t *testing.T) {
	a := newAuthority(t)
	c := a.files("one", "localhost")
	keys := filepath.Join(a.dir, "tickets")
	write := func(lines ...string) {
		if err := os.WriteFile(keys, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first, second := strings.Repeat("0a", 32), strings.Repeat("f0", 32)
	var addrs []string
	for _, lines := range [][]string{{first}, {second, first}, {second}} {
		write(lines...)
		addr, _ := serve(t, sdk.Config{TLS: &https.Config{Certificates: []https.Certificate{c}, TicketKeyFile: keys, ReloadInterval: -1}})
		addrs = append(addrs, addr)
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for i, want := range []bool{true, true, false} {
			config := a.client("", "localhost")
			config.MaxVersion, config.ClientSessionCache = version, tls.NewLRUClientSessionCache(0)
			if got, err := ask(t, addrs[0], config); err != nil || strings.Contains(got, "resumed true") {
				t.Fatalf("%q, %v", got, err)
			}
			got, err := ask(t, addrs[i], config)
			if err != nil || strings.Contains(got, "resumed true") != want {
				t.Errorf("version %x, server %d: %q, %v; want resumed: %t", version, i, got, err, want)
			}
		}
	}
}

// TestOtherProtocols sends what is not TLS to an endpoint with it, and TLS to
// one without.
func TestOtherProtocols(t *testing.T) {
	a := newAuthority(t)
	c := a.files("one", "localhost")
	_, s := serve(t, sdk.Config{Endpoints: []string{"https://127.0.0.1:0", "http://127.0.0.1:0"}, TLS: &https.Config{Certificates: []https.Certificate{c}}})
	secure, plain := s.Addresses()[0], s.Addresses()[1]
	if !strings.HasPrefix(secure.URL(), "https://127") || !strings.HasPrefix(plain.URL(), "http://127") {
		t.Errorf("addresses %s and %s", secure.URL(), plain.URL())
	}
	conn, err := net.Dial("tcp", secure.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != 400 || err != nil || !strings.Contains(string(content), "https://") {
		t.Errorf("%d, %q, %v; want 400 and a hint", res.StatusCode, content, err)
	}
	if n := failures(s, "http"); n != 1 {
		t.Errorf("%d requests in the clear were counted", n)
	}
	if _, err := ask(t, plain.String(), a.client("", "localhost")); err == nil {
		t.Error("a handshake on an endpoint without TLS")
	}
	for _, r := range s.Refusals() {
		if r.Reason == "tls" && r.Count != 1 {
			t.Errorf("%d handshakes on an endpoint without TLS were counted", r.Count)
		}
	}
}

// TestConfigs checks that what cannot work is an error of New that says what to
// do.
func TestConfigs(t *testing.T) {
	a := newAuthority(t)
	c := a.files("one", "localhost")
	other := a.files("two", "localhost")
	empty := a.write("empty", "NOTHING", nil)
	for want, config := range map[string]sdk.Config{
		"has no certificate":             {Endpoints: []string{"https://127.0.0.1:0"}},
		"has to be an *https.Config":     {Endpoints: []string{"https://127.0.0.1:0"}, TLS: otherConfig{}},
		"no such file":                   {Endpoints: []string{"https://127.0.0.1:0?cert=missing.pem&key=missing.key"}},
		"private key does not match":     {TLS: &https.Config{Certificates: []https.Certificate{{c.CertFile, other.KeyFile}}}},
		"MinVersion has to be":           {TLS: &https.Config{Certificates: []https.Certificate{c}, MinVersion: tls.VersionTLS11}},
		"if and only if ClientCAFile":    {TLS: &https.Config{Certificates: []https.Certificate{c}, ClientAuth: tls.RequireAndVerifyClientCert}},
		"has no certificate in PEM":      {TLS: &https.Config{Certificates: []https.Certificate{c}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAFile: empty}},
		"is no key: 64 hexadecimal":      {TLS: &https.Config{Certificates: []https.Certificate{c}, TicketKeyFile: empty}},
		"TicketKeyFile: missing: open m": {TLS: &https.Config{Certificates: []https.Certificate{c}, TicketKeyFile: "missing"}},
	} {
		if len(config.Endpoints) == 0 {
			config.Endpoints = []string{"https://127.0.0.1:0"}
		}
		if _, err := sdk.New(app{}, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want an error that says %q", err, want)
		}
	}
}

type otherConfig struct{}

func (otherConfig) ConfiguresTLS() {}
