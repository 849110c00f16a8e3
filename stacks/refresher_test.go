package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
)

// TestRefresherFollowsTheGateway: where all nodes have taints, what the gateway tolerates its refresher tolerates, too. What is said of the
// refresher itself takes the place of all of it.
func TestRefresherFollowsTheGateway(t *testing.T) {
	t.Parallel()
	toleration := map[string]any{"key": "dedicated", "operator": "Equal", "value": "ai", "effect": "NoSchedule"}
	scheduling := map[string]any{
		"tolerations": []any{toleration}, "nodeSelector": map[string]any{"pool": "ai"}, "priorityClass": "high",
		"architectures": []any{"amd64"}, "topologySpread": map[string]any{"zone": "DoNotSchedule"},
	}
	for stack, place := range map[string]string{"aws-dev": "eks", "azure-dev": "aks"} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, stack).set("gateway.scheduling", scheduling)
			first := func(s settings) graphtest.Resource {
				return record(t, stack, s).Named(t, "kubernetes:batch/v1:Job", place+"-pull-first-run")
			}
			job := first(s)
			const pod = "spec.template.spec."
			require.Equal(t, []any{toleration}, job.Input(t, pod+"tolerations"))
			require.Equal(t, map[string]any{"pool": "ai"}, job.Input(t, pod+"nodeSelector"))
			require.Equal(t, "high", job.Input(t, pod+"priorityClassName"))
			require.False(t, job.Has(pod+"topologySpreadConstraints"))
			require.Len(t, job.Input(t, pod+"affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions"), 1,
				"the refresher's images are not the gateway's: their processors are their own")

			own := first(s.set("refresher.scheduling.nodeSelector", map[string]any{"pool": "system"}))
			require.Equal(t, map[string]any{"pool": "system"}, own.Input(t, pod+"nodeSelector"))
			require.False(t, own.Has(pod+"tolerations"))
			require.False(t, own.Has("metadata.name"), "a template is immutable: another one is another Job, with a name of the provider's")
		})
	}
}

// TestRefresherKeys: what a cluster asks of any pod reaches the refresher's, and further ways out its policy.
func TestRefresherKeys(t *testing.T) {
	t.Parallel()
	g := record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway.existingNamespace", true).set("refresher", map[string]any{
		"podLabels": map[string]any{"cost-center": "7"}, "podAnnotations": map[string]any{"a": "b"}, "env": map[string]any{"X": "y"},
		"secretRefs": map[string]any{"Z": map[string]any{"secret": "s", "key": "k"}}, "imagePullSecrets": []any{"mirror"},
		"extraEgress": []any{map[string]any{"ports": []any{map[string]any{"port": 8443, "protocol": "TCP"}}}},
	}))
	for _, r := range []struct{ typ, name, pod string }{
		{"kubernetes:batch/v1:Job", "aks-pull-first-run", "spec.template."},
		{"kubernetes:batch/v1:CronJob", "aks-pull-cron-job", "spec.jobTemplate.spec.template."},
	} {
		made := g.Named(t, r.typ, r.name)
		require.Equal(t, "7", made.Input(t, r.pod+"metadata.labels.cost-center"))
		require.Equal(t, "b", made.Input(t, r.pod+"metadata.annotations.a"))
		require.Equal(t, []any{map[string]any{"name": "mirror"}}, made.Input(t, r.pod+"spec.imagePullSecrets"))
		require.Equal(t, "y", variablesOf(t, made, r.pod+"spec.initContainers[0]")["X"])
	}
	policy := g.Named(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "aks-pull-network-policy")
	require.EqualValues(t, 8443, policy.Input(t, "spec.egress[3].ports[0].port"))
}
