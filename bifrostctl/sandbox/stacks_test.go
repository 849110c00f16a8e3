package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

// The tests of this file take the project's stacks through their lives on the real engine, in process.

// stackUnderTest is a stack of the project with its engine and its clouds.
type stackUnderTest struct {
	t      testing.TB
	file   map[string]any
	world  *cloud.World
	engine *enginetest.Engine
	keys   []string
}

// newStack is a stack in clouds in which everything that its file names exists.
func newStack(t testing.TB, name string) *stackUnderTest {
	t.Helper()
	p, err := loadProject("../..", name)
	require.NoError(t, err)
	w := cloud.NewWorld()
	seed(w, p.values, p.values)
	return newStackIn(t, name, w)
}

func newStackIn(t testing.TB, name string, w *cloud.World) *stackUnderTest {
	t.Helper()
	p, err := loadProject("../..", name)
	require.NoError(t, err)
	s := &stackUnderTest{t: t, file: p.values, world: w}
	s.engine = enginetest.New(t, s.world, func(ctx *pulumi.Context) error {
		return stacks.Deploy(ctx, stacks.Options{Dir: "../..", Readme: "readme", Keys: s.keys})
	}, nil)
	s.set()
	return s
}

// set puts the stack file's configuration, with an overlay and with secrets that hold the canary, in force. The vendor learns which trust is chosen.
func (s *stackUnderTest) set(settings ...string) *stackUnderTest {
	s.t.Helper()
	values, err := overlay(s.file, settings)
	require.NoError(s.t, err)
	server := seed(s.world, s.file, values)
	secrets := map[string]any{"env": map[string]any{}}
	if own, ok := values[secretsKey].(map[string]any); ok {
		maps.Copy(secrets, own)
	}
	for _, path := range stacks.Lenient("", "../..", values).MissingSecrets() {
		if variable, ok := strings.CutPrefix(path, "env."); ok {
			secrets["env"].(map[string]any)[variable] = canary + "-" + variable
			continue
		}
		secrets[path] = canary + "-" + path
	}
	for _, name := range missingKubeconfig(values) {
		secrets[name] = fakeSecret(s.world, values, server)(secretsKey + "." + name)
	}
	for _, key := range s.keys {
		s.engine.Unset(key)
	}
	s.keys = nil
	for key, value := range values {
		text, isText := value.(string)
		if !isText {
			b, err := json.Marshal(value)
			require.NoError(s.t, err)
			text = string(b)
		}
		s.keys = append(s.keys, projectName+":"+key)
		s.engine.Set(projectName+":"+key, text)
	}
	b, err := json.Marshal(secrets)
	require.NoError(s.t, err)
	s.keys = append(s.keys, projectName+":secrets")
	s.engine.SetSecret(projectName+":secrets", string(b))
	return s
}

var devStacks = []string{"aws-dev", "azure-dev"}

func onlySame(t *testing.T, r *enginetest.Result, because string) {
	t.Helper()
	require.NoError(t, r.Err, r.Diagnostics)
	require.Empty(t, r.Plan(), because)
	require.Len(t, r.Changes, 1)
}

// noLeaks: no secret is in the clear in the stack's state.
func noLeaks(t *testing.T, made *enginetest.Result) {
	t.Helper()
	for _, r := range made.Snapshot.Resources {
		require.Empty(t, graphtest.Leaks(r.Inputs, canary), "inputs of %s", r.URN)
		require.Empty(t, graphtest.Leaks(r.Outputs, canary), "outputs of %s", r.URN)
	}
}

