package stacks_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// parsed is the configuration of a stack as the program reads it.
func (s settings) parsed(t testing.TB, stack string) *stacks.Config {
	t.Helper()
	raw := stacks.Raw{Values: map[string]string{}, Secret: map[string]bool{"secrets": true}, Dir: ".."}
	for key, v := range s.graph(t, stack).Config {
		raw.Values[strings.TrimPrefix(key, stacks.Project+":")] = v
	}
	c, err := stacks.Parse(stack, raw)
	require.NoError(t, err)
	return c
}

// TestEveryConfigIsKnown: no dev stack and no example has a key that the gateway does not know, and each says that no schema was given.
func TestEveryConfigIsKnown(t *testing.T) {
	t.Parallel()
	known := map[string]settings{"aws-dev": stackFile(t, "aws-dev"), "azure-dev": stackFile(t, "azure-dev")}
	files, err := filepath.Glob("../examples/*/Pulumi.*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		if name := filepath.Base(filepath.Dir(file)); filepath.Base(file) == "Pulumi."+name+".yaml" {
			known[name] = example(t, name)
		}
	}
	require.Greater(t, len(known), 8)
	for name, s := range known {
		c := s.parsed(t, name)
		require.Empty(t, stacks.UnknownConfigKeys(c), name)
		require.Contains(t, c.WithoutSchema(), "`bifrostctl schema`", name)
	}
}

// TestUnknownKeyWarns: one that resembles no other is told, unless a schema decides.
func TestUnknownKeyWarns(t *testing.T) {
	t.Parallel()
	s := func() settings {
		return stackFile(t, "aws-dev").set("gateway.config.client.telepathy", true).set("gateway.config.quantum", map[string]any{"a": 1})
	}
	c := s().parsed(t, "aws-dev")
	require.Contains(t, strings.Join(c.Warnings(), "\n"), "the gateway 1.5.16 has no such keys, and passes over them: gateway.config.client.telepathy, gateway.config.quantum;")

	c = s().set("gateway.schemaFile", "stacks/testdata/stores.schema.json").parsed(t, "aws-dev")
	require.Empty(t, stacks.UnknownConfigKeys(c))
	require.Empty(t, c.WithoutSchema())

	c = s().set("rollout", stacks.RolloutIdentity).parsed(t, "aws-dev")
	require.Empty(t, c.Warnings())
	require.Empty(t, c.WithoutSchema())
}
