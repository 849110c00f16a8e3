package stacks

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/version"
	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"

	"bifrost/internal/azureaks"
)

// minWorkload is the oldest Kubernetes of the gateway's objects: matchLabelKeys of a topology spread and unhealthyPodEvictionPolicy of
// a PodDisruptionBudget are on by default from there (Kubernetes, "Feature Gates").
const minWorkload = "1.27"

// OldestKubernetes is that of a cluster that nobody can look up: verify asks it.
const OldestKubernetes = minWorkload

// oldestKubernetes is what the rollout asks of a cluster on which the vendor supports byVendor and newer.
func (c *Config) oldestKubernetes(byVendor string) string {
	if c.Rollout == RolloutFull {
		return minWorkload
	}
	return byVendor
}

// requireVersion stops a stack whose cluster is too old; mend is the command that upgrades it.
func requireVersion(cluster string, have, atLeast, mend string) error {
	v, err := version.ParseGeneric(have)
	if err != nil {
		return fmt.Errorf("reading the version of %s: %w", cluster, err)
	}
	if v.LessThan(version.MustParseGeneric(atLeast)) {
		return fmt.Errorf("%s runs Kubernetes %s; Bifrost needs %s or newer; run `%s`", cluster, have, atLeast, mend)
	}
	return nil
}

// kubernetesProviderArgs are the options that the components rely on: Secrets and ConfigMaps of fixed names change in place
// instead of being deleted first, and the identifier keeps a kubeconfig that is not known at preview from planning the
// replacement of everything.
func kubernetesProviderArgs(kubeconfig pulumi.StringOutput, context, clusterIdentifier string) *kubernetes.ProviderArgs {
	args := &kubernetes.ProviderArgs{
		Kubeconfig:             kubeconfig,
		ClusterIdentifier:      pulumi.String(clusterIdentifier),
		EnableServerSideApply:  pulumi.Bool(true),
		EnableSecretMutable:    pulumi.Bool(true),
		EnableConfigMapMutable: pulumi.Bool(true),
	}
	if context != "" {
		args.Context = pulumi.String(context)
	}
	return args
}

// execVersion is the version of the exec protocol that aws and kubelogin speak by default.
const execVersion = "client.authentication.k8s.io/v1beta1"

// eksKubeconfig signs in with `aws eks get-token` at every call: a token from a look-up would differ at every up.
func (c *Config) eksKubeconfig(cluster *eksCluster) (pulumi.StringOutput, error) {
	if c.Secrets.Kubeconfig != "" {
		return secretString(c.Secrets.Kubeconfig), nil
	}
	ca, err := base64.StdEncoding.DecodeString(cluster.certificateAuthority)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("certificate authority of EKS cluster %s: %w", c.Eks.ClusterName, err)
	}
	login := &clientcmd.ExecConfig{
		APIVersion:      execVersion,
		Command:         "aws",
		Args:            []string{"--region", c.Aws.Region, "eks", "get-token", "--cluster-name", c.Eks.ClusterName, "--output", "json"},
		InteractiveMode: clientcmd.NeverExecInteractiveMode,
	}
	if c.Aws.AssumeRoleArn != "" {
		login.Args = append(login.Args, "--role-arn", c.Aws.AssumeRoleArn)
	}
	if c.Aws.Profile != "" {
		login.Args = append(login.Args, "--profile", c.Aws.Profile)
	}
	return execKubeconfig(onEks, c.Eks.ClusterName, clientcmd.Cluster{Server: cluster.endpoint, CertificateAuthorityData: ca}, login)
}

