package aws_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

const (
	scope          = account + "/" + region
	image          = account + ".dkr.ecr." + region + ".amazonaws.com/hub:1"
	certificate    = "arn:aws:acm:eu-west-1:111122223333:certificate/1"
	kmsKey         = "arn:aws:kms:eu-west-1:111122223333:key/1"
	topic          = "arn:aws:sns:eu-west-1:111122223333:alarms"
	executionRole  = "arn:aws:iam::111122223333:role/app"
	ingressType    = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressType     = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	targetType     = "aws:appautoscaling/target:Target"
	scalingType    = "aws:appautoscaling/policy:Policy"
	namespaceType  = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
	registryType   = "aws:servicediscovery/service:Service"
	alarmType      = "aws:cloudwatch/metricAlarm:MetricAlarm"
	scaledResource = "service/dev/app"
)

// ecsWorld has all that a service on ECS takes for granted.
func ecsWorld() *cloud.World {
	w := newWorld()
	w.SeedCertificate(network, certificate)
	w.SeedKey(network, kmsKey)
	w.SeedTopic(network, topic)
	w.SeedBucket(network, "access-logs")
	w.SeedECR(world.ECRRepository{Account: account, Region: region, Name: "hub"})
	return w
}

// of is a property of a resource that the program made before.
type of struct{ name, property string }

// label is the resource label of a target group behind a load balancer.
type label struct{ balancer, group string }

// step is a resource whose properties may take those of earlier ones: an `of` at any depth of the map.
type step struct {
	typ, name string
	props     map[string]any
	options   []pulumi.ResourceOption
}

// made is a resource of any type, with all that the provider answers.
type made struct {
	pulumi.CustomResourceState
	Arn       pulumi.StringOutput `pulumi:"arn"`
	ArnSuffix pulumi.StringOutput `pulumi:"arnSuffix"`
}

// stack registers the steps, each dependent on the one before.
func stack(steps ...step) pulumi.RunFunc { return unordered(0, steps...) }

// unordered does so with all but the last ones, which depend on the one before those.
func unordered(last int, steps ...step) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		p, err := provider(aws.ProviderArgs{})(ctx)
		if err != nil {
			return err
		}
		known := map[string]*made{}
		var before []pulumi.Resource
		for i, s := range steps {
			r := &made{}
			options := append([]pulumi.ResourceOption{pulumi.Provider(p), pulumi.DependsOn(before)}, s.options...)
			if err := ctx.RegisterResource(s.typ, s.name, inputs(known, s.props).(pulumi.Map), r, options...); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			known[s.name] = r
			if i < len(steps)-last {
				before = []pulumi.Resource{r}
			}
		}
		return nil
	}
}

func inputs(known map[string]*made, v any) pulumi.Input {
	switch v := v.(type) {
	case of:
		switch r := known[v.name]; v.property {
		case "id":
			return r.ID()
		case "arnSuffix":
			return r.ArnSuffix
		default:
			return r.Arn
		}
	case label:
		return pulumi.Sprintf("%s/%s", known[v.balancer].ArnSuffix, known[v.group].ArnSuffix)
	case map[string]any:
		m := pulumi.Map{}
		for key, e := range v {
			m[key] = inputs(known, e)
		}
		return m
	case []any:
		a := pulumi.Array{}
		for _, e := range v {
			a = append(a, inputs(known, e))
		}
		return a
	}
	// A container refers to a secret by its ARN, in the midst of a text.
	if text, ok := v.(string); ok && strings.Contains(text, "{secret}") {
		return known["secret"].Arn.ApplyT(func(arn string) string { return strings.ReplaceAll(text, "{secret}", arn) }).(pulumi.StringOutput)
	}
	return pulumi.Any(v)
}

type props = map[string]any

