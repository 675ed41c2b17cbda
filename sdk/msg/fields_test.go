package msg

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk/invariant"
)

// section returns what a section holds, and checks that its forms agree.
func section(t *testing.T, f *Fields) string {
	t.Helper()
	var lines strings.Builder
	for i := range f.Count() {
		name, value := f.At(i)
		fmt.Fprintf(&lines, "%s: %s\r\n", name, value)
		if first, ok := f.Value(strings.ToUpper(name.String())); !ok || first.Len() > 0 && value.Len() > 0 && i == 0 && first.String() != value.String() {
			t.Errorf("value of %s: %q, %t", name, first, ok)
		}
	}
	if has := strings.Contains(strings.ToLower("\n"+lines.String()), "\ndate:"); has != f.HasDate() {
		t.Errorf("has a date: %t in %q", f.HasDate(), lines.String())
	}
	if lines.String() != string(f.Lines()) {
		t.Errorf("lines %q; text %q", lines.String(), f.Lines())
	}
	return strings.ReplaceAll(lines.String(), "\r\n", "\n")
}

func TestFields(t *testing.T) {
	for _, tt := range []struct {
		name  string
		write func(f *Fields)
		want  string
	}{
		{"nothing", func(*Fields) {}, ""},
		{"order is kept", func(f *Fields) { f.Set("b", "1"); f.Add("a", "2"); f.Add("b", "3") }, "b: 1\na: 2\nb: 3\n"},
		{"set replaces, last", func(f *Fields) { f.Add("a", "1"); f.Add("b", "2"); f.Set("A", "3") }, "b: 2\nA: 3\n"},
		{"set replaces all", func(f *Fields) { f.Add("a", "1"); f.Add("a", "2"); f.Add("b", "3"); f.Add("A", "4"); f.Set("a", "5") }, "b: 3\na: 5\n"},
		{"delete", func(f *Fields) { f.Add("a", "1"); f.Add("bc", "22"); f.Add("A", "333"); f.Add("d", "4"); f.Delete("a") }, "bc: 22\nd: 4\n"},
		{"delete what is not there", func(f *Fields) { f.Add("a", "1"); f.Delete("b"); f.Delete("") }, "a: 1\n"},
		{"add after delete", func(f *Fields) { f.Add("a", "1"); f.Delete("a"); f.Add("b", "2") }, "b: 2\n"},
		{"octets are copied", func(f *Fields) { b := []byte("1"); f.SetOctets("a", b); b[0] = '2' }, "a: 1\n"},
		{"empty value", func(f *Fields) { f.Set("a", ""); f.SetOctets("b", nil) }, "a: \nb: \n"},
		{"whitespace around the value", func(f *Fields) { f.Set("a", " \t1 2\t "); f.Set("b", " \t ") }, "a: 1 2\nb: \n"},
		{"octets over ASCII", func(f *Fields) { f.Set("a", "ä\xff") }, "a: ä\xff\n"},
		{"names like reserved ones", func(f *Fields) { f.Set("data", ""); f.Set("connections", ""); f.Set("keep_alive", "") }, "data: \nconnections: \nkeep_alive: \n"},
		{"one date", func(f *Fields) { f.Add("Date", "1"); f.Add("Data", "2"); f.Add("date", "3") }, "Data: 2\ndate: 3\n"},
		{"date set and deleted", func(f *Fields) {
			f.Set("DATE", "1")
			f.Set("a", "2")
			f.SetOctets("Date", []byte("3"))
			f.Delete("date")
		}, "a: 2\n"},
		{"date deleted and set", func(f *Fields) {
			f.Add("Date", "1")
			f.Delete("a")
			f.Delete("date")
			f.Set("date", "2")
			f.Add("a", "3")
		}, "date: 2\na: 3\n"},
		{"close is a wish", func(f *Fields) { f.Set("connection", " Close ") }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var f Fields
			for range 2 {
				tt.write(&f)
				if got := section(t, &f); got != tt.want || f.Err() != nil {
					t.Errorf("%q, error %v; want %q", got, f.Err(), tt.want)
				}
				if f.WantsClose() != strings.Contains(tt.name, "close") {
					t.Error("close:", f.WantsClose())
				}
				f.Reset()
				if f.Count() != 0 || len(f.Lines()) != 0 || f.WantsClose() {
					t.Error("not empty after Reset")
				}
			}
		})
	}
}

