package kubernetes_test

import (
	"testing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
)

const nodeTerms = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"

// TestPodsOfLinux: every pod says what it can run on, and a node whose labels nobody set is none that is shut out. What the caller asks for
// holds besides, in each of its terms.
func TestPodsOfLinux(t *testing.T) {
	t.Parallel()
	linux := map[string]any{"key": "kubernetes.io/os", "operator": "NotIn", "values": []any{"windows"}}
	arm := map[string]any{"key": "kubernetes.io/arch", "operator": "In", "values": []any{"arm64"}}
	pool := func(name string) map[string]any {
		return map[string]any{"key": "pool", "operator": "In", "values": []any{name}}
	}
	term := func(name string) corev1.NodeSelectorTermInput {
		return &corev1.NodeSelectorTermArgs{MatchExpressions: corev1.NodeSelectorRequirementArray{&corev1.NodeSelectorRequirementArgs{
			Key: pulumi.String("pool"), Operator: pulumi.String("In"), Values: pulumi.ToStringArray([]string{name}),
		}}}
	}
	affinity := &corev1.AffinityArgs{
		NodeAffinity: &corev1.NodeAffinityArgs{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelectorArgs{
			NodeSelectorTerms: corev1.NodeSelectorTermArray{term("a"), term("b")},
		}},
		PodAntiAffinity: &corev1.PodAntiAffinityArgs{RequiredDuringSchedulingIgnoredDuringExecution: corev1.PodAffinityTermArray{
			&corev1.PodAffinityTermArgs{TopologyKey: pulumi.String("kubernetes.io/hostname")},
		}},
	}
	for name, c := range map[string]struct {
		scheduling *kubernetes.WorkloadSchedulingArgs
		want       []any
	}{
		"nothing asked for": {nil, []any{map[string]any{"matchExpressions": []any{linux}}}},
		"processors":        {&kubernetes.WorkloadSchedulingArgs{Architectures: []string{"arm64"}}, []any{map[string]any{"matchExpressions": []any{linux, arm}}}},
		"pools": {&kubernetes.WorkloadSchedulingArgs{Affinity: affinity}, []any{
			map[string]any{"matchExpressions": []any{pool("a"), linux}}, map[string]any{"matchExpressions": []any{pool("b"), linux}},
		}},
	} {
		pull := ecrArgs()
		pull.Pods = &kubernetes.PullSecretPodArgs{Scheduling: c.scheduling}
		gateway := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
			migrating(a)
			a.Scheduling = c.scheduling
		})
		broker := recordBroker(t, func(a *kubernetes.BifrostBrokerArgs) { a.Scheduling = c.scheduling })
		for which, pod := range map[string]func(path string) any{
			"gateway":   func(path string) any { return gateway.One(t, deploymentType).Input(t, "spec.template.spec."+path) },
			"migration": func(path string) any { return gateway.One(t, jobType).Input(t, "spec.template.spec."+path) },
			"broker":    func(path string) any { return broker.One(t, deploymentType).Input(t, "spec.template.spec."+path) },
			"refresher": func(path string) any { return refresherPods(t, pull)["first run"]("spec." + path) },
		} {
			require.Equal(t, c.want, pod(nodeTerms), "%s: %s", which, name)
			if name == "pools" {
				require.NotEmpty(t, pod("affinity.podAntiAffinity"), which)
			}
		}
	}
}
