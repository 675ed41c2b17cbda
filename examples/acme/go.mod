module github.com/windhover-go/windhover/examples/acme

go 1.26.0

require (
	github.com/windhover-go/windhover v0.0.0
	golang.org/x/crypto v0.58.0
)

require (
	github.com/dave/jennifer v1.7.1 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	golang.org/x/mod v0.43.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
)

replace github.com/windhover-go/windhover => ../..

tool github.com/windhover-go/windhover/gen/cmd/windhover
