package gen

import (
	"fmt"
	"strings"
)

// routeTable returns a line for each route: method, path, what answers it, and
// where that runs.
func routeTable(d *declaration) (lines []string) {
	rows := make([][3]string, 0, len(d.routes))
	var width [2]int
	for _, rt := range d.routes {
		answer := rt.answeredBy()
		if notes := rt.before(); len(notes) > 0 {
			answer += " behind " + strings.Join(notes, ", ")
		}
		if rt.onLoop {
			answer += ", on the loop"
		}
		answer += rt.stageNote()
		rows = append(rows, [3]string{rt.method, rt.host + rt.path, answer})
		width[0], width[1] = max(width[0], len(rt.method)), max(width[1], len(rt.host)+len(rt.path))
	}
	for _, r := range rows {
		lines = append(lines, fmt.Sprintf("%-*s  %-*s  %s", width[0], r[0], width[1], r[1], r[2]))
	}
	return lines
}

// answeredBy says what answers for a route.
func (rt *route) answeredBy() string {
	switch {
	case rt.ready != nil:
		return fmt.Sprintf("%d, ready-made", rt.ready.status)
	case rt.files != nil:
		return "the files of " + rt.files.text
	}
	return rt.handler.name
}

// before returns the functions that run before what answers.
func (rt *route) before() (names []string) {
	for _, c := range rt.calls {
		if c.step != nil && !c.later() {
			names = append(names, c.fn.name)
		}
	}
	return names
}

// Declared returns the routes for other programs, with file names relative to dir.
func (r *Result) Declared(dir string) (list []ReportedRoute) {
	for _, rt := range r.analysis.decl.routes {
		p := r.analysis.position(rt.pathPos)
		route := ReportedRoute{
			ReportedPosition: ReportedPosition{relativeTo(dir, p.Filename), p.Line, p.Column},
			Method:           rt.method, Host: rt.host, Path: rt.path, OnLoop: rt.onLoop,
		}
		switch {
		case rt.ready != nil:
			route.Status = int(rt.ready.status)
		case rt.files != nil:
			route.Files = rt.files.text
		default:
			route.Handler = rt.handler.name
		}
		route.Before = rt.before()
		list = append(list, route)
	}
	return list
}
