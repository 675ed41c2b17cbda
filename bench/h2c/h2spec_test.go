package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestH2spec runs every case of h2spec, with and without those that it calls
// strict. Over TLS it meets examples/probe; in clear text this package's
// server, which speaks HTTP/2 alone: one that speaks HTTP/1.1 on the same port
// answers what does not begin as HTTP/2 does in HTTP/1.1, which the case 3.5.2
// does not know.
func TestH2spec(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the servers run on Linux")
	}
	dir := t.TempDir()
	h2spec := build(t, "../tools", "github.com/summerwind/h2spec/cmd/h2spec", filepath.Join(dir, "h2spec"))
	plain := build(t, ".", ".", filepath.Join(dir, "clear"))
	probe := build(t, "../..", "./examples/probe", filepath.Join(dir, "probe"))
	cert, key := certificate(t, dir)
	for _, tt := range []struct {
		name, server, url string
		args              []string
	}{
		{"clear text", plain, "http://127.0.0.1:0", []string{"-P", "/delay"}},
		{"TLS", probe, "https://127.0.0.1:0?cert=" + cert + "&key=" + key, []string{"-P", "/delay/200", "-t", "-k"}},
	} {
		port := start(t, tt.server, tt.url)
		for _, more := range [][]string{nil, {"-S"}} {
			t.Run(strings.Join(append([]string{tt.name}, more...), " "), func(t *testing.T) {
				args := append(append([]string{"-h", "127.0.0.1", "-p", port}, tt.args...), more...)
				out, err := exec.CommandContext(t.Context(), h2spec, append(args, "generic", "http2", "hpack")...).CombinedOutput()
				counts := summary.FindStringSubmatch(string(out))
				if err != nil || counts == nil || counts[1] != counts[2] || counts[1] == "0" {
					t.Fatalf("h2spec: %v\n%s", err, out)
				}
				t.Log(counts[0])
			})
		}
	}
}

// summary is the last line of h2spec: the cases, and those that passed. None
// may be skipped either.
var summary = regexp.MustCompile(`(\d+) tests, (\d+) passed, 0 skipped, 0 failed`)

// build builds a package of a module, and returns where.
func build(t *testing.T, module, pkg, path string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "-C", module, "build", "-o", path, pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// start starts a server that ends with the test, and returns its port.
func start(t *testing.T, binary, url string) (port string) {
	t.Helper()
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "WINDHOVER_URLS="+url, "WINDHOVER_LOOPS=2")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err = cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		if err = cmd.Wait(); err != nil {
			t.Errorf("the server did not shut down in order: %v", err)
		}
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, list, ok := strings.Cut(lines.Text(), "listening on "); ok {
			go func() {
				for lines.Scan() { // nothing more is of interest
				}
			}()
			_, port, err = net.SplitHostPort(strings.TrimPrefix(strings.TrimPrefix(strings.Fields(list)[0], "https://"), "http://"))
			if err != nil {
				t.Fatal(err)
			}
			return port
		}
		t.Log(lines.Text())
	}
	t.Fatal("the server ended before it said where it listens")
	return ""
}

// certificate writes a certificate for itself, and its key.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
