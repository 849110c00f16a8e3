// Package review has stacks for a while: a copy of a stack under a name of its own, for a pull request, and which of them have lived long
// enough.
package review

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/ownfile"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/stacks"
)

// Prefix begins the name of every review stack: what does not begin so is never taken for one.
const Prefix = "review-"

// names are those of review stacks. Cloud names begin with the part behind the prefix, and the shortest room for it is a namespace's.
var names = regexp.MustCompile(`^` + Prefix + `[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?$`)

// CheckName refuses a name that is none of a review stack.
func CheckName(name string) error {
	if names.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%q is no name of a review stack: write %s and then up to 16 small letters, digits and hyphens, as %[2]spr12", name,
		Prefix)
}

// Write writes the stack file of a review stack, and returns its path: that of another stack, under a name prefix of its own, with nothing
// protected, so that it can go again, and with settings over it, as --set has them. Secrets stay as they are encrypted: the key comes
// along.
func Write(dir, name, from string, settings []string) (string, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	if strings.HasPrefix(from, Prefix) {
		return "", fmt.Errorf("--from %s: is a review stack itself", from)
	}
	project, err := projectdir.Find(dir)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(project, "Pulumi."+from+".yaml"))
	if err != nil {
		return "", fmt.Errorf("--from %s: %w", from, err)
	}
	file := map[string]any{}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return "", fmt.Errorf("read Pulumi.%s.yaml: %w", from, err)
	}
	config, _ := file["config"].(map[string]any)
	if len(config) == 0 {
		return "", fmt.Errorf("there is no config in Pulumi.%s.yaml", from)
	}
	values := map[string]any{}
	for key, value := range config {
		if own, is := strings.CutPrefix(key, stacks.Project+":"); is {
			values[own] = value
			delete(config, key)
		}
	}
	// Two stacks of one name prefix would meet in one role.
	for _, own := range []string{"namePrefix", "protectIdentities"} {
		if slices.ContainsFunc(settings, func(s string) bool { return strings.HasPrefix(s, own+"=") }) {
			return "", errors.New("--set " + own + ": a review stack has its own")
		}
	}
	all := append([]string{"namePrefix=" + strings.TrimPrefix(name, Prefix), "protectIdentities=false"}, settings...)
	if values, err = overlay.Apply(values, all); err != nil {
		return "", err
	}
	for key, value := range values {
		config[stacks.Project+":"+key] = value
	}
	written, err := yaml.Marshal(sorted(file))
	if err != nil {
		return "", err
	}
	target := filepath.Join(project, "Pulumi."+name+".yaml")
	head := fmt.Sprintf("# A review stack, made from Pulumi.%s.yaml by bifrostctl review write. It is not committed.\n", from)
	return target, ownfile.Write(target, append([]byte(head), written...))
}

// sorted has config last, as people write it.
func sorted(file map[string]any) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, key := range slices.SortedFunc(maps.Keys(file), func(a, b string) int {
		if (a == "config") != (b == "config") {
			return map[bool]int{true: 1, false: -1}[a == "config"]
		}
		return strings.Compare(a, b)
	}) {
		var k, v yaml.Node
		if k.Encode(key) == nil && v.Encode(file[key]) == nil {
			node.Content = append(node.Content, &k, &v)
		}
	}
	return node
}
