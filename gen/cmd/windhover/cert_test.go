package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestCert makes certificates and uses them as servers and clients do.
func TestCert(t *testing.T) {
	t.Chdir(t.TempDir())
	var out, errs bytes.Buffer
	if code := run([]string{"cert", "app.test", "*.dev.test", "10.1.2.3"}, &out, &errs); code != exitOK {
		t.Fatalf("%d: %s", code, &errs)
	}
	if !strings.Contains(out.String(), "https://localhost:8443?cert=cert.pem&key=key.pem") {
		t.Errorf("it does not say how to serve: %s", &out)
	}
	for _, file := range []string{certFile, keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("%s has the mode %o", file, mode)
		}
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Until(pair.Leaf.NotAfter); d > 398*24*time.Hour || d < 300*24*time.Hour {
		t.Errorf("it is valid for %v", d)
	}
	pool := x509.NewCertPool()
	pool.AddCert(pair.Leaf)
	for name, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "app.test": true, "a.dev.test": true, "10.1.2.3": true,
		"dev.test": false, "example.org": false, "10.1.2.4": false,
	} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: pool}); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What trusts it trusts nothing that it signs.
	if pair.Leaf.IsCA || pair.Leaf.KeyUsage&x509.KeyUsageCertSign != 0 {
		t.Error("it is an authority")
	}
}

// TestCertOverwrites checks that nothing is replaced unless it is asked for.
func TestCertOverwrites(t *testing.T) {
	for _, file := range []string{certFile, keyFile} {
		t.Chdir(t.TempDir())
		if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		if code := run([]string{"cert"}, &out, &errs); code != exitApp || !strings.Contains(errs.String(), file+" is there already") {
			t.Errorf("%d: %s", code, &errs)
		}
		list, err := os.ReadDir(".")
		if text, _ := os.ReadFile(file); string(text) != "mine" || len(list) != 1 || err != nil {
			t.Errorf("%s was replaced, or something was written: %v", file, list)
		}
		if code := run([]string{"cert", "-force"}, &out, &errs); code != exitOK {
			t.Errorf("%d: %s", code, &errs)
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if _, err := tls.LoadX509KeyPair(certFile, keyFile); err != nil {
			t.Error(err)
		}
	}
}

// TestCertNames checks which names are refused: before anything is written.
func TestCertNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"", "a b", "https://x", "x:443", "-a", "a-.b", "a..b", "*", "a.*.b", "fe80::1%eth0", strings.Repeat("a", 64), "é.test", "-forced"} {
		var out, errs bytes.Buffer
		if code := run([]string{"cert", name}, &out, &errs); code != exitUsage {
			t.Errorf("%q: exit code %d", name, code)
		}
	}
	if list, err := os.ReadDir("."); len(list) > 0 || err != nil {
		t.Errorf("%v, %v", list, err)
	}
}
