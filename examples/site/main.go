// Command site serves a web site that is embedded in it, and a folder of downloads.
package main

import (
	"embed"
	"fmt"
	"os"

	"github.com/windhover-go/windhover/sdk"
)

// public is the site. Its files are part of the program, so that it can be started
// anywhere.
//
//go:embed public
var public embed.FS

func main() {
	if err := sdk.Run(NewPipeline()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
