package stackfile

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"
)

// nested is a value below keys and indices that are not there yet.
func nested(path resource.PropertyPath, value any) any {
	for i := len(path) - 1; i >= 0; i-- {
		if key, isKey := path[i].(string); isKey {
			value = map[string]any{key: value}
		} else {
			value = []any{value}
		}
	}
	return value
}

func encoded(value any) (*yaml.Node, error) {
	if node, is := value.(*yaml.Node); is {
		return node, nil
	}
	node := &yaml.Node{}
	return node, node.Encode(value)
}

// put is a node with a value at a path below it; its other nodes keep their comments and styles.
func put(node *yaml.Node, path resource.PropertyPath, value any) (*yaml.Node, error) {
	if len(path) == 0 {
		written, err := encoded(value)
		if err == nil && written.Kind == node.Kind && node.Kind == yaml.SequenceNode {
			written.Style = node.Style // braces stay braces
		}
		return written, err
	}
	changed := *node
	changed.Content = append([]*yaml.Node{}, node.Content...)
	name, isKey := path[0].(string)
	index, _ := path[0].(int)
	switch {
	case isKey && node.Kind == yaml.MappingNode:
		return &changed, putKey(&changed, name, path[1:], value)
	case !isKey && node.Kind == yaml.SequenceNode && index >= 0 && index <= len(node.Content):
		return &changed, putIndex(&changed, index, path[1:], value)
	case isKey && node.Tag == "!!null", isKey && len(node.Content) == 0:
		return encoded(nested(path, value))
	}
	return nil, fmt.Errorf("%v: there is no such place", path[0])
}

func putKey(object *yaml.Node, name string, rest resource.PropertyPath, value any) error {
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value != name {
			continue
		}
		if value == nil && len(rest) == 0 {
			object.Content = append(object.Content[:i], object.Content[i+2:]...)
			return nil
		}
		below, err := put(object.Content[i+1], rest, value)
		object.Content[i+1] = below
		return err
	}
	if value == nil {
		return nil
	}
	below, err := encoded(nested(rest, value))
	object.Content = append(object.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, below)
	return err
}

func putIndex(list *yaml.Node, index int, rest resource.PropertyPath, value any) error {
	switch {
	case index == len(list.Content):
		below, err := encoded(nested(rest, value))
		list.Content = append(list.Content, below)
		return err
	case value == nil && len(rest) == 0:
		list.Content = append(list.Content[:index], list.Content[index+1:]...)
		return nil
	}
	below, err := put(list.Content[index], rest, value)
	list.Content[index] = below
	return err
}

// render writes a key with its value as lines that begin at a column.
func render(key *yaml.Node, value any, column int) ([]string, error) {
	node, err := encoded(value)
	if err != nil {
		return nil, err
	}
	bare := *key
	bare.HeadComment, bare.FootComment = "", ""
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(indent)
	if err := encoder.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{&bare, node}}); err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(text.String()) {
		if strings.TrimSpace(line) != "" {
			line = strings.Repeat(" ", column) + line
		}
		lines = append(lines, line)
	}
	return lines, nil
}
