package ecs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/world"
)

// The tests of this file take the gateway on ECS Fargate through its variants.

// ecsRights are the ways in which what the execution role may do, or who may take a role, is lacking.
var ecsRights = []struct {
	name     string
	settings []string
	edit     edits.Edit
	want     []string
}{
	{"no token", nil, edits.WithoutAction(edits.PolicyType, "", "policy", "ecr:GetAuthorizationToken"), []string{"Amazon ECR GetAuthorizationToken: no token permission"}},
	{"no layers", nil, edits.WithoutAction(edits.PolicyType, "", "policy", "ecr:BatchCheckLayerAvailability"), []string{"Amazon ECR pull: no pull permission", "ecr:BatchCheckLayerAvailability"}},
	{"no image", nil, edits.WithoutAction(edits.PolicyType, "", "policy", "ecr:BatchGetImage"), []string{"Amazon ECR pull: no pull permission", "ecr:BatchGetImage"}},
	{"no download", nil, edits.WithoutAction(edits.PolicyType, "", "policy", "ecr:GetDownloadUrlForLayer"), []string{"Amazon ECR pull: no pull permission", "ecr:GetDownloadUrlForLayer"}},
	{"no secrets", nil, edits.WithoutAction(edits.RolePolicyType, "", "policy", "secretsmanager:GetSecretValue"), []string{"ECS task execution role: forbidden", "secretsmanager:GetSecretValue on arn:aws:secretsmanager:us-east-1:111122223333:secret:bifrost/"}},
	{"no key", []string{"ecs.secretKmsKeyArn=" + ecsKey}, edits.WithoutAction(edits.RolePolicyType, "", "policy", "kms:Decrypt"), []string{"ECS task execution role: forbidden", "kms:Decrypt on " + ecsKey}},
	{"no streams", nil, edits.WithoutAction(edits.RolePolicyType, "", "policy", "logs:CreateLogStream"), []string{"ECS task execution role: forbidden", "logs:CreateLogStream on arn:aws:logs:us-east-1:111122223333:log-group:/ecs/bifrost:"}},
	{"no events", nil, edits.WithoutAction(edits.RolePolicyType, "", "policy", "logs:PutLogEvents"), []string{"ECS task execution role: forbidden", "logs:PutLogEvents"}},
	{"execution role not trusted", nil, edits.Replacing(pulumitype.AwsRole, edits.ExecutionRole, "assumeRolePolicy", "ecs-tasks", "ec2"), []string{"unable to assume the role", "ECS task execution role: not trusted"}},
	{"task role not trusted", nil, edits.Replacing(pulumitype.AwsRole, "BifrostECSTaskRole", "assumeRolePolicy", "ecs-tasks", "ec2"), []string{"unable to assume the role 'arn:aws:iam::111122223333:role/BifrostECSTaskRole'", "ECS task role: not trusted"}},
	{"key disabled", []string{"ecs.secretKmsKeyArn=" + ecsKey}, edits.With(pulumitype.AwsKey, ecsKey, "isEnabled=false"), []string{"does not exist or is disabled"}},
	{"log group deleted", nil, edits.Removed("aws:cloudwatch/logGroup:LogGroup", ""), []string{"the log group /ecs/bifrost does not exist"}},
	{"no such tag", nil, edits.With(pulumitype.AwsEcrRepository, "", "tags=[2.0.9]"), []string{"CannotPullContainerError", "Amazon ECR pull: image not found"}},
	{"no such architecture", nil, edits.With(pulumitype.AwsEcrRepository, "", "architectures=[ARM64]"), []string{"Amazon ECR pull: image not found", "does not contain descriptor matching platform 'linux/amd64'"}},
}

// TestECSMissingRights: a deployment under lacking rights fails, with the hop that refused, and so does the next up until they are back.
func TestECSMissingRights(t *testing.T) {
	t.Parallel()
	for _, c := range ecsRights {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			settings := append([]string{stacktest.OnlyECS}, c.settings...)
			s := stacktest.New(t, "aws-dev").Set(settings...)
			s.Engine.MustUp()
			c.edit(t, s.World)
			s.Set(append(settings, "ecs.memory=2048")...)
			for range 2 {
				failed := s.Engine.Up()
				require.Error(t, failed.Err)
				for _, want := range c.want {
					require.Contains(t, failed.Messages(), want)
				}
				require.NotContains(t, failed.Messages(), stacktest.Secret)
			}
		})
	}
}

