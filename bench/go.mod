module github.com/windhover-go/windhover/bench

go 1.26.0

require (
	github.com/windhover-go/windhover v0.0.0
	golang.org/x/sys v0.49.0
)

replace github.com/windhover-go/windhover => ../
