package tls_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	stdtls "crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/tls"
)

// Content types of records, and handshake messages, that a talker sends.
const (
	typeCCS       = 20
	typeAlert     = 21
	typeHandshake = 22
	typeData      = 23

	messageHelloRequest = 0
	messageClientHello  = 1
	messageCertificate  = 11
	messageKeyUpdate    = 24
)

// A talker is a client that has made an honest handshake and then says what it
// likes: it has the keys, and writes records of its own.
type talker struct {
	*side
	*keys
	tb testing.TB
	in []byte // octets of the server that were not opened
}

// keys are those of a client whose handshake is over.
type keys struct {
	version uint16
	send    direction // client to server
	recv    direction
}

// A direction seals or opens records one way.
type direction struct {
	suite  func() hash.Hash
	keyLen int
	secret []byte // the traffic secret of TLS 1.3
	aead   cipher.AEAD
	iv     []byte // 12 octets in TLS 1.3, 4 in TLS 1.2
	seq    uint64
}

// newTalker makes a handshake with the engine.
func newTalker(tb testing.TB, version uint16, server *tls.Server) *talker {
	tb.Helper()
	config, client := configs(version)
	var log bytes.Buffer
	forKeys(config, client, &log)
	// The randoms lie in the hellos, which are the first messages each way.
	t := &talker{side: &side{link: newLink(), reply: func(*side, []byte) []byte { return nil }}, tb: tb}
	var heard []byte
	t.heard = &heard
	var suite uint16
	err := t.play(tb, server, config, func(l *link) error {
		c := stdtls.Client(l, client)
		err := c.Handshake()
		suite = c.ConnectionState().CipherSuite
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	for t.c.State() == tls.StateHandshake {
		<-t.event
		t.turn()
	}
	t.keys = newKeys(tb, version, suite, log.String(), heard)
	t.take()
	t.toClient = nil
	t.heard = nil
	return t
}

// forKeys changes a pair of configurations so that newKeys knows what to do.
func forKeys(server, client *stdtls.Config, log io.Writer) {
	server.SessionTicketsDisabled = true
	client.CipherSuites = []uint16{stdtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	client.KeyLogWriter = log
}

// newKeys returns the keys of a session from the log of its client; heard is
// what the client has read.
func newKeys(tb testing.TB, version, suite uint16, log string, heard []byte) *keys {
	tb.Helper()
	k := &keys{version: version}
	if version == stdtls.VersionTLS13 {
		k.derive13(tb, suite, log)
	} else {
		k.derive12(tb, log, heard)
	}
	return k
}

func (k *keys) derive13(tb testing.TB, suite uint16, log string) {
	tb.Helper()
	d := direction{suite: sha256.New, keyLen: 16}
	switch suite {
	case stdtls.TLS_AES_128_GCM_SHA256:
	case stdtls.TLS_AES_256_GCM_SHA384:
		d.suite, d.keyLen = sha512.New384, 32
	default:
		tb.Skip("without support for AES in hardware another cipher is chosen, which the standard library keeps to itself")
	}
	k.send, k.recv = d, d
	k.send.rekey(secretOf(tb, log, "CLIENT_TRAFFIC_SECRET_0"))
	k.recv.rekey(secretOf(tb, log, "SERVER_TRAFFIC_SECRET_0"))
}

// secretOf finds a secret in the log of keys.
func secretOf(tb testing.TB, log, label string) []byte {
	tb.Helper()
	for line := range strings.Lines(log) {
		if f := strings.Fields(line); f[0] == label {
			b, err := hex.DecodeString(f[2])
			if err != nil {
				tb.Fatal(err)
			}
			return b
		}
	}
	tb.Fatalf("no %s in the log", label)
	return nil
}

// rekey derives the keys from a traffic secret (RFC 8446 section 7.3).
func (d *direction) rekey(secret []byte) {
	d.secret = secret
	d.aead = gcm(d.label("key", d.keyLen))
	d.iv = d.label("iv", 12)
	d.seq = 0
}

// label is HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
func (d *direction) label(name string, n int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 ")+len(name)))
	info = append(append(append(info, "tls13 "...), name...), 0)
	b, err := hkdf.Expand(d.suite, d.secret, string(info), n)
	if err != nil {
		panic(err)
	}
	return b
}

// update goes to the next traffic secret (RFC 8446 section 7.2).
func (d *direction) update() { d.rekey(d.label("traffic upd", d.suite().Size())) }

// derive12 derives the keys of TLS 1.2 (RFC 5246 section 6.3). Each side has sent
// one encrypted record, Finished.
func (k *keys) derive12(tb testing.TB, log string, heard []byte) {
	tb.Helper()
	client, err := hex.DecodeString(strings.Fields(log)[1])
	if err != nil {
		tb.Fatal(err)
	}
	const randomAt, randomLen = 5 + 4 + 2, 32 // after the headers and the version
	seed := slices.Concat([]byte("key expansion"), heard[randomAt:randomAt+randomLen], client)
	block := prf12(secretOf(tb, log, "CLIENT_RANDOM"), seed, 2*16+2*4)
	k.send = direction{aead: gcm(block[:16]), iv: block[32:36], seq: 1}
	k.recv = direction{aead: gcm(block[16:32]), iv: block[36:40], seq: 1}
}

// prf12 is P_SHA256 (RFC 5246 section 5).
func prf12(secret, seed []byte, n int) []byte {
	sum := func(b ...[]byte) []byte {
		h := hmac.New(sha256.New, secret)
		for _, b := range b {
			h.Write(b)
		}
		return h.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}

func gcm(key []byte) cipher.AEAD {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		panic(err)
	}
	return a
}

// record seals one record.
func (k *keys) record(kind byte, content []byte) []byte {
	d := &k.send
	var nonce [12]byte
	defer func() { d.seq++ }()
	if k.version == stdtls.VersionTLS13 {
		inner := append(slices.Clone(content), kind)
		header := binary.BigEndian.AppendUint16([]byte{typeData, 3, 3}, uint16(len(inner)+16))
		binary.BigEndian.PutUint64(nonce[4:], d.seq)
		for i, b := range d.iv {
			nonce[i] ^= b
		}
		return d.aead.Seal(slices.Clone(header), nonce[:], inner, header)
	}
	header := binary.BigEndian.AppendUint16([]byte{kind, 3, 3}, uint16(8+len(content)+16))
	out := binary.BigEndian.AppendUint64(header, d.seq)
	copy(nonce[:], d.iv)
	binary.BigEndian.PutUint64(nonce[4:], d.seq)
	extra := binary.BigEndian.AppendUint64(nil, d.seq)
	extra = append(extra, kind, 3, 3)
	extra = binary.BigEndian.AppendUint16(extra, uint16(len(content)))
	return d.aead.Seal(out, nonce[:], content, extra)
}

// message is a handshake message.
func message(kind byte, content ...byte) []byte {
	return append([]byte{kind, 0, byte(len(content) >> 8), byte(len(content))}, content...)
}

// say gives octets to the engine, as the turn of a loop does.
func (t *talker) say(b ...[]byte) error {
	if _, err := t.Write(slices.Concat(b...)); err != nil {
		t.tb.Fatal(err)
	}
	t.turn()
	return t.err
}

// hear opens the next record of the server.
func (t *talker) hear() (kind byte, content []byte) {
	t.tb.Helper()
	t.mu.Lock()
	t.in = append(t.in, t.toClient...)
	t.toClient = nil
	t.mu.Unlock()
	if len(t.in) < 5 {
		t.tb.Fatal("the server said nothing")
	}
	n := 5 + int(binary.BigEndian.Uint16(t.in[3:]))
	header, body := t.in[:5], t.in[5:n]
	t.in = t.in[n:]
	d := &t.recv
	var nonce [12]byte
	var err error
	if t.version == stdtls.VersionTLS13 {
		binary.BigEndian.PutUint64(nonce[4:], d.seq)
		for i, b := range d.iv {
			nonce[i] ^= b
		}
		content, err = d.aead.Open(nil, nonce[:], body, header)
	} else {
		copy(nonce[:], d.iv)
		copy(nonce[4:], body[:8])
		extra := binary.BigEndian.AppendUint64(nil, d.seq)
		extra = append(extra, header[:3]...)
		extra = binary.BigEndian.AppendUint16(extra, uint16(len(body)-8-16))
		content, err = d.aead.Open(nil, nonce[:], body[8:], extra)
		kind = header[0]
	}
	if err != nil {
		t.tb.Fatal(err)
	}
	d.seq++
	if t.version == stdtls.VersionTLS13 {
		kind, content = content[len(content)-1], content[:len(content)-1]
	}
	return kind, content
}

// TestTalker checks the talker itself: what it says is understood, and what it
// hears is what was said.
func TestTalker(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			c := newTalker(t, version, tls.New(tls.Config{}))
			for range 3 {
				c.plain = nil
				if err := c.say(c.record(typeData, []byte("hello"))); err != nil || string(c.plain) != "hello" {
					t.Fatalf("%q, %v", c.plain, err)
				}
				sealed, err := c.c.Seal(nil, []byte("world"))
				if err != nil {
					t.Fatal(err)
				}
				c.give(sealed, false)
				if kind, b := c.hear(); kind != typeData || string(b) != "world" {
					t.Fatalf("%d %q", kind, b)
				}
			}
		})
	}
}
