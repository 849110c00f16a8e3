package ecs_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/world"
)

// The tests of this file let deployments fail, and mend them as the program says.

var (
	withoutImage = edits.With(pulumitype.AwsEcrRepository, "", "tags=[2.0.9]")
	withImage    = edits.With(pulumitype.AwsEcrRepository, "", "tags=[2.1.0]")
)

func serviceURN(r *enginetest.Result) resource.URN { return r.Resource("ecs-service").URN }

// failFirst is a stack whose first deployment has failed, though what kept its tasks from starting is mended.
func failFirst(t *testing.T, settings ...string) (*stacktest.Stack, *enginetest.Result) {
	t.Helper()
	s := stacktest.New(t, "aws-dev").Set(append([]string{stacktest.OnlyECS}, settings...)...)
	withoutImage(t, s.World)
	failed := s.Engine.Up()
	require.Error(t, failed.Err)
	withImage(t, s.World)
	return s, failed
}

// TestECSFirstDeploymentFails: the provider's error has no reason, the program says where to look and how to go on. The same file is not
// green afterwards, also not after a refresh; what the program names mends it.
func TestECSFirstDeploymentFails(t *testing.T) {
	t.Parallel()
	s, failed := failFirst(t)
	for _, want := range []string{
		"timeout while waiting for state to become 'tfSTABLE' (last state: 'tfPENDING', timeout: 25m0s)",
		"the ECS service bifrost did not become steady",
		"aws ecs describe-services --region us-east-1 --cluster dev --services bifrost",
		"aws ecs update-service --region us-east-1 --cluster dev --service bifrost --force-new-deployment",
		"pulumi up --replace '" + string(serviceURN(failed)) + "'",
	} {
		require.Contains(t, failed.Messages(), want)
	}

	const nothingNew = "nothing that would start another has changed since"
	preview := s.Engine.Preview()
	require.NoError(t, preview.Err)
	require.Contains(t, preview.Messages(), nothingNew)
	for range 2 {
		again := s.Engine.Up()
		require.ErrorContains(t, again.Err, nothingNew)
		require.Contains(t, again.Messages(), "pulumi up --replace '")
	}
	require.NoError(t, s.Engine.Refresh().Err)
	require.Contains(t, s.Engine.Up().Messages(), "no task runs in the cluster dev, and so none of the ECS service bifrost")

	replaced := s.Engine.UpReplacing(serviceURN(failed))
	require.NoError(t, replaced.Err, replaced.Messages())
	require.Contains(t, replaced.Plan(), "delete-replaced Service ecs-service")
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is mended")
}

// TestECSFirstDeploymentAgain: what changes the service starts another deployment; so does AWS's own command.
func TestECSFirstDeploymentAgain(t *testing.T) {
	t.Parallel()
	t.Run("changed", func(t *testing.T) {
		t.Parallel()
		s, _ := failFirst(t)
		s.Set(stacktest.OnlyECS, "ecs.memory=2048")
		s.Engine.MustUp()
		stacktest.OnlySame(t, s.Engine.MustUp(), "it is mended")
	})
	t.Run("by hand", func(t *testing.T) {
		t.Parallel()
		s, _ := failFirst(t)
		s.World.Tasks[edits.The(t, s.World, edits.ServiceType, "")[0].ID] = &world.ServiceTasks{Running: 2}
		require.Error(t, s.Engine.Up().Err, "the program cannot know")
		require.NoError(t, s.Engine.Refresh().Err)
		stacktest.OnlySame(t, s.Engine.MustUp(), "it is mended")
	})
	t.Run("with a broker", func(t *testing.T) {
		t.Parallel()
		s, failed := failFirst(t, stacktest.WithBroker)
		require.Contains(t, failed.Messages(), "the ECS service bifrost-broker did not become steady")
		require.Contains(t, s.Engine.Up().Messages(), "nothing that would start another has changed since")
	})
}

