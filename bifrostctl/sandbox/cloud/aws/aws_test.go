package aws_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

const (
	account  = "111122223333"
	region   = "eu-west-1"
	document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"}]}`
	other    = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ecr:*","Resource":"*"}]}`
	trust    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}`
	trusting = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111122223333"}}]}`
	readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"

	policyType         = "aws:iam/policy:Policy"
	roleType           = "aws:iam/role:Role"
	attachmentType     = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	rolePolicyType     = "aws:iam/rolePolicy:RolePolicy"
	oidcType           = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	logGroupType       = "aws:cloudwatch/logGroup:LogGroup"
	secretType         = "aws:secretsmanager/secret:Secret"
	secretVersionType  = "aws:secretsmanager/secretVersion:SecretVersion"
	taskDefinitionType = "aws:ecs/taskDefinition:TaskDefinition"
	serviceType        = "aws:ecs/service:Service"
)

// network has two private subnets, two public ones, and an open security group.
var network = world.Network{
	Account: account, Region: region, VPC: "vpc-0", Private: []string{"subnet-0a", "subnet-0b"}, Public: []string{"subnet-1a", "subnet-1b"},
	SecurityGroups: []string{"sg-0"},
}

func inSubnets(ids ...string) pulumi.Map {
	return pulumi.Map{"subnets": pulumi.ToStringArray(ids), "securityGroups": pulumi.StringArray{s("sg-0")}}
}

func newWorld() *cloud.World {
	w := cloud.NewWorld()
	w.SeedAWS(cloud.AWSAccount{
		ID:  account,
		EKS: []cloud.EKSCluster{{Name: "dev", Region: region, Version: "1.33", OIDCProvider: true}},
		ECS: []cloud.ECSCluster{{Name: "dev", Region: region}},
	})
	w.SeedNetwork(network)
	return w
}

func provider(args aws.ProviderArgs) func(*pulumi.Context) (pulumi.ProviderResource, error) {
	return func(ctx *pulumi.Context) (pulumi.ProviderResource, error) {
		if args.Region == nil {
			args.Region = pulumi.String(region)
		}
		return aws.NewProvider(ctx, "aws", &args)
	}
}

func program(resources ...enginetest.Resource) pulumi.RunFunc {
	return enginetest.Program(provider(aws.ProviderArgs{}), resources...)
}

func res(typ, name string, props pulumi.Map) enginetest.Resource {
	return enginetest.Resource{Type: typ, Name: name, Props: props}
}

func s(text string) pulumi.String { return pulumi.String(text) }

// merge returns the properties with some replaced; a nil value removes one.
func merge(props pulumi.Map, changes pulumi.Map) pulumi.Map {
	merged := pulumi.Map{}
	for key, v := range props {
		merged[key] = v
	}
	for key, v := range changes {
		merged[key] = v
		if v == nil {
			delete(merged, key)
		}
	}
	return merged
}

var (
	role           = res(roleType, "role", pulumi.Map{"name": s("app"), "assumeRolePolicy": s(trust)})
	fargate        = pulumi.Map{"family": s("app"), "cpu": s("256"), "memory": s("512"), "networkMode": s("awsvpc"), "requiresCompatibilities": pulumi.StringArray{s("FARGATE")}, "containerDefinitions": s(`[{"name":"app","image":"app:1"}]`)}
	runningService = pulumi.Map{"name": s("app"), "cluster": s("dev"), "taskDefinition": s("app:1"), "launchType": s("FARGATE"), "networkConfiguration": inSubnets("subnet-0a"), "desiredCount": pulumi.Int(1), "waitForSteadyState": pulumi.Bool(true)}
)

// everything is one resource of each type.
func everything() []enginetest.Resource {
	const policyARN = "arn:aws:iam::111122223333:policy/team/pull"
	return []enginetest.Resource{
		res(policyType, "policy", pulumi.Map{"name": s("pull"), "path": s("/team/"), "policy": s(document)}),
		role,
		res(attachmentType, "attachment", pulumi.Map{"role": s("app"), "policyArn": s(policyARN)}),
		res(rolePolicyType, "inline", pulumi.Map{"name": s("logs"), "role": s("app"), "policy": s(document)}),
		res(oidcType, "oidc", pulumi.Map{"url": s("https://issuer.example.com/id/1"), "clientIdLists": pulumi.StringArray{s("sts.amazonaws.com")}}),
		res(logGroupType, "logs", pulumi.Map{"name": s("/ecs/app")}),
		res(secretType, "secret", pulumi.Map{"name": s("app/key"), "recoveryWindowInDays": pulumi.Int(0)}),
		res(taskDefinitionType, "task", fargate),
		res(serviceType, "service", runningService),
	}
}

