package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
)

// TestGuards: what is not the stack's own account, subscription or cluster is not touched.
func TestGuards(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stack, setting, want string }{
		{"aws-dev", "aws.accountId='999988887777'", "aws.accountId: the credentials are of account 111122223333, and this stack is for account 999988887777"},
		{"examples/ecs-minimal", "aws.accountId='999988887777'", "aws.accountId: the credentials are of account 111122223333, and this stack is for account 999988887777"},
		{"aws-dev", "aws.assumeRoleArn=arn:aws:iam::111122223334:role/deploy", "another account than aws.accountId"},
		{"aws-dev", "eks.clusterName=nope", "aws eks list-clusters"},
		{"aws-dev", "ecs.clusterName=nope", "aws ecs create-cluster"},
		{"azure-dev", "aks.clusterName=nope", "az aks list"},
		{"azure-dev", "azure.tenantId=00000000-0000-4000-8000-00000000000f", "azure.tenantId: the login does not reach subscription"},
		{"azure-dev", "azure.subscriptionId=00000000-0000-4000-8000-00000000000f", "azure.subscriptionId: the login does not reach subscription"},
		{"google-dev", "gke.clusterName=nope", "gcloud container clusters list --project acme-dev"},
		{"google-dev", "gke.location=europe-west4", "gcloud container clusters list --project acme-dev"},
		{"google-dev", "google.projectId=nobodys-project", "google.projectId: there is no project nobodys-project, or it cannot be read"},
	} {
		t.Run(c.setting, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack)
			before := len(s.World.Resources)
			s.Set(c.setting)
			failed := s.Engine.Up()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), c.want)
			require.Len(t, s.World.Resources, before, "something was made")
		})
	}
}

// TestUnfitClusters: the stack stops at a cluster that cannot serve it, with the command that mends it.
func TestUnfitClusters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack string
		spoil func(*cloud.World)
		want  string
	}{
		"old EKS":               {"aws-dev", func(w *cloud.World) { w.AWS["111122223333"].EKS[0].Version = "1.22" }, "aws eks update-cluster-version"},
		"old AKS":               {"azure-dev", func(w *cloud.World) { aks(w).Version = "1.23.0" }, "az aks upgrade"},
		"issuer off":            {"azure-dev", func(w *cloud.World) { aks(w).OIDCIssuer = false }, "--enable-oidc-issuer"},
		"workload identity off": {"azure-dev", func(w *cloud.World) { aks(w).WorkloadIdentity = false }, "--enable-workload-identity"},
		"old GKE":               {"google-dev", func(w *cloud.World) { gke(w).Version = "1.23.9-gke.1" }, "gcloud container clusters upgrade"},
		"workload pool off":     {"google-dev", func(w *cloud.World) { gke(w).WorkloadIdentity = false }, "--workload-pool=acme-dev.svc.id.goog"},
		"no metadata server":    {"google-dev", func(w *cloud.World) { gke(w).NodePools[0].Exposed = true }, "--workload-metadata=GKE_METADATA"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack)
			c.spoil(s.World)
			before := len(s.World.Resources)
			failed := s.Engine.Up()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), c.want)
			require.Len(t, s.World.Resources, before, "something was made")
		})
	}
}

func aks(w *cloud.World) *cloud.AKSCluster {
	return &w.Azure["00000000-0000-4000-8000-000000000001"].AKS[0]
}

func gke(w *cloud.World) *cloud.GKECluster { return &w.GCP["acme-dev"].GKE[0] }

// TestProtected: what the vendor allowlisted outlives a destroy.
func TestProtected(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	s.Set("protectIdentities=true")
	allowlisted := s.Engine.MustUp().Outputs["vendorHandoff"]
	refused := s.Engine.Destroy()
	require.Error(t, refused.Err)
	require.Contains(t, refused.Messages(), "protected")
	require.NotNil(t, refused.Resource("aks-identity"))
	require.Equal(t, allowlisted, s.Engine.MustUp().Outputs["vendorHandoff"], "the identity is another one")

	s.Set("protectIdentities=false")
	s.Engine.MustUp()
	require.NoError(t, s.Engine.Destroy().Err)
}

// TestOidcProviderOfTheAccount: made where the stack says so, looked up otherwise, and missed with the command.
func TestOidcProviderOfTheAccount(t *testing.T) {
	t.Parallel()
	without := stacktest.New(t, "aws-dev")
	edits.Removed(pulumitype.AwsOidcProvider, "")(t, without.World)
	failed := without.Engine.Up()
	require.Contains(t, failed.Messages(), "pulumi config set --path 'bifrost:eks.oidcProvider' create")

	without.Set("eks.oidcProvider=create")
	made := without.Engine.MustUp()
	require.NotNil(t, made.Resource("eks-oidc-provider"))
	stacktest.OnlySame(t, without.Engine.MustUp(), "nothing changed")
}

// TestReplacedUnderItsName: what must be made anew under the same name goes first, as the real providers do.
func TestReplacedUnderItsName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stack, setting, replaced string }{
		{"aws-dev", "aws.iamPath=/bifrost/", "eks-ecr-role"},
		{"azure-dev", "aks.federatedCredentialName=another", "aks-federated-credential"},
	} {
		t.Run(c.setting, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack)
			s.Engine.MustUp()
			s.Set(c.setting)
			edits.AlsoAllowlisted("arn:aws:iam::111122223333:role/bifrost/"+edits.PullRole, "arn:aws:iam::111122223333:role/bifrost/"+edits.ExecutionRole)(t, s.World)
			s.Set(append(stacktest.Agreements(s.Engine.Preview().Messages()), c.setting)...)
			var ops []string
			for _, step := range s.Engine.MustUp().Steps {
				if step.Name == c.replaced {
					ops = append(ops, step.Op)
				}
			}
			require.Equal(t, []string{"delete-replaced", "replace", "create-replacement"}, ops)
			stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
		})
	}
}
