package saved

import (
	"context"
	"fmt"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify/service"
	"bifrost/bifrostctl/world"
)

type aks struct{ w *cloud.World }

// Cluster implements service.AKS.
func (a aks) Cluster(_ context.Context, resourceGroup, name string) (*service.AKSCluster, error) {
	a.w.Lock()
	defer a.w.Unlock()
	if sub := a.w.Azure[a.w.SignedIn.AzureSubscription]; sub != nil {
		if c := sub.AKSCluster(resourceGroup, name); c != nil {
			plugin, policy, dataplane := c.NetworkProfile()
			return &service.AKSCluster{
				Version: c.Version, PowerState: "Running", TenantID: sub.Tenant, Issuer: c.Issuer(sub.Tenant),
				WorkloadIdentity: c.WorkloadIdentity, NetworkPlugin: plugin, NetworkPolicy: policy, NetworkDataplane: dataplane,
			}, nil
		}
	}
	return nil, fmt.Errorf("AKS cluster %s of resource group %s: %w", name, resourceGroup, service.ErrNotFound)
}

type identities struct{ w *cloud.World }

// ends tells whether a resource's id ends like this; Azure does not tell upper from lower case.
func ends(r *world.Resource, id string) bool {
	return strings.HasSuffix(strings.ToLower(r.ID), strings.ToLower(id))
}

func identityPath(resourceGroup, name string) string {
	return fmt.Sprintf("/resourcegroups/%s/providers/Microsoft.ManagedIdentity/userAssignedIdentities/%s", resourceGroup, name)
}

// Identity implements service.ManagedIdentity.
func (i identities) Identity(_ context.Context, resourceGroup, name string) (*service.Identity, error) {
	i.w.Lock()
	defer i.w.Unlock()
	found, err := only(i.w, pulumitype.AzureManagedIdentity, name, func(r *world.Resource) bool {
		return ends(r, identityPath(resourceGroup, name))
	})
	if err != nil {
		return nil, err
	}
	return &service.Identity{ClientID: text(found, "clientId"), PrincipalID: text(found, "principalId"), TenantID: text(found, "tenantId")},
		nil
}

// Credential implements service.ManagedIdentity.
func (i identities) Credential(_ context.Context, resourceGroup, identity, name string) (*service.FederatedCredential, error) {
	i.w.Lock()
	defer i.w.Unlock()
	path := identityPath(resourceGroup, identity) + "/federatedIdentityCredentials/" + name
	found, err := only(i.w, pulumitype.AzureFederatedCredential, name, func(r *world.Resource) bool { return ends(r, path) })
	if err != nil {
		return nil, err
	}
	credential := credentialOf(found)
	return &credential, nil
}

func credentialOf(r *world.Resource) service.FederatedCredential {
	return service.FederatedCredential{Issuer: text(r, "issuer"), Subject: text(r, "subject"), Audiences: texts(r.State["audiences"])}
}

// Credentials implements service.ManagedIdentity.
func (i identities) Credentials(_ context.Context, clientID string) ([]service.FederatedCredential, error) {
	i.w.Lock()
	defer i.w.Unlock()
	subscription := i.w.SignedIn.AzureSubscription
	for _, identity := range i.w.List(pulumitype.AzureManagedIdentity, subscription) {
		if !strings.EqualFold(text(identity, "clientId"), clientID) {
			continue
		}
		var all []service.FederatedCredential
		for _, r := range i.w.List(pulumitype.AzureFederatedCredential, subscription) {
			if strings.HasPrefix(r.ID, identity.ID+"/") {
				all = append(all, credentialOf(r))
			}
		}
		return all, nil
	}
	return nil, fmt.Errorf("a managed identity with client id %s: %w", clientID, service.ErrNotFound)
}