func TestStackLifecycle(t *testing.T) {
	for _, name := range devStacks {
		t.Run(name, func(t *testing.T) {
			s := newStack(t, name)
			before := len(s.world.Resources)

			made := s.engine.MustUp()
			require.Equal(t, []string{"create"}, slices.Collect(mapKeys(made.Changes)))
			require.NotEmpty(t, made.Outputs["vendorHandoff"].ArrayValue())
			onlySame(t, s.engine.Preview(), "nothing changed since")
			onlySame(t, s.engine.MustUp(), "nothing changed since")

			// The first-run Job wrote a token into the pull Secret. A refresh reads it; the next up must keep it.
			token := s.pullSecretData()
			require.NotContains(t, token, `eyJhdXRocyI6e319`, "the placeholder is still there")
			require.NoError(t, s.engine.Refresh().Err)
			onlySame(t, s.engine.MustUp(), "a refreshed token is no change")
			require.Equal(t, token, s.pullSecretData(), "up reverted the token")

			noLeaks(t, made)

			gone := s.engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			require.Empty(t, gone.Snapshot.Resources)
			require.Len(t, s.world.Resources, before, "something is left in the clouds")
		})
	}
}

func mapKeys(m map[string]int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// pullSecretData is the pull Secret as it is in the cluster.
func (s *stackUnderTest) pullSecretData() string {
	s.t.Helper()
	for _, r := range s.world.Resources {
		if r.Type == "kubernetes:core/v1:Secret" && r.State["type"] == "kubernetes.io/dockerconfigjson" {
			b, err := json.Marshal(r.State["data"])
			require.NoError(s.t, err)
			return string(b)
		}
	}
	require.Fail(s.t, "there is no pull Secret")
	return ""
}

// TestOneSetting: one changed setting is exactly that difference.
func TestOneSetting(t *testing.T) {
	for _, c := range []struct {
		stack, setting string
		plan           []string
	}{
		{"aws-dev", "gateway.replicas=5", []string{
			"update Deployment eks-gateway-deployment [spec.replicas]",
			"update Service ecs-service [desiredCount]",
		}},
		{"azure-dev", "gateway.replicas=5", []string{"update Deployment aks-gateway-deployment [spec.replicas]"}},
		{"aws-dev", "ecs.desiredCount=3", []string{"update Service ecs-service [desiredCount]"}},
		{"aws-dev", "refresher.schedule=0 */4 * * *", []string{"update CronJob eks-pull-cron-job [spec.schedule]"}},
		{"azure-dev", "refresher.schedule=*/15 * * * *", []string{"update CronJob aks-pull-cron-job [spec.schedule]"}},
		{"aws-dev", "ecs.logRetentionDays=90", []string{"update LogGroup ecs-logs [retentionInDays]"}},
		{"aws-dev", "registry.additionalRepositoryArns=[arn:aws:ecr:us-east-1:444455556666:repository/more]", []string{
			"update Policy eks-ecr-policy [policy]",
			"update Policy ecs-execution-policy [policy]",
		}},
		{"aws-dev", "registry.image=444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1", []string{
			"update Deployment eks-gateway-deployment [spec.template.spec.containers[0].image]",
			"create-replacement TaskDefinition ecs-task-definition [containerDefinitions]",
			"replace TaskDefinition ecs-task-definition [containerDefinitions]",
			"update Service ecs-service [taskDefinition]",
			"delete-replaced TaskDefinition ecs-task-definition",
		}},
		{"azure-dev", "registry.image=europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.1.1", []string{
			"update Deployment aks-gateway-deployment [spec.template.spec.containers[0].image]",
		}},
		{"aws-dev", "labels.team=x", []string{
			"update Namespace eks-namespace [metadata.labels.team]",
			"update ServiceAccount eks-pull-service-account [metadata.labels.team]",
			"update ServiceAccount eks-gateway-service-account [metadata.labels.team]",
			"update Secret eks-pull-secret [metadata.labels.team]",
			"update Secret eks-gateway-config [metadata.labels.team]",
			"update Secret eks-gateway-env [metadata.labels.team]",
			"update Secret eks-gateway-encryption-key [metadata.labels.team]",
			"update NetworkPolicy eks-pull-network-policy [metadata.labels.team]",
			"update NetworkPolicy eks-gateway-network-policy [metadata.labels.team]",
			"update PodDisruptionBudget eks-gateway-disruption-budget [metadata.labels.team]",
			"update Role eks-pull-role [metadata.labels.team]",
			"update RoleBinding eks-pull-role-binding [metadata.labels.team]",
			"update CronJob eks-pull-cron-job [metadata.labels.team spec.jobTemplate.metadata.labels.team spec.jobTemplate.spec.template.metadata.labels.team]",
			"update Job eks-pull-first-run [metadata.labels.team]",
			"update Deployment eks-gateway-deployment [metadata.labels.team spec.template.metadata.labels.team]",
			"update Service eks-gateway-service [metadata.labels.team]",
			"update Role eks-gateway-discovery [metadata.labels.team]",
			"update RoleBinding eks-gateway-discovery-binding [metadata.labels.team]",
			"update Service eks-gateway-peers [metadata.labels.team]",
		}},
		{"azure-dev", "gateway.config.client.enforce_auth_on_inference=false", []string{
			"update Secret aks-gateway-config [data[\"config.json\"]]",
			"update Deployment aks-gateway-deployment [spec.template.metadata.annotations[\"checksum/config\"]]",
		}},
	} {
		t.Run(c.stack+"/"+c.setting, func(t *testing.T) {
			s := newStack(t, c.stack)
			s.engine.MustUp()
			s.set(c.setting)
			require.ElementsMatch(t, c.plan, s.engine.Preview().Plan())
			require.ElementsMatch(t, c.plan, s.engine.MustUp().Plan())
			onlySame(t, s.engine.MustUp(), "the change was made")
		})
	}
}

// TestChangedConfigOnECS: a changed config.json is a new version of its secret, a new revision, and a deployment of it.
func TestChangedConfigOnECS(t *testing.T) {
	s := newStack(t, "aws-dev")
	s.set("eks=null")
	s.engine.MustUp()
	s.set("eks=null", "gateway.config.client.enforce_auth_on_inference=false")
	up := s.engine.MustUp()
	var changed []string
	for _, step := range up.Steps {
		changed = append(changed, step.Op+" "+step.Name)
	}
	require.ElementsMatch(t, []string{
		"create-replacement ecs-config-version", "replace ecs-config-version", "delete-replaced ecs-config-version",
		"create-replacement ecs-task-definition", "replace ecs-task-definition", "delete-replaced ecs-task-definition",
		"update ecs-service",
	}, changed)
	require.Contains(t, up.Outputs["ecs"].ObjectValue()["taskDefinition"].StringValue(), "task-definition/bifrost:2")
	onlySame(t, s.engine.MustUp(), "the change was made")
}

// TestIdentityThenFull: the second rollout adds to the first and touches nothing of it.
func TestIdentityThenFull(t *testing.T) {
	for _, name := range devStacks {
		t.Run(name, func(t *testing.T) {
			s := newStack(t, name)
			s.set("rollout=identity", "gcp=null")
			identity := s.engine.MustUp()
			handoff := identity.Outputs["vendorHandoff"]
			require.NotEmpty(t, handoff.ArrayValue())

			s.set("rollout=full")
			full := s.engine.MustUp()
			for _, step := range full.Steps {
				require.Equal(t, "create", step.Op, "%s", step)
			}
			require.Greater(t, full.Changes["create"], full.Changes["same"])
			require.Equal(t, identity.Changes["create"], full.Changes["same"])
			require.Equal(t, handoff, full.Outputs["vendorHandoff"], "the vendor allowlisted this")
		})
	}
}

// TestHandoff: each entry names what the vendor needs to know, and what the clouds really have.
func TestHandoff(t *testing.T) {
	aws := newStack(t, "aws-dev")
	aws.set("rollout=identity")
	entries := aws.engine.MustUp().Outputs["vendorHandoff"].ArrayValue()
	require.Len(t, entries, 2)
	for i, role := range []string{"BifrostECRPullRole", "BifrostECSExecutionRole"} {
		entry := entries[i].ObjectValue()
		require.Equal(t, "111122223333", entry["accountId"].StringValue())
		require.Equal(t, "arn:aws:iam::111122223333:role/"+role, entry["principalArn"].StringValue())
		require.Regexp(t, `^AROA`, entry["principalId"].StringValue())
		require.Equal(t, "arn:aws:ecr:us-east-1:444455556666:repository/acme-hub", entry["repositories"].ArrayValue()[0].StringValue())
		require.Len(t, entry, []int{8, 6}[i]) // on EKS also pull and auth
	}

	azure := newStack(t, "azure-dev")
	azure.set("rollout=identity")
	entry := azure.engine.MustUp().Outputs["vendorHandoff"].ArrayValue()[0].ObjectValue()
	const uuid = `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`
	require.Regexp(t, uuid, entry["clientId"].StringValue())
	require.Regexp(t, uuid, entry["principalId"].StringValue())
	require.Equal(t, "00000000-0000-4000-8000-000000000002", entry["tenantId"].StringValue())
	require.Regexp(t, `^https://.*/$`, entry["issuer"].StringValue())
	require.Equal(t, "system:serviceaccount:bifrost:bifrost-pull", entry["subject"].StringValue())
	require.Equal(t, "api://AzureADTokenExchange", entry["audience"].StringValue())
	require.Equal(t, "aks", entry["trust"].StringValue())
	require.Len(t, entry, 10)
}

// TestSecretMadeAgain: a pull Secret that was deleted is made again and filled again.
func TestSecretMadeAgain(t *testing.T) {
	s := newStack(t, "azure-dev")
	before := s.engine.MustUp().Outputs["aks"].ObjectValue()["firstRunJob"].StringValue()
	for _, r := range s.world.Resources {
		if r.Type == "kubernetes:core/v1:Secret" && strings.HasSuffix(r.ID, "/ar-pull-secret") {
			s.world.Remove(r)
		}
	}
	require.NoError(t, s.engine.Refresh().Err)
	after := s.engine.MustUp().Outputs["aks"].ObjectValue()["firstRunJob"].StringValue()
	require.NotEqual(t, before, after, "the Job did not run again")
	require.NotContains(t, s.pullSecretData(), "eyJhdXRocyI6e319", "the placeholder is still there")
	onlySame(t, s.engine.MustUp(), "the Secret was made again")
}

// TestGuards: what is not the stack's own account, subscription or cluster is not touched.
func TestGuards(t *testing.T) {
	for _, c := range []struct{ stack, setting, want string }{
		{"aws-dev", "aws.accountId='999988887777'", "AWS account ID not allowed"},
		{"aws-dev", "eks.clusterName=nope", "aws eks list-clusters"},
		{"aws-dev", "ecs.clusterName=nope", "aws ecs create-cluster"},
		{"azure-dev", "aks.clusterName=nope", "az aks list"},
		{"azure-dev", "azure.tenantId=00000000-0000-4000-8000-00000000000f", "az login --tenant"},
		{"azure-dev", "azure.subscriptionId=00000000-0000-4000-8000-00000000000f", "SubscriptionNotFound"},
	} {
		t.Run(c.setting, func(t *testing.T) {
			s := newStack(t, c.stack)
			before := len(s.world.Resources)
			s.set(c.setting)
			failed := s.engine.Up()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), c.want)
			require.Len(t, s.world.Resources, before, "something was made")
		})
	}
}

