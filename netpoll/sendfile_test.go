package netpoll_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/netpoll/sim"
)

// tempFile returns an open file with that content.
func tempFile(t *testing.T, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// sendAll sends n octets of file from offset on, reading it where it has to.
func sendAll(c *netpoll.Conn, file *os.File, offset int64, n int) (sent int, err error) {
	for sent < n {
		m, err := c.SendFileLent(file, offset+int64(sent), n-sent)
		sent += m
		switch {
		case err == nil:
			return sent, nil
		case err != netpoll.ErrNoSendFile:
			return sent, err
		}
		p := make([]byte, min(1000, n-sent))
		if m, _ = file.ReadAt(p, offset+int64(sent)); m == 0 {
			return sent, nil
		}
		if err := c.WriteLent(p[:m]); err != nil {
			return sent, err
		}
		sent += m
	}
	return sent, nil
}

// TestSimSendsFiles sends parts of a file over many schedules, to peers that
// read with pauses: every octet arrives in order, and the end of the file is
// told. Through a layer, with odd seeds, nothing is sent without a copy.
func TestSimSendsFiles(t *testing.T) {
	content := make([]byte, 60_000)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(content)
	file := tempFile(t, content)
	for seed := range seeds(t) / 10 {
		offset, n := int(seed)*7%len(content), 30_000
		want := content[offset:min(offset+n, len(content))]
		net := sim.New(seed, sim.Faults{})
		var sent int
		var err error
		done := false
		w := newWorld(t, seed, net, netpoll.LoopOptions{}, func(w *world, _ *netpoll.Conn) netpoll.Handler {
			h := &funcs{
				receive: func(c *netpoll.Conn, in []byte) int {
					c.Lend(w.net.Scheduler().Waiter())
					w.net.Scheduler().Go(func() {
						if err = c.WriteLent([]byte("head")); err == nil {
							if _, e := c.SendFileLent(file, 0, 0); (e == netpoll.ErrNoSendFile) != (seed%2 == 1) {
								t.Errorf("seed %d: without octets: %v", seed, e)
							}
							sent, err = sendAll(c, file, int64(offset), n)
						}
						if err == nil {
							err = c.WriteLent([]byte("tail"))
						}
						done = true
						c.GiveBack(nil, true)
					})
					return len(in)
				},
				returned: func(c *netpoll.Conn) { c.Close() },
			}
			if seed%2 == 1 {
				return &greeter{Handler: &echo{}, w: w, next: h}
			}
			return h
		})
		first := []byte("x")
		if seed%2 == 1 {
			first = veiled([]byte(greeting), veilData, first)
		}
		p := w.dial(first)
		p.SetWindow(5000)
		for range 10_000 {
			if w.turnsOf(1); done && p.Ended() {
				break
			}
		}
		if err != nil || sent != len(want) {
			t.Fatalf("seed %d: sent %d of %d octets: %v", seed, sent, len(want), err)
		}
		got := p.Received()
		if seed%2 == 1 {
			got, _, _ = unveil(got)
		}
		if !bytes.Equal(got, append(append([]byte("head"), want...), "tail"...)) {
			t.Fatalf("seed %d: the peer got %d octets that are not those of the file", seed, len(got))
		}
	}
}
