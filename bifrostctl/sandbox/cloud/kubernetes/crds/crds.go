// Package crds holds the CustomResourceDefinitions of the custom resources that the program makes, as far as their schemas say what of
// these resources is wrong. They are hand-written after the released ones; rules in CEL and defaults are left out.
package crds

import (
	"embed"
	"fmt"
	"io/fs"

	"sigs.k8s.io/yaml"
)

//go:embed *.yaml
var files embed.FS

// The names of the definitions.
const (
	HTTPRoutes      = "httproutes.gateway.networking.k8s.io"
	ServiceMonitors = "servicemonitors.monitoring.coreos.com"
	PrometheusRules = "prometheusrules.monitoring.coreos.com"
)

// Load returns the definitions, by name, as encoding/json would decode them.
func Load() (map[string]map[string]any, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]any{}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var definition struct {
			Metadata struct{ Name string }
		}
		var object map[string]any
		if err := yaml.Unmarshal(text, &object); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := yaml.Unmarshal(text, &definition); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[definition.Metadata.Name] = object
	}
	return all, nil
}
