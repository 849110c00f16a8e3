// Package overlay is the grammar in which a tree of configuration, or of what a cloud holds, is changed: path=value. A path is a
// Pulumi property path, a value is YAML, or text where it is no YAML.
package overlay

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"

	"bifrost/stacks"
)

// Secrets is the configuration key under which, and nowhere else, secret values stand.
const Secrets = "secrets"

// Apply returns a copy of a stack's configuration (keys without the project's prefix) with settings over it. Where a value takes the
// place of a text, and under secrets, a scalar stays text; so does a number where the configuration has a text, as an account id. null
// removes what the path names.
func Apply(values map[string]any, settings []string) (map[string]any, error) {
	overlaid := copied(values)
	for _, setting := range settings {
		if err := set(overlaid, setting); err != nil {
			name, _, _ := strings.Cut(setting, "=") // the value may be a secret's
			return nil, fmt.Errorf("--set %s: %w", name, err)
		}
	}
	return overlaid, nil
}

func set(values map[string]any, setting string) error {
	name, text, ok := strings.Cut(setting, "=")
	if !ok {
		return errors.New("has no value; write path=value, for example gateway.replicas=5")
	}
	path, err := resource.ParsePropertyPath(name)
	if err != nil {
		return fmt.Errorf("is no path: %w", err)
	}
	if len(path) == 0 {
		return errors.New("has no path; write path=value, for example gateway.replicas=5")
	}
	key, ok := path[0].(string)
	if !ok || key == "" {
		return errors.New("must begin with a configuration key, for example gateway.replicas=5")
	}
	if strings.HasPrefix(key, "sandbox:") {
		return errors.New("is read from the stack file alone: write it there, below config")
	}
	if strings.Contains(key, ":") {
		return fmt.Errorf("write the key without a prefix: %s", name[strings.LastIndex(name, ":")+1:])
	}
	value, err := parseValue(text, path)
	if err != nil {
		return err
	}
	malformed := malformedValue(text, value)
	_, err = Put(values, path, func(old any) any {
		_, wasText := old.(string)
		if wasText || key == Secrets || stacks.IsText(path) {
			malformed = nil // such as a password
		}
		if path.String() == Secrets+".kubeconfig" && value != nil {
			return text // YAML that is meant as a text
		}
		if (wasText || key == Secrets) && isScalar(value) {
			return text
		}
		return value
	})
	return errors.Join(err, malformed)
}

// malformedValue is the error of a text that begins as a list, an object or a text in quotes does, and that parseValue gave back as it is,
// since it is no YAML; nil of any other. It tells no part of the text.
func malformedValue(text string, value any) error {
	if value != text || text == "" || !strings.ContainsAny(text[:1], `[{"'`) {
		return nil
	}
	return errors.New("begins as a list, an object or a text in quotes does, and is no YAML: close what is open, put quotes around texts " +
		"that have one of *&!%@`:#{}[], and around the whole for the shell: --set 'KEY=[\"*\"]'")
}

