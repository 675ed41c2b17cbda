// Command birds shows the stages of a response: a list that a client has to take
// only once (ETag), in a coding that it likes (Compress), and a slow search that
// few may do at once (Limit) and none for long (Timeout).
//
//	curl -i --compressed http://localhost:5000/birds
//	curl -i "http://localhost:5000/search?name=kestrel"
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/windhover-go/windhover/sdk"
)

func main() {
	if err := sdk.Run(NewPipeline()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// names returns the birds that there are.
func names() []string {
	var list []string
	for kind := range strings.FieldsSeq("Common Lesser Greater Spotted Grey Rock Fox Dickinson's") {
		for bird := range strings.FieldsSeq("kestrel falcon harrier buzzard kite eagle owl osprey hobby merlin goshawk vulture") {
			list = append(list, kind+" "+bird)
		}
	}
	return list
}

// list is what Birds answers: it is made once.
var list = strings.Join(names(), "\n") + "\n"

// Birds lists all birds.
func Birds(res sdk.Response) {
	res.ResponseFields().Set("Content-Type", "text/plain; charset=utf-8")
	res.ResponseContent().Text(list)
}

// A Match is an answer of Search.
type Match struct {
	Names []string `json:"names"`
}

// lookAt is how long a search takes for each bird.
const lookAt = 2 * time.Millisecond

// Search finds birds by a part of their name. It takes its time, and ends early
// when nobody waits for it any more.
func Search(ctx context.Context, name sdk.Query[string]) (Match, error) {
	var found Match
	for _, bird := range names() {
		select {
		case <-ctx.Done():
			return found, ctx.Err()
		case <-time.After(lookAt):
		}
		if strings.Contains(strings.ToLower(bird), strings.ToLower(name.Or(""))) {
			found.Names = append(found.Names, bird)
		}
	}
	return found, nil
}

// Export sends the birds one by one, as they are found.
func Export(out sdk.ResponseStream, res sdk.Response) error {
	res.ResponseFields().Set("Content-Type", "text/csv; charset=utf-8")
	w := out.OpenResponse()
	for i, bird := range names() {
		if _, err := fmt.Fprintf(w, "%d,%s\n", i, bird); err != nil {
			return err
		}
		if i%16 == 15 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	_, err := io.WriteString(w, "end\n")
	return err
}