func TestFieldsRefused(t *testing.T) {
	cases := []struct {
		name, value string
		want        error
	}{
		{"", "a", ErrFieldName},
		{"a b", "c", ErrFieldName},
		{"a:", "c", ErrFieldName},
		{"a\r\nb", "c", ErrFieldName},
		{"ä", "c", ErrFieldName},
		{"a", "b\r\nc: d", ErrFieldValue},
		{"a", "b\nc", ErrFieldValue},
		{"a", "b\rc", ErrFieldValue},
		{"a", "b\x00c", ErrFieldValue},
		{"a", "\x7f", ErrFieldValue},
		{"a", "\x1f", ErrFieldValue},
		{"a", "b\r\n", ErrFieldValue},
		{"Connection", "keep-alive", ErrFieldReserved},
		{"Connection", "close, a", ErrFieldReserved},
		{"Connection", "close\r\n", ErrFieldValue},
		{"CONTENT-LENGTH", "1", ErrFieldReserved},
		{"Keep-Alive", "a", ErrFieldReserved},
		{"transfer-encoding", "a", ErrFieldReserved},
		{"Upgrade", "a", ErrFieldReserved},
	}
	for _, tt := range cases {
		for i, write := range []func(f *Fields){
			func(f *Fields) { f.Set(tt.name, tt.value) },
			func(f *Fields) { f.Add(tt.name, tt.value) },
			func(f *Fields) { f.SetOctets(tt.name, []byte(tt.value)) },
		} {
			var f Fields
			f.Add("b", "1")
			write(&f)
			var refused *FieldError
			if !errors.Is(f.Err(), tt.want) || !errors.As(f.Err(), &refused) || refused.Name != tt.name {
				t.Errorf("%q, %q, method %d: %v; want %v", tt.name, tt.value, i, f.Err(), tt.want)
			}
			f.Add("", "") // the first one is kept
			if !errors.Is(f.Err(), tt.want) || section(t, &f) != "b: 1\n" || f.WantsClose() {
				t.Errorf("%q, %q: %v, %q", tt.name, tt.value, f.Err(), f.Lines())
			}
			if f.Reset(); f.Err() != nil {
				t.Error("the error outlives Reset")
			}
		}
	}
}

func TestFieldsLetGo(t *testing.T) {
	var f Fields
	f.Set("a", strings.Repeat("b", maxKeptText))
	for range maxKeptLines + 1 {
		f.Add("a", "b")
	}
	f.Reset()
	if cap(f.text) > maxKeptText || cap(f.lines) > maxKeptLines {
		t.Error("hoards")
	}
	f.Set("a", "b")
	name, _ := f.At(0)
	if f.Reset(); cap(f.text) == 0 {
		t.Error("does not keep what is small")
	}
	if invariant.Enabled && name.Octets()[0] != 0xdb {
		t.Error("does not poison what it lent")
	}
}

func TestFieldsDoNotAllocate(t *testing.T) {
	var f Fields
	value := []byte("text/html")
	if n := testing.AllocsPerRun(100, func() {
		f.Set("Content-Type", "text/plain")
		f.SetOctets("content-type", value)
		f.Add("Vary", "Accept")
		f.Set("Connection", "close")
		f.Value("vary")
		f.Reset()
	}); n != 0 && !invariant.Enabled {
		t.Errorf("%v allocations; want 0", n)
	}
}

// FuzzFields checks that whatever is set, the lines are lines of their names
// and values, and no more of them than were added.
func FuzzFields(f *testing.F) {
	f.Add("A", "b", "C", "d")
	f.Add("A", "b\r\nC: d", "a", "\te ")
	f.Add("Connection", "close", "Date", "")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		var fields Fields
		fields.Add(name1, value1)
		fields.Set(name2, value2)
		fields.Add(name1, value2)
		lines := strings.Split(string(fields.Lines()), "\r\n")
		if len(lines) != fields.Count()+1 || fields.Count() > 3 {
			t.Fatalf("%d lines, %q", fields.Count(), lines)
		}
		for i := range fields.Count() {
			name, value := fields.At(i)
			if lines[i] != name.String()+": "+value.String() || strings.ContainsAny(lines[i], "\r\n\x00") ||
				name.String() != name1 && name.String() != name2 {
				t.Fatalf("line %d: %q", i, lines[i])
			}
		}
	})
}

func BenchmarkFieldsSet(b *testing.B) {
	var f Fields
	b.ReportAllocs()
	for b.Loop() {
		f.Set("Content-Type", "text/plain")
		f.Set("Server", "windhover")
		f.Reset()
	}
}
