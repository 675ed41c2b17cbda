package tls_test

import (
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// The tests of this file are of crypto/tls alone: what the engine builds on and
// no documentation promises. When one fails with another Go, read the engine.

// A script is a net.Conn in memory that never waits.
type script struct {
	in     []byte
	empty  error // of Read, when there is nothing
	out    []byte
	broken error // of Write
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.in) == 0 {
		return 0, s.empty
	}
	n := copy(p, s.in)
	s.in = s.in[n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error) {
	if s.broken != nil {
		return 0, s.broken
	}
	s.out = append(s.out, p...)
	return len(p), nil
}

func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return nil }
func (s *script) RemoteAddr() net.Addr             { return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// temporary is an error that calls itself so.
type temporary struct{}

func (temporary) Error() string   { return "temporary" }
func (temporary) Timeout() bool   { return true }
func (temporary) Temporary() bool { return true }

// A switched conn is a pipe for the handshake, and a script after it.
type switched struct {
	net.Conn
	script *script
}

func (s *switched) Read(p []byte) (int, error) {
	if s.script != nil {
		return s.script.Read(p)
	}
	return s.Conn.Read(p)
}

func (s *switched) Write(p []byte) (int, error) {
	if s.script != nil {
		return s.script.Write(p)
	}
	return s.Conn.Write(p)
}

// scripted returns both ends of a connection whose handshake is over. What the
// one writes does not reach the other by itself.
func scripted(tb testing.TB, version uint16) (server, client *stdtls.Conn, atServer, atClient *script) {
	tb.Helper()
	serverConfig, clientConfig := configs(version)
	serverConfig.SessionTicketsDisabled = true
	serverConfig.DynamicRecordSizingDisabled, clientConfig.DynamicRecordSizingDisabled = true, true
	a, b := net.Pipe()
	serverWire, clientWire := &switched{Conn: a}, &switched{Conn: b}
	server, client = stdtls.Server(serverWire, serverConfig), stdtls.Client(clientWire, clientConfig)
	done := make(chan error)
	go func() { done <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-done); err != nil {
		tb.Fatal(err)
	}
	atServer, atClient = &script{empty: temporary{}}, &script{empty: temporary{}}
	serverWire.script, clientWire.script = atServer, atClient
	return server, client, atServer, atClient
}

// sealed returns the record in which the client sends a message.
func sealed(tb testing.TB, client *stdtls.Conn, atClient *script, message []byte) []byte {
	tb.Helper()
	atClient.out = nil
	if _, err := client.Write(message); err != nil {
		tb.Fatal(err)
	}
	return atClient.out
}

// A temporary error of the wire's Read comes through as it is and is forgotten,
// wherever in a record it comes.
func TestFactTemporaryRead(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			server, client, atServer, atClient := scripted(t, version)
			buf := make([]byte, 100)
			for cut, n := 0, 1; cut < n; cut++ {
				rec := sealed(t, client, atClient, []byte("hello"))
				n = len(rec)
				atServer.in = slices.Clone(rec[:cut])
				for range 3 {
					if n, err := server.Read(buf); n != 0 || err != error(temporary{}) {
						t.Fatalf("cut at %d: %d, %v", cut, n, err)
					}
				}
				atServer.in = slices.Clone(rec[cut:])
				if n, err := server.Read(buf); string(buf[:n]) != "hello" || err != nil {
					t.Fatalf("cut at %d: %q, %v", cut, buf[:n], err)
				}
			}
		})
	}
}

// Any other error of the wire's Read stays.
func TestFactOtherRead(t *testing.T) {
	for name, version := range versions {
		server, client, atServer, atClient := scripted(t, version)
		broken := errors.New("broken")
		atServer.empty = broken
		if _, err := server.Read(make([]byte, 9)); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		atServer.in = sealed(t, client, atClient, []byte("hello"))
		if n, err := server.Read(make([]byte, 9)); n != 0 || !errors.Is(err, broken) {
			t.Errorf("%s: then %d, %v", name, n, err)
		}
	}
}

// A handshake cannot go on after an error, a temporary one included: that is
// why it has a goroutine.
func TestFactHandshakeError(t *testing.T) {
	config, _ := configs(stdtls.VersionTLS13)
	wire := &script{empty: temporary{}}
	server := stdtls.Server(wire, config)
	if err := server.Handshake(); err != error(temporary{}) {
		t.Fatal(err)
	}
	wire.in = clientHello(t)
	if err := server.Handshake(); err != error(temporary{}) || len(wire.in) == 0 {
		t.Errorf("%v, %d octets were not read", err, len(wire.in))
	}
}

// An error of the wire's Write stays, a temporary one included: that is why the
// engine's wire takes all.
func TestFactWriteError(t *testing.T) {
	for name, version := range versions {
		server, _, atServer, _ := scripted(t, version)
		atServer.broken = temporary{}
		if _, err := server.Write([]byte("x")); err == nil {
			t.Errorf("%s: no error", name)
		}
		atServer.broken = nil
		if _, err := server.Write([]byte("x")); err == nil || len(atServer.out) > 0 {
			t.Errorf("%s: then %v, %d octets", name, err, len(atServer.out))
		}
	}
}

