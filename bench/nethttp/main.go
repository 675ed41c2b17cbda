// Command nethttp is the rival: the standard library's server. Its argument is
// the port, on 127.0.0.1; with TLS the files of the certificate and its key follow.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
)

func main() {
	if len(os.Args) != 2 && len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: nethttp PORT [CERT KEY]")
		os.Exit(2)
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /plaintext", plaintext)
	routes.HandleFunc("GET /gc", collect)
	addr := "127.0.0.1:" + os.Args[1]
	var err error
	if len(os.Args) == 4 {
		err = http.ListenAndServeTLS(addr, os.Args[2], os.Args[3], routes)
	} else {
		err = http.ListenAndServe(addr, routes)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func plaintext(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", "13")
	_, _ = io.WriteString(w, "Hello, World!") // a peer that is gone needs no answer
}

// collect gives unused memory back to the system.
func collect(w http.ResponseWriter, _ *http.Request) {
	// What a sync.Pool holds is free only after the second collection.
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	w.Header().Set("Content-Length", "9")
	_, _ = io.WriteString(w, "collected") // as above
}
