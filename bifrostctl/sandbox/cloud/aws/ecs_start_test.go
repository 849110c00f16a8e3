package aws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

// withSecret is the service with a secret that is encrypted with the customer's key.
func withSecret() []step {
	var steps []step
	for _, s := range production() {
		if s.name == "task" {
			steps = append(steps,
				step{typ: secretType, name: "secret", props: props{"name": "app/key", "kmsKeyId": kmsKey, "recoveryWindowInDays": 0}},
				step{typ: secretVersionType, name: "version", props: props{"secretId": of{"secret", "arn"}, "secretString": "v"}})
			s.props = changed(s.props, props{"containerDefinitions": definitions(func(c []props) {
				c[1]["secrets"] = []props{{"name": "KEY", "valueFrom": "{secret}"}}
			})})
		}
		steps = append(steps, s)
	}
	return steps
}

// startUnder makes everything but the service, lets the clouds be edited, and makes the rest.
func startUnder(t *testing.T, steps []step, edit func(*cloud.World)) (*cloud.World, *enginetest.Result) {
	t.Helper()
	w := ecsWorld()
	e := enginetest.New(t, w, stack(without(steps, "service", "scalable", "cpu", "memory", "requests")...), nil)
	e.MustUp()
	if edit != nil {
		edit(w)
	}
	e.SetProgram(stack(steps...))
	return w, e.Up()
}

// network tables of the world, which edits change.
func routes(w *cloud.World, kind string) *world.Resource {
	for _, table := range w.List(pulumitype.AwsRouteTable, scope) {
		text := fmt.Sprint(table.State["routes"])
		if strings.Contains(text, kind) {
			return table
		}
	}
	return nil
}

func noWayOut(w *cloud.World) { routes(w, "nat-").State["routes"] = []any{} }

// endpoints puts VPC endpoints of services in the network, with the group sg-0.
func endpoints(services ...string) func(*cloud.World) {
	return func(w *cloud.World) {
		table := routes(w, "nat-").ID
		noWayOut(w)
		for _, service := range services {
			state := props{
				"vpcId": "vpc-0", "serviceName": "com.amazonaws.eu-west-1." + service, "state": "available", "vpcEndpointType": "Interface",
				"privateDnsEnabled": true, "securityGroupIds": []any{"sg-0"}, "subnetIds": []any{"subnet-0a"},
			}
			if service == "s3" {
				state = changed(state, props{"vpcEndpointType": "Gateway", "routeTableIds": []any{table}, "prefixListId": "pl-0", "privateDnsEnabled": false})
			}
			w.Put(&world.Resource{Type: pulumitype.AwsVpcEndpoint, Scope: scope, ID: "vpce-" + service, Seeded: true, State: state})
		}
		// What the endpoints' group lets in: HTTPS from the VPC.
		w.Get(pulumitype.AwsSecurityGroup, scope, "sg-0").State["ingress"] = []any{
			props{"protocol": "tcp", "fromPort": 443.0, "toPort": 443.0, "cidrBlocks": []any{"10.0.0.0/16"}},
		}
	}
}

var allEndpoints = []string{"ecr.api", "ecr.dkr", "s3", "secretsmanager", "logs"}

func allBut(service string) func(*cloud.World) {
	var left []string
	for _, s := range allEndpoints {
		if s != service {
			left = append(left, s)
		}
	}
	return endpoints(left...)
}

func then(edits ...func(*cloud.World)) func(*cloud.World) {
	return func(w *cloud.World) {
		for _, edit := range edits {
			edit(w)
		}
	}
}

// set changes the state of the one resource of a type whose name or id begins so.
func set(typ, name, property string, v any) func(*cloud.World) {
	return func(w *cloud.World) {
		for _, r := range w.Resources {
			if r.Type == typ && (strings.HasPrefix(r.ID, name) || strings.HasPrefix(fmt.Sprint(r.State["name"]), name)) {
				r.State[property] = v
			}
		}
	}
}

