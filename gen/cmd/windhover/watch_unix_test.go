//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A watched is a windhover watch that runs.
type watched struct {
	t     *testing.T
	dir   string
	cmd   *exec.Cmd
	lines chan string // of standard error
	said  strings.Builder
	url   string
}

// startWatch makes an app and watches it.
func startWatch(t *testing.T, edit func(dir string), args ...string) *watched {
	t.Helper()
	t.Setenv("GOFLAGS", "-mod=mod")
	dir := filepath.Join(t.TempDir(), "shop")
	var out bytes.Buffer
	if code := run([]string{"new", dir}, &out, &out); code != exitOK {
		t.Fatal(out.String())
	}
	if edit != nil {
		edit(dir)
	}
	w := watchFolder(t, dir, nil, args...)
	w.wait("windhover: built and started in ")
	_, w.url, _ = strings.Cut(w.wait("listening on "), "listening on ")
	return w
}

// watchFolder watches the app in dir. Everything that it and the app say has to
// come in the time that a test may take.
func watchFolder(t *testing.T, dir string, stdin io.Reader, args ...string) *watched {
	t.Helper()
	w := &watched{t: t, dir: dir, lines: make(chan string, 1000)}
	tool := filepath.Join(t.TempDir(), "windhover")
	goRun(t, ".", "build", "-o", tool, ".")
	w.cmd = exec.Command(tool, append([]string{"watch"}, args...)...)
	w.cmd.Dir, w.cmd.Stdin = dir, stdin
	w.cmd.Env = append(os.Environ(), "WINDHOVER_URLS=http://127.0.0.1:0", "WINDHOVER_LOOPS=1")
	r, err := w.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.cmd.Stdout = w.cmd.Stderr
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			w.lines <- s.Text()
		}
		close(w.lines)
	}()
	t.Cleanup(func() {
		_ = w.cmd.Process.Kill() // it may have ended
		_ = w.cmd.Wait()
	})
	return w
}

// wait waits for a line with a text.
func (w *watched) wait(text string) string {
	w.t.Helper()
	bound := time.NewTimer(time.Minute)
	defer bound.Stop()
	for {
		select {
		case line, ok := <-w.lines:
			if !ok {
				w.t.Fatalf("it ended before it said %q:\n%s", text, w.said.String())
			}
			w.said.WriteString(line + "\n")
			if strings.Contains(line, text) {
				return line
			}
		case <-bound.C:
			w.t.Fatalf("it did not say %q:\n%s", text, w.said.String())
		}
	}
}

// edit replaces a text in a file.
func (w *watched) edit(name, before, after string) {
	w.t.Helper()
	replace(w.t, filepath.Join(w.dir, name), before, after)
}

// get returns the answer to a request over a connection of its own.
func (w *watched) get(target string) (string, error) {
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(w.url + target)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	return string(content), err
}

// answers checks an answer.
func (w *watched) answers(target, want string) {
	w.t.Helper()
	if got, err := w.get(target); err != nil || got != want {
		w.t.Errorf("%s answers %q, %v; want %q\n%s", target, got, err, want, w.said.String())
	}
}

// gone waits until nothing listens at the app's address.
func (w *watched) gone() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(w.url, "http://"))
		if err != nil {
			return
		}
		_ = c.Close()
	}
	w.t.Error("the app outlives its watcher")
}

// ask sends requests one after another until stop is called, which returns how many
// were answered and the errors.
func (w *watched) ask(target string) (stop func() (answered int, errs []error)) {
	var ended atomic.Bool
	var count int
	var errs []error
	done := make(chan struct{})
	go func() {
		defer close(done)
		pause := time.NewTicker(10 * time.Millisecond) // others need the processor, too
		defer pause.Stop()
		for !ended.Load() {
			<-pause.C
			if _, err := w.get(target); err != nil {
				errs = append(errs, err)
				continue
			}
			count++
		}
	}()
	return func() (int, []error) {
		ended.Store(true)
		<-done
		return count, errs
	}
}

