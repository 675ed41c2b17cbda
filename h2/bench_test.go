package h2

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"testing"

	"golang.org/x/net/http2"
)

// A pipe is a listener with one connection, in memory.
type pipe struct {
	conn   net.Conn
	closed chan struct{}
}

// Accept implements net.Listener.
func (p *pipe) Accept() (net.Conn, error) {
	if c := p.conn; c != nil {
		p.conn = nil
		return c, nil
	}
	<-p.closed
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (p *pipe) Close() error { close(p.closed); return nil }

// Addr implements net.Listener.
func (p *pipe) Addr() net.Addr { return &net.UnixAddr{} }

// BenchmarkNetHTTP is what benchmark measures, for the server of net/http over a
// connection in memory: 100 requests in one write, and their responses.
func BenchmarkNetHTTP(b *testing.B) {
	ours, theirs := net.Pipe()
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, "Hello, World!") //nolint:errcheck // the connection is in memory
		}),
		Protocols: &http.Protocols{},
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: 1000},
	}
	server.Protocols.SetUnencryptedHTTP2(true)
	go server.Serve(&pipe{theirs, make(chan struct{})}) //nolint:errcheck // it ends with the benchmark
	defer server.Close()
	defer ours.Close()
	ended := make(chan struct{}, 1000)
	go func() {
		framer := http2.NewFramer(ours, ours)
		for {
			f, err := framer.ReadFrame()
			if err != nil {
				return
			}
			if d, ok := f.(*http2.DataFrame); ok && d.StreamEnded() {
				ended <- struct{}{}
			}
		}
	}()
	cl := newClient()
	id := uint32(1)
	b.ReportAllocs()
	for b.Loop() {
		for range 100 {
			cl.get(id)
			id += 2
		}
		cl.frame(frameWindowUpdate, 0, 0, binary.BigEndian.AppendUint32(nil, 1300))
		if _, err := ours.Write(cl.take()); err != nil {
			b.Fatal(err)
		}
		for range 100 {
			<-ended
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/request")
}
