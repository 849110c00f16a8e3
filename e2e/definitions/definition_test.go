package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// sandboxes is where the sandbox has its definitions.
const sandboxes = "../../bifrostctl/sandbox/cloud/kubernetes/crds"

// TestSandboxHasTheReleased: what the sandbox holds objects against is what the projects released, and nothing else.
func TestSandboxHasTheReleased(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sandboxes, "*.yaml"))
	require.NoError(t, err)
	var known []string
	for _, d := range all {
		if !d.sandbox {
			continue
		}
		text, err := d.released()
		require.NoError(t, err)
		want, err := d.read(text)
		require.NoError(t, err)
		file := filepath.Join(sandboxes, d.name+".yaml")
		known = append(known, file)
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "run make definitions")
	}
	require.ElementsMatch(t, known, files)
}

// TestStrip: a property may be called as a word that is left out.
func TestStrip(t *testing.T) {
	var node yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(`
type: object
description: a
default: {}
required: [description]
properties:
  description: {type: string, description: b}
  properties: {type: object, properties: {default: {type: string, default: c}}}
`), &node))
	strip(&node, false)
	var got any
	require.NoError(t, node.Decode(&got))
	require.Equal(t, map[string]any{"type": "object", "required": []any{"description"}, "properties": map[string]any{
		"description": map[string]any{"type": "string"},
		"properties":  map[string]any{"type": "object", "properties": map[string]any{"default": map[string]any{"type": "string"}}},
	}}, got)
}