// TestWatch does what a person does all day: changes functions, the declaration
// and embedded files, breaks things and mends them, and presses Ctrl-C.
func TestWatch(t *testing.T) {
	w := startWatch(t, func(dir string) {
		text := "package main\n\nimport (\n\t\"embed\"\n\t\"os\"\n\n\t\"github.com/windhover-go/windhover/sdk\"\n)\n\n" +
			"//go:embed motd.txt\nvar motd string\n\n//go:embed *.txt\nvar Texts embed.FS\n\nfunc Motd(res sdk.Response) { res.ResponseContent().Text(motd).Text(os.Args[1]) }\n"
		for name, text := range map[string]string{"motd.go": text, "motd.txt": "calm "} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		api := filepath.Join(dir, "api.go")
		declaration, err := os.ReadFile(api)
		if err != nil {
			t.Fatal(err)
		}
		declaration = bytes.Replace(declaration, []byte("\ts.Get(\"/hello"), []byte("\ts.Get(\"/openapi.json\", decl.OpenAPI())\n\ts.Get(\"/motd\", Motd)\n\ts.Get(\"/hello"), 1)
		if err := os.WriteFile(api, declaration, 0o644); err != nil {
			t.Fatal(err)
		}
	}, "--", "seas")
	w.answers("/hello/you", "Hello, you!\n")
	w.answers("/motd", "calm seas")

	stop := w.ask("/hello/you")
	w.edit("notes.go", `"Hello, "`, `"Good day, "`)
	w.wait("windhover: notes.go changed")
	w.wait("windhover: built and restarted in ")
	w.answers("/hello/you", "Good day, you!\n")

	w.edit("motd.txt", "calm", "rough")
	w.wait("windhover: motd.txt changed")
	w.wait("windhover: built and restarted in ")
	w.answers("/motd", "rough seas")

	if err := os.WriteFile(filepath.Join(w.dir, "moon.txt"), nil, 0o644); err != nil { // as go:embed *.txt has it
		t.Fatal(err)
	}
	w.wait("windhover: moon.txt changed")
	w.wait("windhover: built and restarted in ")

	w.edit("notes.go", "Text(name)", "Text(nam)")
	w.wait("notes.go:13:48: undefined: nam")
	w.wait("the app from before the change goes on")
	w.answers("/hello/you", "Good day, you!\n")

	w.edit("notes.go", "Text(nam)", "Text(name)")
	w.wait("the app is the same")

	w.edit("api.go", `"/hello/{name}"`, `"/hello/{nam}"`)
	w.wait("notes.go:11:12: parameter name of Hello is not in the path")
	w.wait("the app from before the change goes on")
	w.answers("/hello/you", "Good day, you!\n")

	w.edit("api.go", `"/hello/{nam}"`, `"/hi/{name}"`)
	w.wait("windhover: built and restarted in ")
	w.answers("/hi/you", "Good day, you!\n")
	if answered, errs := stop(); runtime.GOOS == "linux" && len(errs) > 0 {
		t.Errorf("%d requests were answered, %d not, such as %v", answered, len(errs), errs[0])
	}
	if document, err := w.get("/openapi.json"); err != nil || !strings.Contains(document, "/hi/{name}") {
		t.Errorf("the document does not follow: %v\n%s", err, document)
	}
	if said := w.said.String(); strings.Contains(said, "pipeline_gen.go changed") || strings.Contains(said, "openapi.json changed") {
		t.Errorf("what it generates itself makes it start over:\n%s", w.said.String())
	}

	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v\n%s", err, w.said.String())
	}
	w.gone()
}