// TestUnfitClusters: the stack stops at a cluster that cannot serve it, with the command that mends it.
func TestUnfitClusters(t *testing.T) {
	for name, c := range map[string]struct {
		stack string
		spoil func(*cloud.World)
		want  string
	}{
		"old EKS":               {"aws-dev", func(w *cloud.World) { w.AWS["111122223333"].EKS[0].Version = "1.22" }, "aws eks update-cluster-version"},
		"old AKS":               {"azure-dev", func(w *cloud.World) { aks(w).Version = "1.23.0" }, "az aks upgrade"},
		"issuer off":            {"azure-dev", func(w *cloud.World) { aks(w).OIDCIssuer = false }, "--enable-oidc-issuer"},
		"workload identity off": {"azure-dev", func(w *cloud.World) { aks(w).WorkloadIdentity = false }, "--enable-workload-identity"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStack(t, c.stack)
			c.spoil(s.world)
			before := len(s.world.Resources)
			failed := s.engine.Up()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), c.want)
			require.Len(t, s.world.Resources, before, "something was made")
		})
	}
}

func aks(w *cloud.World) *cloud.AKSCluster {
	return &w.Azure["00000000-0000-4000-8000-000000000001"].AKS[0]
}

// TestProtected: what the vendor allowlisted outlives a destroy.
func TestProtected(t *testing.T) {
	s := newStack(t, "azure-dev")
	s.set("protectIdentities=true")
	allowlisted := s.engine.MustUp().Outputs["vendorHandoff"]
	refused := s.engine.Destroy()
	require.Error(t, refused.Err)
	require.Contains(t, refused.Messages(), "protected")
	require.NotNil(t, refused.Resource("aks-identity"))
	require.Equal(t, allowlisted, s.engine.MustUp().Outputs["vendorHandoff"], "the identity is another one")

	s.set("protectIdentities=false")
	s.engine.MustUp()
	require.NoError(t, s.engine.Destroy().Err)
}

