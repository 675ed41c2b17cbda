package gen

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A form is how values of a type are written.
type form uint8

const (
	jsonOut form = iota // what encoding/json writes
	jsonIn              // what encoding/json reads
	textIn              // what a parameter is read from
)

// schemas describes types. A type with a name is described once, in the
// components of the document.
type schemas struct {
	*app
	docs  *docs
	types []*described
	names map[string]bool
	notes DeclarationErrors
}

// A described is a type with a name.
type described struct {
	typ      *types.Named
	key      string
	name     string
	variants []*variant // in the order of their forms
}

// A variant is the schema of a type in one form.
type variant struct {
	form   form
	name   string
	schema object
}

// note says what cannot be described.
func (s *schemas) note(pos token.Pos, message, why string) {
	s.notes = append(s.notes, Diagnostic{Pos: s.position(pos), Code: "not-described", Message: message, Why: []string{why}})
}

// of returns the schema of a type. pos is where it is used.
func (s *schemas) of(t types.Type, f form, pos token.Pos) object {
	t = types.Unalias(t)
	switch {
	case isNamed(t, "time", "Time"):
		return object{{"type", "string"}, {"format", "date-time"}}
	case isNamed(t, "encoding/json", "RawMessage"):
		return object{}
	case isNamed(t, "encoding/json", "Number") && f != textIn:
		return object{{"type", "number"}}
	case isNamed(t, msgPath, "View") && f == textIn:
		return object{{"type", "string"}}
	}
	if types.IsInterface(t) {
		s.note(pos, s.typeName(t)+" is an interface, and is described as any value", "what it holds is not in its type")
		return object{}
	}
	if n, ok := t.(*types.Named); ok {
		if n.Obj().Pkg() == s.pkg.Types {
			pos = n.Obj().Pos()
		}
		return object{{"$ref", s.named(n, f, pos)}}
	}
	return s.plain(t, f, pos)
}

// named returns the description of a type with a name, and makes it where it is
// new. pos is where it is declared, or used where that is in another package.
func (s *schemas) named(n *types.Named, f form, pos token.Pos) *variant {
	key := types.TypeString(n, nil)
	i := slices.IndexFunc(s.types, func(d *described) bool { return d.key == key })
	if i < 0 {
		i = len(s.types)
		s.types = append(s.types, &described{typ: n, key: key, name: s.name(n)})
	}
	d := s.types[i]
	for _, v := range d.variants {
		if v.form == f {
			return v
		}
	}
	v := &variant{form: f}
	d.variants = append(d.variants, v)
	slices.SortFunc(d.variants, func(a, b *variant) int { return cmp.Compare(a.form, b.form) })
	v.schema = s.body(n, f, pos)
	doc := describe(s.docs.of(n.Obj()).text, "")
	if doc.text != "" {
		v.schema.set("description", doc.text)
	}
	if doc.deprecated {
		v.schema.set("deprecated", true)
	}
	return v
}

// name returns a name for a type: User, and PageUser for Page[User]. The app's own
// types have theirs before those of other packages.
func (s *schemas) name(n *types.Named) string {
	obj := n.Obj()
	name := s.shortName(n)
	own := s.pkg.Types
	if obj.Pkg() != own {
		if _, taken := own.Scope().Lookup(name).(*types.TypeName); taken || s.names[name] {
			name = upper(obj.Pkg().Name()) + name
		}
	}
	base := name
	for i := 2; s.names[name]; i++ {
		name = fmt.Sprint(base, i)
	}
	s.names[name] = true
	return name
}

// shortName returns the letters and digits of a type's name.
func (s *schemas) shortName(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		var name strings.Builder
		name.WriteString(t.Obj().Name())
		for arg := range t.TypeArgs().Types() {
			name.WriteString(s.shortName(arg))
		}
		return strings.Map(func(c rune) rune {
			if c < 0x80 {
				return c
			}
			return '_' // no name of a component has it
		}, name.String())
	case *types.Pointer:
		return s.shortName(t.Elem())
	case *types.Slice:
		return s.shortName(t.Elem()) + "s"
	case *types.Map:
		return s.shortName(t.Elem()) + "Map"
	case *types.Basic:
		return upper(t.Name())
	}
	return "Value"
}

