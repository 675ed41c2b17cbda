package tls_test

import (
	"bytes"
	stdtls "crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/windhover-go/windhover/tls"
)

var versions = map[string]uint16{"TLS 1.2": stdtls.VersionTLS12, "TLS 1.3": stdtls.VersionTLS13}

func TestEcho(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 100, 16384, 100000} {
				server, client := configs(version)
				s := &side{}
				if err := s.play(t, tls.New(tls.Config{}), server, echo(client, make([]byte, size))); err != nil {
					t.Fatalf("client: %v; server: %v", err, s.err)
				}
				if len(s.plain) != size || s.err != io.EOF || s.c.State() != tls.StateEnded {
					t.Errorf("%d octets, error %v, state %d", len(s.plain), s.err, s.c.State())
				}
				r, ok := s.c.TakeReport()
				if !ok || r.Reason != tls.ReasonNone || r.Version != version || r.Cipher == 0 || r.Resumed || !r.Begun {
					t.Errorf("report %+v, %v", r, ok)
				}
				if _, again := s.c.TakeReport(); again {
					t.Error("the report was taken twice")
				}
			}
		})
	}
}

// TestEveryCut cuts all that a client sends, handshake, data and close_notify,
// at every place, and between all octets.
func TestEveryCut(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			server, client := configs(version)
			client.CurvePreferences = []stdtls.CurveID{stdtls.X25519} // a short ClientHello
			shared := tls.New(tls.Config{})
			total := 0
			for cut := 0; cut == 0 || cut < total; cut++ {
				at := 0
				s := &side{cut: func(left int) int {
					n := left
					if at < cut && cut < at+left {
						n = cut - at
					}
					at += n
					return n
				}}
				if err := s.play(t, shared, server, echo(client, []byte("hello"))); err != nil {
					t.Fatalf("cut at %d: client: %v; server: %v", cut, err, s.err)
				}
				if string(s.plain) != "hello" || s.err != io.EOF {
					t.Fatalf("cut at %d: %q, %v", cut, s.plain, s.err)
				}
				total = max(total, at)
			}
			if total < 300 {
				t.Fatalf("only %d octets were cut", total)
			}
			s := &side{cut: func(int) int { return 1 }}
			if err := s.play(t, shared, server, echo(client, []byte("hello"))); err != nil || s.err != io.EOF {
				t.Fatalf("octet by octet: client: %v; server: %v", err, s.err)
			}
		})
	}
}

func TestRandomCuts(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			server, client := configs(version)
			shared := tls.New(tls.Config{})
			for seed := range uint64(20) {
				r := rand.New(rand.NewPCG(seed, 1))
				most := 1 + r.IntN(20000)
				message := make([]byte, 1+r.IntN(200000))
				for i := range message {
					message[i] = byte(r.Uint32())
				}
				s := &side{cut: func(left int) int { return min(left, 1+r.IntN(most)) }}
				if err := s.play(t, shared, server, echo(client, message)); err != nil {
					t.Fatalf("seed %d: client: %v; server: %v", seed, err, s.err)
				}
				if !bytes.Equal(s.plain, message) || s.err != io.EOF {
					t.Fatalf("seed %d: %d of %d octets, %v", seed, len(s.plain), len(message), s.err)
				}
			}
		})
	}
}

