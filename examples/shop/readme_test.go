package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the finished files, and what commands print, into README.md")

// A block of README.md is fenced text.
type block struct {
	lang, file string // file is what the line above names, or ""
	text       string
}

var (
	fenced = regexp.MustCompile("(?m)^(?:`([^` \n]+)`[^\n]*:\n\n|)```([a-z]+)\n((?s:.*?))^```\n")
	// address is what README.md says the app listens on.
	address = regexp.MustCompile(`localhost:[0-9]+`)
	// differs is what is not the same whenever a command runs.
	differs = regexp.MustCompile(`"placed":"[^"]*"|"token":"[^"]*"|(?m:^Date: .*$)`)
)

// blocks returns the blocks of a text, in order.
func blocks(text string) (list []block) {
	for _, m := range fenced.FindAllStringSubmatch(text, -1) {
		list = append(list, block{lang: m[2], file: m[1], text: m[3]})
	}
	return list
}

// TestREADME follows README.md: it makes the app in a new folder, writes the
// files, runs what is to be run, starts the app where that is said, and compares
// what the commands print. The last text of each file is the one here.
func TestREADME(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the server runs on Linux")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed; .ci/run installs it")
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t)
	for _, b := range blocks(string(text)) {
		switch {
		case b.file != "":
			r.write(b.file, b.text)
		case b.lang == "sh":
			for line := range strings.Lines(b.text) {
				r.do(strings.TrimSpace(line))
			}
		case b.lang == "console":
			got := r.ask(b.text)
			if differs.ReplaceAllString(got, "…") != differs.ReplaceAllString(b.text, "…") {
				t.Errorf("README.md says\n%s\nbut it is\n%s", b.text, got)
				text = bytes.Replace(text, []byte(b.text), []byte(got), 1)
			}
		default:
			t.Fatalf("a block of %s that is not for a file:\n%s", b.lang, b.text)
		}
	}
	for name, text := range r.files {
		here, err := os.ReadFile(name)
		if err != nil || string(here) != text {
			t.Errorf("%s of README.md is not the one here", name)
		}
	}
	r.complete()
	if *update {
		if err := os.WriteFile("README.md", text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A reader is somebody who follows README.md.
type reader struct {
	t       *testing.T
	dir     string // of the app
	files   map[string]string
	address string // of the app, once it runs
	server  *exec.Cmd
	in      io.WriteCloser // of a shell
	out     *bufio.Reader
}

func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{t: t, dir: filepath.Join(t.TempDir(), "shop"), files: map[string]string{}}
	sh := exec.CommandContext(t.Context(), "sh")
	sh.Dir = "../.." // the clone
	sh.Env = append(os.Environ(), "no_proxy=*", "NO_PROXY=*")
	var err error
	if r.in, err = sh.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := sh.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.out = bufio.NewReader(out)
	if err = sh.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.stop()
		_ = r.in.Close()
		_ = sh.Wait()
	})
	return r
}

// write writes a file of the app.
func (r *reader) write(name, text string) {
	r.t.Helper()
	r.files[name] = text
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// do runs a line that has to succeed.
func (r *reader) do(line string) {
	r.t.Helper()
	if urls, ok := strings.CutSuffix(line, "go run ."); ok {
		r.start(urls)
		return
	}
	out, status := r.run(strings.ReplaceAll(line, "../shop", r.dir))
	if status != 0 {
		r.t.Fatalf("%s: %d\n%s", line, status, out)
	}
	if strings.Contains(line, "windhover new") { // the sums that are known here need not be asked for
		sums, err := os.ReadFile("go.sum")
		if err != nil {
			r.t.Fatal(err)
		}
		if err = os.WriteFile(filepath.Join(r.dir, "go.sum"), sums, 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// ask runs the commands of a block, and returns it with what they print.
func (r *reader) ask(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		out, _ := r.run(address.ReplaceAllString(command, r.address))
		out = strings.TrimRight(strings.ReplaceAll(out, "\r", ""), "\n")
		b.WriteString(line)
		if out != "" {
			b.WriteString(out + "\n")
		}
	}
	return b.String()
}

// run runs a command in the shell of the reader, and returns what it prints and
// its status.
func (r *reader) run(command string) (out string, status int) {
	r.t.Helper()
	const end = "(the end of it)"
	if _, err := fmt.Fprintf(r.in, "{ %s\n} 2>&1 </dev/null\nprintf '\\n%s %%d\\n' $?\n", command, end); err != nil {
		r.t.Fatal(err)
	}
	for {
		line, err := r.out.ReadString('\n')
		if err != nil {
			r.t.Fatalf("%s: the shell has ended: %v\n%s", command, err, out)
		}
		if _, err := fmt.Sscanf(line, end+" %d", &status); err == nil {
			return strings.TrimSuffix(out, "\n"), status
		}
		out += line
	}
}

// start starts the app on a free port, in place of the one that runs. setting is
// what README.md says of its URL, or "".
func (r *reader) start(setting string) {
	r.t.Helper()
	r.stop()
	binary := filepath.Join(r.t.TempDir(), "server")
	if out, status := r.run("go build -o " + binary + " ."); status != 0 {
		r.t.Fatalf("go build: %s", out)
	}
	r.server = exec.Command(binary)
	r.server.Dir = r.dir
	urls := "WINDHOVER_URLS=http://127.0.0.1:0"
	if setting != "" {
		urls = address.ReplaceAllString(strings.ReplaceAll(strings.TrimSpace(setting), "'", ""), "127.0.0.1:0")
	}
	r.server.Env = append(os.Environ(), urls)
	stderr, err := r.server.StderrPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err = r.server.Start(); err != nil {
		r.t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "listening on "); ok {
			r.address = "localhost" + url[strings.LastIndex(url, ":"):]
			go func() {
				for lines.Scan() { // the access log
				}
			}()
			return
		}
	}
	r.t.Fatal("the server ended before it said where it listens")
}

// stop ends the app, in order.
func (r *reader) stop() {
	if r.server == nil {
		return
	}
	if err := r.server.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Error(err)
	}
	late := time.AfterFunc(20*time.Second, func() { _ = r.server.Process.Kill() })
	defer late.Stop()
	if err := r.server.Wait(); err != nil {
		r.t.Errorf("the server did not end in order: %v", err)
	}
	r.server = nil
}

// complete checks that README.md has every file that the finished app has, but
// what is generated and this one.
func (r *reader) complete() {
	r.t.Helper()
	for _, pattern := range []string{"*.go", "*.sql", "public/*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, name := range names {
			if r.files[name] == "" && name != "pipeline_gen.go" && name != "readme_test.go" {
				r.t.Errorf("README.md does not have %s", name)
			}
		}
	}
}
