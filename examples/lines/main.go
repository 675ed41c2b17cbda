// Command lines shows another protocol on a connection of HTTP/1.1, or on a stream
// of HTTP/2 (extended CONNECT): lines of text, each sent back in capitals.
//
//	curl -N -H "Connection: Upgrade" -H "Upgrade: lines" http://localhost:5000/lines
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/windhover-go/windhover/sdk"
)

func main() {
	if err := sdk.Run(NewPipeline()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// patience is how long a client may be silent.
const patience = 2 * time.Minute

// Lines speaks the protocol "lines": each line, of 64 KiB at most, is sent back
// in capitals, until the client ends its stream or sends "quit".
func Lines(ctx context.Context, up sdk.Upgrade) error {
	stream, err := up.OpenUpgrade("lines")
	if err != nil {
		return err
	}
	out := &writer{stream: stream}
	out.say("hello")
	stop := context.AfterFunc(ctx, func() { // the server shuts down, or the client is gone
		out.say("goodbye")
		stream.Close()
	})
	defer stop()
	silence := time.AfterFunc(patience, func() { stream.Close() })
	defer silence.Stop()
	in := bufio.NewScanner(stream)
	for in.Scan() && in.Text() != "quit" {
		silence.Reset(patience)
		out.say(strings.ToUpper(in.Text()))
	}
	if err := in.Err(); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	return nil
}

// A writer lets several goroutines write lines.
type writer struct {
	mu     sync.Mutex
	stream sdk.UpgradedStream
}

// say writes a line. When that fails, so does what reads.
func (w *writer) say(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = io.WriteString(w.stream, line+"\n")
}
