package gen

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestExplainedAllocations counts what exchanges allocate, from the octets of
// the request to those of the response, and compares it with what is explained.
// The functions of the app allocate nothing.
func TestExplainedAllocations(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/explain.txtar")
	if err != nil {
		t.Fatal(err)
	}
	root := newModule(t)
	s := &scenario{name: "explain", archive: archive, dir: filepath.Join(root, "app")}
	s.write(t)
	result, err := Generate(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if err = result.Write(); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("testdata/count.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(program), "\n\t\"github.com", "\n\tapp \""+scenarioModule+"/app\"\n\t\"github.com", 1)
	write(t, filepath.Join(root, "count", "main.go"), text)

	requests := []struct{ method, target, fields string }{
		{"GET", "/users/7", ""},
		{"GET", "/users/me", ""},
		{"GET", "/users/b", ""},
		{"GET", "/users/bob", ""},
		{"GET", "/users/b%2Fb", ""},
		{"POST", "/users", "Content-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"id\":1}"},
		{"POST", "/echo", "Content-Length: 3\r\n\r\nabc"},
		{"PUT", "/raw", "Content-Length: 3\r\n\r\nabc"},
		{"GET", "/files/a/b", ""},
		{"GET", "/files/a/b%2Fc?q=kes", ""},
		{"GET", "/views/kes?q=kestrel", ""},
		{"GET", "/views/k%25s", ""},
		{"GET", "/search", ""},
		{"GET", "/search?q=kes&n=3", ""},
		{"GET", "/search?q=a%20kestrel+or+two&n=3&f=1.25", ""},
		{"GET", "/search?q=kes", "Cookie: s=session\r\n"},
		{"GET", "/page", ""},
		{"GET", "/page?page=2&sort=name", "User-Agent: probe\r\n"},
		{"GET", "/at/1", ""},
		{"GET", "/at/1,2?near=3", ""},
		{"GET", "/later", ""},
		{"GET", "/plaintext", ""},
		{"HEAD", "/plaintext", ""},
		{"GET", "/healthz", ""},
		{"DELETE", "/users/7", ""},
		{"OPTIONS", "/users/7", ""},
		{"GET", "/nowhere", ""},
		{"GET", "/plaintext/", ""},
		{"GET", "/users/%zz", ""},
	}
	var in strings.Builder
	for _, r := range requests {
		if !strings.Contains(r.fields, "\r\n\r\n") {
			r.fields += "\r\n"
		}
		in.WriteString(strconv.Quote(r.method+" "+r.target+" HTTP/1.1\r\nHost: x\r\n"+r.fields) + "\n")
	}
	cmd := exec.Command("go", "run", "./count")
	cmd.Dir, cmd.Stdin, cmd.Stderr = root, strings.NewReader(in.String()), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	counts := strings.Fields(string(out))
	if len(counts) != len(requests) {
		t.Fatalf("%d counts of %d requests", len(counts), len(requests))
	}
	for i, r := range requests {
		x, err := Explain(s.dir, r.method, "", r.target)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(counts[i])
		if err != nil {
			t.Fatal(err)
		}
		least, most := bounds(x.Allocations)
		t.Logf("%s %s: %d; explained: %s", r.method, r.target, n, count(least, most))
		if n < least || most != byContent && n > most {
			t.Errorf("%s %s: %d allocations; explained:\n%s", r.method, r.target, n, strings.Join(x.allocationLines(), "\n"))
		}
	}
}
