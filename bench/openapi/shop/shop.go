package shop

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/windhover-go/windhover/sdk"
)

// A Shop keeps items in memory. It is safe for concurrent use.
type Shop struct {
	mu    sync.Mutex
	items map[ID]Item
	last  ID
}

// New returns a shop without items.
func New() *Shop { return &Shop{items: map[ID]Item{}} }

// An ID is the number of an item.
type ID int64

// A Kind is what an item is.
type Kind string

// The kinds of items.
const (
	Book Kind = "book"
	Game Kind = "game"
)

// A Size is that of a parcel.
type Size int

// The sizes of parcels.
const (
	Small Size = iota
	Large
)

// An Item is sold.
type Item struct {
	Entry

	Number ID        `json:"id"`
	Since  time.Time `json:"since"`
	Photo  []byte    `json:"photo"`
}

// An Entry is what is known of an item before it is sold.
type Entry struct {
	Name  string            `json:"name"`
	Kind  Kind              `json:"kind"`
	Size  Size              `json:"size"`
	Cents uint32            `json:"cents"`
	Note  *string           `json:"note"`
	Tags  []string          `json:"tags,omitempty"`
	Facts map[string]string `json:"facts"`
}

// A Page is a part of a list.
type Page[T any] struct {
	Items []T `json:"items"`
	// Total counts the items of all pages.
	Total int `json:"total"`
}

// ErrTaken says that another item has the name.
var ErrTaken = sdk.NewError(409, "the name is taken")

// A Problem says why a request was not answered.
type Problem struct {
	Status int    `json:"status"`
	Reason string `json:"reason"`
}

// NewProblem returns the problem that an error is.
func NewProblem(err error) Problem {
	reason := "try later"
	if known, ok := errors.AsType[*sdk.StatusError](err); ok {
		reason = known.Error()
	}
	return Problem{Status: sdk.StatusOf(err), Reason: reason}
}

// Authorize lets requests pass that have a token.
func Authorize(xToken sdk.Header[string]) error {
	if !xToken.OK {
		return sdk.ErrUnauthorized
	}
	return nil
}

// A Filter chooses items.
type Filter struct {
	Kind  *Kind    `query:"kind"`
	Names []string `query:"name"`
	Limit uint8    `query:"limit" default:"20"`
	Theme string   `cookie:"theme" default:"light"`
}

// List lists items by number. The first are on the page.
func (s *Shop) List(in Filter) Page[Item] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var page Page[Item]
	for _, item := range s.items {
		if (in.Kind == nil || *in.Kind == item.Kind) && (len(in.Names) == 0 || slices.Contains(in.Names, item.Name)) {
			page.Items = append(page.Items, item)
		}
	}
	page.Total = len(page.Items)
	slices.SortFunc(page.Items, func(a, b Item) int { return cmp.Compare(a.Number, b.Number) })
	page.Items = page.Items[:min(len(page.Items), int(in.Limit))]
	return page
}

// Add adds an item.
func (s *Shop) Add(in sdk.JSON[Entry], res sdk.Response) (Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, item := range s.items {
		if item.Name == in.Name {
			return Item{}, ErrTaken
		}
	}
	s.last++
	item := Item{Entry: *in, Number: s.last, Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	s.items[s.last] = item
	res.ResponseFields().Set("Location", "/items/"+strconv.FormatInt(int64(s.last), 10))
	return item, nil
}

// Get returns an item.
func (s *Shop) Get(id ID) (Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items[id]
	if !ok {
		return Item{}, sdk.ErrNotFound
	}
	return item, nil
}

// Remove removes an item.
func (s *Shop) Remove(id ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.items[id]; !ok {
		return sdk.ErrNotFound
	}
	delete(s.items, id)
	return nil
}

// SetPhoto stores the photo of an item.
func (s *Shop) SetPhoto(id ID, photo sdk.Bytes) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items[id]
	if !ok {
		return sdk.ErrNotFound
	}
	item.Photo = photo
	s.items[id] = item
	return nil
}

// An Opinion is what a client says.
type Opinion struct {
	Text  string   `form:"text"`
	Stars uint8    `form:"stars" default:"3"`
	Shot  sdk.File `form:"shot" max:"65536"`
}

// A Receipt says what was understood.
type Receipt struct {
	Text   string `json:"text"`
	Stars  uint8  `json:"stars"`
	Octets int    `json:"octets"`
}

// Feedback takes an opinion.
func Feedback(in sdk.Form[Opinion]) Receipt {
	return Receipt{Text: in.Text, Stars: in.Stars, Octets: in.Shot.Content.Len()}
}

// A Node has nodes.
type Node struct {
	Name     string  `json:"name"`
	Children []*Node `json:"children"`
	Other    any     `json:"other"`
}

// Root returns a small tree.
func Root() *Node {
	return &Node{Name: "root", Children: []*Node{{Name: "leaf"}, nil}, Other: 7}
}
