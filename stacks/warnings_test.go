package stacks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBudgetOfNothingWarns: a budget that lets all pods go guards none; one of a single pod cannot guard it.
func TestBudgetOfNothingWarns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		replicas    any
		autoscaling any
		budget      map[string]any
		warns       bool
	}{
		"rounded up to both":        {2, nil, map[string]any{"maxUnavailable": "51%"}, true},
		"all":                       {3, nil, map[string]any{"maxUnavailable": "100%"}, true},
		"none must stay":            {3, nil, map[string]any{"minAvailable": "0"}, true},
		"all of the least":          {nil, map[string]any{"minReplicas": 2, "maxReplicas": 9}, map[string]any{"maxUnavailable": 2}, true},
		"half of two":               {2, nil, map[string]any{"maxUnavailable": "50%"}, false},
		"rounded up to two of five": {5, nil, map[string]any{"maxUnavailable": "21%"}, false},
		"of one":                    {1, nil, map[string]any{"maxUnavailable": "50%"}, false},
		"by default":                {3, nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, stack := range []string{"aws-dev", "azure-dev"} {
				s := stackFile(t, stack).set("gateway.replicas", c.replicas).set("gateway.autoscaling", c.autoscaling)
				if c.budget != nil {
					s.set("gateway.disruptionBudget", c.budget)
				}
				warnings := strings.Join(parsed(t, stack, s).Warnings(), "\n")
				require.Equal(t, c.warns, strings.Contains(warnings, "gateway.disruptionBudget lets all"), warnings)
			}
		})
	}
}

// TestNewRegions: a region that this program does not know may be new, or mistyped in a way that nothing tells.
func TestNewRegions(t *testing.T) {
	t.Parallel()
	s := stackFile(t, "azure-dev").set("azure.location", "finlandcentral")
	require.Contains(t, strings.Join(parsed(t, "azure-dev", s).Warnings(), "\n"), "azure.location: finlandcentral is none of the regions")
	s = stackFile(t, "aws-dev").set("aws.region", "us-east-3").set("ecs", nil).set("registry.mirror", true).set("eks", map[string]any{"clusterName": "dev"})
	require.Contains(t, strings.Join(parsed(t, "aws-dev", s).Warnings(), "\n"), "aws.region: us-east-3 is none of the regions")
	require.NotContains(t, strings.Join(parsed(t, "aws-dev", stackFile(t, "aws-dev")).Warnings(), "\n"), "none of the regions")
}

// TestCrowdedRoleWarns: of two policies that are in the role during a change of secrets, one may have half of what IAM takes.
func TestCrowdedRoleWarns(t *testing.T) {
	t.Parallel()
	for count, warns := range map[int]bool{3: false, 70: true} {
		secrets := map[string]any{"PG_PASSWORD": canary}
		for i := range count {
			secrets[fmt.Sprintf("PROVIDER_KEY_NUMBER_%03d", i)] = canary
		}
		warnings := strings.Join(parsed(t, "aws-dev", stackFile(t, "aws-dev").set("secrets.env", secrets)).Warnings(), "\n")
		require.Equal(t, warns, strings.Contains(warnings, "IAM takes 10240 characters in a role"), "%d: %s", count, warnings)
	}
}
