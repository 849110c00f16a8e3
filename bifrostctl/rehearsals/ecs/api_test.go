package ecs_test

import (
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
)

// client asks ECS of a stack's clouds, as AWS's own program.
func client(s *stacktest.Stack) *ecs.Client {
	return ecs.NewFromConfig(sdk.Config{
		Region: "us-east-1", HTTPClient: s.World.Network.Client(), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() sdk.Retryer { return sdk.NopRetryer{} },
	})
}

// TestECSApi: what people on call ask ECS by hand, and what it refuses them. `make e2e` asks the same with the AWS CLI.
func TestECSApi(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	s.Engine.MustUp()
	s.Set(stacktest.OnlyECS, newTag)
	s.Engine.MustUp()
	ask := client(s)
	list := func(sort types.SortOrder, most int32, next *string) *ecs.ListTaskDefinitionsOutput {
		listed, err := ask.ListTaskDefinitions(t.Context(), &ecs.ListTaskDefinitionsInput{FamilyPrefix: sdk.String("bifrost"), Sort: sort,
			MaxResults: sdk.Int32(most), NextToken: next})
		require.NoError(t, err)
		return listed
	}
	const task = "arn:aws:ecs:us-east-1:111122223333:task-definition/bifrost:"
	require.Equal(t, []string{task + "1", task + "2"}, list("", 100, nil).TaskDefinitionArns)
	newest := list(types.SortOrderDesc, 1, nil)
	require.Equal(t, []string{task + "2"}, newest.TaskDefinitionArns)
	require.Equal(t, []string{task + "1"}, list(types.SortOrderDesc, 1, newest.NextToken).TaskDefinitionArns)
	none, err := ask.ListTaskDefinitions(t.Context(), &ecs.ListTaskDefinitionsInput{FamilyPrefix: sdk.String("bif")})
	require.NoError(t, err)
	require.Empty(t, none.TaskDefinitionArns, "a family is named whole")

	update := func(in ecs.UpdateServiceInput) (*types.Service, error) {
		in.Cluster, in.Service = sdk.String("dev"), sdk.String("bifrost")
		updated, err := ask.UpdateService(t.Context(), &in)
		if err != nil {
			return nil, err
		}
		return updated.Service, nil
	}
	same, err := update(ecs.UpdateServiceInput{})
	require.NoError(t, err)
	forced, err := update(ecs.UpdateServiceInput{ForceNewDeployment: true})
	require.NoError(t, err)
	require.NotEqual(t, same.Deployments[0].Id, forced.Deployments[0].Id)
	back, err := update(ecs.UpdateServiceInput{TaskDefinition: sdk.String("bifrost:1"), DesiredCount: sdk.Int32(3)})
	require.NoError(t, err)
	require.Equal(t, task+"1", *back.TaskDefinition)
	require.EqualValues(t, 3, back.RunningCount)
	described := &ecs.DescribeServicesInput{Cluster: sdk.String("dev"), Services: []string{"bifrost"}}
	require.NoError(t, ecs.NewServicesStableWaiter(ask).Wait(t.Context(), described, time.Second))

	_, err = ask.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: sdk.String("bifrost")})
	require.ErrorContains(t, err, "does not have a revision")
	for _, revision := range []string{"bifrost:1", "bifrost:2"} {
		gone, err := ask.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &revision})
		require.NoError(t, err)
		require.Equal(t, types.TaskDefinitionStatusInactive, gone.TaskDefinition.Status)
	}
	require.Empty(t, list("", 100, nil).TaskDefinitionArns)
	again, err := ask.DescribeServices(t.Context(), described)
	require.NoError(t, err)
	require.EqualValues(t, 3, again.Services[0].RunningCount, "a service goes on with a revision that was deregistered")
	_, err = update(ecs.UpdateServiceInput{TaskDefinition: sdk.String("bifrost:2")})
	require.ErrorContains(t, err, "TaskDefinition not found")

	_, err = update(ecs.UpdateServiceInput{EnableExecuteCommand: sdk.Bool(true)})
	require.ErrorContains(t, err, "does not model", "what would be passed over is refused")
	_, err = ask.ListTasks(t.Context(), &ecs.ListTasksInput{})
	require.ErrorContains(t, err, "ecs:ListTasks")
	missing, err := ask.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: sdk.String("dev"), Services: []string{"other"}})
	require.NoError(t, err)
	require.Equal(t, "MISSING", *missing.Failures[0].Reason)
}
