package real

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/verify/service"
)

type fixedToken struct{}

// GetToken implements azcore.TokenCredential.
func (fixedToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// resourceManager gives recorded answers by method and path.
func resourceManager(t *testing.T, answers map[string]answer) *arm.ClientOptions {
	t.Helper()
	server := httptest.NewTLSServer(recorded(t, answers))
	t.Cleanup(server.Close)
	return &arm.ClientOptions{DisableRPRegistration: true, ClientOptions: azcore.ClientOptions{
		Transport: server.Client(), Retry: policy.RetryOptions{MaxRetries: -1},
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: server.URL, Audience: "https://management.azure.com"}}},
	}}
}

const (
	clusterPath    = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/dev"
	identityPath   = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
	credentialPath = identityPath + "/federatedIdentityCredentials/c"
	azureMissing   = `{"error":{"code":"ResourceNotFound","message":"The Resource was not found."}}`
	azureForbidden = `{"error":{"code":"AuthorizationFailed","message":"The client does not have authorization to perform action."}}`
)

func TestAKS(t *testing.T) {
	get := func(a answer) (*service.AKSCluster, error) {
		client, err := newAKS("s", fixedToken{}, resourceManager(t, map[string]answer{"GET " + clusterPath: a}))
		require.NoError(t, err)
		return client.Cluster(t.Context(), "g", "dev")
	}
	found, err := get(answer{body: `{"identity":{"tenantId":"t","type":"SystemAssigned"},"properties":{"currentKubernetesVersion":"1.34.1","powerState":{"code":"Running"},
		"networkProfile":{"networkPlugin":"azure","networkPluginMode":"overlay","networkPolicy":"cilium","networkDataplane":"cilium"},
		"oidcIssuerProfile":{"enabled":true,"issuerURL":"https://westeurope.oic.prod-aks.azure.com/t/x/"},"securityProfile":{"workloadIdentity":{"enabled":true}}}}`})
	require.NoError(t, err)
	require.Equal(t, &service.AKSCluster{Version: "1.34.1", PowerState: "Running", TenantID: "t", Issuer: "https://westeurope.oic.prod-aks.azure.com/t/x/", WorkloadIdentity: true,
		NetworkPlugin: "azure", NetworkPolicy: "cilium", NetworkDataplane: "cilium"}, found)

	found, err = get(answer{body: `{"properties":{"currentKubernetesVersion":"1.30.0","powerState":{"code":"Stopped"},"oidcIssuerProfile":{"enabled":false}}}`})
	require.NoError(t, err)
	require.Equal(t, &service.AKSCluster{Version: "1.30.0", PowerState: "Stopped"}, found)

	_, err = get(answer{404, azureMissing})
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = get(answer{403, azureForbidden})
	require.NotErrorIs(t, err, service.ErrNotFound)
	require.ErrorContains(t, err, "AuthorizationFailed")
}

func TestAKSKubeconfig(t *testing.T) {
	const path = "POST " + clusterPath + "/listClusterUserCredential"
	client, err := newAKS("s", fixedToken{}, resourceManager(t, map[string]answer{path: {body: `{"kubeconfigs":[{"name":"clusterUser","value":"a3ViZQ=="}]}`}}))
	require.NoError(t, err)
	text, err := client.kubeconfig(t.Context(), "g", "dev")
	require.NoError(t, err)
	require.Equal(t, "kube", string(text))
	client, err = newAKS("s", fixedToken{}, resourceManager(t, map[string]answer{path: {body: `{"kubeconfigs":[]}`}}))
	require.NoError(t, err)
	_, err = client.kubeconfig(t.Context(), "g", "dev")
	require.ErrorContains(t, err, "Azure Kubernetes Service Cluster User")
}

func TestManagedIdentity(t *testing.T) {
	of := func(path string, a answer) azureIdentities {
		client, err := newIdentities("s", fixedToken{}, resourceManager(t, map[string]answer{"GET " + path: a}))
		require.NoError(t, err)
		return client
	}
	identity, err := of(identityPath, answer{body: `{"properties":{"clientId":"c","principalId":"p","tenantId":"t"}}`}).Identity(t.Context(), "g", "i")
	require.NoError(t, err)
	require.Equal(t, &service.Identity{ClientID: "c", PrincipalID: "p", TenantID: "t"}, identity)
	_, err = of(identityPath, answer{404, azureMissing}).Identity(t.Context(), "g", "i")
	require.ErrorIs(t, err, service.ErrNotFound)

	credential, err := of(credentialPath, answer{body: `{"properties":{"issuer":"https://x/","subject":"system:serviceaccount:a:b","audiences":["api://AzureADTokenExchange"]}}`}).Credential(t.Context(), "g", "i", "c")
	require.NoError(t, err)
	require.Equal(t, &service.FederatedCredential{Issuer: "https://x/", Subject: "system:serviceaccount:a:b", Audiences: []string{"api://AzureADTokenExchange"}}, credential)
	_, err = of(credentialPath, answer{404, azureMissing}).Credential(t.Context(), "g", "i", "c")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = of(credentialPath, answer{403, azureForbidden}).Credential(t.Context(), "g", "i", "c")
	require.NotErrorIs(t, err, service.ErrNotFound)
}

// TestCredentialsOfClient: the identity is found by its client id, on whichever page it is.
func TestCredentialsOfClient(t *testing.T) {
	const list = "GET /subscriptions/s/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
	client, err := newIdentities("s", fixedToken{}, resourceManager(t, map[string]answer{
		list: {body: `{"value":[{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/other","properties":{"clientId":"x"}},
			{"id":"` + identityPath + `","properties":{"clientId":"C"}}]}`},
		"GET " + identityPath + "/federatedIdentityCredentials": {body: `{"value":[{"properties":{"issuer":"https://x/","subject":"s","audiences":["a"]}}]}`},
	}))
	require.NoError(t, err)
	credentials, err := client.Credentials(t.Context(), "c")
	require.NoError(t, err)
	require.Equal(t, []service.FederatedCredential{{Issuer: "https://x/", Subject: "s", Audiences: []string{"a"}}}, credentials)
	_, err = client.Credentials(t.Context(), "nobody")
	require.ErrorIs(t, err, service.ErrNotFound)
}
