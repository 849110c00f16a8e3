package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"
)

// secretsKey is the configuration key under which, and nowhere else, secret values stand.
const secretsKey = "secrets"

// overlay returns a copy of a stack's configuration (keys without the project's prefix) with path=value settings. A path is a
// Pulumi property path. A value is YAML, or text where it is no YAML; where it takes the place of a text, and under
// secrets, a scalar stays text. null removes what the path names.
func overlay(values map[string]any, settings []string) (map[string]any, error) {
	overlaid := walk(values, nil, func(_ resource.PropertyPath, leaf any) any { return leaf }).(map[string]any)
	for _, setting := range settings {
		if err := apply(overlaid, setting); err != nil {
			name, _, _ := strings.Cut(setting, "=") // the value may be a secret's
			return nil, fmt.Errorf("--set %s: %w", name, err)
		}
	}
	return overlaid, nil
}

func apply(values map[string]any, setting string) error {
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
	if strings.Contains(key, ":") {
		return fmt.Errorf("write the key without a prefix: %s", name[strings.LastIndex(name, ":")+1:])
	}
	_, err = put(values, path, func(old any) any {
		value := parseValue(text)
		if path.String() == secretsKey+".kubeconfig" && value != nil {
			return text // YAML that is meant as a text
		}
		_, wasText := old.(string)
		if (wasText || key == secretsKey) && isScalar(value) {
			return text
		}
		return value
	})
	return err
}

// parseValue reads a value as YAML, and as text where it is none. Dates are text: configuration has no others.
func parseValue(text string) any {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil || text == "" {
		return text
	}
	if _, isTime := value.(time.Time); isTime {
		return text
	}
	return value
}

func isScalar(value any) bool {
	switch value.(type) {
	case int, int64, uint64, float64, bool:
		return true
	}
	return false
}

// put sets what path names below node to value(old) and returns the node, made anew where it was absent. A nil value
// removes the name.
func put(node any, path resource.PropertyPath, value func(old any) any) (any, error) {
	if len(path) == 0 {
		return value(node), nil
	}
	if isEncrypted(node) {
		return nil, fmt.Errorf("%s lies in an encrypted value, which the sandbox cannot open; set the whole value", segment(path[0]))
	}
	switch key := path[0].(type) {
	case string:
		object, ok := node.(map[string]any)
		if !ok && node != nil {
			return nil, fmt.Errorf("%s is a key, but stands below %s", segment(key), kind(node))
		}
		if object == nil {
			object = map[string]any{}
		}
		child, err := put(object[key], path[1:], value)
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
			return nil, fmt.Errorf("%s is an index, but stands below %s", segment(key), kind(node))
		}
		if key < 0 || key > len(list) {
			return nil, fmt.Errorf("%s is beyond the list, which has %d entries", segment(key), len(list))
		}
		if key == len(list) {
			list = append(list, nil)
		}
		child, err := put(list[key], path[1:], value)
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

func kind(node any) string {
	switch node.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	}
	return "a plain value"
}
