package netpoll_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"github.com/windhover-go/windhover/netpoll"
)

// sendsFile serves connections by sending them n octets of a file.
func sendsFile(t *testing.T, file *os.File, n int, options netpoll.LoopOptions, first func(sent int), result func(sent int, err error)) net.Conn {
	t.Helper()
	_, addr := serveOS(t, "127.0.0.1:0", netpoll.ListenOptions{}, options, func(*netpoll.Conn) netpoll.Handler {
		w := make(signal, 1)
		return &funcs{
			receive: func(c *netpoll.Conn, in []byte) int {
				c.Lend(w)
				go func() {
					sent, err := c.SendFileLent(file, 0, 1)
					if first != nil {
						first(sent)
					}
					if err == nil {
						sent, err = c.SendFileLent(file, 1, n-1)
					}
					result(sent+1, err)
					c.GiveBack(nil, true)
				}()
				return len(in)
			},
			returned: func(c *netpoll.Conn) { c.Close() },
		}
	})
	p, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	_ = p.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(p, "x"); err != nil {
		t.Fatal(err)
	}
	return p
}

type sentFile struct {
	n   int
	err error
}

// TestOSSendsFiles sends a file that is larger than what the kernel keeps: whole,
// of one that ends before, to a peer that goes, and to one that does not read.
func TestOSSendsFiles(t *testing.T) {
	content := make([]byte, 16<<20)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(content)
	for _, tt := range []struct {
		name    string
		n       int
		options netpoll.LoopOptions
		cut     int64 // what the file is cut to once a part was sent
		peer    func(p net.Conn) error
		sent    int // -1: fewer than the file has
		err     error
	}{
		{"whole", 16 << 20, netpoll.LoopOptions{}, 0, nil, 16 << 20, nil},
		{"a part", 100_000, netpoll.LoopOptions{}, 0, nil, 100_000, nil},
		{"the file ends before", 17 << 20, netpoll.LoopOptions{}, 0, nil, 16 << 20, nil},
		{"the file becomes shorter", 16 << 20, netpoll.LoopOptions{}, 1 << 20, nil, 1 << 20, nil},
		{"the peer goes", 16 << 20, netpoll.LoopOptions{}, 0, func(p net.Conn) error {
			_ = p.(*net.TCPConn).SetLinger(0)
			return p.Close()
		}, -1, netpoll.ErrReset},
		{"the peer does not read", 16 << 20, netpoll.LoopOptions{SendRate: 1000, SendGrace: 1e8, SendStall: 1e8}, 0, func(net.Conn) error { return nil }, -1, netpoll.ErrSlow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := tempFile(t, content)
			result := make(chan sentFile, 1)
			p := sendsFile(t, file, tt.n, tt.options, func(int) {
				if tt.cut > 0 {
					if err := file.Truncate(tt.cut); err != nil {
						t.Error(err)
					}
				}
			}, func(n int, err error) { result <- sentFile{n, err} })
			if tt.peer != nil {
				if _, err := io.ReadFull(p, make([]byte, 1000)); err != nil {
					t.Fatal(err)
				}
				if err := tt.peer(p); err != nil {
					t.Fatal(err)
				}
			} else if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, content[:tt.sent]) {
				t.Errorf("the peer got %d octets, %v", len(got), err)
			}
			select {
			case r := <-result:
				if r.err != tt.err || r.n != tt.sent && (tt.sent >= 0 || r.n >= len(content)) {
					t.Errorf("sent %d octets, %v; want %d, %v", r.n, r.err, tt.sent, tt.err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the unit does not return")
			}
		})
	}
}

// TestOSNoSendFile checks that what cannot be sent without a copy is said to be
// that, and that the connection goes on.
func TestOSNoSendFile(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	result := make(chan sentFile, 1)
	p := sendsFile(t, dir, 100, netpoll.LoopOptions{}, nil, func(n int, err error) { result <- sentFile{n, err} })
	if got, err := io.ReadAll(p); len(got) > 0 || err != nil {
		t.Errorf("the peer got %q, %v", got, err)
	}
	if r := <-result; r.err != netpoll.ErrNoSendFile {
		t.Errorf("sent %d octets of a directory, %v", r.n, r.err)
	}
}
