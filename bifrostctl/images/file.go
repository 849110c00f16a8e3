package images

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/stacks"
)

// File is a stack file as it is written, so that a change leaves every other line alone.
type File struct {
	Path  string
	lines []string
	root  *yaml.Node
}

// Open reads the file of a stack: of that name in the project, or, with a slash, the one file in that folder.
func Open(dir, stack string) (*File, error) {
	path, err := locate(dir, stack)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no stack %q: %s does not exist", stack, path)
	}
	if err != nil {
		return nil, err
	}
	return parse(path, string(text))
}

func locate(dir, stack string) (string, error) {
	folder, name, byFile := projectdir.OfFile(stack)
	if byFile && folder != "" {
		return stack, nil
	}
	stack = name
	if !strings.Contains(stack, "/") {
		project, err := projectdir.Find(dir)
		return filepath.Join(project, "Pulumi."+stack+".yaml"), err
	}
	found, err := filepath.Glob(filepath.Join(stack, "Pulumi.*.yaml"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("stack %s: the folder must hold one stack file Pulumi.<stack>.yaml", stack)
	}
	return found[0], nil
}

func parse(path, text string) (*File, error) {
	f := &File{Path: path, lines: strings.SplitAfter(text, "\n"), root: &yaml.Node{}}
	if last := len(f.lines) - 1; f.lines[last] == "" {
		f.lines = f.lines[:last]
	} else {
		f.lines[last] += "\n"
	}
	if err := yaml.Unmarshal([]byte(text), f.root); err != nil {
		return nil, fmt.Errorf("%s is no YAML: %w", path, err)
	}
	if f.config() == nil {
		return nil, fmt.Errorf("%s has no object config", path)
	}
	return f, nil
}

func (f *File) text() string { return strings.Join(f.lines, "") }

// config is the object below config; nil where there is none.
func (f *File) config() *yaml.Node {
	if len(f.root.Content) == 0 {
		return nil
	}
	_, config := child(f.root.Content[0], "config")
	if config == nil || config.Kind != yaml.MappingNode || len(config.Content) == 0 {
		return nil
	}
	return config
}

// child returns a key of an object with its value; nil where the object lacks it.
func child(object *yaml.Node, name string) (key, value *yaml.Node) {
	if object == nil || object.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == name {
			return object.Content[i], object.Content[i+1]
		}
	}
	return nil, nil
}

// find follows a path of keys from the configuration, whose first one has the project's prefix.
func (f *File) find(path ...string) *yaml.Node {
	at := f.config()
	for i, name := range path {
		if i == 0 {
			name = stacks.Project + ":" + name
		}
		_, at = child(at, name)
	}
	return at
}

// has tells whether the stack file gives an object.
func (f *File) has(path ...string) bool {
	at := f.find(path...)
	return at != nil && at.Kind == yaml.MappingNode
}

// at returns a plain value; empty where there is none.
func (f *File) at(path ...string) string {
	at := f.find(path...)
	if at == nil || at.Kind != yaml.ScalarNode || at.Tag == "!!null" {
		return ""
	}
	return at.Value
}

// With returns the file with one image below refresher.images, and every other line as it is. What is written on one line in braces is
// refused: there is no line to change.
func (f *File) With(key, value string) (*File, error) {
	edited, err := f.edit(key, value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; set it yourself: pulumi config set --path '%s:refresher.images.%s' %s", f.Path, err, stacks.Project,
			key, value)
	}
	after, err := parse(f.Path, edited)
	if err != nil {
		return nil, err
	}
	want, got, err := f.decoded(after)
	if err != nil {
		return nil, err
	}
	put(want, key, value)
	if !reflect.DeepEqual(want, got) {
		return nil, fmt.Errorf("%s: the line of refresher.images.%s could not be found; set it yourself: pulumi config set --path "+
			"'%s:refresher.images.%s' %s", f.Path, key, stacks.Project, key, value)
	}
	return after, nil
}

// decoded are the contents before and after a change.
func (f *File) decoded(after *File) (was, is map[string]any, err error) {
	return was, is, errors.Join(yaml.Unmarshal([]byte(f.text()), &was), yaml.Unmarshal([]byte(after.text()), &is))
}

// put sets an image in a decoded stack file.
func put(file map[string]any, key, value string) {
	at := file["config"].(map[string]any)
	for _, name := range []string{stacks.Project + ":refresher", "images"} {
		next, ok := at[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[name] = next
		}
		at = next
	}
	at[key] = value
}