func TestLifecycle(t *testing.T) {
	w := newWorld()
	before := len(w.Resources)
	e := enginetest.New(t, w, program(everything()...), nil)
	require.Equal(t, 11, e.MustUp().Changes["create"])
	require.Equal(t, map[string]int{"same": 11}, e.MustUp().Changes)

	refreshed := e.Refresh()
	require.NoError(t, refreshed.Err)
	require.Equal(t, map[string]int{"same": 11}, e.MustUp().Changes, "what is read is what was asked for")

	destroyed := e.Destroy()
	require.NoError(t, destroyed.Err)
	require.Empty(t, destroyed.Snapshot.Resources)
	require.Len(t, w.Resources, before, "something is left")
}

func TestComputed(t *testing.T) {
	up := enginetest.New(t, newWorld(), program(everything()...), nil).MustUp()
	tests := []struct{ name, id, property, value string }{
		{"policy", "arn:aws:iam::111122223333:policy/team/pull", "arn", "arn:aws:iam::111122223333:policy/team/pull"},
		{"role", "app", "arn", "arn:aws:iam::111122223333:role/app"},
		{"inline", "app:logs", "name", "logs"},
		{"oidc", "arn:aws:iam::111122223333:oidc-provider/issuer.example.com/id/1", "url", "issuer.example.com/id/1"},
		{"logs", "/ecs/app", "arn", "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/app"},
		{"task", "app", "arn", "arn:aws:ecs:eu-west-1:111122223333:task-definition/app:1"},
		{"task", "app", "arnWithoutRevision", "arn:aws:ecs:eu-west-1:111122223333:task-definition/app"},
		{"service", "arn:aws:ecs:eu-west-1:111122223333:service/dev/app", "cluster", "dev"},
	}
	for _, test := range tests {
		state := up.Resource(test.name)
		require.Equal(t, test.id, string(state.ID), test.name)
		require.Equal(t, test.value, state.Outputs[resource.PropertyKey(test.property)].StringValue(), test.name)
	}
	require.Regexp(t, `^AROA[0-9A-F]{17}$`, up.Resource("role").Outputs["uniqueId"].StringValue())
	require.Regexp(t, `^ANPA[0-9A-F]{17}$`, up.Resource("policy").Outputs["policyId"].StringValue())
	require.Regexp(t, `:secret:app/key-\w{6}$`, string(up.Resource("secret").ID))
}