// TestECSNetwork: what a task cannot reach is found at the preview where it can be looked up, and stops the task where it cannot.
func TestECSNetwork(t *testing.T) {
	t.Parallel()
	noRoutes := edits.With(privateSubnets, "", "routes=[]")
	t.Run("looked up", func(t *testing.T) {
		t.Parallel()
		s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
		noRoutes(t, s.World)
		before := len(s.World.Resources)
		refused := s.Engine.Preview()
		require.Error(t, refused.Err, refused.Messages())
		for _, service := range []string{"ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager"} {
			require.Contains(t, refused.Messages(), "com.amazonaws.us-east-1."+service)
		}
		require.Len(t, s.World.Resources, before)
	})
	t.Run("not looked up", func(t *testing.T) {
		t.Parallel()
		s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
		noRoutes(t, s.World)
		s.Engine.Fault("type=aws:ec2/getRouteTable:getRouteTable,op=invoke,error=denied,times=1000")
		failed := s.Engine.Up()
		require.Error(t, failed.Err)
		require.Contains(t, failed.Messages(), "ResourceInitializationError: unable to pull secrets or registry auth")
		require.Contains(t, failed.Messages(), "i/o timeout")
		require.Contains(t, failed.Messages(), "no endpoint com.amazonaws.us-east-1.ecr.api")
	})
	t.Run("through endpoints", func(t *testing.T) {
		t.Parallel()
		s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
		noRoutes(t, s.World)
		var tables []any
		for _, table := range edits.The(t, s.World, privateSubnets, "") {
			tables = append(tables, table.ID)
		}
		for _, service := range []string{"ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager"} {
			state := map[string]any{
				"vpcId": stacktest.VPC, "serviceName": "com.amazonaws.us-east-1." + service, "state": "available", "vpcEndpointType": "Interface", "privateDnsEnabled": true,
				"securityGroupIds": []any{stacktest.SecurityGroup}, "subnetIds": []any{"subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5a60718"}, "routeTableIds": []any{},
			}
			if service == "s3" {
				state["vpcEndpointType"], state["routeTableIds"], state["privateDnsEnabled"] = "Gateway", tables, false
			}
			s.World.Put(&world.Resource{Type: pulumitype.AwsVpcEndpoint, Scope: "111122223333/us-east-1", ID: "vpce-" + service, Seeded: true, State: state})
		}
		s.Engine.MustUp()
		stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
	})
	t.Run("subnets of one zone", func(t *testing.T) {
		t.Parallel()
		s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, "ecs.subnets=[subnet-0a1b2c3d4e5f60718]", "protectIdentities=true")
		require.Contains(t, s.Engine.Preview().Messages(), "zone")
		require.Error(t, s.Engine.Preview().Err)
	})
}

// TestECSTargetsUnhealthy: a security group that does not let the load balancer in stops the deployment.
func TestECSTargetsUnhealthy(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, withTargetGroup)
	edits.With(pulumitype.AwsSecurityGroup, stacktest.SecurityGroup, "ingress=[]")(t, s.World)
	failed := s.Engine.Up()
	require.Error(t, failed.Err)
	require.Contains(t, failed.Messages(), "Task failed ELB health checks in (target-group "+ecsTargetGroup+")")
	require.Contains(t, failed.Messages(), "lets the load balancer in on port 8080")
}

// TestECSSecrets: a changed value makes a new revision and a deployment of it, an unchanged one none.
func TestECSSecrets(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	s.Engine.MustUp()
	service := edits.The(t, s.World, edits.ServiceType, "")[0]
	before := service.State["taskDefinition"]
	stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
	require.Equal(t, before, service.State["taskDefinition"])

	s.Set(stacktest.OnlyECS, "secrets.license="+stacktest.Secret+"other")
	up := s.Engine.MustUp()
	require.NotEqual(t, before, service.State["taskDefinition"])
	var replaced []string
	for _, step := range up.Steps {
		if step.Op == "replace" {
			replaced = append(replaced, step.Name)
		}
	}
	require.Len(t, replaced, 2, "one secret's version, and the task definition: %v", replaced)
	require.Contains(t, replaced, "ecs-task-definition")
	require.Contains(t, up.Plan(), "update Service ecs-service [taskDefinition]")
	stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
}

