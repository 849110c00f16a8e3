package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud/kubernetes"
)

// settings are what a stack file says to the sandbox alone, in keys that the Pulumi CLI and the program pass over.
type settings struct {
	// Nodes are those of the stack's Kubernetes cluster. Without any every pod finds a node.
	Nodes []kubernetes.Node `json:"sandbox:nodes"`
	// Architectures are those for which the vendor built the image; default: all.
	Architectures []string `json:"sandbox:architectures"`
	// Tags are those of the image in the vendor's registry; default: the one of the first command but a preview.
	Tags []string `json:"sandbox:tags"`
}

const settingsPrefix = "sandbox:"

// keysAt names the keys that are known where one is not.
func keysAt(key string) string {
	if key == settingsPrefix+"nodes" {
		return "the keys of a node are count, zone, architecture, labels, taints, cpu and memory, those of a taint key, value and effect"
	}
	return "the keys are sandbox:nodes, sandbox:architectures and sandbox:tags"
}

// settingsOf reads them. Every problem is told of.
func settingsOf(others map[string]any) (settings, error) {
	var s settings
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(others)) {
		if !strings.HasPrefix(key, settingsPrefix) {
			continue
		}
		text, err := json.Marshal(map[string]any{key: others[key]})
		if err == nil {
			d := json.NewDecoder(bytes.NewReader(text))
			d.DisallowUnknownFields()
			err = d.Decode(&s)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %s; %s (docs/sandbox.md)", key, strings.TrimPrefix(err.Error(), "json: "),
				keysAt(key)))
		}
	}
	if others[settingsPrefix+"nodes"] != nil && len(s.Nodes) == 0 {
		problems = append(problems, errors.New("sandbox:nodes: names no node; leave it out where every pod is to find one"))
	}
	for i, node := range s.Nodes {
		if err := node.Check(); err != nil {
			problems = append(problems, fmt.Errorf("sandbox:nodes[%d].%w", i, err))
		}
	}
	return s, errors.Join(problems...)
}
