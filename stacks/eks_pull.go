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
func (c *Config) oldestEKS() (reason, oldest string) {
	switch {
	case c.EKS.Pull == pullKubelet:
		return "eks.pull kubelet: ", minKubelet
	case c.Rollout == RolloutFull:
		return "", minWorkload
	case c.EKS.Auth == authPodIdentity:
		return "eks.auth podIdentity: ", minPodIdentity
	}
	return "", minEKS
}

// webIdentity tells whether a role made here trusts the cluster's OIDC issuer.
func (c *Config) webIdentity() bool {
	pulls := !c.Registry.Mirror && c.EKS.Pull != pullNode && c.EKS.Auth != authPodIdentity
	return pulls || len(c.EKS.GatewayPolicyArns) > 0 && c.EKS.GatewayAuth != authPodIdentity
}

// podIdentityKey is the key by which something signs in with EKS Pod Identity; empty where nothing does.
func (c *Config) podIdentityKey() string {
	switch {
	case c.EKS.Auth == authPodIdentity:
		return "eks.auth"
	case c.EKS.GatewayAuth == authPodIdentity && c.Rollout == RolloutFull:
		return "eks.gatewayAuth"
	}
	return ""
}

// lookUpNodeRoles finds the roles that are to pull. Their unique ids are part of the hand-off.
func (c *Config) lookUpNodeRoles(ctx *pulumi.Context, provider pulumi.ProviderResource) ([]*iam.LookupRoleResult, error) {
	var roles []*iam.LookupRoleResult
	for i, arn := range c.EKS.NodeRoleArns {
		name := path.Base(arn)
		role, err := iam.LookupRole(ctx, &iam.LookupRoleArgs{Name: name}, pulumi.Provider(provider))
		if err != nil {
			return nil, fmt.Errorf("eks.nodeRoleArns[%d]: account %s has no role %s, or it cannot be read: %w; see `aws eks describe-nodegroup` or `aws eks describe-fargate-profile` of cluster %s and mend the key",
				i, c.AWS.AccountID, arn, err, c.EKS.ClusterName)
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
	if _, err := eks.LookupAddon(ctx, &eks.LookupAddonArgs{ClusterName: c.EKS.ClusterName, AddonName: podIdentityAgent}, pulumi.Provider(provider)); err != nil {
		return fmt.Errorf("%s: podIdentity needs the add-on %s, which EKS cluster %s does not have or which cannot be read: %w; run `aws eks create-addon --cluster-name %s --addon-name %s --region %s`",
			key, podIdentityAgent, c.EKS.ClusterName, err, c.EKS.ClusterName, podIdentityAgent, c.AWS.Region)
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
func (c *Config) newEKSPull(ctx *pulumi.Context, provider pulumi.ProviderResource, cluster *eksCluster) (*eksPull, error) {
	switch {
	case c.Registry.Mirror:
		return &eksPull{}, nil
	case c.EKS.Pull == pullNode:
		return c.newEKSNodePull(ctx, provider, cluster)
	}
	role, err := aws.NewEcrPullRole(ctx, "eks-ecr", c.eksPullRoleArgs(cluster), pulumi.Providers(provider))
	if err != nil {
		return nil, err
	}
	handoff := c.awsHandoff("eks", "refreshes the pull Secret on EKS", role.RoleArn, role.RoleId)
	handoff["pull"] = pulumi.String(cmp.Or(c.EKS.Pull, pullRefresh))
	handoff["auth"] = pulumi.String(cmp.Or(c.EKS.Auth, authIrsa))
	pull := &eksPull{ready: role.Ready(), handoff: pulumi.Array{handoff}}

	if c.EKS.Pull == pullKubelet {
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
	token := &kubernetes.EcrTokenArgs{Region: repository.Region, Image: c.Refresher.Images.AWS}
	if c.EKS.Auth == authPodIdentity {
		token.PodIdentity = true
	} else {
		token.RoleArn = role.RoleArn
	}
	pull.secret = &kubernetes.PullSecretArgs{SecretName: c.EKS.SecretName, Ecr: token, DependsOn: role.Ready()}
	return pull, nil
}

func (c *Config) newEKSNodePull(ctx *pulumi.Context, provider pulumi.ProviderResource, cluster *eksCluster) (*eksPull, error) {
	pull := &eksPull{}
	args := &aws.EcrNodePullArgs{RepositoryArns: c.repositoryArns(), PolicyName: c.EKS.PolicyName, Path: c.AWS.IamPath}
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
		RoleName:       c.EKS.RoleName, PolicyName: c.EKS.PolicyName,
		Path: c.AWS.IamPath, PermissionsBoundary: c.AWS.PermissionsBoundary, Protect: c.ProtectIdentities,
	}
	serviceAccount := c.puller()
	if c.EKS.Pull == pullKubelet {
		serviceAccount = c.gatewayServiceAccount()
	}
	if c.EKS.Auth == authPodIdentity {
		args.PodIdentity = &aws.PodIdentityTrustArgs{
			ClusterName: c.EKS.ClusterName, ClusterArn: cluster.arn, Namespace: c.namespace(), ServiceAccount: serviceAccount,
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
