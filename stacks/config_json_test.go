package stacks

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// parsed is the configuration of a stack as the program reads it.
func (s settings) parsed(t testing.TB, stack string) *Config {
	t.Helper()
	raw := Raw{Values: map[string]string{}, Secret: map[string]bool{"secrets": true}, Dir: ".."}
	for key, v := range s.graph(t, stack).Config {
		raw.Values[strings.TrimPrefix(key, Project+":")] = v
	}
	c, err := Parse(stack, raw)
	require.NoError(t, err)
	return c
}

// TestEveryConfigIsKnown: no dev stack and no example has a key that the gateway does not know, and each says that no schema was given.
func TestEveryConfigIsKnown(t *testing.T) {
	t.Parallel()
	stacks := map[string]settings{"aws-dev": stackFile(t, "aws-dev"), "azure-dev": stackFile(t, "azure-dev")}
	files, err := filepath.Glob("../examples/*/Pulumi.*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		if name := filepath.Base(filepath.Dir(file)); filepath.Base(file) == "Pulumi."+name+".yaml" {
			stacks[name] = example(t, name)
		}
	}
	require.Greater(t, len(stacks), 8)
	for name, s := range stacks {
		c := s.parsed(t, name)
		require.Empty(t, unknownConfigKeys(c), name)
		require.Contains(t, c.withoutSchema(), "`bifrostctl schema`", name)
	}
}

// TestUnknownKeyWarns: one that resembles no other is told, unless a schema decides.
func TestUnknownKeyWarns(t *testing.T) {
	t.Parallel()
	s := func() settings {
		return stackFile(t, "aws-dev").set("gateway.config.client.telepathy", true).set("gateway.config.quantum", map[string]any{"a": 1})
	}
	c := s().parsed(t, "aws-dev")
	require.Contains(t, strings.Join(c.warnings(), "\n"), "the gateway 1.5.16 has no such keys, and passes over them: gateway.config.client.telepathy, gateway.config.quantum;")

	c = s().set("gateway.schemaFile", "stacks/testdata/stores.schema.json").parsed(t, "aws-dev")
	require.Empty(t, unknownConfigKeys(c))
	require.Empty(t, c.withoutSchema())

	c = s().set("rollout", RolloutIdentity).parsed(t, "aws-dev")
	require.Empty(t, c.warnings())
	require.Empty(t, c.withoutSchema())
}
