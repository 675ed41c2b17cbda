// Command bench measures what a request and an idle connection cost a server:
// CPU time and memory of the server's process, for windhover, for net/http and
// for a C program that does nothing but answer (the floor); with TLS, for
// fasthttp, nginx and h2o, too. README.md says how to run it and how to read it.
//
// Servers are processes of their own, on one core; the load is another process
// on another core. bench itself sleeps while they work. It opens no connection
// but over loopback. The sub-command abuse measures what clients that mean harm
// do to others, with nginx beside the Go servers; streams measures HTTP/2, with
// h2load. Read main_linux.go first, for these abuse_linux.go and
// streams_linux.go.
package main