// Edit returns a copy of an object that a cloud holds with settings over it. What takes the place of a text stays text, such as a policy.
func Edit(object map[string]any, settings []string) (map[string]any, error) {
	edited := copied(object)
	for _, setting := range settings {
		name, text, given := strings.Cut(setting, "=")
		path, err := resource.ParsePropertyPath(name)
		if err != nil || !given || len(path) == 0 {
			return nil, fmt.Errorf("%q is no setting; write path=value, for example disabled=true", setting)
		}
		value, err := parseValue(text, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := Put(edited, path, func(old any) any {
			if _, wasText := old.(string); wasText && text != "null" {
				return text
			}
			return value
		}); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return edited, nil
}

// parseValue reads a value as YAML, and as text where it is none. Numbers within it stay as they are written where the configuration has a
// text below the path, and dates are text: configuration has no others. What JSON has not is refused: the engine hands JSON over.
func parseValue(text string, path resource.PropertyPath) (any, error) {
	var document yaml.Node
	var value any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil || text == "" {
		return text, nil
	}
	keepDigits(&document, path)
	if err := document.Decode(&value); err != nil {
		return text, nil
	}
	if _, isTime := value.(time.Time); isTime {
		return text, nil
	}
	value = Walk(value, nil, func(_ resource.PropertyPath, leaf any) any {
		if date, isTime := leaf.(time.Time); isTime {
			return date.String()
		}
		return leaf
	})
	if _, err := json.Marshal(value); err != nil {
		return nil, errors.New("has a value that is no JSON: write keys in quotes, and no number that is not finite")
	}
	return value, nil
}

// keepDigits makes numbers below a value texts where the configuration has texts: YAML reads 0471 as octal, and no number keeps a zero at
// its end.
func keepDigits(node *yaml.Node, path resource.PropertyPath) {
	switch node.Kind {
	case yaml.DocumentNode:
		for _, content := range node.Content {
			keepDigits(content, path)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			keepDigits(node.Content[i+1], append(slices.Clone(path), node.Content[i].Value))
		}
	case yaml.SequenceNode:
		for i, content := range node.Content {
			keepDigits(content, append(slices.Clone(path), i))
		}
	case yaml.ScalarNode:
		if tag := node.ShortTag(); (tag == "!!int" || tag == "!!float") && len(path) > 0 && stacks.IsText(path) {
			node.Tag = "!!str"
		}
	}
}

func isScalar(value any) bool {
	_, isBool := value.(bool)
	return isBool || isNumber(value)
}

func isNumber(value any) bool {
	switch value.(type) {
	case int, int64, uint64, float64:
		return true
	}
	return false
}

// Put sets what path names below node to value(old) and returns the node, made anew where it was absent. A nil value
// removes the name.
func Put(node any, path resource.PropertyPath, value func(old any) any) (any, error) {
	if len(path) == 0 {
		return value(node), nil
	}
	if IsEncrypted(node) {
		return nil, fmt.Errorf("%s lies in an encrypted value, which the sandbox cannot open; set the whole value", segment(path[0]))
	}
	switch key := path[0].(type) {
	case string:
		object, ok := node.(map[string]any)
		if !ok && node != nil {
			return nil, fmt.Errorf("%s is a key, but stands below %s", segment(key), Kind(node))
		}
		if object == nil {
			object = map[string]any{}
		}
		child, err := Put(object[key], path[1:], value)
		if err != nil {
			return nil, err
		}
		object[key] = child
		if child == nil {
			delete(object, key)
		}
		return object, nil
	case int:
		list, ok := node.([]any)
		if !ok && node != nil {
			return nil, fmt.Errorf("%s is an index, but stands below %s", segment(key), Kind(node))
		}
		if key < 0 || key > len(list) {
			return nil, fmt.Errorf("%s is beyond the list, which has %d entries", segment(key), len(list))
		}
		if key == len(list) {
			list = append(list, nil)
		}
		child, err := Put(list[key], path[1:], value)
		if err != nil {
			return nil, err
		}
		list[key] = child
		if child == nil {
			list = slices.Delete(list, key, key+1)
		}
		return list, nil
	}
	return nil, fmt.Errorf("%v is neither a key nor an index", path[0])
}

func segment(key any) string {
	if index, ok := key.(int); ok {
		return fmt.Sprintf("[%d]", index)
	}
	return fmt.Sprintf("%q", key)
}

// Kind says what a node is, for messages.
func Kind(node any) string {
	switch node.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	}
	return "a plain value"
}

// IsEncrypted tells whether a configuration value has the form {secure: ciphertext}.
func IsEncrypted(node any) bool {
	object, ok := node.(map[string]any)
	_, secure := object["secure"].(string)
	return ok && secure && len(object) == 1
}

// Walk returns a copy of node in which replace took the place of every leaf. An encrypted value is a leaf.
func Walk(node any, path resource.PropertyPath, replace func(path resource.PropertyPath, leaf any) any) any {
	below := func(key any) resource.PropertyPath { return append(path[:len(path):len(path)], key) }
	switch node := node.(type) {
	case map[string]any:
		if IsEncrypted(node) {
			return replace(path, node)
		}
		object := map[string]any{}
		for key, value := range node {
			object[key] = Walk(value, below(key), replace)
		}
		return object
	case []any:
		list := make([]any, len(node))
		for i, value := range node {
			list[i] = Walk(value, below(i), replace)
		}
		return list
	}
	return replace(path, node)
}

func copied(object map[string]any) map[string]any {
	return Walk(object, nil, func(_ resource.PropertyPath, leaf any) any { return leaf }).(map[string]any)
}
