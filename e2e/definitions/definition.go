package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// definition is a CustomResourceDefinition that a project releases as a file of its module.
type definition struct {
	name, module, file string
	sandbox            bool // the sandbox holds objects against it
}

const (
	operatorModule = "github.com/prometheus-operator/prometheus-operator"
	gatewayModule  = "sigs.k8s.io/gateway-api"
	version        = "v1" // of all of them
)

// operatorFile is where the Prometheus Operator has the definition of a kind.
func operatorFile(plural string) string {
	return "example/prometheus-operator-crd/monitoring.coreos.com_" + plural + ".yaml"
}

var all = []definition{
	{"servicemonitors", operatorModule, operatorFile("servicemonitors"), true},
	{"prometheusrules", operatorModule, operatorFile("prometheusrules"), true},
	{"httproutes", gatewayModule, "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml", true},
	// The operator itself does not start without these.
	{"prometheuses", operatorModule, operatorFile("prometheuses"), false},
	{"podmonitors", operatorModule, operatorFile("podmonitors"), false},
	{"probes", operatorModule, operatorFile("probes"), false},
}

// release asks Go for a field of the module's record.
func release(module, field string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{."+field+"}}", module).Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return "", fmt.Errorf("go list -m %s: %w: %s", module, err, failed.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// released is the file as it was released.
func (d definition) released() ([]byte, error) {
	folder, err := release(d.module, "Dir")
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(folder, d.file))
}

// leftOut are the words of a schema by which the sandbox judges nothing: texts, and what only a server acts on.
var leftOut = []string{"description", "default", "x-kubernetes-validations"}

// read is what the sandbox reads of a definition: names, scope and the schema of the version that the program uses.
func (d definition) read(released []byte) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(released, &document); err != nil {
		return nil, err
	}
	root := document.Content[0]
	keep(root, "apiVersion", "kind", "metadata", "spec")
	metadata, spec := value(root, "metadata"), value(root, "spec")
	keep(metadata, "annotations", "name")
	keep(spec, "group", "names", "scope", "versions")
	versions := value(spec, "versions")
	versions.Content = slices.DeleteFunc(versions.Content, func(v *yaml.Node) bool { return value(v, "name").Value != version })
	if len(versions.Content) != 1 {
		return nil, fmt.Errorf("no version %s", version)
	}
	keep(versions.Content[0], "name", "schema", "served", "storage", "subresources")
	schema := value(value(versions.Content[0], "schema"), "openAPIV3Schema")
	strip(schema, false)
	if status := value(value(schema, "properties"), "status"); status != nil {
		open := yaml.Node{}
		if err := open.Encode(map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}); err != nil {
			return nil, err
		}
		*status = open
	}
	flow(root)
	tag, err := release(d.module, "Version")
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "# Written by make definitions, from %s %s.\n", d.module, tag)
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	err = encoder.Encode(root)
	return text.Bytes(), err
}

// value is what a mapping has under a key; nil where it has none.
func value(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// pick leaves those pairs of a mapping whose key is wanted.
func pick(mapping *yaml.Node, wanted func(key string) bool) {
	var kept []*yaml.Node
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if wanted(mapping.Content[i].Value) {
			kept = append(kept, mapping.Content[i], mapping.Content[i+1])
		}
	}
	mapping.Content = kept
}

func keep(mapping *yaml.Node, keys ...string) {
	pick(mapping, func(key string) bool { return slices.Contains(keys, key) })
}

// strip leaves out what the sandbox does not read, at every depth. The keys of properties are names, whatever they are.
func strip(node *yaml.Node, names bool) {
	if node.Kind == yaml.MappingNode && !names {
		pick(node, func(key string) bool { return !slices.Contains(leftOut, key) })
	}
	for i, child := range node.Content {
		isProperties := node.Kind == yaml.MappingNode && !names && i%2 == 1 && node.Content[i-1].Value == "properties"
		strip(child, isProperties)
	}
}

// flow puts on one line what holds nothing but scalars.
func flow(node *yaml.Node) {
	node.HeadComment, node.LineComment, node.FootComment = "", "", ""
	flat := node.Kind == yaml.MappingNode || node.Kind == yaml.SequenceNode
	for _, child := range node.Content {
		flow(child)
		flat = flat && child.Kind == yaml.ScalarNode
	}
	if flat {
		node.Style = yaml.FlowStyle
	}
}
