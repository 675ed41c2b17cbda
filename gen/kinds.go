package gen

import (
	"go/types"
	"slices"
	"strings"
)

// streams reports whether t is a feature whose exchange may wait for the client
// while it is answered.
func streams(t types.Type) bool { return sendsEarly(t) || feature(t) == "SendFile" }

// sendsEarly reports whether t is a feature whose user sends the head of the
// response.
func sendsEarly(t types.Type) bool { return feature(t) == "ResponseStream" || feature(t) == "Upgrade" }

// feature returns the name of the feature that t is, or "".
func feature(t types.Type) string {
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == sdkPath && slices.Contains(features, n.Obj().Name()) {
		return n.Obj().Name()
	}
	return ""
}

func isContext(t types.Type) bool { return isNamed(t, "context", "Context") }

// jsonOf returns the T of sdk.JSON[T].
func jsonOf(t types.Type) types.Type { return wrapped(t, "JSON") }

// formOf returns the T of sdk.Form[T].
func formOf(t types.Type) types.Type { return wrapped(t, "Form") }

// wrapped returns the T of a generic alias of package sdk, which is looked for
// behind aliases of the app.
func wrapped(t types.Type, name string) types.Type {
	for {
		alias, ok := t.(*types.Alias)
		if !ok {
			return nil
		}
		if o := alias.Obj(); o.Pkg() != nil && o.Pkg().Path() == sdkPath && o.Name() == name {
			return alias.TypeArgs().At(0)
		}
		t = alias.Rhs()
	}
}

// optional returns the T of sdk.Query[T], sdk.Header[T] or sdk.Cookie[T], and
// which it is.
func optional(t types.Type) (elem types.Type, kind string) {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil || n.Obj().Pkg().Path() != sdkPath || n.TypeArgs().Len() != 1 {
		return nil, ""
	}
	if name := n.Obj().Name(); name == "Query" || name == "Header" || name == "Cookie" {
		return n.TypeArgs().At(0), name
	}
	return nil, ""
}

// isView reports whether t contains a msg.View.
func isView(t types.Type, depth int) bool {
	if isNamed(t, msgPath, "View") {
		return true
	}
	if depth == 0 {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for f := range u.Fields() {
			if isView(f.Type(), depth-1) {
				return true
			}
		}
	case *types.Slice:
		return isView(u.Elem(), depth-1)
	case *types.Array:
		return isView(u.Elem(), depth-1)
	case *types.Pointer:
		return isView(u.Elem(), depth-1)
	case *types.Map:
		return isView(u.Elem(), depth-1) || isView(u.Key(), depth-1)
	}
	return false
}

// scalar returns how a text becomes a value of type t: the name of the basic
// kind ("int64", "string", "bool", …), "text" for UnmarshalText, "view" for a
// msg.View, or "".
func scalar(t types.Type) string {
	if isNamed(t, msgPath, "View") {
		return "view"
	}
	if unmarshalsText(t) {
		return "text"
	}
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		return ""
	}
	switch b.Kind() {
	case types.String, types.Bool, types.Int, types.Int8, types.Int16, types.Int32, types.Int64,
		types.Uint, types.Uint8, types.Uint16, types.Uint32, types.Uint64, types.Float32, types.Float64:
		return types.Typ[b.Kind()].Name()
	}
	return ""
}

// isText reports whether a kind is read from the text of a path, and not while
// the route is chosen.
func isText(kind string) bool { return kind == "string" || kind == "text" || kind == "view" }

// unmarshalsText reports whether *t has UnmarshalText([]byte) error.
func unmarshalsText(t types.Type) bool {
	obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(t), true, nil, "UnmarshalText")
	f, ok := obj.(*types.Func)
	if !ok {
		return false
	}
	sig := f.Type().(*types.Signature)
	return sig.Params().Len() == 1 && types.TypeString(sig.Params().At(0).Type(), nil) == "[]byte" &&
		sig.Results().Len() == 1 && isError(sig.Results().At(0).Type())
}

// rank orders the kinds of wildcards where two have the same place: the
// narrower is tried first, and text last.
func rank(kind string) int {
	order := []string{"bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int", "uint", "int64", "uint64", "float32", "float64"}
	for i, k := range order {
		if k == kind {
			return i
		}
	}
	return len(order)
}

// headerName turns the name of a parameter into that of a field: ifNoneMatch
// is If-None-Match, xRequestID is X-Request-Id.
func headerName(param string) string {
	var b strings.Builder
	upper := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	for i := range len(param) {
		c := param[i]
		startsWord := upper(c) && i > 0 && (!upper(param[i-1]) || i+1 < len(param) && !upper(param[i+1]) && param[i+1] > '9')
		switch {
		case startsWord:
			b.WriteByte('-')
			b.WriteByte(c)
		case i == 0 && c >= 'a' && c <= 'z':
			b.WriteByte(c - 'a' + 'A')
		case upper(c) && i > 0:
			b.WriteByte(c - 'A' + 'a')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
