// Command fasthttp is a rival: fasthttp's server, with TLS. Its arguments are the
// port, on 127.0.0.1, and the files of the certificate and its key.
package main

import (
	"fmt"
	"os"

	"github.com/valyala/fasthttp"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: fasthttp PORT CERT KEY")
		os.Exit(2)
	}
	s := &fasthttp.Server{NoDefaultServerHeader: true, Handler: func(c *fasthttp.RequestCtx) {
		if string(c.Path()) != "/plaintext" {
			c.SetStatusCode(fasthttp.StatusNotFound)
			return
		}
		c.SetContentType("text/plain")
		c.SetBodyString("Hello, World!")
	}}
	err := s.ListenAndServeTLS("127.0.0.1:"+os.Args[1], os.Args[2], os.Args[3])
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