// changed returns properties with some replaced, at dotted paths of maps; nil removes one.
func changed(p props, changes props) props {
	copied := maps.Clone(p)
	for path, v := range changes {
		key, rest, deeper := strings.Cut(path, ".")
		switch {
		case deeper:
			inner, _ := copied[key].(props)
			copied[key] = changed(inner, props{rest: v})
		case v == nil:
			delete(copied, key)
		default:
			copied[key] = v
		}
	}
	return copied
}

// definitions are the container definitions of the gateway.
func definitions(changes ...func(c []props)) string {
	logs := props{"logDriver": "awslogs", "options": props{"awslogs-group": "/ecs/app", "awslogs-region": region, "awslogs-stream-prefix": "app"}}
	data := []props{{"sourceVolume": "data", "containerPath": "/app/data"}}
	c := []props{
		{"name": "config", "image": image, "essential": false, "mountPoints": data, "logConfiguration": logs, "readonlyRootFilesystem": true},
		{
			"name": "app", "image": image, "essential": true, "mountPoints": data, "logConfiguration": logs, "readonlyRootFilesystem": true, "stopTimeout": 60,
			"dependsOn": []props{{"containerName": "config", "condition": "SUCCESS"}}, "portMappings": []props{{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}},
			"environment": []props{{"name": "A", "value": "b"}},
			"healthCheck": props{"command": []string{"CMD-SHELL", "wget -q http://127.0.0.1:8080/health || exit 1"}, "interval": 30, "timeout": 5, "retries": 3, "startPeriod": 60},
		},
	}
	for _, change := range changes {
		change(c)
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(b)
}

var rights = statement(`{"Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":"*"},` +
	`{"Effect":"Allow","Action":["ecr:BatchCheckLayerAvailability","ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],"Resource":"arn:aws:ecr:eu-west-1:111122223333:repository/hub"},` +
	`{"Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/key-*"},` +
	`{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":"` + kmsKey + `","Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.eu-west-1.amazonaws.com"}}},` +
	`{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/app:*"}`)

// production is a service with all that may stand around it.
func production() []step {
	rule := func(name, typ, group string, more props) step {
		p := props{"securityGroupId": of{group, "id"}, "ipProtocol": "tcp", "fromPort": 8080, "toPort": 8080}
		return step{typ: typ, name: name, props: changed(p, more)}
	}
	steps := []step{
		{typ: roleType, name: "role", props: props{"name": "app", "assumeRolePolicy": trust}},
		{typ: roleType, name: "task-role", props: props{"name": "task", "assumeRolePolicy": trust}},
		{typ: rolePolicyType, name: "rights", props: props{"name": "rights", "role": "app", "policy": rights}},
		{typ: logGroupType, name: "logs", props: props{"name": "/ecs/app", "retentionInDays": 30, "kmsKeyId": kmsKey}},
		{typ: pulumitype.AwsSecurityGroup, name: "lb-group", props: props{"vpcId": "vpc-0", "description": "load balancer"}},
		{typ: pulumitype.AwsSecurityGroup, name: "tasks-group", props: props{"vpcId": "vpc-0", "description": "tasks"}},
		rule("lb-in", ingressType, "lb-group", props{"cidrIpv4": "10.0.0.0/16", "fromPort": 443, "toPort": 443}),
		rule("lb-out", egressType, "lb-group", props{"referencedSecurityGroupId": of{"tasks-group", "id"}}),
		rule("tasks-in", ingressType, "tasks-group", props{"referencedSecurityGroupId": of{"lb-group", "id"}}),
		rule("tasks-out", egressType, "tasks-group", props{"ipProtocol": "-1", "fromPort": nil, "toPort": nil, "cidrIpv4": "0.0.0.0/0"}),
	}
	for _, p := range []struct {
		protocol string
		port     int
	}{{"tcp", 10101}, {"udp", 10101}, {"tcp", 10102}} {
		steps = append(steps, rule(fmt.Sprintf("cluster-%s-%d", p.protocol, p.port), ingressType, "tasks-group", props{
			"referencedSecurityGroupId": of{"tasks-group", "id"}, "ipProtocol": p.protocol, "fromPort": p.port, "toPort": p.port,
		}))
	}
	forward := []any{props{"type": "forward", "targetGroupArn": of{"targets", "arn"}}}
	scaled := props{"resourceId": scaledResource, "scalableDimension": "ecs:service:DesiredCount", "serviceNamespace": "ecs"}
	tracking := func(metric string, more props) props {
		p := changed(scaled, props{"policyType": "TargetTrackingScaling", "targetTrackingScalingPolicyConfiguration": props{
			"targetValue": 60, "scaleInCooldown": 300, "scaleOutCooldown": 60, "predefinedMetricSpecification": changed(props{"predefinedMetricType": metric}, more),
		}})
		return changed(p, props{"name": "app-" + metric})
	}
	alarm := props{
		"comparisonOperator": "GreaterThanOrEqualToThreshold", "evaluationPeriods": 3, "datapointsToAlarm": 2, "threshold": 1, "treatMissingData": "notBreaching",
		"alarmActions": []any{topic}, "namespace": "AWS/ApplicationELB", "metricName": "UnHealthyHostCount", "period": 60, "statistic": "Maximum",
		"dimensions": props{"LoadBalancer": of{"lb", "arnSuffix"}, "TargetGroup": of{"targets", "arnSuffix"}},
	}
	return append(steps,
		step{typ: pulumitype.AwsLoadBalancer, name: "lb", props: props{"internal": true, "loadBalancerType": "application", "subnets": []any{"subnet-0a", "subnet-0b"}, "securityGroups": []any{of{"lb-group", "id"}}, "idleTimeout": 600, "dropInvalidHeaderFields": true, "accessLogs": props{"bucket": "access-logs", "enabled": true}}},
		step{typ: pulumitype.AwsTargetGroup, name: "targets", props: props{"port": 8080, "protocol": "HTTP", "targetType": "ip", "vpcId": "vpc-0", "deregistrationDelay": 600, "healthCheck": props{"path": "/health", "matcher": "200", "interval": 15, "timeout": 5}}},
		step{typ: pulumitype.AwsListener, name: "https", props: props{"loadBalancerArn": of{"lb", "arn"}, "port": 443, "protocol": "HTTPS", "certificateArn": certificate, "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06", "defaultActions": forward}},
		step{typ: pulumitype.AwsListener, name: "http", props: props{"loadBalancerArn": of{"lb", "arn"}, "port": 80, "protocol": "HTTP", "defaultActions": []any{props{"type": "redirect", "redirect": props{"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}}}},
		step{typ: namespaceType, name: "namespace", props: props{"name": "gateway.internal", "vpc": "vpc-0"}},
		step{typ: registryType, name: "registry", props: props{"name": "app", "dnsConfig": props{"namespaceId": of{"namespace", "id"}, "dnsRecords": []any{props{"type": "A", "ttl": 10}}, "routingPolicy": "MULTIVALUE"}, "healthCheckCustomConfig": props{"failureThreshold": 1}}},
		step{typ: taskDefinitionType, name: "task", props: props{"family": "app", "cpu": "512", "memory": "1024", "networkMode": "awsvpc", "requiresCompatibilities": []any{"FARGATE"}, "executionRoleArn": executionRole, "taskRoleArn": "arn:aws:iam::111122223333:role/task", "runtimePlatform": props{"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}, "volumes": []any{props{"name": "data"}}, "containerDefinitions": definitions()}},
		step{typ: serviceType, name: "service", props: props{
			"name": "app", "cluster": "dev", "taskDefinition": of{"task", "arn"}, "launchType": "FARGATE", "desiredCount": 2, "waitForSteadyState": true,
			"networkConfiguration": props{"subnets": []any{"subnet-0a", "subnet-0b"}, "securityGroups": []any{of{"tasks-group", "id"}}},
			"loadBalancers":        []any{props{"targetGroupArn": of{"targets", "arn"}, "containerName": "app", "containerPort": 8080}}, "healthCheckGracePeriodSeconds": 60,
			"serviceRegistries":        props{"registryArn": of{"registry", "arn"}},
			"deploymentCircuitBreaker": props{"enable": true, "rollback": true}, "deploymentMinimumHealthyPercent": 100, "deploymentMaximumPercent": 200,
		}, options: []pulumi.ResourceOption{pulumi.IgnoreChanges([]string{"desiredCount"})}},
		step{typ: targetType, name: "scalable", props: changed(scaled, props{"minCapacity": 2, "maxCapacity": 6})},
		step{typ: scalingType, name: "cpu", props: tracking("ECSServiceAverageCPUUtilization", nil)},
		step{typ: scalingType, name: "memory", props: tracking("ECSServiceAverageMemoryUtilization", nil)},
		step{typ: scalingType, name: "requests", props: tracking("ALBRequestCountPerTarget", props{"resourceLabel": label{"lb", "targets"}})},
		step{typ: alarmType, name: "unhealthy", props: alarm},
		step{typ: alarmType, name: "below-desired", props: changed(alarm, props{"namespace": nil, "metricName": nil, "period": nil, "statistic": nil, "dimensions": nil, "metricQueries": []any{
			props{"id": "missing", "expression": "desired - running", "returnData": true},
			props{"id": "desired", "metric": props{"metricName": "DesiredTaskCount", "namespace": "ECS/ContainerInsights", "period": 60, "stat": "Average"}},
			props{"id": "running", "metric": props{"metricName": "RunningTaskCount", "namespace": "ECS/ContainerInsights", "period": 60, "stat": "Average"}},
		}})},
	)
}

// with returns the steps with one changed.
func with(steps []step, name string, changes props) []step {
	i := slices.IndexFunc(steps, func(s step) bool { return s.name == name })
	steps = slices.Clone(steps)
	steps[i].props = changed(steps[i].props, changes)
	return steps
}

// without returns the steps without some.
func without(steps []step, names ...string) []step {
	return slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return slices.Contains(names, s.name) })
}

func TestServiceLifecycle(t *testing.T) {
	w := ecsWorld()
	before := len(w.Resources)
	e := enginetest.New(t, w, stack(production()...), nil)
	up := e.MustUp()
	require.Equal(t, map[string]int{"create": len(production()) + 2}, up.Changes)
	require.Empty(t, w.Warnings)
	same := map[string]int{"same": len(production()) + 2}
	require.Equal(t, same, e.MustUp().Changes)
	require.NoError(t, e.Refresh().Err)
	require.Equal(t, same, e.MustUp().Changes, "what is read is what was asked for")

	require.Regexp(t, `^internal-lb-[0-9a-f]{7}-\d+\.eu-west-1\.elb\.amazonaws\.com$`, up.Resource("lb").Outputs["dnsName"].StringValue())
	require.Regexp(t, `^arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/lb-[0-9a-f]{7}/[0-9a-f]{16}/[0-9a-f]{16}$`, string(up.Resource("https").ID))

	gone := e.Destroy()
	require.NoError(t, gone.Err, gone.Diagnostics)
	require.Len(t, w.Resources, before, "something is left")
}

// The number of tasks is autoscaling's: a change of the cloud stays, through a deployment too.
func TestDesiredCountIsLeftAlone(t *testing.T) {
	w := ecsWorld()
	e := enginetest.New(t, w, stack(production()...), nil)
	e.MustUp()
	running := w.List(serviceType, scope)[0]
	running.State["desiredCount"] = 5.0
	e.SetProgram(stack(with(with(production(), "task", props{"memory": "2048"}), "service", props{"desiredCount": 3})...))
	e.MustUp()
	require.Equal(t, 5.0, running.State["desiredCount"])
	require.Contains(t, running.State["taskDefinition"], "app:2")

	e.SetProgram(stack(with(production(), "scalable", props{"maxCapacity": 4})...))
	e.MustUp()
	require.Equal(t, 4.0, running.State["desiredCount"], "autoscaling keeps it within the target's bounds")
}