// body returns the schema of a type with a name.
func (s *schemas) body(n *types.Named, f form, pos token.Pos) object {
	ownJSON, ownText := "MarshalJSON", "MarshalText"
	if f != jsonOut {
		ownJSON, ownText = "UnmarshalJSON", "UnmarshalText"
	}
	switch {
	case f != textIn && isTime(n, ownJSON) || isTime(n, ownText) && !has(n, ownJSON):
		return object{{"type", "string"}, {"format", "date-time"}}
	case f != textIn && has(n, ownJSON):
		s.note(pos, fmt.Sprintf("%s has %s, and is described as any value", s.typeName(n), ownJSON), "what it reads or writes is not in its type")
		return object{}
	case has(n, ownText):
		text := object{{"type", "string"}}
		if b, ok := n.Underlying().(*types.Basic); ok && b.Info()&types.IsString != 0 && !has(n, "MarshalText") {
			if values, _ := s.enum(n); values != nil {
				text.set("enum", values) // it reads what it is written as
			}
		}
		return text
	}
	schema := s.plain(n.Underlying(), f, pos)
	if values, names := s.enum(n); values != nil {
		schema = object{{"type", schema.get("type")}, {"enum", values}}
		if names != nil {
			schema.set("x-enum-varnames", names) // which generators of clients know
		}
	}
	return schema
}

// isTime reports whether a type has a method of time.Time, which is embedded in it.
func isTime(n *types.Named, method string) bool {
	obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(n), true, nil, method)
	f, ok := obj.(*types.Func)
	return ok && isNamed(deref(f.Signature().Recv().Type()), "time", "Time")
}

// plain returns the schema of a type without a name. pos is where it is used.
func (s *schemas) plain(t types.Type, f form, pos token.Pos) object {
	switch t := t.(type) {
	case *types.Basic:
		if schema := basic(t); schema != nil {
			return schema
		}
	case *types.Pointer:
		return nullable(s.of(t.Elem(), f, pos))
	case *types.Slice:
		if b, ok := t.Elem().Underlying().(*types.Basic); ok && b.Kind() == types.Byte && !has(t.Elem(), "MarshalJSON") && !has(t.Elem(), "MarshalText") {
			return nullable(object{{"type", "string"}, {"contentEncoding", "base64"}})
		}
		return nullable(object{{"type", "array"}, {"items", s.of(t.Elem(), f, pos)}})
	case *types.Array:
		schema := object{{"type", "array"}, {"items", s.of(t.Elem(), f, pos)}}
		if f == jsonOut {
			schema.set("minItems", t.Len())
			schema.set("maxItems", t.Len())
		}
		return schema
	case *types.Map:
		return nullable(object{{"type", "object"}, {"additionalProperties", s.of(t.Elem(), f, pos)}})
	case *types.Struct:
		return s.structure(t, f)
	}
	s.note(pos, types.TypeString(t, s.qualifier)+" is described as any value", "it has no JSON")
	return object{}
}

// basic returns the schema of a basic type, nil where it has no JSON. The formats
// are those of the OpenAPI format registry.
func basic(t *types.Basic) object {
	switch info := t.Info(); {
	case info&types.IsString != 0:
		return object{{"type", "string"}}
	case info&types.IsBoolean != 0:
		return object{{"type", "boolean"}}
	case info&types.IsFloat != 0:
		format := "double"
		if t.Kind() == types.Float32 {
			format = "float"
		}
		return object{{"type", "number"}, {"format", format}}
	case info&types.IsInteger == 0:
		return nil
	}
	schema := object{{"type", "integer"}}
	switch t.Kind() {
	case types.Int8:
		schema = append(schema, member{"minimum", int64(-1 << 7)}, member{"maximum", int64(1<<7 - 1)})
	case types.Int16:
		schema = append(schema, member{"minimum", int64(-1 << 15)}, member{"maximum", int64(1<<15 - 1)})
	case types.Int32:
		schema.set("format", "int32")
	case types.Int, types.Int64:
		schema.set("format", "int64")
	case types.Uint8:
		schema = append(schema, member{"minimum", int64(0)}, member{"maximum", int64(1<<8 - 1)})
	case types.Uint16:
		schema = append(schema, member{"minimum", int64(0)}, member{"maximum", int64(1<<16 - 1)})
	case types.Uint32:
		schema = append(schema, member{"format", "int64"}, member{"minimum", int64(0)}, member{"maximum", int64(1<<32 - 1)})
	default:
		schema = append(schema, member{"format", "uint64"}, member{"minimum", int64(0)})
	}
	return schema
}

// nullable returns a schema that takes null too.
func nullable(schema object) object {
	switch t := schema.get("type").(type) {
	case string:
		if schema.get("enum") == nil {
			schema = slices.Clone(schema)
			schema.set("type", list{t, "null"})
			return schema
		}
	case list:
		return schema // it takes it already
	}
	if len(schema) == 0 {
		return schema // so does any value
	}
	return object{{"anyOf", list{schema, object{{"type", "null"}}}}}
}

