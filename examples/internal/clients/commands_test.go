package clients

import (
	"os"
	"testing"
)

// TestFormat: a file that is parsed and written again is the same.
func TestFormat(t *testing.T) {
	text := "# needs sh cat\n#\n# For the reader.\n\n$ one\na\n\nb\n\n$ two\n$URL\n"
	head, commands := parse(text)
	if needs(head) != " sh cat" || len(commands) != 2 || commands[0] != (command{"one", "a\n\nb\n"}) || commands[1] != (command{"two", "$URL\n"}) {
		t.Errorf("%q, %q", head, commands)
	}
	if got := format(head, commands); got != text {
		t.Errorf("%q", got)
	}
}

// TestRun: outputs are compared as they are, but for CR, Date and blank ends.
func TestRun(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"both outputs", "echo a; echo b >&2", "a\nb\n"},
		{"CR and blank lines at the end", `printf 'a\r\n\n\n'`, "a\n"},
		{"no output", "true", "\n"},
		{"a failure", "echo a; exit 3", "a\n(exit status 3)\n"},
		{"a date", `printf 'Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n'`, "Date: (now)\n"},
		{"a date of another form", `echo 'Date: Thu, 1 Jan 2026 00:00:00 GMT'`, "Date: Thu, 1 Jan 2026 00:00:00 GMT\n"},
		{"the environment", `echo $URL`, "http://x\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(t, tt.line, t.TempDir(), append(os.Environ(), "URL=http://x")); got != tt.want {
				t.Errorf("%q; want %q", got, tt.want)
			}
		})
	}
}
