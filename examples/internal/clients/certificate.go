package clients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A Certificate is one for the loopback that vouches for itself.
type Certificate struct {
	CertFile, KeyFile string
	TLS               tls.Certificate
	// Pool is what a client trusts that trusts it.
	Pool *x509.CertPool
}

// NewCertificate makes a certificate, with files that are gone after the test.
func NewCertificate(tb testing.TB) *Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		BasicConstraintsValid: true, IsCA: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	c := &Certificate{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem"), Pool: x509.NewCertPool()}
	// What curl has no variable for, its configuration says: whom to trust as a
	// proxy, and that it is to speak HTTP/1.1, unless a command says something
	// else.
	if err = os.WriteFile(filepath.Join(dir, ".curlrc"), []byte("http1.1\nproxy-cacert = "+c.CertFile+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{c.CertFile: {Type: "CERTIFICATE", Bytes: der}, c.KeyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err = os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	if c.TLS, err = tls.LoadX509KeyPair(c.CertFile, c.KeyFile); err != nil {
		tb.Fatal(err)
	}
	c.Pool.AddCert(c.TLS.Leaf)
	return c
}

// URL returns the endpoint with the certificate on a free port.
func (c *Certificate) URL() string {
	return "https://127.0.0.1:0?cert=" + c.CertFile + "&key=" + c.KeyFile
}

// Env makes the clients of the commands trust the certificate and speak
// HTTP/1.1 over TLS: curl, Python, and browse.sh, which takes the hash of the
// key.
func (c *Certificate) Env() []string {
	key := sha256.Sum256(c.TLS.Leaf.RawSubjectPublicKeyInfo)
	return []string{
		"CERT=" + c.CertFile, "KEY=" + c.KeyFile, "CURL_CA_BUNDLE=" + c.CertFile, "CURL_HOME=" + filepath.Dir(c.CertFile), "SSL_CERT_FILE=" + c.CertFile,
		"TRUSTED_KEY=" + base64.StdEncoding.EncodeToString(key[:]),
	}
}
