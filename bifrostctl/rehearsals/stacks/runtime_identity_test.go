package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
)

// TestPodsFollowTheirIdentity: pods learn as what they sign in when they are made, so that another identity makes new ones; the preview
// knows which, and nothing is replaced.
func TestPodsFollowTheirIdentity(t *testing.T) {
	t.Parallel()
	const (
		policy = "eks.gatewayPolicyArns=[arn:aws:iam::aws:policy/ReadOnlyAccess]"
		client = "aks.gatewayClientId=00000000-0000-4000-8000-0000000000"
	)
	for name, c := range map[string]struct {
		stack, deployment, identity string
		first, second               []string
	}{
		"another role by IRSA": {"aws-dev", "eks-gateway-deployment", "irsa arn:aws:iam::111122223333:role/Other",
			[]string{stacktest.OnlyEKS, policy}, []string{stacktest.OnlyEKS, policy, "eks.gatewayRoleName=Other"}},
		"another role by Pod Identity": {"aws-dev", "eks-gateway-deployment", "podIdentity arn:aws:iam::111122223333:role/Other",
			[]string{stacktest.OnlyEKS, policy, "eks.gatewayAuth=podIdentity"},
			[]string{stacktest.OnlyEKS, policy, "eks.gatewayAuth=podIdentity", "eks.gatewayRoleName=Other"}},
		"another way to sign in": {"aws-dev", "eks-gateway-deployment", "podIdentity arn:aws:iam::111122223333:role/BifrostGatewayRole",
			[]string{stacktest.OnlyEKS, policy}, []string{stacktest.OnlyEKS, policy, "eks.gatewayAuth=podIdentity"}},
		"another client id": {"azure-dev", "aks-gateway-deployment", "00000000-0000-4000-8000-0000000000c2",
			[]string{client + "c1"}, []string{client + "c2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack)
			s.Set(c.first...).Engine.MustUp()
			const rolled = `[spec.template.metadata.annotations.bifrost/runtime-identity]`
			require.Contains(t, s.Set(c.second...).Engine.Preview().Plan(), "update Deployment "+c.deployment+" "+rolled)
			made := s.Engine.MustUp().Resource(c.deployment)
			template := made.Inputs["spec"].ObjectValue()["template"].ObjectValue()["metadata"].ObjectValue()
			require.Equal(t, c.identity, template["annotations"].ObjectValue()["bifrost/runtime-identity"].StringValue())
			stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
		})
	}
}
