package real

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	controltypes "github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	discoverytypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/service"
)

// awsThings are the ways to ask AWS for what a stack has made. Cloud Control reads most types by one call; it has none for IAM's parts of
// roles that the program's provider names otherwise, for Cloud Map, certificates, records and versions of secrets.
func awsThings(config aws.Config) map[string]service.Exists {
	all := asked(controlled(cloudcontrol.NewFromConfig(config)))
	all.add(identityThings(iam.NewFromConfig(config)))
	all.add(secretThings(secretsmanager.NewFromConfig(config)))
	all.add(namedThings(servicediscovery.NewFromConfig(config), acm.NewFromConfig(config), route53.NewFromConfig(config)))
	all[pulumitype.AwsTaskDefinition] = taskDefinition(ecs.NewFromConfig(config))
	return all
}

// controlledTypes are types of CloudFormation by those of Pulumi, with their primary identifiers (CloudFormation's schemas of resource
// types, primaryIdentifier: parts of a composite one are joined by |).
var controlledTypes = map[string]struct {
	name       string
	identifier func(service.Thing) string
}{
	pulumitype.AwsLogGroup:      {"AWS::Logs::LogGroup", byID},
	pulumitype.AwsMetricAlarm:   {"AWS::CloudWatch::Alarm", byID},
	pulumitype.AwsSecurityGroup: {"AWS::EC2::SecurityGroup", byID},
	pulumitype.AwsIngressRule:   {"AWS::EC2::SecurityGroupIngress", byID},
	pulumitype.AwsEgressRule:    {"AWS::EC2::SecurityGroupEgress", byID},
	pulumitype.AwsLoadBalancer:  {"AWS::ElasticLoadBalancingV2::LoadBalancer", byID},
	pulumitype.AwsTargetGroup:   {"AWS::ElasticLoadBalancingV2::TargetGroup", byID},
	pulumitype.AwsListener:      {"AWS::ElasticLoadBalancingV2::Listener", byID},
	pulumitype.AwsScalableTarget: {"AWS::ApplicationAutoScaling::ScalableTarget", func(t service.Thing) string {
		return t.Text("resourceId") + "|" + t.Text("scalableDimension") + "|" + t.Text("serviceNamespace")
	}},
	pulumitype.AwsScalingPolicy: {"AWS::ApplicationAutoScaling::ScalingPolicy", func(t service.Thing) string {
		return t.Text("arn") + "|" + t.Text("scalableDimension")
	}},
}

func byID(t service.Thing) string { return t.ID }

func controlled(client *cloudcontrol.Client) map[string]service.Exists {
	all := map[string]service.Exists{}
	for typ, of := range controlledTypes {
		all[typ] = func(ctx context.Context, t service.Thing) error {
			identifier := of.identifier(t)
			_, err := client.GetResource(ctx, &cloudcontrol.GetResourceInput{TypeName: &of.name, Identifier: &identifier})
			// The handler of the type may have been refused: Cloud Control has several codes for that.
			if err != nil && strings.Contains(err.Error(), "is not authorized to perform") {
				return fmt.Errorf("%w: %w", service.ErrForbidden, err)
			}
			return gone(t, err, new(*controltypes.ResourceNotFoundException))
		}
	}
	return all
}

func identityThings(client *iam.Client) map[string]service.Exists {
	lacking := func(t service.Thing, err error) error { return gone(t, err, new(*iamtypes.NoSuchEntityException)) }
	return map[string]service.Exists{
		pulumitype.AwsRole: func(ctx context.Context, t service.Thing) error {
			_, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &t.ID})
			return lacking(t, err)
		},
		pulumitype.AwsPolicy: func(ctx context.Context, t service.Thing) error {
			_, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &t.ID})
			return lacking(t, err)
		},
		pulumitype.AwsRolePolicy: func(ctx context.Context, t service.Thing) error {
			role, policy, named := strings.Cut(t.ID, ":")
			if !named {
				return errIncomplete
			}
			_, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &policy})
			return lacking(t, err)
		},
		pulumitype.AwsRolePolicyAttachment: func(ctx context.Context, t service.Thing) error {
			pages := iam.NewListAttachedRolePoliciesPaginator(client,
				&iam.ListAttachedRolePoliciesInput{RoleName: aws.String(t.Text("role"))})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return lacking(t, err)
				}
				for _, p := range page.AttachedPolicies {
					if aws.ToString(p.PolicyArn) == t.Text("policyArn") {
						return nil
					}
				}
			}
			return notThere(t.ID)
		},
	}
}

