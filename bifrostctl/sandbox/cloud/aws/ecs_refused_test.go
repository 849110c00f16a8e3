package aws_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

// TestRefusedAroundAService: what Elastic Load Balancing, EC2, Application Auto Scaling, Cloud Map, CloudWatch and ECS refuse.
func TestRefusedAroundAService(t *testing.T) {
	forward := []any{props{"type": "forward", "targetGroupArn": of{"targets", "arn"}}}
	redirect := func(changes props) []any {
		return []any{props{"type": "redirect", "redirect": changed(props{"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}, changes)}}
	}
	otherVPC := func(w *cloud.World) {
		w.SeedNetwork(world.Network{Account: account, Region: region, VPC: "vpc-1", Private: []string{"subnet-2a", "subnet-2b"}, SecurityGroups: []string{"sg-1"}})
	}
	long := strings.Repeat("a", 33)
	tests := []struct {
		name, step string
		changes    props
		first      func(*cloud.World)
		want       string
	}{
		{name: "load balancer's name too long", step: "lb", changes: props{"name": long}, want: `cannot be longer than 32 characters`},
		{name: "load balancer's name begins with internal-", step: "lb", changes: props{"name": "internal-a"}, want: `cannot begin with "internal-"`},
		{name: "load balancer's name has other characters", step: "lb", changes: props{"name": "a_b"}, want: "only alphanumeric characters and hyphens"},
		{name: "load balancer's name ends with a hyphen", step: "lb", changes: props{"name": "a-"}, want: "cannot begin or end with a hyphen"},
		{name: "load balancer of a network", step: "lb", changes: props{"loadBalancerType": "network"}, want: "load balancers of type application"},
		{name: "one subnet", step: "lb", changes: props{"subnets": []any{"subnet-0a"}}, want: "At least two subnets in two different Availability Zones must be specified"},
		{name: "two subnets of one zone", step: "lb", changes: props{"subnets": []any{"subnet-0a", "subnet-1a"}}, want: "multiple subnets in the same Availability Zone"},
		{name: "subnet that is not there", step: "lb", changes: props{"subnets": []any{"subnet-0a", "subnet-9"}}, want: "InvalidSubnetID.NotFound: The subnet ID 'subnet-9'"},
		{name: "subnets of two VPCs", step: "lb", changes: props{"subnets": []any{"subnet-0a", "subnet-2b"}}, first: otherVPC, want: "are of different VPCs"},
		{name: "security group of another VPC", step: "lb", changes: props{"securityGroups": []any{"sg-1"}}, first: otherVPC, want: "belong to different networks"},
		{name: "security group that is not there", step: "lb", changes: props{"securityGroups": []any{"sg-9"}}, want: "InvalidGroup.NotFound"},
		{name: "no idle timeout", step: "lb", changes: props{"idleTimeout": 0}, want: "expected idleTimeout to be in the range (1 - 4000), got 0"},
		{name: "long idle timeout", step: "lb", changes: props{"idleTimeout": 4001}, want: "(1 - 4000), got 4001"},
		{name: "bucket that is not there", step: "lb", changes: props{"accessLogs.bucket": "other"}, want: "Access Denied for bucket: other"},
		{name: "internet-facing without an internet gateway", step: "lb", changes: props{"internal": false}, first: func(w *cloud.World) {
			w.Get(pulumitype.AwsVpc, scope, "vpc-0").State["internetGateway"] = ""
		}, want: "InvalidSubnet: VPC vpc-0 has no internet gateway"},

		{name: "target group's name too long", step: "targets", changes: props{"name": long}, want: "cannot be longer than 32 characters"},
		{name: "target group without port", step: "targets", changes: props{"port": nil}, want: `Attribute "port" must be specified when "target_type" is "ip"`},
		{name: "target group of TCP", step: "targets", changes: props{"protocol": "TCP"}, want: "protocol HTTP and HTTPS"},
		{name: "target group of functions", step: "targets", changes: props{"targetType": "lambda"}, want: "expected target_type to be one of"},
		{name: "target group of another VPC", step: "targets", changes: props{"vpcId": "vpc-1"}, first: otherVPC, want: "must be in the same VPC"},
		{name: "target group of no VPC", step: "targets", changes: props{"vpcId": "vpc-9"}, want: "The VPC ID 'vpc-9' is not found"},
		{name: "long deregistration delay", step: "targets", changes: props{"deregistrationDelay": 3601}, want: "expected deregistrationDelay to be in the range (0 - 3600), got 3601"},
		{name: "health check's path", step: "targets", changes: props{"healthCheck.path": "health"}, want: "begin with /"},
		{name: "health check's port", step: "targets", changes: props{"healthCheck.port": "http"}, want: `must be a valid port number`},
		{name: "health check over TCP", step: "targets", changes: props{"healthCheck.protocol": "TCP"}, want: `cannot have value "TCP"`},
		{name: "health check's interval", step: "targets", changes: props{"healthCheck.interval": 4}, want: "(5 - 300), got 4"},
		{name: "health check as long as its interval", step: "targets", changes: props{"healthCheck.timeout": 15}, want: "must be smaller than the interval"},
		{name: "targets by instance", step: "targets", changes: props{"targetType": "instance"}, want: "has target type instance, which is incompatible with the awsvpc network mode specified in the task definition"},

		{name: "HTTPS without certificate", step: "https", changes: props{"certificateArn": nil}, want: "A certificate must be specified for HTTPS listeners"},
		{name: "HTTP with certificate", step: "http", changes: props{"certificateArn": certificate}, want: "A certificate cannot be specified for HTTP listeners"},
		{name: "certificate that is not there", step: "https", changes: props{"certificateArn": certificate + "0"}, want: "CertificateNotFound: Certificate '" + certificate + "0' not found"},
		{name: "certificate that is not issued", step: "https", first: func(w *cloud.World) {
			w.Get(pulumitype.AwsCertificate, scope, certificate).State["status"] = "PENDING_VALIDATION"
		}, want: "UnsupportedCertificate"},
		{name: "TLS policy", step: "https", changes: props{"sslPolicy": "modern"}, want: "SSLPolicyNotFound"},
		{name: "port twice", step: "http", changes: props{"port": 443, "defaultActions": forward}, want: "DuplicateListener"},
		{name: "action without target", step: "https", changes: props{"defaultActions": []any{props{"type": "forward"}}}, want: "must be specified when"},
		{name: "unknown action", step: "https", changes: props{"defaultActions": []any{props{"type": "send"}}}, want: "expected type to be one of"},
		{name: "redirect with 308", step: "http", changes: props{"defaultActions": redirect(props{"statusCode": "HTTP_308"})}, want: "expected status_code to be one of [HTTP_301 HTTP_302]"},
		{name: "redirect to itself", step: "http", changes: props{"defaultActions": redirect(props{"port": "80", "protocol": "HTTP"})}, want: "creates a loop"},
		{name: "target group that is not there", step: "https", changes: props{"defaultActions": []any{props{"type": "forward", "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1"}}}, want: "TargetGroupNotFound"},

		{name: "security group of no VPC", step: "tasks-group", changes: props{"vpcId": "vpc-9"}, want: "InvalidVpcID.NotFound"},
		{name: "security group's name", step: "tasks-group", changes: props{"name": "sg-a"}, want: "cannot begin with sg-"},
		{name: "security group's description", step: "tasks-group", changes: props{"description": "tasks > all"}, want: "must match"},
		{name: "rule without peer", step: "lb-in", changes: props{"cidrIpv4": nil}, want: "Exactly one of these attributes must be configured"},
		{name: "rule with two peers", step: "lb-in", changes: props{"referencedSecurityGroupId": "sg-0"}, want: "Exactly one of these attributes must be configured"},
		{name: "rule's addresses", step: "lb-in", changes: props{"cidrIpv4": "10.0.0.1/16"}, want: "is not a valid IPv4 CIDR block"},
		{name: "rule without ports", step: "lb-in", changes: props{"toPort": nil}, want: "Must specify both from and to ports with TCP/UDP."},
		{name: "rule's ports", step: "lb-in", changes: props{"toPort": 70000}, want: "for portRange"},
		{name: "rule about a group of another VPC", step: "tasks-in", changes: props{"referencedSecurityGroupId": "sg-1"}, first: otherVPC, want: "You have specified two resources that belong to different networks"},
		{name: "rule twice", step: "cluster-tcp-10102", changes: props{"fromPort": 10101, "toPort": 10101}, want: "InvalidPermission.Duplicate"},

		{name: "service scaled that is not there", step: "scalable", changes: props{"resourceId": "service/dev/other"}, want: "ECS service doesn't exist: service/dev/other"},
		{name: "less at most than at least", step: "scalable", changes: props{"maxCapacity": 1}, want: "Maximum capacity cannot be less than minimum capacity"},
		{name: "less than none", step: "scalable", changes: props{"minCapacity": -1}, want: "Minimum capacity cannot be less than 0"},
		{name: "dimension", step: "scalable", changes: props{"scalableDimension": "ecs:service:Memory"}, want: "scalable dimension"},
		{name: "policy of another service", step: "cpu", changes: props{"resourceId": "service/dev/other"}, want: "No scalable target registered"},
		{name: "policy without its type", step: "cpu", changes: props{"policyType": nil}, want: "the default is StepScaling"},
		{name: "metric of another service", step: "cpu", changes: props{metric + "Type": "ASGAverageCPUUtilization"}, want: "is not one of ECS services"},
		{name: "metric twice", step: "memory", changes: props{metric + "Type": "ECSServiceAverageCPUUtilization"}, want: "Only one TargetTrackingScaling policy for a given metric specification is allowed"},
		{name: "requests without label", step: "requests", changes: props{resourceLabel: nil}, want: "A ResourceLabel must be specified"},
		{name: "requests of another load balancer", step: "requests", changes: props{resourceLabel: "app/a/1/targetgroup/b/2"}, want: "is no load balancer with a target group of the service"},
		{name: "CPU with label", step: "cpu", changes: props{resourceLabel: "app/a/1/targetgroup/b/2"}, want: "can be specified only for the metric ALBRequestCountPerTarget"},
		{name: "no target value", step: "cpu", changes: props{tracking + "targetValue": 0}, want: "TargetValue must be greater than 0"},
		{name: "negative cooldown", step: "cpu", changes: props{tracking + "scaleInCooldown": -1}, want: "must be 0 or more seconds"},

		{name: "namespace's name", step: "namespace", changes: props{"name": "a..b"}, want: "is no DNS name"},
		{name: "namespace of no VPC", step: "namespace", changes: props{"vpc": "vpc-9"}, want: "CANNOT_CREATE_HOSTED_ZONE"},
		{name: "namespace twice", step: "namespace", first: func(w *cloud.World) {
			w.Put(&world.Resource{Type: namespaceType, Scope: scope, ID: "ns-0", State: props{"name": "gateway.internal", "vpc": "vpc-0"}})
		}, want: "already associated with another private hosted zone"},
		{name: "registry in no namespace", step: "registry", changes: props{"dnsConfig.namespaceId": "ns-9"}, want: "NamespaceNotFound"},
		{name: "registry's record", step: "registry", changes: props{"dnsConfig.dnsRecords": []any{props{"type": "TXT", "ttl": 10}}}, want: "expected type to be one of"},
		{name: "registry's time to live", step: "registry", changes: props{"dnsConfig.dnsRecords": []any{props{"type": "A", "ttl": -1}}}, want: "a TTL is from 0"},
		{name: "registry's health check", step: "registry", changes: props{"healthCheckCustomConfig": nil, "healthCheckConfig": props{"type": "HTTP"}}, want: "cannot be specified for a service in a private DNS namespace"},
		{name: "registry of ports", step: "registry", changes: props{"dnsConfig.dnsRecords": []any{props{"type": "SRV", "ttl": 10}}}, want: "When specifying 'SRV' type DNS records"},

		{name: "comparison", step: "unhealthy", changes: props{"comparisonOperator": ">"}, want: "expected comparisonOperator to be one of"},
		{name: "statistic", step: "unhealthy", changes: props{"statistic": "Median"}, want: "expected statistic to be one of"},
		{name: "no statistic", step: "unhealthy", changes: props{"statistic": nil}, want: "One of `statistic` or `extended_statistic` must be set"},
		{name: "missing data", step: "unhealthy", changes: props{"treatMissingData": "bad"}, want: "expected treatMissingData to be one of"},
		{name: "period", step: "unhealthy", changes: props{"period": 45}, want: "period must be 10, 20, 30, or a multiple of 60, got 45"},
		{name: "looks back too long", step: "unhealthy", changes: props{"period": 300, "evaluationPeriods": 289}, want: "Metrics cannot be checked across more than 86400 seconds"},
		{name: "more datapoints than periods", step: "unhealthy", changes: props{"datapointsToAlarm": 4}, want: "DatapointsToAlarm must not be greater than EvaluationPeriods"},
		{name: "no periods", step: "unhealthy", changes: props{"evaluationPeriods": 0}, want: "(1 - 10080), got 0"},
		{name: "no threshold", step: "unhealthy", changes: props{"threshold": nil}, want: "one of threshold and thresholdMetricId"},
		{name: "metric and queries", step: "below-desired", changes: props{"metricName": "a"}, want: "conflicts with metric_name"},
		{name: "neither metric nor queries", step: "unhealthy", changes: props{"metricName": nil}, want: "must be specified"},
		{name: "queries that return nothing", step: "below-desired", changes: props{"metricQueries": []any{props{"id": "a", "expression": "1"}}}, want: "Exactly one element of the metrics list should return data."},
		{name: "query's id", step: "below-desired", changes: props{"metricQueries": []any{props{"id": "A", "expression": "1", "returnData": true}}}, want: "must begin with a small letter"},
		{name: "action that is no ARN", step: "unhealthy", changes: props{"alarmActions": []any{"alarms"}}, want: "is an invalid ARN"},
		{name: "six actions", step: "unhealthy", changes: props{"alarmActions": []any{topic, topic, topic, topic, topic, topic}}, want: "No more than 5 actions are allowed"},

		{name: "log group's key that is not there", step: "logs", changes: props{"kmsKeyId": kmsKey + "0"}, want: "The specified KMS key does not exist or is not allowed to be used with Arn 'arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/app'"},
		{name: "log group's key by its id", step: "logs", changes: props{"kmsKeyId": "1"}, want: "is an invalid ARN"},
		{name: "key closed to CloudWatch Logs", step: "logs", first: func(w *cloud.World) {
			key := w.Get(pulumitype.AwsKey, scope, kmsKey)
			key.State["policy"] = strings.ReplaceAll(key.State["policy"].(string), "logs.eu-west-1", "s3.eu-west-1")
		}, want: "is not allowed to be used with Arn"},

		{name: "architecture", step: "task", changes: props{"runtimePlatform.cpuArchitecture": "RISC"}, want: "expected cpu_architecture to be one of [X86_64 ARM64]"},
		{name: "system", step: "task", changes: props{"runtimePlatform.operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}, want: "models LINUX"},
		{name: "no room for a deployment", step: "service", changes: props{"deploymentMaximumPercent": 100}, want: "Both maximumPercent and minimumHealthyPercent cannot be 100"},
		{name: "percent", step: "service", changes: props{"deploymentMinimumHealthyPercent": 101}, want: "from 0 to 100"},
		{name: "grace without load balancer", step: "service", changes: props{"loadBalancers": nil}, want: "healthCheckGracePeriodSeconds is only valid for services configured to use load balancers"},
		{name: "another container", step: "service", changes: props{"loadBalancers": loadBalancers("other", 8080)}, want: "The container other does not exist in the task definition"},
		{name: "another port", step: "service", changes: props{"loadBalancers": loadBalancers("app", 80)}, want: "The container app did not have a container port 80 defined"},
		{name: "registry that is not there", step: "service", changes: props{"serviceRegistries.registryArn": "arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-0"}, want: "does not exist"},
		{name: "no subnets", step: "service", changes: props{"networkConfiguration.subnets": []any{}}, want: "subnets can not be empty"},
		{name: "service's subnet that is not there", step: "service", changes: props{"networkConfiguration.subnets": []any{"subnet-9"}}, want: "Error retrieving subnet information for [subnet-9]"},
		{name: "service's group of another VPC", step: "service", changes: props{"networkConfiguration.securityGroups": []any{"sg-1"}}, first: otherVPC, want: "Error retrieving security group information"},
		{name: "Exec without a task role", step: "task", changes: props{"taskRoleArn": nil}, want: "a valid taskRoleArn is not being used"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := ecsWorld()
			if test.first != nil {
				test.first(w)
			}
			steps := with(production(), test.step, test.changes)
			if strings.HasPrefix(test.name, "Exec") {
				steps = with(steps, "service", props{"enableExecuteCommand": true})
			}
			up := enginetest.New(t, w, stack(steps...), nil).Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), test.want)
		})
	}
}

const (
	tracking      = "targetTrackingScalingPolicyConfiguration."
	metric        = tracking + "predefinedMetricSpecification.predefinedMetric"
	resourceLabel = tracking + "predefinedMetricSpecification.resourceLabel"
)

func loadBalancers(container string, port int) []any {
	return []any{props{"targetGroupArn": of{"targets", "arn"}, "containerName": container, "containerPort": port}}
}

// TestListenerComesFirst: ECS wants the target group to hang on a load balancer, and that is done by a listener.
func TestListenerComesFirst(t *testing.T) {
	up := enginetest.New(t, ecsWorld(), stack(without(production(), "https", "requests")...), nil).Up()
	require.Contains(t, up.Messages(), "does not have an associated load balancer")
}

// TestContainerDefinitions: what ECS refuses of a task definition's containers.
func TestContainerDefinitions(t *testing.T) {
	app := func(change func(c props)) func([]props) { return func(c []props) { change(c[1]) } }
	tests := []struct {
		name   string
		change func(c []props)
		want   string
	}{
		{"name twice", func(c []props) { c[0]["name"] = "app" }, "is not unique in the task"},
		{"name's characters", app(func(c props) { c["name"] = "a b" }), "letters, numbers, hyphens and underscores"},
		{"none essential", app(func(c props) { c["essential"] = false }), "must be essential"},
		{"depends on an essential container", func(c []props) { delete(c[0], "essential") }, "depends on essential container 'config' with condition SUCCESS"},
		{"depends on none", app(func(c props) { c["dependsOn"] = []props{{"containerName": "x", "condition": "START"}} }), "no other container of the task"},
		{"depends on an unknown condition", app(func(c props) { c["dependsOn"] = []props{{"containerName": "config", "condition": "DONE"}} }), "one of [START COMPLETE SUCCESS HEALTHY]"},
		{"depends on health without a check", app(func(c props) { c["dependsOn"] = []props{{"containerName": "config", "condition": "HEALTHY"}} }), "has no health check"},
		{"unknown volume", app(func(c props) { c["mountPoints"] = []props{{"sourceVolume": "x", "containerPath": "/x"}} }), "Unknown volume 'x'"},
		{"another host port", app(func(c props) { c["portMappings"] = []props{{"containerPort": 8080, "hostPort": 80}} }), "must match"},
		{"protocol", app(func(c props) { c["portMappings"] = []props{{"containerPort": 8080, "protocol": "sctp"}} }), "Invalid port mapping"},
		{"stop timeout", app(func(c props) { c["stopTimeout"] = 121 }), "stopTimeout of container 'app' must be from 2 to 120, got 121"},
		{"health check's interval", app(func(c props) { c["healthCheck"].(props)["interval"] = 1 }), "healthCheck.interval of container 'app' must be from 5 to 300"},
		{"secret and variable of one name", app(func(c props) {
			c["secrets"] = []props{{"name": "A", "valueFrom": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x-abcdef"}}
		}), "The secret name must be unique"},
		{"number as a variable", app(func(c props) { c["environment"] = []props{{"name": "A", "value": 1}} }), "container_definitions is invalid"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			steps := with(production(), "task", props{"containerDefinitions": definitions(test.change)})
			preview := enginetest.New(t, ecsWorld(), stack(steps...), nil).Preview()
			require.Error(t, preview.Err)
			require.Contains(t, preview.Messages(), test.want)
		})
	}
}

// TestFargateSizes: each pair of CPU units and memory that Fargate has, and the nearest that it does not have.
func TestFargateSizes(t *testing.T) {
	for cpu, sizes := range map[string]struct{ fit, wrong []string }{
		"256":   {[]string{"512", "1024", "2048"}, []string{"256", "1536", "3072"}},
		"512":   {[]string{"1024", "4096"}, []string{"512", "1536", "5120"}},
		"1024":  {[]string{"2048", "8192"}, []string{"1024", "2560", "9216"}},
		"2048":  {[]string{"4096", "16384"}, []string{"3072", "4608", "17408"}},
		"4096":  {[]string{"8192", "30720"}, []string{"7168", "8704", "31744"}},
		"8192":  {[]string{"16384", "20480", "61440"}, []string{"15360", "17408", "65536"}},
		"16384": {[]string{"32768", "40960", "122880"}, []string{"24576", "36864", "131072"}},
		"300":   {nil, []string{"512", "1024"}},
	} {
		preview := func(memory string) *enginetest.Result {
			steps := with(production(), "task", props{"cpu": cpu, "memory": memory})
			return enginetest.New(t, ecsWorld(), stack(steps...), nil).Preview()
		}
		for _, memory := range sizes.fit {
			require.NoError(t, preview(memory).Err, "%s and %s", cpu, memory)
		}
		for _, memory := range sizes.wrong {
			require.Contains(t, preview(memory).Messages(), "No Fargate configuration exists for given values: "+cpu+" CPU, "+memory+" memory")
		}
	}
}

// TestDeletedInOrder: what another thing still uses cannot be deleted, by whoever adopts it alone.
func TestDeletedInOrder(t *testing.T) {
	for _, c := range []struct {
		name, step, want string
		changes          props
	}{
		{name: "security group", step: "tasks-group", want: "DependencyViolation"},
		{name: "target group", step: "targets", want: "is currently in use by a listener or a rule"},
		{name: "namespace", step: "namespace", want: "Namespace has associated services"},
		{name: "registry", step: "registry", want: "Service contains registered instances"},
		{name: "protected load balancer", step: "lb", changes: props{"enableDeletionProtection": true}, want: "deletion protection is enabled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := ecsWorld()
			made := enginetest.New(t, w, stack(with(production(), c.step, c.changes)...), nil).MustUp().Resource(c.step)
			adopted := step{typ: string(made.Type), name: c.step, props: w.Get(string(made.Type), scope, string(made.ID)).Inputs, options: []pulumi.ResourceOption{pulumi.Import(pulumi.ID(made.ID))}}
			e := enginetest.New(t, w, stack(adopted), nil)
			e.MustUp()
			require.Contains(t, e.Destroy().Messages(), c.want)
		})
	}
}
