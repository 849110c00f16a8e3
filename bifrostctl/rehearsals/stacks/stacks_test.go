package stacks_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/internal/component"
	"bifrost/stacks"
)

// The tests of this package take the project's stacks and examples through their lives on the real engine, in process.

func TestStackLifecycle(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.DevStacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, name)
			before := len(s.World.Resources)

			made := s.Engine.MustUp()
			require.Equal(t, []string{"create"}, slices.Collect(maps.Keys(made.Changes)))
			require.NotEmpty(t, made.Outputs["vendorHandoff"].ArrayValue())
			stacktest.OnlySame(t, s.Engine.Preview(), "nothing changed since")
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")

			// The first-run Job wrote a token into the pull Secret. A refresh reads it; the next up must keep it.
			token := pullSecretData(s)
			require.NotContains(t, token, `eyJhdXRocyI6e319`, "the placeholder is still there")
			require.NoError(t, s.Engine.Refresh().Err)
			stacktest.OnlySame(t, s.Engine.MustUp(), "a refreshed token is no change")
			require.Equal(t, token, pullSecretData(s), "up reverted the token")

			stacktest.NoLeaks(t, made)

			gone := s.Engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			require.Empty(t, gone.Snapshot.Resources)
			require.Len(t, s.Left(), before, "something is left in the clouds")
		})
	}
}

// pullSecretData is the pull Secret as it is in the cluster.
func pullSecretData(s *stacktest.Stack) string {
	s.T.Helper()
	for _, r := range s.World.Resources {
		if r.Type == "kubernetes:core/v1:Secret" && r.State["type"] == "kubernetes.io/dockerconfigjson" {
			b, err := json.Marshal(r.State["data"])
			require.NoError(s.T, err)
			return string(b)
		}
	}
	require.Fail(s.T, "there is no pull Secret")
	return ""
}

// TestOneSetting: one changed setting is exactly that difference.
func TestOneSetting(t *testing.T) {
	t.Parallel()
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
			"create-replacement Job eks-pull-first-run [metadata.labels.team spec.template.metadata.labels.team]",
			"replace Job eks-pull-first-run [metadata.labels.team spec.template.metadata.labels.team]",
			"delete-replaced Job eks-pull-first-run",
			"update Deployment eks-gateway-deployment [metadata.labels.team spec.template.metadata.labels.team]",
			"update Service eks-gateway-service [metadata.labels.team]",
			"update Role eks-gateway-discovery [metadata.labels.team]",
			"update RoleBinding eks-gateway-discovery-binding [metadata.labels.team]",
			"update Service eks-gateway-peers [metadata.labels.team]",
		}},
		{"azure-dev", "gateway.config.client.enforce_auth_on_inference=false", []string{
			"update Secret aks-gateway-config [data[\"config.json\"]]",
			"update Deployment aks-gateway-deployment [spec.template.metadata.annotations.checksum/config]",
		}},
	} {
		t.Run(c.stack+"/"+c.setting, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack)
			s.Engine.MustUp()
			s.Set(c.setting)
			require.ElementsMatch(t, c.plan, s.Engine.Preview().Plan())
			require.ElementsMatch(t, c.plan, s.Engine.MustUp().Plan())
			stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
		})
	}
}

// TestChangedConfigOnECS: a changed config.json is a new version of its secret, a new revision, and a deployment of it.
func TestChangedConfigOnECS(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev")
	s.Set("eks=null")
	s.Engine.MustUp()
	s.Set("eks=null", "gateway.config.client.enforce_auth_on_inference=false")
	up := s.Engine.MustUp()
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
	stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
}

// TestIdentityThenFull: the second rollout adds to the first and touches nothing of it.
func TestIdentityThenFull(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.DevStacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, name)
			s.Set("rollout=identity", "gcp=null")
			identity := s.Engine.MustUp()
			handoff := identity.Outputs["vendorHandoff"]
			require.NotEmpty(t, handoff.ArrayValue())

			s.Set("rollout=full")
			full := s.Engine.MustUp()
			for _, step := range full.Steps {
				if step.Op == "update" && slices.Contains([]string{stacks.PlaceGuardType, component.NamesType}, step.Type) {
					continue // they learn that the gateway runs, and of the names that are new
				}
				require.Equal(t, "create", step.Op, "%s", step)
			}
			require.Greater(t, full.Changes["create"], full.Changes["same"])
			require.Equal(t, identity.Changes["create"], full.Changes["same"]+full.Changes["update"])
			require.Equal(t, handoff, full.Outputs["vendorHandoff"], "the vendor allowlisted this")
		})
	}
}

