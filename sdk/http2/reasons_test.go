package http2_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/h2"
)

// TestReasonsAreDocumented: the comment of sdk.Refusal names every reason.
func TestReasonsAreDocumented(t *testing.T) {
	source, err := os.ReadFile("../refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(source), "// In HTTP/2, of requests")
	text, _, _ = strings.Cut(text, "\ntype Refusal")
	for r := h2.ReasonNone + 1; int(r) < h2.Reasons; r++ {
		if !regexp.MustCompile(`[ ]` + r.Slug() + `[,:]`).MatchString(text) {
			t.Errorf("sdk.Refusal does not name %s", r.Slug())
		}
	}
}
