// Command app is the windhover server whose memory is measured: the plaintext
// route of examples/hello, and a route that gives unused memory back.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/windhover-go/windhover/sdk"
)

func main() {
	if err := sdk.Run(NewPipeline()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Plaintext answers GET /plaintext.
func Plaintext(res sdk.Response) {
	res.ResponseFields().Set("Content-Type", "text/plain")
	res.ResponseContent().Text("Hello, World!")
}

// Collect answers GET /gc: it gives unused memory back to the system.
func Collect(res sdk.Response) {
	// What a sync.Pool holds is free only after the second collection.
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	res.ResponseContent().Text("collected")
}
