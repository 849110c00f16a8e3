package access_test

import (
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
)

// actions are the calls of the AWS provider for a type, as IAM names them: those of terraform-provider-aws v5.100 (the resource's Create,
// Read, Update and Delete, with what they wait for), of which the Pulumi provider is made. Updates count whether a stack makes one or not.
type actions struct {
	// on is the ARN that the actions are for. Nil is the property arn.
	on func(object) string
	// create, read, update and remove are on that ARN. update has what changes tags, too.
	create, read, update, remove []string
	// also is what one of the calls asks for on something else.
	also func(object) []asked
}

// asked is one question to IAM.
type asked struct {
	action, resource string
	context          map[string]string
}

const (
	account = "arn:aws:iam::111122223333:"
	tasks   = "ecs-tasks.amazonaws.com"
	pods    = "pods.eks.amazonaws.com"
)

func in(service, resource string) string {
	return "arn:aws:" + service + ":us-east-1:111122223333:" + resource
}

func property(name string) func(object) string {
	return func(o object) string { return o.text(name) }
}

func constant(arn string) func(object) string { return func(object) string { return arn } }

// roleOf is the ARN of the role that a property names, by its name.
func roleOf(o object) string { return account + "role/" + o.text("role") }

func linked(service string) asked {
	return asked{
		"iam:CreateServiceLinkedRole", account + "role/aws-service-role/" + service + "/AWSServiceRole",
		map[string]string{"iam:AWSServiceName": service},
	}
}

func passed(arn, service string) asked {
	return asked{"iam:PassRole", arn, map[string]string{"iam:PassedToService": service}}
}

// tagged are the actions that a service asks for when something is made with tags.
func tagged(action, arn, by string) asked {
	service, _, _ := strings.Cut(action, ":")
	return asked{action, arn, map[string]string{service + ":CreateAction": by}}
}

func each(service string, names ...string) []string {
	var all []string
	for _, name := range names {
		all = append(all, service+":"+name)
	}
	return all
}

