package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"bifrost/components/aws"
	"bifrost/components/kubernetes"
	"bifrost/internal/iampolicy"
)

// minKubelet has ServiceAccount tokens for credential providers on by default (KEP-4412).
const minKubelet = "1.34"

// kubeletPull: kubelets pull as a role that trusts the gateway's ServiceAccount, with a token of that which they ask for themselves.
type kubeletPull struct{}

func (kubeletPull) oldest(*Config) (reason, version string) { return "eks.pull kubelet: ", minKubelet }

func (kubeletPull) webIdentity(c *Config) bool { return c.Eks.Auth != SignInPodIdentity }

func (kubeletPull) refreshes() bool { return false }

func (kubeletPull) makesRole() bool { return true }

func (kubeletPull) workloadRole() string { return string(madeUp) }

func (kubeletPull) validate(c *Config, k *checker) {
	c.refuseSecret(k)
	c.refuseNodeRoles(k)
	c.validateEksPullRole(k, c.Gateway.ServiceAccount)
	if e := c.Eks; e.GatewayAuth != SignInPodIdentity && (e.GatewayRoleArn != "" || len(e.GatewayPolicyArns) > 0) {
		k.add(field.Invalid(field.NewPath("eks", "gatewayAuth"), e.GatewayAuth, "with eks.pull kubelet nodes fetch tokens of the "+
			"gateway's ServiceAccount for "+iampolicy.STSAudience+" and hand them to the plugin that pulls: they would open the gateway's "+
			"role, too, and the gateway could pull; set it to podIdentity, for which the cluster needs the add-on "+podIdentityAgent))
	}
}

func (kubeletPull) make(ctx *pulumi.Context, c *Config, cluster *eksCluster) (*pulled, error) {
	role, err := aws.NewEcrPullRole(ctx, "eks-ecr", c.eksPullRoleArgs(cluster, c.Gateway.ServiceAccount),
		pulumi.Providers(cluster.provider), samePolicy(ctx, "eks-nodes", aws.EcrNodePullType))
	if err != nil {
		return nil, err
	}
	config, err := credentialProviderConfig(c.image.Host)
	if err != nil {
		return nil, err
	}
	return &pulled{
		ready: role.Ready(), role: role.RoleArn,
		handoff: pulumi.Array{c.eksHandoff("pulls in the kubelets on EKS, for the gateway's ServiceAccount", role)},
		outputs: pulumi.Map{"kubelet": pulumi.String(config)},
	}, nil
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
