package kubernetes_test

import (
	"testing"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
)

// TestRefresherNetworkPolicy: nothing reaches the refresher's pods, of a schedule or of the first run, and they reach what a refresh needs.
func TestRefresherNetworkPolicy(t *testing.T) {
	t.Parallel()
	g := recordPullSecret(t, ecrArgs())
	policy := g.One(t, policyType)
	require.Equal(t, "bifrost-pull", policy.Input(t, "metadata.name"))
	require.Equal(t, map[string]any{
		"podSelector": map[string]any{"matchLabels": map[string]any{"app": "refresh-ecr-secret"}},
		"policyTypes": []any{"Ingress", "Egress"},
		"egress":      []any{dnsRule, httpsRule, apiServerRule},
	}, policy.Input(t, "spec"))
	require.Equal(t, "refresh-ecr-secret", g.One(t, "kubernetes:batch/v1:Job").Input(t, "spec.template.metadata.labels.app"))
	require.Equal(t, "refresh-ecr-secret", g.One(t, "kubernetes:batch/v1:CronJob").Input(t, "spec.jobTemplate.spec.template.metadata.labels.app"))

	proxied := injectedArgs()
	proxied.NetworkPolicy = &kubernetes.PullSecretNetworkPolicyArgs{ExtraEgress: networkingv1.NetworkPolicyEgressRuleArray{
		&networkingv1.NetworkPolicyEgressRuleArgs{Ports: networkingv1.NetworkPolicyPortArray{&networkingv1.NetworkPolicyPortArgs{Port: pulumi.Int(3128)}}},
	}}
	require.Equal(t, []any{dnsRule, httpsRule, agentRule, apiServerRule, map[string]any{"ports": []any{map[string]any{"port": 3128.0}}}},
		recordPullSecret(t, proxied).One(t, policyType).Input(t, "spec.egress"))

	none := ecrArgs()
	none.NetworkPolicy = &kubernetes.PullSecretNetworkPolicyArgs{Disabled: true}
	require.Empty(t, recordPullSecret(t, none).Of(policyType))
}