// TestEarlyData: what a client sends right behind its part of the handshake is
// received once the handshake is over, its end included.
func TestEarlyData(t *testing.T) {
	for name, version := range versions {
		for _, end := range []string{"open", "close_notify", "truncated"} {
			t.Run(name+" "+end, func(t *testing.T) {
				server, client := configs(version)
				s := &side{link: newLink()}
				s.c.Start(tls.New(tls.Config{}), server, s, 0)
				done := make(chan error, 1)
				go func() {
					c := stdtls.Client(s.link, client)
					err := c.Handshake()
					if err == nil {
						_, err = c.Write([]byte("hello"))
					}
					switch end {
					case "close_notify":
						err = errors.Join(err, c.Close())
					case "truncated":
						_ = s.Close()
					}
					done <- err
				}()
				for waiting := true; waiting; {
					select {
					case err := <-done:
						if err != nil {
							t.Fatal(err)
						}
						waiting = false
					case <-s.event:
						if version == stdtls.VersionTLS12 || s.c.State() == tls.StateHello || len(s.peek()) == 0 {
							s.turn()
						}
					}
				}
				for s.turn(); s.c.State() == tls.StateHandshake; s.turn() {
					<-s.event
				}
				if string(s.plain) != "hello" {
					t.Errorf("%q", s.plain)
				}
				var f *tls.FailureError
				switch {
				case end == "open" && s.err != nil, end == "close_notify" && s.err != io.EOF:
					t.Errorf("error %v", s.err)
				case end == "truncated" && (!errors.As(s.err, &f) || f.Reason != tls.ReasonTruncated):
					t.Errorf("error %v", s.err)
				}
			})
		}
	}
}

// TestCloseWrite: either side may be the first to say that it sends no more,
// and the other way stays open.
func TestCloseWrite(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			server, client := configs(version)
			first := true
			s := &side{reply: func(s *side, _ []byte) []byte {
				if !first {
					return nil
				}
				first = false
				b, err := s.c.Seal(nil, []byte("bye"))
				if err != nil {
					t.Error(err)
				}
				b = s.c.CloseWrite(b)
				if n := len(b); len(s.c.CloseWrite(b)) != n {
					t.Error("close_notify was sent twice")
				}
				if _, err := s.c.Seal(nil, []byte("more")); err != tls.ErrSilent || s.c.CanSeal() {
					t.Errorf("sealed after close_notify: %v", err)
				}
				return b
			}}
			err := s.play(t, tls.New(tls.Config{}), server, func(l *link) error {
				c := stdtls.Client(l, client)
				if _, err := c.Write([]byte("hello")); err != nil {
					return err
				}
				if b, err := io.ReadAll(c); err != nil || string(b) != "bye" {
					t.Errorf("%q, %v", b, err)
				}
				_, err := c.Write([]byte("more"))
				return errors.Join(err, c.Close())
			})
			if err != nil || string(s.plain) != "hellomore" || s.err != io.EOF {
				t.Errorf("%v; %q, %v", err, s.plain, s.err)
			}
		})
	}
}

// TestAfterEnd: octets behind close_notify are dropped (RFC 8446 section 6.1),
// and the error stays.
func TestAfterEnd(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			c := newTalker(t, version, tls.New(tls.Config{}))
			err := c.say(c.record(typeData, []byte("a")), c.record(typeAlert, []byte{1, 0}), c.record(typeData, []byte("b")))
			if err != io.EOF || string(c.plain) != "a" {
				t.Fatalf("%q, %v", c.plain, err)
			}
			n, plain, _, err := c.c.Receive([]byte("garbage"), nil, nil, 0)
			if n != 7 || len(plain) != 0 || err != io.EOF {
				t.Errorf("%d, %q, %v", n, plain, err)
			}
			if _, _, err := c.c.End(nil, nil); err != io.EOF {
				t.Errorf("the end of the octets: %v", err)
			}
		})
	}
}

// TestKeyUpdate: the answer to a request for new keys, which crypto/tls gives
// from inside Read, is among what is to be sent, and both directions go on.
func TestKeyUpdate(t *testing.T) {
	c := newTalker(t, stdtls.VersionTLS13, tls.New(tls.Config{}))
	for _, requested := range []byte{0, 1, 1, 0} {
		update := c.record(typeHandshake, message(messageKeyUpdate, requested))
		c.send.update()
		if err := c.say(update, c.record(typeData, []byte("x"))); err != nil {
			t.Fatal(err)
		}
		if requested == 1 {
			if kind, b := c.hear(); kind != typeHandshake || !bytes.Equal(b, message(messageKeyUpdate, 0)) {
				t.Fatalf("%d %x", kind, b)
			}
			c.recv.update()
		}
		sealed, err := c.c.Seal(nil, []byte("y"))
		if err != nil {
			t.Fatal(err)
		}
		c.give(sealed, false)
		if kind, b := c.hear(); kind != typeData || string(b) != "y" {
			t.Fatalf("%d %q", kind, b)
		}
	}
	if string(c.plain) != "xxxx" {
		t.Errorf("%q", c.plain)
	}
}