// TestTasksStart: a task starts where all that ECS does for it can be done, and otherwise the reason names what cannot.
func TestTasksStart(t *testing.T) {
	lacking := func(action string) func([]step) []step {
		return func(steps []step) []step {
			return with(steps, "rights", props{"policy": strings.ReplaceAll(rights, `"`+action+`"`, `"s3:GetObject"`)})
		}
	}
	altered := func(name string, changes props) func([]step) []step {
		return func(steps []step) []step { return with(steps, name, changes) }
	}
	containers := func(change func(c []props)) func([]step) []step {
		return altered("task", props{"containerDefinitions": definitions(change)})
	}
	const inTheWay = "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/targets-"
	tests := []struct {
		name   string
		change func([]step) []step
		edit   func(*cloud.World)
		want   []string // none: the tasks start
	}{
		{name: "NAT gateway"},
		{name: "all endpoints", edit: endpoints(allEndpoints...)},
		{name: "public subnets with public addresses", change: altered("service", props{"networkConfiguration.subnets": []any{"subnet-1a", "subnet-1b"}, "networkConfiguration.assignPublicIp": true}), edit: noWayOut},
		{name: "transit gateway", edit: func(w *cloud.World) {
			routes(w, "nat-").State["routes"] = []any{props{"cidrBlock": "0.0.0.0/0", "transitGatewayId": "tgw-0"}}
		}},

		{name: "no right to any token", change: lacking("ecr:GetAuthorizationToken"), want: []string{"CannotPullContainerError", "Amazon ECR GetAuthorizationToken: no token permission"}},
		{name: "no right to the layers", change: lacking("ecr:GetDownloadUrlForLayer"), want: []string{"CannotPullContainerError", "Amazon ECR pull: no pull permission", "ecr:GetDownloadUrlForLayer"}},
		{name: "no right to the secret", change: lacking("secretsmanager:GetSecretValue"), want: []string{"unable to pull secrets or registry auth", "ECS task execution role: forbidden", "secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/key-"}},
		{name: "no right to the key", change: lacking("kms:Decrypt"), want: []string{"ECS task execution role: forbidden", "kms:Decrypt on " + kmsKey}},
		{name: "right to the key through another service", change: altered("rights", props{"policy": strings.ReplaceAll(rights, "secretsmanager.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com")}), want: []string{"kms:Decrypt on " + kmsKey}},
		{name: "right to the key for the secret", change: altered("rights", props{"policy": strings.ReplaceAll(rights, `{"kms:ViaService"`, `{"kms:EncryptionContext:SecretVersionId":"none","kms:ViaService"`)}), want: []string{"kms:Decrypt on " + kmsKey}},
		{name: "disabled key", edit: set(pulumitype.AwsKey, kmsKey, "isEnabled", false), want: []string{"does not exist or is disabled"}},
		{name: "key that does not leave its use to the account", edit: set(pulumitype.AwsKey, kmsKey, "policy", statement(`{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::999988887777:root"}}`)), want: []string{"neither allows kms:Decrypt"}},
		{name: "key that names the role", change: lacking("kms:Decrypt"), edit: set(pulumitype.AwsKey, kmsKey, "policy", statement(`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Principal":{"AWS":"`+executionRole+`"}}`))},
		{name: "no right to the log's streams", change: lacking("logs:CreateLogStream"), want: []string{"failed to validate logger args", "logs:CreateLogStream on arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/app:log-stream:app/config/task"}},
		{name: "no right to the log's events", change: lacking("logs:PutLogEvents"), want: []string{"logs:PutLogEvents"}},
		{name: "execution role of another account's tasks", change: altered("role", props{"assumeRolePolicy": statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Condition":{"StringEquals":{"aws:SourceAccount":"999988887777"}}}`)}), want: []string{"ECS was unable to assume the role '" + executionRole + "'", "condition not met"}},
		{name: "task role of another service", change: altered("task-role", props{"assumeRolePolicy": statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}`)}), want: []string{"ECS was unable to assume the role 'arn:aws:iam::111122223333:role/task'", "ECS task role: not trusted"}},
		{name: "image for the other architecture", edit: set(pulumitype.AwsEcrRepository, "hub", "architectures", []any{"X86_64"}), want: []string{"CannotPullContainerError", "Amazon ECR pull: image not found: image Manifest does not contain descriptor matching platform 'linux/arm64'"}},
		{name: "tag that is not there", edit: set(pulumitype.AwsEcrRepository, "hub", "tags", []any{"2"}), want: []string{"CannotPullContainerError", "image not found"}},

		{name: "no way out", edit: noWayOut, want: []string{"ResourceInitializationError", "dial tcp: api.ecr.eu-west-1.amazonaws.com:443: i/o timeout", "subnet subnet-0a has no default route, and its VPC vpc-0 no endpoint com.amazonaws.eu-west-1.ecr.api"}},
		{name: "no endpoint of ECR's API", edit: allBut("ecr.api"), want: []string{"no endpoint com.amazonaws.eu-west-1.ecr.api"}},
		{name: "no endpoint of the registry", edit: allBut("ecr.dkr"), want: []string{"CannotPullContainerError", "no endpoint com.amazonaws.eu-west-1.ecr.dkr"}},
		{name: "no endpoint of S3", edit: allBut("s3"), want: []string{"CannotPullContainerError", "httpReadSeeker", "no endpoint com.amazonaws.eu-west-1.s3"}},
		{name: "no endpoint of Secrets Manager", edit: allBut("secretsmanager"), want: []string{"operation error Secrets Manager: GetSecretValue", "no endpoint com.amazonaws.eu-west-1.secretsmanager"}},
		{name: "no endpoint of the log", edit: allBut("logs"), want: []string{"connection issue between the task and Amazon CloudWatch", "no endpoint com.amazonaws.eu-west-1.logs"}},
		{name: "endpoint of S3 for other route tables", edit: then(endpoints(allEndpoints...), set(pulumitype.AwsVpcEndpoint, "vpce-s3", "routeTableIds", []any{"rtb-9"})), want: []string{"no endpoint com.amazonaws.eu-west-1.s3"}},
		{name: "endpoint without private DNS", edit: then(endpoints(allEndpoints...), set(pulumitype.AwsVpcEndpoint, "vpce-logs", "privateDnsEnabled", false)), want: []string{"no endpoint com.amazonaws.eu-west-1.logs"}},
		{name: "endpoint that lets nobody in", edit: then(endpoints(allEndpoints...), set(pulumitype.AwsSecurityGroup, "sg-0", "ingress", []any{})), want: []string{"of the endpoint vpce-ecr.api lets the tasks in on port 443"}},
		{name: "public subnet without public addresses", change: altered("service", props{"networkConfiguration.subnets": []any{"subnet-1a", "subnet-1b"}}), want: []string{"subnet subnet-1a leads to the internet gateway", "the tasks have no public address"}},
		{name: "tasks that are not let out", change: altered("tasks-out", props{"cidrIpv4": "10.0.0.0/16"}), want: []string{"lets them out on port 443 to nat-"}},

		{name: "tasks that do not let the load balancer in", change: func(steps []step) []step { return without(steps, "tasks-in") }, want: []string{inTheWay, "Request timed out: no rule of the tasks' security groups", "lets the load balancer in on port 8080"}},
		{name: "tasks that let it in on another port", change: altered("tasks-in", props{"fromPort": 80, "toPort": 80}), want: []string{inTheWay, "lets the load balancer in on port 8080"}},
		{name: "tasks that let the VPC in", change: altered("tasks-in", props{"referencedSecurityGroupId": nil, "cidrIpv4": "10.0.0.0/16"})},
		{name: "load balancer that is not let out", change: func(steps []step) []step { return without(steps, "lb-out") }, want: []string{inTheWay, "lets it out to the tasks on port 8080"}},
		{name: "check on another port", change: altered("targets", props{"healthCheck.port": "9090"}), want: []string{inTheWay, "nothing listens on port 9090"}},
		{name: "check over HTTPS", change: altered("targets", props{"healthCheck.protocol": "HTTPS"}), want: []string{inTheWay, "the gateway speaks HTTP"}},
		{name: "check that wants another answer", change: altered("targets", props{"healthCheck.matcher": "301-399"}), want: []string{inTheWay, "Health checks failed with these codes: [200]"}},
		{name: "check that wants any success", change: altered("targets", props{"healthCheck.matcher": "200-299,301"})},

		{name: "read-only root without a volume", change: containers(func(c []props) { delete(c[1], "mountPoints") }), want: []string{"Essential container in task exited", "/app/data is not writable: the root file system is read-only"}},
		{name: "read-only volume", change: containers(func(c []props) {
			c[1]["mountPoints"] = []props{{"sourceVolume": "data", "containerPath": "/app/data", "readOnly": true}}
		}), want: []string{"its mount is read-only"}},
		{name: "volume that is root's in the other container", change: containers(func(c []props) {
			c[0]["mountPoints"] = []props{{"sourceVolume": "data", "containerPath": "/config"}}
		}), want: []string{`container "config" mounts volume data at /config, where it is root's: Permission denied`}},
		{name: "which then runs as root", change: containers(func(c []props) {
			c[0]["mountPoints"] = []props{{"sourceVolume": "data", "containerPath": "/config"}}
			c[0]["user"] = "0"
		})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			steps := withSecret()
			if test.change != nil {
				steps = test.change(steps)
			}
			_, up := startUnder(t, steps, test.edit)
			if len(test.want) == 0 {
				require.NoError(t, up.Err, up.Messages())
				return
			}
			require.Error(t, up.Err)
			for _, want := range test.want {
				require.Contains(t, up.Messages(), want)
			}
		})
	}
}

// TestWarningsOfRunningTasks: what does not keep tasks from running is told nevertheless.
func TestWarningsOfRunningTasks(t *testing.T) {
	exec := statement(`{"Effect":"Allow","Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"],"Resource":"*"}`)
	writable := definitions(func(c []props) { c[1]["readonlyRootFilesystem"] = false })
	withExec := func(policy, definitions string) []step {
		steps := with(with(production(), "service", props{"enableExecuteCommand": true}), "task", props{"containerDefinitions": definitions})
		return append([]step{
			{typ: roleType, name: "task-role", props: props{"name": "task", "assumeRolePolicy": trust}},
			{typ: rolePolicyType, name: "exec", props: props{"name": "exec", "role": "task", "policy": policy}},
		}, without(steps, "task-role")...)
	}
	tests := []struct {
		name  string
		steps []step
		edit  func(*cloud.World)
		want  string // "": none
	}{
		{name: "ECS Exec", steps: withExec(exec, writable)},
		{name: "ECS Exec and a read-only root", steps: withExec(exec, definitions()), want: "cannot write to the read-only root file system"},
		{name: "ECS Exec without a right", steps: withExec(strings.ReplaceAll(exec, "ssmmessages:OpenDataChannel", "s3:GetObject"), writable), want: "is not allowed to ssmmessages:OpenDataChannel on *"},
		{name: "ECS Exec without an endpoint", steps: withExec(exec, writable), edit: endpoints(allEndpoints...), want: "no endpoint com.amazonaws.eu-west-1.ssmmessages"},
		{name: "gossip over UDP", steps: without(production(), "cluster-udp-10101"), want: "no ingress rule of their security groups"},
		{name: "gRPC", steps: without(production(), "cluster-tcp-10102"), want: "lets them through on tcp port 10102"},
		{name: "topic", steps: production(), edit: func(w *cloud.World) { w.Remove(w.Get(pulumitype.AwsTopic, scope, topic)) }, want: "a topic that does not exist"},
		{name: "internet-facing in private subnets", steps: with(production(), "lb", props{"internal": false}), want: "subnet subnet-0a has no route to an internet gateway"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := ecsWorld()
			if test.edit != nil {
				test.edit(w)
			}
			up := enginetest.New(t, w, stack(test.steps...), nil).Up()
			require.NoError(t, up.Err, up.Messages())
			warnings := strings.Join(w.Warnings, "\n")
			if test.want == "" {
				require.Empty(t, warnings)
				return
			}
			require.Contains(t, warnings, test.want)
		})
	}
}

// TestNoRoomForADeployment: ECS takes percentages with which a deployment never ends.
func TestNoRoomForADeployment(t *testing.T) {
	w := ecsWorld()
	one := with(with(production(), "service", props{"desiredCount": 1, "deploymentMaximumPercent": 150}), "scalable", props{"minCapacity": 1})
	e := enginetest.New(t, w, stack(one...), nil)
	e.MustUp()
	require.Empty(t, w.Warnings)
	e.SetProgram(stack(with(one, "task", props{"memory": "2048"})...))
	e.MustUp()
	require.Contains(t, strings.Join(w.Warnings, ""), "ECS may neither start one nor stop one")
}

// TestRollbackOfAnImage: an image that cannot be pulled leaves the revision before it running.
func TestRollbackOfAnImage(t *testing.T) {
	w := ecsWorld()
	e := enginetest.New(t, w, stack(production()...), nil)
	e.MustUp()
	set(pulumitype.AwsEcrRepository, "hub", "tags", []any{"1"})(w)
	e.SetProgram(stack(with(production(), "task", props{"containerDefinitions": strings.ReplaceAll(definitions(), "hub:1", "hub:2")})...))
	up := e.MustUp()
	require.Contains(t, up.Resource("service").Outputs["taskDefinition"].StringValue(), "app:1", "the provider calls that a success")
}
