// Package openapi puts the documents that windhover openapi writes to the test:
// an independent validator (libopenapi-validator) reads those of the generator's
// scenarios, and a client that a public generator (oapi-codegen) makes of one
// calls the server. It is a module of its own, so that nobody needs what it
// requires.
package openapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/oapi-codegen/runtime" // of the client, so that go.mod has it
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"golang.org/x/tools/txtar"

	"github.com/windhover-go/windhover/bench/openapi/shop"
	"github.com/windhover-go/windhover/sdk"
)

// read parses a document and checks that it is valid.
func read(t *testing.T, text []byte) validator.Validator {
	t.Helper()
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, problems := v.ValidateDocument(); !ok {
		for _, p := range problems {
			t.Errorf("%s: %s", p.Message, p.Reason)
			for _, e := range p.SchemaValidationErrors {
				t.Errorf("\t%s: %s", e.FieldPath, e.Reason)
			}
		}
	}
	return v
}

// TestExample validates the document of examples/shop.
func TestExample(t *testing.T) {
	text, err := os.ReadFile("../../examples/shop/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	read(t, text)
}

// TestScenarios validates the documents that the generator's scenarios want.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../../gen/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if f.Name == "want/openapi.json" {
				n++
				t.Run(filepath.Base(file), func(t *testing.T) { read(t, f.Data) })
			}
		}
	}
	if n < 2 {
		t.Errorf("%d documents", n)
	}
}

// TestValidatorSees checks that the validator sees what is wrong.
func TestValidatorSees(t *testing.T) {
	for _, text := range []string{
		`{"openapi": "3.1.0", "info": {"title": "x"}, "paths": {}}`,
		`{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/a": {"get": {"responses": {"200": {}}}}}}`,
	} {
		document, err := libopenapi.NewDocument([]byte(text))
		if err != nil {
			continue // seen
		}
		v, errs := validator.NewValidator(document)
		if len(errs) > 0 {
			continue
		}
		if ok, _ := v.ValidateDocument(); ok {
			t.Errorf("valid: %s", text)
		}
	}
}

// serve runs the shop and returns its URL.
func serve(t *testing.T) string {
	t.Helper()
	server, err := sdk.New(shop.NewPipeline(shop.New()), sdk.Config{Endpoints: []string{"http://127.0.0.1:0"}, Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "http://" + server.Addresses()[0].String()
}

// TestDocumentIsTrue compares what the server answers with the document that it
// serves.
func TestDocumentIsTrue(t *testing.T) {
	url := serve(t)
	res, err := http.Get(url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	v := read(t, text)
	const item = `{"name": "Go", "kind": "book", "size": 1, "cents": 4, "note": null, "facts": {"pages": "9"}}`
	for _, tt := range []struct {
		method, path, token, mediaType, content string
		status                                  int
	}{
		{"GET", "/healthz", "", "", "", 200},
		{"GET", "/openapi.json", "", "", "", 200},
		{"GET", "/items", "", "", "", 401},
		{"GET", "/items?limit=3", "t", "", "", 200},
		{"GET", "/items?limit=300", "t", "", "", 400},
		{"POST", "/items", "t", "application/json", item, 201},
		{"POST", "/items", "t", "application/json", item, 409},
		{"POST", "/items", "t", "application/json", `{"name": "bare", "kind": "game"}`, 201},
		{"POST", "/items", "t", "application/json", `{`, 400},
		{"POST", "/items", "t", "text/plain", item, 415},
		{"POST", "/items", "t", "application/json", strings.Repeat(" ", 5<<10), 413},
		{"GET", "/items?kind=book&name=Go&name=C", "t", "", "", 200},
		{"GET", "/items/1", "t", "", "", 200},
		{"GET", "/items/9", "t", "", "", 404},
		{"GET", "/items/x", "t", "", "", 404},
		{"PUT", "/items/1/photo", "t", "image/png", "png", 204},
		{"GET", "/items/1", "t", "", "", 200},
		{"DELETE", "/items/1", "t", "", "", 204},
		{"GET", "/tree", "", "", "", 200},
	} {
		req, err := http.NewRequest(tt.method, url+tt.path, strings.NewReader(tt.content))
		if err != nil {
			t.Fatal(err)
		}
		if tt.token != "" {
			req.Header.Set("X-Token", tt.token)
		}
		if tt.mediaType != "" {
			req.Header.Set("Content-Type", tt.mediaType)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != tt.status {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, res.StatusCode, tt.status)
		}
		_, problems := v.ValidateHttpResponse(req, res)
		for _, p := range problems {
			t.Errorf("%s %s: %s: %s", tt.method, tt.path, p.Message, p.Reason)
			for _, e := range p.SchemaValidationErrors {
				t.Errorf("\t%s", e.Reason)
			}
		}
		if tt.status < 300 {
			req.Body = io.NopCloser(strings.NewReader(tt.content))
			_, problems = v.ValidateHttpRequest(req)
			for _, p := range problems {
				t.Errorf("%s %s, the request: %s: %s", tt.method, tt.path, p.Message, p.Reason)
			}
		}
		if err = res.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestClient makes a client of the document and runs a program that calls the
// server with it.
func TestClient(t *testing.T) {
	dir := t.TempDir()
	here, err := filepath.Abs("../..")
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, "client"), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"go.mod": "go.mod", "go.sum": "go.sum", "testdata/client.go.txt": "main.go"} {
		var text []byte
		if text, err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte("=> ../.."), []byte("=> "+filepath.ToSlash(here)), 1)
		if err = os.WriteFile(filepath.Join(dir, to), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, ".", "tool", "oapi-codegen", "-generate", "types,client", "-package", "client",
		"-o", filepath.Join(dir, "client", "client.go"), "shop/openapi.json")
	if out := run(t, dir, "run", ".", serve(t)); !strings.HasSuffix(out, "all as declared\n") {
		t.Error(out)
	}
}

// run runs the go command.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