// TestWatchIsKilled checks that the app does not outlive a watcher that had no
// time to end it, and that an app that ends by itself is started by the next
// change.
func TestWatchIsKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a process that its parent has ended")
	}
	w := startWatch(t, func(dir string) {
		text := "package main\n\nimport \"os\"\n\nfunc (a *App) Quit() { os.Exit(3) }\n"
		if err := os.WriteFile(filepath.Join(dir, "quit.go"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		api := filepath.Join(dir, "api.go")
		declaration, err := os.ReadFile(api)
		if err != nil {
			t.Fatal(err)
		}
		declaration = bytes.Replace(declaration, []byte("\ts.Get(\"/hello"), []byte("\ts.Get(\"/quit\", app.Quit)\n\ts.Get(\"/hello"), 1)
		if err := os.WriteFile(api, declaration, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	if got, err := w.get("/quit"); err == nil {
		t.Errorf("/quit answers %q", got)
	}
	w.wait("the app ended (exit status 3); a change starts it again")
	w.edit("notes.go", `"Hello, "`, `"Good day, "`)
	w.wait("windhover: built and started in ")
	w.answers("/hello/you", "Good day, you!\n")
	if err := w.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Wait(); err == nil {
		t.Error("it ended by itself")
	}
	w.gone()
}

// stubborn is a program that says what it is given, starts another one, and
// ends at no signal.
const stubborn = `package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	fmt.Println("arguments", os.Args[1:])
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT)
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		panic(err)
	}
	fmt.Println("child", child.Process.Pid)
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			fmt.Println("read", in.Text())
		}
		fmt.Println("read it all")
	}()
	for s := range signals {
		fmt.Println("got", s)
	}
}
`

// TestWatchPassesOn checks that the app gets arguments, input and signals, that one
// which does not end is killed, and what it started with it.
func TestWatchPassesOn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it is a test of processes and signals of Linux")
	}
	dir := filepath.Join(t.TempDir(), "stubborn")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": "module stubborn\n\ngo 1.26\n", "main.go": stubborn} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w := watchFolder(t, dir, strings.NewReader("one\ntwo\n"), "--", "-a", "b")
	w.wait("arguments [-a b]")
	_, child, _ := strings.Cut(w.wait("child "), "child ")
	w.wait("read it all")
	if said := w.said.String(); !strings.Contains(said, "read one\nread two\n") {
		t.Errorf("it says\n%s", said)
	}
	if err := w.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	w.wait("got user defined signal 1")

	w.edit("main.go", `"got"`, `"now got"`)
	w.wait("got terminated")
	w.wait("the app did not end within 5s of the signal and is killed")
	w.wait("built and restarted in ")
	w.wait("read it all") // there is no more
	// Whoever inherits it may leave it a zombie.
	for range 1000 {
		status, err := os.ReadFile("/proc/" + child + "/status")
		if err != nil || strings.Contains(string(status), "State:\tZ") {
			child = ""
			break
		}
		runtime.Gosched()
	}
	if child != "" {
		t.Errorf("process %s outlives the app that started it", child)
	}
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	w.wait("now got interrupt")
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil { // this time it is meant
		t.Fatal(err)
	}
	if err := w.cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, w.said.String())
	}
}

// TestWatchRefuses checks what cannot be watched.
func TestWatchRefuses(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"watch", "../../decl"}, exitApp, "package decl in ../../decl is not a command: watch takes the folder of the app's main package"},
		{[]string{"watch", "testdata/none"}, exitApp, "windhover: "},
		{[]string{"watch", "-x"}, exitUsage, `cannot make sense of ["-x"]`},
	} {
		var out bytes.Buffer
		if code := run(tt.args, &out, &out); code != tt.code || !strings.Contains(out.String(), tt.says) {
			t.Errorf("%q: exit code %d and\n%s\nwant %d and %q", tt.args, code, out.String(), tt.code, tt.says)
		}
	}
}

// TestSockets checks which endpoints a watcher holds for its app.
func TestSockets(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("apps take descriptors over on Linux")
	}
	for _, tt := range []struct{ urls, want string }{
		{"http://127.0.0.1:0", "fd:3"},
		{"http://127.0.0.1:0?policy=rfc; unix:/run/app.sock", "fd:3?policy=rfc;unix:/run/app.sock"},
		{"http://:0/", "fd:3"},
		{"http://127.0.0.1:0;http://127.0.0.1:0", "fd:3;fd:4"},
		{"unix:/run/app.sock", ""},
		{"http://nonsense", ""},
	} {
		t.Setenv(urlsVariable, tt.urls)
		s, err := holdSockets(new(sources))
		if err != nil || s.urls != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.urls, s.urls, err, tt.want)
		}
		s.close()
	}
	t.Setenv(urlsVariable, "http://127.0.0.1:65536")
	if _, err := holdSockets(new(sources)); err == nil || !strings.Contains(err.Error(), "cannot listen on http://127.0.0.1:65536") {
		t.Errorf("a port that is none: %v", err)
	}
	path := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(path, []byte("package main\n\nvar config = sdk.Config{Endpoints: nil}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(urlsVariable, "http://127.0.0.1:0")
	if s, err := holdSockets(&sources{serving: []string{path}}); err != nil || s.urls != "" || errors.Is(err, os.ErrNotExist) {
		t.Errorf("an app with endpoints of its own: %q, %v", s.urls, err)
	}
}
