package gen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// TestSDKErrors compares the errors that Fails knows with those of package sdk
// that are declared with a status.
func TestSDKErrors(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../sdk/errors.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]int64{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if pointer, ok := spec.Values[0].(*ast.UnaryExpr); ok {
			if lit, ok := pointer.X.(*ast.CompositeLit); ok && lit.Type.(*ast.Ident).Name == "StatusError" {
				status := lit.Elts[0].(*ast.KeyValueExpr).Value.(*ast.BasicLit)
				declared[spec.Names[0].Name], _ = strconv.ParseInt(status.Value, 10, 64)
			}
		}
		return true
	})
	if len(declared) < 5 {
		t.Fatalf("package sdk declares %v", declared)
	}
	for name, status := range declared {
		if sdkErrors[name] != status {
			t.Errorf("%s: %d, and in package sdk %d", name, sdkErrors[name], status)
		}
	}
	for name := range sdkErrors {
		if declared[name] == 0 {
			t.Errorf("package sdk has no %s", name)
		}
	}
}
