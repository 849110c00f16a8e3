// Package crds holds the CustomResourceDefinitions of the custom resources that the program makes, as far as their schemas say what of
// these resources is wrong. make definitions takes them from the released ones; rules in CEL and defaults are left out.
package crds

import (
	"embed"
	"fmt"
	"io/fs"
	"sync"

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

// All returns the definitions, by name, as encoding/json would decode them. Whoever asks shares them and changes nothing.
var All = sync.OnceValue(func() map[string]map[string]any {
	all, err := load()
	if err != nil {
		panic(err) // the files are embedded
	}
	return all
})

func load() (map[string]map[string]any, error) {
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
		var object map[string]any
		if err := yaml.Unmarshal(text, &object); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		metadata, _ := object["metadata"].(map[string]any)
		all[fmt.Sprint(metadata["name"])] = object
	}
	return all, nil
}
