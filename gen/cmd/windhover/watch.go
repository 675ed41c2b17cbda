package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/windhover-go/windhover/gen"
)

const (
	// pollEvery is how often files are looked at. A change is acted on when
	// two looks in a row see the same: a person saves several files at once.
	pollEvery = 200 * time.Millisecond
	// drainWithin is how long an app may finish its exchanges before it is killed.
	drainWithin = 5 * time.Second
)

// A watcher keeps an app running as its source has it. All of it belongs to one
// goroutine.
type watcher struct {
	dir    string   // of the app's package
	args   []string // of the app
	stdin  *input
	stdout io.Writer // of the app
	stderr io.Writer // of the app, and what the watcher says

	signals <-chan os.Signal
	sockets *sockets // that the app is given
	temp    string   // folder of the binaries
	src     *sources // what was found last
	seen    state    // what they were like when the last build began

	app    *process // nil when none runs
	binary string   // of app
	hash   [sha256.Size]byte
	builds int // so far
}

// An event is what a watcher waits for.
type event int

const (
	eventChange event = iota // a file changed, and nothing more changes
	eventDone                // what was waited for is done
	eventEnd                 // a signal asks the watcher to end
)

// watch implements windhover watch.
func watch(args []string, stdout, stderr io.Writer) int {
	w := &watcher{stdout: stdout, stderr: stderr, seen: state{}}
	if i := slices.Index(args, "--"); i >= 0 {
		args, w.args = args[:i], args[i+1:]
	}
	o, rest, ok := options(args, stdout, stderr, nil)
	if !ok {
		return exitUsage
	}
	if w.dir, ok = o.folder(rest); !ok {
		return exitUsage
	}
	var err error
	if w.src, err = findSources(w.dir); err != nil {
		return fail(err, stderr)
	}
	if w.src.name != "main" {
		fmt.Fprintf(stderr, "windhover: package %s in %s is not a command: watch takes the folder of the app's main package\n", w.src.name, w.dir)
		return exitApp
	}
	if w.temp, err = os.MkdirTemp("", "windhover-watch-*"); err != nil {
		return fail(err, stderr)
	}
	defer os.RemoveAll(w.temp)
	if w.sockets, err = holdSockets(w.src); err != nil {
		return fail(err, stderr)
	}
	defer w.sockets.close()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, append([]os.Signal{os.Interrupt, syscall.SIGTERM}, furtherSignals()...)...)
	defer signal.Stop(signals)
	w.signals = signals
	w.stdin = &input{from: os.Stdin}
	w.run()
	return exitOK
}

// run builds and runs the app, again after each change, until a signal ends it.
func (w *watcher) run() {
	w.say("watching %s", w.src)
	for {
		switch w.rebuild() {
		case eventEnd:
			return
		case eventChange:
			continue // while it was built
		case eventDone:
		}
		if w.await(nil) == eventEnd {
			w.stop()
			return
		}
	}
}

// rebuild generates, builds and starts the app as its files are now. What is
// wrong is printed, and the app that runs goes on.
func (w *watcher) rebuild() event {
	begin := time.Now()
	src, err := findSources(w.dir)
	if err != nil {
		w.failed(err)
		w.seen = w.src.state()
		return eventDone
	}
	w.src, w.seen = src, src.state()
	if err = w.generate(); err != nil {
		w.failed(err)
		return eventDone
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.builds++
	binary := filepath.Join(w.temp, fmt.Sprintf("%s-%d", w.src.base(), w.builds))
	done := make(chan struct{})
	go func() {
		err = build(ctx, w.dir, binary)
		close(done)
	}()
	e := w.await(done)
	if e != eventDone {
		cancel()
		<-done
		_ = os.Remove(binary) // it may not be there
		if e == eventEnd {
			w.stop()
		}
		return e
	}
	if err != nil {
		w.failed(err)
		return eventDone
	}
	return w.restart(binary, begin)
}

// restart runs binary in the place of the app that runs, unless it is the same.
func (w *watcher) restart(binary string, begin time.Time) event {
	content, err := os.ReadFile(binary)
	if err != nil {
		w.failed(err)
		return eventDone
	}
	hash := sha256.Sum256(content)
	if w.app != nil && hash == w.hash {
		w.say("built in %s: the app is the same", since(begin))
		_ = os.Remove(binary) // the folder is removed at the end
		return eventDone
	}
	again := w.app != nil
	if w.stop() == eventEnd {
		return eventEnd
	}
	if w.binary != "" {
		_ = os.Remove(w.binary)
	}
	w.binary, w.hash = binary, hash
	if again {
		w.say("built and restarted in %s", since(begin))
	} else {
		w.say("built and started in %s", since(begin))
	}
	if w.app, err = w.launch(binary); err != nil {
		w.failed(err)
	}
	return eventDone
}

// generate writes the pipelines of the app.
func (w *watcher) generate() error {
	var missing error
	found := false
	for _, dir := range w.src.declaring {
		result, err := gen.Generate(dir)
		if d, ok := errors.AsType[gen.DeclarationErrors](err); ok && len(d) == 1 && d[0].Code == "no-declaration" {
			missing = err // a package can have parts of the declaration of another
			continue
		}
		found = true
		if err != nil {
			return err
		}
		for _, file := range result.Files() {
			if file.Edited() {
				return file.NotGenerated()
			}
			if err := file.Write(); err != nil {
				return err
			}
			w.seen.again(file.Path)
		}
	}
	if !found {
		return missing
	}
	return nil
}

// build builds the app of the package in dir.
func build(ctx context.Context, dir, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary, ".")
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.New(strings.TrimSpace(fromHere(dir, string(out))))
	}
	return nil
}

