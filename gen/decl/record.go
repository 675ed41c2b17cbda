package decl

// A Recorded is a route that a declaration declared when it ran.
type Recorded struct {
	// Method is "GET", and Host in lower case and "" for every host.
	Method, Host string
	// Path is as it was declared, with those of the groups around it.
	Path string
	// Function is the handler, a Response or, of Files, a *FilesRoute.
	Function any
	// Behind are the functions of Use that apply to it, outermost and first
	// declared first.
	Behind []any
	// OnLoop says that its functions promise never to block.
	OnLoop bool
}

// Record runs a declaration and returns its routes in order. It is for tests of
// what windhover reads, and the only use of this package that does anything:
//
//	decl.Record(func(s *decl.Server) { declare(s, app) })
func Record(declaration func(s *Server)) []*Recorded {
	var routes []*Recorded
	s := new(Server)
	s.scope = &scope{routes: &routes}
	declaration(s)
	return routes
}

// A scope is a server or a group while a declaration is recorded. In a program
// there is none: its methods do nothing for nil.
type scope struct {
	routes       *[]*Recorded
	host, prefix string
	behind       []any
	onLoop       bool
}

// add adds a route.
func (s *scope) add(method, path string, function any) *Route {
	if s == nil {
		return nil
	}
	path = s.prefix + path
	if path == s.prefix+"/" && s.prefix != "" {
		path = s.prefix
	}
	if path == "" {
		path = "/"
	}
	r := &Recorded{Method: method, Host: s.host, Path: path, Function: function, OnLoop: s.onLoop}
	r.Behind = append(r.Behind, s.behind...)
	*s.routes = append(*s.routes, r)
	return &Route{recorded: r}
}

// files adds a route of Files, for the rest of the path.
func (s *scope) files(path string) *FilesRoute {
	if s == nil {
		return nil
	}
	const taken = "{path"
	name := "path"
	for i := 0; i+len(taken) <= len(s.prefix+path); i++ {
		if (s.prefix + path)[i:i+len(taken)] == taken {
			name = "file"
		}
	}
	f := new(FilesRoute)
	f.recorded = s.add("GET", path+"{"+name+"...}", f).recorded
	return f
}

// use adds functions of Use.
func (s *scope) use(functions []any) {
	if s != nil {
		s.behind = append(s.behind, functions...)
	}
}

// group runs the declaration of a group.
func (s *scope) group(host, prefix string, declaration func(s *Group)) {
	if s == nil {
		return
	}
	if n := len(prefix); n > 0 && prefix[n-1] == '/' {
		prefix = prefix[:n-1]
	}
	inner := *s
	inner.prefix += prefix
	inner.behind = append([]any(nil), s.behind...)
	if host != "" {
		lower := []byte(host)
		for i, c := range lower {
			if c >= 'A' && c <= 'Z' {
				lower[i] += 'a' - 'A'
			}
		}
		inner.host = string(lower)
	}
	g := new(Group)
	g.scope = &inner
	declaration(g)
}
