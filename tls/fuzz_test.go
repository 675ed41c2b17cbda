package tls_test

import (
	"bytes"
	stdtls "crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"testing"

	"github.com/windhover-go/windhover/tls"
)

// speech makes octets of a program, which a fuzzer writes: records honest and
// not, with the keys of one session. All but the nonces of TLS 1.2 and the keys
// is the same with those of another.
func speech(k *keys, program []byte) []byte {
	var out []byte
	next := func() byte {
		if len(program) == 0 {
			return 0
		}
		b := program[0]
		program = program[1:]
		return b
	}
	some := func() []byte {
		n := min(int(next()), len(program))
		b := program[:n]
		program = program[n:]
		return b
	}
	for len(program) > 0 && len(out) < 1<<18 {
		switch op := next(); op % 10 {
		case 0:
			out = append(out, k.record(typeData, some())...)
		case 1:
			out = append(out, k.record(typeData, make([]byte, int(next())<<6))...)
		case 2:
			out = append(out, k.record(typeAlert, []byte{next() % 4, next()})...)
		case 3:
			out = append(out, k.record(typeHandshake, some())...)
		case 4:
			out = append(out, some()...)
		case 5:
			rec := k.record(typeData, some())
			rec[int(next())%len(rec)] ^= 1 << (next() % 8)
			out = append(out, rec...)
		case 6:
			out = append(out, k.record(typeHandshake, message(messageKeyUpdate, next()&1))...)
			if k.version == stdtls.VersionTLS13 {
				k.send.update()
			}
		case 7:
			out = append(out, k.record(next(), some())...)
		case 8:
			for range next() % 40 {
				out = append(out, k.record(typeData, nil)...)
			}
		case 9:
			// TLS 1.3 pads, and sends change_cipher_spec in the clear.
			out = append(out, typeCCS, 3, 3, 0, 1, next())
		}
	}
	return out
}

// oracle gives a speech to crypto/tls alone, over a wire that has all of it at
// once. An error that says nothing but that this was all is errAll.
func oracle(tb testing.TB, version uint16, program []byte) ([]byte, error) {
	tb.Helper()
	config, client := configs(version)
	var log bytes.Buffer
	forKeys(config, client, &log)
	a, b := net.Pipe()
	wire, recorded := &switched{Conn: a}, &recorder{Conn: b}
	server, peer := stdtls.Server(wire, config), stdtls.Client(recorded, client)
	done := make(chan error)
	go func() { done <- server.Handshake() }()
	if err := errors.Join(peer.Handshake(), <-done); err != nil {
		tb.Fatal(err)
	}
	k := newKeys(tb, version, peer.ConnectionState().CipherSuite, log.String(), recorded.heard)
	wire.script = &script{in: speech(k, program), empty: errAll}
	var plain []byte
	buf := make([]byte, 16384)
	for {
		n, err := server.Read(buf)
		plain = append(plain, buf[:n]...)
		if err != nil {
			return plain, err
		}
	}
}

var errAll = errors.New("this was all")

// A recorder remembers what is read.
type recorder struct {
	net.Conn
	heard []byte
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.heard = append(r.heard, p[:n]...)
	return n, err
}

// FuzzReceive checks that the engine, however the octets are cut, receives what
// crypto/tls receives from a connection that blocks, and fails when that does,
// for the same reason.
func FuzzReceive(f *testing.F) {
	for _, program := range []string{
		"\x00\x05hello\x02\x01\x00\x00\x01x",
		"\x00\x05hello\x06\x01\x06\x00\x01\xff\x01\x40\x08\x05\x02\x01\x5a\x00\x01y",
		"\x03\x02\x18\x00\x00\x01x", "\x03\x04\x18\x00\x00\x01\x03\x01\x01\x00\x01x",
		"\x05\x03abc\x07\x02", "\x08\x27\x08\x27", "\x04\x05\x17\x03\x03\x48\x01", "\x07\x1e\x01x", "\x09\x01\x00\x01x",
		"\x02\x02\x28", "\x03\x04\x00\x00\x00\x00", "\x04\x03\x17\x03\x03", "\x06\x01\x06\x01\x06\x01\x00\x01x",
		"\x04\x05\x17\x03\x40\x01\x00", "\x04\x05\x17\x03\x03\x41\x01", // refused by the header
	} {
		f.Add(program, true, uint64(1))
		f.Add(program, false, uint64(2))
	}
	f.Fuzz(func(t *testing.T, program string, newest bool, seed uint64) {
		version := uint16(stdtls.VersionTLS12)
		if newest {
			version = stdtls.VersionTLS13
		}
		want, wantErr := oracle(t, version, []byte(program))
		c := newTalker(t, version, tls.New(tls.Config{}))
		in := speech(c.keys, []byte(program))
		r := rand.New(rand.NewPCG(seed, 0))
		most := 1 + r.IntN(len(in)+1)
		c.cut = func(left int) int { return min(left, 1+r.IntN(most)) }
		err := c.say(in)
		if !bytes.Equal(c.plain, want) {
			t.Fatalf("%q, not %q", c.plain, want)
		}
		var failed *tls.FailureError
		switch {
		case wantErr == errAll && err == nil, wantErr == io.EOF && err == io.EOF:
		case errors.As(err, &failed) && failed.Err != nil && failed.Err.Error() == wantErr.Error():
		default:
			t.Fatalf("%v, not %v", err, wantErr)
		}
	})
}

// FuzzHello checks that what a peer says first means the same however it is
// cut, and that octets alone never end a handshake well.
func FuzzHello(f *testing.F) {
	hello := clientHello(f)
	for _, in := range [][]byte{
		hello, append(slices.Clip(hello), 20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 1, 0),
		hello[:100], []byte("GET / HTTP/1.1\r\n"),
		{22, 3, 1, 0, 4, 1, 0, 0, 0},
		{21, 3, 1, 0, 2, 1, 0},
		{0x80, 3, 1},
	} {
		f.Add(in, uint64(1))
	}
	config, _ := configs(stdtls.VersionTLS12)
	config.MaxVersion = stdtls.VersionTLS13
	shared := tls.New(tls.Config{Limits: tls.Limits{Hello: 4000}})
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		say := func(cut func(int) int) *tls.FailureError {
			s := &side{link: newLink(), cut: cut}
			s.c.Start(shared, config, s, 0)
			defer s.c.Close()
			if _, err := s.Write(in); err != nil {
				t.Fatal(err)
			}
			_ = s.Close()
			for s.turn(); s.err == nil; s.turn() {
				<-s.event
			}
			var failed *tls.FailureError
			if !errors.As(s.err, &failed) {
				t.Fatal(s.err)
			}
			return failed
		}
		r := rand.New(rand.NewPCG(seed, 0))
		most := 1 + r.IntN(len(in)+1)
		whole := say(nil)
		for _, cut := range []func(int) int{
			func(left int) int { return min(left, 1+r.IntN(most)) },
			func(int) int { return 1 },
		} {
			if got := say(cut); got.Reason != whole.Reason || got.Alert != whole.Alert {
				t.Fatalf("%v; uncut %v", got, whole)
			}
		}
	})
}
