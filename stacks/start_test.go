package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// TestStartRefused: how long a start may take covers what the gateway waits for, and nothing says a second time what a key says.
func TestStartRefused(t *testing.T) {
	t.Parallel()
	ref := map[string]any{"secret": "s", "key": "k"}
	for name, c := range map[string]struct {
		stack string
		set   []any
		want  []string
	}{
		"shorter than the locks":      {"azure-dev", []any{"gateway.startupSeconds", 449}, []string{"gateway.startupSeconds: Invalid value: 449: at least 450", "60 s for config_store and 300 s for logs_store"}},
		"shorter than the locks, ECS": {"aws-dev", []any{"eks", nil, "gateway.startupSeconds", 300}, []string{"gateway.startupSeconds: Invalid value: 300: at least 450"}},
		"one store alone":             {"azure-dev", []any{"gateway.startupSeconds", 149, "gateway.config.logs_store", map[string]any{"enabled": false}}, []string{"at least 150"}},
		"shorter than one start":      {"azure-dev", []any{"gateway.startupSeconds", 89, "gateway.migrationJob", true}, []string{"at least 90"}},
		"longer than ECS waits":       {"aws-dev", []any{"gateway.startupSeconds", 601}, []string{"gateway.startupSeconds", "30 to 600 seconds on ECS"}},
		"a Job for SQLite":            {"azure-dev", []any{"gateway", sqlite("migrationJob", true)}, []string{"gateway.migrationJob: Forbidden: a store is SQLite"}},
		"servers that end":            {"aws-dev", []any{"gateway.env.BIFROST_MIGRATE_ONLY", "1"}, []string{"gateway.env[BIFROST_MIGRATE_ONLY]: Forbidden: every process would migrate and end", "gateway.migrationJob"}},
		"servers that end, a secret":  {"aws-dev", []any{"secrets.env.BIFROST_MIGRATE_ONLY", canary}, []string{"secrets.env[BIFROST_MIGRATE_ONLY]: Forbidden"}},
		"a variable of the Job's":     {"aws-dev", []any{"gateway.env.BIFROST_NO_MIGRATE", "1", "gateway.migrationJob", true}, []string{"gateway.env[BIFROST_NO_MIGRATE]: Forbidden: gateway.migrationJob sets it"}},
		"an unknown family":           {"aws-dev", []any{"gateway.ipFamily", "ipv6"}, []string{"gateway.ipFamily: Unsupported value", "IPv4", "IPv6"}},
		"two words on the address":    {"aws-dev", []any{"gateway.ipFamily", "IPv6", "gateway.env.APP_HOST", "0.0.0.0"}, []string{"gateway.env[APP_HOST]: Forbidden: gateway.ipFamily says where"}},
		"two words, by a reference":   {"azure-dev", []any{"gateway.ipFamily", "IPv6", "gateway.secretRefs.APP_HOST", ref}, []string{"gateway.secretRefs[APP_HOST]: Forbidden"}},
		"less than the gateway's end": {"azure-dev", []any{"gateway.preStopSeconds", 120, "gateway.terminationGraceSeconds", 149}, []string{"gateway.terminationGraceSeconds", "at least 150"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := stackFile(t, c.stack)
			for i := 0; i < len(c.set); i += 2 {
				s.set(c.set[i].(string), c.set[i+1])
			}
			g := s.graph(t, c.stack)
			err := g.Run(program(g))
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), canary)
			require.Empty(t, g.Resources)
		})
	}
}

// TestIPv6Cluster: on a cluster of IPv6 alone the gateway must listen there.
func TestIPv6Cluster(t *testing.T) {
	t.Parallel()
	six := eksLookup("1.34")
	six["kubernetesNetworkConfigs"] = []any{map[string]any{"ipFamily": "ipv6"}}
	for name, c := range map[string]struct {
		s       settings
		refused bool
	}{
		"nothing said":       {stackFile(t, "aws-dev"), true},
		"the key":            {stackFile(t, "aws-dev").set("gateway.ipFamily", "IPv6"), false},
		"the variable":       {stackFile(t, "aws-dev").set("gateway.env.APP_HOST", "::"), false},
		"another family":     {stackFile(t, "aws-dev").set("gateway.ipFamily", "IPv4"), true},
		"nothing runs there": {stackFile(t, "aws-dev").set("rollout", stacks.RolloutIdentity), false},
	} {
		t.Run(name, func(t *testing.T) {
			g := c.s.graph(t, "aws-dev")
			g.Answers["aws:eks/getCluster:getCluster"] = always(six)
			err := g.Run(program(g))
			if !c.refused {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "gateway.ipFamily: pods of EKS cluster dev have addresses of IPv6 alone")
		})
	}
}

// TestStart: the keys reach every platform.
func TestStart(t *testing.T) {
	t.Parallel()
	for stack, platforms := range map[string][]string{"aws-dev": {"eks", "ecs"}, "azure-dev": {"aks"}} {
		g := record(t, stack, stackFile(t, stack).set("gateway.startupSeconds", 600).set("gateway.migrationJob", true).set("gateway.ipFamily", "IPv6"))
		for _, platform := range platforms {
			if platform == "ecs" {
				containers := g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions")
				require.Contains(t, containers, `"retries":10,"startPeriod":300`)
				require.Contains(t, containers, `{"name":"BIFROST_MIGRATE_ONLY","value":"1"}`)
				require.Contains(t, containers, `{"name":"APP_HOST","value":"::"}`)
				continue
			}
			require.EqualValues(t, 900, g.Named(t, "kubernetes:batch/v1:Job", platform+"-gateway-migration").Input(t, "spec.activeDeadlineSeconds"))
			d := g.Named(t, "kubernetes:apps/v1:Deployment", platform+"-gateway-deployment")
			require.EqualValues(t, 120, d.Input(t, "spec.template.spec.containers[0].startupProbe.failureThreshold"))
		}
	}
	alone := record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway", sqlite("startupSeconds", 90)))
	require.EqualValues(t, 18, alone.One(t, "kubernetes:apps/v1:StatefulSet").Input(t, "spec.template.spec.containers[0].startupProbe.failureThreshold"))
}