// execKubeconfig is the kubeconfig of one cluster, to which a command of its cloud signs in.
func execKubeconfig(at cluster, name string, to clientcmd.Cluster, login *clientcmd.ExecConfig) (pulumi.StringOutput, error) {
	text, err := yaml.Marshal(clientcmd.Config{
		APIVersion: "v1", Kind: "Config", CurrentContext: name,
		Clusters:  []clientcmd.NamedCluster{{Name: name, Cluster: to}},
		AuthInfos: []clientcmd.NamedAuthInfo{{Name: name, AuthInfo: clientcmd.AuthInfo{Exec: login}}},
		Contexts:  []clientcmd.NamedContext{{Name: name, Context: clientcmd.Context{Cluster: name, AuthInfo: name}}},
	})
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("kubeconfig of %s cluster %s: %w", at.title(), name, err)
	}
	return secretString(string(text)), nil
}

// aksKubeconfig asks Azure for the cluster's kubeconfig, since the cluster's own look-up has no certificate authority, and makes
// its login one that works without a person.
func (c *Config) aksKubeconfig(ctx *pulumi.Context, provider pulumi.ProviderResource) pulumi.StringOutput {
	if c.Secrets.Kubeconfig != "" {
		return secretString(c.Secrets.Kubeconfig)
	}
	credentials := azureaks.ListUserCredentials(ctx, c.Aks.ResourceGroup, c.Aks.ClusterName, pulumi.Provider(provider))
	kubeconfig := credentials.ApplyT(func(r azureaks.UserCredentials) (string, error) {
		if len(r.Kubeconfigs) == 0 {
			return "", fmt.Errorf("AKS cluster %s gave no kubeconfig; sign in with a role such as Azure Kubernetes Service Cluster User",
				c.Aks.ClusterName)
		}
		text, err := base64.StdEncoding.DecodeString(r.Kubeconfigs[0].Value)
		if err != nil {
			return "", fmt.Errorf("kubeconfig of AKS cluster %s: %w", c.Aks.ClusterName, err)
		}
		if err := c.Aks.acceptLogin(text); err != nil {
			return "", err
		}
		return KubeconfigWithLogin(text, c.Aks.Login)
	}).(pulumi.StringOutput)
	return pulumi.ToSecret(kubeconfig).(pulumi.StringOutput)
}

// KubeconfigWithLogin makes every kubelogin of a kubeconfig sign in with the given mode. Users of clusters without Entra integration hold
// a certificate or token of their own, and stay as they are.
func KubeconfigWithLogin(text []byte, login Login) (string, error) {
	var config clientcmd.Config
	if err := yaml.Unmarshal(text, &config); err != nil {
		return "", errors.New("the kubeconfig that Azure gave does not parse")
	}
	for i := range config.AuthInfos {
		exec := config.AuthInfos[i].AuthInfo.Exec
		if exec == nil {
			continue
		}
		args := []string{"get-token", "--login", string(login)}
		// The rest of its arguments belong to the interactive login.
		for _, flag := range []string{"--environment", "--server-id", "--tenant-id"} {
			if at := slices.Index(exec.Args, flag); at >= 0 && at+1 < len(exec.Args) {
				args = append(args, flag, exec.Args[at+1])
			}
		}
		config.AuthInfos[i].AuthInfo.Exec = &clientcmd.ExecConfig{
			APIVersion: execVersion, Command: "kubelogin", Args: args, InteractiveMode: clientcmd.NeverExecInteractiveMode,
		}
	}
	out, err := yaml.Marshal(config)
	return string(out), err
}

// tokenLifeSeconds is how long a token the vendor's document asks for; 0 where it does not say, or not a number.
func (g *Gcp) tokenLifeSeconds() int {
	if g == nil {
		return 0
	}
	impersonation, _ := g.CredentialConfig["service_account_impersonation"].(map[string]any)
	seconds, _ := strconv.Atoi(fmt.Sprint(impersonation["token_lifetime_seconds"]))
	return seconds
}

// credentialConfigJSON is the vendor's document as it goes into the ConfigMap.
func (g *Gcp) credentialConfigJSON() (string, error) {
	b, err := json.MarshalIndent(g.CredentialConfig, "", "  ")
	if err != nil {
		return "", fmt.Errorf("rendering gcp.credentialConfig: %w", err)
	}
	return string(b), nil
}
