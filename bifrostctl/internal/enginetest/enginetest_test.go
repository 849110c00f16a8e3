package enginetest_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
)

// logs is a program with one log group, named by the configuration, and the configuration's secret as an output.
func logs(ctx *pulumi.Context) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("eu-west-1")})
	if err != nil {
		return err
	}
	settings := config.New(ctx, "")
	group, err := cloudwatch.NewLogGroup(ctx, "logs", &cloudwatch.LogGroupArgs{
		Name: pulumi.String(settings.Require("name")), RetentionInDays: pulumi.Int(settings.GetInt("days")),
	}, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	ctx.Export("arn", group.Arn)
	ctx.Export("password", settings.RequireSecret("password"))
	return nil
}

func signedIn() *cloud.World {
	w := cloud.NewWorld()
	w.SeedAWS(cloud.AWSAccount{ID: "111122223333"})
	return w
}

func TestLifecycle(t *testing.T) {
	e := enginetest.New(t, signedIn(), logs, map[string]string{"bifrost:name": "/app", "bifrost:days": "7"})
	e.SetSecret("bifrost:password", "hush")

	preview := e.Preview()
	require.NoError(t, preview.Err)
	require.Equal(t, map[string]int{"create": 3}, preview.Changes)
	require.Nil(t, preview.Snapshot)

	up := e.MustUp()
	require.Equal(t, map[string]int{"create": 3}, up.Changes)
	require.Equal(t, "arn:aws:logs:eu-west-1:111122223333:log-group:/app", up.Outputs["arn"].StringValue())
	require.True(t, up.Outputs["password"].IsSecret(), "a secret of the configuration stays one")

	require.Equal(t, map[string]int{"same": 3}, e.MustUp().Changes)

	e.Set("bifrost:days", "14")
	require.Contains(t, e.MustUp().Plan(), "update LogGroup logs [retentionInDays]")
	require.Empty(t, e.Refresh().Changes["update"])

	destroyed := e.Destroy()
	require.NoError(t, destroyed.Err)
	require.Empty(t, destroyed.Snapshot.Resources)
}

func TestFailureIsAResult(t *testing.T) {
	e := enginetest.New(t, signedIn(), logs, map[string]string{"bifrost:name": "a b"})
	e.SetSecret("bifrost:password", "hush")
	up := e.Up()
	require.Error(t, up.Err)
	require.Contains(t, up.Messages(), `"a b" must be at most 512`)
	require.Nil(t, up.Snapshot, "a failed preview changes nothing")
}

func TestDefaultProvidersAreDisabled(t *testing.T) {
	e := enginetest.New(t, signedIn(), func(ctx *pulumi.Context) error {
		_, err := cloudwatch.NewLogGroup(ctx, "logs", nil)
		return err
	}, nil)
	require.ErrorContains(t, e.Up().Err, "Default provider for 'aws' disabled")
}
