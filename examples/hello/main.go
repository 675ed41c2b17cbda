// Command hello is the smallest windhover app: three routes on
// http://localhost:5000.
package main

import (
	"fmt"
	"os"

	"github.com/windhover-go/windhover/sdk"
)

func main() {
	if err := sdk.Run(NewPipeline()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Hello greets {name}, the segment of the path.
func Hello(name string, res sdk.Response) {
	res.ResponseFields().Set("Content-Type", "text/plain; charset=utf-8")
	res.ResponseContent().Text("Hello, ").Text(name).Text("!\n")
}

// Plaintext answers with a constant.
func Plaintext(res sdk.Response) {
	res.ResponseFields().Set("Content-Type", "text/plain")
	res.ResponseContent().Text("Hello, World!")
}