// fromHere makes the file names at the beginning of lines, which are relative
// to dir, relative to the working directory.
func fromHere(dir, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if name, rest, ok := strings.Cut(line, ".go:"); ok && !filepath.IsAbs(name) {
			if path, err := filepath.Abs(filepath.Join(dir, name+".go")); err == nil {
				line = relative(path) + ":" + rest
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

// await waits until done is closed, files change, or a signal asks for the end.
// It says what changed, and when the app ends by itself. A nil done is never
// closed.
func (w *watcher) await(done <-chan struct{}) event {
	ticks := time.NewTicker(pollEvery)
	defer ticks.Stop()
	last := w.seen
	for {
		var ended <-chan struct{}
		if w.app != nil {
			ended = w.app.ended
		}
		select {
		case s := <-w.signals:
			if w.forward(s) {
				return eventEnd
			}
		case <-ended:
			w.say("the app ended (%s); a change starts it again", w.app.result())
			w.app = nil
		case <-done:
			return eventDone
		case <-ticks.C:
			now := w.src.state()
			if now.equal(last) && !now.equal(w.seen) {
				w.say("%s changed", now.changes(w.seen))
				return eventChange
			}
			last = now
		}
	}
}

// forward hands a signal to the app. It reports whether the watcher is asked to
// end: the app is then, too.
func (w *watcher) forward(s os.Signal) (end bool) {
	end = !slices.Contains(forwardedSignals(), s)
	if s == syscall.SIGHUP {
		s = syscall.SIGTERM // an app ends in order at this one
	}
	if w.app != nil {
		w.app.signal(s)
		w.app.asked = w.app.asked || end
	}
	return end
}

// stop makes the app end: in order, or, when that takes too long or a further
// signal asks for it, at once.
func (w *watcher) stop() event {
	e := eventDone
	if w.app == nil {
		return e
	}
	if !w.app.asked {
		w.app.signal(syscall.SIGTERM)
	}
	bound := time.NewTimer(drainWithin)
	defer bound.Stop()
	for ended := false; !ended; {
		select {
		case <-w.app.ended:
			ended = true
		case s := <-w.signals:
			if !slices.Contains(forwardedSignals(), s) {
				e = eventEnd
				w.app.kill()
			}
		case <-bound.C:
			w.say("the app did not end within %s of the signal and is killed", drainWithin)
			w.app.kill()
		}
	}
	w.app = nil
	return e
}

// failed prints why there is no new app.
func (w *watcher) failed(err error) {
	fail(err, w.stderr)
	if w.app != nil {
		w.say("the app from before the change goes on")
		return
	}
	w.say("waiting for a change")
}

// say prints a line.
func (w *watcher) say(format string, args ...any) {
	fmt.Fprintf(w.stderr, "windhover: "+format+"\n", args...)
}

// since returns how long ago begin was, short to read.
func since(begin time.Time) time.Duration { return time.Since(begin).Round(10 * time.Millisecond) }
