package sdk_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An example is one of the apps in examples, built.
type example struct {
	name    string
	symbols []string // of the binary
	deps    []string // the packages that it reaches
	named   []string // the features that its functions take
}

// unnamed is what hello does not name and probe does, as the beginnings of
// symbols. None may be in the one, and all have to be in the other, so that a
// name that is changed here or there is noticed.
var unnamed = []string{
	"encoding/json.",
	module + "/sdk/json.",
	module + "/sdk/form.",
	module + "/sdk.QueryOf[",
	module + "/sdk.CookieOf[",
	module + "/sdk.UnescapeView",
	module + "/sdk.ParseInt[",
	module + "/sdk/http1.(*contentWriter).",
	module + "/sdk/http1.(*bodyReader).",
	module + "/sdk/http1.(*Exchange).nextPiece",
	module + "/sdk.(*ExchangeContext).Ask",
	module + "/h1.(*Exchange).AppendStreamHead",
	module + "/h1.(*Exchange).AppendStreamContent",
	module + "/h1.(*Exchange).RequestField",
	module + "/netpoll.(*Conn).ReadLent",
	module + "/sdk/http2.",
	module + "/h2.",
	"golang.org/x/net/http2/hpack.",
	module + "/sdk/https.",
	module + "/tls.",
	"crypto/tls.",
}

// unnamedByAll is what neither hello nor probe names.
var unnamedByAll = []string{
	module + "/sdk/http1.(*trailed).",
	module + "/h1.(*Exchange).AppendTrailed",
	module + "/h1.(*Exchange).TrailersErr",
	module + "/h1.(*Exchange).RequestTrailer",
	module + "/h1.(*Exchange).AppendEarlyHints",
}

// unnamedStages is likewise what the others do not name and birds does.
var unnamedStages = []string{
	module + "/sdk.(*Slots).",
	module + "/sdk.OrTimeout",
	module + "/sdk.(*ExchangeContext).AskWithin",
	module + "/sdk/conditional.",
	module + "/sdk/etag.",
	module + "/sdk/compress.",
	"github.com/klauspost/compress",
}

// unnamedUpgrade is likewise what hello and probe do not name and lines does.
var unnamedUpgrade = []string{
	module + "/sdk/http1.(*upgradedStream).",
	module + "/sdk/http1.(*Exchange).refuseUpgrade",
	module + "/sdk/http1.(*lifetime).becomeStream",
	module + "/h1.(*Exchange).AppendUpgrade",
	module + "/h1.(*Exchange).UpgradeOffered",
}

// unnamedFiles is likewise what hello, probe and lines do not name and site does.
var unnamedFiles = []string{
	module + "/sdk/files.",
	module + "/sdk/conditional.",
	module + "/sdk/http1.(*fileContent).",
	module + "/sdk.(*FileContent).",
	module + "/netpoll.(*Conn).SendFileLent",
	module + "/netpoll.(*epoll).SendFile",
}

