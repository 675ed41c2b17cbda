package gen

import (
	"slices"
	"testing"
)

// TestPart: paths are parted at the first segment that they do not share, and one
// that ends there is told apart from one with a slash behind it.
func TestPart(t *testing.T) {
	for _, tt := range []struct {
		paths  []string
		shared string
		keys   []string
		begin  int
	}{
		{[]string{"/a", "/b/c"}, "", []string{"a", "b"}, 1},
		{[]string{"/a", "/a/"}, "/a", []string{""}, 3},
		{[]string{"/a/b", "/a", "/a/c"}, "/a", []string{"b", "c"}, 3},
		{[]string{"/a/b/c", "/a/b/", "/a/b/c/d"}, "", []string{"c", ""}, 5},
		{[]string{"/", "/a"}, "", []string{"", "a"}, 1},
		{[]string{"/a"}, "/a", nil, 3},
	} {
		var list []tail
		for _, p := range tt.paths {
			list = append(list, tail{text: p})
		}
		shared, keys, parts, begin := part(list, 1)
		name, n := "", 0
		if shared != nil {
			name, n = shared.text, 1
		}
		for _, key := range keys {
			n += len(parts[key])
		}
		if name != tt.shared || !slices.Equal(keys, tt.keys) || begin != tt.begin || n != len(list) {
			t.Errorf("%q: %q, %q and %d; %d of them", tt.paths, name, keys, begin, n)
		}
	}
}
