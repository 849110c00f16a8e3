package aws_test

import (
	"encoding/base64"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
)

// look runs a program that makes look-ups through a provider of the region.
func look(t *testing.T, w *cloud.World, region string, lookUp func(*pulumi.Context, pulumi.InvokeOption) error) *enginetest.Result {
	t.Helper()
	return enginetest.New(t, w, func(ctx *pulumi.Context) error {
		p, err := provider(aws.ProviderArgs{Region: pulumi.String(region)})(ctx)
		if err != nil {
			return err
		}
		return lookUp(ctx, pulumi.Provider(p))
	}, nil).Up()
}

func TestLookUps(t *testing.T) {
	w := newWorld()
	up := look(t, w, region, func(ctx *pulumi.Context, through pulumi.InvokeOption) error {
		partition, err := aws.GetPartition(ctx, nil, through)
		require.NoError(t, err)
		require.Equal(t, []string{"aws", "amazonaws.com", "com.amazonaws"}, []string{partition.Partition, partition.DnsSuffix, partition.ReverseDnsPrefix})

		caller, err := aws.GetCallerIdentity(ctx, nil, through)
		require.NoError(t, err)
		require.Equal(t, account, caller.AccountId)
		require.Equal(t, "arn:aws:iam::111122223333:user/sandbox", caller.Arn)

		cluster, err := eks.LookupCluster(ctx, &eks.LookupClusterArgs{Name: "dev"}, through)
		require.NoError(t, err)
		require.Equal(t, "arn:aws:eks:eu-west-1:111122223333:cluster/dev", cluster.Arn)
		require.Equal(t, "1.33", cluster.Version)
		ca, err := base64.StdEncoding.DecodeString(cluster.CertificateAuthorities[0].Data)
		require.NoError(t, err)
		require.Equal(t, w.Clusters[cluster.Endpoint].CA, string(ca))

		issuer := cluster.Identities[0].Oidcs[0].Issuer
		require.Regexp(t, `^https://oidc\.eks\.eu-west-1\.amazonaws\.com/id/[0-9A-F]{32}$`, issuer)
		oidc, err := iam.LookupOpenIdConnectProvider(ctx, &iam.LookupOpenIdConnectProviderArgs{Url: &issuer}, through)
		require.NoError(t, err)
		require.Equal(t, "arn:aws:iam::111122223333:oidc-provider/"+issuer[len("https://"):], oidc.Arn)
		require.Equal(t, []string{"sts.amazonaws.com"}, oidc.ClientIdLists)

		tasks, err := ecs.LookupCluster(ctx, &ecs.LookupClusterArgs{ClusterName: "dev"}, through)
		require.NoError(t, err)
		require.Equal(t, "arn:aws:ecs:eu-west-1:111122223333:cluster/dev", tasks.Arn)
		return nil
	})
	require.NoError(t, up.Err)
}

func TestMissingThings(t *testing.T) {
	url := "https://oidc.example.com/id/none"
	tests := []struct {
		name   string
		lookUp func(*pulumi.Context, pulumi.InvokeOption) error
		want   string
	}{
		{"EKS cluster", func(ctx *pulumi.Context, o pulumi.InvokeOption) error {
			_, err := eks.LookupCluster(ctx, &eks.LookupClusterArgs{Name: "none"}, o)
			return err
		}, "reading EKS Cluster (none): couldn't find resource"},
		{"ECS cluster", func(ctx *pulumi.Context, o pulumi.InvokeOption) error {
			_, err := ecs.LookupCluster(ctx, &ecs.LookupClusterArgs{ClusterName: "none"}, o)
			return err
		}, "reading ECS Cluster (none): empty result"},
		{"ECS service", func(ctx *pulumi.Context, o pulumi.InvokeOption) error {
			_, err := ecs.LookupService(ctx, &ecs.LookupServiceArgs{ClusterArn: "arn:aws:ecs:eu-west-1:111122223333:cluster/dev", ServiceName: "none"}, o)
			return err
		}, "no matching ECS Service found"},
		{"OIDC provider", func(ctx *pulumi.Context, o pulumi.InvokeOption) error {
			_, err := iam.LookupOpenIdConnectProvider(ctx, &iam.LookupOpenIdConnectProviderArgs{Url: &url}, o)
			return err
		}, "reading IAM OIDC Provider (https://oidc.example.com/id/none): couldn't find resource"},
		{"unknown function", func(ctx *pulumi.Context, o pulumi.InvokeOption) error {
			_, err := aws.GetRegion(ctx, nil, o)
			return err
		}, "does not model the function aws:index/getRegion:getRegion"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			up := look(t, newWorld(), region, test.lookUp)
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), test.want)
		})
	}
}

// Two providers of one package have one port, and each its own region.
func TestProvidersAreToldApart(t *testing.T) {
	partitions := map[string]string{"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}
	up := enginetest.New(t, newWorld(), func(ctx *pulumi.Context) error {
		providers := map[string]*aws.Provider{}
		var all []pulumi.Resource
		for region := range partitions {
			p, err := aws.NewProvider(ctx, region, &aws.ProviderArgs{Region: pulumi.String(region)})
			if err != nil {
				return err
			}
			providers[region], all = p, append(all, p)
		}
		for region, p := range providers {
			_, err := cloudwatch.NewLogGroup(ctx, "logs-"+region, &cloudwatch.LogGroupArgs{Name: s("logs")}, pulumi.Provider(p), pulumi.DependsOn(all))
			if err != nil {
				return err
			}
		}
		return nil
	}, nil).MustUp()
	for region, partition := range partitions {
		want := "arn:" + partition + ":logs:" + region + ":111122223333:log-group:logs"
		require.Equal(t, want, up.Resource("logs-" + region).Outputs["arn"].StringValue())
	}
}

// The program compares what runs with what it registered. A look-up by a name that is known too early has to be told to
// wait for the service.
func TestServiceLookUpAfterTheService(t *testing.T) {
	e := enginetest.New(t, newWorld(), func(ctx *pulumi.Context) error {
		p, err := provider(aws.ProviderArgs{})(ctx)
		if err != nil {
			return err
		}
		through := pulumi.Provider(p)
		task, err := ecs.NewTaskDefinition(ctx, "task", &ecs.TaskDefinitionArgs{
			Family: s("app"), Cpu: s("256"), Memory: s("512"), NetworkMode: s("awsvpc"),
			RequiresCompatibilities: pulumi.StringArray{s("FARGATE")}, ContainerDefinitions: s(`[{"name":"app","image":"app:1"}]`),
		}, through)
		if err != nil {
			return err
		}
		service, err := ecs.NewService(ctx, "service", &ecs.ServiceArgs{
			Name: s("app"), Cluster: s("dev"), TaskDefinition: task.Arn, LaunchType: s("FARGATE"),
			NetworkConfiguration: &ecs.ServiceNetworkConfigurationArgs{Subnets: pulumi.StringArray{s("subnet-0a")}},
		}, through)
		if err != nil {
			return err
		}
		running := ecs.LookupServiceOutput(ctx, ecs.LookupServiceOutputArgs{ClusterArn: service.Cluster, ServiceName: service.Name},
			through, pulumi.DependsOn([]pulumi.Resource{service}))
		ctx.Export("running", running.TaskDefinition())
		return nil
	}, nil)
	require.Equal(t, "arn:aws:ecs:eu-west-1:111122223333:task-definition/app:1", e.MustUp().Outputs["running"].StringValue())
}