// structure returns the schema of a struct.
func (s *schemas) structure(t *types.Struct, f form) object {
	properties, required := object{}, list{}
	for _, field := range jsonFields(t) {
		var schema object
		if field.quoted {
			schema = object{{"type", "string"}}
			if _, pointer := types.Unalias(field.v.Type()).(*types.Pointer); pointer && !field.optional {
				schema = nullable(schema)
			}
		} else {
			typ := field.v.Type()
			if p, ok := types.Unalias(typ).(*types.Pointer); ok && field.optional {
				typ = p.Elem() // nil is left out
			}
			schema = slices.Clone(s.of(typ, f, field.v.Pos()))
			if field.optional {
				notNull(&schema, typ)
			}
		}
		doc := describe(s.docs.of(field.v).text, "")
		if doc.text != "" {
			schema.set("description", doc.text)
		}
		if doc.deprecated {
			schema.set("deprecated", true)
		}
		properties.set(field.name, schema)
		if f == jsonOut && !field.optional && !field.absent {
			required = append(required, field.name)
		}
	}
	schema := object{{"type", "object"}}
	if len(properties) > 0 {
		schema.set("properties", properties)
	}
	if len(required) > 0 {
		schema.set("required", required)
	}
	return schema
}

// notNull removes null from the schema of a slice or map without a name that is
// left out when it is empty.
func notNull(schema *object, t types.Type) {
	if _, ok := types.Unalias(t).(*types.Named); ok {
		return
	}
	if l, ok := schema.get("type").(list); ok && len(l) > 0 {
		schema.set("type", l[0])
	}
}

// A jsonField is a field of a struct as encoding/json sees it.
type jsonField struct {
	v        *types.Var
	name     string
	tagged   bool
	quoted   bool  // option "string"
	optional bool  // option "omitempty" or "omitzero"
	absent   bool  // it is in an embedded pointer, which can be nil
	index    []int // of the field in its struct, and of those around it
}

// jsonFields returns the fields of a struct by the rules of encoding/json: of
// those with one name the least nested has it, then the one with a tag, and
// none where that leaves several.
func jsonFields(t *types.Struct) (fields []jsonField) {
	all := embeddedFields(t, nil, false, nil)
	for _, f := range all {
		best, several := f, false
		for _, o := range all {
			if o.name != f.name || slices.Equal(o.index, f.index) {
				continue
			}
			switch c := cmp.Or(cmp.Compare(len(o.index), len(best.index)), preferTagged(o, best)); {
			case c < 0:
				best, several = o, false
			case c == 0:
				several = true
			}
		}
		if !several && slices.Equal(best.index, f.index) {
			fields = append(fields, f)
		}
	}
	return fields
}

func preferTagged(a, b jsonField) int {
	switch {
	case a.tagged == b.tagged:
		return 0
	case a.tagged:
		return -1
	}
	return 1
}

// embeddedFields returns the fields of a struct and of those embedded in it,
// which are at index in others. inside are the structs around it.
func embeddedFields(t *types.Struct, index []int, absent bool, inside []*types.Struct) (fields []jsonField) {
	if slices.Contains(inside, t) {
		return nil
	}
	inside = append(slices.Clip(inside), t)
	for i := range t.NumFields() {
		v := t.Field(i)
		tag := reflect.StructTag(t.Tag(i)).Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if !jsonName(name) {
			name = ""
		}
		inner, isStruct := deref(v.Type()).Underlying().(*types.Struct)
		if tag == "-" || !v.Exported() && (!v.Embedded() || !isStruct) {
			continue
		}
		at := append(slices.Clip(index), i)
		if v.Embedded() && name == "" && isStruct {
			_, pointer := types.Unalias(v.Type()).(*types.Pointer)
			fields = append(fields, embeddedFields(inner, at, absent || pointer, inside)...)
			continue
		}
		f := jsonField{v: v, name: cmp.Or(name, v.Name()), tagged: name != "", absent: absent, index: at}
		for option := range strings.SplitSeq(options, ",") {
			f.optional = f.optional || option == "omitempty" && canBeEmpty(v.Type()) || option == "omitzero"
			f.quoted = f.quoted || option == "string" && canBeQuoted(v.Type())
		}
		fields = append(fields, f)
	}
	return fields
}