// TestECSImageThatCannotBePulled: the service returns to the revision before, and the up fails until the image is mended.
func TestECSImageThatCannotBePulled(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	s.Engine.MustUp()
	edits.With(pulumitype.AwsEcrRepository, "", "tags=[2.1.0]")(t, s.World)
	s.Set(stacktest.OnlyECS, "registry.image=444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1")
	failed := s.Engine.Up()
	require.Error(t, failed.Err)
	require.Contains(t, failed.Messages(), "was rolled back")
	require.Contains(t, edits.The(t, s.World, edits.ServiceType, "")[0].State["taskDefinition"], "task-definition/bifrost:1")
	s.Set(stacktest.OnlyECS)
	s.Engine.MustUp()
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is mended")
}

// TestECSDesiredCount: what autoscaling set stays, through a deployment too; without autoscaling the configuration decides.
func TestECSDesiredCount(t *testing.T) {
	t.Parallel()
	count := func(s *stacktest.Stack) any {
		return edits.The(t, s.World, edits.ServiceType, "")[0].State["desiredCount"]
	}
	scaled := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, withScaling)
	scaled.Engine.MustUp()
	require.Equal(t, 2.0, count(scaled))
	edits.The(t, scaled.World, edits.ServiceType, "")[0].State["desiredCount"] = 5.0
	stacktest.OnlySame(t, scaled.Engine.MustUp(), "the number of tasks is autoscaling's")
	scaled.Set(stacktest.OnlyECS, withScaling, "ecs.memory=2048")
	scaled.Engine.MustUp()
	require.Equal(t, 5.0, count(scaled), "a deployment reverted it")
	require.NoError(t, scaled.Engine.Refresh().Err)
	stacktest.OnlySame(t, scaled.Engine.MustUp(), "a refresh made it a change")

	fixed := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	fixed.Engine.MustUp()
	fixed.Set(stacktest.OnlyECS, "ecs.desiredCount=3")
	fixed.Engine.MustUp()
	require.Equal(t, 3.0, count(fixed))
}

// TestECSClusterIsTold: the gateways' config.json looks for the name under which they are registered.
func TestECSClusterIsTold(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, withCluster, ownGroups)
	s.Engine.MustUp()
	var told bool
	for _, r := range s.World.List("aws:secretsmanager/secretVersion:SecretVersion", "111122223333/us-east-1") {
		text, _ := r.State["secretString"].(string)
		told = told || strings.Contains(text, `"dns_names"`) && strings.Contains(text, ".bifrost.internal")
	}
	require.True(t, told, "cluster_config")

	closed := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, withCluster)
	edits.With(pulumitype.AwsSecurityGroup, stacktest.SecurityGroup, "ingress[1]=null")(t, closed.World)
	closed.Engine.MustUp()
	require.Contains(t, strings.Join(closed.World.Warnings, "\n"), "udp port 10101")

	silent := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, stacktest.WithBroker)
	edits.With(pulumitype.AwsSecurityGroup, stacktest.SecurityGroup, "ingress[1]=null")(t, silent.World)
	silent.Engine.MustUp()
	require.Contains(t, strings.Join(silent.World.Warnings, "\n"), "the broker of service bifrost-broker serves no cluster: no ingress rule of their security groups [sg-0123456789abcdef0] lets them through on tcp port 50051")
}

// TestECSOverlaysFindNothing: what only an overlay names does not exist.
func TestECSOverlaysFindNothing(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"ecs.subnets=[subnet-00000000000000001, subnet-00000000000000002]":                                                                                                 "subnet-00000000000000001",
		"ecs.securityGroups=[sg-00000000000000001]":                                                                                                                        "sg-00000000000000001",
		"ecs.targetGroupArn=" + strings.Replace(ecsTargetGroup, "0123456789abcdef", "0000000000000001", 1):                                                                 "0000000000000001",
		"ecs.loadBalancer={securityGroups: [" + stacktest.SecurityGroup + "], certificateArn: " + strings.Replace(ecsCertificate, "000000000001", "000000000002", 1) + "}": "CertificateNotFound",
		"ecs.secretKmsKeyArn=" + strings.Replace(ecsKey, "00000000000a", "00000000000b", 1):                                                                                "EncryptionFailure",
		"ecs.logKmsKeyArn=" + strings.Replace(ecsKey, "00000000000a", "00000000000b", 1):                                                                                   "The specified KMS key does not exist",
		"ecs.taskRoleArn=arn:aws:iam::111122223333:role/none":                                                                                                              "unable to assume the role",
		"ecs.taskPolicyArns=[arn:aws:iam::111122223333:policy/none]":                                                                                                       "does not exist or is not attachable",
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, setting)
			failed := s.Engine.Up()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), want)
		})
	}
}