// Read may return data and an error: it looks for an alert behind the data,
// when the wire's Read gave that away too.
func TestFactDataAndEOF(t *testing.T) {
	for name, version := range versions {
		server, client, atServer, atClient := scripted(t, version)
		rec := sealed(t, client, atClient, []byte("hello"))
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if len(atClient.out) == len(rec) {
			t.Fatal("no close_notify")
		}
		atServer.in = atClient.out
		buf := make([]byte, 100)
		n, err := server.Read(buf)
		// In TLS 1.3 the type of a record is encrypted, and it cannot look.
		if version == stdtls.VersionTLS12 && (string(buf[:n]) != "hello" || err != io.EOF) {
			t.Errorf("%s: %q, %v", name, buf[:n], err)
		}
		if version == stdtls.VersionTLS13 && (string(buf[:n]) != "hello" || err != nil) {
			t.Errorf("%s: %q, %v", name, buf[:n], err)
		}
	}
}

// One Read takes a whole record, if there is room, and no more.
func TestFactOneRecordARead(t *testing.T) {
	for name, version := range versions {
		server, client, atServer, atClient := scripted(t, version)
		for _, size := range []int{1, 500, 16384} {
			atServer.in = sealed(t, client, atClient, make([]byte, size))
			if n, err := server.Read(make([]byte, size)); n != size || err != nil || len(atServer.in) > 0 {
				t.Errorf("%s: %d of %d, %v", name, n, size, err)
			}
		}
	}
}

// rawInput, where crypto/tls collects a record, is about as large as the
// longest one was, if it is given one at a time, and never shrinks: that is
// most of what an idle connection costs. Should it shrink some day, so much the
// better.
func TestFactRawInput(t *testing.T) {
	for name, version := range versions {
		server, client, atServer, atClient := scripted(t, version)
		size := func() int {
			return reflect.ValueOf(server).Elem().FieldByName("rawInput").FieldByName("buf").Cap()
		}
		buf := make([]byte, 16384)
		read := func(n int) {
			atServer.in = sealed(t, client, atClient, make([]byte, n))
			if _, err := server.Read(buf); err != nil {
				t.Fatal(err)
			}
		}
		read(100)
		if n := size(); n > 2048 {
			t.Errorf("%s: %d octets after a small record", name, n)
		}
		read(16384)
		full := size()
		if full < 16384 || full > 20<<10 {
			t.Errorf("%s: %d octets after a full record", name, full)
		}
		for range 100 {
			read(100)
		}
		if n := size(); n != full {
			t.Errorf("%s: %d octets became %d", name, full, n)
		}
	}
}

// What crypto/tls allocates for a record that arrives: a reader of 24 octets,
// or two for one whose header and content it gets apart; and for one that it
// sends, nothing. Another Read that finds nothing would cost one more.
func TestFactAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("checks allocate")
	}
	for name, version := range versions {
		server, client, atServer, atClient := scripted(t, version)
		message := make([]byte, 100)
		buf := make([]byte, 1000)
		in := make([]byte, 0, 1000)
		received := testing.AllocsPerRun(100, func() {
			atClient.out = atClient.out[:0]
			if _, err := client.Write(message); err != nil {
				t.Fatal(err)
			}
			in = append(in[:0], atClient.out...)
			atServer.in = in
			if _, err := server.Read(buf); err != nil {
				t.Fatal(err)
			}
		})
		if received > 1 {
			t.Errorf("%s: %g allocations for a record sent and received", name, received)
		}
		idle := testing.AllocsPerRun(100, func() { _, _ = server.Read(buf) })
		if idle > 1 {
			t.Errorf("%s: %g allocations for a Read that finds nothing", name, idle)
		}
	}
}

// The fatal alert of an error is not to be had but by its text, which is that
// of the exported type (see alertOf).
func TestFactAlertText(t *testing.T) {
	server, client, atServer, atClient := scripted(t, stdtls.VersionTLS13)
	atServer.in = sealed(t, client, atClient, []byte("x"))
	atServer.in[10] ^= 1
	_, err := server.Read(make([]byte, 10))
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "local error" || op.Err.Error() != stdtls.AlertError(20).Error() {
		t.Errorf("%#v", err)
	}
	if _, ok := errors.AsType[stdtls.AlertError](err); ok {
		t.Error("the number is to be had now: use it")
	}
	texts := make(map[string]int)
	for a := range 256 {
		if was, ok := texts[stdtls.AlertError(a).Error()]; ok {
			t.Errorf("alerts %d and %d have one text", was, a)
		}
		texts[stdtls.AlertError(a).Error()] = a
	}
}
