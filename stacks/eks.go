package stacks

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	pulumikubernetes "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/kubernetes"
	"bifrost/internal/gateway"
	"bifrost/internal/iampolicy"
)

// minEks is the oldest Kubernetes that the vendor supports on EKS.
const minEks = "1.23"

// eksCluster is what the look-ups say of an existing cluster.
type eksCluster struct {
	// provider is the AWS provider of the stack.
	provider pulumi.ProviderResource

	arn, endpoint, certificateAuthority, issuer string
	// oidcProviderArn is nil where nothing signs in through the issuer, and before it is made.
	oidcProviderArn pulumi.StringInput
	nodeRoles       []*iam.LookupRoleResult
}

// lookUpEks finds the cluster and what its identities need: the IAM OIDC provider, unless the stack makes it, the roles of the
// nodes, or the agent of EKS Pod Identity.
func (c *Config) lookUpEks(ctx *pulumi.Context, provider pulumi.ProviderResource) (*eksCluster, error) {
	name := c.Eks.ClusterName
	found, err := eks.LookupCluster(ctx, &eks.LookupClusterArgs{Name: name}, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("eks.clusterName: there is no cluster %s in %s, or it cannot be read: %w; "+
			"see `aws eks list-clusters --region %s` and set %s:eks.clusterName", name, c.Aws.Region, err, c.Aws.Region, Project)
	}
	reason, oldest := c.eksPull().oldest(c)
	if err := requireVersion(reason+"EKS cluster "+name, found.Version, oldest,
		fmt.Sprintf("aws eks update-cluster-version --region %s --name %s --kubernetes-version VERSION", c.Aws.Region, name)); err != nil {
		return nil, err
	}
	if len(found.Identities) == 0 || len(found.Identities[0].Oidcs) == 0 || len(found.CertificateAuthorities) == 0 {
		return nil, fmt.Errorf("EKS cluster %s has no OIDC issuer or certificate authority yet (status %s); "+
			"wait with `aws eks wait cluster-active --region %s --name %s`", name, found.Status, c.Aws.Region, name)
	}
	if err := c.requireFamily(found); err != nil {
		return nil, err
	}
	cluster := &eksCluster{
		provider: provider, arn: found.Arn, endpoint: found.Endpoint, certificateAuthority: found.CertificateAuthorities[0].Data,
		issuer: found.Identities[0].Oidcs[0].Issuer,
	}
	for i, arn := range c.Eks.NodeRoleArns {
		role, err := c.lookUpNodeRole(ctx, provider, i, arn)
		if err != nil {
			return nil, err
		}
		cluster.nodeRoles = append(cluster.nodeRoles, role)
	}
	if err := c.requirePodIdentityAgent(ctx, provider, found); err != nil {
		return nil, err
	}
	if c.MakesNetworkPolicies() {
		verdict := c.enforcementOnEks(ctx, provider, found)
		if err := c.tellEnforcement(ctx, "EKS cluster "+name, verdict, c.EnforceOnEks()); err != nil {
			return nil, err
		}
	}
	if !c.webIdentity() || c.Eks.OidcProvider == OidcCreate {
		return cluster, nil
	}
	issuer := &iam.LookupOpenIdConnectProviderArgs{Url: &cluster.issuer}
	existing, err := iam.LookupOpenIdConnectProvider(ctx, issuer, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("eks.oidcProvider: account %s has no IAM OIDC provider for %s, or it cannot be read: %w; "+
			"let this stack make it with `pulumi config set --path '%s:eks.oidcProvider' create`, "+
			"or run `eksctl utils associate-iam-oidc-provider --region %s --cluster %s --approve`",
			c.Aws.AccountId, cluster.issuer, err, Project, c.Aws.Region, name)
	}
	cluster.oidcProviderArn = pulumi.String(existing.Arn)
	return cluster, nil
}

// requireFamily stops a gateway that no probe and no client of an IPv6 cluster would reach: by itself it listens on IPv4 alone.
func (c *Config) requireFamily(cluster *eks.LookupClusterResult) error {
	networks := cluster.KubernetesNetworkConfigs
	if c.Rollout == RolloutIdentity || len(networks) == 0 || networks[0].IpFamily != "ipv6" {
		return nil
	}
	if c.Gateway.IpFamily == gateway.IPv6 || c.provided(onEks, gateway.HostVariable) {
		return nil
	}
	return fmt.Errorf("gateway.ipFamily: pods of EKS cluster %s have addresses of IPv6 alone, and the gateway listens on IPv4; "+
		"run `pulumi config set --path '%s:gateway.ipFamily' IPv6`",
		c.Eks.ClusterName, Project)
}

func (c *Config) makesOidcProvider() bool { return c.webIdentity() && c.Eks.OidcProvider == OidcCreate }

