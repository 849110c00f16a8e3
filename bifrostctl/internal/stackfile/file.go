// Package stackfile changes stack files as a careful person would: line by line, so that comments, order and blank lines stay.
package stackfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/yamlerror"
	"bifrost/stacks"
)

// indent is that of the stack files of this repository, and of what Pulumi writes.
const indent = 2

// File is a stack file as it is written. It does not change: an edit returns another one.
type File struct {
	lines []string // with their ends
	root  *yaml.Node
}

// Parse reads the text of a stack file. It must have an object config.
func Parse(text string) (*File, error) {
	f := &File{root: &yaml.Node{}}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	f.lines = slices.Collect(strings.Lines(text))
	if err := yaml.Unmarshal([]byte(text), f.root); err != nil {
		return nil, fmt.Errorf("this is no YAML: %w", yamlerror.Explain([]byte(text), err))
	}
	if f.config() == nil {
		return nil, errors.New("there is no object config with keys below it")
	}
	return f, nil
}

// Text is the file's.
func (f *File) Text() string { return strings.Join(f.lines, "") }

// config is the object below config; nil where there is none that is written in lines.
func (f *File) config() *yaml.Node {
	if len(f.root.Content) == 0 {
		return nil
	}
	_, config := child(f.root.Content[0], "config")
	if !inLines(config) {
		return nil
	}
	return config
}

// inLines tells whether a node is an object of which each key has a line of its own.
func inLines(node *yaml.Node) bool {
	return node != nil && node.Kind == yaml.MappingNode && node.Style&yaml.FlowStyle == 0 && len(node.Content) > 0
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

// Values are what the file configures, by key without the project's prefix.
func (f *File) Values() (map[string]any, error) {
	values := map[string]any{}
	config := f.config()
	for i := 0; i+1 < len(config.Content); i += 2 {
		name, own := strings.CutPrefix(config.Content[i].Value, stacks.Project+":")
		if !own && strings.Contains(name, ":") {
			continue // another namespace's
		}
		var value any
		if err := config.Content[i+1].Decode(&value); err != nil {
			return nil, err
		}
		values[name] = value
	}
	return values, nil
}

// written is a key of the program as the file has it: with the project's prefix, unless it stands there without.
func (f *File) written(key string) string {
	if own, _ := child(f.config(), key); own != nil {
		return key
	}
	return stacks.Project + ":" + key
}

// extent are the lines of a key with its value, from the first to behind the last; comments above it are not among them.
func (f *File) extent(key, value *yaml.Node) (from, to int) {
	from, to = key.Line-1, key.Line
	column := key.Column - 1
	for to < len(f.lines) {
		line := strings.TrimRight(f.lines[to], "\r\n")
		deep := len(line) - len(strings.TrimLeft(line, " "))
		blank := strings.TrimSpace(line) == ""
		item := value.Kind == yaml.SequenceNode && deep == column && strings.HasPrefix(line[deep:], "-")
		if !blank && deep <= column && !item {
			break
		}
		to++
	}
	for to > from+1 && strings.TrimSpace(f.lines[to-1]) == "" {
		to--
	}
	return from, to
}

// above is the first line of the comment that stands right above a line, or the line itself.
func (f *File) above(line int) int {
	for line > 0 && strings.HasPrefix(strings.TrimSpace(f.lines[line-1]), "#") {
		line--
	}
	return line
}

// with is the file with lines in the place of some.
func (f *File) with(from, to int, lines ...string) (*File, error) {
	all := slices.Concat(f.lines[:from], lines, f.lines[to:])
	return Parse(strings.Join(all, ""))
}
