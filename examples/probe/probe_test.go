package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// TestCommands runs the commands of testdata/*.txt against the built server.
// Each file names its client in its first line: "# needs curl".
func TestCommands(t *testing.T) {
	server := startProbe(t, "http://127.0.0.1:0")
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no commands:", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runCommands(t, file, server.url) })
	}
}

// A command is a line that begins with "$ ", and the output that is expected.
type command struct{ line, want string }

// runCommands runs one file: comments and blank lines up to the first command
// are kept, and everything after a command up to the next is its output.
func runCommands(t *testing.T, file, url string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, commands := parseCommands(string(text))
	for tool := range strings.FieldsSeq(strings.TrimPrefix(strings.SplitN(head, "\n", 2)[0], "# needs")) {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed; .ci/run installs it", tool)
		}
	}
	dir := t.TempDir()
	var rewritten strings.Builder
	rewritten.WriteString(head)
	for _, c := range commands {
		got := runCommand(t, c.line, url, dir)
		if got != c.want && !*update {
			t.Errorf("$ %s\n%s\nwant:\n%s", c.line, got, c.want)
		}
		fmt.Fprintf(&rewritten, "$ %s\n%s\n", c.line, got)
	}
	if *update {
		if err := os.WriteFile(file, []byte(rewritten.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func parseCommands(text string) (head string, commands []command) {
	parts := strings.Split("\n"+text, "\n$ ")
	for _, part := range parts[1:] {
		line, want, _ := strings.Cut(part, "\n")
		commands = append(commands, command{line, strings.TrimRight(want, "\n") + "\n"})
	}
	return strings.TrimPrefix(parts[0], "\n") + "\n", commands
}

// masked is what differs from run to run.
var masked = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?m)^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$`), "Date: (now)"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "HOST"},
	{regexp.MustCompile(`(?m)^User-Agent: .*$`), "User-Agent: (client)"},
	{regexp.MustCompile(`(?m)^X-Request-Id: [0-9a-f]+$`), "X-Request-Id: (made)"},
}

func runCommand(t *testing.T, line, url, dir string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "URL="+url, "no_proxy=*", "TESTDATA="+absolute(t, "testdata"))
	out, err := cmd.CombinedOutput()
	got := strings.ReplaceAll(string(out), "\r", "")
	for _, m := range masked {
		got = m.what.ReplaceAllString(got, m.with)
	}
	if err != nil {
		got += fmt.Sprintf("(%v)\n", err)
	}
	return strings.TrimRight(got, "\n") + "\n"
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A probe is the built server, running.
type probe struct {
	url string
	cmd *exec.Cmd
}

// startProbe builds and starts the server, and ends it with the test. The
// shutdown has to be in order.
func startProbe(t *testing.T, urls string) *probe {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "probe")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "WINDHOVER_URLS="+urls, "WINDHOVER_LOOPS=2")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	if !lines.Scan() {
		t.Fatal("the server said nothing")
	}
	_, list, ok := strings.Cut(lines.Text(), "listening on ")
	if !ok {
		t.Fatalf("the server said %q", lines.Text())
	}
	go func() {
		for lines.Scan() { // what it says of panics is expected
		}
	}()
	p := &probe{url: strings.Fields(list)[0], cmd: cmd}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("the server was gone: %v", err)
			return
		}
		late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server did not shut down in order: %v", err)
		}
	})
	return p
}

// descriptors counts the open descriptors of the server.
func (p *probe) descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
