package kubernetes

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/utils/ptr"

	"bifrost/internal/component"
)

// newNetworkPolicy lets nothing into the refresher's pods, and out what a refresh needs: DNS, the clouds' HTTPS and the API server.
func (r refresher) newNetworkPolicy(s component.Scope, args *PullSecretNetworkPolicyArgs) error {
	given := ptr.Deref(args, PullSecretNetworkPolicyArgs{})
	if given.Disabled {
		return nil
	}
	egress := append(outward(r.ipFamily, r.source.agents), toAnywhere(r.ipFamily, apiServerPort))
	for _, destination := range given.Destinations {
		egress = append(egress, destination.rule(r.ipFamily))
	}
	_, err := networkingv1.NewNetworkPolicy(s.Ctx, s.Child("network-policy"), &networkingv1.NetworkPolicyArgs{
		Metadata: r.meta(pulumi.String(DefaultPullServiceAccount)),
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: &metav1.LabelSelectorArgs{MatchLabels: component.Merge(r.podLabels())},
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Egress:      append(egress, given.ExtraEgress...),
		},
	}, s.Options()...)
	return err
}
