// Package clients tests an example with the clients that people have: it
// builds the example, starts it, runs commands from text files and compares
// what they print with what the files expect.
//
// It is for tests only; no example links it.
package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Run runs the commands of testdata/*.txt, each file as a test of its own. With
// update it writes what they print into the files instead of comparing it.
//
// The first line of a file names the programs that it needs: "# needs curl".
// What follows up to the first command is for the reader. A command is a line
// that begins with "$ ", for sh in an empty folder that the commands of a file
// share; the lines up to the next command are its output, with a blank line
// behind. $URL is url, $TESTDATA the folder of the file. In the output CR is left
// out and what differs from run to run is masked.
//
// The environment of the commands gets env besides.
func Run(t *testing.T, url string, update bool, env ...string) {
	t.Helper()
	RunFiles(t, "testdata/*.txt", url, update, env...)
}

// RunFiles is Run with files of another pattern.
func RunFiles(t *testing.T, pattern, url string, update bool, env ...string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no commands:", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runFile(t, file, url, update, env) })
	}
}

func runFile(t *testing.T, file, url string, update bool, more []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, commands := parse(string(text))
	if needs(head) == "" || len(commands) == 0 {
		t.Fatalf("%s names no program, or has no commands", file)
	}
	for tool := range strings.FieldsSeq(needs(head)) {
		if _, err = exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed; .ci/run installs it", tool)
		}
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	// A proxy that the environment names would be asked instead of the server.
	env := append(os.Environ(), "URL="+url, "TESTDATA="+folder, "no_proxy=*", "NO_PROXY=*")
	env = append(env, more...)
	dir := t.TempDir()
	for i, c := range commands {
		got := run(t, c.line, dir, env)
		if got != c.want && !update {
			t.Errorf("$ %s\n%s\nwant:\n%s", c.line, got, c.want)
		}
		commands[i].want = got
	}
	if update {
		if err := os.WriteFile(file, []byte(format(head, commands)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// needs returns the programs that the first line of a file names.
func needs(head string) string {
	first, _, _ := strings.Cut(head, "\n")
	list, _ := strings.CutPrefix(first, "# needs")
	return list
}

// A command is a line for sh, and the output that is expected. The output ends
// with one LF.
type command struct{ line, want string }

// parse takes the text of a file apart; format puts it together again.
func parse(text string) (head string, commands []command) {
	parts := strings.Split("\n"+text, "\n$ ")
	for _, part := range parts[1:] {
		line, want, _ := strings.Cut(part, "\n")
		commands = append(commands, command{line, strings.TrimRight(want, "\n") + "\n"})
	}
	return strings.TrimSpace(parts[0]), commands
}

func format(head string, commands []command) string {
	var b strings.Builder
	b.WriteString(head + "\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "\n$ %s\n%s", c.line, c.want)
	}
	return b.String()
}

// date is the Date field of a response. Any other form of it is not masked,
// and so does not pass (RFC 9110 section 5.6.7).
var date = regexp.MustCompile(`(?m)^([Dd]ate): (Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3]\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT`)

// run returns what a command prints, and how it ended unless it succeeded.
func run(t *testing.T, line, dir string, env []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir, cmd.Env = dir, env
	cmd.WaitDelay = time.Second // what sh started may hold the output
	out, err := cmd.CombinedOutput()
	got := strings.ReplaceAll(string(out), "\r", "")
	got = date.ReplaceAllString(got, "$1: (now)")
	got = strings.TrimRight(got, "\n") + "\n"
	if err != nil {
		got += fmt.Sprintf("(%v)\n", err)
	}
	return got
}
