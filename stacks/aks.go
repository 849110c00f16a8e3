package stacks

import (
	"fmt"
	"strings"

	pulumikubernetes "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/azure"
	"bifrost/components/kubernetes"
	"bifrost/internal/azureaks"
)

// minAks is the oldest Kubernetes that the vendor supports on AKS.
const minAks = "1.24"

// aksDeployment is the stack's part on AKS.
type aksDeployment struct {
	*Config
	cluster *aksCluster
	pull    *pulled
}

func (aksTarget) lookUp(ctx *pulumi.Context, c *Config, provider pulumi.ProviderResource) (deployment, error) {
	cluster, err := c.lookUpAks(ctx, provider)
	if err != nil {
		return nil, err
	}
	return &aksDeployment{Config: c, cluster: cluster}, nil
}

// identities are the managed identity with its federated credential and, where it is made here, Google's side.
func (d *aksDeployment) identities(ctx *pulumi.Context) (handoff pulumi.Array, outputs pulumi.Map, err error) {
	if d.Registry.Mirror {
		d.pull = &pulled{}
		return nil, nil, nil
	}
	identity, err := azure.NewAksWorkloadIdentity(ctx, "aks", d.aksIdentityArgs(d.cluster), pulumi.Providers(d.cluster.provider))
	if err != nil {
		return nil, nil, err
	}
	shown := d.shownToken(d.cluster, identity)
	entry := pulumi.Map{
		"platform": pulumi.String("aks"), "purpose": pulumi.String("refreshes the pull Secret on AKS"),
		// What Google's side must trust, of the token that it is shown.
		"trust":  pulumi.String(d.Aks.Trust),
		"issuer": shown.issuer, "subject": shown.subject, "audience": shown.audience, "attributeCondition": shown.condition,
		"tenantId": identity.TenantId, "clientId": identity.ClientId, "principalId": identity.PrincipalId,
	}
	credentials, err := d.googleCredentials(ctx, shown)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case credentials.serviceAccount != nil:
		entry["serviceAccountEmail"] = credentials.serviceAccount
	case d.Aks.Trust == TrustAks:
		entry["pool"] = pulumi.String(onePool)
	}
	d.pull = &pulled{
		secret: d.arPullSecretArgs(credentials.config, tokenHolder{identity.TenantId, identity.ClientId, identity.Ready()}),
	}
	return pulumi.Array{entry}, nil, nil
}

// onePool is what whoever has Google's side must know besides what the token says: the principal of a ServiceAccount is not of one cluster.
// What gcp.federation makes tells clusters apart by itself.
const onePool = "of this cluster alone: a principal at Google names pool and subject, so that a token of another cluster which the pool " +
	"lets in would pass for this one's with the same namespace and ServiceAccount"

func (c *Config) aksIdentityArgs(cluster *aksCluster) *azure.AksWorkloadIdentityArgs {
	return &azure.AksWorkloadIdentityArgs{
		ResourceGroup: c.Azure.ResourceGroup, Location: c.Azure.Location, SubscriptionId: c.Azure.SubscriptionId,
		Issuer: cluster.issuer, Namespace: c.Gateway.Namespace, ServiceAccount: c.Refresher.ServiceAccount,
		IdentityName: c.Aks.IdentityName, FederatedCredentialName: c.Aks.FederatedCredentialName,
		Tags: c.tags(), Protect: c.ProtectIdentities,
	}
}

func (d *aksDeployment) workload(ctx *pulumi.Context) (pulumi.Map, error) {
	own, err := d.newAksGatewayIdentity(ctx)
	if err != nil {
		return nil, err
	}
	kubeconfig := d.aksKubeconfig(ctx, d.cluster.provider)
	onCluster, err := pulumikubernetes.NewProvider(ctx, "aks", kubernetesProviderArgs(kubeconfig, d.Aks.Context, d.cluster.id))
	if err != nil {
		return nil, fmt.Errorf("kubernetes provider: %w", err)
	}
	outputs, err := d.deployKubernetes(ctx, kubernetesParts{
		at: onAks, provider: onCluster, pull: d.pull.secret,
		identity: func(workload *kubernetes.BifrostWorkloadArgs) {
			onAks.runtime(d.Config, workload)
			if own != nil {
				workload.AzureClientId = own.ClientId
				workload.DependsOn = append(workload.DependsOn, own.Ready()...)
			}
		},
	})
	if err != nil || own == nil {
		return outputs, err
	}
	outputs["gatewayClientId"], outputs["gatewayPrincipalId"] = own.ClientId, own.PrincipalId
	return outputs, nil
}

// aksCluster is what the look-up says of an existing cluster.
type aksCluster struct {
	// provider is the Azure provider of the stack.
	provider   pulumi.ProviderResource
	id, issuer string
}

// lookUpAks finds the cluster and stops the stack where its issuer or workload identity is off: it is the customer's cluster. It
// is the first request to Azure, and so tells whether the login reaches the subscription and tenant of the stack.
func (c *Config) lookUpAks(ctx *pulumi.Context, provider pulumi.ProviderResource) (*aksCluster, error) {
	name, group := c.Aks.ClusterName, c.Aks.ResourceGroup
	found, err := azureaks.LookUpManagedCluster(ctx, group, name, pulumi.Provider(provider))
	if err != nil {
		if wrong := c.wrongLogin(err); wrong != nil {
			return nil, wrong
		}
		return nil, fmt.Errorf("aks.clusterName: there is no cluster %s in resource group %s of subscription %s, or it cannot be read: "+
			"%w; sign "+
			"in with `az login --tenant %s`, see `az aks list --subscription %s --output table` and set %s:aks.clusterName or "+
			"%s:aks.resourceGroup",
			name, group, c.Azure.SubscriptionId, err, c.Azure.TenantId, c.Azure.SubscriptionId, Project, Project)
	}
	if found.Identity != nil && found.Identity.TenantId != "" && !strings.EqualFold(found.Identity.TenantId, c.Azure.TenantId) {
		return nil, fmt.Errorf("azure.tenantId: cluster %s is of tenant %s, and this stack is for %s; mend the key, or sign in with `az "+
			"login "+
			"--tenant %s`",
			name, found.Identity.TenantId, c.Azure.TenantId, c.Azure.TenantId)
	}
	if err := requireVersion("AKS cluster "+name, found.CurrentKubernetesVersion, c.oldestKubernetes(minAks),
		fmt.Sprintf("az aks upgrade --resource-group %s --name %s --kubernetes-version VERSION", group, name)); err != nil {
		return nil, err
	}
	issuer, workloadIdentity := found.Issuer(), found.HasWorkloadIdentity()
	if needed := !c.Registry.Mirror || onAks.identified(c); needed && (issuer == "" || !workloadIdentity) {
		return nil, fmt.Errorf("AKS cluster %s has OIDC issuer %s and workload identity %s; run `az aks update --resource-group %s "+
			"--name %s --enable-oidc-issuer --enable-workload-identity`",
			name, onOff(issuer != ""), onOff(workloadIdentity), group, name)
	}
	if c.MakesNetworkPolicies() {
		if err := c.tellEnforcement(ctx, "AKS cluster "+name, enforcementOnAks(found), c.EnforceOnAks()); err != nil {
			return nil, err
		}
	}
	return &aksCluster{provider: provider, id: found.Id, issuer: issuer}, nil
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}