// TestOidcProviderOfTheAccount: made where the stack says so, looked up otherwise, and missed with the command.
func TestOidcProviderOfTheAccount(t *testing.T) {
	without := newStack(t, "aws-dev")
	edits.Removed(world.OIDCProviderType, "")(t, without.world)
	failed := without.engine.Up()
	require.Contains(t, failed.Messages(), "pulumi config set --path 'bifrost:eks.oidcProvider' create")

	without.set("eks.oidcProvider=create")
	made := without.engine.MustUp()
	require.NotNil(t, made.Resource("eks-oidc-provider"))
	onlySame(t, without.engine.MustUp(), "nothing changed")
}

// TestRolledBack: an up whose deployment was rolled back fails, and the next one too, until it is mended.
func TestRolledBack(t *testing.T) {
	s := newStack(t, "aws-dev")
	s.engine.MustUp()
	for _, r := range s.world.Resources {
		if r.Type == "aws:ecs/service:Service" {
			r.State["taskDefinition"] = strings.TrimSuffix(r.State["taskDefinition"].(string), ":1") + ":0"
		}
	}
	failed := s.engine.Up()
	require.Error(t, failed.Err)
	require.Contains(t, failed.Messages(), "was rolled back")
}

// TestRevokedKey: a secret variable that leaves the configuration leaves the cluster.
func TestRevokedKey(t *testing.T) {
	s := newStack(t, "azure-dev")
	withKey := `gateway.config.providers={openai: {keys: [{name: openai, value: env.OPENAI_API_KEY, models: ["*"]}]}}`
	s.set(withKey)
	s.engine.MustUp()
	require.Contains(t, s.secretKeys("bifrost-env"), "OPENAI_API_KEY")
	s.set()
	s.engine.MustUp()
	require.NotContains(t, s.secretKeys("bifrost-env"), "OPENAI_API_KEY")
	require.Contains(t, s.secretKeys("bifrost-env"), "PG_PASSWORD")
}