// jsonName reports whether encoding/json takes a name from a tag.
func jsonName(name string) bool {
	for _, c := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !token.IsIdentifier("x"+string(c)) {
			return false
		}
	}
	return name != ""
}

// canBeEmpty reports whether omitempty has a meaning for a type.
func canBeEmpty(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Struct:
		return false
	case *types.Array:
		return u.Len() == 0
	}
	return true
}

// canBeQuoted reports whether the option "string" has a meaning for a type.
func canBeQuoted(t types.Type) bool {
	t = deref(t)
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsString|types.IsBoolean|types.IsNumeric) != 0 && !has(t, "MarshalJSON") && !has(t, "MarshalText")
}

// enum returns the values of a type whose constants are an enumeration, or nil:
// texts, or whole numbers without a gap, in one group of constants. names are those
// of the numbers.
func (s *schemas) enum(n *types.Named) (values, names list) {
	b, ok := n.Underlying().(*types.Basic)
	if !ok || b.Info()&(types.IsString|types.IsInteger) == 0 {
		return nil, nil
	}
	var constants []*types.Const
	scope := n.Obj().Pkg().Scope()
	for _, name := range scope.Names() {
		if c, ok := scope.Lookup(name).(*types.Const); ok && types.Identical(c.Type(), n) {
			constants = append(constants, c)
		}
	}
	slices.SortFunc(constants, func(a, b *types.Const) int { return cmp.Compare(a.Pos(), b.Pos()) })
	var group *ast.GenDecl
	var numbers []int64
	for _, c := range constants {
		g := s.docs.of(c).group
		if g == nil || group != nil && g != group || shifts(g) {
			return nil, nil
		}
		group = g
		var value any
		if b.Info()&types.IsString != 0 {
			value = constant.StringVal(c.Val())
		} else if i, exact := constant.Int64Val(c.Val()); exact {
			value = i
			numbers = append(numbers, i)
		}
		if !slices.Contains(values, value) {
			values, names = append(values, value), append(names, c.Name())
		}
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	if len(values) < 2 || len(numbers) > 0 && numbers[len(numbers)-1]-numbers[0] != int64(len(values)-1) {
		return nil, nil
	}
	if len(numbers) == 0 {
		names = nil // texts are their own
	}
	return values, names
}

// shifts reports whether constants are bits, which can be combined.
func shifts(g *ast.GenDecl) (found bool) {
	ast.Inspect(g, func(n ast.Node) bool {
		b, ok := n.(*ast.BinaryExpr)
		found = found || ok && (b.Op == token.SHL || b.Op == token.OR)
		return true
	})
	return found
}

// components returns the schemas of the types with a name, by name. Variants
// that are the same have one name; of others, those that are read have Input or
// Text behind theirs.
func (s *schemas) components() object {
	suffixes := map[form]string{jsonOut: "", jsonIn: "Input", textIn: "Text"}
	same := map[*variant]bool{} // as the first of its type
	for _, d := range s.types {
		for _, v := range d.variants {
			v.name, same[v] = d.name, true
		}
	}
	for changed := true; changed; { // each turn makes one variant differ, at least
		changed = false
		for _, d := range s.types {
			for _, v := range d.variants[1:] {
				if same[v] && schemaText(v) != schemaText(d.variants[0]) {
					same[v], changed = false, true
					v.name = s.free(d.name + suffixes[v.form])
				}
			}
		}
	}
	all := object{}
	for _, d := range s.types {
		for _, v := range d.variants {
			all.set(v.name, v.schema)
		}
	}
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return all
}

func (s *schemas) free(name string) string {
	base := name
	for i := 2; s.names[name]; i++ {
		name = fmt.Sprint(base, i)
	}
	s.names[name] = true
	return name
}

func schemaText(v *variant) string {
	var b bytes.Buffer
	writeJSON(&b, v.schema, "")
	return b.String()
}

// defaultValue returns a default, a Go literal, as JSON.
func defaultValue(literal, kind string) any {
	switch {
	case kind == "string":
		text, _ := strconv.Unquote(literal) // it was quoted by literal
		return text
	case strings.HasPrefix(kind, "float"):
		n, _ := strconv.ParseFloat(literal, 64) // it was checked by literal
		return json.RawMessage(strconv.FormatFloat(n, 'g', -1, 64))
	case kind == "bool":
		return json.RawMessage(literal)
	}
	digits := strings.TrimLeft(strings.TrimPrefix(literal, "-"), "0")
	if digits == "" {
		return json.RawMessage("0")
	}
	if strings.HasPrefix(literal, "-") {
		digits = "-" + digits
	}
	return json.RawMessage(digits)
}
