package stacks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// warned are all warnings of a configuration that is taken.
func warned(t testing.TB, stack string, s settings) string {
	t.Helper()
	return strings.Join(s.parsed(t, stack).Warnings(), "\n")
}

// TestRetiredControllers: what is at the end of its life is said, with what follows.
func TestRetiredControllers(t *testing.T) {
	t.Parallel()
	ingress := func(controller string) settings {
		return stackFile(t, "azure-dev").set("gateway.existingNamespace", true).set("gateway.ingress", map[string]any{
			"controller": controller, "hosts": []any{"a.example.com"}, "tlsSecret": "tls", "allowedCidrs": []any{"10.0.0.0/8"},
		})
	}
	require.Contains(t, warned(t, "azure-dev", ingress("nginx")), "gateway.ingress.controller nginx: ingress-nginx was retired in March 2026")
	appRouting := warned(t, "azure-dev", ingress("appRouting"))
	require.Contains(t, appRouting, "until the end of November 2026")
	require.Contains(t, appRouting, "approuting-istio")
	require.NotContains(t, warned(t, "eks-production", example(t, "eks-production")), "gateway.ingress.controller")
}

// TestRolloutsBehindLoadBalancers: a pod waits longer before SIGTERM where a load balancer of AWS must forget it, and is ready once that
// has it; a task waits for the load balancer by itself.
func TestRolloutsBehindLoadBalancers(t *testing.T) {
	t.Parallel()
	const label = "elbv2.k8s.aws/pod-readiness-gate-inject"
	alb := func(more map[string]any) settings {
		s := example(t, "eks-production").set("gateway.preStopSeconds", nil)
		for path, v := range more {
			s.set(path, v)
		}
		return s
	}
	g := record(t, "eks-production", alb(nil))
	require.Equal(t, "enabled", g.One(t, "kubernetes:core/v1:Namespace").Input(t, "metadata.labels").(map[string]any)[label])
	container := pod(t, g)["containers"].([]any)[0].(map[string]any)
	require.Contains(t, fmt.Sprint(container["lifecycle"]), "[sleep 30]")
	require.EqualValues(t, 75, pod(t, g)["terminationGracePeriodSeconds"])

	clustered := record(t, "azure-dev", stackFile(t, "azure-dev"))
	require.NotContains(t, clustered.One(t, "kubernetes:core/v1:Namespace").Input(t, "metadata.labels"), label)
	require.EqualValues(t, 60, pod(t, clustered)["terminationGracePeriodSeconds"])

	for delay, warns := range map[int]bool{0: true, 29: true, 30: false} {
		s := example(t, "ecs-production").set("ecs.loadBalancer.deregistrationDelaySeconds", delay)
		require.Equal(t, warns, strings.Contains(warned(t, "ecs-production", s), "ecs.loadBalancer.deregistrationDelaySeconds is"), delay)
	}
}

// TestPasswordless: a token for a login is made by what is mounted, and an identity gives it; ECS can mount nothing.
func TestPasswordless(t *testing.T) {
	t.Parallel()
	helped := func() settings {
		return stackFile(t, "azure-dev").
			set("gateway.config.logs_store.config", passwordless("bifrost")).
			set("gateway.config.logs_store.config.password_command", map[string]any{"command": "cat", "args": []any{"/opt/token/current"}}).
			set("gateway.extraVolumes", []any{map[string]any{"name": "token", "emptyDir": map[string]any{}}}).
			set("gateway.extraVolumeMounts", []any{map[string]any{"name": "token", "mountPath": "/opt/token"}})
	}
	require.Contains(t, warned(t, "azure-dev", helped()), "aks.gatewayIdentity makes one")
	require.NotContains(t, warned(t, "azure-dev", helped().set("aks.gatewayIdentity", map[string]any{"name": "own"})), "password_command")

	s := example(t, "ecs-production").set("gateway.config.logs_store.config", passwordless("bifrost"))
	g := s.graph(t, "ecs-production")
	require.ErrorContains(t, g.Run(program(g)), "no file of yours can be mounted into a task of ECS")
	require.Empty(t, g.URNs())
}

