package real

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v6"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/msi/armmsi"

	"bifrost/bifrostctl/verify/service"
)

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// azureNotFound makes Resource Manager's 404 an error that wraps service.ErrNotFound.
func azureNotFound(what string, err error) error {
	var answer *azcore.ResponseError
	if errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s: %w", what, service.ErrNotFound)
	}
	return forbiddenByAzure(err)
}

type azureAKS struct {
	client *armcontainerservice.ManagedClustersClient
}

func newAKS(subscription string, credential azcore.TokenCredential, options *arm.ClientOptions) (azureAKS, error) {
	client, err := armcontainerservice.NewManagedClustersClient(subscription, credential, options)
	return azureAKS{client}, err
}

// Cluster implements service.AKS.
func (a azureAKS) Cluster(ctx context.Context, resourceGroup, name string) (*service.AKSCluster, error) {
	answer, err := a.client.Get(ctx, resourceGroup, name, nil)
	if err != nil {
		return nil, azureNotFound("AKS cluster "+name, err)
	}
	cluster := &service.AKSCluster{}
	if answer.Identity != nil {
		cluster.TenantID = deref(answer.Identity.TenantID)
	}
	p := answer.Properties
	if p == nil {
		return cluster, nil
	}
	cluster.Version = deref(p.CurrentKubernetesVersion)
	if p.PowerState != nil {
		cluster.PowerState = string(deref(p.PowerState.Code))
	}
	if p.OidcIssuerProfile != nil && deref(p.OidcIssuerProfile.Enabled) {
		cluster.Issuer = deref(p.OidcIssuerProfile.IssuerURL)
	}
	if n := p.NetworkProfile; n != nil {
		cluster.NetworkPlugin, cluster.NetworkPolicy = string(deref(n.NetworkPlugin)), string(deref(n.NetworkPolicy))
		cluster.NetworkDataplane = string(deref(n.NetworkDataplane))
	}
	if p.SecurityProfile != nil && p.SecurityProfile.WorkloadIdentity != nil {
		cluster.WorkloadIdentity = deref(p.SecurityProfile.WorkloadIdentity.Enabled)
	}
	return cluster, nil
}

// kubeconfig is the cluster's, for the signed-in user.
func (a azureAKS) kubeconfig(ctx context.Context, resourceGroup, name string) ([]byte, error) {
	format := armcontainerservice.FormatExec
	answer, err := a.client.ListClusterUserCredentials(ctx, resourceGroup, name,
		&armcontainerservice.ManagedClustersClientListClusterUserCredentialsOptions{Format: &format})
	if err != nil {
		return nil, azureNotFound("AKS cluster "+name, err)
	}
	if len(answer.Kubeconfigs) == 0 {
		return nil, fmt.Errorf("AKS cluster %s gave no kubeconfig; sign in with a role such as Azure Kubernetes Service Cluster User", name)
	}
	return answer.Kubeconfigs[0].Value, nil
}

type azureIdentities struct {
	identities  *armmsi.UserAssignedIdentitiesClient
	credentials *armmsi.FederatedIdentityCredentialsClient
}

func newIdentities(subscription string, credential azcore.TokenCredential, options *arm.ClientOptions) (azureIdentities, error) {
	identities, err := armmsi.NewUserAssignedIdentitiesClient(subscription, credential, options)
	if err != nil {
		return azureIdentities{}, err
	}
	credentials, err := armmsi.NewFederatedIdentityCredentialsClient(subscription, credential, options)
	return azureIdentities{identities, credentials}, err
}

// Identity implements service.ManagedIdentity.
func (a azureIdentities) Identity(ctx context.Context, resourceGroup, name string) (*service.Identity, error) {
	answer, err := a.identities.Get(ctx, resourceGroup, name, nil)
	if err != nil {
		return nil, azureNotFound("managed identity "+name, err)
	}
	if answer.Properties == nil {
		return &service.Identity{}, nil
	}
	return &service.Identity{ClientID: deref(answer.Properties.ClientID), PrincipalID: deref(answer.Properties.PrincipalID),
		TenantID: deref(answer.Properties.TenantID)}, nil
}

// Credential implements service.ManagedIdentity.
func (a azureIdentities) Credential(ctx context.Context, resourceGroup, identity, name string) (*service.FederatedCredential, error) {
	answer, err := a.credentials.Get(ctx, resourceGroup, identity, name, nil)
	if err != nil {
		return nil, azureNotFound("federated credential "+name, err)
	}
	credential := credentialOf(answer.FederatedIdentityCredential)
	return &credential, nil
}

func credentialOf(found armmsi.FederatedIdentityCredential) service.FederatedCredential {
	credential := service.FederatedCredential{}
	if p := found.Properties; p != nil {
		credential.Issuer, credential.Subject = deref(p.Issuer), deref(p.Subject)
		for _, audience := range p.Audiences {
			credential.Audiences = append(credential.Audiences, deref(audience))
		}
	}
	return credential
}

// Credentials implements service.ManagedIdentity. Azure finds no identity by its client id: those of the subscription are listed.
func (a azureIdentities) Credentials(ctx context.Context, clientID string) ([]service.FederatedCredential, error) {
	for pages := a.identities.NewListBySubscriptionPager(nil); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing managed identities: %w", err)
		}
		for _, identity := range page.Value {
			if identity.Properties != nil && strings.EqualFold(deref(identity.Properties.ClientID), clientID) {
				return a.credentialsOf(ctx, deref(identity.ID))
			}
		}
	}
	return nil, fmt.Errorf("a managed identity with client id %s: %w", clientID, service.ErrNotFound)
}

func (a azureIdentities) credentialsOf(ctx context.Context, id string) ([]service.FederatedCredential, error) {
	identity, err := arm.ParseResourceID(id)
	if err != nil {
		return nil, fmt.Errorf("managed identity %s: %w", id, err)
	}
	var all []service.FederatedCredential
	for pages := a.credentials.NewListPager(identity.ResourceGroupName, identity.Name, nil); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing federated credentials of %s: %w", identity.Name, err)
		}
		for _, credential := range page.Value {
			all = append(all, credentialOf(*credential))
		}
	}
	return all, nil
}