// TestUseless: records that carry nothing are taken, but not without end.
func TestUseless(t *testing.T) {
	for _, test := range []struct {
		name    string
		version uint16
		kind    byte
		content []byte
		update  bool
	}{
		{"empty records", stdtls.VersionTLS13, typeData, nil, false},
		{"empty records, TLS 1.2", stdtls.VersionTLS12, typeData, nil, false},
		{"warnings", stdtls.VersionTLS12, typeAlert, []byte{1, 90}, false},
		{"user_canceled", stdtls.VersionTLS13, typeAlert, []byte{1, 90}, false},
		{"key updates", stdtls.VersionTLS13, typeHandshake, message(messageKeyUpdate, 1), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newTalker(t, test.version, tls.New(tls.Config{}))
			n := 0
			for ; c.err == nil && n < 100; n++ {
				_ = c.say(c.record(test.kind, test.content))
				if test.update {
					c.send.update()
				}
			}
			if n < 10 || n == 100 {
				t.Errorf("refused after %d: %v", n, c.err)
			}
			var f *tls.FailureError
			if !errors.As(c.err, &f) || f.Reason != tls.ReasonMessage {
				t.Errorf("error %v", c.err)
			}
		})
	}
}

// TestBadRecords: what crypto/tls refuses after the handshake ends the
// connection, and the alert that says why is sent.
func TestBadRecords(t *testing.T) {
	flip := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	for _, test := range []struct {
		name    string
		version uint16
		record  func(c *talker) []byte
		reason  tls.Reason
		alert   byte
	}{
		{"not authentic", stdtls.VersionTLS13, func(c *talker) []byte { return flip(c.record(typeData, []byte("x"))) }, tls.ReasonRecord, 20},
		{"not authentic, TLS 1.2", stdtls.VersionTLS12, func(c *talker) []byte { return flip(c.record(typeData, []byte("x"))) }, tls.ReasonRecord, 20},
		{"handshake not authentic, TLS 1.2", stdtls.VersionTLS12, func(c *talker) []byte { return flip(c.record(typeHandshake, []byte("x"))) }, tls.ReasonRecord, 20},
		{"too long by its header", stdtls.VersionTLS13, func(*talker) []byte { return []byte{typeData, 3, 3, 0x48, 1} }, tls.ReasonRecord, 22},
		{"too long by its header, TLS 1.2", stdtls.VersionTLS12, func(*talker) []byte { return []byte{typeData, 3, 3, 0x48, 1} }, tls.ReasonRecord, 22},
		{"too long for TLS 1.3", stdtls.VersionTLS13, func(*talker) []byte { return []byte{typeData, 3, 3, 0x41, 1} }, tls.ReasonRecord, 22},
		{"too much plaintext", stdtls.VersionTLS13, func(c *talker) []byte { return c.record(typeData, make([]byte, 16385)) }, tls.ReasonRecord, 22},
		{"too much plaintext, TLS 1.2", stdtls.VersionTLS12, func(c *talker) []byte { return c.record(typeData, make([]byte, 16385)) }, tls.ReasonRecord, 22},
		{"another version", stdtls.VersionTLS13, func(*talker) []byte { return []byte{typeData, 3, 1, 0x40, 0} }, tls.ReasonRecord, 70},
		{"no TLS", stdtls.VersionTLS13, func(*talker) []byte { return []byte("GET / HTTP/1.1\r\n\r\n") }, tls.ReasonRecord, 70},
		{"unknown type", stdtls.VersionTLS12, func(c *talker) []byte { return c.record(30, []byte("x")) }, tls.ReasonMessage, 10},
		{"unknown message", stdtls.VersionTLS13, func(c *talker) []byte { return c.record(typeHandshake, message(200)) }, tls.ReasonMessage, 10},
		{"malformed message", stdtls.VersionTLS13, func(c *talker) []byte { return c.record(typeHandshake, message(messageKeyUpdate, 1, 2)) }, tls.ReasonMessage, 50},
		{"ClientHello", stdtls.VersionTLS13, func(c *talker) []byte { return c.record(typeHandshake, message(messageClientHello)) }, tls.ReasonMessage, 50},
		{"message too long", stdtls.VersionTLS13, func(c *talker) []byte { return c.record(typeHandshake, []byte{messageKeyUpdate, 1, 0, 1}) }, tls.ReasonMessage, 80},
		{"data inside a message", stdtls.VersionTLS13, func(c *talker) []byte {
			return append(c.record(typeHandshake, []byte{messageKeyUpdate, 0}), c.record(typeData, []byte("x"))...)
		}, tls.ReasonMessage, 10},
		{"HelloRequest of a client", stdtls.VersionTLS12, func(c *talker) []byte { return c.record(typeHandshake, message(messageHelloRequest)) }, tls.ReasonRenegotiation, 100},
		{"ClientHello again", stdtls.VersionTLS12, func(c *talker) []byte { return c.record(typeHandshake, clientHello(t)[5:]) }, tls.ReasonRenegotiation, 10},
		{"change of cipher again", stdtls.VersionTLS12, func(c *talker) []byte { return c.record(typeCCS, []byte{1}) }, tls.ReasonMessage, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newTalker(t, test.version, tls.New(tls.Config{}))
			err := c.say(test.record(c))
			var f *tls.FailureError
			if !errors.As(err, &f) {
				t.Fatalf("error %v", err)
			}
			if f.Reason != test.reason || f.Author != tls.AuthorPeer && f.Reason != tls.ReasonInternal {
				t.Errorf("reason %q, author %s: %v", f.Reason.Slug(), f.Author, f)
			}
			if c.c.State() != tls.StateFailed || c.c.CanSeal() {
				t.Errorf("state %d", c.c.State())
			}
			kind, b := c.hear()
			if kind != typeAlert || len(b) != 2 || b[1] != test.alert {
				t.Errorf("the peer hears %d %v, not alert %d", kind, b, test.alert)
			}
			if err := c.say(c.record(typeData, []byte("x"))); err != error(f) || len(c.plain) != 0 {
				t.Errorf("afterwards %q, %v", c.plain, err)
			}
			if sealed, err := c.c.Seal(nil, []byte("x")); err != tls.ErrSilent || len(sealed) > 0 {
				t.Errorf("sealed %d octets, %v", len(sealed), err)
			}
		})
	}
}

