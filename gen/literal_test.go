package gen

import "testing"

// TestLiteral checks that defaults mean in Go what they mean in a request.
func TestLiteral(t *testing.T) {
	for _, tt := range []struct{ text, kind, want string }{
		{"10", "int8", "10"},
		{"010", "int8", "10"},
		{"08", "uint16", "8"},
		{"-5", "int", "-5"},
		{"+5", "int", ""},
		{"128", "int8", ""},
		{"-1", "uint", ""},
		{"1_0", "int", ""},
		{"", "int", ""},
		{"010", "float64", "10"},
		{"1e3", "float32", "1000"},
		{"1e39", "float32", ""},
		{"inf", "float64", ""},
		{"NaN", "float64", ""},
		{"0x1p-2", "float64", ""},
		{"true", "bool", "true"},
		{"1", "bool", ""},
		{`a"b`, "string", `"a\"b"`},
		{"+", "string", `"+"`},
		{"x", "view", ""},
	} {
		if got := literal(tt.text, tt.kind); got != tt.want {
			t.Errorf("%q as %s is %s; want %s", tt.text, tt.kind, got, tt.want)
		}
	}
}
