package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"runtime"
	"strings"
)

// urlsVariable is where an app finds its endpoints, and defaultURLs what they
// are without it. The words are those of sdk.Config.
const (
	urlsVariable = "WINDHOVER_URLS"
	defaultURLs  = "http://localhost:5000"
)

// sockets are the listening sockets of the app, which the watcher holds while the
// app restarts: a request that comes meanwhile waits instead of being refused.
type sockets struct {
	files []*os.File
	urls  string // with the descriptors that the app has them as; "" when it opens its own
}

// firstFD is the number of the first descriptor that the app is given.
const firstFD = 3

// holdSockets opens the sockets of the app's http endpoints, where the app can take
// them over: on Linux, and when its source does not say endpoints of its own.
func holdSockets(src *sources) (*sockets, error) {
	s := &sockets{}
	if runtime.GOOS != "linux" || src.namesEndpoints() {
		return s, nil
	}
	urls := os.Getenv(urlsVariable)
	if urls == "" {
		urls = defaultURLs
	}
	var list []string
	for url := range strings.SplitSeq(urls, ";") {
		url = strings.TrimSpace(url)
		taken, err := s.hold(url)
		if err != nil {
			s.close()
			return nil, fmt.Errorf("windhover: cannot listen on %s: %w", url, err)
		}
		list = append(list, taken...)
	}
	if len(s.files) > 0 {
		s.urls = strings.Join(list, ";")
	}
	return s, nil
}

// hold opens the sockets of an endpoint, and returns the endpoints that the app has
// in its place. One that is not understood is left to the app.
func (s *sockets) hold(url string) (urls []string, err error) {
	base, query, _ := strings.Cut(url, "?")
	if query != "" {
		query = "?" + query
	}
	address, ok := strings.CutPrefix(strings.TrimSuffix(base, "/"), "http://")
	colon := strings.LastIndexByte(address, ':')
	if !ok || colon < 0 {
		return []string{url}, nil
	}
	host, port := strings.Trim(address[:colon], "[]"), address[colon+1:]
	hosts := []string{host}
	if host == "localhost" {
		hosts = []string{"127.0.0.1", "::1"}
	}
	for i, host := range hosts {
		l, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil && i > 0 {
			break // the IPv6 loopback is missing on some machines
		}
		if err != nil {
			return nil, err
		}
		tcp := l.(*net.TCPListener)
		_, port, _ = net.SplitHostPort(tcp.Addr().String())
		file, err := tcp.File()
		if err = errors.Join(err, tcp.Close()); err != nil {
			return nil, err
		}
		urls = append(urls, fmt.Sprintf("fd:%d%s", firstFD+len(s.files), query))
		s.files = append(s.files, file)
	}
	return urls, nil
}

// give returns the environment of the app and the files that it is given.
func (s *sockets) give(env []string) ([]string, []*os.File) {
	if s.urls != "" {
		env = append(env, urlsVariable+"="+s.urls)
	}
	return env, s.files
}

func (s *sockets) close() {
	for _, f := range s.files {
		_ = f.Close() // a listener has nothing to lose
	}
}

// namesEndpoints reports whether a file of the app has the name Endpoints, as
// sdk.Config{Endpoints: …} has: the app may then listen where it likes.
func (s *sources) namesEndpoints() (found bool) {
	for _, path := range s.serving {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if file == nil || err != nil {
			continue // the compiler will say so
		}
		ast.Inspect(file, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			found = found || ok && id.Name == "Endpoints"
			return !found
		})
	}
	return found
}
