package gen

import (
	"embed"
	"fmt"
	"strings"
)

// pages has a page for each code of a diagnostic, which is its name. Tests keep
// it complete, and run the examples.
//
//go:embed codes/*.md
var pages embed.FS

// Codes returns the codes that diagnostics can have, in alphabetical order.
func Codes() (list []string) {
	entries, err := pages.ReadDir("codes")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, e := range entries {
		list = append(list, strings.TrimSuffix(e.Name(), ".md"))
	}
	return list
}

// Page returns the page about a code, for a terminal: what it means, a wrong
// example, why the rule is there, and a right one.
func Page(code string) (text string, ok bool) {
	page, err := pages.ReadFile("codes/" + code + ".md")
	if err != nil {
		return "", false
	}
	var b strings.Builder
	inCode := false
	for line := range strings.Lines(string(page)) {
		switch {
		case strings.HasPrefix(line, "```"):
			inCode = !inCode
		case inCode && line != "\n":
			b.WriteString("\t" + line)
		case inCode:
			b.WriteString(line)
		default:
			b.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, "#"), "# "))
		}
	}
	return strings.TrimPrefix(b.String(), " "), true
}

// CodeTable returns a line for each code: the code and the first sentence of its
// page.
func CodeTable() (lines []string) {
	width := 0
	for _, code := range Codes() {
		width = max(width, len(code))
	}
	for _, code := range Codes() {
		text, _ := Page(code)
		_, text, _ = strings.Cut(text, "\n\n")
		text, _, _ = strings.Cut(text, "\n\n")
		sentence, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), "\n", " ")+" ", ". ")
		lines = append(lines, fmt.Sprintf("%-*s  %s", width, code, strings.TrimSuffix(strings.TrimSpace(sentence), ".")))
	}
	return lines
}