// TestOnlyWhatIsNamed checks that an app imports and links only what its
// functions name.
func TestOnlyWhatIsNamed(t *testing.T) {
	features := interfacesOf(t, "features.go")
	hello, probe, lines := build(t, "hello"), build(t, "probe"), build(t, "lines")
	birds, site := build(t, "birds"), build(t, "site")
	for _, dep := range append(slices.Clone(heavy), module+"/sdk/json", module+"/sdk/form", module+"/sdk/coding", module+"/sdk/files", module+"/gen") {
		if slices.Contains(hello.deps, dep) {
			t.Errorf("hello reaches %s", dep)
		}
	}
	for _, symbol := range unnamed {
		if hello.links(symbol) {
			t.Errorf("hello links %s", symbol)
		}
		if !probe.links(symbol) {
			t.Errorf("probe does not link %s, which it names: is it called something else now?", symbol)
		}
	}
	for _, symbol := range unnamedByAll {
		if hello.links(symbol) || probe.links(symbol) {
			t.Errorf("an example links %s, which none names", symbol)
		}
	}
	for _, symbol := range unnamedUpgrade {
		if hello.links(symbol) || probe.links(symbol) {
			t.Errorf("hello or probe links %s", symbol)
		}
		if !lines.links(symbol) {
			t.Errorf("lines does not link %s, which it names: is it called something else now?", symbol)
		}
	}
	for _, symbol := range unnamedStages {
		if hello.links(symbol) || probe.links(symbol) || lines.links(symbol) {
			t.Errorf("hello, probe or lines links %s", symbol)
		}
		if !birds.links(symbol) {
			t.Errorf("birds does not link %s, which it names: is it called something else now?", symbol)
		}
	}
	for _, symbol := range unnamedFiles {
		if hello.links(symbol) || probe.links(symbol) || lines.links(symbol) {
			t.Errorf("hello, probe or lines links %s", symbol)
		}
		if !site.links(symbol) {
			t.Errorf("site does not link %s, which it names: is it called something else now?", symbol)
		}
	}
	for _, e := range []example{hello, probe, lines, birds, site} {
		if e.links(module + "/gen") {
			t.Errorf("%s links the generator or the words of the declaration", e.name)
		}
		for feature, methods := range features {
			named := slices.Contains(e.named, "sdk."+feature)
			linked := slices.ContainsFunc(methods, func(m string) bool {
				return slices.Contains(e.symbols, module+"/sdk/http1.(*Exchange)."+m)
			})
			if linked != named {
				t.Errorf("%s names feature %s: %v; links its methods: %v", e.name, feature, named, linked)
			}
		}
	}
}

// links reports whether a symbol with that beginning is in the binary.
func (e example) links(symbol string) bool {
	return slices.ContainsFunc(e.symbols, func(s string) bool {
		return strings.HasPrefix(s, symbol)
	})
}

// symbolLine is a line of go tool nm: an address, a letter and the name, which
// may have spaces.
var symbolLine = regexp.MustCompile(`(?m)^ *[0-9a-f]+ [A-Za-z] (.*)$`)

// build builds an example. A method that is found by name at run time would
// make the linker keep every exported method of the app: it marks what does so.
func build(t *testing.T, name string) example {
	t.Helper()
	e := example{name: name}
	pkg, binary := module+"/examples/"+name, filepath.Join(t.TempDir(), name)
	out := run(t, "go", "build", "-o", binary, "-ldflags=-dumpdep", pkg)
	if !strings.Contains(out, "<UsedInIface>") {
		t.Fatalf("go build -ldflags=-dumpdep has no marks: %.200s", out)
	}
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); strings.HasSuffix(line, "<ReflectMethod>") {
			t.Errorf("%s keeps all exported methods: %s", name, line)
		}
	}
	for _, line := range symbolLine.FindAllStringSubmatch(run(t, "go", "tool", "nm", binary), -1) {
		e.symbols = append(e.symbols, line[1])
	}
	e.deps = strings.Fields(run(t, "go", "list", "-deps", pkg))
	e.named = interfacesOf(t, "../examples/"+name+"/pipeline_gen.go")["Exchange"]
	return e
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// interfacesOf returns the interfaces of a file, with their methods and, as
// they are written, those that they embed.
func interfacesOf(t *testing.T, file string) map[string][]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	list := make(map[string][]string)
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if it, ok := spec.Type.(*ast.InterfaceType); ok {
			for _, m := range it.Methods.List {
				for _, name := range m.Names {
					list[spec.Name.Name] = append(list[spec.Name.Name], name.Name)
				}
				if embedded, ok := m.Type.(*ast.SelectorExpr); ok {
					list[spec.Name.Name] = append(list[spec.Name.Name], embedded.X.(*ast.Ident).Name+"."+embedded.Sel.Name)
				}
			}
		}
		return false
	})
	if len(list) == 0 {
		t.Fatalf("%s has no interfaces", file)
	}
	return list
}
