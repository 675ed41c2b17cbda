package https

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/windhover-go/windhover/sdk"
)

// A Config is what all endpoints with TLS of a server have in common. The zero
// value is TLS 1.2 and 1.3 with what crypto/tls prefers, no client certificates,
// and the certificates that the endpoints name. In TLS 1.2 only cipher suites with
// ECDHE and an AEAD are offered, which is what HTTP/2 allows (RFC 9113 appendix
// A); GetConfigForClient can offer others. It is read-only once it was given
// to sdk.New, as sdk.Config.TLS.
type Config struct {
	// Certificates are those of all endpoints. Which one a client gets depends
	// on the server name that it sends (RFC 6066 section 3): one that names it,
	// else one with a wildcard for its last labels, else the endpoint's own
	// (?cert=), else the first of this list.
	Certificates []Certificate
	// Strict refuses a client that sends a server name which no certificate
	// has, with the alert unrecognized_name, in the place of showing it a
	// certificate that it cannot accept. Clients that send no name get the default.
	Strict bool
	// GetCertificate, if not nil, is asked first for the certificate of a
	// handshake, such as autocert.Manager's; nil and no error leave the choice to
	// what is said above. It is called on goroutines of handshakes and may block.
	GetCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// GetConfigForClient, if not nil, can replace the whole configuration of a
	// connection, starting from a clone of base; nil and no error leave it as
	// it is. It is called as GetCertificate is.
	GetConfigForClient func(hello *tls.ClientHelloInfo, base *tls.Config) (*tls.Config, error)
	// NextProtos are protocols that can be negotiated (RFC 7301) besides those
	// that the app declares, such as acme.ALPNProto. A connection that
	// negotiates one is closed after its handshake.
	NextProtos []string
	// MinVersion is the oldest version: tls.VersionTLS12, the default, or
	// tls.VersionTLS13.
	MinVersion uint16
	// ClientAuth says whether clients have to show a certificate, by default
	// not. tls.RequestClientCert, tls.VerifyClientCertIfGiven and
	// tls.RequireAndVerifyClientCert are of use.
	ClientAuth tls.ClientAuthType
	// ClientCAFile names a PEM file with the authorities of client
	// certificates. It has to be there when ClientAuth verifies.
	ClientCAFile string
	// TicketKeyFile names a file with the keys of session tickets (RFC 8446
	// section 4.6.1), for processes that resume each other's sessions: a key of
	// 32 octets a line, in hexadecimal, the one that encrypts first. It is read
	// again when it changes. Without it keys are made and replaced daily by
	// crypto/tls.
	TicketKeyFile string
	// ReloadInterval is how often files are looked at, default 10 s; negative
	// is never. Certificates and keys that have changed are checked before they
	// replace the present ones, and do not when something is wrong with them.
	ReloadInterval time.Duration
	// OnReload is told of every change of a file: a nil error says that it is
	// in use. It is called by a goroutine of the server's. The default writes
	// errors to standard error.
	OnReload func(file string, err error)
	// OnFailure is told of failures: of handshakes that failed and connections
	// that broke the protocol, at most ten a second for each endpoint and loop.
	// It runs on the loop and must not block. Nil costs nothing; Server.TLS
	// counts all in any case.
	OnFailure func(Failure)
}

// A Certificate is a pair of PEM files.
type Certificate struct {
	CertFile string // the certificate, and behind it those that vouch for it
	KeyFile  string // its private key
}

// ConfiguresTLS implements sdk.TLSConfig.
func (*Config) ConfiguresTLS() {}

// withDefaults returns a copy with defaults filled in, or what is wrong with it.
func (c *Config) withDefaults() (Config, error) {
	o := *c
	if o.ReloadInterval == 0 {
		o.ReloadInterval = 10 * time.Second
	}
	if o.OnReload == nil {
		o.OnReload = func(file string, err error) {
			if err != nil {
				fmt.Fprintf(os.Stderr, "windhover: %s has changed and cannot be used; what was read before stays: %v\n", file, err)
			}
		}
	}
	switch o.MinVersion {
	case 0:
		o.MinVersion = tls.VersionTLS12
	case tls.VersionTLS12, tls.VersionTLS13:
	default:
		return o, errors.New("windhover: https.Config.MinVersion has to be tls.VersionTLS12 or tls.VersionTLS13")
	}
	verifies := o.ClientAuth == tls.VerifyClientCertIfGiven || o.ClientAuth == tls.RequireAndVerifyClientCert
	if verifies != (o.ClientCAFile != "") {
		return o, errors.New("windhover: https.Config.ClientAuth verifies certificates if and only if ClientCAFile names who vouches for them")
	}
	return o, nil
}

// base returns the configuration of crypto/tls for all endpoints, without
// certificates.
func (c *Config) base(protocols []string) (*tls.Config, error) {
	protocols = slices.Clone(protocols)
	if slices.Contains(protocols, http11) {
		protocols = append(protocols, http10)
	}
	t := &tls.Config{
		MinVersion:   c.MinVersion,
		CipherSuites: modernSuites(),
		NextProtos:   append(protocols, c.NextProtos...),
		ClientAuth:   c.ClientAuth,
		// Small first records gain time only where the first octets of a large
		// response are of use by themselves, and each costs allocations.
		DynamicRecordSizingDisabled: true,
	}
	if c.ClientCAFile != "" {
		pem, err := os.ReadFile(c.ClientCAFile)
		if err != nil {
			return nil, fmt.Errorf("windhover: https.Config.ClientCAFile: %w", err)
		}
		t.ClientCAs = x509.NewCertPool()
		if !t.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("windhover: https.Config.ClientCAFile: %s has no certificate in PEM", c.ClientCAFile)
		}
	}
	return t, nil
}

// modernSuites returns the cipher suites of TLS 1.2 that have forward secrecy and
// an AEAD: those with CBC have a history of attacks on their padding (Lucky
// Thirteen). The order is crypto/tls's own.
func modernSuites() (ids []uint16) {
	for _, s := range tls.CipherSuites() {
		if strings.Contains(s.Name, "_ECDHE_") && (strings.Contains(s.Name, "_GCM_") || strings.Contains(s.Name, "_CHACHA20_")) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// The names of HTTP/1 (RFC 7301 section 6). Whoever speaks HTTP/1.1 answers
// HTTP/1.0 as well, and some clients offer nothing else.
const http11, http10 = "http/1.1", "http/1.0"

// configOf returns the Config in c.
func configOf(c sdk.TLSConfig) (*Config, error) {
	switch c := c.(type) {
	case nil:
		return &Config{}, nil
	case *Config:
		return c, nil
	}
	return nil, fmt.Errorf("windhover: Config.TLS is a %T; it has to be an *https.Config", c)
}
