package clients

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds the shutdown of a server.
const patience = 20 * time.Second

// Start builds the package of the working directory, starts it on a free port
// of the loopback and ends it with the test, which fails if the shutdown is not
// in order. It returns the URL, without a slash at its end.
func Start(t *testing.T) (url string) {
	t.Helper()
	return StartAt(t, "http://127.0.0.1:0")
}

// StartAt is Start with an endpoint, and what else the environment is to say.
func StartAt(t *testing.T, endpoint string, env ...string) (url string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the server runs on Linux")
	}
	binary := filepath.Join(t.TempDir(), "server")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.Command(binary)
	cmd.Env = append(append(os.Environ(), "WINDHOVER_URLS="+endpoint, "WINDHOVER_LOOPS=2"), env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	t.Cleanup(func() { stop(t, cmd) })
	for lines.Scan() {
		if _, list, ok := strings.Cut(lines.Text(), "listening on "); ok {
			go func() {
				for lines.Scan() { // what it says of panics is expected
				}
			}()
			return strings.Fields(list)[0]
		}
		t.Log(lines.Text())
	}
	t.Fatal("the server ended before it said where it listens")
	return ""
}

// stop asks the server to shut down and waits until it has.
func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the server was gone: %v", err)
	}
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server did not shut down in order: %v", err)
	}
}
