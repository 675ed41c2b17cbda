package gen

import (
	"fmt"
	"strings"
)

// String returns the explanation as it is shown to the user.
func (x *Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", x.Request, x.Answer)
	if x.Pos != "" {
		fmt.Fprintf(&b, " (%s)", x.Pos)
	}
	b.WriteString("\n")
	candidates(&b, "Routes considered, in the order in which they are tried", x.Candidates)
	candidates(&b, "Routes with a path that is not much different", x.Near)
	if x.Place == "" {
		return b.String()
	}
	fmt.Fprintf(&b, "\nRuns %s", x.Place)
	if len(x.Steps) == 0 {
		b.WriteString("\n")
	} else {
		b.WriteString(":\n")
	}
	x.writeSteps(&b)
	facts := func(title string, lines []string) {
		for i, line := range lines {
			if i > 0 {
				title = ""
			}
			fmt.Fprintf(&b, "%-12s %s\n", title, line)
		}
	}
	b.WriteString("\n")
	var answers []string
	for _, a := range x.Answers {
		line := a.For + ": " + a.Name
		if a.Pos != "" {
			line += " (" + a.Pos + ")"
		}
		answers = append(answers, line)
	}
	facts("Kept", x.Kept)
	facts("Answers", answers)
	facts("Limits", x.Limits)
	facts("Allocations", x.allocationLines())
	return b.String()
}

// candidates writes routes, in columns.
func candidates(b *strings.Builder, title string, list []Candidate) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s:\n", title)
	var rows [][]string
	for _, c := range list {
		rows = append(rows, []string{c.Route, c.Pos, c.Why})
	}
	columns(b, rows)
}

// writeSteps writes the functions, in columns.
func (x *Explanation) writeSteps(b *strings.Builder) {
	var rows [][]string
	for _, s := range x.Steps {
		if s.Kind == "" {
			rows = append(rows, []string{"-- " + s.Notes[0]})
			continue
		}
		var parts []string
		if len(s.Takes) > 0 {
			parts = append(parts, "takes "+strings.Join(s.Takes, ", "))
		}
		if len(s.Makes) > 0 {
			verb := "makes "
			if s.Kind == "handler" {
				verb = "returns "
			}
			parts = append(parts, verb+strings.Join(s.Makes, ", "))
		}
		rows = append(rows, []string{s.Kind, s.Name, s.Pos, strings.Join(append(parts, s.Notes...), "; ")})
	}
	columns(b, rows)
}

// columns writes rows with two spaces in front of every column. A row of one
// cell has no columns.
func columns(b *strings.Builder, rows [][]string) {
	var width []int
	for _, row := range rows {
		for i := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			if len(row) > 1 {
				width[i] = max(width[i], len([]rune(row[i])))
			}
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&line, "  %-*s", width[i], cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// allocationLines returns the allocations, their sum first.
func (x *Explanation) allocationLines() []string {
	if len(x.Allocations) == 0 {
		return []string{"none, but for those of the functions themselves"}
	}
	least, most := bounds(x.Allocations)
	lines := []string{count(least, most) + ", and those of the functions themselves:"}
	for _, a := range x.Allocations {
		lines = append(lines, fmt.Sprintf("  %s  %s", count(a.Least, a.Most), a.Why))
	}
	return lines
}

// count returns bounds in words.
func count(least, most int) string {
	switch {
	case most == byContent:
		return fmt.Sprintf("%d or more", least)
	case most != least:
		return fmt.Sprintf("%d to %d", least, most)
	}
	return fmt.Sprint(least)
}
