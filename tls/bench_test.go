package tls_test

import (
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/windhover-go/windhover/tls"
)

// BenchmarkReceive opens one record; beside it crypto/tls alone.
func BenchmarkReceive(b *testing.B) {
	for _, size := range []int{100, 1024, 16384} {
		b.Run(fmt.Sprintf("engine/%d", size), func(b *testing.B) {
			c := newTalker(b, stdtls.VersionTLS13, tls.New(tls.Config{}))
			plain, message := make([]byte, 0, 64<<10), make([]byte, size)
			rec := c.record(typeData, message)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, p, _, err := c.c.Receive(rec, plain, nil, 0); err != nil || len(p) != size {
					b.Fatal(err)
				}
				b.StopTimer()
				rec = c.record(typeData, message)
				b.StartTimer()
			}
		})
		b.Run(fmt.Sprintf("crypto/%d", size), func(b *testing.B) {
			server, client, atServer, atClient := scripted(b, stdtls.VersionTLS13)
			buf, message := make([]byte, 16384), make([]byte, size)
			atServer.in = sealed(b, client, atClient, message)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if n, err := server.Read(buf); err != nil || n != size {
					b.Fatal(err)
				}
				b.StopTimer()
				atServer.in = sealed(b, client, atClient, message)
				b.StartTimer()
			}
		})
	}
}

// BenchmarkSeal seals one message; beside it crypto/tls alone.
func BenchmarkSeal(b *testing.B) {
	for _, size := range []int{100, 1024, 16384} {
		message := make([]byte, size)
		b.Run(fmt.Sprintf("engine/%d", size), func(b *testing.B) {
			c := newTalker(b, stdtls.VersionTLS13, tls.New(tls.Config{}))
			out := make([]byte, 0, 64<<10)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.c.Seal(out, message); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("crypto/%d", size), func(b *testing.B) {
			server, _, atServer, _ := scripted(b, stdtls.VersionTLS13)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				atServer.out = atServer.out[:0]
				if _, err := server.Write(message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHandshake makes full handshakes, those of the client included;
// beside it crypto/tls over a pipe, with a goroutine for each end.
func BenchmarkHandshake(b *testing.B) {
	for name, version := range versions {
		config, client := configs(version)
		b.Run("engine/"+name, func(b *testing.B) {
			shared := tls.New(tls.Config{})
			b.ReportAllocs()
			for b.Loop() {
				s := &side{}
				if err := s.play(b, shared, config, func(l *link) error { return stdtls.Client(l, client).Handshake() }); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("crypto/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x, y := net.Pipe()
				done := make(chan error)
				go func() { done <- stdtls.Server(x, config).Handshake() }()
				peer := stdtls.Client(y, client)
				err := peer.Handshake()
				if version == stdtls.VersionTLS13 {
					go func() { _, _ = peer.Read(nil); _, _ = peer.Read(make([]byte, 1)) }() // the ticket
				}
				if err = errors.Join(err, <-done); err != nil {
					b.Fatal(err)
				}
				y.Close()
			}
		})
	}
}
