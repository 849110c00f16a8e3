package real

import (
	"context"
	"encoding/json"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"bifrost/stacks"
)

// signedIn is a look-up at AWS, signed in as the stack is.
func signedIn(find func(context.Context, aws.Config, *stacks.Config) ([]Choice, error)) finds {
	return func(ctx context.Context, c *stacks.Config) ([]Choice, error) {
		if c.Aws == nil {
			return nil, nil
		}
		signed, err := awsConfig(ctx, c.Aws)
		if err != nil {
			return nil, err
		}
		return find(ctx, signed, c)
	}
}

var awsFinds = map[string]func(context.Context, aws.Config, *stacks.Config) ([]Choice, error){
	"aws.region":                      awsRegion,
	"aws.accountId":                   awsAccount,
	"eks.clusterName":                 eksClusters,
	"ecs.clusterName":                 ecsClusters,
	"ecs.subnets":                     awsSubnets,
	"gateway.networkPolicy.from":      eksBlocks,
	"gateway.ingress.certificateArn":  ownCertificates,
	"ecs.loadBalancer.certificateArn": ownCertificates,
	"eks.gatewayPolicyArns":           ownPolicies,
	"ecs.taskPolicyArns":              ownPolicies,
	"gateway.env.PG_HOST":             awsDatabases,
}

// awsRegion is that of the environment or of the profile.
func awsRegion(ctx context.Context, _ aws.Config, _ *stacks.Config) ([]Choice, error) {
	own, err := config.LoadDefaultConfig(ctx, quiet)
	if err != nil || own.Region == "" {
		return nil, err
	}
	return []Choice{{Value: own.Region, About: "of this machine's settings"}}, nil
}

func awsAccount(ctx context.Context, signed aws.Config, _ *stacks.Config) ([]Choice, error) {
	account, arn, err := awsSTS{sts.NewFromConfig(signed)}.Caller(ctx)
	if err != nil {
		return nil, err
	}
	return []Choice{{Value: account, About: "signed in as " + arn}}, nil
}

func eksClusters(ctx context.Context, signed aws.Config, _ *stacks.Config) ([]Choice, error) {
	var found []Choice
	for pages := eks.NewListClustersPaginator(eks.NewFromConfig(signed), &eks.ListClustersInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range page.Clusters {
			found = append(found, Choice{Value: name})
		}
	}
	return found, nil
}

func ecsClusters(ctx context.Context, signed aws.Config, _ *stacks.Config) ([]Choice, error) {
	var found []Choice
	for pages := ecs.NewListClustersPaginator(ecs.NewFromConfig(signed), &ecs.ListClustersInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, arn := range page.ClusterArns {
			found = append(found, Choice{Value: path.Base(arn)})
		}
	}
	return found, nil
}

// ownCertificates are those of AWS Certificate Manager that are issued, in the stack's region.
func ownCertificates(ctx context.Context, signed aws.Config, _ *stacks.Config) ([]Choice, error) {
	var found []Choice
	pages := acm.NewListCertificatesPaginator(acm.NewFromConfig(signed), &acm.ListCertificatesInput{
		CertificateStatuses: []acmtypes.CertificateStatus{acmtypes.CertificateStatusIssued},
		// Without this, RSA keys of 2048 bits alone are listed (ACM API reference, ListCertificates, Filters).
		Includes: &acmtypes.Filters{KeyTypes: acmtypes.KeyAlgorithm("").Values()},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, each := range page.CertificateSummaryList {
			found = append(found, Choice{Value: aws.ToString(each.CertificateArn), About: aws.ToString(each.DomainName)})
		}
	}
	return found, nil
}

// ownPolicies are the account's own.
func ownPolicies(ctx context.Context, signed aws.Config, _ *stacks.Config) ([]Choice, error) {
	var found []Choice
	for pages := iam.NewListPoliciesPaginator(iam.NewFromConfig(signed),
		&iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, each := range page.Policies {
			found = append(found, Choice{Value: aws.ToString(each.Arn), About: aws.ToString(each.PolicyName)})
		}
	}
	return found, nil
}

// subnet is what Cloud Control says of one (CloudFormation, AWS::EC2::Subnet).
type subnet struct {
	SubnetId, VpcId, CidrBlock, AvailabilityZone string
}

// readResource reads the properties of a resource with Cloud Control, as CloudFormation names them.
func readResource(ctx context.Context, client *cloudcontrol.Client, typ, id string, into any) error {
	answer, err := client.GetResource(ctx, &cloudcontrol.GetResourceInput{TypeName: &typ, Identifier: &id})
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(aws.ToString(answer.ResourceDescription.Properties)), into)
}

// listed are the identifiers of all resources of a type in the stack's region.
func listed(ctx context.Context, client *cloudcontrol.Client, typ string) ([]string, error) {
	var ids []string
	for pages := cloudcontrol.NewListResourcesPaginator(client, &cloudcontrol.ListResourcesInput{TypeName: &typ}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, each := range page.ResourceDescriptions {
			ids = append(ids, aws.ToString(each.Identifier))
		}
	}
	return ids, nil
}

func awsSubnets(ctx context.Context, signed aws.Config, _ *stacks.Config) ([]Choice, error) {
	client := cloudcontrol.NewFromConfig(signed)
	ids, err := listed(ctx, client, "AWS::EC2::Subnet")
	if err != nil {
		return nil, err
	}
	return subnets(ctx, client, ids, func(s subnet) string { return s.SubnetId })
}

// eksBlocks are the blocks of the cluster's subnets, in which its load balancers are, too.
func eksBlocks(ctx context.Context, signed aws.Config, c *stacks.Config) ([]Choice, error) {
	if c.Eks == nil || c.Eks.ClusterName == "" {
		return nil, nil
	}
	cluster, err := awsEKS{eks.NewFromConfig(signed)}.describe(ctx, c.Eks.ClusterName)
	if err != nil || cluster.ResourcesVpcConfig == nil {
		return nil, err
	}
	block := func(s subnet) string { return s.CidrBlock }
	return subnets(ctx, cloudcontrol.NewFromConfig(signed), cluster.ResourcesVpcConfig.SubnetIds, block)
}

func subnets(ctx context.Context, client *cloudcontrol.Client, ids []string, value func(subnet) string) ([]Choice, error) {
	var found []Choice
	for _, id := range ids {
		var s subnet
		if err := readResource(ctx, client, "AWS::EC2::Subnet", id, &s); err != nil {
			return nil, err
		}
		found = append(found, Choice{Value: value(s), About: strings.Join([]string{s.SubnetId, s.AvailabilityZone, s.CidrBlock, s.VpcId},
			" ")})
	}
	return found, nil
}

// awsDatabases are the hosts of clusters and instances of PostgreSQL on Amazon RDS (CloudFormation, AWS::RDS::DBCluster,
// AWS::RDS::DBInstance).
func awsDatabases(ctx context.Context, signed aws.Config, _ *stacks.Config) ([]Choice, error) {
	client := cloudcontrol.NewFromConfig(signed)
	var found []Choice
	for _, typ := range []string{"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"} {
		ids, err := listed(ctx, client, typ)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			var database struct {
				Engine, DBClusterIdentifier string
				Endpoint                    struct{ Address string }
			}
			if err := readResource(ctx, client, typ, id, &database); err != nil {
				return nil, err
			}
			inCluster := typ == "AWS::RDS::DBInstance" && database.DBClusterIdentifier != ""
			if strings.Contains(database.Engine, "postgres") && database.Endpoint.Address != "" && !inCluster {
				found = append(found, Choice{Value: database.Endpoint.Address, About: id})
			}
		}
	}
	return found, nil
}