// useOidcProvider makes the cluster's IAM OIDC provider where the stack says so; otherwise the look-up has found it.
func (c *Config) useOidcProvider(ctx *pulumi.Context, cluster *eksCluster) error {
	if !c.makesOidcProvider() {
		return nil
	}
	// No thumbprints: IAM trusts the certificate authorities of EKS by itself. Protected as the role is, which trusts it.
	made, err := iam.NewOpenIdConnectProvider(ctx, "eks-oidc-provider", &iam.OpenIdConnectProviderArgs{
		Url:           pulumi.String(cluster.issuer),
		ClientIdLists: pulumi.StringArray{pulumi.String(iampolicy.STSAudience)},
	}, pulumi.Provider(cluster.provider), pulumi.Protect(c.ProtectIdentities))
	if err != nil {
		return fmt.Errorf("OIDC provider: %w", err)
	}
	cluster.oidcProviderArn = made.Arn
	return nil
}

// podIdentityAgent is the add-on that serves credentials on the nodes.
const podIdentityAgent = "eks-pod-identity-agent"

// podIdentityKey is the key by which something signs in with EKS Pod Identity; empty where nothing does.
func (c *Config) podIdentityKey() string {
	switch {
	case c.Eks.Auth == SignInPodIdentity:
		return "eks.auth"
	case c.Eks.GatewayAuth == SignInPodIdentity && c.Rollout == RolloutFull:
		return "eks.gatewayAuth"
	}
	return ""
}

// requirePodIdentityAgent stops the stack where nothing would serve credentials to the refresher. Nodes of EKS Auto Mode have the
// agent built in.
func (c *Config) requirePodIdentityAgent(ctx *pulumi.Context, provider pulumi.ProviderResource, cluster *eks.LookupClusterResult) error {
	key := c.podIdentityKey()
	if key == "" || automatic(cluster) {
		return nil
	}
	addon := &eks.LookupAddonArgs{ClusterName: c.Eks.ClusterName, AddonName: podIdentityAgent}
	if _, err := eks.LookupAddon(ctx, addon, pulumi.Provider(provider)); err != nil {
		return fmt.Errorf("%s: podIdentity needs the add-on %s, which EKS cluster %s does not have or which cannot be read: %w; "+
			"run `aws eks create-addon --cluster-name %s --addon-name %s --region %s`",
			key, podIdentityAgent, c.Eks.ClusterName, err, c.Eks.ClusterName, podIdentityAgent, c.Aws.Region)
	}
	return nil
}

// webIdentity tells whether a role made here trusts the cluster's OIDC issuer.
func (c *Config) webIdentity() bool {
	return c.eksPull().webIdentity(c) || len(c.Eks.GatewayPolicyArns) > 0 && c.Eks.GatewayAuth != SignInPodIdentity
}

// eksDeployment is the stack's part on EKS.
type eksDeployment struct {
	*Config
	cluster *eksCluster
	pull    *pulled
}

func (eksTarget) lookUp(ctx *pulumi.Context, c *Config, provider pulumi.ProviderResource) (deployment, error) {
	cluster, err := c.lookUpEks(ctx, provider)
	if err != nil {
		return nil, err
	}
	return &eksDeployment{Config: c, cluster: cluster}, nil
}

// identities are who pulls. What nodes are configured by is known before the gateway comes.
func (d *eksDeployment) identities(ctx *pulumi.Context) (handoff pulumi.Array, outputs pulumi.Map, err error) {
	if err := d.useOidcProvider(ctx, d.cluster); err != nil {
		return nil, nil, err
	}
	if d.pull, err = d.eksPull().make(ctx, d.Config, d.cluster); err != nil {
		return nil, nil, err
	}
	return d.pull.handoff, d.pull.outputs, nil
}

func (d *eksDeployment) workload(ctx *pulumi.Context) (pulumi.Map, error) {
	runtime, err := d.newEksGatewayRole(ctx, d.cluster)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := d.eksKubeconfig(d.cluster)
	if err != nil {
		return nil, err
	}
	onCluster, err := pulumikubernetes.NewProvider(ctx, "eks", kubernetesProviderArgs(kubeconfig, d.Eks.Context, d.cluster.arn))
	if err != nil {
		return nil, fmt.Errorf("kubernetes provider: %w", err)
	}
	outputs, err := d.deployKubernetes(ctx, kubernetesParts{
		at: onEks, provider: onCluster, pull: d.pull.secret,
		identity: func(workload *kubernetes.BifrostWorkloadArgs) {
			workload.EcrRoleArn = d.pull.role
			workload.DependsOn = append(workload.DependsOn, d.pull.ready...)
			runtime.addTo(workload)
		},
	})
	if err != nil {
		return nil, err
	}
	maps.Copy(outputs, d.pull.outputs)
	if runtime.arn != nil {
		outputs["gatewayRoleArn"] = runtime.arn
	}
	return outputs, nil
}
