package app

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// cloud answers the look-ups, and remembers the types of what is registered.
type cloud struct {
	mu    sync.Mutex
	types []string
}

func (c *cloud) NewResource(a pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.types = append(c.types, a.TypeToken)
	outputs := a.Inputs.Copy()
	if metadata, ok := outputs["metadata"]; ok && metadata.IsObject() {
		metadata.ObjectValue()["uid"] = resource.NewProperty("uid-of-" + a.Name)
	}
	return a.Name, outputs, nil
}

func (c *cloud) Call(a pulumi.MockCallArgs) (resource.PropertyMap, error) {
	const issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/ABC"
	answers := map[string]map[string]any{
		"aws:eks/getCluster:getCluster": {
			"name": "dev", "arn": "arn:aws:eks:us-east-1:123456789012:cluster/dev", "endpoint": "https://dev.example.com",
			"identities":             []any{map[string]any{"oidcs": []any{map[string]any{"issuer": issuer}}}},
			"certificateAuthorities": []any{map[string]any{"data": "Y2E="}},
		},
		"aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": {
			"arn": "arn:aws:iam::123456789012:oidc-provider/" + strings.TrimPrefix(issuer, "https://"),
		},
	}
	return resource.NewPropertyMapFromMap(answers[a.Token]), nil
}

// run runs the program with settings.
func run(settings map[string]string) ([]string, error) {
	c := &cloud{}
	err := pulumi.RunErr(Program, pulumi.WithMocks("any-app", "dev", c), func(info *pulumi.RunInfo) { info.Config = settings })
	return c.types, err
}

func settings() map[string]string {
	return map[string]string{
		"any-app:clusterName": "dev", "any-app:region": "us-east-1", "any-app:accountId": "123456789012",
		"any-app:image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/my-repo:1.4.2",
	}
}

func TestProgram(t *testing.T) {
	types, err := run(settings())
	require.NoError(t, err)
	for _, typ := range []string{
		"bifrost:index:EcrPullRole", "aws:iam/role:Role", "bifrost:index:PullSecret", "kubernetes:batch/v1:CronJob",
		"kubernetes:apps/v1:Deployment",
	} {
		require.True(t, slices.Contains(types, typ), "%s is not in %v", typ, types)
	}
}

// TestProgramRefuses: what is missing or of another registry is told before anything is registered.
func TestProgramRefuses(t *testing.T) {
	for key, value := range map[string]string{
		"any-app:clusterName": "", "any-app:image": "docker.io/library/nginx:1",
	} {
		changed := settings()
		changed[key] = value
		if value == "" {
			delete(changed, key)
		}
		types, err := run(changed)
		require.Error(t, err, key)
		require.Empty(t, types, key)
	}
}
