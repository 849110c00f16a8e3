package aws

import (
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// The tables of what stands around a service of ECS: in front of it, what it is found by, what scales it and what watches it.
var (
	securityGroupTable = double.TypeSchema{
		Replace:  []string{"description", "name", "namePrefix", "vpcId"},
		Computed: []string{"arn", "ownerId", "vpcId", "ingress", "egress", "tagsAll"},
		Behaviour: double.Behaviour{
			Source:    "terraform-provider-aws, about v6.7, internal/service/ec2/vpc_security_group.go",
			TakenAway: "Rules given in the group itself stay. All else makes another group, which comes first if its name is made up.",
			Half:      "A group that still has EC2's own rule that lets everything out; the next up does not take it away.",
			Waits:     "Until it is seen, 10 minutes. A delete is tried again for 15 minutes while something uses the group.",
			Unique:    "The name, in a VPC.",
		},
	}
	loadBalancerTable = double.TypeSchema{
		Replace: []string{"customerOwnedIpv4Pool", "internal", "loadBalancerType", "name", "namePrefix"},
		Computed: []string{
			"arn", "arnSuffix", "dnsName", "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "internal", "ipAddressType",
			"securityGroups", "subnetMappings", "subnets", "vpcId", "zoneId", "tagsAll",
		},
		Sets:     []string{"subnets", "securityGroups"},
		Defaults: map[string]any{"loadBalancerType": "application", "idleTimeout": 60.0, "enableHttp2": true},
		Behaviour: double.Behaviour{
			Source:    "terraform-provider-aws, about v6.3, internal/service/elbv2/load_balancer.go",
			TakenAway: "Access logs are switched off; other attributes are as the service has them by itself.",
			Half: "The load balancer, without attributes. The state has them: the next up succeeds and sets none, and only the one after " +
				"a refresh does.",
			Waits: "Until it is active, 10 minutes, at every change too. A delete waits for its network interfaces and goes on without " +
				"them.",
			Unique: "The name of 32 characters, in account and region.",
		},
	}
	targetGroupTable = double.TypeSchema{
		Replace: []string{
			"ipAddressType", "name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId",
		},
		Computed: []string{
			"arn", "arnSuffix", "connectionTermination", "healthCheck", "healthCheck.matcher", "healthCheck.path", "healthCheck.timeout",
			"ipAddressType", "loadBalancerArns", "loadBalancingAlgorithmType", "loadBalancingAnomalyMitigation",
			"loadBalancingCrossZoneEnabled", "preserveClientIp", "protocolVersion", "stickiness", "targetFailovers", "targetGroupHealth",
			"targetHealthStates", "tagsAll",
		},
		Sets: []string{"loadBalancerArns"},
		Defaults: map[string]any{
			"targetType": "instance", "deregistrationDelay": 300.0, "healthCheck.enabled": true, "healthCheck.interval": 30.0,
			"healthCheck.healthyThreshold": 3.0, "healthCheck.unhealthyThreshold": 3.0, "healthCheck.port": "traffic-port",
			"healthCheck.protocol": "HTTP",
		},
		Behaviour: double.Behaviour{
			Source: "terraform-provider-aws, about v6.3, internal/service/elbv2/target_group.go",
			TakenAway: "The health check stays, or its path, matcher and timeout where only these are taken away; other values are the " +
				"defaults.",
			Half:   "The target group, without attributes, as with a load balancer.",
			Waits:  "A delete is tried again for 2 minutes while a listener uses the target group.",
			Unique: "The name of 32 characters, in account and region.",
		},
	}
	listenerTable = double.TypeSchema{
		Required: []string{"defaultActions"},
		Replace:  []string{"loadBalancerArn"},
		Computed: []string{"arn", "defaultActions.order", "mutualAuthentication", "protocol", "sslPolicy", "tagsAll"},
		Sets:     []string{"defaultActions.forward.targetGroups"},
		Defaults: map[string]any{
			"defaultActions.redirect.host": "#{host}", "defaultActions.redirect.path": "/#{path}",
			"defaultActions.redirect.query": "#{query}", "defaultActions.redirect.port": "#{port}",
			"defaultActions.redirect.protocol": "#{protocol}",
		},
		Behaviour: double.Behaviour{
			Source: "terraform-provider-aws, about v4.55, internal/service/elbv2/listener.go: later versions add attributes that the " +
				"program leaves alone",
			TakenAway: "The policy of TLS stays; a certificate is not sent, so it stays as well.",
			Half:      "Nothing.",
			Waits:     "Is tried again while a certificate is not found.",
			Unique:    "The port, at a load balancer.",
		},
	}
	scalableTargetTable = double.TypeSchema{
		Replace:  []string{"resourceId", "scalableDimension", "serviceNamespace"},
		Computed: []string{"arn", "roleArn", "suspendedState", "tagsAll"},
		Behaviour: double.Behaviour{
			Source:    "terraform-provider-aws, about v5.60, internal/service/appautoscaling/target.go",
			TakenAway: "The role stays.",
			Half:      "The scalable target, which the next up registers again; with tags AWS refuses that.",
			Waits: "A create is tried again for 2 minutes while ECS does not know the service. A delete waits until it is gone, 5 " +
				"minutes.",
			Unique: "One for a service. It goes with the service, and its policies with it. Writes at the same time are refused.",
		},
	}
	scalingPolicyTable = double.TypeSchema{
		Replace:  []string{"name", "resourceId", "scalableDimension", "serviceNamespace"},
		Computed: []string{"alarmArns", "arn"},
		Defaults: map[string]any{"policyType": "StepScaling"},
		Behaviour: double.Behaviour{
			Source:    "terraform-provider-aws, about v4.55, internal/service/appautoscaling/policy.go",
			TakenAway: "The whole policy is written anew.",
			Half:      "Nothing, or the policy, which the next up writes again.",
			Waits: "Is tried again for 2 minutes while there is no scalable target, or CloudWatch may not be asked; never after a " +
				"ConcurrentUpdateException.",
			Unique: "The name, at a scalable target; one policy for a metric.",
		},
	}
	namespaceTable = double.TypeSchema{
		Replace:  []string{"name", "vpc"},
		Computed: []string{"arn", "hostedZone", "tagsAll"},
		Behaviour: double.Behaviour{
			Source:    "terraform-provider-aws, about v6.30, internal/service/servicediscovery/private_dns_namespace.go",
			TakenAway: "The description is emptied.",
			Half:      "A namespace that the state does not know: the next up is told that its name is taken.",
			Waits:     "Until Cloud Map's operation has ended, at creates, changes of the description and deletes.",
			Unique:    "The name, among the private zones of a VPC.",
		},
	}
	registryTable = double.TypeSchema{
		Replace: []string{
			"dnsConfig.dnsRecords.type", "dnsConfig.namespaceId", "dnsConfig.routingPolicy",
			"healthCheckConfig.type", "healthCheckCustomConfig", "name", "namespaceId", "type",
		},
		Computed: []string{"arn", "namespaceId", "type", "tagsAll"},
		Defaults: map[string]any{"dnsConfig.routingPolicy": "MULTIVALUE"},
		Behaviour: double.Behaviour{
			Source:    "terraform-provider-aws, about v6.25, internal/service/servicediscovery/service.go",
			TakenAway: "The description is emptied.",
			Half:      "Nothing.",
			Waits:     "A delete with forceDestroy first takes out the instances.",
			Unique:    "The name, in a namespace, whatever its case.",
		},
	}
	alarmTable = double.TypeSchema{
		Replace:  []string{"name"},
		Computed: []string{"arn", "evaluateLowSampleCountPercentiles", "tagsAll"},
		Sets:     []string{"alarmActions", "okActions", "insufficientDataActions", "metricQueries"},
		Defaults: map[string]any{"actionsEnabled": true, "treatMissingData": "missing"},
		Behaviour: double.Behaviour{
			Source: "terraform-provider-aws, about v6.7, internal/service/cloudwatch/metric_alarm.go; CloudWatch API reference, " +
				"PutMetricAlarm",
			TakenAway: "The whole alarm is written anew.",
			Half:      "Nothing, or the alarm, which the next up writes again.",
			Waits:     "Nothing.",
			Unique:    "The name, in account and region: v5 overwrites another alarm of the name.",
		},
	}
)

// groupRuleTable holds for rules of both directions.
var groupRuleTable = double.TypeSchema{
	Replace:  []string{"securityGroupId"},
	Computed: []string{"arn", "securityGroupRuleId", "tagsAll"},
	Behaviour: double.Behaviour{
		Source:    "terraform-provider-aws, about v4.45, internal/service/ec2/vpc_security_group_ingress_rule.go",
		TakenAway: "A description and ports are taken away. Another kind of peer makes another rule.",
		Half:      "A rule that the state does not know, where its tags were refused: the next up is told that it exists.",
		Waits:     "Nothing.",
		Unique:    "What the rule lets through, in a group.",
	},
}
