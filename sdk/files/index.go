package files

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/windhover-go/windhover/sdk"
)

// newIndex returns every file of fsys that a path can mean, by the paths: a
// directory with an index.html is there with a slash, which is that, and without,
// which is a redirection. Their tags are made of their content, so that the same
// file has the same tag in every process.
func newIndex(fsys fs.FS, o Options) (map[string]*entry, error) {
	index := map[string]*entry{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() || !mayServe(name):
			return nil
		}
		e, err := read(fsys, name, o)
		if err != nil {
			return fmt.Errorf("windhover: the file %q cannot be served: %w", name, err)
		}
		index[name] = e
		if dir, file := path.Split(name); file == indexFile {
			index[dir] = e
			if dir != "" {
				index[strings.TrimSuffix(dir, "/")] = &entry{redirect: true}
			}
		}
		return nil
	})
	if o.Precompressed {
		for name, e := range index {
			if strings.HasSuffix(name, "/") || name == "" || e.redirect {
				continue
			}
			for v := range variantCount {
				if sibling := index[name+v.suffix()]; sibling != nil && !sibling.redirect {
					s := *sibling
					s.mediaType, s.variant = e.mediaType, v
					e.variants[v] = &s
				}
			}
		}
	}
	return index, err
}

// mayServe reports whether a path can mean the file of that name.
func mayServe(name string) bool {
	for i, at := 0, 0; at <= len(name); i++ {
		end := sdk.SegmentEnd([]byte(name), at)
		segment := bytes.ReplaceAll([]byte(name[at:end]), []byte{'%'}, []byte("%25"))
		if !mayName(segment, i == 0) {
			return false
		}
		at = end + 1
	}
	return true
}

// read reads a file for its entity tag, and keeps its content for OnLoop.
func read(fsys fs.FS, name string, o Options) (*entry, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	e := &entry{name: name, mediaType: MediaType(name), variant: variantNone}
	digest := fnv.New128a()
	var content bytes.Buffer
	to := io.Writer(digest)
	if o.OnLoop {
		to = io.MultiWriter(digest, &content)
	}
	if e.size, err = io.Copy(to, file); err != nil {
		return nil, err
	}
	if o.OnLoop && e.size > maxOnLoop {
		return nil, fmt.Errorf("it has %d octets, and on the loop %d are the most: declare the route without OnLoop", e.size, maxOnLoop)
	}
	e.content = content.Bytes()
	e.tag = fmt.Appendf(nil, "%q", base64.RawURLEncoding.EncodeToString(digest.Sum(nil)))
	return e, nil
}

// look returns the file of the index that rest means, or the precompressed
// sibling that the client likes best; nil when there is none.
func (f *Files) look(x sdk.RequestHeaders, rest []byte) *entry {
	e := f.index[string(rest)]
	if bytes.IndexByte(rest, '%') >= 0 {
		name, directory, ok := nameOf(rest)
		if !ok {
			return nil
		}
		if directory {
			name += "/"
		}
		e = f.index[name]
	}
	if e == nil || !f.options.Precompressed {
		return e
	}
	likes := accepted(x)
	for _, v := range likes.all() {
		if e.variants[v] != nil {
			return e.variants[v]
		}
	}
	return e
}