func TestChanges(t *testing.T) {
	version := func(value string) enginetest.Resource {
		return enginetest.Resource{Type: secretVersionType, Name: "version", Props: pulumi.Map{"secretString": s(value)}}
	}
	tests := []struct {
		name          string
		before, after enginetest.Resource
		want          []string
	}{
		{"a policy's document", res(policyType, "x", pulumi.Map{"name": s("x"), "policy": s(document)}), res(policyType, "x", pulumi.Map{"name": s("x"), "policy": s(other)}), []string{"update Policy x [policy]"}},
		{"a policy's description", res(policyType, "x", pulumi.Map{"policy": s(document)}), res(policyType, "x", pulumi.Map{"policy": s(document), "description": s("new")}), []string{"create-replacement Policy x [description]", "replace Policy x [description]", "delete-replaced Policy x"}},
		{"a role's trust", role, res(roleType, "role", merge(role.Props, pulumi.Map{"assumeRolePolicy": s(trusting)})), []string{"update Role role [assumeRolePolicy]"}},
		{"a role's name", role, res(roleType, "role", merge(role.Props, pulumi.Map{"name": s("other")})), []string{"delete-replaced Role role", "replace Role role [name]", "create-replacement Role role [name]"}},
		{"a log group's retention", res(logGroupType, "x", pulumi.Map{}), res(logGroupType, "x", pulumi.Map{"retentionInDays": pulumi.Int(7)}), []string{"update LogGroup x [retentionInDays]"}},
		{"an issuer's client ids", res(oidcType, "x", pulumi.Map{"url": s("https://a"), "clientIdLists": pulumi.StringArray{s("a")}}), res(oidcType, "x", pulumi.Map{"url": s("https://a"), "clientIdLists": pulumi.StringArray{s("a"), s("b")}}), []string{"update OpenIdConnectProvider x [clientIdLists[1]]"}},
		{"a task's size", res(taskDefinitionType, "x", fargate), res(taskDefinitionType, "x", merge(fargate, pulumi.Map{"memory": s("1024")})), []string{"create-replacement TaskDefinition x [memory]", "replace TaskDefinition x [memory]", "delete-replaced TaskDefinition x"}},
		{"a task's tags", res(taskDefinitionType, "x", fargate), res(taskDefinitionType, "x", merge(fargate, pulumi.Map{"tags": pulumi.StringMap{"team": s("x")}})), []string{"update TaskDefinition x [tags]"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := enginetest.New(t, newWorld(), program(test.before), nil)
			e.MustUp()
			e.SetProgram(program(test.after))
			require.Equal(t, test.want, e.MustUp().Plan())
			require.Empty(t, e.MustUp().Plan())
		})
	}

	t.Run("a secret's value", func(t *testing.T) {
		w := newWorld()
		e := enginetest.New(t, w, program(res(secretType, "secret", pulumi.Map{})), nil)
		secret := string(e.MustUp().Resource("secret").ID)
		with := func(value string) pulumi.RunFunc {
			v := version(value)
			v.Props["secretId"] = s(secret)
			return program(res(secretType, "secret", pulumi.Map{}), v)
		}
		e.SetProgram(with("first"))
		made := e.MustUp().Resource("version")
		require.Equal(t, secret+"|"+made.Outputs["versionId"].StringValue(), string(made.ID))
		require.True(t, made.Outputs["secretString"].IsSecret(), "the provider marks the value secret by itself")
		e.SetProgram(with("second"))
		require.Equal(t, []string{"create-replacement SecretVersion version [secretString]", "replace SecretVersion version [secretString]", "delete-replaced SecretVersion version"}, e.MustUp().Plan())
	})
}

