// Package adopt finds what a recipe, the vendor's chart or the vendor's module made by hand, and says how a stack takes it in: which ids
// its stack file names, which settings keep the names, what changes in place, what cannot be kept, and what is left to do.
package adopt

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Plan is how a stack takes in what is there. No value of a secret is in it.
type Plan struct {
	Stack string `json:"stack"`
	// Things are what the stack adopts.
	Things []Thing `json:"things"`
	// Has are the names of resources that are there and that the stack has already.
	Has []string `json:"has"`
	// Settings keep the names and the ways of what is there.
	Settings []Setting `json:"settings"`
	// Principals keep who pulls, as the vendor knows them.
	Principals []string `json:"principals"`
	// Changes happen in place with the up that adopts.
	Changes []string `json:"changes"`
	// Cannot is what cannot be kept, and Left what is left for the person.
	Cannot []Note `json:"cannot"`
	Left   []Note `json:"left"`
	// Unseen could not be looked up.
	Unseen []Note `json:"unseen"`
	// Owned are the objects whose fields another tool owns: they are handed over before the preview.
	Owned []Owned `json:"owned"`
}

// Thing is one that exists.
type Thing struct {
	// Resource is the name in a preview, Type the type token, ID the id as Pulumi imports it.
	Resource string `json:"resource"`
	Type     string `json:"type"`
	ID       string `json:"id"`
	// What is it for people.
	What string `json:"what"`
}

// Setting is a key of the stack file, without the project's prefix.
type Setting struct {
	Path  string `json:"path"`
	Value any    `json:"value"`
	Why   string `json:"why"`
}

// Note is something to know, with what mends it.
type Note struct {
	What string `json:"what"`
	Why  string `json:"why,omitempty"`
	Mend string `json:"mend,omitempty"`
}

// Owned is an object of which other tools own fields.
type Owned struct {
	Object string   `json:"object"`
	By     []string `json:"by"`

	ref objectRef
}

func newPlan(stack string) *Plan {
	return &Plan{Stack: stack, Things: []Thing{}, Has: []string{}, Settings: []Setting{}, Principals: []string{}, Changes: []string{},
		Cannot: []Note{}, Left: []Note{}, Unseen: []Note{}, Owned: []Owned{}}
}

// set adds a setting; the last one of a path holds.
func (p *Plan) set(path string, value any, why string) {
	p.Settings = slices.DeleteFunc(p.Settings, func(s Setting) bool { return s.Path == path })
	p.Settings = append(p.Settings, Setting{path, value, why})
}

func (p *Plan) has(path string) bool {
	return slices.ContainsFunc(p.Settings, func(s Setting) bool { return s.Path == path || strings.HasPrefix(s.Path, path+".") })
}

// Overlay are the settings and the ids as path=value, as --set of the sandbox takes them.
func (p *Plan) Overlay() ([]string, error) {
	settings := slices.Clone(p.Settings)
	for _, thing := range p.Things {
		settings = append(settings, Setting{Path: "adopt." + thing.Resource, Value: thing.ID})
	}
	var all []string
	for _, s := range settings {
		text, err := json.Marshal(s.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Path, err)
		}
		if plain, isText := s.Value.(string); isText {
			text = []byte(plain)
		}
		all = append(all, s.Path+"="+string(text))
	}
	return all, nil
}

// Done tells whether there is nothing to adopt and nothing left to hand over.
func (p *Plan) Done() bool { return len(p.Things)+len(p.Owned) == 0 }
