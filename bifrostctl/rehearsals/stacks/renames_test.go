package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
)

// TestRenamesAreTold: a preview says what another name takes away on Kubernetes, before anything goes, and says nothing of a name that
// stays.
func TestRenamesAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stack, setting, want string
		settings             []string
	}{
		{"aws-dev", "aws.iamPath=/team/", "aws.iamPath: the roles and policies below / go before those below /team/ come, and the vendor must allowlist the new roles", []string{stacktest.OnlyEKS}},
		{"aws-dev", "eks.roleName=Other", "eks.roleName: the role BifrostECRPullRole goes before Other comes, and the vendor must allowlist Other", []string{stacktest.OnlyEKS}},
		{"aws-dev", "eks.policyName=Other", "eks.policyName: the policy BifrostECRPullPolicy goes before Other comes", []string{stacktest.OnlyEKS}},
		{"aws-dev", "eks.gatewayRoleName=Other", "eks.gatewayRoleName: the role BifrostGatewayRole, as which the running pods sign in, goes before Other comes", []string{stacktest.OnlyEKS, "eks.gatewayPolicyArns=[arn:aws:iam::111122223333:policy/models]"}},
		{"aws-dev", "gateway.namespace=other", "gateway.namespace: the namespace bifrost is deleted once other has the gateway", []string{stacktest.OnlyEKS}},
		{"azure-dev", "aks.identityName=other", "aks.identityName: the managed identity bifrost-pull-identity goes before other comes", nil},
		{"azure-dev", "aks.federatedCredentialName=other", "aks.federatedCredentialName: the federated credential bifrost-federated-credential goes before other comes", nil},
	} {
		t.Run(c.setting, func(t *testing.T) {
			t.Parallel()
			s := stacktest.Way{Stack: c.stack, InFile: c.settings}.Start(t)
			made := s.Engine.MustUp()
			require.NotContains(t, made.Messages(), c.want)
			require.NotContains(t, s.Engine.MustUp().Messages(), c.want)
			require.Contains(t, s.Set(c.setting).Engine.Preview().Messages(), c.want)
		})
	}
}