func TestRefused(t *testing.T) {
	logged := `[{"name":"app","image":"app:1","logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/none","awslogs-region":"eu-west-1"}}}]`
	withSecret := `[{"name":"app","image":"app:1","secrets":[{"name":"KEY","valueFrom":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:none-abcdef"}]}]`
	task := func(changes pulumi.Map) enginetest.Resource {
		return res(taskDefinitionType, "task", merge(fargate, changes))
	}
	service := func(changes pulumi.Map) enginetest.Resource {
		return res(serviceType, "service", merge(runningService, changes))
	}
	tests := []struct {
		name      string
		resources []enginetest.Resource
		want      string
	}{
		{"unknown type", []enginetest.Resource{res("aws:s3/bucket:Bucket", "x", pulumi.Map{})}, "does not model the resource type aws:s3/bucket:Bucket"},
		{"unknown property", []enginetest.Resource{res(logGroupType, "x", pulumi.Map{"retention": pulumi.Int(7)})}, `unknown property "retention"`},
		{"unknown nested property", []enginetest.Resource{service(pulumi.Map{"networkConfiguration": pulumi.Map{"subnets": pulumi.StringArray{}, "subnetz": s("x")}})}, "networkConfiguration.subnetz"},
		{"missing property", []enginetest.Resource{res(attachmentType, "x", pulumi.Map{"role": s("app")})}, `missing required property "policyArn"`},
		{"missing union", []enginetest.Resource{res(roleType, "x", pulumi.Map{})}, `missing required property "assumeRolePolicy"`},
		{"wrong type", []enginetest.Resource{res(logGroupType, "x", pulumi.Map{"retentionInDays": s("week")})}, "must be a whole number, not a string"},
		{"policy that does not parse", []enginetest.Resource{res(policyType, "x", pulumi.Map{"policy": s("{")})}, "MalformedPolicyDocument"},
		{"policy without statement", []enginetest.Resource{res(policyType, "x", pulumi.Map{"policy": s("{}")})}, "It has no Statement"},
		{"role name too long", []enginetest.Resource{res(roleType, "x", pulumi.Map{"name": s(strings.Repeat("a", 65)), "assumeRolePolicy": s(trust)})}, "longer than 64"},
		{"role name characters", []enginetest.Resource{res(roleType, "x", pulumi.Map{"name": s("a b"), "assumeRolePolicy": s(trust)})}, `"a b" must match`},
		{"path", []enginetest.Resource{res(roleType, "x", merge(role.Props, pulumi.Map{"path": s("team")}))}, "must begin and end with a slash"},
		{"boundary", []enginetest.Resource{res(roleType, "x", merge(role.Props, pulumi.Map{"permissionsBoundary": s("b")}))}, "invalid ARN"},
		{"role twice", []enginetest.Resource{role, res(roleType, "x", role.Props)}, "Role with name app already exists"},
		{"policy twice", []enginetest.Resource{res(policyType, "x", pulumi.Map{"name": s("p"), "policy": s(document)}), res(policyType, "y", pulumi.Map{"name": s("P"), "policy": s(document)})}, "A policy called P already exists"},
		{"issuer twice", []enginetest.Resource{everything()[4], res(oidcType, "x", everything()[4].Props)}, "Provider with url https://issuer.example.com/id/1 already exists"},
		{"attachment without role", []enginetest.Resource{res(attachmentType, "x", pulumi.Map{"role": s("none"), "policyArn": s(readOnly)})}, "The role with name none cannot be found"},
		{"attachment without policy", []enginetest.Resource{role, res(attachmentType, "x", pulumi.Map{"role": s("app"), "policyArn": s("arn:aws:iam::111122223333:policy/none")})}, "does not exist or is not attachable"},
		{"inline policy without role", []enginetest.Resource{res(rolePolicyType, "x", pulumi.Map{"role": s("none"), "policy": s(document)})}, "NoSuchEntity"},
		{"log group twice", []enginetest.Resource{res(logGroupType, "x", pulumi.Map{"name": s("l")}), res(logGroupType, "y", pulumi.Map{"name": s("l")})}, "ResourceAlreadyExistsException"},
		{"retention", []enginetest.Resource{res(logGroupType, "x", pulumi.Map{"retentionInDays": pulumi.Int(2)})}, "expected one of"},
		{"recovery window", []enginetest.Resource{res(secretType, "x", pulumi.Map{"recoveryWindowInDays": pulumi.Int(3)})}, "from 7 to 30"},
		{"secret twice", []enginetest.Resource{res(secretType, "x", pulumi.Map{"name": s("k")}), res(secretType, "y", pulumi.Map{"name": s("k")})}, "the secret k already exists"},
		{"version without secret", []enginetest.Resource{res(secretVersionType, "x", pulumi.Map{"secretId": s("none"), "secretString": s("v")})}, "can't find the specified secret"},
		{"version without value", []enginetest.Resource{res(secretVersionType, "x", pulumi.Map{"secretId": s("none")})}, "exactly one of secretString and secretBinary"},
		{"containers that do not parse", []enginetest.Resource{task(pulumi.Map{"containerDefinitions": s("{}")})}, "container_definitions is invalid"},
		{"container without image", []enginetest.Resource{task(pulumi.Map{"containerDefinitions": s(`[{"name":"app"}]`)})}, "should not be null or empty"},
		{"Fargate size", []enginetest.Resource{task(pulumi.Map{"memory": s("4096")})}, "No Fargate configuration exists for given values: 256 CPU, 4096 memory"},
		{"Fargate without size", []enginetest.Resource{task(pulumi.Map{"memory": nil})}, "defined at the task level"},
		{"Fargate network", []enginetest.Resource{task(pulumi.Map{"networkMode": s("bridge")})}, "only supports network mode 'awsvpc'"},
		{"secrets without execution role", []enginetest.Resource{task(pulumi.Map{"containerDefinitions": s(withSecret)})}, "must also specify a value for 'executionRoleArn'"},
		{"logs without execution role", []enginetest.Resource{task(pulumi.Map{"containerDefinitions": s(logged)})}, "to support log driver awslogs"},
		{"service without cluster", []enginetest.Resource{task(nil), service(pulumi.Map{"cluster": s("none")})}, "ClusterNotFoundException"},
		{"service without task", []enginetest.Resource{service(nil)}, "TaskDefinition not found"},
		{"service without network", []enginetest.Resource{task(nil), service(pulumi.Map{"networkConfiguration": nil})}, "Network Configuration must be provided"},
		{"service without its role", []enginetest.Resource{task(pulumi.Map{"executionRoleArn": s("arn:aws:iam::111122223333:role/none")}), service(nil)}, "unable to assume the role"},
		{"service without its log group", []enginetest.Resource{role, task(pulumi.Map{"executionRoleArn": s("arn:aws:iam::111122223333:role/app"), "containerDefinitions": s(logged)}), service(nil)}, "the log group /none does not exist"},
		{"service without its secret", []enginetest.Resource{role, task(pulumi.Map{"executionRoleArn": s("arn:aws:iam::111122223333:role/app"), "containerDefinitions": s(withSecret)}), service(nil)}, "unable to pull secrets"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			up := enginetest.New(t, newWorld(), program(test.resources...), nil).Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), test.want)
		})
	}
}

