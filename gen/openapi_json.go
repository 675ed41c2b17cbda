package gen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// An object is a JSON object whose members keep their order.
type object []member

// A member is a name and a value: a string, bool, int64, json.RawMessage, list,
// object or *variant.
type member struct {
	name  string
	value any
}

// A list is a JSON array.
type list []any

// set adds a member, or replaces its value.
func (o *object) set(name string, value any) {
	for i := range *o {
		if (*o)[i].name == name {
			(*o)[i].value = value
			return
		}
	}
	*o = append(*o, member{name, value})
}

// get returns the value of a member, or nil.
func (o *object) get(name string) any {
	for _, m := range *o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// writeJSON writes a value as text that people read: indented by two spaces, an
// array of scalars on one line.
func writeJSON(b *bytes.Buffer, value any, indent string) {
	inner := indent + "  "
	switch v := value.(type) {
	case object:
		if len(v) == 0 {
			b.WriteString("{}")
			return
		}
		b.WriteString("{\n")
		for i, m := range v {
			b.WriteString(inner)
			writeText(b, m.name)
			b.WriteString(": ")
			writeJSON(b, m.value, inner)
			b.WriteString(separator(i, len(v)))
		}
		b.WriteString(indent + "}")
	case list:
		if len(v) == 0 || isScalar(v[0]) {
			b.WriteString("[")
			for i, e := range v {
				if i > 0 {
					b.WriteString(", ")
				}
				writeJSON(b, e, inner)
			}
			b.WriteString("]")
			return
		}
		b.WriteString("[\n")
		for i, e := range v {
			b.WriteString(inner)
			writeJSON(b, e, inner)
			b.WriteString(separator(i, len(v)))
		}
		b.WriteString(indent + "]")
	case *variant:
		writeText(b, "#/components/schemas/"+v.name)
	case string:
		writeText(b, v)
	case json.RawMessage:
		if err := json.Indent(b, v, indent, "  "); err != nil {
			writeText(b, string(v)) // what is no JSON is a text
		}
	default:
		fmt.Fprint(b, v)
	}
}

func separator(i, n int) string {
	if i < n-1 {
		return ",\n"
	}
	return "\n"
}

func isScalar(value any) bool {
	switch value.(type) {
	case object, list:
		return false
	}
	return true
}

// writeText writes a JSON string, without the escapes that only HTML needs.
func writeText(b *bytes.Buffer, text string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	_ = e.Encode(strings.ToValidUTF8(text, "\uFFFD")) // a string can be encoded, and a Buffer takes it
	b.Truncate(b.Len() - 1)                           // the line feed
}

// schemaOf returns the schema that a JSON value tells of itself.
func schemaOf(value json.RawMessage) object {
	switch value = bytes.TrimSpace(value); value[0] {
	case '{':
		return objectSchema(value)
	case '[':
		var elements []json.RawMessage
		_ = json.Unmarshal(value, &elements) // value is valid
		schema := object{{"type", "array"}}
		for i, e := range elements {
			of := schemaOf(e)
			if i == 0 {
				schema.set("items", of)
			} else if schemaText(&variant{schema: of}) != schemaText(&variant{schema: schema.get("items").(object)}) {
				return object{{"type", "array"}}
			}
		}
		return schema
	case '"':
		return object{{"type", "string"}}
	case 't', 'f':
		return object{{"type", "boolean"}}
	case 'n':
		return object{{"type", "null"}}
	}
	if bytes.ContainsAny(value, ".eE") {
		return object{{"type", "number"}}
	}
	return object{{"type", "integer"}}
}

// objectSchema returns the schema that a JSON object tells of itself, with its
// members in their order.
func objectSchema(value json.RawMessage) object {
	properties, required := object{}, list{}
	d := json.NewDecoder(bytes.NewReader(value))
	_, _ = d.Token() // {, for value is valid
	for d.More() {
		name, _ := d.Token()
		var member json.RawMessage
		_ = d.Decode(&member)
		if properties.get(name.(string)) == nil {
			required = append(required, name)
		}
		properties.set(name.(string), schemaOf(member))
	}
	schema := object{{"type", "object"}}
	if len(required) > 0 {
		schema = append(schema, member{"properties", properties}, member{"required", required})
	}
	return schema
}