// TestPeerAlert: a fatal alert of the peer is reported with its number.
func TestPeerAlert(t *testing.T) {
	for name, version := range versions {
		for _, alert := range []tls.Alert{10, 20, 42, 80, 116, 200} {
			c := newTalker(t, version, tls.New(tls.Config{}))
			err := c.say(c.record(typeAlert, []byte{2, byte(alert)}))
			var f *tls.FailureError
			if !errors.As(err, &f) || f.Reason != tls.ReasonPeer || f.Alert != alert || f.Author != tls.AuthorPeer {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestTruncated: the end of the octets without close_notify is told apart from
// the end of the data, at a record's border and inside one.
func TestTruncated(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			c := newTalker(t, version, tls.New(tls.Config{}))
			n := len(c.record(typeData, []byte("hello")))
			for cut := range n {
				c := newTalker(t, version, tls.New(tls.Config{}))
				if err := c.say(c.record(typeData, []byte("a")), c.record(typeData, []byte("hello"))[:cut]); err != nil {
					t.Fatal(err)
				}
				c.Close()
				c.reply = nil
				c.turn()
				var f *tls.FailureError
				if !errors.As(c.err, &f) || f.Reason != tls.ReasonTruncated || string(c.plain) != "a" {
					t.Fatalf("cut at %d: %q, %v", cut, c.plain, c.err)
				}
				if c.c.State() != tls.StateEnded {
					t.Fatalf("state %d", c.c.State())
				}
				if kind, b := c.hear(); kind != typeAlert || b[1] != 0 {
					t.Fatalf("close_notify cannot be sent any more: %d %v", kind, b)
				}
			}
		})
	}
}
