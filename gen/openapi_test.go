package gen

import "testing"

// TestIsPart checks which kinds of values are part of which.
func TestIsPart(t *testing.T) {
	for _, tt := range []struct {
		kind, wider string
		want        bool
	}{
		{"int8", "int64", true},
		{"int8", "int", true},
		{"int64", "int8", false},
		{"int64", "int", false},
		{"uint8", "uint16", true},
		{"uint8", "int16", true},
		{"uint16", "int16", false},
		{"int8", "uint16", false},
		{"uint64", "int64", false},
		{"bool", "string", true},
		{"int8", "view", true},
		{"string", "view", false},
		{"int8", "text", false},
		{"text", "string", false},
		{"float32", "float64", false},
		{"", "string", false},
	} {
		if got := isPart(tt.kind, tt.wider); got != tt.want {
			t.Errorf("%q is part of %q: %v", tt.kind, tt.wider, got)
		}
	}
}

// TestDescribe checks how a comment is taken apart.
func TestDescribe(t *testing.T) {
	for _, tt := range []struct{ text, name, summary, rest string }{
		{"", "F", "", ""},
		{"F finds a user.\n", "F", "Finds a user", ""},
		{"F is the first. It is\nnot the last.\n\nNever.\n", "F", "The first", "It is not the last.\n\nNever."},
		{"ErrTaken says that a name is taken.\n", "ErrTaken", "A name is taken", ""},
		{"Uses J. R. Doe, e. g. as [User] does. And [sdk.Response].\n", "", "Uses J. R. Doe, e. g. as User does", "And sdk.Response."},
		{"Without an end", "", "Without an end", ""},
		{"Deprecated: use G. It is better.\n", "F", "", "Deprecated: use G. It is better."},
	} {
		d := describe(tt.text, tt.name)
		if d.summary != tt.summary || d.rest != tt.rest {
			t.Errorf("%q: %q, %q; want %q, %q", tt.text, d.summary, d.rest, tt.summary, tt.rest)
		}
	}
}
