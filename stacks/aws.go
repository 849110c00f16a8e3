package stacks

import (
	"fmt"
	"maps"

	pulumiaws "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	pulumikubernetes "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/aws"
	"bifrost/components/kubernetes"
	"bifrost/internal/iampolicy"
)

// Values of eks.oidcProvider.
const (
	oidcExisting = "existing"
	oidcCreate   = "create"
)

// minEKS is the oldest Kubernetes that the vendor supports on EKS.
const minEks = "1.23"

// deployAWS is the recipe for EKS and ECS: policy, role, hand-off to the vendor; then, in rollout full, the workload.
func deployAws(ctx *pulumi.Context, c *Config) error {
	provider, err := pulumiaws.NewProvider(ctx, "aws", c.awsProviderArgs(ctx.Stack()))
	if err != nil {
		return fmt.Errorf("aws provider: %w", err)
	}

	var cluster *eksCluster
	if c.Eks != nil {
		if cluster, err = c.lookUpEks(ctx, provider); err != nil {
			return err
		}
	}
	var place *ecsPlace
	if c.Ecs != nil {
		if place, err = c.lookUpEcs(ctx, provider); err != nil {
			return err
		}
	}

	handoff := pulumi.Array{}
	var pull *eksPull
	var executionRole *aws.EcrPullRole
	if c.Eks != nil {
		if err := c.useOidcProvider(ctx, provider, cluster); err != nil {
			return err
		}
		if pull, err = c.newEksPull(ctx, provider, cluster); err != nil {
			return err
		}
		handoff = append(handoff, pull.handoff...)
	}
	if c.Ecs != nil {
		executionRole, err = aws.NewEcrPullRole(ctx, "ecs-execution", c.ecsExecutionRoleArgs(), pulumi.Providers(provider))
		if err != nil {
			return err
		}
		handoff = append(handoff, c.awsHandoff("ecs", "execution role of the ECS tasks", executionRole.RoleArn, executionRole.RoleId))
	}
	ctx.Export("vendorHandoff", handoff)
	if c.Rollout == RolloutIdentity {
		// The nodes are configured before the gateway comes.
		if c.Eks != nil && len(pull.outputs) > 0 {
			ctx.Export("eks", pull.outputs)
		}
		return nil
	}

	if c.Eks != nil {
		if err := c.deployEks(ctx, provider, cluster, pull); err != nil {
			return err
		}
	}
	if c.Ecs != nil {
		return c.deployEcs(ctx, provider, place, executionRole)
	}
	return nil
}

func (c *Config) awsProviderArgs(stack string) *pulumiaws.ProviderArgs {
	args := &pulumiaws.ProviderArgs{
		Region:            pulumi.String(c.Aws.Region),
		AllowedAccountIds: pulumi.StringArray{pulumi.String(c.Aws.AccountId)},
		DefaultTags:       pulumiaws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(c.tags(stack))},
	}
	if c.Aws.Profile != "" {
		args.Profile = pulumi.String(c.Aws.Profile)
	}
	if c.Aws.AssumeRoleArn != "" {
		args.AssumeRole = pulumiaws.ProviderAssumeRoleArgs{RoleArn: pulumi.String(c.Aws.AssumeRoleArn)}
	}
	return args
}

// eksCluster is what the look-ups say of an existing cluster.
type eksCluster struct {
	arn, endpoint, certificateAuthority, issuer string
	oidcProviderArn                             pulumi.StringInput
	nodeRoles                                   []*iam.LookupRoleResult
}

