package rules_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
)

// TestAwsDocuments: no policy that a stack writes gives every action, or every action of a service (IAM.1, IAM.21).
func TestAwsDocuments(t *testing.T) {
	documents := 0
	for _, m := range everything(t) {
		for _, r := range m.resources {
			if r.Type != pulumitype.AwsPolicy && r.Type != pulumitype.AwsRolePolicy {
				continue
			}
			documents++
			var document struct {
				Statement []struct {
					Effect string
					Action any
				}
			}
			policy, _ := r.Inputs["policy"].(string)
			require.NoError(t, json.Unmarshal([]byte(policy), &document), r.ID)
			require.NotEmpty(t, document.Statement, r.ID)
			for _, s := range document.Statement {
				if s.Effect == "Allow" {
					require.NotContains(t, text(t, s.Action), "*", "%s: %s", m.stack, r.ID)
				}
			}
		}
	}
	require.Greater(t, documents, 5)
}

// TestAwsTasks: tasks have no public address, share nothing of a host, are not privileged, keep secrets out of their variables, and log
// (ECS.2, 3, 4, 5, 8, 9, 16).
func TestAwsTasks(t *testing.T) {
	tasks, services := 0, 0
	for _, m := range everything(t) {
		for _, r := range m.resources {
			switch r.Type {
			case pulumitype.AwsEcsService:
				services++
				network, _ := r.Inputs["networkConfiguration"].(map[string]any)
				require.NotEqual(t, true, network["assignPublicIp"], "%s: %s", m.stack, r.ID)
			case pulumitype.AwsTaskDefinition:
				tasks++
				require.Equal(t, "awsvpc", r.Inputs["networkMode"], r.ID)
				require.Nil(t, r.Inputs["pidMode"], r.ID)
				var containers []struct {
					Name                   string
					Privileged             bool
					ReadonlyRootFilesystem bool
					LogConfiguration       map[string]any
					Environment            []struct{ Name, Value string }
				}
				definitions, _ := r.Inputs["containerDefinitions"].(string)
				require.NoError(t, json.Unmarshal([]byte(definitions), &containers), r.ID)
				for _, c := range containers {
					require.False(t, c.Privileged, "%s: %s", r.ID, c.Name)
					require.True(t, c.ReadonlyRootFilesystem, "%s: %s: %s", m.stack, r.ID, c.Name)
					require.NotEmpty(t, c.LogConfiguration, "%s: %s", r.ID, c.Name)
					for _, v := range c.Environment {
						require.False(t, strings.Contains(v.Value, "sandbox-fake-"), "%s: %s holds a secret", r.ID, v.Name)
					}
				}
			}
		}
	}
	require.Greater(t, tasks, 3)
	require.Greater(t, services, 3)
}

// TestAwsBalancers: a load balancer drops invalid headers, is kept from deletion, and its listeners speak TLS or redirect to it (ELB.1, 4,
// 6).
func TestAwsBalancers(t *testing.T) {
	balancers := 0
	for _, m := range everything(t) {
		for _, r := range m.resources {
			switch r.Type {
			case pulumitype.AwsLoadBalancer:
				balancers++
				require.Equal(t, true, r.Inputs["dropInvalidHeaderFields"], "%s: %s", m.stack, r.ID)
				require.NotEqual(t, false, r.Inputs["enableDeletionProtection"], "%s: %s", m.stack, r.ID)
			case pulumitype.AwsListener:
				if r.Inputs["protocol"] == "HTTP" {
					require.Contains(t, text(t, r.Inputs["defaultActions"]), `"redirect"`, "%s: %s", m.stack, r.ID)
				}
			}
		}
	}
	require.NotZero(t, balancers)
}