// TestHandoff: each entry names what the vendor needs to know, and what the clouds really have.
func TestHandoff(t *testing.T) {
	t.Parallel()
	aws := stacktest.New(t, "aws-dev")
	aws.Set("rollout=identity")
	entries := aws.Engine.MustUp().Outputs["vendorHandoff"].ArrayValue()
	require.Len(t, entries, 2)
	for i, role := range []string{"BifrostECRPullRole", "BifrostECSExecutionRole"} {
		entry := entries[i].ObjectValue()
		require.Equal(t, "111122223333", entry["accountId"].StringValue())
		require.Equal(t, "arn:aws:iam::111122223333:role/"+role, entry["principalArn"].StringValue())
		require.Regexp(t, `^AROA`, entry["principalId"].StringValue())
		require.Equal(t, "arn:aws:ecr:us-east-1:444455556666:repository/acme-hub", entry["repositories"].ArrayValue()[0].StringValue())
		require.Len(t, entry, []int{8, 6}[i]) // on EKS also pull and auth
	}

	azure := stacktest.New(t, "azure-dev")
	azure.Set("rollout=identity")
	entry := azure.Engine.MustUp().Outputs["vendorHandoff"].ArrayValue()[0].ObjectValue()
	const uuid = `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`
	require.Regexp(t, uuid, entry["clientId"].StringValue())
	require.Regexp(t, uuid, entry["principalId"].StringValue())
	require.Equal(t, "00000000-0000-4000-8000-000000000002", entry["tenantId"].StringValue())
	require.Regexp(t, `^https://.*/$`, entry["issuer"].StringValue())
	require.Equal(t, "system:serviceaccount:bifrost:bifrost-pull", entry["subject"].StringValue())
	require.Equal(t, "api://AzureADTokenExchange", entry["audience"].StringValue())
	require.Equal(t, "aks", entry["trust"].StringValue())
	require.Contains(t, entry["pool"].StringValue(), "of this cluster alone")
	require.Len(t, entry, 11)
}

// TestSecretMadeAgain: a pull Secret that was deleted is made again and filled again.
func TestSecretMadeAgain(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	before := s.Engine.MustUp().Outputs["aks"].ObjectValue()["firstRunJob"].StringValue()
	for _, r := range s.World.Resources {
		if r.Type == "kubernetes:core/v1:Secret" && strings.HasSuffix(r.ID, "/ar-pull-secret") {
			s.World.Remove(r)
		}
	}
	require.NoError(t, s.Engine.Refresh().Err)
	after := s.Engine.MustUp().Outputs["aks"].ObjectValue()["firstRunJob"].StringValue()
	require.NotEqual(t, before, after, "the Job did not run again")
	require.NotContains(t, pullSecretData(s), "eyJhdXRocyI6e319", "the placeholder is still there")
	stacktest.OnlySame(t, s.Engine.MustUp(), "the Secret was made again")
}

// TestRolledBack: an up whose deployment was rolled back fails, and the next one too, until it is mended.
func TestRolledBack(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev")
	s.Engine.MustUp()
	for _, r := range s.World.Resources {
		if r.Type == "aws:ecs/service:Service" {
			r.State["taskDefinition"] = strings.TrimSuffix(r.State["taskDefinition"].(string), ":1") + ":0"
		}
	}
	failed := s.Engine.Up()
	require.Error(t, failed.Err)
	require.Contains(t, failed.Messages(), "was rolled back")
}

// TestRevokedKey: a secret variable that leaves the configuration leaves the cluster.
func TestRevokedKey(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	withKey := `gateway.config.providers={openai: {keys: [{name: openai, value: env.OPENAI_API_KEY, models: ["*"]}]}}`
	s.Set(withKey)
	s.Engine.MustUp()
	require.Contains(t, secretKeys(s, "bifrost-env"), "OPENAI_API_KEY")
	s.Set()
	s.Engine.MustUp()
	require.NotContains(t, secretKeys(s, "bifrost-env"), "OPENAI_API_KEY")
	require.Contains(t, secretKeys(s, "bifrost-env"), "PG_PASSWORD")
}

func secretKeys(s *stacktest.Stack, name string) (keys []string) {
	for _, r := range s.World.Resources {
		if r.Type == "kubernetes:core/v1:Secret" && strings.HasSuffix(r.ID, "/"+name) {
			for key := range r.State["data"].(map[string]any) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}