// TestAksGatewayIdentity: the gateway's own identity is its ServiceAccount's alone, has the given roles, and its pods wait for them.
func TestAksGatewayIdentity(t *testing.T) {
	t.Parallel()
	const account = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/ai/providers/Microsoft.CognitiveServices/accounts/acme"
	own := func(roles ...any) settings {
		return stackFile(t, "azure-dev").set("aks.gatewayIdentity", map[string]any{"roleAssignments": roles})
	}
	role := func(role string) any { return map[string]any{"role": role, "scope": account} }
	s := own(role("Cognitive Services OpenAI User"))
	g := record(t, "azure-dev", s)
	g.RequireProviders(t)
	identity := g.Named(t, "azure-native:managedidentity:UserAssignedIdentity", "aks-gateway-identity-identity")
	require.Equal(t, "bifrost-gateway-identity", identity.Input(t, "resourceName"))
	require.False(t, identity.Request.GetProtect(), "the vendor does not know it")
	credential := g.Named(t, "azure-native:managedidentity:FederatedIdentityCredential", "aks-gateway-identity-federated-credential")
	require.Equal(t, "system:serviceaccount:bifrost:bifrost-sa", credential.Input(t, "subject"))
	assignment := g.One(t, "azure-native:authorization:RoleAssignment")
	require.Equal(t, account, assignment.Input(t, "scope"))
	require.Contains(t, assignment.Input(t, "roleDefinitionId"), "/roleDefinitions/5e0bd9bd-7b93-4f28-af87-19fc36ad61bd")
	require.True(t, g.DependsOn(assignment, identity))

	deployment := g.One(t, "kubernetes:apps/v1:Deployment")
	require.True(t, g.DependsOn(deployment, assignment))
	require.True(t, g.DependsOn(deployment, credential))
	template := deployment.Input(t, "spec.template.metadata").(map[string]any)
	require.Equal(t, "true", template["labels"].(map[string]any)["azure.workload.identity/use"])
	require.Equal(t, "westeurope/bifrost-dev/bifrost-gateway-identity", template["annotations"].(map[string]any)["bifrost/runtime-identity"])

	require.NotContains(t, warned(t, "azure-dev", s), "roleAssignments")
	for _, mighty := range []string{"Owner", "B24988AC-6180-42A0-AB88-20F7382DD24C", "User Access Administrator"} {
		require.Contains(t, warned(t, "azure-dev", own(role(mighty))), "aks.gatewayIdentity.roleAssignments: whoever takes the gateway over")
	}
}

// TestAksGatewayIdentityRefused: all problems of the identity at once, each at its key.
func TestAksGatewayIdentityRefused(t *testing.T) {
	t.Parallel()
	s := stackFile(t, "azure-dev").set("aks.gatewayIdentity", map[string]any{
		"name": "bifrost-pull-identity", "federatedCredentialName": "-",
		"roleAssignments": []any{
			map[string]any{"role": "Lord", "scope": "/subscriptions/x"},
			map[string]any{"role": "Reader", "scope": "/subscriptions/00000000-0000-4000-8000-000000000001"},
			map[string]any{"role": "acdd72a7-3385-48ef-bd42-f606fba81ae7", "scope": "/subscriptions/00000000-0000-4000-8000-000000000001"},
		},
	}).set("aks.gatewayClientId", "00000000-0000-4000-8000-000000000004").set("gateway.existingServiceAccount", true)
	g := s.graph(t, "azure-dev")
	err := g.Run(program(g))
	for _, want := range []string{
		"bifrost:aks.gatewayClientId: Forbidden", "bifrost:aks.gatewayIdentity: Forbidden", "bifrost:aks.gatewayIdentity.name: Invalid value",
		"bifrost:aks.gatewayIdentity.federatedCredentialName", "bifrost:aks.gatewayIdentity.roleAssignments[0].role: Invalid value",
		"az role definition list --name 'Lord'", "bifrost:aks.gatewayIdentity.roleAssignments[0].scope",
		"bifrost:aks.gatewayIdentity.roleAssignments[2]: Duplicate value",
	} {
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, g.URNs())
}
