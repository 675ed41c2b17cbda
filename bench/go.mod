module github.com/windhover-go/windhover/bench

go 1.26.0

require (
	github.com/go-chi/chi/v5 v5.5.0
	github.com/valyala/fasthttp v1.78.0
	github.com/windhover-go/windhover v0.0.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/dave/jennifer v1.7.1 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/molecule-man/go-brrr v1.3.1 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/mod v0.43.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
)

replace github.com/windhover-go/windhover => ../

tool github.com/windhover-go/windhover/gen/cmd/windhover
