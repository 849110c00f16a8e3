package setup_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/setup"
)

// keptOf are the keys that init --json says have an example's values.
func keptOf(t *testing.T, printed string) []string {
	t.Helper()
	var document setup.Answer
	require.NoError(t, json.Unmarshal([]byte(printed), &document))
	keys := []string{}
	for _, each := range document.Kept {
		require.NotEmpty(t, each.About, each.Key)
		keys = append(keys, each.Key)
	}
	return keys
}

// TestKept: whoever takes an example's values is told which they are; a value that was given, or a part that was left out, is none of them.
func TestKept(t *testing.T) {
	dir := project(t)
	all := run(t, dir, "one", "--from", "examples/eks-production", "--json")
	require.Zero(t, all.code, all.stderr)
	keys := keptOf(t, all.stdout)
	for _, key := range []string{"aws.accountId", "eks.clusterName", "gateway.env.PG_HOST", "tags", "gateway.postgres.maxConnections", "gateway.postgres.caFile",
		"gateway.monitoring.labels", "gateway.scheduling", "gateway.otel.collectorUrl"} {
		require.Contains(t, keys, key)
	}
	fewer := run(t, dir, "two", "--from", "examples/eks-production", "--json", "--without", "monitoring,zones", "--set", "tags={team: a}",
		"--set", "eks.clusterName=production", "--set", "gateway.postgres.maxConnections=2000")
	require.Zero(t, fewer.code, fewer.stderr)
	keys = keptOf(t, fewer.stdout)
	for _, key := range []string{"tags", "eks.clusterName", "gateway.postgres.maxConnections", "gateway.monitoring.labels", "gateway.scheduling"} {
		require.NotContains(t, keys, key)
	}
	require.Contains(t, keys, "aws.accountId")

	azure := run(t, dir, "three", "--from", "examples/aks-production", "--yes")
	require.Zero(t, azure.code, azure.stderr)
	for _, text := range []string{"These keys have the example's values still", "gateway.httpRoute.gateway ", "gcp.credentialConfig ", "gateway.scheduling "} {
		require.Contains(t, azure.stdout, text)
	}
	require.NotContains(t, azure.stdout, "gateway.postgres.caFile", "Azure's authorities are everybody's")
	own := run(t, dir, "four", "--from", "aws-dev", "--yes")
	require.Zero(t, own.code, own.stderr)
	require.NotContains(t, own.stdout, "example's values", "a stack of one's own is no example")
}

// TestKeptLater: each init says which values are still the example's, until there is none.
func TestKeptLater(t *testing.T) {
	dir := project(t)
	for from, setting := range map[string]string{
		"eks-production": "eks.clusterName", "ecs-production": "ecs.clusterName", "aks-production": "aks.clusterName", "gke-production": "gke.clusterName",
	} {
		made := run(t, dir, from, "--from", "examples/"+from, "--yes")
		require.Zero(t, made.code, made.stderr)
		require.Contains(t, made.stdout, "\n  "+setting+" ", from)
		again := run(t, dir, from, "--yes", "--set", setting+"=mine")
		require.Zero(t, again.code, again.stderr)
		_, still, says := strings.Cut(again.stdout, "These keys have the example's values still")
		require.True(t, says, again.stdout)
		still, _, _ = strings.Cut(strings.TrimPrefix(still, ". Look at each in the file:\n\n"), "\n\n")
		require.NotContains(t, still, setting+" ")
		require.Contains(t, still, "registry.image")
		same := run(t, dir, from, "--yes")
		require.Contains(t, same.stdout, "stays as it is", from)
		require.Contains(t, same.stdout, still)
	}
	require.NotContains(t, run(t, dir, "aws-dev", "--yes", "--set", "gateway.replicas=3").stdout, "example's values", "a stack of one's own")
}

// TestHeader: what a stack file begins with is true whatever was left out or changed of the example.
func TestHeader(t *testing.T) {
	dir := project(t)
	for from, part := range map[string]string{"eks-production": "bedrock", "aks-production": "openai", "gke-production": "vertex", "ecs-production": "bedrock"} {
		made := run(t, dir, from, "--from", "examples/"+from, "--yes", "--without", part)
		require.Zero(t, made.code, made.stderr)
		head, _, _ := strings.Cut(readFile(t, dir, "Pulumi."+from+".yaml"), "\nconfig:")
		require.Len(t, strings.Split(head, "\n"), 2, head)
	}
}

// TestNoProvider: whoever leaves out the example's provider of models is told that there is none.
func TestNoProvider(t *testing.T) {
	dir := project(t)
	for from, part := range map[string]string{"eks-production": "bedrock", "ecs-production": "bedrock", "aks-production": "openai", "gke-production": "vertex"} {
		with := run(t, dir, "with-"+from, "--from", "examples/"+from, "--yes")
		require.NotContains(t, with.stdout, "names no provider of models", from)
		without := run(t, dir, "no-"+from, "--from", "examples/"+from, "--yes", "--without", part)
		require.Zero(t, without.code, without.stderr)
		require.Contains(t, without.stdout, "names no provider of models", from)
	}
}

// TestNotThere: what is refused of a stack file that is not there is not mended by editing it; one that is there can be edited.
func TestNotThere(t *testing.T) {
	dir := project(t)
	refused := run(t, dir, "prod-az", "--from", "examples/aks-production", "--yes", "--set", "gateway.replicas=-1")
	require.Equal(t, 2, refused.code)
	require.NotContains(t, refused.stderr, "Edit Pulumi.prod-az.yaml")
	require.Contains(t, refused.stderr, "--set 'KEY=VALUE'")
	require.NoFileExists(t, filepath.Join(dir, "Pulumi.prod-az.yaml"))
	require.Contains(t, run(t, dir, "aws-dev", "--yes", "--set", "gateway.replicas=-1").stderr, "Edit Pulumi.aws-dev.yaml")
}

// TestFollows: the commands that follow sign in to the state before they make a stack there.
func TestFollows(t *testing.T) {
	dir := project(t)
	made := run(t, dir, "prod", "--from", "examples/eks-production", "--yes")
	require.Regexp(t, `(?s)\n  pulumi login .*\n  pulumi stack init prod `, made.stdout)
}
