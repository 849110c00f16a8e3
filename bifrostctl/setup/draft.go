package setup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/internal/keys"
	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/stackfile"
	"bifrost/stacks"
)

// draft is a stack file that is being written.
type draft struct {
	// dir is the project's folder, name the stack's.
	dir, name string
	file      *stackfile.File
	// before is the text that the stack file has already; empty for a new one.
	before string
	// given are the paths that were set.
	given []string
	// example returns the value of a key in the example that the file was made from; nil where it was made from none.
	example func(key string) any
}

// values are what the file configures, by key without prefix.
func (d *draft) values() map[string]any {
	values, err := d.file.Values()
	if err != nil {
		return map[string]any{} // it was read when it was parsed
	}
	return values
}

// config is the configuration as far as it can be read.
func (d *draft) config() *stacks.Config { return stacks.Lenient(d.name, d.dir, d.values()) }

// set changes a key by path=value, as the sandbox's --set does.
func (d *draft) set(setting string) error {
	name, _, _ := strings.Cut(setting, "=")
	path, err := resource.ParsePropertyPath(name)
	if err != nil || len(path) == 0 {
		return fmt.Errorf("--set %s: is no path; write path=value, for example gateway.replicas=5", name)
	}
	if path[0] == overlay.Secrets {
		return fmt.Errorf("--set %s: a secret is not written into the file in clear; set it with: pulumi config set --stack %s --secret "+
			"--path '%s:%s'", name, d.name, stacks.Project, name)
	}
	values, err := overlay.Apply(d.values(), []string{setting})
	if err != nil {
		return err
	}
	return d.put(path, at(values, path))
}

// put writes a value at a path; nil removes it.
func (d *draft) put(path resource.PropertyPath, value any) error {
	file, err := d.file.Set(path, value, keys.Order)
	if err != nil {
		return err
	}
	d.file, d.given = file, append(d.given, path.String())
	return nil
}

// remove deletes keys.
func (d *draft) remove(keys ...string) error {
	for _, key := range keys {
		path, err := resource.ParsePropertyPath(key)
		if err != nil {
			return err
		}
		if err := d.put(path, nil); err != nil {
			return err
		}
	}
	return nil
}

// at is the value at a path; nil where there is none.
func at(node any, path resource.PropertyPath) any {
	for _, step := range path {
		switch key := step.(type) {
		case string:
			object, _ := node.(map[string]any)
			node = object[key]
		case int:
			list, _ := node.([]any)
			if key < 0 || key >= len(list) {
				return nil
			}
			node = list[key]
		}
	}
	return node
}

// value is what a key has; nil where it has none.
func (d *draft) value(key string) any {
	path, err := resource.ParsePropertyPath(key)
	if err != nil {
		return nil
	}
	return at(d.values(), path)
}

func (d *draft) there(key string) bool { return d.value(key) != nil }

// wasGiven tells whether a key was set, or something below it.
func (d *draft) wasGiven(key string) bool {
	return slices.ContainsFunc(d.given, func(given string) bool {
		return given == key || strings.HasPrefix(given, key+".") || strings.HasPrefix(given, key+"[")
	})
}

// answer writes what was answered to a question, and what follows from it.
func (d *draft) answer(q question, answered string) error {
	path, err := resource.ParsePropertyPath(q.key)
	if err != nil {
		return err
	}
	if err := d.put(path, q.kind.value(answered)); err != nil {
		return err
	}
	for _, also := range q.also {
		if d.there(also) {
			if err := d.set(also + "=" + answered); err != nil {
				return err
			}
		}
	}
	return nil
}

// value is an answer as it is written.
func (k kind) value(answered string) any {
	if k == text {
		if answered == "" {
			return nil
		}
		return answered
	}
	values := []any{}
	for each := range strings.SplitSeq(answered, ",") {
		switch each = strings.TrimSpace(each); {
		case each == "":
		case k == cidrs:
			values = append(values, map[string]any{"cidr": each})
		default:
			values = append(values, each)
		}
	}
	if len(values) == 0 {
		return nil
	}
	return values
}

// written is a value as a user would answer it.
func (k kind) written(value any) string {
	list, isList := value.([]any)
	switch {
	case value == nil:
		return ""
	case !isList:
		return fmt.Sprint(value)
	}
	var texts []string
	for _, each := range list {
		if object, is := each.(map[string]any); is {
			each = object["cidr"]
		}
		texts = append(texts, fmt.Sprint(each))
	}
	return strings.Join(texts, ", ")
}
