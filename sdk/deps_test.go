package sdk_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/windhover-go/windhover"

// A layer is what a package of this module may reach, directly or through
// others. Octets travel from netpoll to h1 to the app; imports point the other
// way.
type layer struct {
	ours []string // packages of this module
	not  []string // packages of the standard library that it may not reach
}

var (
	// ambient is what a sans-IO package has no use for: it is told the time and
	// handed its octets. fmt brings os, and allocation.
	ambient = []string{"net", "os", "syscall", "time", "context", "log", "fmt", "crypto/tls"}
	// heavy is what an app pays for only when its functions name it. Importing a
	// package is enough to link its tables and initialisers.
	heavy = []string{
		"net", "net/http", "crypto/tls", "encoding/json", "log", "log/slog",
		"go/types", "regexp", "text/template", "html/template",
	}
)

// layers has a row for every package of the module, so that a new one has to
// find its place. Tests may import what they like.
var layers = map[string]layer{
	"sdk/invariant": {not: ambient},
	"sdk/msg":       {[]string{"sdk/invariant"}, ambient},
	"h1":            {[]string{"sdk/invariant", "sdk/msg"}, ambient},
	"tls": { // what the standard crypto/tls itself brings it reaches
		[]string{"sdk/invariant"},
		[]string{"net/http", "encoding/json", "log", "log/slog", "go/types", "regexp", "text/template", "html/template"},
	},
	"h2": { // hpack brings fmt, and what that brings
		[]string{"sdk/invariant", "sdk/msg"},
		[]string{"net", "context", "log", "crypto/tls"},
	},
	"netpoll":     {[]string{"sdk/invariant"}, heavy},
	"netpoll/sim": {[]string{"netpoll", "sdk/invariant"}, heavy},
	"sdk":         {[]string{"netpoll", "sdk/invariant", "sdk/msg"}, heavy},
	"sdk/http1":   {[]string{"h1", "netpoll", "sdk", "sdk/invariant", "sdk/msg"}, heavy},
	"sdk/http2": { // hpack brings fmt, and what that brings
		[]string{"h2", "netpoll", "sdk", "sdk/invariant", "sdk/msg"},
		[]string{"net", "net/http", "crypto/tls", "encoding/json", "log", "log/slog", "go/types", "text/template", "html/template"},
	},
	"sdk/https": { // what crypto/tls brings it reaches
		[]string{"netpoll", "sdk", "sdk/invariant", "sdk/msg", "tls"},
		[]string{"net/http", "encoding/json", "log", "log/slog", "go/types", "regexp", "text/template", "html/template"},
	},
	"sdk/json": {
		[]string{"netpoll", "sdk", "sdk/invariant", "sdk/msg"},
		[]string{"net", "net/http", "crypto/tls", "log"},
	},
	"sdk/form": {
		[]string{"netpoll", "sdk", "sdk/invariant", "sdk/msg"},
		heavy,
	},
	"sdk/conditional": {
		[]string{"netpoll", "sdk", "sdk/invariant", "sdk/msg"},
		heavy,
	},
	"sdk/etag": {
		[]string{"netpoll", "sdk", "sdk/conditional", "sdk/invariant", "sdk/msg"},
		heavy,
	},
	"sdk/compress": {
		[]string{"netpoll", "sdk", "sdk/invariant", "sdk/msg"},
		heavy,
	},
	"sdk/compress/gzipcoder": {
		[]string{"netpoll", "sdk", "sdk/compress", "sdk/invariant", "sdk/msg"},
		heavy,
	},
	"sdk/compress/zstdcoder": { // its encoder brings log
		[]string{"netpoll", "sdk", "sdk/compress", "sdk/invariant", "sdk/msg"},
		[]string{"net", "net/http", "crypto/tls", "encoding/json"},
	},
	"sdk/files": {
		[]string{"netpoll", "sdk", "sdk/conditional", "sdk/invariant", "sdk/msg"},
		append([]string{"mime", "mime/multipart"}, heavy...),
	},
	"sdk/coding": {
		[]string{"netpoll", "sdk", "sdk/invariant", "sdk/msg"},
		heavy,
	},
	"sdk/coding/gzip": {
		[]string{"netpoll", "sdk", "sdk/coding", "sdk/invariant", "sdk/msg"},
		heavy,
	},
	"sdk/coding/zstd": { // its decoder brings log
		[]string{"netpoll", "sdk", "sdk/coding", "sdk/invariant", "sdk/msg"},
		[]string{"net", "net/http", "crypto/tls", "encoding/json"},
	},
	"sdk/sdktest": {
		ours: []string{"netpoll", "netpoll/sim", "sdk", "sdk/invariant", "sdk/msg"},
	},

	// The generator reads our types through go/types. It runs none of them: of
	// sdk/msg it takes the names of the status codes.
	"gen":      {[]string{"sdk/invariant", "sdk/msg"}, []string{"net/http"}},
	"gen/decl": {},
	"gen/gentest": { // which tests run
		ours: []string{"gen/decl", "netpoll", "netpoll/sim", "sdk", "sdk/invariant", "sdk/msg", "sdk/sdktest"},
	},
	"gen/vet":           {[]string{"gen", "sdk/invariant", "sdk/msg"}, []string{"net/http"}},
	"gen/cmd/windhover": {[]string{"gen", "gen/vet", "sdk/invariant", "sdk/msg"}, []string{"net/http"}},

	// Apps are written as a user would: they import what is offered to them.
	apps: {
		ours: []string{
			"gen/decl", "h1", "netpoll", "sdk", "sdk/coding", "sdk/compress", "sdk/compress/gzipcoder", "sdk/compress/zstdcoder", "sdk/conditional",
			"sdk/etag", "sdk/files", "sdk/form", "sdk/http1", "sdk/invariant", "sdk/json", "sdk/msg",
		},
		not: []string{"net/http", "crypto/tls", "go/types"},
	},
	streams: {
		ours: []string{"gen/decl", "h1", "h2", "netpoll", "sdk", "sdk/http1", "sdk/http2", "sdk/invariant", "sdk/msg"},
		not:  []string{"net/http", "crypto/tls", "go/types"},
	},
	clients: {not: []string{"net/http", "go/types"}}, // it makes certificates
	secured: {
		ours: []string{
			"gen/decl", "h1", "h2", "netpoll", "sdk", "sdk/coding", "sdk/form", "sdk/http1", "sdk/http2", "sdk/https", "sdk/invariant", "sdk/json", "sdk/msg", "tls",
		},
		not: []string{"net/http", "go/types"},
	},
}

