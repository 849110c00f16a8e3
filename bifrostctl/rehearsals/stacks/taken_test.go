package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
)

// strangers lets all that is tagged be of another stack.
func strangers(w *cloud.World) {
	for _, r := range w.Resources {
		for _, key := range []string{"tags", "tagsAll"} {
			if tags, ok := r.State[key].(map[string]any); ok && tags["pulumi-stack"] != nil {
				tags["pulumi-stack"] = "another"
			}
		}
	}
}

// TestNamesOfOthers: all that another stack has under names of this one is refused by the preview at once, before anything is made, with
// the keys and the way out.
func TestNamesOfOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack    string
		settings []string
		taken    []string
	}{
		"EKS": {"aws-dev", []string{stacktest.OnlyEKS, "eks.gatewayPolicyArns=[arn:aws:iam::aws:policy/ReadOnlyAccess]"}, []string{
			"eks.roleName: the role BifrostECRPullRole", "eks.policyName: the policy BifrostECRPullPolicy",
			"eks.gatewayRoleName: the role BifrostGatewayRole",
		}},
		"EKS, node": {"aws-dev", stacktest.PullNode.Settings, []string{"eks.policyName: the policy BifrostECRPullPolicy"}},
		"ECS": {"aws-dev", []string{stacktest.OnlyECS, stacktest.WithBroker, "aws.iamPath=/platform/"}, []string{
			"ecs.roleName: the role BifrostECSExecutionRole", "ecs.policyName: the policy BifrostECSPullPolicy",
			"ecs.taskRoleName: the role BifrostECSTaskRole", "ecs.logGroup: the log group /ecs/bifrost",
			"ecs.name: the service dev/bifrost exists", "ecs.name: the service dev/bifrost-broker exists",
			"ecs.secretPrefix: the secret bifrost/config.json", "ecs.secretPrefix: the secret bifrost/BIFROST_ENCRYPTION_KEY",
			"ecs.clustering.namespace: the private DNS zone test.bifrost.internal",
		}},
		"AKS": {"azure-dev", []string{"aks.gatewayIdentity={}"}, []string{
			"aks.identityName: the managed identity bifrost-dev/bifrost-pull-identity",
			"aks.gatewayIdentity.name: the managed identity bifrost-dev/bifrost-gateway-identity",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			way := stacktest.Way{Stack: c.stack, InFile: c.settings}
			first := way.Start(t)
			first.Engine.MustUp()
			strangers(first.World)
			before := len(first.World.Resources)
			refused := way.StartIn(t, first.World).Engine.Preview()
			require.Error(t, refused.Err)
			for _, taken := range c.taken {
				require.Contains(t, refused.Messages(), taken)
			}
			require.Contains(t, refused.Messages(), "it is of stack another")
			require.Contains(t, refused.Messages(), "bifrost:namePrefix")
			require.Len(t, first.World.Resources, before)
		})
	}
}

// TestServiceAccountsOfOthers: a service account of Google that says by its display name that it is somebody else's is refused as others'.
func TestServiceAccountsOfOthers(t *testing.T) {
	t.Parallel()
	way := stacktest.Way{Stack: "google-dev", InFile: []string{"gke.gatewayServiceAccount={}"}}
	first := way.Start(t)
	first.Engine.MustUp()
	for _, r := range edits.The(t, first.World, pulumitype.GcpServiceAccount, "serviceAccounts/bifrost-") {
		r.State["displayName"] = "Theirs"
	}
	before := len(first.World.Resources)
	refused := way.StartIn(t, first.World).Engine.Preview()
	require.Error(t, refused.Err)
	for _, taken := range []string{
		"gke.serviceAccountId: the service account acme-dev/bifrost-pull-sa", "gke.gatewayServiceAccount.id: the service account acme-dev/bifrost-gateway-sa",
	} {
		require.Contains(t, refused.Messages(), taken)
	}
	require.Len(t, first.World.Resources, before)
}

// TestNamesOfOthersLater: what a stack makes in a later rollout is looked up then, and a zone of another VPC is nobody's concern.
func TestNamesOfOthersLater(t *testing.T) {
	t.Parallel()
	first := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	first.Engine.MustUp()
	strangers(first.World)
	edits.The(t, first.World, pulumitype.AwsPrivateDnsNamespace, "")[0].State["vpc"] = "vpc-0another"
	own := []string{stacktest.OnlyECS, "ecs.roleName=Own", "ecs.policyName=Own"}
	second := stacktest.Way{Stack: "aws-dev"}.StartIn(t, first.World).Set(append([]string{"rollout=identity"}, own...)...)
	second.Engine.MustUp()
	refused := second.Set(own...).Engine.Preview()
	require.Error(t, refused.Err)
	for _, taken := range []string{"ecs.taskRoleName: the role ", "ecs.logGroup: the log group ", "ecs.name: the service ", "ecs.secretPrefix: the secret "} {
		require.Contains(t, refused.Messages(), taken)
	}
	require.NotContains(t, refused.Messages(), "ecs.roleName: the role")
	require.NotContains(t, refused.Messages(), "private DNS zone")
}

