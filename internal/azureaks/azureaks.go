// Package azureaks is the little of Azure Kubernetes Service that the program needs: two look-ups of the azure-native provider, typed by
// hand. The SDK's own package compiles for 18 CPU-seconds (docs/decisions/0010-compile-cost.md).
package azureaks

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Tokens of the look-ups. The explicit provider decides the provider's version.
const (
	getManagedCluster   = "azure-native:containerservice:getManagedCluster"
	listUserCredentials = "azure-native:containerservice:listManagedClusterUserCredentials"
)

type managedClusterArgs struct {
	ResourceGroupName string `pulumi:"resourceGroupName"`
	ResourceName      string `pulumi:"resourceName"`
}

// ManagedCluster is what a look-up says of a cluster.
type ManagedCluster struct {
	Id                       string           `pulumi:"id"`
	CurrentKubernetesVersion string           `pulumi:"currentKubernetesVersion"`
	Identity                 *Identity        `pulumi:"identity"`
	OidcIssuerProfile        *OidcIssuer      `pulumi:"oidcIssuerProfile"`
	SecurityProfile          *SecurityProfile `pulumi:"securityProfile"`
	NetworkProfile           *NetworkProfile  `pulumi:"networkProfile"`
}

// NetworkProfile says what networks the pods, and what enforces network policies.
type NetworkProfile struct {
	NetworkPlugin    string `pulumi:"networkPlugin"`
	NetworkPolicy    string `pulumi:"networkPolicy"`
	NetworkDataplane string `pulumi:"networkDataplane"`
}

// Identity is the cluster's own.
type Identity struct {
	TenantId string `pulumi:"tenantId"`
}

// OidcIssuer signs the tokens of ServiceAccounts.
type OidcIssuer struct {
	Enabled   *bool  `pulumi:"enabled"`
	IssuerUrl string `pulumi:"issuerURL"`
}

// SecurityProfile holds more than WorkloadIdentity.
type SecurityProfile struct {
	WorkloadIdentity *WorkloadIdentity `pulumi:"workloadIdentity"`
}

// WorkloadIdentity is the webhook that gives pods tokens for Microsoft Entra.
type WorkloadIdentity struct {
	Enabled *bool `pulumi:"enabled"`
}

// Issuer is the URL of the cluster's OIDC issuer; empty where it has none.
func (c *ManagedCluster) Issuer() string {
	if p := c.OidcIssuerProfile; p != nil && p.Enabled != nil && *p.Enabled {
		return p.IssuerUrl
	}
	return ""
}

// HasWorkloadIdentity tells whether the webhook runs.
func (c *ManagedCluster) HasWorkloadIdentity() bool {
	p := c.SecurityProfile
	return p != nil && p.WorkloadIdentity != nil && p.WorkloadIdentity.Enabled != nil && *p.WorkloadIdentity.Enabled
}

// LookUpManagedCluster finds a cluster by name.
func LookUpManagedCluster(ctx *pulumi.Context, resourceGroup, name string, opts ...pulumi.InvokeOption) (*ManagedCluster, error) {
	found := &ManagedCluster{}
	if err := ctx.Invoke(getManagedCluster, managedClusterArgs{resourceGroup, name}, found, opts...); err != nil {
		return nil, err
	}
	return found, nil
}

type userCredentialsArgs struct {
	ResourceGroupName string `pulumi:"resourceGroupName"`
	ResourceName      string `pulumi:"resourceName"`
	Format            string `pulumi:"format"`
}

// UserCredentials are kubeconfigs of a cluster.
type UserCredentials struct {
	Kubeconfigs []Kubeconfig `pulumi:"kubeconfigs"`
}

// Kubeconfig is one, in Base64.
type Kubeconfig struct {
	Value string `pulumi:"value"`
}

type userCredentialsOutput struct{ *pulumi.OutputState }

// ElementType implements pulumi.Output.
func (userCredentialsOutput) ElementType() reflect.Type { return reflect.TypeFor[UserCredentials]() }

func init() { pulumi.RegisterOutputType(userCredentialsOutput{}) }

// ListUserCredentials asks for the kubeconfigs of a cluster's users, whose logins are commands: format exec. It gives UserCredentials.
func ListUserCredentials(ctx *pulumi.Context, resourceGroup, name string, opts ...pulumi.InvokeOption) pulumi.Output {
	return ctx.InvokeOutput(listUserCredentials, userCredentialsArgs{resourceGroup, name, "exec"}, userCredentialsOutput{},
		pulumi.InvokeOutputOptions{InvokeOptions: opts})
}
