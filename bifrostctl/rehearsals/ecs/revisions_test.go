package ecs_test

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud/aws"
)

const newTag = "registry.image=444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1"

// TestECSGoesBack: former revisions stay, and the service goes back to one of them with the runbook's command: its tasks read the values of
// that time. The next up says that another one runs, and a configuration as it was makes that for good.
func TestECSGoesBack(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	s.Engine.MustUp()
	first := edits.The(t, s.World, pulumitype.AwsTaskDefinition, "task-definition/bifrost:1")[0]
	s.Set(stacktest.OnlyECS, newTag, "secrets.env.PG_PASSWORD="+stacktest.Secret+"other")
	s.Engine.MustUp()
	require.False(t, first.Deleted)
	require.Len(t, edits.The(t, s.World, pulumitype.AwsTaskDefinition, "task-definition/bifrost:"), 2)

	_, err := client(s).UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: sdk.String("dev"), Service: sdk.String("bifrost"),
		TaskDefinition: sdk.String("bifrost:1")})
	require.NoError(t, err)
	require.Empty(t, aws.TaskProblems(t.Context(), s.World, edits.The(t, s.World, edits.ServiceType, "")[0]))
	told := s.Engine.Up()
	require.Error(t, told.Err)
	require.Contains(t, told.Messages(), "task-definition/bifrost:1 and not")

	s.Set(stacktest.OnlyECS)
	require.NoError(t, s.Engine.Refresh().Err)
	s.Engine.MustUp()
	require.Contains(t, edits.The(t, s.World, edits.ServiceType, "")[0].State["taskDefinition"], "task-definition/bifrost:3")
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is back for good")
}
