package conditional

// listed reports whether a list of entity tags (RFC 9110 section 5.6.1) has one
// that is the same as tag.
func listed(list, tag []byte, strong bool) bool {
	for len(list) > 0 {
		if c := list[0]; c == ',' || c == ' ' || c == '\t' {
			list = list[1:]
			continue
		}
		one, rest := scanTag(list)
		if one == nil {
			return false
		}
		if sameTag(one, tag, strong) {
			return true
		}
		list = rest
	}
	return false
}

// scanTag returns the entity tag at the beginning of b (RFC 9110 section 8.8.3)
// and what follows it; tag is nil when there is none.
func scanTag(b []byte) (tag, rest []byte) {
	i := 0
	if weak(b) {
		i = len("W/")
	}
	if i >= len(b) || b[i] != '"' {
		return nil, b
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return b[:i+1], b[i+1:]
		case c < '!' || c == 0x7f:
			return nil, b
		}
	}
	return nil, b
}

// sameTag reports whether two entity tags match (RFC 9110 section 8.8.3.2): in
// the strong comparison no weak one does. a is an entity tag; b may be anything.
func sameTag(a, b []byte, strong bool) bool {
	if t, rest := scanTag(b); t == nil || len(rest) > 0 {
		return false
	}
	if strong {
		return !weak(a) && string(a) == string(b)
	}
	return string(opaque(a)) == string(opaque(b))
}

// weak reports whether an entity tag is weak.
func weak(tag []byte) bool { return len(tag) > 1 && tag[0] == 'W' && tag[1] == '/' }

// opaque returns an entity tag without the mark of a weak one.
func opaque(tag []byte) []byte {
	if weak(tag) {
		return tag[len("W/"):]
	}
	return tag
}