func (s *stackUnderTest) secretKeys(name string) (keys []string) {
	for _, r := range s.world.Resources {
		if r.Type == "kubernetes:core/v1:Secret" && strings.HasSuffix(r.ID, "/"+name) {
			for key := range r.State["data"].(map[string]any) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// TestReplacedUnderItsName: what must be made anew under the same name goes first, as the real providers do.
func TestReplacedUnderItsName(t *testing.T) {
	for _, c := range []struct{ stack, setting, replaced string }{
		{"aws-dev", "aws.iamPath=/bifrost/", "eks-ecr-role"},
		{"azure-dev", "aks.federatedCredentialName=another", "aks-federated-credential"},
	} {
		t.Run(c.setting, func(t *testing.T) {
			s := newStack(t, c.stack)
			s.engine.MustUp()
			s.set(c.setting)
			alsoAllowlisted("arn:aws:iam::111122223333:role/bifrost/"+pullRole, "arn:aws:iam::111122223333:role/bifrost/"+executionRole)(t, s.world)
			var ops []string
			for _, step := range s.engine.MustUp().Steps {
				if step.Name == c.replaced {
					ops = append(ops, step.Op)
				}
			}
			require.Equal(t, []string{"delete-replaced", "replace", "create-replacement"}, ops)
			onlySame(t, s.engine.MustUp(), "the change was made")
		})
	}
}
