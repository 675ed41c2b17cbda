package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// content is what every server answers.
const content = "Hello, World!"

// A response is what the load checks of an answer.
type response struct {
	status  int
	content []byte // borrowed from what was parsed
}

// parseResponse parses a response with a Content-Length at the start of b; n is
// 0 while it is not complete.
func parseResponse(b []byte) (r response, n int, err error) {
	head, rest, complete := bytes.Cut(b, []byte("\r\n\r\n"))
	if !complete {
		return r, 0, nil
	}
	lines := strings.Split(string(head), "\r\n")
	version, status, _ := strings.Cut(lines[0], " ")
	code, _, _ := strings.Cut(status, " ")
	if version != "HTTP/1.1" || len(code) != 3 {
		return r, 0, fmt.Errorf("status line %q", lines[0])
	}
	if r.status, err = strconv.Atoi(code); err != nil {
		return r, 0, err
	}
	length := -1
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		switch {
		case strings.EqualFold(name, "Transfer-Encoding"):
			return r, 0, errors.New("the response has a transfer coding; the load wants a Content-Length")
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 0 {
				return r, 0, fmt.Errorf("Content-Length %q", value)
			}
		}
	}
	if length < 0 {
		return r, 0, errors.New("the response has no Content-Length")
	}
	if len(rest) < length {
		return r, 0, nil
	}
	r.content = rest[:length]
	return r, len(head) + 4 + length, nil
}

// isPlaintext returns an error for any response but the expected.
func (r response) isPlaintext() error {
	if r.status != 200 || string(r.content) != content {
		return fmt.Errorf("the server answers %d with %q, not 200 with %q", r.status, r.content, content)
	}
	return nil
}

// sameResponses reports whether b is a whole number of responses of size
// octets that begin as 200 and end with the content: a check that is cheap
// enough for each of them.
func sameResponses(b []byte, size int) bool {
	if size <= 0 || len(b)%size != 0 {
		return false
	}
	for ; len(b) > 0; b = b[size:] {
		if !bytes.HasPrefix(b, []byte("HTTP/1.1 200 ")) || !bytes.HasSuffix(b[:size], []byte(content)) {
			return false
		}
	}
	return true
}
