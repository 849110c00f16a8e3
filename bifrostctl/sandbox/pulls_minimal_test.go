package sandbox

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/world"
)

// TestNothingBeyond: what the pull roles are allowed is the four actions of a pull, on the image's repository, and nothing else. That
// each of them is needed TestPullCases shows.
func TestNothingBeyond(t *testing.T) {
	const repository = "arn:aws:ecr:us-east-1:444455556666:repository/acme-hub"
	for _, m := range []pullMode{refreshIRSA, refreshPodIdentity, pullNode, pullKubelet} {
		t.Run(m.name, func(t *testing.T) {
			s := m.start(t)
			s.engine.MustUp()
			for _, policy := range edits.The(t, s.world, policyType, "") {
				document := policy.State["policy"].(string)
				may := func(action, resource string) bool {
					d, err := iam.Evaluate(document, iam.Request{Action: action, Resource: resource})
					require.NoError(t, err)
					return d.Allowed
				}
				require.True(t, may(getToken, "*"))
				for _, action := range world.PullActions {
					require.True(t, may(action, repository))
					require.False(t, may(action, repository+"-other"), "another repository")
					require.False(t, may(action, strings.Replace(repository, "444455556666", "999988887777", 1)), "another account")
				}
				for _, action := range []string{"ecr:PutImage", "ecr:DescribeImages", "ecr:ListImages", "ecr:DeleteRepository", "sts:AssumeRole", "s3:GetObject", "secretsmanager:GetSecretValue"} {
					require.False(t, may(action, repository), action)
				}
			}
		})
	}
}

// TestTrustNarrow: nobody but the one ServiceAccount of the one cluster can take the role.
func TestTrustNarrow(t *testing.T) {
	s := refreshPodIdentity.start(t)
	s.engine.MustUp()
	role := edits.The(t, s.world, world.RoleType, pullRole)[0]
	context := map[string]string{
		"aws:RequestTag/eks-cluster-arn": "arn:aws:eks:us-east-1:111122223333:cluster/dev", "aws:SourceAccount": "111122223333",
		"aws:RequestTag/kubernetes-namespace": "bifrost", "aws:RequestTag/kubernetes-service-account": "bifrost-pull",
	}
	ask := func() iam.Decision {
		d, err := iam.Evaluate(role.State[trustOf].(string), iam.Request{Service: "pods.eks.amazonaws.com", Action: "sts:AssumeRole", Context: context})
		require.NoError(t, err)
		return d
	}
	require.True(t, ask().Allowed)
	for key, value := range context {
		if key == "aws:SourceAccount" {
			continue // the cluster's ARN names the account
		}
		context[key] = "other"
		require.False(t, ask().Allowed, key)
		context[key] = value
	}
}

// TestDeletedPool: Google keeps the id of a deleted pool for 30 days; the next up says how to bring it back, and adopts it then.
func TestDeletedPool(t *testing.T) {
	s := ownFederation.start(t)
	s.engine.MustUp()
	require.NoError(t, s.engine.Destroy().Err)
	again := s.engine.Up()
	require.Error(t, again.Err)
	require.Contains(t, again.Messages(), "gcloud iam workload-identity-pools undelete bifrost-azure --project acme-mirror --location global")
	require.Contains(t, again.Messages(), "gcp.federation.adopt")

	for _, r := range s.world.Resources { // gcloud ... undelete
		if r.Type == world.PoolType || r.Type == world.PoolProviderType {
			r.Deleted, r.State["state"] = false, "ACTIVE"
		}
	}
	s.set(append([]string{"gcp.federation.adopt=true"}, ownFederation.settings...)...)
	s.engine.MustUp()
	onlySame(t, s.engine.MustUp(), "the pool is adopted")
}
