package kubernetes

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// newNetworkPolicy lets nothing into the refresher's pods, and out what a refresh needs: DNS, the clouds' HTTPS and the API server.
func (r refresher) newNetworkPolicy(s component.Scope, args *PullSecretNetworkPolicyArgs) error {
	var extra networkingv1.NetworkPolicyEgressRuleArray
	if args != nil {
		if args.Disabled {
			return nil
		}
		extra = args.ExtraEgress
	}
	egress := append(outward(r.ipFamily, r.source.podIdentity), toAnywhere(r.ipFamily, apiServerPort))
	_, err := networkingv1.NewNetworkPolicy(s.Ctx, s.Child("network-policy"), &networkingv1.NetworkPolicyArgs{
		Metadata: r.meta(pulumi.String(DefaultPullServiceAccount)),
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: &metav1.LabelSelectorArgs{MatchLabels: component.Merge(r.podLabels())},
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Egress:      append(egress, extra...),
		},
	}, s.Options()...)
	return err
}
