module github.com/windhover-go/windhover/examples/shop

go 1.26.0

tool github.com/windhover-go/windhover/gen/cmd/windhover

require (
	github.com/ncruces/go-sqlite3 v0.37.0
	github.com/windhover-go/windhover v0.0.0
)

require (
	github.com/dave/jennifer v1.7.1 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/ncruces/go-sqlite3-wasm/v6 v6.5.35401 // indirect
	github.com/ncruces/julianday v1.0.0 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	golang.org/x/mod v0.43.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
)

replace github.com/windhover-go/windhover => ../..
