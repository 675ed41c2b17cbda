package main

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// A process is an app that runs.
type process struct {
	cmd   *exec.Cmd
	asked bool          // a signal has asked it to end
	ended chan struct{} // closed when it has ended
	err   error         // of its end; complete when ended is closed
}

// launch starts binary as the app.
func (w *watcher) launch(binary string) (*process, error) {
	p := &process{cmd: exec.Command(binary, w.args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = w.stdout, w.stderr
	p.cmd.Env, p.cmd.ExtraFiles = w.sockets.give(os.Environ())
	p.cmd.WaitDelay = time.Second // for a process that it left behind, with its output
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	bind(p.cmd)
	started := make(chan error)
	go func() {
		// Linux kills the app when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			p.kill() // what it has left behind
		}
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	w.stdin.feed(stdin)
	return p, nil
}

// result says how the app ended.
func (p *process) result() string {
	if p.err == nil {
		return "exit status 0"
	}
	return p.err.Error()
}

// An input hands what is typed to the app that runs. The app is no part of the
// terminal's foreground and could not read it.
type input struct {
	from io.Reader
	once sync.Once // begins to read, when there is an app

	mu   sync.Mutex
	to   io.WriteCloser
	done bool // nothing more comes
}

// feed makes to the standard input of the app that runs now.
func (in *input) feed(to io.WriteCloser) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.to = to
	if in.done {
		_ = to.Close() // it may have ended
	}
	in.once.Do(func() { go in.read() })
}

// read reads until there is nothing more.
func (in *input) read() {
	_, _ = io.Copy(in, in.from) // its end and an error are the same to the app
	in.mu.Lock()
	defer in.mu.Unlock()
	in.done = true
	_ = in.to.Close() // it may have ended
}

// Write implements io.Writer. What no app reads is lost.
func (in *input) Write(p []byte) (n int, err error) {
	in.mu.Lock()
	to := in.to
	in.mu.Unlock()
	_, _ = to.Write(p) // an app that ended does not read
	return len(p), nil
}
