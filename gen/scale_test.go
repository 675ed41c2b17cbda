package gen

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// declareMany returns the source of an app of n routes, as a REST API has them:
// resources in areas, each with five routes of five methods and one below it,
// and a function of its own for every route.
func declareMany(n int) string {
	var declaration, functions bytes.Buffer
	declaration.WriteString("package many\n\nimport (\n\t\"github.com/windhover-go/windhover/gen/decl\"\n\t\"github.com/windhover-go/windhover/sdk\"\n)\n\nvar _ = decl.App(declare)\n\ntype App struct{ n int }\n\ntype Item struct {\n\tName string\n\tSize int\n}\n\nfunc declare(s *decl.Server, app *App) {\n")
	forms := []struct{ verb, path, params, results string }{
		{"Get", "/area%[1]d/things%[2]d", "page sdk.Query[int]", "([]Item, error)"},
		{"Post", "/area%[1]d/things%[2]d", "in sdk.JSON[Item]", "error"},
		{"Get", "/area%[1]d/things%[2]d/{id}", "id int64", "(Item, error)"},
		{"Delete", "/area%[1]d/things%[2]d/{id}", "id int64", "error"},
		{"Get", "/area%[1]d/things%[2]d/{id}/parts", "id int64, res sdk.Response", ""},
		{"Get", "/area%[1]d/{owner}/things%[2]d/{id}", "owner string, id int64, res sdk.Response", ""},
	}
	for i := range n {
		f, resource := forms[i%len(forms)], i/len(forms)
		fmt.Fprintf(&declaration, "\ts.%s(%q, app.F%d)\n", f.verb, fmt.Sprintf(f.path, resource%20, resource), i)
		body := fmt.Sprintf(`res.ResponseContent().Text("F%d.")`, i)
		switch f.results {
		case "error":
			body = fmt.Sprintf(`return sdk.NewError(409, "F%d.")`, i)
		case "(Item, error)":
			body = fmt.Sprintf(`return Item{Name: "F%d."}, nil`, i)
		case "([]Item, error)":
			body = fmt.Sprintf(`return []Item{{Name: "F%d."}}, nil`, i)
		}
		fmt.Fprintf(&functions, "\nfunc (a *App) F%d(%s) %s { %s }\n", i, f.params, f.results, body)
	}
	return declaration.String() + "}\n" + functions.String()
}

// many writes an app of n routes and returns its folder.
func many(tb testing.TB, n int) string {
	tb.Helper()
	dir := filepath.Join(newModule(tb), "many")
	write(tb, filepath.Join(dir, "app.go"), declareMany(n))
	return dir
}

// TestManyRoutes asks for every route of an app that is so large that its
// functions are split, and checks that they are.
func TestManyRoutes(t *testing.T) {
	const n = 1_000
	dir := many(t, n)
	result, err := Generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Write(); err != nil {
		t.Fatal(err)
	}
	// A case for each of maxLeaves routes, with all that belongs to one.
	const most = 12 * maxLeaves
	for _, text := range strings.Split(string(result.Text), "\nfunc ")[1:] {
		if lines := strings.Count(text[:max(0, strings.Index(text, "\n}\n"))], "\n"); lines > most {
			t.Errorf("a function has %d lines: func %.100s", lines, text)
		}
	}
	var program bytes.Buffer
	fmt.Fprintf(&program, "package main\n\nimport (\n\t\"fmt\"\n\n\t\"%s/many\"\n\t\"%s/sdk/sdktest\"\n)\n\nfunc main() {\n\tapp := many.NewPipeline(new(many.App))\n\tfor _, line := range []string{\n", scenarioModule, modulePath)
	for _, line := range result.Routes {
		method, path := strings.Fields(line)[0], strings.Fields(line)[1]
		fmt.Fprintf(&program, "\t\t%q,\n", method+" "+strings.NewReplacer("{id}", "7", "{owner}", "ann").Replace(path))
	}
	program.WriteString("\t} {\n\t\tfmt.Printf(\"%q\\n\", sdktest.Do(app, line, \"Content-Type: application/json\", \"\", \"{}\").Content)\n\t}\n}\n")
	write(t, filepath.Join(dir, "..", "ask", "main.go"), program.String())
	run(t, dir, "go", "vet", ".", "../ask")
	answers := strings.Split(strings.TrimSpace(string(run(t, dir, "go", "run", "../ask"))), "\n")
	if len(answers) != n {
		t.Fatalf("%d answers", len(answers))
	}
	for i, got := range answers {
		if want := fmt.Sprintf("F%d.", i); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", result.Routes[i], got, want)
		}
	}
}

// BenchmarkScale measures windhover generate, for an app that is new and for one
// whose pipeline is up to date, and, to compare, go build of its package, with
// everything else in the build cache. cpu-ms is the processor time of all
// processes, which says more than the time on a machine that does other things.
func BenchmarkScale(b *testing.B) {
	windhover := filepath.Join(b.TempDir(), "windhover")
	runFor(b, ".", "go", "build", "-o", windhover, "./cmd/windhover")
	for _, n := range []int{200, 1_000, 5_000} {
		dir := many(b, n)
		runFor(b, dir, windhover, "generate")
		for _, step := range []struct {
			name    string
			changes bool
			args    []string
		}{
			{"generate", true, []string{windhover, "generate"}},
			{"unchanged", false, []string{windhover, "generate"}},
			{"build", true, []string{"go", "build", "."}},
		} {
			b.Run(fmt.Sprintf("%s/routes=%d", step.name, n), func(b *testing.B) {
				var cpu time.Duration
				for i := 0; b.Loop(); i++ {
					if step.changes {
						b.StopTimer()
						write(b, filepath.Join(dir, "new.go"), fmt.Sprintf("package many\n\nconst new%d = %d\n", b.N, time.Now().UnixNano()))
						b.StartTimer()
					}
					cpu += runFor(b, dir, step.args[0], step.args[1:]...)
				}
				b.ReportMetric(float64(cpu.Milliseconds())/float64(b.N), "cpu-ms/op")
			})
		}
	}
}

// runFor runs a command in dir and returns the processor time that it took.
func runFor(b *testing.B, dir, name string, args ...string) time.Duration {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}
