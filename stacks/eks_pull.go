package stacks

import (
	"cmp"
	"fmt"
	"path"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"bifrost/components/aws"
	"bifrost/components/kubernetes"
	"bifrost/internal/iampolicy"
)

// Values of eks.pull: who pulls the image.
const (
	// pullRefresh: the kubelet, with a pull Secret that a CronJob keeps fresh.
	pullRefresh = "refresh"
	// pullNode: the kubelet, as the role of its node or of Fargate pod execution.
	pullNode = "node"
	// pullKubelet: the kubelet, as a role that trusts the gateway's ServiceAccount (KEP-4412).
	pullKubelet = "kubelet"
)

// Values of eks.auth: how the refresher signs in.
const (
	authIrsa        = "irsa"
	authPodIdentity = "podIdentity"
)

// Oldest Kubernetes of the ways of pulling that need more than the vendor's minimum.
const (
	// minKubelet has ServiceAccount tokens for credential providers on by default (KEP-4412).
	minKubelet = "1.34"
	// minPodIdentity: EKS user guide, "EKS Pod Identity cluster versions".
	minPodIdentity = "1.24"
)

// podIdentityAgent is the add-on that serves credentials on the nodes.
const podIdentityAgent = "eks-pod-identity-agent"

// oldestEKS is the oldest Kubernetes that will do, behind the key that asks for it.
func (c *Config) oldestEks() (reason, oldest string) {
	switch {
	case c.Eks.Pull == pullKubelet:
		return "eks.pull kubelet: ", minKubelet
	case c.Rollout == RolloutFull:
		return "", minWorkload
	case c.Eks.Auth == authPodIdentity:
		return "eks.auth podIdentity: ", minPodIdentity
	}
	return "", minEks
}

// webIdentity tells whether a role made here trusts the cluster's OIDC issuer.
func (c *Config) webIdentity() bool {
	pulls := !c.Registry.Mirror && c.Eks.Pull != pullNode && c.Eks.Auth != authPodIdentity
	return pulls || len(c.Eks.GatewayPolicyArns) > 0 && c.Eks.GatewayAuth != authPodIdentity
}

// podIdentityKey is the key by which something signs in with EKS Pod Identity; empty where nothing does.
func (c *Config) podIdentityKey() string {
	switch {
	case c.Eks.Auth == authPodIdentity:
		return "eks.auth"
	case c.Eks.GatewayAuth == authPodIdentity && c.Rollout == RolloutFull:
		return "eks.gatewayAuth"
	}
	return ""
}

// lookUpNodeRoles finds the roles that are to pull. Their unique ids are part of the hand-off.
func (c *Config) lookUpNodeRoles(ctx *pulumi.Context, provider pulumi.ProviderResource) ([]*iam.LookupRoleResult, error) {
	var roles []*iam.LookupRoleResult
	for i, arn := range c.Eks.NodeRoleArns {
		name := path.Base(arn)
		role, err := iam.LookupRole(ctx, &iam.LookupRoleArgs{Name: name}, pulumi.Provider(provider))
		if err != nil {
			return nil, fmt.Errorf("eks.nodeRoleArns[%d]: account %s has no role %s, or it cannot be read: %w; see `aws eks describe-nodegroup` or `aws eks describe-fargate-profile` of cluster %s and mend the key",
				i, c.Aws.AccountId, arn, err, c.Eks.ClusterName)
		}
		if role.Arn != arn {
			return nil, fmt.Errorf("eks.nodeRoleArns[%d]: the role named %s is %s, not %s; write that ARN", i, name, role.Arn, arn)
		}
		roles = append(roles, role)
	}
	return roles, nil
}

// requirePodIdentityAgent stops the stack where nothing would serve credentials to the refresher. Nodes of EKS Auto Mode have the
// agent built in.
func (c *Config) requirePodIdentityAgent(ctx *pulumi.Context, provider pulumi.ProviderResource, cluster *eks.LookupClusterResult, key string) error {
	for _, compute := range cluster.ComputeConfigs {
		if compute.Enabled {
			return nil
		}
	}
	if _, err := eks.LookupAddon(ctx, &eks.LookupAddonArgs{ClusterName: c.Eks.ClusterName, AddonName: podIdentityAgent}, pulumi.Provider(provider)); err != nil {
		return fmt.Errorf("%s: podIdentity needs the add-on %s, which EKS cluster %s does not have or which cannot be read: %w; run `aws eks create-addon --cluster-name %s --addon-name %s --region %s`",
			key, podIdentityAgent, c.Eks.ClusterName, err, c.Eks.ClusterName, podIdentityAgent, c.Aws.Region)
	}
	return nil
}

// eksPull is who pulls on EKS, and what the workload needs of it.
type eksPull struct {
	// ready is the right to pull; none, where a mirror needs no right that is made here.
	ready []pulumi.Resource
	// secret is the pull Secret, where there is one.
	secret *kubernetes.PullSecretArgs
	// gatewayRoleArn is the role that kubelets take from the gateway's ServiceAccount, where they do.
	gatewayRoleArn pulumi.StringInput
	handoff        pulumi.Array
	outputs        pulumi.Map
}

