package h2

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"testing"

	"golang.org/x/net/http2"
)

// BenchmarkNetHTTP is what benchmark measures, for the server of x/net/http2
// over a connection in memory: 100 requests in one write, and their responses.
func BenchmarkNetHTTP(b *testing.B) {
	ours, theirs := net.Pipe()
	server := &http2.Server{MaxConcurrentStreams: 1000, MaxReadFrameSize: 1 << 20}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "Hello, World!") //nolint:errcheck // the connection is in memory
	})
	go server.ServeConn(theirs, &http2.ServeConnOpts{Handler: handler})
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