// TestNamesOfOthersUnseen: a look-up that is not allowed is told, once a key, and stops nothing.
func TestNamesOfOthersUnseen(t *testing.T) {
	t.Parallel()
	for stack, unseen := range map[string]map[string]string{
		"aws-dev": {
			pulumitype.AwsGetRole:   "ecs.roleName: it could not be looked up whether somebody else has the role BifrostECSExecutionRole",
			pulumitype.AwsGetSecret: "ecs.secretPrefix: it could not be looked up whether somebody else has the secret bifrost/BIFROST_ADMIN_PASSWORD, the secret",
		},
		"azure-dev": {
			pulumitype.AzureGetManagedIdentity: "aks.identityName: it could not be looked up whether somebody else has the managed identity",
		},
		"google-dev": {
			pulumitype.GcpGetServiceAccount: "gke.serviceAccountId: it could not be looked up whether somebody else has the service account",
		},
	} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, stack)
			if stack == "aws-dev" {
				s.Set(stacktest.OnlyECS)
			}
			for token := range unseen {
				s.Engine.Fault("type=" + token + ",op=invoke,error=denied,times=1000")
			}
			preview := s.Engine.Preview()
			require.NoError(t, preview.Err, preview.Messages())
			for _, told := range unseen {
				require.Equal(t, 1, strings.Count(preview.Messages(), told), "%s\n%s", told, preview.Messages())
			}
		})
	}
}

// TestNamesInTwoClusters: services of one name in two clusters of ECS have alarms of their own.
func TestNamesInTwoClusters(t *testing.T) {
	t.Parallel()
	settings := []string{stacktest.OnlyECS, "ecs.alarms={topicArn: arn:aws:sns:us-east-1:111122223333:bifrost-alarms}"}
	first := stacktest.New(t, "aws-dev").Set(settings...)
	first.Engine.MustUp()
	account := first.World.AWS["111122223333"]
	clusters := account.ECS
	second := stacktest.Way{Stack: "aws-dev", InFile: append(settings, "ecs.clusterName=other", "namePrefix=b-", "ecs.name=bifrost",
		"ecs.clustering.namespace=b.internal")}.StartIn(t, first.World)
	account.ECS = append(clusters, account.ECS...)
	second.Engine.MustUp()
	require.Empty(t, first.World.Warnings)
	stacktest.OnlySame(t, first.Engine.MustUp(), "its alarms are its own")
	gone := second.Engine.Destroy()
	require.NoError(t, gone.Err, gone.Diagnostics)
	stacktest.OnlySame(t, first.Engine.MustUp(), "its alarms stand")
}

// TestObjectsOfOthers: what another stack has in a cluster of Kubernetes is not touched, and the failure says how to go on. The provider's
// preview passes over it.
func TestObjectsOfOthers(t *testing.T) {
	t.Parallel()
	first := stacktest.New(t, "aws-dev").Set(stacktest.OnlyEKS)
	first.Engine.MustUp()
	own := []string{stacktest.OnlyEKS, "eks.roleName=Own", "eks.policyName=Own"}
	second := stacktest.Way{Stack: "aws-dev"}.StartIn(t, first.World).Set(own...)
	refused := second.Engine.UpAtOnce()
	require.Error(t, refused.Err)
	for _, want := range []string{`namespaces "bifrost" already exists`, "gateway.namespace", "gateway.existingNamespace", "namePrefix", "pulumi import"} {
		require.Contains(t, refused.Messages(), want)
	}
	refused = second.Set(append(own, "gateway.existingNamespace=true")...).Engine.UpAtOnce()
	require.Error(t, refused.Err)
	require.Contains(t, refused.Messages(), "already exists: another stack or somebody else made it")
	require.Contains(t, refused.Messages(), " bifrost/")
	stacktest.OnlySame(t, first.Engine.MustUp(), "nothing of it was touched")
}

// TestNamePrefix: two stacks live in one account and in one cluster of each kind.
func TestNamePrefix(t *testing.T) {
	t.Parallel()
	for _, stack := range stacktest.DevStacks {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			first := stacktest.New(t, stack)
			first.Engine.MustUp()
			settings := []string{"namePrefix=team-b-"}
			if stack == "aws-dev" {
				settings = append(settings, "ecs.clustering.namespace=team-b.internal")
			}
			second := stacktest.Way{Stack: stack, InFile: settings}.StartIn(t, first.World)
			second.Engine.MustUp()
			stacktest.OnlySame(t, second.Engine.MustUp(), "nothing changed since")
			stacktest.OnlySame(t, first.Engine.MustUp(), "it is not touched")
			gone := second.Engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			stacktest.OnlySame(t, first.Engine.MustUp(), "it is not touched by the other's end")
		})
	}
}