// A service whose tasks do not start exists nevertheless: the next update goes on from there.
func TestServiceConverges(t *testing.T) {
	logged := fargateWithLogs("/ecs/app")
	writes := res(rolePolicyType, "writes", pulumi.Map{"role": s("app"), "policy": s(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`)})
	e := enginetest.New(t, newWorld(), program(role, writes, logged, res(serviceType, "service", runningService)), nil)
	require.Error(t, e.Up().Err)
	e.SetProgram(program(role, writes, res(logGroupType, "logs", pulumi.Map{"name": s("/ecs/app")}), logged, res(serviceType, "service", runningService)))
	up := e.MustUp()
	require.Equal(t, 1, up.Changes["create"], "nothing is made twice")
	require.Equal(t, 1, up.Changes["update"])
	require.Empty(t, e.MustUp().Plan())
}

func fargateWithLogs(group string) enginetest.Resource {
	return res(taskDefinitionType, "task", merge(fargate, pulumi.Map{
		"executionRoleArn":     s("arn:aws:iam::111122223333:role/app"),
		"containerDefinitions": s(`[{"name":"app","image":"app:1","logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"` + group + `","awslogs-region":"eu-west-1"}}}]`),
	}))
}

func TestDeleteConflicts(t *testing.T) {
	attached := []enginetest.Resource{role, res(attachmentType, "attachment", pulumi.Map{"role": s("app"), "policyArn": s(readOnly)})}
	inline := []enginetest.Resource{role, res(rolePolicyType, "inline", pulumi.Map{"role": s("app"), "policy": s(document)})}
	for name, resources := range map[string][]enginetest.Resource{"must detach all policies first": attached, "must delete policies first": inline} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			first := enginetest.New(t, w, program(resources[:1]...), nil)
			first.MustUp()
			// Another stack adds to the role, which the first does not know.
			second := enginetest.New(t, w, program(resources[1:]...), nil)
			second.MustUp()
			require.Contains(t, first.Destroy().Messages(), name)
			require.NoError(t, second.Destroy().Err)
			require.NoError(t, first.Destroy().Err)
		})
	}
}

// The vendor's grant names the role's unique id: it does not survive the role.
func TestRoleMadeAgainIsAnother(t *testing.T) {
	e := enginetest.New(t, newWorld(), program(role), nil)
	first := e.MustUp().Resource("role").Outputs["uniqueId"]
	require.NoError(t, e.Destroy().Err)
	require.NotEqual(t, first, e.MustUp().Resource("role").Outputs["uniqueId"])
}