// TestImportDirections checks what every package reaches, on each family of
// systems, with the checks of the invariants tag and without.
func TestImportDirections(t *testing.T) {
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, tags := range []string{"", "invariants"} {
			used := make(map[string]bool)
			for pkg, deps := range reached(t, system, tags) {
				row := rowOf(pkg)
				used[row] = true
				l, ok := layers[row]
				if !ok {
					t.Errorf("%s has no row in layers", pkg)
					continue
				}
				for _, dep := range deps {
					if !l.mayReach(row, dep) {
						t.Errorf("%s reaches %s (%s, tags %q)", pkg, dep, system, tags)
					}
				}
				if pkg == "gen/decl" && len(deps) > 0 {
					t.Errorf("gen/decl is read and never run; it reaches %v", deps)
				}
			}
			for row := range layers {
				if !used[row] {
					t.Errorf("layers has a row for %s, which no package has", row)
				}
			}
		}
	}
}

const (
	// apps is the row that all of examples shares, but those that declare TLS or
	// HTTP/2.
	apps = "examples/..."
	// secured is the example that declares TLS.
	secured = "examples/probe"
	// streams is the example that declares HTTP/2 without TLS.
	streams = "examples/lines"
	// clients is what the tests of examples share; no example links it.
	clients = "examples/internal/clients"
)

func rowOf(pkg string) string {
	if strings.HasPrefix(pkg, "examples/") && pkg != secured && pkg != streams && pkg != clients {
		return apps
	}
	return pkg
}

// mayReach reports whether a package of the layer, whose row is row, may reach
// dep.
func (l layer) mayReach(row, dep string) bool {
	in, ours := strings.CutPrefix(dep, module+"/")
	if ours {
		return slices.Contains(l.ours, in) || (row == apps || row == secured || row == streams) && rowOf(in) == apps
	}
	return !slices.Contains(l.not, dep)
}

// reached lists the packages of the module without its prefix, and for each
// the packages that it reaches, itself excluded.
func reached(t *testing.T, system, tags string) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-tags", tags, "-f", `{{.ImportPath}} {{join .Deps " "}}`, module+"/...")
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	list := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(line)
		pkg, ours := strings.CutPrefix(names[0], module+"/")
		if !ours {
			t.Errorf("a package in the root of the module: %s", names[0])
		}
		list[pkg] = names[1:]
	}
	return list
}
