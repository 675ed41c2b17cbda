// Package vet finds what neither the compiler nor the generator can see in the
// functions of an app: octets of a request that are kept (KeptViews), and calls
// that block the event loop (OnLoop). The windhover command is a tool of go vet
// with both:
//
//	go vet -vettool=$(go tool -n windhover) ./...
//
// Both are cautious: they follow what is plain, and say nothing where they do not
// know.
package vet

import (
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Paths of the packages whose types and functions are looked for.
const (
	modulePath = "github.com/windhover-go/windhover"
	sdkPath    = modulePath + "/sdk"
	msgPath    = modulePath + "/sdk/msg"
)

// Analyzers returns the analyzers.
func Analyzers() []*analysis.Analyzer { return []*analysis.Analyzer{KeptViews, OnLoop} }

// fullName returns the package and the name of a function: "Type.Method" for a
// method.
func fullName(f *types.Func) (pkg, name string) {
	if f.Pkg() == nil {
		return "", f.Name() // error.Error
	}
	name = f.Name()
	if recv := f.Signature().Recv(); recv != nil {
		t := recv.Type()
		if p, ok := types.Unalias(t).(*types.Pointer); ok {
			t = p.Elem()
		}
		if n, ok := types.Unalias(t).(*types.Named); ok {
			name = n.Obj().Name() + "." + name
		}
	}
	return f.Pkg().Path(), name
}

// short returns the name of a function as its callers write it: "time.Sleep",
// "(sql.DB).Query".
func short(f *types.Func) string {
	pkg, name := fullName(f)
	pkg = pkg[strings.LastIndexByte(pkg, '/')+1:]
	if typ, method, ok := strings.Cut(name, "."); ok {
		return "(" + pkg + "." + typ + ")." + method
	}
	return pkg + "." + name
}

// oneOf reports whether a function is in a table: the names of functions,
// separated by spaces, by the path of their package.
func oneOf(table map[string]string, f *types.Func) bool {
	pkg, name := fullName(f)
	names, ok := table[pkg]
	return ok && strings.Contains(" "+names+" ", " "+name+" ")
}

// ours reports whether a package is one of windhover, which keeps its promises by
// itself. Examples are apps.
func ours(path string) bool {
	rest, ok := strings.CutPrefix(path, modulePath+"/")
	return ok && !strings.HasPrefix(rest, "examples/")
}
