package stacks_test

import (
	"strings"
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
		{"aws-dev", "aws.iamPath=/team/", "aws.iamPath: the roles and policies below / go before those below /team/ come: nobody can pull meanwhile", []string{stacktest.OnlyEKS}},
		{"aws-dev", "eks.roleName=Other", "eks.roleName: the role BifrostECRPullRole goes before Other comes: nobody can pull meanwhile", []string{stacktest.OnlyEKS}},
		{"aws-dev", "eks.policyName=Other", "eks.policyName: the policy BifrostECRPullPolicy goes before Other comes", []string{stacktest.OnlyEKS}},
		{"aws-dev", "eks.gatewayRoleName=Other", "eks.gatewayRoleName: the role BifrostGatewayRole, as which the running pods sign in, goes before Other comes", []string{stacktest.OnlyEKS, "eks.gatewayPolicyArns=[arn:aws:iam::111122223333:policy/models]"}},
		{"aws-dev", "gateway.namespace=other", "gateway.namespace: the namespace bifrost is deleted once other has the gateway", []string{stacktest.OnlyEKS}},
		{"azure-dev", "aks.identityName=other", "aks.identityName bifrost-pull-identity becomes other: Azure cannot move a managed identity", nil},
		{"azure-dev", "aks.federatedCredentialName=other", "aks.federatedCredentialName: the federated credential bifrost-federated-credential goes before other comes", nil},
	} {
		t.Run(c.setting, func(t *testing.T) {
			t.Parallel()
			s := stacktest.Way{Stack: c.stack, InFile: c.settings}.Start(t)
			made := s.Engine.MustUp()
			require.NotContains(t, made.Messages(), c.want)
			require.NotContains(t, s.Engine.MustUp().Messages(), c.want)
			said := s.Set(c.setting).Engine.Preview().Messages()
			require.Contains(t, said, c.want)
			key, _, _ := strings.Cut(c.setting, "=")
			require.Equal(t, 1, strings.Count(said, "\n"+key+": ")+strings.Count(said, " "+key+": ")+strings.Count(said, key+" bifrost-pull-identity becomes"), "it is said once: %s", said)
		})
	}
}
