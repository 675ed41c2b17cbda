// Command probe is a server to be tested against: every route exercises one
// thing that an HTTP server has to get right. WINDHOVER_URLS says where it
// listens and WINDHOVER_LOOPS on how many event loops.
package main

import (
	"fmt"
	"os"

	"github.com/windhover-go/windhover/sdk"
)

func main() {
	if err := sdk.Run(NewPipeline(new(Counter))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
