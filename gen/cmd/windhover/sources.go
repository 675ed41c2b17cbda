package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	sdkPath       = "github.com/windhover-go/windhover/sdk"
	declPath      = "github.com/windhover-go/windhover/gen/decl"
	generatedName = "pipeline_gen.go"
)

// sources is what an app is made of: the files of its packages that lie on this
// machine to be edited, as those of its module do and those of modules in the
// module cache do not.
type sources struct {
	dir  string // of the app's package, absolute
	name string // of the app's package: "main"
	// files are what the app is built from, less what is generated.
	files []string
	// folders are where files can be added: the Go files of packages, and files
	// that are embedded, whose names match one of the patterns.
	folders map[string][]string
	// declaring are the folders of packages that import decl, in which
	// pipelines are generated.
	declaring []string
	// serving are the Go files of packages that import sdk, ours excluded.
	serving  []string
	packages int
}

// listed is a package as go list prints it, in part.
type listed struct {
	Dir, ImportPath, Name string
	Standard              bool
	Module                *struct {
		Main    bool
		GoMod   string
		Version string
		Replace *struct{ Version, GoMod string }
	}
	GoFiles, CgoFiles, CFiles, CXXFiles, HFiles, SFiles, SysoFiles []string
	EmbedFiles, EmbedPatterns, Imports                             []string
	Error                                                          *struct{ Err string }
}

// editable returns the go.mod of the package's module when that lies on this
// machine to be edited.
func (p *listed) editable() (mod string, ok bool) {
	switch m := p.Module; {
	case p.Standard || m == nil:
		return "", false
	case m.Main:
		return m.GoMod, true
	case m.Replace != nil:
		return m.Replace.GoMod, m.Replace.Version == ""
	default:
		return m.GoMod, m.Version == "" // of a workspace
	}
}

// findSources asks the go command what the app in dir is made of.
func findSources(dir string) (*sources, error) {
	cmd := exec.Command("go", "list", "-e", "-deps",
		"-json=Dir,ImportPath,Name,Standard,Module,GoFiles,CgoFiles,CFiles,CXXFiles,HFiles,SFiles,SysoFiles,EmbedFiles,EmbedPatterns,Imports,Error", ".")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("windhover: cannot list what the app in %s is made of: %w\n%s", dir, err, strings.TrimSpace(stderr.String()))
	}
	s := &sources{folders: map[string][]string{}}
	files := map[string]bool{}
	var p listed
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		p = listed{}
		if err := d.Decode(&p); err != nil {
			return nil, fmt.Errorf("windhover: go list: %w", err)
		}
		s.add(&p, files)
	}
	// The package itself comes last.
	if p.Dir == "" {
		return nil, fmt.Errorf("windhover: there is no Go package in %s", dir)
	}
	if s.dir, s.name = p.Dir, p.Name; s.name == "" && p.Error != nil {
		return nil, errors.New("windhover: " + p.Error.Err)
	}
	s.files = slices.Sorted(maps.Keys(files))
	return s, nil
}

// add adds the files of a package, if it can be edited.
func (s *sources) add(p *listed, files map[string]bool) {
	mod, ok := p.editable()
	if !ok || p.Dir == "" {
		return
	}
	s.packages++
	files[mod] = true
	sum := filepath.Join(filepath.Dir(mod), "go.sum")
	if _, err := os.Stat(sum); err == nil {
		files[sum] = true
	}
	if slices.Contains(p.Imports, declPath) {
		s.declaring = append(s.declaring, p.Dir)
	}
	if slices.Contains(p.Imports, sdkPath) && !strings.HasPrefix(p.ImportPath, sdkPath) {
		for _, name := range p.GoFiles {
			s.serving = append(s.serving, filepath.Join(p.Dir, name))
		}
	}
	s.folders[p.Dir] = append(s.folders[p.Dir], p.EmbedPatterns...)
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.CFiles, p.CXXFiles, p.HFiles, p.SFiles, p.SysoFiles) {
		if name != generatedName {
			files[filepath.Join(p.Dir, name)] = true
		}
	}
	for _, name := range p.EmbedFiles {
		file := filepath.Join(p.Dir, filepath.FromSlash(name))
		files[file] = true
		if folder := filepath.Dir(file); folder != p.Dir {
			s.folders[folder] = []string{"*"}
		}
	}
}

// base returns the name of the app's folder, for its binary.
func (s *sources) base() string { return filepath.Base(s.dir) }

// String says how much there is, for the first line that is printed.
func (s *sources) String() string {
	plural := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%d %ss", n, what)
	}
	return plural(len(s.files), "file") + " of " + plural(s.packages, "package")
}

// A state is what files and folders are like at a time, by path: the time and
// size of a file, the names in a folder.
type state map[string]string

// state returns what the sources are like now.
func (s *sources) state() state {
	now := state{}
	for _, file := range s.files {
		now.note(file)
	}
	for _, dir := range s.declaring {
		now.note(filepath.Join(dir, generatedName))
	}
	for folder, patterns := range s.folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue // it is as if it were empty
		}
		var names []string
		for _, e := range entries {
			name := e.Name()
			embedded := slices.ContainsFunc(patterns, func(p string) bool {
				ok, _ := path.Match(p, name) // the compiler reports a bad pattern
				return ok
			})
			if embedded || isSource(name) {
				names = append(names, name)
			}
		}
		now[folder] = strings.Join(names, "/")
	}
	return now
}

// isSource reports whether a file of that name can be a part of a package's
// source. What is generated is looked at apart.
func isSource(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && name != generatedName &&
		name[0] != '.' && name[0] != '_'
}

// note notes what a file is like.
func (s state) note(file string) {
	info, err := os.Stat(file)
	if err != nil {
		delete(s, file)
		return
	}
	s[file] = fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}

// again notes what a file is like that the watcher wrote itself, if it was noted
// before or is a pipeline, which always is: that is no change.
func (s state) again(file string) {
	if _, ok := s[file]; ok || filepath.Base(file) == generatedName {
		s.note(file)
	}
}

// equal reports whether nothing differs.
func (s state) equal(t state) bool { return maps.Equal(s, t) }

// changes names what differs from a state before: at most 3 files.
func (s state) changes(before state) string {
	names := map[string]bool{}
	differs := func(file string) {
		if s[file] == before[file] {
			return
		}
		was, is := strings.Split(before[file], "/"), strings.Split(s[file], "/")
		if info, err := os.Stat(file); err != nil || !info.IsDir() {
			names[relative(file)] = true
			return
		}
		for _, name := range append(was, is...) {
			if slices.Contains(was, name) != slices.Contains(is, name) && name != "" {
				names[relative(filepath.Join(file, name))] = true
			}
		}
	}
	for file := range s {
		differs(file)
	}
	for file := range before {
		differs(file)
	}
	list := slices.Sorted(maps.Keys(names))
	if len(list) > 3 {
		return fmt.Sprintf("%s and %d more files", strings.Join(list[:3], ", "), len(list)-3)
	}
	return strings.Join(list, ", ")
}
