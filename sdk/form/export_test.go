package form

// A Pair is a field as tests see it.
type Pair struct{ Name, Value string }

// All returns the fields, files included.
func (f *Fields) All() (all []Pair) {
	for _, one := range f.list {
		all = append(all, Pair{string(one.name), string(one.value)})
	}
	return all
}