// secretThings: a secret in its recovery window can still be described; what it held cannot be had.
func secretThings(client *secretsmanager.Client) map[string]service.Exists {
	describe := func(ctx context.Context, t service.Thing, id string) (*secretsmanager.DescribeSecretOutput, error) {
		found, err := client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &id})
		if err != nil {
			return nil, gone(t, err, new(*secrettypes.ResourceNotFoundException))
		}
		return found, nil
	}
	return map[string]service.Exists{
		pulumitype.AwsSecret: func(ctx context.Context, t service.Thing) error {
			found, err := describe(ctx, t, t.ID)
			if err == nil && found.DeletedDate != nil {
				return &service.GoneError{Why: "is scheduled for deletion",
					Mend: "aws secretsmanager restore-secret --secret-id " + t.ID}
			}
			return err
		},
		pulumitype.AwsSecretVersion: func(ctx context.Context, t service.Thing) error {
			secret, version, named := strings.Cut(t.ID, "|")
			if !named {
				return errIncomplete
			}
			found, err := describe(ctx, t, secret)
			if err != nil {
				return err
			}
			if _, has := found.VersionIdsToStages[version]; !has {
				return notThere(t.ID)
			}
			return nil
		},
	}
}

// namedThings are of Cloud Map, certificates and records.
func namedThings(names *servicediscovery.Client, certificates *acm.Client, zones *route53.Client) map[string]service.Exists {
	return map[string]service.Exists{
		pulumitype.AwsPrivateDnsNamespace: func(ctx context.Context, t service.Thing) error {
			_, err := names.GetNamespace(ctx, &servicediscovery.GetNamespaceInput{Id: &t.ID})
			return gone(t, err, new(*discoverytypes.NamespaceNotFound))
		},
		pulumitype.AwsDiscoveryService: func(ctx context.Context, t service.Thing) error {
			_, err := names.GetService(ctx, &servicediscovery.GetServiceInput{Id: &t.ID})
			return gone(t, err, new(*discoverytypes.ServiceNotFound))
		},
		pulumitype.AwsCertificate: func(ctx context.Context, t service.Thing) error { return certificate(ctx, certificates, t) },
		pulumitype.AwsRecord:      func(ctx context.Context, t service.Thing) error { return record(ctx, zones, t) },
	}
}

// certificate: a load balancer takes and renews none but an issued one (AWS Certificate Manager user guide, "Certificate statuses").
func certificate(ctx context.Context, client *acm.Client, t service.Thing) error {
	found, err := client.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &t.ID})
	if err != nil {
		return gone(t, err, new(*acmtypes.ResourceNotFoundException))
	}
	if status := found.Certificate.Status; status != acmtypes.CertificateStatusIssued {
		return &service.GoneError{Why: fmt.Sprintf("is %s, and no load balancer takes it", status)}
	}
	return nil
}

// record asks for the records from a name on: the first one is it, or there is none (Route 53 API reference, ListResourceRecordSets).
func record(ctx context.Context, client *route53.Client, t service.Thing) error {
	zone, name, typ := t.Text("zoneId"), t.Text("fqdn"), t.Text("type")
	if zone == "" || name == "" || typ == "" {
		return errIncomplete
	}
	found, err := client.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: &name,
		StartRecordType: route53types.RRType(typ), MaxItems: aws.Int32(1)})
	if err != nil {
		return gone(t, err, new(*route53types.NoSuchHostedZone))
	}
	for _, r := range found.ResourceRecordSets {
		if strings.EqualFold(strings.TrimSuffix(aws.ToString(r.Name), "."), strings.TrimSuffix(name, ".")) && string(r.Type) == typ {
			return nil
		}
	}
	return notThere(t.ID)
}

// taskDefinition: one that somebody deregistered can still be described, and runs nothing new.
func taskDefinition(client *ecs.Client) service.Exists {
	return func(ctx context.Context, t service.Thing) error {
		arn := t.Text("arn")
		found, err := client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn})
		if err = noTaskDefinition(arn, err); err != nil {
			return err
		}
		if found.TaskDefinition.Status != ecstypes.TaskDefinitionStatusActive {
			return &service.GoneError{Why: "is deregistered"}
		}
		return nil
	}
}