// newEKSPull makes the identities of the stack's way of pulling.
func (c *Config) newEksPull(ctx *pulumi.Context, provider pulumi.ProviderResource, cluster *eksCluster) (*eksPull, error) {
	switch {
	case c.Registry.Mirror:
		return &eksPull{}, nil
	case c.Eks.Pull == pullNode:
		return c.newEksNodePull(ctx, provider, cluster)
	}
	role, err := aws.NewEcrPullRole(ctx, "eks-ecr", c.eksPullRoleArgs(cluster), pulumi.Providers(provider))
	if err != nil {
		return nil, err
	}
	handoff := c.awsHandoff("eks", "refreshes the pull Secret on EKS", role.RoleArn, role.RoleId)
	handoff["pull"] = pulumi.String(cmp.Or(c.Eks.Pull, pullRefresh))
	handoff["auth"] = pulumi.String(cmp.Or(c.Eks.Auth, authIrsa))
	pull := &eksPull{ready: role.Ready(), handoff: pulumi.Array{handoff}}

	if c.Eks.Pull == pullKubelet {
		handoff["purpose"] = pulumi.String("pulls in the kubelets on EKS, for the gateway's ServiceAccount")
		config, err := credentialProviderConfig(c.image().Host)
		if err != nil {
			return nil, err
		}
		pull.gatewayRoleArn = role.RoleArn
		pull.outputs = pulumi.Map{"kubelet": pulumi.String(config)}
		return pull, nil
	}

	repository, _ := c.image().Ecr()
	token := &kubernetes.EcrTokenArgs{Region: repository.Region, Image: c.Refresher.Images.Aws}
	if c.Eks.Auth == authPodIdentity {
		token.PodIdentity = true
	} else {
		token.RoleArn = role.RoleArn
	}
	pull.secret = &kubernetes.PullSecretArgs{SecretName: c.Eks.SecretName, Ecr: token, DependsOn: role.Ready()}
	return pull, nil
}

func (c *Config) newEksNodePull(ctx *pulumi.Context, provider pulumi.ProviderResource, cluster *eksCluster) (*eksPull, error) {
	pull := &eksPull{}
	args := &aws.EcrNodePullArgs{RepositoryArns: c.repositoryArns(), PolicyName: c.Eks.PolicyName, Path: c.Aws.IamPath}
	for _, role := range cluster.nodeRoles {
		args.RoleNames = append(args.RoleNames, role.Name)
		handoff := c.awsHandoff("eks", "pulls on the nodes of EKS", pulumi.String(role.Arn), pulumi.String(role.UniqueId))
		handoff["pull"] = pulumi.String(pullNode)
		pull.handoff = append(pull.handoff, handoff)
	}
	nodes, err := aws.NewEcrNodePull(ctx, "eks-nodes", args, pulumi.Providers(provider))
	if err != nil {
		return nil, err
	}
	pull.ready = nodes.Ready()
	return pull, nil
}

func (c *Config) eksPullRoleArgs(cluster *eksCluster) *aws.EcrPullRoleArgs {
	args := &aws.EcrPullRoleArgs{
		RepositoryArns: c.repositoryArns(),
		RoleName:       c.Eks.RoleName, PolicyName: c.Eks.PolicyName,
		Path: c.Aws.IamPath, PermissionsBoundary: c.Aws.PermissionsBoundary, Protect: c.ProtectIdentities,
	}
	serviceAccount := c.puller()
	if c.Eks.Pull == pullKubelet {
		serviceAccount = c.gatewayServiceAccount()
	}
	if c.Eks.Auth == authPodIdentity {
		args.PodIdentity = &aws.PodIdentityTrustArgs{
			ClusterName: c.Eks.ClusterName, ClusterArn: cluster.arn, Namespace: c.namespace(), ServiceAccount: serviceAccount,
		}
		return args
	}
	args.Irsa = &aws.IrsaTrustArgs{
		OidcProviderArn: cluster.oidcProviderArn, Issuer: cluster.issuer, Namespace: c.namespace(), ServiceAccount: serviceAccount,
	}
	return args
}

// credentialProviderConfig is the kubelet's configuration file for pulls with a token of the pod's ServiceAccount: what nodes need
// beside the plugin itself (Kubernetes, "Configure a kubelet image credential provider").
func credentialProviderConfig(host string) (string, error) {
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1",
		"kind":       "CredentialProviderConfig",
		"providers": []any{map[string]any{
			"name":                 "ecr-credential-provider",
			"matchImages":          []string{host},
			"defaultCacheDuration": "12h",
			"apiVersion":           "credentialprovider.kubelet.k8s.io/v1",
			"tokenAttributes": map[string]any{
				"serviceAccountTokenAudience":          iampolicy.STSAudience,
				"cacheType":                            "ServiceAccount",
				"requireServiceAccount":                true,
				"requiredServiceAccountAnnotationKeys": []string{kubernetes.EcrRoleAnnotation},
			},
		}},
	})
	if err != nil {
		return "", fmt.Errorf("rendering the kubelet's credential provider configuration: %w", err)
	}
	return string(text), nil
}
