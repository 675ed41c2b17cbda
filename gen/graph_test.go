package gen

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The lines that Graph writes, by the grammar of mermaid's flowcharts.
const quotedLabel = `"([^"<]|<br/>)*"`

var flowchart = struct{ node, subgraph, edge, class, define *regexp.Regexp }{
	node:     regexp.MustCompile(`^(\w+)(\[` + quotedLabel + `\]|\(\[` + quotedLabel + `\]\))$`),
	subgraph: regexp.MustCompile(`^subgraph (\w+)\[` + quotedLabel + `\]$`),
	edge:     regexp.MustCompile(`^(\w+) --> (\w+)$`),
	class:    regexp.MustCompile(`^class ([\w,]+) (\w+)$`),
	define:   regexp.MustCompile(`^classDef (\w+) [\w:#,]+$`),
}

// checkFlowchart checks the syntax of a flowchart, that subgraphs are closed,
// that what is named is there, and that every node but the first is led to.
func checkFlowchart(t *testing.T, text string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "flowchart LR" {
		t.Errorf("it begins with %q", lines[0])
	}
	var nodes, classes, led []string
	open := 0
	known := func(list []string, name string) {
		if !slices.Contains(list, name) {
			t.Errorf("%s is not there", name)
		}
	}
	for _, line := range lines[1:] {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "%% "): // a comment
		case line == "end":
			open--
		case flowchart.subgraph.MatchString(line):
			open++
		case flowchart.node.MatchString(line):
			nodes = append(nodes, flowchart.node.FindStringSubmatch(line)[1])
		case flowchart.edge.MatchString(line):
			m := flowchart.edge.FindStringSubmatch(line)
			known(nodes, m[1])
			known(nodes, m[2])
			led = append(led, m[2])
		case flowchart.define.MatchString(line):
			classes = append(classes, flowchart.define.FindStringSubmatch(line)[1])
		case flowchart.class.MatchString(line):
			m := flowchart.class.FindStringSubmatch(line)
			known(classes, m[2])
			for id := range strings.SplitSeq(m[1], ",") {
				known(nodes, id)
			}
		default:
			t.Errorf("no line of a flowchart: %s", line)
		}
		if open < 0 {
			t.Error("an end without a subgraph")
		}
	}
	for _, id := range nodes[1:] {
		known(led, id)
	}
	if open != 0 || len(led) != len(slices.Compact(slices.Sorted(slices.Values(led)))) {
		t.Errorf("%d subgraphs are open; edges lead to %v", open, led)
	}
}

// TestLabel checks that no text of an app can end a label or be read as HTML.
func TestLabel(t *testing.T) {
	got := label("GET /a\"b<c>&#`{x}", "", "List[User]")
	if want := `"GET /a#quot;b#lt;c#gt;#amp;#35;#96;{x}<br/>List[User]"`; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	checkFlowchart(t, "flowchart LR\n  a["+got+"]\n")
}