// lookUpEKS finds the cluster and what its identities need: the IAM OIDC provider, unless the stack makes it, the roles of the
// nodes, or the agent of EKS Pod Identity.
func (c *Config) lookUpEks(ctx *pulumi.Context, provider pulumi.ProviderResource) (*eksCluster, error) {
	name := c.Eks.ClusterName
	found, err := eks.LookupCluster(ctx, &eks.LookupClusterArgs{Name: name}, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("eks.clusterName: there is no cluster %s in %s, or it cannot be read: %w; see `aws eks list-clusters --region %s` and set %s:eks.clusterName",
			name, c.Aws.Region, err, c.Aws.Region, Project)
	}
	reason, oldest := c.oldestEks()
	if err := requireVersion(reason+"EKS cluster "+name, found.Version, oldest,
		fmt.Sprintf("aws eks update-cluster-version --region %s --name %s --kubernetes-version VERSION", c.Aws.Region, name)); err != nil {
		return nil, err
	}
	if len(found.Identities) == 0 || len(found.Identities[0].Oidcs) == 0 || len(found.CertificateAuthorities) == 0 {
		return nil, fmt.Errorf("EKS cluster %s has no OIDC issuer or certificate authority yet (status %s); wait with `aws eks wait cluster-active --region %s --name %s`",
			name, found.Status, c.Aws.Region, name)
	}
	if err := c.requireFamily(found); err != nil {
		return nil, err
	}
	cluster := &eksCluster{
		arn: found.Arn, endpoint: found.Endpoint, certificateAuthority: found.CertificateAuthorities[0].Data,
		issuer: found.Identities[0].Oidcs[0].Issuer,
	}

	if cluster.nodeRoles, err = c.lookUpNodeRoles(ctx, provider); err != nil {
		return nil, err
	}
	if key := c.podIdentityKey(); key != "" {
		if err := c.requirePodIdentityAgent(ctx, provider, found, key); err != nil {
			return nil, err
		}
	}
	if !c.webIdentity() || c.Eks.OidcProvider == oidcCreate {
		return cluster, nil
	}
	existing, err := iam.LookupOpenIdConnectProvider(ctx, &iam.LookupOpenIdConnectProviderArgs{Url: &cluster.issuer}, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("eks.oidcProvider: account %s has no IAM OIDC provider for %s, or it cannot be read: %w; let this stack make it with `pulumi config set --path '%s:eks.oidcProvider' create`, or run `eksctl utils associate-iam-oidc-provider --region %s --cluster %s --approve`",
			c.Aws.AccountId, cluster.issuer, err, Project, c.Aws.Region, name)
	}
	cluster.oidcProviderArn = pulumi.String(existing.Arn)
	return cluster, nil
}

// useOidcProvider makes the cluster's IAM OIDC provider where the stack says so; otherwise the look-up has found it.
func (c *Config) useOidcProvider(ctx *pulumi.Context, provider pulumi.ProviderResource, cluster *eksCluster) error {
	if !c.webIdentity() || c.Eks.OidcProvider != oidcCreate {
		return nil
	}
	// No thumbprints: IAM trusts the certificate authorities of EKS by itself. Protected as the role is, which trusts it.
	made, err := iam.NewOpenIdConnectProvider(ctx, "eks-oidc-provider", &iam.OpenIdConnectProviderArgs{
		Url:           pulumi.String(cluster.issuer),
		ClientIdLists: pulumi.StringArray{pulumi.String(iampolicy.STSAudience)},
	}, pulumi.Provider(provider), pulumi.Protect(c.ProtectIdentities))
	if err != nil {
		return fmt.Errorf("OIDC provider: %w", err)
	}
	cluster.oidcProviderArn = made.Arn
	return nil
}

// repositoryArns are the image's own repository and the additional ones.
func (c *Config) repositoryArns() []string {
	image := c.image()
	repository, _ := image.Ecr()
	own := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", iampolicy.Partition(repository.Region), repository.Region, repository.AccountId, image.Path)
	return append([]string{own}, c.Registry.AdditionalRepositoryArns...)
}

// awsHandoff is what the vendor needs to know of one principal.
func (c *Config) awsHandoff(platform, purpose string, arn, id pulumi.StringInput) pulumi.Map {
	return pulumi.Map{
		"platform": pulumi.String(platform), "purpose": pulumi.String(purpose),
		"accountId": pulumi.String(c.Aws.AccountId), "principalArn": arn, "principalId": id,
		"repositories": pulumi.ToStringArray(c.repositoryArns()),
	}
}

func (c *Config) deployEks(ctx *pulumi.Context, provider pulumi.ProviderResource, cluster *eksCluster, pull *eksPull) error {
	gateway, err := c.newEksGatewayRole(ctx, provider, cluster)
	if err != nil {
		return err
	}
	kubeconfig, err := c.eksKubeconfig(cluster)
	if err != nil {
		return err
	}
	onCluster, err := pulumikubernetes.NewProvider(ctx, "eks", kubernetesProviderArgs(kubeconfig, c.Eks.Context, cluster.arn))
	if err != nil {
		return fmt.Errorf("kubernetes provider: %w", err)
	}
	outputs, err := c.deployKubernetes(ctx, kubernetesParts{
		at:       onEks,
		provider: onCluster,
		pull:     pull.secret,
		identity: func(workload *kubernetes.BifrostWorkloadArgs) {
			workload.EcrRoleArn = pull.gatewayRoleArn
			workload.DependsOn = append(workload.DependsOn, pull.ready...)
			gateway.addTo(workload)
		},
	})
	if err != nil {
		return err
	}
	maps.Copy(outputs, pull.outputs)
	if gateway.arn != nil {
		outputs["gatewayRoleArn"] = gateway.arn
	}
	ctx.Export("eks", outputs)
	return nil
}

// optionalInput leaves an input out when it is empty.
func optionalInput(s string) pulumi.StringInput {
	if s == "" {
		return nil
	}
	return pulumi.String(s)
}