var awsActions = map[string]actions{
	pulumitype.AwsRole: {
		create: each("iam", "CreateRole", "TagRole"),
		read:   each("iam", "GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies"),
		update: each("iam", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy", "PutRolePermissionsBoundary", "TagRole",
			"UntagRole"),
		remove: each("iam", "ListInstanceProfilesForRole", "DeleteRole"),
	},
	pulumitype.AwsPolicy: {
		create: each("iam", "CreatePolicy", "TagPolicy"),
		read:   each("iam", "GetPolicy", "GetPolicyVersion", "ListPolicyVersions"),
		update: each("iam", "CreatePolicyVersion", "DeletePolicyVersion", "TagPolicy", "UntagPolicy"),
		remove: each("iam", "DeletePolicy"),
	},
	pulumitype.AwsRolePolicy: {
		on: roleOf, create: each("iam", "PutRolePolicy"), read: each("iam", "GetRolePolicy"), remove: each("iam", "DeleteRolePolicy"),
	},
	pulumitype.AwsRolePolicyAttachment: {
		on: roleOf, create: each("iam", "AttachRolePolicy"), read: each("iam", "ListAttachedRolePolicies"),
		remove: each("iam", "DetachRolePolicy"),
	},
	pulumitype.AwsOidcProvider: {
		create: each("iam", "CreateOpenIDConnectProvider", "TagOpenIDConnectProvider"),
		read:   each("iam", "GetOpenIDConnectProvider"),
		update: each("iam", "AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider",
			"UpdateOpenIDConnectProviderThumbprint", "TagOpenIDConnectProvider", "UntagOpenIDConnectProvider"),
		remove: each("iam", "DeleteOpenIDConnectProvider"),
	},
	pulumitype.AwsPodIdentityAssociation: {
		on:     property("associationArn"),
		read:   each("eks", "DescribePodIdentityAssociation"),
		update: each("eks", "UpdatePodIdentityAssociation", "TagResource", "UntagResource"),
		remove: each("eks", "DeletePodIdentityAssociation"),
		also: func(o object) []asked {
			return []asked{
				{"eks:CreatePodIdentityAssociation", in("eks", "cluster/"+o.text("clusterName")), nil}, passed(o.text("roleArn"), pods),
				{"iam:GetRole", o.text("roleArn"), nil},
			}
		},
	},
	pulumitype.AwsLogGroup: {
		create: each("logs", "CreateLogGroup", "PutRetentionPolicy", "TagResource"),
		read:   each("logs", "DescribeLogGroups", "ListTagsForResource"),
		update: each("logs", "PutRetentionPolicy", "DeleteRetentionPolicy", "AssociateKmsKey", "DisassociateKmsKey", "TagResource",
			"UntagResource"),
		remove: each("logs", "DeleteLogGroup"),
	},
	pulumitype.AwsSecret: {
		create: each("secretsmanager", "CreateSecret", "TagResource"),
		read:   each("secretsmanager", "DescribeSecret", "GetResourcePolicy"),
		update: each("secretsmanager", "UpdateSecret", "TagResource", "UntagResource"),
		remove: each("secretsmanager", "DeleteSecret"),
	},
	pulumitype.AwsSecretVersion: {
		create: each("secretsmanager", "PutSecretValue"), read: each("secretsmanager", "GetSecretValue"),
		remove: each("secretsmanager", "UpdateSecretVersionStage"),
	},
	pulumitype.AwsTaskDefinition: {
		create: each("ecs", "RegisterTaskDefinition"),
		read:   each("ecs", "DescribeTaskDefinition", "ListTagsForResource"),
		update: each("ecs", "TagResource", "UntagResource"),
		remove: each("ecs", "DeregisterTaskDefinition"),
		also: func(o object) []asked {
			return []asked{tagged("ecs:TagResource", o.text("arn"), "RegisterTaskDefinition"), passed(o.text("executionRoleArn"), tasks),
				passed(o.text("taskRoleArn"), tasks)}
		},
	},
	pulumitype.AwsEcsService: {
		on:     property("id"),
		create: each("ecs", "CreateService", "ListServiceDeployments"),
		read:   each("ecs", "DescribeServices"),
		update: each("ecs", "UpdateService", "ListTagsForResource", "TagResource", "UntagResource"),
		remove: each("ecs", "DeleteService"),
		also: func(o object) []asked {
			deployment := strings.Replace(o.text("id"), ":service/", ":service-deployment/", 1) + "/0123456789abcdef"
			return []asked{
				tagged("ecs:TagResource", o.text("id"), "CreateService"), {"ecs:DescribeServiceDeployments", deployment, nil},
				linked("ecs.amazonaws.com"),
			}
		},
	},
	pulumitype.AwsScalableTarget: {
		on:     constant(in("application-autoscaling", "scalable-target/0ec5example")),
		create: each("application-autoscaling", "RegisterScalableTarget", "TagResource"),
		read:   each("application-autoscaling", "DescribeScalableTargets", "ListTagsForResource"),
		update: each("application-autoscaling", "TagResource", "UntagResource"),
		remove: each("application-autoscaling", "DeregisterScalableTarget"),
		also:   func(object) []asked { return []asked{linked("ecs.application-autoscaling.amazonaws.com")} },
	},
	pulumitype.AwsScalingPolicy: {
		on:     constant(in("application-autoscaling", "scalable-target/0ec5example")),
		create: each("application-autoscaling", "PutScalingPolicy"), read: each("application-autoscaling", "DescribeScalingPolicies"),
		remove: each("application-autoscaling", "DeleteScalingPolicy"),
		also: func(o object) []asked { // its alarms
			alarm := in("cloudwatch", "alarm:TargetTracking-"+o.text("resourceId")+"-AlarmHigh-0ec5example")
			return []asked{{"cloudwatch:PutMetricAlarm", alarm, nil}, {"cloudwatch:DescribeAlarms", alarm, nil},
				{"cloudwatch:DeleteAlarms", alarm, nil}}
		},
	},
	pulumitype.AwsMetricAlarm: {
		create: each("cloudwatch", "PutMetricAlarm", "TagResource"), read: each("cloudwatch", "DescribeAlarms", "ListTagsForResource"),
		update: each("cloudwatch", "PutMetricAlarm", "TagResource", "UntagResource"), remove: each("cloudwatch", "DeleteAlarms"),
	},
	pulumitype.AwsSecurityGroup: {
		create: each("ec2", "CreateSecurityGroup"),
		read:   each("ec2", "DescribeSecurityGroups"),
		update: each("ec2", "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress", "CreateTags",
			"DeleteTags"), // Create takes the rule to anywhere
		remove: each("ec2", "DescribeNetworkInterfaces", "DeleteSecurityGroup"),
		also: func(o object) []asked {
			return []asked{{"ec2:CreateSecurityGroup", in("ec2", "vpc/"+o.text("vpcId")), nil},
				tagged("ec2:CreateTags", o.text("arn"), "CreateSecurityGroup")}
		},
	},
	pulumitype.AwsIngressRule: rule("Ingress"),
	pulumitype.AwsEgressRule:  rule("Egress"),
	pulumitype.AwsLoadBalancer: {
		create: each("elasticloadbalancing", "CreateLoadBalancer"),
		read: each("elasticloadbalancing", "DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "DescribeCapacityReservation",
			"DescribeTags"),
		update: each("elasticloadbalancing", "ModifyLoadBalancerAttributes", "SetSecurityGroups", "SetSubnets", "SetIpAddressType",
			"AddTags",
			"RemoveTags"),
		remove: append(each("elasticloadbalancing", "DeleteLoadBalancer"), "ec2:DescribeNetworkInterfaces"),
		also: func(o object) []asked {
			return []asked{tagged("elasticloadbalancing:AddTags", o.text("arn"), "CreateLoadBalancer"),
				linked("elasticloadbalancing.amazonaws.com")}
		},
	},
	pulumitype.AwsTargetGroup: {
		create: each("elasticloadbalancing", "CreateTargetGroup"),
		read:   each("elasticloadbalancing", "DescribeTargetGroups", "DescribeTargetGroupAttributes", "DescribeTags"),
		update: each("elasticloadbalancing", "ModifyTargetGroup", "ModifyTargetGroupAttributes", "AddTags", "RemoveTags"),
		remove: each("elasticloadbalancing", "DeleteTargetGroup"),
		also: func(o object) []asked {
			return []asked{tagged("elasticloadbalancing:AddTags", o.text("arn"), "CreateTargetGroup")}
		},
	},
	pulumitype.AwsListener: {
		read:   each("elasticloadbalancing", "DescribeListeners", "DescribeListenerAttributes", "DescribeTags"),
		update: each("elasticloadbalancing", "ModifyListener", "ModifyListenerAttributes", "AddTags", "RemoveTags"),
		remove: each("elasticloadbalancing", "DeleteListener"),
		also: func(o object) []asked {
			return []asked{
				{"elasticloadbalancing:CreateListener", o.text("loadBalancerArn"), ours("ResourceTag")},
				tagged("elasticloadbalancing:AddTags", o.text("arn"), "CreateListener"),
			}
		},
	},
	pulumitype.AwsRecord: {
		on:   func(o object) string { return "arn:aws:route53:::hostedzone/" + o.text("zoneId") },
		read: each("route53", "GetHostedZone", "ListResourceRecordSets", "ChangeResourceRecordSets"),
		also: func(object) []asked {
			return []asked{{"route53:GetChange", "arn:aws:route53:::change/C0123456789EXAMPLE", nil}}
		},
	},
	pulumitype.AwsCertificate: {
		create: each("acm", "RequestCertificate", "AddTagsToCertificate"), read: each("acm", "DescribeCertificate", "ListTagsForCertificate"),
		update: each("acm", "UpdateCertificateOptions", "AddTagsToCertificate", "RemoveTagsFromCertificate"),
		remove: each("acm", "DeleteCertificate"),
	},
	pulumitype.AwsCertificateValidation: {on: property("certificateArn"), read: each("acm", "DescribeCertificate")},
	pulumitype.AwsPrivateDnsNamespace: {
		create: each("servicediscovery", "CreatePrivateDnsNamespace"),
		read:   each("servicediscovery", "GetNamespace", "GetOperation", "ListTagsForResource"),
		update: each("servicediscovery", "UpdatePrivateDnsNamespace", "TagResource", "UntagResource"),
		remove: each("servicediscovery", "DeleteNamespace"),
		also: func(object) []asked { // AWS Cloud Map developer guide, "API permissions reference"
			return []asked{
				{"route53:CreateHostedZone", "*", nil}, {"route53:GetHostedZone", "*", nil}, {"route53:ListHostedZonesByName", "*", nil},
				{"ec2:DescribeVpcs", "*", nil}, {"ec2:DescribeRegions", "*", nil},
			}
		},
	},
	pulumitype.AwsDiscoveryService: {
		create: each("servicediscovery", "CreateService"),
		read:   each("servicediscovery", "GetService", "GetOperation", "ListTagsForResource"),
		update: each("servicediscovery", "UpdateService", "TagResource", "UntagResource"),
		remove: each("servicediscovery", "DeleteService"),
	},
}

// rule is one of a security group, which is asked for on the group and on the rule itself.
func rule(way string) actions {
	group := func(o object) string { return in("ec2", "security-group/"+o.text("securityGroupId")) }
	itself := func(o object) string { return in("ec2", "security-group-rule/"+o.text("securityGroupRuleId")) }
	return actions{
		on: itself, create: each("ec2", "AuthorizeSecurityGroup"+way), read: each("ec2", "DescribeSecurityGroupRules"),
		update: each("ec2", "ModifySecurityGroupRules", "CreateTags", "DeleteTags"),
		also: func(o object) []asked {
			return []asked{
				{"ec2:AuthorizeSecurityGroup" + way, group(o), ours("ResourceTag")},
				{"ec2:ModifySecurityGroupRules", group(o), ours("ResourceTag")},
				{"ec2:RevokeSecurityGroup" + way, group(o), ours("ResourceTag")},
				tagged("ec2:CreateTags", itself(o), "AuthorizeSecurityGroup"+way),
			}
		},
	}
}