func TestRevisionsNeverRepeat(t *testing.T) {
	w := newWorld()
	e := enginetest.New(t, w, program(res(taskDefinitionType, "task", fargate)), nil)
	for _, revision := range []string{"app:1", "app:2"} {
		require.Contains(t, e.MustUp().Resource("task").Outputs["arn"].StringValue(), revision)
		require.NoError(t, e.Destroy().Err)
	}
	e.MustUp()
	e.SetProgram(program(res(taskDefinitionType, "task", merge(fargate, pulumi.Map{"cpu": s("512"), "memory": s("1024")}))))
	require.Contains(t, e.MustUp().Resource("task").Outputs["arn"].StringValue(), "app:4")
	require.Len(t, w.List(taskDefinitionType, account+"/"+region), 1, "the old revision is deregistered")
}

func TestRefreshSeesWhatIsGone(t *testing.T) {
	w := newWorld()
	e := enginetest.New(t, w, program(role), nil)
	e.MustUp()
	w.Remove(w.Get(roleType, account, "app"))
	refreshed := e.Refresh()
	require.NoError(t, refreshed.Err)
	require.Nil(t, refreshed.Resource("role"))
	require.Equal(t, []string{"create Role role"}, e.MustUp().Plan())
}

func TestImport(t *testing.T) {
	w := newWorld()
	enginetest.New(t, w, program(role), nil).MustUp()
	adopted := role
	adopted.Options = []pulumi.ResourceOption{pulumi.Import(pulumi.ID("app"))}
	up := enginetest.New(t, w, program(adopted), nil).MustUp()
	require.Contains(t, up.Plan(), "import Role role")
}

func TestAutomaticNames(t *testing.T) {
	e := enginetest.New(t, newWorld(), program(res(roleType, "app", pulumi.Map{"assumeRolePolicy": s(trust)})), nil)
	id := e.MustUp().Resource("app").ID
	require.Regexp(t, `^app-[0-9a-f]{7}$`, string(id))
	require.Equal(t, id, e.MustUp().Resource("app").ID, "the name stays")
}

func TestDefaultTags(t *testing.T) {
	tagged := func(tags pulumi.StringMap, resources ...enginetest.Resource) pulumi.RunFunc {
		return enginetest.Program(provider(aws.ProviderArgs{DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: tags}}), resources...)
	}
	own := res(logGroupType, "logs", pulumi.Map{"tags": pulumi.StringMap{"team": s("mine")}})
	e := enginetest.New(t, newWorld(), tagged(pulumi.StringMap{"team": s("all"), "stage": s("dev")}, own), nil)
	tags := e.MustUp().Resource("logs").Outputs["tagsAll"].ObjectValue()
	require.Equal(t, "mine", tags["team"].StringValue(), "the resource's own tag wins")
	require.Equal(t, "dev", tags["stage"].StringValue())
	e.SetProgram(tagged(pulumi.StringMap{"stage": s("prod")}, own))
	require.Contains(t, e.MustUp().Plan(), "update LogGroup logs [tags.stage]")
}

func TestProviderConfiguration(t *testing.T) {
	tests := []struct {
		name string
		args aws.ProviderArgs
		want string
	}{
		{"region", aws.ProviderArgs{Region: s("mars")}, `invalid AWS Region: "mars"`},
		{"account", aws.ProviderArgs{AllowedAccountIds: pulumi.StringArray{s("444455556666")}}, "AWS account ID not allowed: 111122223333"},
		{"forbidden account", aws.ProviderArgs{ForbiddenAccountIds: pulumi.StringArray{s(account)}}, "AWS account ID forbidden: 111122223333"},
		{"role of an unknown account", aws.ProviderArgs{AssumeRole: &aws.ProviderAssumeRoleArgs{RoleArn: s("arn:aws:iam::999988887777:role/x")}}, "cannot assume IAM Role"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			up := enginetest.New(t, newWorld(), enginetest.Program(provider(test.args), role), nil).Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), test.want)
		})
	}
	t.Run("nobody is signed in", func(t *testing.T) {
		require.Contains(t, enginetest.New(t, cloud.NewWorld(), program(role), nil).Up().Messages(), "nobody is signed in")
	})
	t.Run("allowed account", func(t *testing.T) {
		allowed := aws.ProviderArgs{AllowedAccountIds: pulumi.StringArray{s(account)}}
		enginetest.New(t, newWorld(), enginetest.Program(provider(allowed), role), nil).MustUp()
	})
}
