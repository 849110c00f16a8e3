package stacks

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/containerservice/v2"
	pulumiazure "github.com/pulumi/pulumi-azure-native-sdk/v2"
	pulumikubernetes "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/azure"
	"bifrost/components/kubernetes"
	"bifrost/internal/iampolicy"
)

// minAKS is the oldest Kubernetes that the vendor supports on AKS.
const minAks = "1.24"

// deployAzure is the recipe for AKS: identity, federated credential, Google's side where it is made here, hand-off to the vendor; then,
// in rollout full, the workload.
func deployAzure(ctx *pulumi.Context, c *Config) error {
	provider, err := pulumiazure.NewProvider(ctx, "azure", &pulumiazure.ProviderArgs{
		SubscriptionId: pulumi.String(c.Azure.SubscriptionId),
		TenantId:       pulumi.String(c.Azure.TenantId),
		Location:       pulumi.String(c.Azure.Location),
	})
	if err != nil {
		return fmt.Errorf("azure-native provider: %w", err)
	}
	cluster, err := c.lookUpAks(ctx, provider)
	if err != nil {
		return err
	}

	if c.Registry.Mirror {
		ctx.Export("vendorHandoff", pulumi.Array{})
		return c.deployAks(ctx, provider, cluster, nil)
	}

	identity, err := azure.NewAksWorkloadIdentity(ctx, "aks", &azure.AksWorkloadIdentityArgs{
		ResourceGroup: c.Azure.ResourceGroup, Location: c.Azure.Location,
		Issuer: cluster.issuer, Namespace: c.namespace(), ServiceAccount: c.puller(),
		IdentityName: c.Aks.IdentityName, FederatedCredentialName: c.Aks.FederatedCredentialName,
		Tags: c.tags(ctx.Stack()), Protect: c.ProtectIdentities,
	}, pulumi.Providers(provider))
	if err != nil {
		return err
	}
	shown := c.shownToken(cluster, identity)
	entry := pulumi.Map{
		"platform": pulumi.String("aks"), "purpose": pulumi.String("refreshes the pull Secret on AKS"),
		// What Google's side must trust, of the token that it is shown.
		"trust":  pulumi.String(c.Aks.trust()),
		"issuer": shown.issuer, "subject": shown.subject, "audience": shown.audience, "attributeCondition": shown.condition,
		"tenantId": identity.TenantId, "clientId": identity.ClientId, "principalId": identity.PrincipalId,
	}
	credentials, err := c.googleCredentials(ctx, shown)
	if err != nil {
		return err
	}
	if credentials.serviceAccount != nil {
		entry["serviceAccountEmail"] = credentials.serviceAccount
	}
	ctx.Export("vendorHandoff", pulumi.Array{entry})
	if c.Rollout == RolloutIdentity {
		return nil
	}

	token := &kubernetes.ArtifactRegistryTokenArgs{
		CredentialConfig: credentials.config,
		TokenAudience:    c.Aks.tokenAudience(),
		TokenFile:        c.Aks.TokenFile,
		Image:            c.Refresher.Images.Gcloud,
	}
	if c.Aks.trust() == trustEntra {
		token.Entra = &kubernetes.EntraExchangeArgs{TenantId: identity.TenantId, ClientId: identity.ClientId, AppIdUri: c.Aks.Entra.AppIdUri}
	}
	return c.deployAks(ctx, provider, cluster, &kubernetes.PullSecretArgs{
		SecretName:       c.Aks.SecretName,
		ArtifactRegistry: token,
		DependsOn:        identity.Ready(),
	})
}

// deployAKS adds what runs on the cluster.
func (c *Config) deployAks(ctx *pulumi.Context, provider pulumi.ProviderResource, cluster *aksCluster, pull *kubernetes.PullSecretArgs) error {
	onCluster, err := pulumikubernetes.NewProvider(ctx, "aks", kubernetesProviderArgs(c.aksKubeconfig(ctx, provider), c.Aks.Context, cluster.id))
	if err != nil {
		return fmt.Errorf("kubernetes provider: %w", err)
	}
	outputs, err := c.deployKubernetes(ctx, kubernetesParts{at: onAks, provider: onCluster, pull: pull})
	if err != nil {
		return err
	}
	ctx.Export("aks", outputs)
	return nil
}

func (a *Aks) tokenAudience() string {
	return cmp.Or(a.TokenAudience, iampolicy.AzureTokenExchangeAudience)
}

// aksCluster is what the look-up says of an existing cluster.
type aksCluster struct{ id, issuer string }

// lookUpAKS finds the cluster and stops the stack where its issuer or workload identity is off: it is the customer's cluster. It
// is the first request to Azure, and so tells whether the login reaches the subscription and tenant of the stack.
func (c *Config) lookUpAks(ctx *pulumi.Context, provider pulumi.ProviderResource) (*aksCluster, error) {
	name, group := c.Aks.ClusterName, c.aksResourceGroup()
	found, err := containerservice.LookupManagedCluster(ctx, &containerservice.LookupManagedClusterArgs{
		ResourceGroupName: group, ResourceName: name,
	}, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("aks.clusterName: there is no cluster %s in resource group %s of subscription %s, or it cannot be read: %w; sign in with `az login --tenant %s`, see `az aks list --subscription %s --output table` and set %s:aks.clusterName or %s:aks.resourceGroup",
			name, group, c.Azure.SubscriptionId, err, c.Azure.TenantId, c.Azure.SubscriptionId, Project, Project)
	}
	if found.Identity != nil && found.Identity.TenantId != "" && !strings.EqualFold(found.Identity.TenantId, c.Azure.TenantId) {
		return nil, fmt.Errorf("azure.tenantId: cluster %s is of tenant %s, and this stack is for %s; mend the key, or sign in with `az login --tenant %s`",
			name, found.Identity.TenantId, c.Azure.TenantId, c.Azure.TenantId)
	}
	oldest := minAks
	if c.Rollout == RolloutFull {
		oldest = minWorkload
	}
	if err := requireVersion("AKS cluster "+name, found.CurrentKubernetesVersion, oldest,
		fmt.Sprintf("az aks upgrade --resource-group %s --name %s --kubernetes-version VERSION", group, name)); err != nil {
		return nil, err
	}
	issuer := found.OidcIssuerProfile != nil && found.OidcIssuerProfile.Enabled != nil && *found.OidcIssuerProfile.Enabled
	workloadIdentity := found.SecurityProfile != nil && found.SecurityProfile.WorkloadIdentity != nil &&
		found.SecurityProfile.WorkloadIdentity.Enabled != nil && *found.SecurityProfile.WorkloadIdentity.Enabled
	if needed := !c.Registry.Mirror || c.Aks.GatewayClientId != ""; needed && (!issuer || !workloadIdentity) {
		return nil, fmt.Errorf("AKS cluster %s has OIDC issuer %s and workload identity %s; run `az aks update --resource-group %s --name %s --enable-oidc-issuer --enable-workload-identity`",
			name, onOff(issuer), onOff(workloadIdentity), group, name)
	}
	result := &aksCluster{id: found.Id}
	if issuer {
		result.issuer = found.OidcIssuerProfile.IssuerURL
	}
	return result, nil
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func (c *Config) aksResourceGroup() string {
	return cmp.Or(c.Aks.ResourceGroup, c.Azure.ResourceGroup)
}
