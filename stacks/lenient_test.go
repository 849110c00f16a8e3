package stacks_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

func TestLenientPassesOverOnlyTheKeyThatDoesNotDecode(t *testing.T) {
	t.Parallel()
	c := stacks.Lenient("x", "", map[string]any{
		"eks": map[string]any{"clusterName": "a", "gatewayPolicyArns": 5},
		"ecs": map[string]any{"cpu": []any{5}, "clusterName": "b", "loadBalancer": map[string]any{"scheme": "internal", "subnets": 5}},
		"gateway": map[string]any{
			"monitoring": map[string]any{"serviceMonitor": true, "labels": 5}, "ingress": 5,
		},
	})
	require.Equal(t, "a", c.Eks.ClusterName)
	require.Equal(t, stacks.PullRefresh, c.Eks.Pull, "the default")
	require.Equal(t, "b", c.Ecs.ClusterName)
	require.Equal(t, "internal", c.Ecs.LoadBalancer.Scheme)
	require.True(t, c.Gateway.Monitoring.ServiceMonitor)
	require.Nil(t, c.Gateway.Ingress, "no object")
	require.Nil(t, c.Aks, "not there")
}

// TestLenientWithDefaults: an empty object is the default of Pulumi.yaml, which the CLI prints for every key that a stack file does not
// have.
func TestLenientWithDefaults(t *testing.T) {
	t.Parallel()
	c := stacks.Lenient("x", "", map[string]any{
		"platform": "kubernetes", "kubernetes": map[string]any{"context": "kind"}, "eks": map[string]any{}, "aks": map[string]any{},
		"gke": map[string]any{}, "ecs": map[string]any{}, "aws": map[string]any{}, "azure": map[string]any{}, "google": map[string]any{},
	})
	require.Equal(t, []bool{true, true, true, true, true, true, true},
		[]bool{c.Eks == nil, c.Aks == nil, c.Gke == nil, c.Ecs == nil, c.Aws == nil, c.Azure == nil, c.Google == nil})
	on, is := c.Cluster()
	require.True(t, is)
	require.Equal(t, "kubernetes", on.Target)
}

// TestDigitsWithoutQuotes: digits that the stack file has without quotes mean the same to the program, which gets them as JSON, and to who
// reads the file as YAML. What a number has lost is refused with the reason.
func TestDigitsWithoutQuotes(t *testing.T) {
	t.Parallel()
	const lost = "an AWS account id has 12 digits; the stack file has a number here, which loses its leading zeros: write the digits in quotes"
	for name, c := range map[string]struct {
		yaml          any // as YAML reads it
		want, refused string
	}{
		"in quotes":                          {"123456789012", "123456789012", ""},
		"in quotes, with a leading zero":     {"012345678901", "012345678901", ""},
		"without: 123456789012":              {123456789012, "123456789012", ""},
		"with an exponent: 1.23456789012e11": {1.23456789012e11, "123456789012", ""},
		"with a leading zero: 012345678901":  {12345678901.0, "12345678901", lost},
		"octal: 012345670123":                {1402433619, "1402433619", lost},
		"too short, in quotes":               {"1234", "1234", "an AWS account id has 12 digits\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, "aws-dev").set("aws.accountId", c.yaml)
			require.Equal(t, c.want, stacks.Lenient("x", "", s).Aws.AccountId)
			err := refusedWith(t, s)
			if c.refused == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, fmt.Sprintf("bifrost:aws.accountId: Invalid value: %q: %s", c.want, c.refused))
		})
	}
}