// TestECSUpdateFails: an update that nobody saw become steady is not green afterwards either; one of tags alone starts nothing and is one.
func TestECSUpdateFails(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"fixed": {stacktest.OnlyECS}, "autoscaled": {stacktest.OnlyECS, withScaling}, "behind a target group": {stacktest.OnlyECS, withTargetGroup},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev").Set(settings...)
			s.Engine.MustUp()
			s.Set(append(settings, "tags={team: gateways}")...)
			require.Contains(t, s.Engine.MustUp().Plan(), "update Service ecs-service [tags.environment tags.team]")
			s.Set(append(settings, "ecs.memory=2048")...)
			s.Engine.Fault("type=" + edits.ServiceType + ",op=update,when=after,error=timeout while waiting for state to become 'tfSTABLE'")
			require.Contains(t, s.Engine.Up().Messages(), "the ECS service bifrost did not become steady")
			require.ErrorContains(t, s.Engine.Up().Err, "no up saw the last deployment")
			s.Set(append(settings, "ecs.memory=4096")...)
			s.Engine.MustUp()
			stacktest.OnlySame(t, s.Engine.MustUp(), "another deployment was made")
		})
	}
}

// TestECSRolledBackIsMended: after a rollback the preview shows the deployment that the up makes, which goes well as soon as the image is
// there: the same file. A revision that somebody set is set right after a refresh.
func TestECSRolledBackIsMended(t *testing.T) {
	t.Parallel()
	const deploys = "update Service ecs-service [taskDefinition]"
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	s.Engine.MustUp()
	withImage(t, s.World)
	s.Set(stacktest.OnlyECS, "registry.image=444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1")
	for range 2 {
		rolledBack := s.Engine.Up()
		require.ErrorContains(t, rolledBack.Err, "was rolled back")
		require.Contains(t, strings.Join(rolledBack.Warnings, ""), "image not found")
		preview := s.Engine.Preview()
		require.NoError(t, preview.Err, preview.Messages())
		require.Contains(t, preview.Plan(), deploys)
	}
	edits.With(pulumitype.AwsEcrRepository, "", "tags=[2.1.0, 2.1.1]")(t, s.World)
	s.Engine.MustUp()
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is mended")

	service := edits.The(t, s.World, edits.ServiceType, "")[0]
	registered := service.State["taskDefinition"].(string)
	service.State["taskDefinition"] = registered[:strings.LastIndex(registered, ":")] + ":1"
	preview := s.Engine.Preview()
	require.NoError(t, preview.Err, preview.Messages())
	require.Error(t, s.Engine.Up().Err)
	require.NoError(t, s.Engine.Refresh().Err)
	require.Contains(t, s.Engine.Preview().Plan(), deploys)
	s.Engine.MustUp()
	require.Equal(t, registered, service.State["taskDefinition"])
}

// TestECSRolledBackNetwork: a rollback that leaves the revision and returns to the old network fails the up, too.
func TestECSRolledBackNetwork(t *testing.T) {
	t.Parallel()
	const closed = "sg-00000000000000009"
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	s.Engine.MustUp()
	group := *edits.The(t, s.World, pulumitype.AwsSecurityGroup, stacktest.SecurityGroup)[0]
	group.ID, group.State = closed, maps.Clone(group.State)
	group.State["id"], group.State["egress"] = closed, []any{}
	s.World.Put(&group)
	s.Set(stacktest.OnlyECS, "ecs.securityGroups=["+closed+"]")
	for range 2 {
		rolledBack := s.Engine.Up()
		require.ErrorContains(t, rolledBack.Err, "was rolled back")
		require.Contains(t, rolledBack.Messages(), "runs [sg-0123456789abcdef0] and not ["+closed+"]")
	}
	s.Set(stacktest.OnlyECS)
	s.Engine.MustUp()
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is mended")
}

// TestECSLongStreams: deployments and deletions are waited for as long as the load balancer lets tasks finish.
func TestECSLongStreams(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"own load balancer": {`ecs.loadBalancer={certificateArn: ` + ecsCertificate +
			`, deregistrationDelaySeconds: 3600, securityGroups: [` + stacktest.SecurityGroup + `]}`},
		"existing target group": {withTargetGroup},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev").Set(append([]string{stacktest.OnlyECS}, settings...)...)
			if name == "existing target group" {
				edits.With(pulumitype.AwsTargetGroup, ecsTargetGroup, "deregistrationDelay=3600")(t, s.World)
			}
			s.Engine.MustUp()
			s.Set(append([]string{stacktest.OnlyECS, "ecs.memory=2048", "ecs.stopTimeoutSeconds=120"}, settings...)...)
			s.Engine.MustUp()
			gone := s.Engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
		})
	}
}
