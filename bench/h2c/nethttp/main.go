// Command nethttp is the rival of the suite streams: the standard library's
// server over HTTP/2 in clear text. Its argument is the port, on 127.0.0.1.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: nethttp PORT")
		os.Exit(2)
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /plaintext", plaintext)
	server := &http.Server{Addr: "127.0.0.1:" + os.Args[1], Handler: routes, Protocols: new(http.Protocols)}
	server.Protocols.SetUnencryptedHTTP2(true)
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}

func plaintext(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", "13")
	_, _ = io.WriteString(w, "Hello, World!") // a peer that is gone needs no answer
}
