// Command h2c is a windhover server that speaks HTTP/2 and nothing else: it is
// measured beside other servers, and tested by h2spec.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

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

// Delay answers /delay, so late that what follows its request on the stream
// meets a function that runs.
func Delay(res sdk.Response) {
	time.Sleep(200 * time.Millisecond)
	res.ResponseContent().Text("waited")
}

// Collect answers GET /gc: it gives unused memory back to the system.
func Collect(res sdk.Response) {
	// What a sync.Pool holds is free only after the second collection.
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	res.ResponseContent().Text("collected")
}
