package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The files that windhover cert writes.
const certFile, keyFile = "cert.pem", "key.pem"

// certTime is how long a certificate is valid. Browsers accept at most 398 days.
const certTime = 365 * 24 * time.Hour

// cert implements windhover cert.
func cert(args []string, stdout, stderr io.Writer) int {
	force := false
	if len(args) > 0 && (args[0] == "-force" || args[0] == "--force") {
		force, args = true, args[1:]
	}
	names := append([]string{"localhost", "127.0.0.1", "::1"}, args...)
	now := time.Now() //nolint:forbidigo // a certificate begins now
	template, err := certificate(names, now)
	if err != nil {
		fmt.Fprintf(stderr, "windhover: %v\n\n%s", err, usage)
		return exitUsage
	}
	if err = writePair(template, force); err != nil {
		return fail(fmt.Errorf("windhover: %w", err), stderr)
	}
	fmt.Fprintf(stdout, certHelp, strings.Join(names, ", "), template.NotAfter.Format(time.DateOnly))
	return exitOK
}

const certHelp = `wrote cert.pem and key.pem, for development: a certificate for
%s that vouches for itself until %s; it cannot vouch for others

serve with it, in an app that declares s.TLS():
	WINDHOVER_URLS='https://localhost:8443?cert=cert.pem&key=key.pem' go run .
ask it:
	curl --cacert cert.pem https://localhost:8443/
trust it in browsers, if a warning is not good enough:
	Linux    certutil -d sql:$HOME/.pki/nssdb -A -t P,, -n windhover -i cert.pem
	macOS    security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db cert.pem
	Windows  certutil -user -addstore Root cert.pem
keep key.pem to yourself, and out of the repository
`

// certificate returns what a certificate for hosts is made from.
func certificate(hosts []string, now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "windhover development"},
		NotBefore:    now.Add(-time.Hour), // clocks differ
		NotAfter:     now.Add(certTime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		BasicConstraintsValid: true, // no authority: what trusts it trusts nothing else
	}
	for _, host := range hosts {
		if addr, err := netip.ParseAddr(host); err == nil && addr.Zone() == "" {
			c.IPAddresses = append(c.IPAddresses, addr.AsSlice())
			continue
		}
		if !isHostname(host) {
			return nil, fmt.Errorf("%q is neither the name of a host nor an address", host)
		}
		c.DNSNames = append(c.DNSNames, host)
	}
	return c, nil
}

// isHostname reports whether a certificate can be for such a name: letters,
// digits and hyphens between dots (RFC 5890 section 2.3.1), the first of them
// "*" at will.
func isHostname(name string) bool {
	name = strings.TrimPrefix(name, "*.")
	if len(name) == 0 || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
				return false
			}
		}
	}
	return true
}

// writePair makes a key and the certificate of it, and writes both.
func writePair(template *x509.Certificate, force bool) error {
	if !force {
		for _, file := range []string{certFile, keyFile} {
			if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s is there already; nothing was written\n\tfix: windhover cert -force replaces it", file)
			}
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(writePEM(keyFile, "PRIVATE KEY", private), writePEM(certFile, "CERTIFICATE", der))
}

// writePEM writes a file that only its owner may read. It is there as a whole or
// not at all, for a server that looks at it.
func writePEM(file, kind string, der []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), file+".*") // of mode 0600
	if err != nil {
		return err
	}
	err = pem.Encode(f, &pem.Block{Type: kind, Bytes: der})
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error says more
	}
	return err
}
