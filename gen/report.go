package gen

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strconv"
)

// A Report is what windhover prints with -json: one document, for editors and
// other programs. Fields are added, and never renamed or removed.
type Report struct {
	// Version is the version of this form: 1.
	Version int `json:"version"`
	// OK says that there was nothing to refuse, and, with -check, nothing to
	// write.
	OK bool `json:"ok"`
	// Diagnostics are all of them, by file, line and column: not only the first
	// 20.
	Diagnostics []ReportedDiagnostic `json:"diagnostics"`
	// Error is what went wrong beside the app, such as a module that cannot be
	// loaded.
	Error string `json:"error,omitempty"`
	// Output is the generated file, and Changed whether it was not what is
	// generated now, so that generate has written it: of generate and routes.
	Output  string `json:"output,omitempty"`
	Changed bool   `json:"changed,omitempty"`
	// Routes are the routes, of windhover routes.
	Routes []ReportedRoute `json:"routes,omitempty"`
	// Explanation is that of windhover explain.
	Explanation *Explanation `json:"explanation,omitempty"`
	// Codes are the pages about codes, of windhover explain CODE.
	Codes []ReportedCode `json:"codes,omitempty"`
}

// A ReportedPosition is a place in a file, whose name is relative to the current
// folder where it is below it. Lines and columns count from 1, columns in octets;
// 0 is not known.
type ReportedPosition struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// A ReportedDiagnostic is a Diagnostic.
type ReportedDiagnostic struct {
	ReportedPosition
	// EndLine and EndColumn are behind what is meant; 0 where that is not known.
	EndLine   int `json:"endLine,omitempty"`
	EndColumn int `json:"endColumn,omitempty"`
	// Severity is "error" or "note".
	Severity string         `json:"severity"`
	Code     string         `json:"code"`
	Message  string         `json:"message"`
	Notes    []ReportedNote `json:"notes,omitempty"`
	Fix      string         `json:"fix,omitempty"`
}

// A ReportedNote is a line of reasons, with the places that it names.
type ReportedNote struct {
	Text      string             `json:"text"`
	Positions []ReportedPosition `json:"positions,omitempty"`
}

// A ReportedRoute is a declared route.
type ReportedRoute struct {
	ReportedPosition
	Method string `json:"method"`
	Host   string `json:"host,omitempty"`
	Path   string `json:"path"`
	// Handler is the function; where the response is known now there is Status in
	// its place, and Files where files answer.
	Handler string `json:"handler,omitempty"`
	Status  int    `json:"status,omitempty"`
	Files   string `json:"files,omitempty"`
	// Before are the functions of Use that run before it.
	Before []string `json:"before,omitempty"`
	OnLoop bool     `json:"onLoop,omitempty"`
}

// A ReportedCode is a code and its page.
type ReportedCode struct {
	Code string `json:"code"`
	Page string `json:"page"`
}

// NewReport returns a report of diagnostics, with file names relative to dir.
func NewReport(dir string, list DeclarationErrors) *Report {
	r := &Report{Version: 1, OK: true, Diagnostics: []ReportedDiagnostic{}}
	r.Add(dir, list)
	return r
}

// Report returns a report of a generation, with file names relative to dir.
func (r *Result) Report(dir string) *Report {
	report := NewReport(dir, r.Notes)
	report.Output, report.Changed = relativeTo(dir, r.Path), r.Changed()
	return report
}

// Add adds diagnostics to a report.
func (r *Report) Add(dir string, list DeclarationErrors) {
	for _, g := range list {
		d := ReportedDiagnostic{
			ReportedPosition: ReportedPosition{relativeTo(dir, g.Pos.Filename), g.Pos.Line, g.Pos.Column},
			EndLine:          g.End.Line, EndColumn: g.End.Column,
			Severity: "error", Code: g.Code, Message: g.Message, Fix: g.Fix,
		}
		if text, ok := bytes.CutPrefix([]byte(g.Message), []byte("note: ")); ok {
			d.Severity, d.Message = "note", string(text)
		}
		if d.Severity == "error" {
			r.OK = false
		}
		for _, why := range g.Why {
			d.Notes = append(d.Notes, ReportedNote{why, positions(dir, filepath.Dir(g.Pos.Filename), why)})
		}
		r.Diagnostics = append(r.Diagnostics, d)
	}
}

// named is a place as it is written in reasons.
var named = regexp.MustCompile(`([\w./\\-]+\.go):(\d+)(?::(\d+))?`)

// positions returns the places that a line of reasons names, which are relative to
// the package.
func positions(dir, pkg, text string) (list []ReportedPosition) {
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		line, _ := strconv.Atoi(m[2])   // it is digits
		column, _ := strconv.Atoi(m[3]) // or nothing
		name := filepath.FromSlash(m[1])
		if !filepath.IsAbs(name) {
			name = filepath.Join(pkg, name)
		}
		list = append(list, ReportedPosition{relativeTo(dir, name), line, column})
	}
	return list
}

// JSON returns the document.
func (r *Report) JSON() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		panic(err) // it has nothing that cannot be encoded
	}
	return b.Bytes()
}
