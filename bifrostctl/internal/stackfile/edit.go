package stackfile

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/overlay"
	"bifrost/stacks"
)

// Order tells where a key of the program belongs among others; negative is unknown.
type Order func(path string) int

// Set returns the file with a value at a path of the program's keys; nil removes what is there, and objects that it leaves empty. A new
// key comes where order says, or behind its neighbours.
func (f *File) Set(path resource.PropertyPath, value any, order Order) (*File, error) {
	if f.has(path, value) {
		return f, nil
	}
	edited, err := f.set(path, value, order)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return edited, f.same(edited, path, value)
}

// has tells whether a path has a value already.
func (f *File) has(path resource.PropertyPath, value any) bool {
	if value == nil {
		return false
	}
	values, err := f.Values()
	if err != nil {
		return false
	}
	was := plain(values)
	_, err = overlay.Put(values, path, func(any) any { return value })
	return err == nil && reflect.DeepEqual(was, plain(values))
}

// same makes sure that an edit changed what it was to change, and nothing else.
func (f *File) same(edited *File, path resource.PropertyPath, value any) error {
	want, err := f.Values()
	if err != nil {
		return err
	}
	got, err := edited.Values()
	if err != nil {
		return err
	}
	if _, err := overlay.Put(want, path, func(any) any { return value }); err != nil {
		return err
	}
	if !reflect.DeepEqual(plain(want), plain(got)) {
		return fmt.Errorf("%s: its lines could not be told from others; set it by hand: pulumi config set --path '%s:%s' VALUE", path,
			stacks.Project, path)
	}
	return nil
}

// plain is a value without what is empty, as YAML reads it.
func plain(value any) any {
	text, err := yaml.Marshal(prune(value))
	if err != nil {
		return value
	}
	var read any
	if yaml.Unmarshal(text, &read) != nil {
		return value
	}
	return read
}

func prune(value any) any {
	object, is := value.(map[string]any)
	if !is {
		return value
	}
	kept := map[string]any{}
	for key, child := range object {
		child = prune(child)
		if below, isObject := child.(map[string]any); child != nil && (!isObject || len(below) > 0) {
			kept[key] = child
		}
	}
	return kept
}

func (f *File) set(path resource.PropertyPath, value any, order Order) (*File, error) {
	object, name, rest, at := f.deepest(path)
	key, old := child(object, name)
	switch {
	case key == nil && value == nil:
		return f, nil
	case key == nil:
		lines, err := render(&yaml.Node{Kind: yaml.ScalarNode, Value: name}, nested(rest, value), object.Content[0].Column-1)
		if err != nil {
			return nil, err
		}
		line := f.place(object, at, name, order)
		return f.with(line, line, lines...)
	case value == nil && len(rest) == 0:
		return f.without(path, order)
	}
	if len(rest) == 0 {
		if edited, err := f.replaced(key, old, value); edited != nil || err != nil {
			return edited, err
		}
	}
	changed, err := put(old, rest, value)
	if err != nil {
		return nil, err
	}
	lines, err := render(key, changed, key.Column-1)
	if err != nil {
		return nil, err
	}
	from, to := f.extent(key, old)
	return f.with(from, to, lines...)
}

// deepest follows a path through the objects that are written in lines: the last one, the name in it, what is left of the path, and the
// object's own path.
func (f *File) deepest(path resource.PropertyPath) (object *yaml.Node, name string, rest, at resource.PropertyPath) {
	object, name = f.config(), f.written(fmt.Sprint(path[0]))
	for i := 1; i < len(path); i++ {
		_, value := child(object, name)
		next, isKey := path[i].(string)
		if !isKey || !inLines(value) {
			return object, name, path[i:], path[:i-1]
		}
		object, name = value, next
	}
	return object, name, nil, path[:len(path)-1]
}

// place is the line before which a new key of an object comes.
func (f *File) place(object *yaml.Node, at resource.PropertyPath, name string, order Order) int {
	index := func(name string) int {
		path := strings.TrimPrefix(name, stacks.Project+":")
		if len(at) > 0 {
			path = at.String() + "." + path
		}
		return order(path)
	}
	mine := index(name)
	line := -1
	for i := 0; i+1 < len(object.Content); i += 2 {
		if other := index(object.Content[i].Value); mine >= 0 && (other < 0 || other > mine) {
			continue
		}
		_, line = f.extent(object.Content[i], object.Content[i+1])
	}
	if line < 0 {
		return f.above(object.Content[0].Line - 1)
	}
	return line
}

// without removes a key with the comment above it, and the objects that are empty then.
func (f *File) without(path resource.PropertyPath, order Order) (*File, error) {
	object, name, _, _ := f.deepest(path)
	if len(object.Content) == 2 && len(path) > 1 {
		return f.without(path[:len(path)-1], order)
	}
	key, value := child(object, name)
	from, to := f.extent(key, value)
	return f.with(f.above(from), to)
}

// replaced writes a scalar over one that stands on the line of its key; what is behind it stays. Nil where it cannot.
func (f *File) replaced(key, old *yaml.Node, value any) (*File, error) {
	node, err := encoded(value)
	if err != nil || node.Kind != yaml.ScalarNode || old.Kind != yaml.ScalarNode || old.Line != key.Line || old.Anchor != "" {
		return nil, err
	}
	if old.Style == yaml.DoubleQuotedStyle && node.Tag == "!!str" {
		node.Style = yaml.DoubleQuotedStyle
	}
	text, err := yaml.Marshal(node)
	if err != nil {
		return nil, err
	}
	now := strings.TrimRight(string(text), "\n")
	was := map[yaml.Style]string{0: old.Value, yaml.DoubleQuotedStyle: `"` + old.Value + `"`, yaml.SingleQuotedStyle: "'" + old.Value + "'"}
	line := f.lines[old.Line-1]
	before, rest := line[:old.Column-1], line[old.Column-1:]
	after, found := strings.CutPrefix(rest, was[old.Style])
	if !found || was[old.Style] == "" || strings.Contains(now, "\n") {
		return nil, nil
	}
	return f.with(old.Line-1, old.Line, before+now+after)
}
