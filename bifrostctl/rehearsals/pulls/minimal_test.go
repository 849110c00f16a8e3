package pulls_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/world"
)

// TestNothingBeyond: what the pull roles are allowed is the four actions of a pull, on the image's repository, and nothing else. That
// each of them is needed TestPullCases shows.
func TestNothingBeyond(t *testing.T) {
	t.Parallel()
	const repository = "arn:aws:ecr:us-east-1:444455556666:repository/acme-hub"
	for _, m := range []stacktest.Way{stacktest.RefreshIRSA, stacktest.PodIdentity, stacktest.PullNode, stacktest.PullKubelet} {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			s := m.Start(t)
			s.Engine.MustUp()
			for _, policy := range edits.The(t, s.World, edits.PolicyType, "") {
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
	t.Parallel()
	s := stacktest.PodIdentity.Start(t)
	s.Engine.MustUp()
	role := edits.The(t, s.World, pulumitype.AwsRole, edits.PullRole)[0]
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
	t.Parallel()
	s := stacktest.OwnFederation.Start(t)
	s.Engine.MustUp()
	require.NoError(t, s.Engine.Destroy().Err)
	again := s.Engine.Up()
	require.Error(t, again.Err)
	require.Contains(t, again.Messages(), "gcloud iam workload-identity-pools undelete bifrost-azure --project acme-mirror --location global")
	require.Contains(t, again.Messages(), "gcp.federation.adopt")

	for _, r := range s.World.Resources { // gcloud ... undelete
		if r.Type == pulumitype.GcpPool || r.Type == pulumitype.GcpPoolProvider {
			r.Deleted, r.State["state"] = false, "ACTIVE"
		}
	}
	s.Set("gcp.federation.adopt=true", "agreed.adopted=acme-mirror/bifrost-azure/bifrost-aks")
	s.Engine.MustUp()
	stacktest.OnlySame(t, s.Engine.MustUp(), "the pool is adopted")
}
