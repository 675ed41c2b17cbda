package https_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/https"
)

// An updater seals records of TLS 1.3 with TLS_AES_128_GCM_SHA256 that ask for an
// update of the keys, which Go's client never does.
type updater struct {
	secret []byte
	seq    uint64
}

// label is HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
func (u *updater) label(name string, n int) []byte {
	info := append([]byte{0, byte(n), byte(6 + len(name))}, "tls13 "+name+"\x00"...)
	b, err := hkdf.Expand(sha256.New, u.secret, string(info), n)
	if err != nil {
		panic(err)
	}
	return b
}

// update returns a record that asks for an update, and goes to the next keys
// (RFC 8446 section 4.6.3).
func (u *updater) update() []byte {
	const handshake = 22
	sealed := u.record(handshake, 24, 0, 0, 1, 1)
	u.secret, u.seq = u.label("traffic upd", 32), 0
	return sealed
}

// record seals a record.
func (u *updater) record(kind byte, content ...byte) []byte {
	block, err := aes.NewCipher(u.label("key", 16))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := make([]byte, 4, 12)
	nonce = binary.BigEndian.AppendUint64(nonce, u.seq)
	for i, b := range u.label("iv", 12) {
		nonce[i] ^= b
	}
	message := append(content, kind)
	header := []byte{23, 3, 3, 0, byte(len(message) + 16)}
	u.seq++
	return aead.Seal(header, nonce, message, bytes.Clone(header))
}

// TestKeyUpdates has a client update its keys: some times it is answered, and when
// it does nothing else the connection ends before that costs much.
func TestKeyUpdates(t *testing.T) {
	a := newAuthority(t)
	told := make(chan https.Failure, 1)
	m := newMemory(t, a, sim.NewCalm(), sdk.Config{TLS: &https.Config{
		Certificates: []https.Certificate{a.files("one", "localhost")}, ReloadInterval: -1,
		OnFailure: func(f https.Failure) { told <- f },
	}})
	var log bytes.Buffer
	m.client.KeyLogWriter = &log
	p, err := m.DialSecure(m.client)
	if err != nil {
		t.Fatal(err)
	}
	if p.ConnectionState().CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skip("without AES in hardware another cipher is chosen")
	}
	var u updater
	for line := range strings.Lines(log.String()) {
		if f := strings.Fields(line); f[0] == "CLIENT_TRAFFIC_SECRET_0" {
			u.secret, _ = hex.DecodeString(f[2])
		}
	}
	// crypto/tls bounds the updates in a row; content between them makes it
	// begin anew.
	const data = 23
	p.Peer.Send(u.record(data, []byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n")...))
	n := 0
	for ; n < 400 && !p.Ended(); n++ {
		if n%10 == 0 {
			p.Peer.Send(u.record(data, 'x'))
		}
		p.Peer.Send(u.update())
		m.turn()
	}
	if n < 100 || n > 200 || m.failed("message") != 1 {
		t.Errorf("ended after %d updates: %+v", n, m.TLS().Failures)
	}
	for range 3 {
		m.turn()
	}
	if f := <-told; f.Reason != "message" || f.RemoteAddr != p.Addr() {
		t.Errorf("the hook was told %+v", f)
	}
	p.CloseWrite()
	m.until("the close", func() bool { return m.Loop.Conns() == 0 })
}

// TestHooksMayPanic has every function of a Config panic: the server goes on, and
// OnPanic says which it was.
func TestHooksMayPanic(t *testing.T) {
	a := newAuthority(t)
	one := a.files("one", "localhost")
	panics := make(chan string, 10)
	m := newMemory(t, a, sim.NewCalm(), sdk.Config{
		OnPanic: func(p sdk.Panic) { panics <- p.Route },
		TLS: &https.Config{
			Certificates: []https.Certificate{one}, ReloadInterval: time.Millisecond,
			GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
				if h.ServerName == "panic.test" {
					panic("no certificate")
				}
				return nil, nil
			},
			OnFailure: func(https.Failure) { panic("no failure") },
			OnReload:  func(string, error) { panic("no reload") },
		},
	})
	bad := m.client.Clone()
	bad.ServerName = "panic.test"
	if _, err := m.DialSecure(bad); err == nil {
		t.Error("a handshake without a certificate")
	}
	for _, want := range []string{"TLS handshake", "https.Config hook"} {
		if got := <-panics; got != want {
			t.Errorf("a panic of %s; want %s", got, want)
		}
	}
	if err := os.WriteFile(one.CertFile, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-panics; got != "https.Config hook" {
		t.Errorf("a panic of %s", got)
	}
	p, err := m.DialSecure(m.client)
	if err != nil {
		t.Fatal(err)
	}
	p.Send([]byte(request))
	m.until("an answer", func() bool { return strings.Contains(string(p.Received()), "content 3") })
}

// TestReloadChecksTheTime replaces a certificate by one that is not valid.
func TestReloadChecksTheTime(t *testing.T) {
	a := newAuthority(t)
	one := a.files("one", "localhost")
	a.age = -48 * time.Hour
	old := a.files("old", "localhost")
	told := make(chan error, 100)
	m := newMemory(t, a, sim.NewCalm(), sdk.Config{TLS: &https.Config{
		Certificates: []https.Certificate{one}, ReloadInterval: time.Millisecond, OnReload: func(_ string, err error) { told <- err },
	}})
	if err := errors.Join(os.Rename(old.KeyFile, one.KeyFile), os.Rename(old.CertFile, one.CertFile)); err != nil {
		t.Fatal(err)
	}
	for err := range told {
		if err == nil {
			t.Fatal("a certificate that has expired is in use")
		}
		if strings.Contains(err.Error(), "it is valid from") {
			break
		}
	}
	if _, err := m.DialSecure(m.client); err != nil {
		t.Error(err)
	}
}
