package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/world"
)

// TestPolicyEnforcement: previews and ups warn of network policies that nothing enforces, say so where the cloud cannot tell, and go on
// either way; also where a look-up of the provider fails.
func TestPolicyEnforcement(t *testing.T) {
	t.Parallel()
	const warns, notes = "gateway.networkPolicy: nothing enforces network policies on ", "gateway.networkPolicy: whether "
	for name, c := range map[string]struct {
		stack, setting string
		engine         world.PolicyEngine
		want           []string
	}{
		"EKS, the add-on":       {"aws-dev", "ecs=null", "", nil},
		"EKS, its switch off":   {"aws-dev", "ecs=null", world.NoEngine, []string{warns + "EKS cluster dev: its add-on vpc-cni has not enableNetworkPolicy", "aws eks update-addon --region us-east-1 --cluster-name dev --addon-name vpc-cni"}},
		"EKS, Calico beside it": {"aws-dev", "ecs=null", world.Calico, []string{warns + "EKS cluster dev", "`bifrostctl verify` asks the cluster itself"}},
		"EKS, no add-on":        {"aws-dev", "ecs=null", world.SelfManaged, []string{notes + "EKS cluster dev enforces network policies is not known here: its add-on vpc-cni is not there or cannot be read", "couldn't find resource"}},
		"EKS Auto Mode":         {"aws-dev", "eks.auth=podIdentity", world.AutoMode, []string{notes, "EKS Auto Mode"}},
		"EKS, none wanted":      {"aws-dev", "gateway.networkPolicy.disabled=true", world.NoEngine, nil},
		"EKS, identities":       {"aws-dev", "rollout=identity", world.NoEngine, nil},
		"ECS":                   {"aws-dev", "eks=null", world.NoEngine, nil},
		"AKS, Cilium":           {"azure-dev", "rollout=full", "", nil},
		"AKS, Calico":           {"azure-dev", "rollout=full", world.Calico, nil},
		"AKS, none":             {"azure-dev", "rollout=full", world.NoEngine, []string{warns + "AKS cluster dev: its network policy engine is none", "az aks update --resource-group bifrost-dev --name dev --network-policy calico"}},
		"AKS, its own plugin":   {"azure-dev", "rollout=full", world.Cilium, []string{notes + "AKS cluster dev", "a network plugin that Azure does not know"}},
		"AKS, none wanted":      {"azure-dev", "gateway.networkPolicy.disabled=true", world.NoEngine, nil},
		"GKE, Dataplane V2":     {"google-dev", "rollout=full", "", nil},
		"GKE, Calico":           {"google-dev", "rollout=full", world.Calico, nil},
		"GKE, none":             {"google-dev", "rollout=full", world.NoEngine, []string{warns + "GKE cluster dev", "gcloud container clusters update"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack)
			edits.All(edits.EKS(func(e *world.EKSCluster) { e.NetworkPolicies = c.engine }),
				edits.AKS(func(a *world.AKSCluster) { a.NetworkPolicies = c.engine }),
				edits.GKE(func(g *world.GKECluster) { g.NetworkPolicies = c.engine }))(t, s.World)
			s.Set(c.setting)
			preview, up := s.Engine.Preview(), s.Engine.MustUp()
			require.NoError(t, preview.Err)
			for _, said := range []string{preview.Messages(), up.Messages()} {
				require.Equal(t, len(c.want) > 0, strings.Contains(said, "gateway.networkPolicy: "), said)
				for _, want := range c.want {
					require.Contains(t, said, want)
				}
			}
		})
	}
}
