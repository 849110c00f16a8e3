// Package apiparts has pieces of the Kubernetes API as a stack file may hold them, for tests: the program's rules and the API server's own
// code must think the same of each.
package apiparts

import (
	_ "embed" // of parts.yaml

	"sigs.k8s.io/yaml"
)

// Part is a piece at a key of the configuration.
type Part struct {
	// Key is where it stands in the configuration, and Yaml is what.
	Key, Yaml string
	// At is where in it the program finds something wrong, and Want is what it says; empty where nothing is.
	At, Want string
}

// Value is the piece as a stack file has it.
func (p Part) Value() any {
	var v any
	read([]byte(p.Yaml), &v)
	return v
}

//go:embed parts.yaml
var text []byte

// All returns the pieces by name: those with one thing wrong, and those with nothing.
func All() (refused, taken map[string]Part) {
	var parts struct{ Refused, Taken map[string]Part }
	read(text, &parts)
	return parts.Refused, parts.Taken
}

func read(text []byte, into any) {
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		panic(err)
	}
}
